"""Pages cost the same however much there is."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courses.models import LessonPage
from tests import factories
from tests.courses.conftest import give

PAID_LESSON, CATALOGUE, COURSE = 8, 12, 12


def count(client, address):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address)
    assert response.status_code == 200
    return len(captured), [query["sql"][:160] for query in captured]


def grow(course, number):
    """More lessons, written straight into the tree."""
    template = course.get_children().last().specific
    for _ in range(number):
        slug = f"{course.numchild:03d}"
        page = LessonPage(
            title=f"第 {slug} 讲",
            slug=slug,
            chapter_key=template.chapter_key,
            first_published_at=template.first_published_at,
            body=template.body,
        )
        course.add_child(instance=page)


@pytest.fixture
def buyer(client, course, learner):
    give(learner, course)
    client.force_login(learner)
    return learner


@pytest.mark.parametrize("kind", ["audio", "text"])
def test_a_paid_lesson(client, course, buyer, paid, recording, kind):
    if kind == "audio":
        LessonPage.objects.filter(pk=paid.pk).update(audio=recording)
    client.get("/courses/yiqun/02/")
    few, sql = count(client, "/courses/yiqun/02/")
    assert few <= PAID_LESSON, sql
    grow(course, 12)
    client.get("/courses/yiqun/02/")
    many, sql = count(client, "/courses/yiqun/02/")
    assert many == few, sql


def test_the_catalogue(client, course):
    few, sql = count(client, "/courses/")
    assert few <= CATALOGUE, sql
    for _ in range(5):
        factories.course(lessons=2)
    many, sql = count(client, "/courses/")
    assert many == few, sql


def test_a_course(client, course, buyer):
    client.get("/courses/yiqun/")
    few, sql = count(client, "/courses/yiqun/")
    assert few <= COURSE, sql
    grow(course, 12)
    many, sql = count(client, "/courses/yiqun/")
    assert many == few, sql


def test_media_costs_little(client, course, buyer, paid, recording):
    LessonPage.objects.filter(pk=paid.pk).update(audio=recording)
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        response = client.get(f"/media/{paid.pk}/audio-{recording.pk}/")
        assert b"".join(response.streaming_content)
    assert len(captured) <= 7
