"""Whatever is sent, the answer is no 500, comes soon, and costs no memory that stays."""

import contextlib
import logging
import os
import re
import resource
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections, transaction
from django.http import HttpResponse
from django.urls import get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operations.url_classes import routes
from tests.fuzz import forms, people, values
from tests.fuzz.people import PERSONAS, Site

LONG = int(os.environ.get("FUZZ", "0"))  # examples for each person; 0: the suite's short pass
EXAMPLES = LONG or 20
SLOWEST = 5.0  # seconds of the processor's time
MOST_MEMORY = 400 * 1024  # kB more than before
# A year of the sandbox takes its time, and no transaction puts a clock back.
MOVES_TIME = "/sandbox/do/advance/"
PLACE = re.compile(r"<(?:(\w+):)?\w+>|\(\?P<\w+>.*\)(?=/|\$|$)")
APPS = {
    *("accounts", "community", "courses", "demo", "growth", "learning"),
    *("operations", "pages", "payments"),
}
EVERY = dict(routes(get_resolver()))
OURS = [route for route, its in EVERY.items() if its.callback.__module__.split(".")[0] in APPS]
# What third parties bring but shows forms of ours: pages, snippets, files, the account.
WITH_FORMS = [
    *OURS,
    *(
        route
        for route in EVERY
        if re.match(
            r"account/(?!2fa/webauthn)|admin/(pages|images|documents|media)/.*(add|edit)", route
        )
    ),
]
METHODS = ["GET", "GET", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"]

pytestmark = pytest.mark.django_db
hard = settings(
    max_examples=EXAMPLES,
    derandomize=not LONG,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def site(db: None) -> Site:
    return people.build()


@pytest.fixture(autouse=True)
def _bounded_memory() -> Iterator[None]:
    logging.disable()  # else pytest keeps each line of them, with its request, until the end
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    logging.disable(logging.NOTSET)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_MEMORY


def held(ask: Callable[[], Any]) -> Any:
    """The answer, with whatever it changed undone. Errors of the site are raised as they are."""
    began = time.thread_time()
    with contextlib.ExitStack() as undone:
        for alias in connections:
            undone.enter_context(_undo(alias))
        try:
            answer = ask()
        except AssertionError as waits:  # the test client's own, where a server waits for more
            if "Cannot read more" not in str(waits):
                raise
            return HttpResponse(status=400)
        if answer.streaming:
            answer.getvalue()
    assert time.thread_time() - began < SLOWEST, "it took too long"
    # 503: Stripe is away, a probe finds no worker. That is an answer.
    assert answer.status_code in {*range(200, 500), 503}, answer.status_code
    return answer


@contextlib.contextmanager
def _undo(alias: str) -> Iterator[None]:
    """A transaction of the test, not of the site: it does not count where the site forbids one."""
    around = transaction.atomic(using=alias)
    around._from_testcase = True
    with around:
        yield
        transaction.set_rollback(True, using=alias)


def address(data: st.DataObject, site: Site, route: str, *, known_only: bool = False) -> str:
    """A route with its places filled in, by what is there or by anything."""
    known: dict[str | None, list[str]] = {
        "int": [str(number) for number in site.numbers],
        "uuid": site.keys,
    }

    def fill(place: re.Match[str]) -> str:
        kinds = st.sampled_from(known.get(place[1], [*site.texts, *map(str, site.numbers)]))
        anything = kinds if known_only else st.one_of(kinds, values.texts)
        return values.escaped(data.draw(anything))

    return "/" + PLACE.sub(fill, route).translate(str.maketrans("", "", "^$\\"))


def ask(data: st.DataObject, site: Site, persona: str, route: str) -> Any:
    path = address(data, site, route)
    kind, body = data.draw(st.one_of(st.just(("", b"")), values.bodies))
    method = data.draw(st.sampled_from(METHODS))
    query = values.urlencoded(data.draw(values.pairs))
    given_headers = data.draw(values.headers())
    client = site.browser(persona)
    return held(
        lambda: client.generic(method, path, body, kind, QUERY_STRING=query, headers=given_headers)
    )


@pytest.mark.parametrize("persona", PERSONAS)
@hard
@given(data=st.data())
def test_any_request_is_answered(site: Site, persona: str, data: st.DataObject) -> None:
    wanted = st.one_of(st.sampled_from(OURS), st.sampled_from(OURS), st.sampled_from(list(EVERY)))
    ask(data, site, persona, data.draw(wanted))


@pytest.mark.parametrize("persona", PERSONAS)
@hard
@given(data=st.data())
def test_any_form_is_answered(site: Site, persona: str, data: st.DataObject) -> None:
    """As the page gives it, with one field changed, left out, or sent twice."""
    path = address(data, site, data.draw(st.sampled_from(WITH_FORMS)), known_only=True)
    page = held(lambda: site.browser(persona).get(path))
    is_page = page.status_code == 200 and page.get("Content-Type", "").startswith("text/html")
    forms_there = forms.forms_of(page.text, path) if is_page else []
    found = [form for form in forms_there if form.action != MOVES_TIME]
    if not found:
        return
    form = data.draw(st.sampled_from(found))
    given = form.changed(data.draw(st.integers(0, 99)), data.draw(st.none() | values.texts))
    held(lambda: _send(site, persona, form, given))


def _send(site: Site, persona: str, form: forms.Form, given: list[tuple[str, str]]) -> Any:
    body, client = values.urlencoded(given), site.browser(persona)
    if form.method == "GET":
        return client.generic("GET", form.action.split("?")[0], QUERY_STRING=body)
    return client.generic("POST", form.action, body.encode(), values.FORM)
