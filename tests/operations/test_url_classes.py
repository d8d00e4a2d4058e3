"""Every address is classed, and behaves as its class says."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLPattern, get_resolver

from operations.reserved_slugs import is_reserved
from operations.url_classes import PROMISES, UrlClass, class_of, routes

EVERY = list(routes(get_resolver()))
# Addresses that can be asked for as they stand.
PLAIN = sorted({route for route, _ in EVERY if not re.search(r"[<^(\\]", route)})


def of(*classes: UrlClass) -> list[str]:
    return [route for route in PLAIN if class_of(route) in classes]


@pytest.mark.parametrize("route", sorted({route for route, _ in EVERY}))
def test_every_address_has_a_class(route: str) -> None:
    assert class_of(route) is not None, f"add {route!r} to operations/url_classes.py"


def test_an_unknown_address_has_no_class() -> None:
    assert class_of("secret-door/") is None
    assert class_of("account/brand-new/") is None


def test_the_longest_beginning_counts() -> None:
    assert class_of("admin/anything/at/all/") is UrlClass.STAFF
    assert class_of("admin/login/") is UrlClass.ANONYMOUS


def test_the_walk_sees_all_that_the_site_brings() -> None:
    assert len(EVERY) > 150
    assert all(isinstance(pattern, URLPattern) for _, pattern in EVERY)


@pytest.mark.django_db
@pytest.mark.parametrize("route", of(UrlClass.STAFF, UrlClass.SIGNED_IN))
def test_a_visitor_is_sent_to_sign_in(client: Client, route: str) -> None:
    answer = client.get(f"/{route}")
    assert answer.status_code in {302, 401, 403, 404, 405}, route
    if answer.status_code == 302:
        assert re.search(r"login|authenticate", answer["Location"]), answer["Location"]


@pytest.mark.django_db
@pytest.mark.parametrize("route", of(UrlClass.STAFF))
def test_a_learner_gets_no_staff_page(client: Client, route: str) -> None:
    client.force_login(get_user_model().objects.create_user("learner@example.com"))
    assert client.get(f"/{route}").status_code in {302, 403, 404, 405}, route


@pytest.mark.django_db
@pytest.mark.parametrize("route", of(UrlClass.PUBLIC, UrlClass.ANONYMOUS))
def test_a_visitor_may_go_where_visitors_may(client: Client, route: str) -> None:
    assert client.get(f"/{route}").status_code in {200, 301, 302, 404, 405}, route


@pytest.mark.django_db
@pytest.mark.parametrize("route", of(UrlClass.WEBHOOK))
def test_a_webhook_needs_a_signature_and_no_form_token(route: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.get(f"/{route}").status_code == 405
    answer = strict.post(f"/{route}", b"{}", content_type="application/json")
    assert answer.status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("route", of(UrlClass.HEALTH))
def test_a_probe_gets_no_cookie(client: Client, route: str) -> None:
    answer = client.get(f"/{route}")
    assert answer.status_code in {200, 503}
    assert not answer.cookies


@pytest.mark.parametrize("slug", ["study", "account", "admin", "media", "Admin", "healthz", "demo"])
def test_the_programs_addresses_are_no_slugs_for_pages(slug: str) -> None:
    assert is_reserved(slug)


@pytest.mark.parametrize("slug", ["courses", "articles", "about", "一群人的生意", "studying"])
def test_pages_may_have_other_slugs(slug: str) -> None:
    assert not is_reserved(slug)


def test_what_the_program_answers_at_the_top_is_reserved() -> None:
    """A new top-level address of ours must not be open to a page."""
    kept_as_pages = {promise.address.split("/")[1] for promise in PROMISES if promise.page}
    firsts = {route.split("/")[0] for route in PLAIN if route}
    assert {first for first in firsts - kept_as_pages if not is_reserved(first)} == set()
