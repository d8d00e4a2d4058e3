"""The keys of Open Badges: made, read from the environment, and refused with words."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import override_settings
from hypothesis import given, settings
from hypothesis.strategies import integers, text

from learning import badge_keys
from tests.learning.badge_reader import key_of, new_key, public_half
from tests.operations.processes import environment, manage

RFC_7638 = (  # the example of its §3.1
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPe"
    "bWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY36"
    "8QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4l"
    "Fd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
)


@pytest.fixture(scope="module")
def key() -> str:
    return new_key()


@pytest.fixture(name="site")
def settings_of_the_site(settings: Any) -> Any:
    return settings


def printed(capsys: Any, *arguments: str) -> str:
    call_command("open_badges_key", *arguments)
    told: str = capsys.readouterr().out
    return told


def test_a_thumbprint_is_the_one_of_the_standard() -> None:
    found = badge_keys.thumbprint(key_of({"n": RFC_7638, "e": "AQAB"}))
    assert found == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_command_makes_a_key_that_signs_and_its_public_half(capsys: Any, site: Any) -> None:
    with pytest.raises(CommandError, match="no key yet"):
        call_command("open_badges_key", "--public")
    first, second = printed(capsys), printed(capsys)
    assert first != second
    site.OPEN_BADGES_KEY = second
    assert printed(capsys, "--public") == public_half(second)
    site.OPEN_BADGES_KEY = first
    site.OPEN_BADGES_OLD_KEYS = public_half(second)
    assert len(badge_keys.published()) == 2
    assert badge_keys.sign({}).count(".") == 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("none", "not the text of a private RSA key"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "not the text"),
        ("public", "not the text"),
        ("elliptic", "not the text"),
        ("locked", "locked with a password"),
        ("short", "1024 bits; 2048 are the least"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_with_words(
    site: Any, key: str, given: str, told: str
) -> None:
    site.OPEN_BADGES_KEY = other(given, key)
    with pytest.raises(ImproperlyConfigured, match=told):
        badge_keys.check()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("none", "something besides keys"),
        ("private", "holds a private key"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "no public RSA key"),
        ("public then words", "something besides keys"),
    ],
)
def test_a_former_key_that_cannot_verify_is_refused_with_words(
    site: Any, key: str, given: str, told: str
) -> None:
    site.OPEN_BADGES_OLD_KEYS = other(given, key)
    with pytest.raises(ImproperlyConfigured, match=told):
        badge_keys.check()


@settings(max_examples=200)
@given(text=text(min_size=1), start=integers(0, 1700), cut=integers(0, 200))
def test_whatever_is_given_as_a_key_signs_or_is_refused_with_words(
    key: str, text: str, start: int, cut: int
) -> None:
    for broken in (text, key[:start] + text + key[start + cut :]):
        with override_settings(OPEN_BADGES_KEY=broken, OPEN_BADGES_OLD_KEYS=broken):
            said = ""
            try:
                badge_keys.check()
            except ImproperlyConfigured as refused:
                said = str(refused)
            assert not said or said.startswith("OPEN_BADGES_")


def other(given: str, key: str) -> str:
    if given == "private":
        return key
    if given == "public":
        return public_half(key)
    if given == "public then words":
        return public_half(key) + "and more"
    if given == "short":
        return new_key(1024)
    if given == "elliptic":
        made: Any = ec.generate_private_key(ec.SECP256R1())
        return _pem(made, form.NoEncryption())
    if given == "locked":
        made = form.load_pem_private_key(key.encode(), password=None)
        return _pem(made, form.BestAvailableEncryption(b"word"))
    return given


def _pem(key: Any, locked: Any) -> str:
    text: bytes = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, locked)
    return text.decode()


def test_the_site_does_not_start_with_a_broken_key(tmp_path: Path) -> None:
    refused = manage("check", env=environment(DATA=str(tmp_path), OPEN_BADGES_KEY="broken"))
    assert refused.returncode != 0
    assert "OPEN_BADGES_KEY is not the text of a private RSA key" in refused.stderr


def test_the_key_stands_in_a_file_or_on_one_line(tmp_path: Path, key: str) -> None:
    (tmp_path / "key").write_text(key)
    code = "from learning import badge_keys; print(*badge_keys.published())"
    told = [
        manage("shell", "-c", code, env=environment(DATA=str(tmp_path), **given))
        for given in (
            {"OPEN_BADGES_KEY_FILE": str(tmp_path / "key")},
            {"OPEN_BADGES_KEY": key.strip().replace("\n", "\\n")},
        )
    ]
    assert told[0].returncode == 0, told[0].stderr
    assert told[0].stdout.split()[-1] == told[1].stdout.split()[-1]
    assert len(told[0].stdout.split()[-1]) == 43
