"""Pages cost the same however much there is."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courses.models import LessonPage
from tests import factories
from tests.courses.conftest import give

PAID_LESSON, CATALOGUE, COURSE = 8, 12, 12
FEW, MANY = 10, 500  # lessons


def count(client, address):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address)
    assert response.status_code == 200
    return len(captured), [query["sql"][:160] for query in captured]


def grow(course, number):
    """More lessons, until there are so many."""
    template = course.get_children().last().specific
    while course.numchild < number:
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


def test_pages_cost_the_same_for_10_and_500_lessons(client, course, buyer, recording):
    LessonPage.objects.filter(slug="01").update(audio=recording)
    limits = {
        "/courses/yiqun/01/": PAID_LESSON,  # to hear
        "/courses/yiqun/02/": PAID_LESSON,  # to read
        "/courses/yiqun/": COURSE,
        "/courses/": CATALOGUE,
    }
    grow(course, FEW)
    few = {}
    for address, limit in limits.items():
        client.get(address)
        few[address], sql = count(client, address)
        assert few[address] <= limit, sql
    grow(course, MANY)
    for address in limits:
        client.get(address)
        many, sql = count(client, address)
        assert many == few[address], sql


def test_the_catalogue_costs_the_same_for_more_courses(client, course):
    few, _ = count(client, "/courses/")
    for _ in range(5):
        factories.course(lessons=2)
    many, sql = count(client, "/courses/")
    assert many == few, sql


def test_media_costs_little(client, course, buyer, paid, recording):
    LessonPage.objects.filter(pk=paid.pk).update(audio=recording)
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        response = client.get(f"/media/{paid.pk}/audio-{recording.pk}/")
        assert b"".join(response.streaming_content)
    assert len(captured) <= 7
