"""Signing up: an e-mail address and a code, nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache

from accounts import upkeep
from accounts.models import Consent, OutboxMessage, User
from operations import clock
from pages.models import SiteSettings
from tests.accounts.browser import (
    browser,
    code_in,
    is_in,
    latest_mail,
    log_in_by_code,
    sign_up,
    text_of,
)
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_an_address_and_the_code_make_an_account_and_lead_back(client: Any) -> None:
    answer = sign_up(client, "new@example.com", next="/courses/a/b/?t=3")
    assert answer.status_code == 302
    assert answer.url == "/courses/a/b/?t=3"
    assert is_in(client)
    user = User.objects.get(email="new@example.com")
    assert not user.has_usable_password()
    assert EmailAddress.objects.get(user=user).verified


def test_the_form_asks_for_the_address_only(client: Any) -> None:
    form = client.get("/account/signup/").context["form"]
    assert list(form.fields) == ["email"]


def test_the_address_is_kept_in_lower_case(client: Any) -> None:
    sign_up_mixed = client.post("/account/signup/", {"email": "New@Example.COM"})
    assert sign_up_mixed.status_code == 302
    assert User.objects.get().email == "new@example.com"


def test_nobody_is_in_before_the_code(client: Any) -> None:
    client.post("/account/signup/", {"email": "new@example.com"})
    assert not is_in(client)


def test_a_wrong_code_says_so_and_stays_in_the_field(client: Any) -> None:
    client.post("/account/signup/", {"email": "new@example.com"})
    right = code_in(latest_mail("new@example.com"))
    wrong = "000000" if right != "000000" else "111111"
    answer = client.post("/account/confirm-email/", {"code": wrong})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert f'value="{wrong}"' in page
    assert answer.context["verify_form"].errors["code"]
    assert not is_in(client)
    assert client.post("/account/confirm-email/", {"code": right}).status_code == 302
    assert is_in(client)


def test_after_five_wrong_codes_the_code_is_void(client: Any) -> None:
    client.post("/account/signup/", {"email": "new@example.com"})
    right = code_in(latest_mail("new@example.com"))
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        client.post("/account/confirm-email/", {"code": wrong})
    client.post("/account/confirm-email/", {"code": right})
    assert not is_in(client)


def test_a_new_code_can_be_asked_for(client: Any) -> None:
    client.post("/account/signup/", {"email": "new@example.com"})
    first = latest_mail("new@example.com")
    cache.clear()  # one mail in ten seconds, and these have not passed
    client.post("/account/confirm-email/", {"action": "resend"})
    second = latest_mail("new@example.com")
    assert second.pk != first.pk
    answer = client.post("/account/confirm-email/", {"code": code_in(second)})
    assert answer.status_code == 302
    assert is_in(client)


def test_a_code_without_spaces_or_with_them_is_the_same(client: Any) -> None:
    client.post("/account/signup/", {"email": "new@example.com"})
    code = code_in(latest_mail("new@example.com"))
    client.post("/account/confirm-email/", {"code": f" {code[:3]} {code[3:]} "})
    assert is_in(client)


def test_consent_is_recorded_in_the_version_of_the_texts(client: Any) -> None:
    page = SiteSettings.objects.get().terms_page
    page.version = "2026-03-01"
    page.save()
    shown = client.get("/account/signup/").content.decode()
    assert 'href="/terms/"' in shown
    assert 'href="/privacy/"' in shown
    sign_up(client, "new@example.com")
    recorded = {consent.kind: consent.version for consent in Consent.objects.all()}
    privacy = SiteSettings.objects.get().privacy_page.version.isoformat()
    assert recorded == {"terms": "2026-03-01", "privacy": privacy}


def test_an_address_with_an_account_looks_no_different(client: Any) -> None:
    UserFactory(email="old@example.com")
    known = client.post("/account/signup/", {"email": "old@example.com"})
    known_page = text_of(client.get(known.url)).replace("old@", "any@")
    other = browser()
    unknown = other.post("/account/signup/", {"email": "new@example.com"})
    unknown_page = text_of(other.get(unknown.url)).replace("new@", "any@")
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert known_page == unknown_page
    assert User.objects.filter(email="old@example.com").count() == 1
    assert "000000" not in latest_mail("old@example.com").text
    assert "/account/login/" in latest_mail("old@example.com").text


def test_an_unconfirmed_sign_up_gives_its_maker_no_way_in_later(client: Any) -> None:
    client.post("/account/signup/", {"email": "victim@example.com"})  # by somebody else
    owner = browser()
    log_in_by_code(owner, "victim@example.com")
    assert is_in(owner)
    assert not is_in(client)


def test_unconfirmed_sign_ups_are_forgotten(client: Any) -> None:
    client.post("/account/signup/", {"email": "never@example.com"})
    sign_up(browser(), "there@example.com")
    UserFactory(email="made-by-hand@example.com", verified=False)
    upkeep.forget_unconfirmed_sign_ups(clock.now() + timedelta(days=6))
    assert User.objects.filter(email="never@example.com").exists()
    upkeep.forget_unconfirmed_sign_ups(clock.now() + timedelta(days=8))
    left = set(User.objects.values_list("email", flat=True))
    assert left == {"there@example.com", "made-by-hand@example.com"}


@pytest.mark.parametrize("action", ["look", "code", "resend"])
def test_who_was_forgotten_meanwhile_is_led_to_sign_up_again(client: Any, action: str) -> None:
    client.post("/account/signup/", {"email": "late@example.com"})
    code = code_in(latest_mail("late@example.com"))
    upkeep.forget_unconfirmed_sign_ups(clock.now() + timedelta(days=8))
    form = {"action": action, "code": code}
    if action == "look":
        answer = client.get("/account/confirm-email/", follow=True)
    else:
        answer = client.post("/account/confirm-email/", form, follow=True)
    assert answer.redirect_chain == [("/account/signup/", 302)]
    assert "这个验证码已经失效，请重新注册。" in text_of(answer)
    cache.clear()  # one mail in ten seconds, and these have not passed
    sign_up(client, "late@example.com")
    assert is_in(client)


def test_who_was_deleted_before_the_code_was_typed_is_led_to_sign_up_again(client: Any) -> None:
    user = UserFactory(email="gone@example.com")
    client.post("/account/login/", {"login": "gone@example.com", "by_code": "yes"})
    code = code_in(latest_mail("gone@example.com"))
    user.delete()
    answer = client.post("/account/login/code/confirm/", {"code": code})
    assert answer.url == "/account/signup/"
    assert not is_in(client)


def test_who_signs_up_where_the_sites_clock_is_ahead_is_not_forgotten_at_once(
    client: Any, clock: Any
) -> None:
    clock.move(timedelta(days=60))
    client.post("/account/signup/", {"email": "new@example.com"})
    upkeep.forget_unconfirmed_sign_ups(clock.now())
    assert User.objects.filter(email="new@example.com").exists()


def test_a_new_account_speaks_the_language_of_the_page(client: Any) -> None:
    client.cookies["django_language"] = "en"
    sign_up(client, "new@example.com")
    assert User.objects.get().language == "en"
    assert "Your code to sign up" in OutboxMessage.objects.get().subject


@pytest.mark.parametrize("bad", ["", "x", "a@b", "a" * 250 + "@example.com", "a b@example.com"])
def test_what_is_no_address_is_refused_by_the_field_and_kept(client: Any, bad: str) -> None:
    answer = client.post("/account/signup/", {"email": bad})
    assert answer.status_code == 200
    assert answer.context["form"].errors["email"]
    assert answer.context["form"]["email"].value() == bad
    assert not User.objects.exists()


def test_sign_ups_from_one_place_are_limited(client: Any) -> None:
    codes = [
        client.post("/account/signup/", {"email": f"r{n}@example.com"}).status_code
        for n in range(25)
    ]
    assert codes[0] == 302
    assert codes[-1] == 429
