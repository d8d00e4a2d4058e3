"""A lesson's page is set once for all who may read it; what is a reader's own is theirs alone."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.models import Grant, LessonPage
from learning.models import LessonProgress
from tests import factories
from tests.courses.conftest import give
from tests.learning.quiz_of import TRUE_FALSE, Pupil

ADDRESS = "/courses/yiqun/02/"
QUERIES = 3  # who it is, whether it is open to them, where they stand
OWN = {
    "token": r'data-token="([^"]+)"',
    "learner": r'data-learner="(\d+)"',
    "nonce": r'nonce="([^"]+)"',
    "csrf": r'name="csrfmiddlewaretoken" value="([^"]+)"',
}


@pytest.fixture(autouse=True)
def _kept(settings):
    settings.SHARED_SECONDS = 60


@pytest.fixture
def readers(course, paid, recording):
    """Two who bought the course; one of them has heard a part of the lesson."""
    LessonPage.objects.filter(pk=paid.pk).update(audio=recording)
    readers = [factories.UserFactory(name=f"读者{each}") for each in "甲乙"]
    for each in readers:
        give(each, course)
    now = timezone.now()
    LessonProgress.objects.create(
        learner_id=readers[0].pk,
        lesson_id=paid.pk,
        course_id=course.pk,
        position=61.5,
        position_at=now,
        duration=120,
        done_at=now,
        done_how="hand",
        studied_at=now,
    )
    return readers


def signed_in(learner):
    client = Client()
    client.force_login(learner)
    return client


def read(learner, address=ADDRESS):
    answer = signed_in(learner).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def own(page):
    return {name: set(re.findall(pattern, page)) for name, pattern in OWN.items()}


def without_own(page):
    for pattern in (*OWN.values(), r'data-day-ends="(\d+)"'):
        page = re.sub(pattern, "", page)
    return page


def test_it_is_the_page_that_it_is_without_being_set(readers, settings):
    for reader in readers:
        read(reader)
        set_page = read(reader)
        settings.SHARED_SECONDS = 0
        assert without_own(set_page) == without_own(read(reader))
        settings.SHARED_SECONDS = 60


def test_each_reader_has_their_own_place_mark_and_tokens(readers):
    first, second = (read(each) for each in readers)
    assert 'data-position="61.5"' in first
    assert 'data-position="0.0"' in second
    assert 'name="done" value="0"' in first
    assert 'name="done" value="1"' in second
    for name, found in own(first).items():
        assert found, name
        assert not found & own(second)[name], name
    assert own(first)["learner"] == {str(readers[0].pk)}
    assert own(second)["learner"] == {str(readers[1].pk)}


def test_no_nonce_comes_twice_and_the_policy_names_it(readers):
    seen = set()
    for _ in range(3):
        answer = signed_in(readers[0]).get(ADDRESS)
        (nonce,) = own(answer.content.decode())["nonce"]
        assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]
        seen.add(nonce)
    assert len(seen) == 3


def test_once_set_it_costs_three_queries(readers):
    read(readers[0])
    client = signed_in(readers[1])
    with CaptureQueriesContext(connection) as captured:
        client.get(ADDRESS)
    assert len(captured) == QUERIES, [query["sql"][:160] for query in captured]


def test_what_buyers_warmed_opens_to_nobody_else(readers, personas):
    for reader in readers:
        assert "canary02" in read(reader)
    for name, person in personas.items():
        assert "canary02" not in signed_in(person).get(ADDRESS).content.decode(), name
    assert "canary02" not in Client().get(ADDRESS).content.decode()


def test_who_loses_the_course_loses_the_page_at_once(readers):
    assert "canary02" in read(readers[0])
    Grant.objects.filter(learner=readers[0]).update(withdrawn_at=timezone.now())
    assert "canary02" not in read(readers[0])
    assert "canary02" in read(readers[1])


def test_the_answer_is_not_to_be_stored_by_anybody(readers):
    for _ in range(2):
        answer = signed_in(readers[0]).get(ADDRESS)
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_lesson_taken_out_is_gone_with_its_page(
    readers, paid, django_capture_on_commit_callbacks
):
    read(readers[0])
    with django_capture_on_commit_callbacks(execute=True):
        paid.unpublish()
    answer = signed_in(readers[0]).get(ADDRESS)
    assert answer.status_code == 410
    assert "canary02" not in answer.content.decode()


def test_a_message_stands_on_the_page_of_whom_it_is_for(readers):
    read(readers[0])
    client = signed_in(readers[0])
    profile = {"name": "读者甲", "language": "zh-hans", "time_zone": "Asia/Shanghai"}
    client.post("/account/", profile)
    assert "已保存" in client.get(ADDRESS).content.decode()
    assert "已保存" not in read(readers[1])


def test_a_product_in_the_text_shows_each_reader_their_own_price(course, readers, paid):
    card = {"course": course, "membership": None, "line": "再看一遍"}
    paid.body = [("text", "<p>正文</p>"), ("product_card", card)]
    paid.save()
    pages = [read(each) for each in readers]
    assert all("再看一遍" in page for page in pages)
    with CaptureQueriesContext(connection) as captured:
        signed_in(readers[0]).get(ADDRESS)
    assert len(captured) > QUERIES


def test_languages_and_the_readers_choices_are_set_apart(readers):
    plain = read(readers[0])
    client = signed_in(readers[1])
    client.cookies["rz_theme"] = "night"
    assert 'data-theme="night"' in client.get(ADDRESS).content.decode()
    readers[1].language = "en"
    readers[1].save()
    assert '<html lang="en"' in read(readers[1])
    assert '<html lang="zh-Hans"' in read(readers[0])
    assert "data-theme" not in plain


def test_the_foot_offers_each_reader_the_currencies_that_are_not_theirs(readers, settings):
    settings.CURRENCIES = ["CNY", "USD"]
    readers[1].currency = "USD"
    readers[1].save()
    offered = [re.findall(r'name="currency" value="(\w+)"', read(each)) for each in readers]
    assert offered == [["USD"], ["CNY"]]


def test_how_a_quiz_went_is_each_readers_own(course, paid, readers):
    course.quizzes_count = True
    course.save_revision().publish()
    page = LessonPage.objects.get(pk=paid.pk)
    page.quiz = [TRUE_FALSE]
    page.save_revision().publish()
    learner, other = factories.UserFactory(), factories.UserFactory()
    for each in (learner, other):
        give(each, course)
    Pupil(client := signed_in(learner), page).start()
    Pupil(client, page).answer()
    assert "最好 1/1" in read(learner)
    assert "标记为学完" in read(learner)
    assert "最好" not in read(other)
    assert "通过测验，这一讲才算学完" in read(other)
    assert "最好 1/1" in read(learner)
