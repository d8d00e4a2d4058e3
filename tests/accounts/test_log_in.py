"""Logging in: by password, by a code, and what a stranger learns from trying."""

import re
import time
from typing import Any

import pytest

from accounts.models import OutboxMessage
from tests.accounts.browser import (
    browser,
    code_in,
    is_in,
    latest_mail,
    log_in,
    log_in_by_code,
    second_step,
    text_of,
)
from tests.accounts.factories import PASSWORD, UserFactory, app_code, give_app

pytestmark = pytest.mark.django_db
ABROAD = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "http://localhost@evil.example/",
]


def test_a_password_leads_back_to_the_page_left(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    answer = log_in(client, user.email, next="/courses/a/b/")
    assert answer.status_code == 302
    assert answer.url == "/courses/a/b/"
    assert is_in(client)


def test_a_code_leads_back_to_the_page_left(client: Any) -> None:
    user = UserFactory()
    answer = log_in_by_code(client, user.email, next="/courses/a/b/")
    assert answer.url == "/courses/a/b/"
    assert is_in(client)


def test_an_empty_password_asks_for_a_code_as_the_form_says(client: Any) -> None:
    assert "可以留空：我们会把验证码发到邮箱。" in text_of(client.get("/account/login/"))
    user = UserFactory(password=PASSWORD)
    answer = log_in(client, user.email, "", next="/courses/a/b/")
    assert answer.url.startswith("/account/login/code/confirm/")
    code = code_in(latest_mail(user.email))
    assert client.post(answer.url, {"code": code}).url == "/courses/a/b/"


def test_what_a_password_must_be_is_said_in_one_line(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    log_in(client, user.email)
    page = client.get("/account/password/change/").content.decode()
    assert page.count("至少 15 个字符：几个词加空格就很好。不要容易猜到的。") == 1
    assert "<ul><li>" not in page


def test_the_way_back_survives_the_second_step(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    give_app(user)
    assert log_in(client, user.email, next="/courses/a/b/").url == "/account/2fa/authenticate/"
    assert not is_in(client)
    assert second_step(client).url == "/courses/a/b/"
    assert is_in(client)


def test_the_case_of_the_address_does_not_matter(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    log_in(client, user.email.upper())
    assert is_in(client)


@pytest.mark.parametrize("target", ABROAD)
def test_no_log_in_leads_off_the_site(client: Any, target: str) -> None:
    user = UserFactory(password=PASSWORD)
    assert log_in(client, user.email, next=target).url == "/"
    other = browser()
    assert log_in_by_code(other, user.email, next=target).url == "/"


@pytest.mark.parametrize("target", ABROAD)
def test_no_other_door_leads_off_the_site(client: Any, target: str) -> None:
    switched = client.post("/account/language/", {"language": "en", "next": target})
    assert switched.url == "/"
    for door in ("/admin/login/", "/_util/login/"):
        assert client.get(door, {"next": target}).url == "/account/login/?next=%2Fadmin%2F"
    client.force_login(UserFactory())
    assert client.post("/account/logout/", {"next": target}).url == "/"


def test_a_wrong_password_is_told_by_the_form_and_the_address_stays(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    answer = log_in(client, user.email, "wrong")
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()
    assert answer.context["form"]["login"].value() == user.email
    assert not is_in(client)


def test_unknown_addresses_are_treated_like_known_ones(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    pages = []
    for email in (user.email, "nobody@example.com"):
        other = browser()
        wrong = text_of(log_in(other, email, "wrong"))
        sent = other.post("/account/login/", {"login": email, "by_code": "yes"})
        page = text_of(other.get(sent.url))
        tried = text_of(other.post("/account/login/code/confirm/", {"code": "999"}))
        reset = browser().post("/account/password/reset/", {"email": email})
        pages.append([x.replace(email, "any") for x in (wrong, sent.url, page, tried, reset.url)])
    assert pages[0] == pages[1]
    assert not re.search(r"^\d{6}$", latest_mail("nobody@example.com").text, re.MULTILINE)


def test_a_code_of_one_browser_opens_no_other(client: Any) -> None:
    user = UserFactory()
    client.post("/account/login/", {"login": user.email, "by_code": "yes"})
    thief = browser()
    thief.post("/account/login/code/confirm/", {"code": code_in(latest_mail(user.email))})
    assert not is_in(thief)


def test_a_code_is_void_after_ten_minutes(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    user = UserFactory()
    client.post("/account/login/", {"login": user.email, "by_code": "yes"})
    later = time.time() + 601
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: later)
        client.post("/account/login/code/confirm/", {"code": code_in(latest_mail(user.email))})
    assert not is_in(client)


def test_wrong_passwords_are_limited_for_each_account(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    for _ in range(6):
        log_in(browser(), user.email, "wrong")
    answer = log_in(client, user.email)
    assert answer.status_code == 200
    assert not is_in(client)


def test_codes_by_mail_are_limited_for_each_account(client: Any) -> None:
    user = UserFactory()
    for _ in range(6):
        browser().post("/account/login/", {"login": user.email, "by_code": "yes"})
    assert OutboxMessage.objects.filter(to=user.email).count() == 3


def test_a_code_of_the_app_works_once(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    give_app(user)
    log_in(client, user.email)
    code = app_code()
    second_step(client, code)
    assert is_in(client)
    thief = browser()
    log_in(thief, user.email)
    assert second_step(thief, code).status_code == 200
    assert not is_in(thief)


def test_the_code_shown_a_moment_ago_is_still_good(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    give_app(user)
    log_in(client, user.email)
    second_step(client, app_code(-1))
    assert is_in(client)


def test_guessing_the_code_of_the_app_is_limited(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    give_app(user)
    log_in(client, user.email)
    for _ in range(6):
        second_step(client, "12345")
    assert second_step(client).status_code == 200
    assert not is_in(client)


def test_the_app_key_is_sealed_in_the_database() -> None:
    from allauth.mfa.models import Authenticator

    from tests.accounts.factories import SECRET

    user = UserFactory()
    give_app(user)
    assert SECRET not in str(Authenticator.objects.get(user=user).data)


def test_recovery_codes_are_sealed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What they are made from is."""
    from allauth.mfa.models import Authenticator
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    monkeypatch.setattr(RecoveryCodes, "generate_seed", lambda: "made-from-this")
    user = UserFactory()
    codes = RecoveryCodes.activate(user).get_unused_codes()
    kept = str(Authenticator.objects.get(user=user).data)
    assert len(codes) == 10
    assert not [each for each in ("made-from-this", *codes) if each in kept]


def test_a_forgotten_password_is_changed_by_a_code_and_lets_nobody_in(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    old = browser()
    log_in(old, user.email)
    client.post("/account/password/reset/", {"email": user.email})
    code = {"code": code_in(latest_mail(user.email))}
    assert client.post("/account/password/reset/confirm/", code).status_code == 302
    new = "quiet-river-stone-7"
    passwords = {"password1": new, "password2": new}
    client.post("/account/password/reset/complete/", passwords)
    assert not is_in(client)
    assert not is_in(old)  # the old session ends with the old password
    log_in(client, user.email, new)
    assert is_in(client)


def test_wagtails_front_end_log_in_is_no_door(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    give_app(user)
    client.post("/_util/login/", {"username": user.email, "password": PASSWORD})
    assert not is_in(client)


def test_other_devices_are_listed_and_logged_out(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    phone = browser(headers={"user-agent": "Phone of the reader"})
    log_in(phone, user.email)
    log_in(client, user.email)
    assert "Phone of the reader" in text_of(client.get("/account/sessions/"))
    client.post("/account/sessions/")
    assert is_in(client)
    assert not is_in(phone)


def test_logging_out_needs_a_post(client: Any) -> None:
    client.force_login(UserFactory())
    client.get("/account/logout/")
    assert is_in(client)
    client.post("/account/logout/")
    assert not is_in(client)


def test_codes_and_addresses_are_in_no_log(client: Any, caplog: Any, run_jobs: Any) -> None:
    caplog.set_level("DEBUG")
    user = UserFactory(email="private.person@example.com")
    log_in_by_code(client, user.email)
    run_jobs()
    code = code_in(latest_mail(user.email))
    said = caplog.text.replace("Executing", "")
    lines = [line for line in said.splitlines() if "django.db" not in line]
    assert not [line for line in lines if code in line or user.email in line]


def test_who_signs_in_and_who_tries_is_in_the_log_by_number(client: Any, caplog: Any) -> None:
    user = UserFactory(password=PASSWORD)
    give_app(user)
    with caplog.at_level("INFO", logger="security"):
        log_in(client, user.email, "a wrong password")
        log_in(client, user.email)
        second_step(client, "000000")
        second_step(client)
        client.post("/account/logout/")
    said = [(record.getMessage(), getattr(record, "user", None)) for record in caplog.records]
    assert said == [
        ("a password was wrong", None),
        ("a second step was wrong", user.pk),
        ("signed in", user.pk),
        ("signed out", user.pk),
    ]
    assert user.email not in caplog.text
