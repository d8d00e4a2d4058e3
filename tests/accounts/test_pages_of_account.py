"""Every page of /account/: in our own layout, in both languages, without inline style or script."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

from tests.accounts.browser import browser, log_in, second_step, sign_up, text_of
from tests.accounts.factories import PASSWORD, UserFactory, give_app, operator

pytestmark = pytest.mark.django_db
LANGUAGES = ["zh-hans", "en"]


def assert_ours(answer: Any, language: str) -> None:
    assert answer.status_code in (200, 404), answer
    names = [template.name for template in answer.templates]
    assert "base.html" in names
    page = answer.content.decode()
    assert f'<html lang="{language.replace("-hans", "-Hans")}"' in page
    assert '<main id="main"' in page
    assert re.search(r"<h1", page)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", page)
    for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL):
        assert "application/json" in attributes or not body.strip() or "nonce=" in attributes
    assert re.search(r"<title>\s*[^·\s]", page), "no title"


VISITOR = [
    "/account/login/",
    "/account/login/code/",
    "/account/signup/",
    "/account/signup/passkey/",
    "/account/password/reset/",
    "/account/password/reset/done/",
    "/account/inactive/",
    "/account/deleted/",
    "/account/first-operator/nonsense/",
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("address", VISITOR)
def test_pages_for_visitors(client: Any, address: str, language: str) -> None:
    client.cookies["django_language"] = language
    assert_ours(client.get(address), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_on_the_way_in(client: Any, language: str) -> None:
    client.cookies["django_language"] = language
    client.post("/account/signup/", {"email": "new@example.com"})
    assert_ours(client.get("/account/confirm-email/"), language)
    user = UserFactory(language=language, password=PASSWORD)
    other = browser()
    other.cookies["django_language"] = language
    other.post("/account/login/", {"login": user.email, "by_code": "yes"})
    assert_ours(other.get("/account/login/code/confirm/"), language)
    give_app(user)
    log_in(other := browser(), user.email)
    other.cookies["django_language"] = language
    assert_ours(other.get("/account/2fa/authenticate/"), language)
    client = browser()
    client.cookies["django_language"] = language
    client.post("/account/password/reset/", {"email": user.email})
    assert_ours(client.get("/account/password/reset/confirm/"), language)
    state = client.session["account_password_reset_verification"]
    client.post("/account/password/reset/confirm/", {"code": state["code"]})
    assert_ours(client.get("/account/password/reset/complete/"), language)


PERSON = [
    "/account/",
    "/account/email/",
    "/account/password/change/",
    "/account/logout/",
    "/account/sessions/",
    "/account/privacy/",
    "/account/privacy/delete/",
    "/account/reauthenticate/",
    "/account/2fa/",
    "/account/2fa/reauthenticate/",
    "/account/2fa/totp/deactivate/",
    "/account/2fa/recovery-codes/",
    "/account/2fa/recovery-codes/generate/",
    "/account/2fa/webauthn/",
    "/account/2fa/webauthn/add/",
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_for_somebody_with_every_key(client: Any, language: str) -> None:
    user = UserFactory(password=PASSWORD, language=language)
    give_app(user)
    RecoveryCodes.activate(user)
    log_in(client, user.email)
    second_step(client)
    for address in PERSON:
        assert_ours(client.get(address), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_for_somebody_with_a_mailbox_only(client: Any, language: str) -> None:
    client.cookies["django_language"] = language
    sign_up(client, "new@example.com")
    for address in ("/account/password/set/", "/account/2fa/totp/activate/", "/account/2fa/"):
        assert_ours(client.get(address), language)
    user = UserFactory(language=language)
    client.force_login(user)
    assert_ours(client.get("/account/reauthenticate/code/"), language)
    client.post("/account/reauthenticate/code/", {"action": "send"})
    assert_ours(client.get("/account/reauthenticate/code/"), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_about_a_passkey(client: Any, language: str) -> None:
    user = UserFactory(password=PASSWORD, language=language)
    log_in(client, user.email)
    key = Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "手机", "credential": {}}
    )
    for address in (f"keys/{key.pk}/edit/", f"keys/{key.pk}/remove/", ""):
        assert_ours(client.get(f"/account/2fa/webauthn/{address}"), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_that_asks_staff_for_a_second_step(client: Any, language: str) -> None:
    user = operator(language=language)
    log_in(client, user.email)
    assert_ours(client.get("/account/second-step/"), language)


@pytest.mark.parametrize("address", PERSON)
def test_visitors_are_sent_to_log_in(client: Any, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 302
    assert answer.url == "/" or answer.url.startswith("/account/login/")


def test_the_home_of_the_account_leads_everywhere(client: Any) -> None:
    client.force_login(UserFactory())
    page = client.get("/account/").content.decode()
    for address in ("orders/", "email/", "password/set/", "2fa/", "sessions/", "privacy/"):
        assert f'href="/account/{address}"' in page
    assert "/admin/" not in page


def test_somebody_elses_passkey_is_not_found(client: Any) -> None:
    owner, thief = UserFactory(), UserFactory(password=PASSWORD)
    key = Authenticator.objects.create(
        user=owner, type=Authenticator.Type.WEBAUTHN, data={"name": "手机", "credential": {}}
    )
    log_in(client, thief.email)
    for what in ("edit", "remove"):
        assert client.post(f"/account/2fa/webauthn/keys/{key.pk}/{what}/").status_code == 404
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_the_profile_is_saved_and_speaks_the_new_language(client: Any) -> None:
    user = UserFactory()
    client.force_login(user)
    form = {"name": "  林若谷 ", "language": "en", "time_zone": "Europe/Berlin"}
    answer = client.post("/account/", form, follow=True)
    user.refresh_from_db()
    assert (user.name, user.language, user.time_zone) == ("林若谷", "en", "Europe/Berlin")
    assert "My account" in text_of(answer)


@pytest.mark.parametrize(
    "bad", [{"language": "tlh"}, {"time_zone": "Mars/Olympus"}, {"name": "名" * 61}]
)
def test_a_bad_profile_is_refused_by_the_field_and_kept(client: Any, bad: dict[str, str]) -> None:
    user = UserFactory(name="before")
    client.force_login(user)
    form = {"name": "after", "language": "en", "time_zone": "Europe/Berlin"} | bad
    answer = client.post("/account/", form)
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == set(bad)
    assert answer.context["form"]["time_zone"].value() == form["time_zone"]
    user.refresh_from_db()
    assert user.name == "before"


def test_the_address_changes_once_the_new_one_is_confirmed(client: Any) -> None:
    from tests.accounts.browser import code_in, latest_mail

    user = UserFactory(email="old@example.com", password=PASSWORD)
    log_in(client, user.email)
    client.post("/account/email/", {"email": "fresh@example.com", "action_add": "yes"})
    user.refresh_from_db()
    assert user.email == "old@example.com"
    code = {"code": code_in(latest_mail("fresh@example.com"))}
    client.post("/account/confirm-email/", code)
    user.refresh_from_db()
    assert user.email == "fresh@example.com"
    assert "old@example.com" in latest_mail("old@example.com").to
    other = browser()
    log_in(other, "old@example.com")
    assert other.get("/account/").status_code == 302


def test_an_address_is_changed_only_after_a_proof(client: Any) -> None:
    user = UserFactory(email="old@example.com")
    client.force_login(user)
    form = {"email": "thief@example.com", "action_add": "yes"}
    assert client.post("/account/email/", form).url.startswith("/account/reauthenticate/code/")


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/account/login/", {"login": "\x00", "password": "\x00"}),
        ("/account/login/", {"login": "a" * 5000 + "@example.com", "password": "x" * 5000}),
        ("/account/login/", {"login": "a" * 300 + "@example.com", "by_code": "yes"}),
        ("/account/password/reset/", {"email": "a" * 300 + "@example.com"}),
        ("/account/signup/", {"email": "\udcff@example.com".encode("utf-8", "replace")}),
        ("/account/2fa/webauthn/login/", {"credential": "[1, {"}),
        ("/account/2fa/webauthn/login/", {"credential": "[]"}),
        ("/account/2fa/webauthn/login/", {"credential": '{"response": 7}'}),
        ("/account/2fa/webauthn/login/", {"credential": '{"response": {"userHandle": "!"}}'}),
        ("/account/language/", {"language": "\x00"}),
        ("/account/confirm-email/", {"code": "x"}),
        ("/account/login/code/confirm/", {"code": "x"}),
        ("/account/2fa/authenticate/", {"code": "x"}),
    ],
)
def test_nonsense_is_no_error_of_ours(client: Any, address: str, form: dict[str, Any]) -> None:
    assert client.post(address, form).status_code < 500


@pytest.mark.parametrize("address", ["/", "/courses/", "/account/email/", "/account/sessions/"])
def test_what_a_person_is_shown_is_kept_nowhere(client: Any, address: str) -> None:
    """Else "back" would show it to whoever sits there after they signed out."""
    sign_up(client, "me@example.com")
    assert client.get(address)["Cache-Control"] == "private, no-store"


def test_what_is_the_same_for_all_may_be_kept(client: Any) -> None:
    sign_up(client, "me@example.com")
    assert "public" in client.get("/manifest.webmanifest")["Cache-Control"]
    assert "no-store" not in browser().get("/courses/").headers.get("Cache-Control", "")
