"""Chinese, unless the cookie or the person says otherwise."""

from typing import Any

import pytest

from accounts.models import User
from tests.accounts.browser import browser
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db


def language_of(answer: Any) -> str:
    return answer.headers["Content-Language"]


def test_a_browser_that_asks_for_english_gets_chinese(client: Any) -> None:
    answer = client.get("/account/login/", headers={"accept-language": "en-US,en;q=0.9"})
    assert language_of(answer) == "zh-hans"


def test_the_switch_is_kept_in_a_cookie_and_returns(client: Any) -> None:
    answer = client.post("/account/language/", {"language": "en", "next": "/account/login/?x=1"})
    assert answer.url == "/account/login/?x=1"
    assert answer.cookies["django_language"]["httponly"]
    assert language_of(client.get("/account/login/")) == "en"


def test_the_switch_is_kept_with_the_person(client: Any) -> None:
    user = UserFactory()
    client.force_login(user)
    client.post("/account/language/", {"language": "en"})
    assert User.objects.get().language == "en"
    other = browser()
    other.force_login(user)
    assert language_of(other.get("/account/")) == "en"


def test_the_person_counts_more_than_the_cookie(client: Any) -> None:
    client.cookies["django_language"] = "en"
    client.force_login(UserFactory(language="zh-hans"))
    assert language_of(client.get("/account/")) == "zh-hans"


@pytest.mark.parametrize("bad", ["", "de", "../../etc", "zh-hant"])
def test_no_other_language_is_taken(client: Any, bad: str) -> None:
    client.post("/account/language/", {"language": bad})
    assert "django_language" not in client.cookies
    client.cookies["django_language"] = bad
    assert language_of(client.get("/account/login/")) == "zh-hans"


def test_the_switch_is_a_post(client: Any) -> None:
    assert client.get("/account/language/", {"language": "en"}).status_code == 405


def test_times_are_shown_where_the_person_is(client: Any) -> None:
    from datetime import UTC, datetime

    from accounts.models import Consent

    user = UserFactory(time_zone="America/New_York", language="en")
    Consent.objects.create(user=user, kind="terms", at=datetime(2026, 1, 1, 3, 0, tzinfo=UTC))
    client.force_login(user)
    assert "31 December 2025 22:00" in client.get("/account/privacy/").content.decode()


def test_a_zone_that_is_no_more_is_no_error(client: Any) -> None:
    user = UserFactory(time_zone="Mars/Olympus")
    client.force_login(user)
    assert client.get("/account/").status_code == 200


def test_a_heartbeat_costs_no_look_at_the_person(
    client: Any, django_assert_num_queries: Any
) -> None:
    from django.contrib.auth.middleware import AuthenticationMiddleware
    from django.contrib.sessions.middleware import SessionMiddleware
    from django.http import HttpRequest, HttpResponse
    from django.test import RequestFactory

    from accounts.middleware import language_of, zone_of

    client.force_login(UserFactory(language="en"))

    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(f"{language_of(request)} {zone_of(request)}")

    stack = SessionMiddleware(AuthenticationMiddleware(answer))
    request = RequestFactory().post("/study/beat/")
    request.COOKIES.update({name: morsel.value for name, morsel in client.cookies.items()})
    with django_assert_num_queries(0):
        stack(request)
