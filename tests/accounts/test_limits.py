"""How often one may ask: beyond it a page says when to come back, and others do not notice."""

import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts import limits
from accounts.checks import limits_are_shared
from learning import tokens
from operations import clock
from payments import codes
from tests.accounts.browser import log_in, text_of
from tests.accounts.doors import prove_now
from tests.accounts.factories import PASSWORD, UserFactory
from tests.factories import course
from tests.payments.factories import OrderFactory, course_price

pytestmark = pytest.mark.django_db
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}


def asked(settings: Any, action: str, limit: str) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {action: limit}


VISITORS = {
    "search": ("get", "/search/?q=认知"),
    "suggest": ("get", "/search/suggest/?q=认知"),
    "preview": ("get", "/preview/x/"),
    "first_operator": ("get", "/account/first-operator/x/"),
    "checkout": ("post", "/payments/checkout/"),
    "redeem": ("get", f"/redeem/{codes.derive(uuid.UUID(int=0), 1)}/"),
    "token": ("get", "/study/token/1/"),
}


@pytest.mark.parametrize("action", VISITORS)
def test_beyond_its_limit_a_page_says_when_to_come_back(
    client: Any, settings: Any, action: str
) -> None:
    asked(settings, action, "2/m/ip")
    method, address = VISITORS[action]
    ask = getattr(client, method)
    before = {ask(address).status_code for _ in range(2)}
    assert 429 not in before
    refused = ask(address)
    assert refused.status_code == 429
    assert refused["Retry-After"] == "60"
    assert "no-store" in refused["Cache-Control"]
    assert "短时间内次数太多了" in text_of(refused)
    assert ask(address, **ELSEWHERE).status_code in before


@pytest.mark.parametrize("action", ["export", "ask_refund"])
def test_what_one_person_asks_is_counted_by_person(client: Any, settings: Any, action: str) -> None:
    asked(settings, action, "1/h/user")
    other = Client()
    answers: list[int] = []
    for browser in (client, client, other):
        if browser is other or not answers:
            person = UserFactory()
            browser.force_login(person)
            prove_now(browser, person)
            order = OrderFactory(fulfilled=True, buyer=person, price=course_price(course()))
        address = {
            "export": "/account/privacy/export/",
            "ask_refund": f"/account/orders/{order.key}/refund/",
        }[action]
        answers.append(browser.post(address, {"note": "x" * 501}).status_code)
    assert answers[1] == 429
    assert 429 not in (answers[0], answers[2])


def test_within_the_page_the_answer_is_a_page_too(client: Any, settings: Any) -> None:
    asked(settings, "search", "1/h/ip")
    within = {"HX-Request": "true", "HX-Boosted": "true"}
    client.get("/search/?q=认知", headers=within)
    refused = client.get("/search/?q=认知", headers=within)
    assert refused.status_code == 429
    assert refused["Retry-After"] == "3600"
    assert 'id="main"' in refused.text
    assert "请等 60 分钟再试" in text_of(refused)


def test_allauths_own_limits_answer_with_the_same_page(client: Any) -> None:
    for number in range(40):
        answer = client.post("/account/signup/", {"email": f"a{number}@example.com"})
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert answer["Retry-After"] == "60"
    assert "短时间内次数太多了" in text_of(answer)


def test_guessing_a_password_is_stopped_and_a_code_by_mail_is_not(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    for number in range(6):
        log_in(client, user.email, f"wrong password {number}")
    assert "试的次数太多" in text_of(log_in(client, user.email, PASSWORD))
    by_code = client.post("/account/login/", {"login": user.email, "by_code": "yes"})
    assert by_code.status_code == 302


@pytest.mark.parametrize("action", ["login", "signup", "reset_password", "request_login_code"])
def test_allauth_counts_what_is_tried_without_a_log_in(action: str) -> None:
    from allauth.account import app_settings

    assert "/m/ip" in app_settings.RATE_LIMITS[action].replace("60.0", "m")


def test_heartbeats_and_webhooks_are_never_refused_for_coming_often(client: Any) -> None:
    learner = UserFactory()
    lesson = course(lessons=1).get_children().get().specific
    token = tokens.issue(learner=learner, lesson=lesson, now=clock.now()).token
    body = {"token": token, "session": str(uuid.uuid4()), "seq": 1, "ranges": []}
    beats = {
        client.post("/study/beat/", body, content_type="application/json").status_code
        for _ in range(150)
    }
    calls = {
        client.post("/payments/webhook/", b"{}", content_type="application/json").status_code
        for _ in range(150)
    }
    assert 429 not in beats | calls


def test_what_is_counted_is_kept_in_the_cache_that_processes_share(
    client: Any, settings: Any
) -> None:
    asked(settings, "search", "1/h/ip")
    client.get("/search/?q=认知")
    assert client.get("/search/?q=认知").status_code == 429
    cache.clear()
    assert client.get("/search/?q=认知").status_code == 200


def test_a_site_that_counts_nobody_is_warned(settings: Any) -> None:
    settings.RATE_LIMITS = {}
    assert [warning.id for warning in limits_are_shared()] == ["accounts.W002"]


def test_every_limit_can_be_read(settings: Any) -> None:
    assert all(limits.longest_wait(action) >= 60 for action in settings.RATE_LIMITS)
