"""Passkeys: signing up, logging in and managing them; none counts without knowing its person."""

import json
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from accounts.models import Consent, User
from tests.accounts.authenticator import SoftPasskey
from tests.accounts.browser import browser, code_in, is_in, latest_mail, log_in
from tests.accounts.factories import PASSWORD, UserFactory, give_app, operator

pytestmark = pytest.mark.django_db
ADD = "/account/2fa/webauthn/add/"
LOG_IN = "/account/2fa/webauthn/login/"


def options_in(page: Any) -> dict[str, Any]:
    """What the page hands to the device."""
    found = re.search(r'<script id="js_data"[^>]*>(.*?)</script>', page.content.decode())
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data.get("creation_options") or data["request_options"]


def add_key(client: Any, **kwargs: Any) -> SoftPasskey:
    """For somebody who just logged in."""
    key = SoftPasskey()
    credential = key.create(options_in(client.get(ADD)), **kwargs)
    form = {"name": "手机", "credential": credential, "passwordless": "True"}
    client.post(ADD, form)
    return key


def with_key(user: User) -> SoftPasskey:
    client = browser()
    log_in(client, user.email)
    return add_key(client)


def log_in_with(key: SoftPasskey, client: Any, next: str = "", **kwargs: Any) -> Any:
    asked = client.get(LOG_IN, headers={"accept": "application/json"}).json()["request_options"]
    return client.post(LOG_IN, {"credential": key.get(asked, **kwargs), "next": next})


def test_signing_up_with_a_passkey(client: Any) -> None:
    client.post("/account/signup/passkey/", {"email": "new@example.com", "next": "/courses/a/"})
    code = {"code": code_in(latest_mail("new@example.com"))}
    assert client.post("/account/confirm-email/", code).url == "/account/2fa/webauthn/signup/"
    assert not is_in(client)
    key = SoftPasskey()
    page = client.get("/account/2fa/webauthn/signup/")
    form = {"name": "", "credential": key.create(options_in(page))}
    assert client.post("/account/2fa/webauthn/signup/", form).url == "/courses/a/"
    assert is_in(client)
    assert Consent.objects.count() == 2
    other = browser()
    log_in_with(key, other)
    assert is_in(other)


def test_a_passkey_that_does_not_know_its_person_signs_nobody_up(client: Any) -> None:
    client.post("/account/signup/passkey/", {"email": "new@example.com"})
    client.post("/account/confirm-email/", {"code": code_in(latest_mail("new@example.com"))})
    page = client.get("/account/2fa/webauthn/signup/")
    form = {"credential": SoftPasskey().create(options_in(page), verified=False)}
    assert client.post("/account/2fa/webauthn/signup/", form).status_code == 200
    assert not is_in(client)


def test_a_passkey_logs_in_and_leads_back(client: Any) -> None:
    key = with_key(UserFactory(password=PASSWORD))
    assert log_in_with(key, client, next="/courses/a/").url == "/courses/a/"
    assert is_in(client)


def test_a_passkey_leads_nowhere_else(client: Any) -> None:
    key = with_key(UserFactory(password=PASSWORD))
    assert log_in_with(key, client, next="https://evil.example/").url == "/"


def test_a_passkey_of_staff_opens_the_administration(client: Any) -> None:
    key = with_key(operator())
    log_in_with(key, client)
    assert client.get("/admin/").status_code == 200


def test_it_counts_only_when_it_knows_its_person(client: Any) -> None:
    key = with_key(operator())
    log_in_with(key, client, verified=False)
    assert not is_in(client)


def test_it_needs_no_second_step_beside_it(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    key = with_key(user)
    give_app(user)
    log_in_with(key, client)
    assert is_in(client)


def test_it_is_the_second_step_after_a_password(client: Any) -> None:
    user = operator()
    key = with_key(user)
    log_in(client, user.email)
    assert not is_in(client)
    page = client.get("/account/2fa/authenticate/")
    client.post("/account/2fa/authenticate/", {"credential": key.get(options_in(page))})
    assert client.get("/admin/").status_code == 200


def test_a_found_key_is_no_log_in_by_way_of_the_finders_own_second_step(client: Any) -> None:
    """The finder starts a ceremony of their own and ends it at another door, with the key found."""
    found = with_key(operator())
    finder = UserFactory(password=PASSWORD)
    with_key(finder)
    log_in(client, finder.email)
    asked = options_in(client.get("/account/2fa/authenticate/"))
    client.post(LOG_IN, {"credential": found.get(asked, verified=False)})
    assert not is_in(client)


def test_an_old_session_of_staff_shows_the_passkey_and_goes_on(client: Any) -> None:
    user = operator()
    key = with_key(user)
    client.force_login(user)
    wanted = client.get("/admin/users/")
    assert wanted.url.startswith("/account/2fa/webauthn/reauthenticate/?next=")
    page = client.get(wanted.url)
    weak = {"credential": key.get(options_in(page), verified=False), "next": "/admin/users/"}
    client.post("/account/2fa/webauthn/reauthenticate/", weak)
    assert client.get("/admin/users/").status_code == 302
    page = client.get(wanted.url)
    strong = {"credential": key.get(options_in(page)), "next": "/admin/users/"}
    answer = client.post("/account/2fa/webauthn/reauthenticate/", strong)
    assert answer.url == "/admin/users/"
    assert client.get("/admin/users/").status_code == 200


def test_making_one_counts_for_the_session_of_staff(client: Any) -> None:
    user = operator()
    log_in(client, user.email)
    assert client.get("/admin/").status_code == 302
    add_key(client)
    assert client.get("/admin/").status_code == 200


def test_one_that_does_not_know_its_person_cannot_be_added(client: Any) -> None:
    log_in(client, UserFactory(password=PASSWORD).email)
    add_key(client, verified=False)
    assert not Authenticator.objects.exists()


def test_adding_one_asks_for_a_proof(client: Any) -> None:
    client.force_login(UserFactory())
    assert client.get(ADD).url.startswith("/account/reauthenticate/code/")


def test_an_answer_is_good_once(client: Any) -> None:
    key = with_key(UserFactory(password=PASSWORD))
    asked = client.get(LOG_IN, headers={"accept": "application/json"}).json()["request_options"]
    answer = {"credential": key.get(asked)}
    client.post(LOG_IN, answer)
    client.post("/account/logout/")
    client.post(LOG_IN, answer)
    assert not is_in(client)


def test_a_key_of_another_site_is_refused(client: Any) -> None:
    key = with_key(UserFactory(password=PASSWORD))
    key.host = "evil.example"
    log_in_with(key, client)
    assert not is_in(client)


def test_a_removed_passkey_logs_nobody_in_and_the_owner_is_told(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    log_in(client, user.email)
    key = add_key(client)
    pk = Authenticator.objects.get(type="webauthn").pk
    client.post(f"/account/2fa/webauthn/keys/{pk}/edit/", {"name": "旧手机"})
    assert "旧手机" in client.get("/account/2fa/webauthn/").content.decode()
    client.post(f"/account/2fa/webauthn/keys/{pk}/remove/")
    assert latest_mail(user.email).key.startswith("webauthn_removed")
    other = browser()
    log_in_with(key, other)
    assert not is_in(other)
    assert not Authenticator.objects.exists()


def test_a_closed_account_is_not_opened_by_its_passkey(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    key = with_key(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert log_in_with(key, client).url == "/account/inactive/"
    assert not is_in(client)


def test_tries_from_one_place_are_limited(client: Any) -> None:
    codes = [client.post(LOG_IN, {"credential": "{}"}).status_code for _ in range(12)]
    assert codes[0] == 302
    assert codes[-1] == 429
