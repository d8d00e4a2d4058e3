"""Certificates as Open Badges: verified as others verify them, revoked, and the owner's alone."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openbadgeslib.ob3 import OB3VerificationError, OB3Verifier

from accounts import privacy
from accounts.models import User
from courses.models import CoursePage
from learning import badges, credentials
from learning.models import Credential, RevokedBadge
from operations import clock as site_clock
from tests.factories import UserFactory, course
from tests.learning import badge_reader
from tests.learning.badge_reader import NoSuchKey, encoded, is_revoked, parts, verify
from tests.learning.test_credential_admin import certificate

pytestmark = pytest.mark.django_db
needs_key = pytest.mark.usefixtures("site_key")
LIST = "/credentials/revocations.json"
WITHDRAWAL = {"ground": "rules", "reason": "测验答案是别人给的。"}


@pytest.fixture(scope="session")
def first_key() -> str:
    return badge_reader.new_key()


@pytest.fixture(scope="session")
def second_key() -> str:
    return badge_reader.new_key()


@pytest.fixture
def taught(db: None) -> CoursePage:
    return course(slug="taught", title="慢慢变强")


@pytest.fixture
def graduate(taught: CoursePage) -> Credential:
    return certificate(taught)


@pytest.fixture
def owner(client: Client, graduate: Credential) -> User:
    """Signed in as `client`."""
    found = User.objects.get(pk=graduate.learner_id)
    client.force_login(found)
    return found


@pytest.fixture
def site_key(settings: Any, first_key: str) -> None:
    settings.OPEN_BADGES_KEY = first_key


def badge_of(client: Client, row: Credential) -> str:
    answer = client.get(f"{row.get_absolute_url()}badge.jwt")
    assert answer.status_code == 200
    return answer.content.decode()


def withdraw(row: Credential) -> None:
    by, now = UserFactory(), site_clock.now()
    assert credentials.withdraw(row, by=by, now=now, **WITHDRAWAL)


# --- what it says -------------------------------------------------------------------------------


@needs_key
def test_another_library_verifies_it_with_nothing_but_the_keys_address(
    client: Client, owner: User, graduate: Credential
) -> None:
    found = verify(badge_of(client, graduate))
    assert found.achievement.name == "慢慢变强"
    assert found.issuer.name == "日知"
    assert [each.identity_hash for each in found.identifiers] == ["林岚"]
    assert not is_revoked(badge_of(client, graduate))


@needs_key
def test_it_has_all_that_the_standard_asks_for(
    client: Client, owner: User, graduate: Credential
) -> None:
    header, badge = parts(badge_of(client, graduate))
    assert set(header) == {"alg", "kid", "typ"}  # §8.2.3 allows these, and `jwk`
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")
    assert badge["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert badge["@context"][1].startswith("https://purl.imsglobal.org/spec/ob/v3p0/context")
    assert badge["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    subject, issuer = badge["credentialSubject"], badge["issuer"]
    achievement = subject["achievement"]
    for part, name, asked in (
        (badge, "VerifiableCredential", {"id", "issuer", "validFrom", "name", "credentialSchema"}),
        (issuer, "Profile", {"id", "name", "url"}),
        (subject, "AchievementSubject", {"id", "identifier"}),
        (achievement, "Achievement", {"id", "name", "description", "criteria", "creator"}),
    ):
        assert name in part["type"]
        assert all(part[field] for field in asked)
    assert achievement["criteria"]["narrative"] == "学完全部 3 讲"
    (identity,) = subject["identifier"]
    assert set(identity) == {"type", "identityType", "identityHash", "hashed"}
    # §8.2.4: the claims of the JWT are those of the credential
    assert badge["iss"] == issuer["id"] == "http://localhost:8000/"
    assert badge["jti"] == badge["id"]
    assert badge["sub"] == subject["id"]
    assert datetime.fromisoformat(badge["validFrom"]).timestamp() == badge["nbf"]
    assert "exp" not in badge


@needs_key
def test_it_tells_nothing_of_the_learner_but_the_name(
    client: Client, owner: User, graduate: Credential
) -> None:
    token = badge_of(client, graduate)
    told = str(parts(token))
    assert owner.email not in told
    assert owner.email.split("@")[0] not in told
    assert badge_of(client, graduate) == token  # no trace of when it was fetched


@needs_key
def test_it_says_the_same_in_whatever_language_it_is_fetched(
    client: Client, owner: User, graduate: Credential
) -> None:
    token = badge_of(client, graduate)
    User.objects.filter(pk=owner.pk).update(language="en")
    assert badge_of(client, graduate) == token


@needs_key
def test_a_corrected_name_makes_a_later_badge_with_the_same_id(
    client: Client, owner: User, graduate: Credential, time_machine: Any
) -> None:
    before = parts(badge_of(client, graduate))[1]
    time_machine.move_to(site_clock.now() + timedelta(hours=1))
    client.post(f"{graduate.get_absolute_url()}name/", {"name": "林小岚"})
    token = badge_of(client, graduate)
    after = parts(token)[1]
    assert verify(token).identifiers[0].identity_hash == "林小岚"
    assert after["id"] == before["id"]
    assert after["nbf"] >= before["nbf"] + 3600
    assert after["awardedDate"] == before["validFrom"]


@needs_key
def test_what_somebody_altered_or_signed_themselves_is_refused(
    client: Client, owner: User, graduate: Credential, settings: Any, second_key: str
) -> None:
    token = badge_of(client, graduate)
    settings.OPEN_BADGES_KEY, ours = second_key, settings.OPEN_BADGES_KEY
    theirs = badge_of(client, graduate).split(".")[2]
    settings.OPEN_BADGES_KEY = ours
    header, payload, signature = token.split(".")
    _, badge = parts(token)
    badge["credentialSubject"]["identifier"][0]["identityHash"] = "别人"
    unsigned = encoded({**parts(token)[0], "alg": "none"})
    for forged in (
        f"{header}.{encoded(badge)}.{signature}",
        f"{header}.{payload}.{theirs}",
        f"{unsigned}.{payload}.{signature}",
        f"{unsigned}.{payload}.",
    ):
        with pytest.raises(OB3VerificationError):
            verify(forged)
    verify(token)


# --- keys that change ---------------------------------------------------------------------------


@needs_key
def test_after_the_key_was_changed_older_badges_hold_while_it_is_listed(
    client: Client,
    owner: User,
    graduate: Credential,
    settings: Any,
    first_key: str,
    second_key: str,
) -> None:
    old = badge_of(client, graduate)
    settings.OPEN_BADGES_KEY = second_key
    with pytest.raises(NoSuchKey):
        verify(old)
    settings.OPEN_BADGES_OLD_KEYS = badge_reader.public_half(first_key)
    new = badge_of(client, graduate)
    assert parts(new)[0]["kid"] != parts(old)[0]["kid"]
    for token in (old, new):
        assert verify(token).achievement.name == "慢慢变强"
    listed = badge_reader.fetch("/credentials/keys.json")["keys"]
    assert [each["kid"] for each in listed] == [parts(token)[0]["kid"] for token in (new, old)]
    assert all(set(each) == {"kty", "n", "e", "alg", "use", "kid"} for each in listed)
    settings.OPEN_BADGES_KEY = ""  # signing is turned off
    verify(old)
    assert client.get(f"{graduate.get_absolute_url()}badge.jwt").status_code == 404


# --- revocation ---------------------------------------------------------------------------------


@needs_key
def test_a_withdrawn_one_is_listed_and_given_out_no_more(
    client: Client, owner: User, graduate: Credential
) -> None:
    token = badge_of(client, graduate)
    withdraw(graduate)
    assert is_revoked(token)
    for name in ("badge.jwt", "badge.png"):
        answer = client.get(graduate.get_absolute_url() + name, follow=True)
        assert "不能再下载徽章" in answer.content.decode()
    assert "badge.jwt" not in client.get(graduate.get_absolute_url()).content.decode()


@needs_key
def test_the_list_leads_nobody_to_a_certificate(graduate: Credential) -> None:
    withdraw(graduate)
    answer = Client().get(LIST)
    (listed,) = answer.json()["revokedCredential"]
    assert listed["id"].startswith("urn:uuid:")
    assert listed["revocationReason"] == Credential.Ground.RULES.label
    told = answer.content.decode()
    for secret in (graduate.number, graduate.name, graduate.title, WITHDRAWAL["reason"]):
        assert secret not in told


@needs_key
def test_a_withdrawn_badge_stays_so_when_its_learner_leaves(
    client: Client, owner: User, graduate: Credential
) -> None:
    token = badge_of(client, graduate)
    withdraw(graduate)
    privacy.erase(user=owner, now=site_clock.now())
    assert not Credential.objects.exists()
    assert is_revoked(token)


@needs_key
@pytest.mark.django_db(transaction=True)
def test_what_was_withdrawn_before_there_were_badges_is_listed(graduate: Credential) -> None:
    withdraw(graduate)
    RevokedBadge.objects.all().delete()
    try:
        MigrationExecutor(connection).migrate([("learning", "0017_revoked_badges")])
    finally:
        migrations = MigrationExecutor(connection)
        migrations.migrate(migrations.loader.graph.leaf_nodes("learning"))
    (listed,) = badge_reader.fetch(LIST)["revokedCredential"]
    assert listed["id"] == badges.describe(graduate)["id"]


@needs_key
def test_what_others_fetch_is_kept_shortly_and_open_to_their_pages(graduate: Credential) -> None:
    (key,) = badge_reader.fetch("/credentials/keys.json")["keys"]
    for address in (LIST, "/credentials/keys.json", key["kid"].split("8000")[1]):
        answer = Client().get(address)
        assert answer["Cache-Control"] == "public, max-age=300"
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert answer["Content-Type"] == "application/json"
        assert not answer.cookies
        assert Client().post(address).status_code == 405


@needs_key
def test_a_longer_list_costs_no_more_queries(taught: CoursePage) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            Client().get(LIST)
        return len(seen)

    withdraw(certificate(taught, number="B" * 16))
    few = queries()
    for letter in "CDEFG":
        withdraw(certificate(taught, number=letter * 16))
    assert queries() == few == 1


# --- whose it is, and where there is none --------------------------------------------------------


@needs_key
def test_only_its_owner_takes_it_along(client: Client, owner: User, graduate: Credential) -> None:
    address = graduate.get_absolute_url()
    stranger = Client()
    stranger.force_login(UserFactory())
    for name in ("badge.jwt", "badge.png"):
        assert f"{address}{name}" in client.get(address).content.decode()
        assert f"{address}{name}" not in stranger.get(address).content.decode()
        assert stranger.get(address + name).status_code == 404
        assert "/account/login/" in Client().get(address + name)["Location"]
    answer = client.get(f"{address}badge.jwt")
    assert answer["Content-Type"] == "application/vc+jwt"
    assert answer["Content-Disposition"] == f'attachment; filename="{graduate.shown_number}.jwt"'
    assert "no-store" in answer["Cache-Control"]


@needs_key
def test_the_picture_carries_it(client: Client, owner: User, graduate: Credential) -> None:
    png = client.get(f"{graduate.get_absolute_url()}badge.png").content
    token = OB3Verifier.extract_token_from_png(png)
    assert token == badge_of(client, graduate)
    assert png.count(b"openbadgecredential\0\0\0\0\0") == 1  # once, not compressed
    plain = client.get(f"{graduate.get_absolute_url()}certificate.png").content
    assert b"openbadgecredential" not in plain


@needs_key
def test_a_name_that_pictures_cannot_write_has_a_badge_without_one(
    client: Client, owner: User, graduate: Credential
) -> None:
    client.post(f"{graduate.get_absolute_url()}name/", {"name": "林𠮷"})
    shown = client.get(graduate.get_absolute_url()).content.decode()
    assert "badge.jwt" in shown
    assert "badge.png" not in shown
    answer = client.get(f"{graduate.get_absolute_url()}badge.png")
    assert answer["Location"] == graduate.get_absolute_url()
    assert verify(badge_of(client, graduate)).identifiers[0].identity_hash == "林𠮷"


def test_without_a_key_there_is_nothing_of_it(
    client: Client, owner: User, graduate: Credential
) -> None:
    address = graduate.get_absolute_url()
    for route in ("keys.json", "keys/guessed.json", "revocations.json"):
        assert client.get(f"/credentials/{route}").status_code == 404
    for name in ("badge.jwt", "badge.png"):
        assert client.get(address + name).status_code == 404
        assert Client().get(address + name).status_code == 404
    assert not re.search("badge|徽章", client.get(address).content.decode())
