"""Visitors are sent one page, made once; nobody is sent what was made for somebody."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.models import CoursePage, LessonPage
from pages import edition
from tests import factories
from tests.courses.conftest import give
from tests.payments.factories import course_price

ADDRESSES = ["/", "/courses/", "/courses/yiqun/", "/courses/yiqun/00/"]


@pytest.fixture(autouse=True)
def _kept(settings):
    settings.SHARED_SECONDS = 60


@pytest.fixture
def course(db) -> CoursePage:
    return factories.course(lessons=2, free=1, slug="yiqun", title="一群人")


@pytest.fixture
def learner(course):
    learner = factories.UserFactory(name="某某人", email="somebody@example.com")
    give(learner, course)
    return learner


def signed_in(learner) -> Client:
    client = Client()
    client.force_login(learner)
    return client


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_second_visitor_costs_no_query(course, address):
    first = Client().get(address)
    with CaptureQueriesContext(connection) as captured:
        second = Client().get(address)
    assert len(captured) == 0
    assert second.content == first.content
    assert second.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]
    assert second.headers["X-Request-ID"] != first.headers["X-Request-ID"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_shared_page_has_no_nonce_no_token_and_sets_no_cookie(course, address):
    for answer in (Client().get(address), Client().get(address)):
        assert "nonce" not in answer.content.decode()
        assert "nonce" not in answer.headers["Content-Security-Policy"]
        assert "'self'" in answer.headers["Content-Security-Policy"]
        assert "csrfmiddlewaretoken" not in answer.content.decode()
        assert not answer.cookies


@pytest.mark.parametrize("address", ADDRESSES)
def test_who_is_signed_in_neither_fills_nor_reads_what_visitors_share(course, learner, address):
    own = signed_in(learner).get(address)
    assert "nonce=" in own.content.decode()
    with CaptureQueriesContext(connection) as captured:
        shared = Client().get(address)
    assert len(captured) > 0
    assert shared.content != own.content
    assert signed_in(learner).get(address).content != shared.content


def test_a_paid_lesson_that_a_buyer_opened_stays_shut_to_visitors(course, learner):
    assert "canary01" in signed_in(learner).get("/courses/yiqun/01/").content.decode()
    for _ in range(2):
        assert "canary01" not in Client().get("/courses/yiqun/01/").content.decode()


def test_nothing_that_a_visitor_brings_gets_into_the_page(course):
    brought = {"rz_theme": '"><b>', "name": "somebody", "csrftoken": "x" * 32}
    first = Client(headers={"User-Agent": "somebody", "Referer": "https://example.com/somebody"})
    first.cookies.load(brought)
    page = first.get("/courses/").content
    assert "somebody" not in page.decode()
    assert "<b>" not in page.decode()
    assert Client().get("/courses/").content == page


def test_language_theme_and_size_of_text_have_pages_of_their_own(course):
    plain = Client().get("/courses/").content.decode()
    for name, value, shows in (
        ("django_language", "en", 'lang="en"'),
        ("rz_theme", "night", 'data-theme="night"'),
        ("rz_text", "22", 'data-text="22"'),
    ):
        client = Client()
        client.cookies[name] = value
        assert shows in client.get("/courses/").content.decode()
        assert shows not in re.sub(r"<button[^>]*>", "", plain)
    assert Client().get("/courses/").content.decode() == plain


def test_a_queried_posted_or_other_address_is_not_shared(course):
    for address in ("/courses/?page=2", "/search/", "/membership/", "/account/login/"):
        nonces = [
            re.findall(r'nonce="([^"]+)"', Client().get(address).content.decode()) for _ in range(2)
        ]
        assert all(nonces), address
        assert nonces[0] != nonces[1], address


def test_a_message_is_for_one_visitor(course):
    client = Client()
    client.get("/courses/")
    client.cookies["messages"] = "whatever"
    with CaptureQueriesContext(connection) as captured:
        client.get("/courses/")
    assert len(captured) > 0


def test_publishing_and_unpublishing_begin_a_new_edition(
    course, django_capture_on_commit_callbacks
):
    Client().get("/courses/")
    free = LessonPage.objects.get(slug="00")
    assert "canary00" in Client().get("/courses/yiqun/00/").content.decode()
    course.title = "另一群人"
    with django_capture_on_commit_callbacks(execute=True):
        course.save_revision().publish()
    assert "另一群人" in Client().get("/courses/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        free.unpublish()
    gone = Client().get("/courses/yiqun/00/")
    assert gone.status_code == 410
    assert "canary00" not in gone.content.decode()


def test_a_price_begins_a_new_edition(course, django_capture_on_commit_callbacks):
    assert "¥88" not in Client().get("/courses/yiqun/").content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        course_price(course, amount=8800)
    assert "¥88" in Client().get("/courses/yiqun/").content.decode()


def test_a_draft_that_is_saved_leaves_the_edition_as_it_is(
    course, django_capture_on_commit_callbacks
):
    before = edition.current()
    with django_capture_on_commit_callbacks(execute=True):
        course.save_revision()
    assert edition.current() == before


def test_a_visitor_changes_the_language_without_a_token_a_person_only_with_one(learner):
    visitor = Client(enforce_csrf_checks=True)
    answer = visitor.post("/account/language/", {"language": "en"})
    assert answer.cookies["django_language"].value == "en"
    person = Client(enforce_csrf_checks=True)
    person.force_login(learner)
    assert person.post("/account/language/", {"language": "en"}).status_code == 403
    learner.refresh_from_db()
    assert learner.language != "en"


# --- a cold cache: many ask at once, one makes ----------------------------------------------------

CROWD = 8


class Maker:
    """Makes something slowly: until it is let go."""

    def __init__(self) -> None:
        self.made = 0
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.made += 1
        number = self.made
        self.begun.set()
        assert self.go.wait(20)
        return f"made {number}"


def crowd(maker, pool):
    return [pool.submit(edition.get_or_make, "thing", maker) for _ in range(CROWD)]


def test_of_a_crowd_before_a_cold_cache_one_makes_and_the_others_wait():
    maker = Maker()
    with ThreadPoolExecutor(CROWD) as pool:
        waiting = crowd(maker, pool)
        assert maker.begun.wait(20)
        maker.go.set()
        assert {each.result() for each in waiting} == {"made 1"}
    assert maker.made == 1


def test_without_it_each_of_the_crowd_would_make(settings):
    settings.SHARED_SECONDS = 0
    maker = Maker()
    maker.go.set()
    with ThreadPoolExecutor(CROWD) as pool:
        assert len({each.result() for each in crowd(maker, pool)}) == CROWD


def test_what_is_stale_is_shown_while_one_makes_it_anew(monkeypatch):
    maker = Maker()
    maker.go.set()
    edition.get_or_make("thing", maker)
    later = time.time() + 61
    monkeypatch.setattr(edition.time, "time", lambda: later)
    maker.begun.clear()
    maker.go.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(edition.get_or_make, "thing", maker)
        assert maker.begun.wait(20)
        assert edition.get_or_make("thing", maker) == "made 1"
        maker.go.set()
        assert first.result() == "made 2"


@pytest.mark.django_db(transaction=True)
def test_what_is_of_an_older_edition_is_shown_to_nobody():
    maker = Maker()
    maker.go.set()
    edition.get_or_make("thing", maker)
    edition.renew()
    maker.begun.clear()
    maker.go.clear()
    with ThreadPoolExecutor(CROWD) as pool:
        waiting = crowd(maker, pool)
        assert maker.begun.wait(20)
        maker.go.set()
        assert {each.result() for each in waiting} == {"made 2"}


@pytest.mark.django_db(transaction=True)
def test_what_is_published_while_something_is_made_makes_it_old():
    def make():
        edition.renew()
        return "before"

    edition.get_or_make("thing", make)
    assert edition.get_or_make("thing", lambda: "after") == "after"


def test_what_another_version_made_is_not_shown(monkeypatch):
    for version in ("old", "new"):
        monkeypatch.setattr(edition, "version", partial(str, version))
        assert edition.get_or_make("thing", partial(str, version)) == version


@pytest.mark.parametrize("changed", ["views.py", "page.html", "django.po", "static"])
def test_a_version_is_told_by_code_templates_and_static_files(changed, tmp_path, monkeypatch):
    def version() -> str:
        return edition.version.__wrapped__()

    monkeypatch.setattr(edition, "CODE", [tmp_path])
    for name in ("views.py", "page.html", "django.po"):
        (tmp_path / name).write_text("before")
    before = version()
    assert version() == before
    if changed == "static":
        changed_files = SimpleNamespace(manifest_hash="after")
        monkeypatch.setattr(edition, "staticfiles_storage", changed_files)
    else:
        (tmp_path / changed).write_text("after")
    assert version() != before


def test_a_maker_that_fails_holds_nobody_up():
    def fail():
        raise LookupError

    with pytest.raises(LookupError):
        edition.get_or_make("thing", fail)
    assert edition.get_or_make("thing", lambda: "made") == "made"
