"""Which passwords are taken: long ones that nobody tries first, of any characters."""

import unicodedata
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts import passwords
from accounts.models import User
from tests.accounts.browser import is_in, log_in
from tests.accounts.doors import prove_now
from tests.accounts.factories import UserFactory

ME = User(email="lin.lan@example.com", name="林岚 Lindlan")


def refused(password: str) -> list[str]:
    try:
        validate_password(password, ME)
    except ValidationError as problem:
        return [error.code or "" for error in problem.error_list]
    return []


@pytest.mark.parametrize(
    "password",
    [
        "mulberry paper under the lamp",
        "the quick brown fox",
        "一群人的生意从来不是一个人做成的",
        "пароль которого никто не знает",
        "🐟🐦🐢🦀🐌 ocean voyage",
        "trümmerfrauenliedersammlung",
        "no capitals no digits no signs",
        "ALLCAPITALSANDNOTHINGMORE",
        "83650917264401935",
        " leading and trailing spaces ",
        "x7" * 20 + " something of one's own",
        "w" * 60 + " and four different letters more",
    ],
)
def test_any_characters_do_if_there_are_enough(password: str) -> None:
    assert refused(password) == []


@pytest.mark.parametrize("password", ["", "short", "fourteen chars", "一群人的生意不是一个人"])
def test_fewer_than_fifteen_characters_do_not(password: str) -> None:
    assert "password_too_short" in refused(password)


def test_sixty_four_are_taken_and_many_more_and_not_without_end() -> None:
    words = "mulberry paper " * 40
    for length in (64, 128, 256):
        assert refused(words[:length].strip().ljust(length, "z")) == [], length
    assert refused(words[:257].ljust(257, "z")) == ["password_too_long"]


@pytest.mark.parametrize(
    "password",
    [
        *("passwordpassword", "password123456789", "iloveyouiloveyou", "woainiwoainiwoaini"),
        *(
            "woaini1314520woaini1314520",
            "zhangweizhangwei",
            "wodemima123456789",
            "qq123456qq123456",
        ),
        *(
            "nihao nihao nihao",
            "PassWordPassWord",
            "ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ",
            "zhongguojiayou666",
        ),
        *("123456789012345", "1234567890qwertyuiop", "abcdefghijklmno", "qwertyuiopasdfghjkl"),
        *("aaaaaaaaaaaaaaaa", "abababababababab", "1qaz2wsx3edc4rfv", "zyxwvutsrqponml"),
        *("linlan@example.com", "lin.lan.2026.11.28", "rizhirizhirizhi1", "lindlan-1987-06-05"),
        *("日知日知日知日知日知日知日知日知", "lin-lan-rizhi-2026"),
    ],
)
def test_what_is_tried_first_is_not_taken(password: str) -> None:
    assert "password_too_common" in refused(password)


def test_the_list_is_at_hand_without_a_network() -> None:
    assert len(passwords.known()) > 20_000
    assert {"iloveyou", "woaini1314", "wodemima", "zhangwei"} <= passwords.known()


def test_nothing_else_is_asked_of_a_password() -> None:
    names = {validator["NAME"] for validator in settings.AUTH_PASSWORD_VALIDATORS}
    assert names == {"accounts.passwords.Length", "accounts.passwords.NotKnown"}


WORDS = "Ａ long é password, 请勿猜测"


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_the_same_words_log_in_from_every_keyboard(client: Any, form: Any) -> None:
    user = UserFactory(password=WORDS)
    log_in(client, user.email, unicodedata.normalize(form, WORDS))
    assert is_in(client)


@pytest.mark.django_db
def test_spaces_count(client: Any) -> None:
    user = UserFactory(password=" mulberry paper lamp ")
    log_in(client, user.email, "mulberry paper lamp")
    assert not is_in(client)
    log_in(client, user.email, " mulberry paper lamp ")
    assert is_in(client)


@pytest.mark.django_db
@pytest.mark.parametrize("old", ["12345678", "Ａbc-é-8"])
def test_a_password_from_before_these_rules_still_logs_in(client: Any, old: str) -> None:
    user = UserFactory()
    User.objects.filter(pk=user.pk).update(password=make_password(old))  # as it was typed
    log_in(client, user.email, old)
    assert is_in(client)


@pytest.mark.django_db
def test_the_form_says_what_is_wrong_in_the_persons_language(client: Any) -> None:
    user = UserFactory()
    client.force_login(user)
    prove_now(client, user)
    page = client.get("/account/password/set/").text
    assert "至少 15 个字符" in page
    assert 'class="field-show"' in page
    assert page.count('type="password"') == 2
    assert 'autocomplete="new-password"' in page
    for short, said in (("short", "至少 15 个字符。"), ("passwordpassword", "最容易被猜到")):
        answer = client.post("/account/password/set/", {"password1": short, "password2": short})
        assert said in answer.text
    good = {"password1": "mulberry paper lamp", "password2": "mulberry paper lamp"}
    assert client.post("/account/password/set/", good).status_code == 302
    user.refresh_from_db()
    assert user.check_password("mulberry paper lamp")


def test_no_page_stands_in_the_way_of_pasting_or_of_password_managers() -> None:
    from tests.house.files import ROOT

    for place in ("platform/static/js", "platform/templates"):
        for path in (ROOT / place).rglob("*.*"):
            text = path.read_text(errors="ignore")
            assert "onpaste" not in text, path
            assert '"paste"' not in text, path
            assert 'autocomplete="off"' not in text or "password" not in text, path
