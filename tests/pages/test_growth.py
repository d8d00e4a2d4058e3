"""Every page costs the same however much there is, and fetches nothing row by row."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.fetch_modes import FetchOne
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.models import ArticleIndexPage, CoursePage, Discipline, Grant, Instructor, LessonPage
from learning.models import LessonProgress
from tests import factories
from tests.payments.factories import OrderFactory, course_price, membership_prices

NOW = timezone.now()
PUBLIC = [
    "/",
    "/courses/",
    "/courses/?order=long",
    "/courses/yiqun/",
    "/courses/yiqun/00/",
    "/courses/yiqun/01/",
    "/articles/",
    "/articles/xin/",
    "/tracks/",
    "/tracks/lu/",
    "/instructors/zhou/",
    "/disciplines/ren/",
    "/search/?q=一群",
    "/search/?q=一群&kind=course",
    "/search/suggest/?q=一群",
    "/membership/",
    "/sitemap.xml",
]
# What a learner sees besides.
OWN = ["/study/", "/study/?tab=bought", "/account/", "/account/orders/", "/account/privacy/"]


class Site:
    """A teacher, a subject, and as much under them as one wants."""

    def __init__(self) -> None:
        self.learner = factories.UserFactory()
        self.teacher = factories.InstructorFactory(slug="zhou")
        self.subject = factories.DisciplineFactory(slug="ren")
        self.courses = [self.course(slug="yiqun")]
        factories.lesson(self.courses[0], title="又是一群")
        self.article(slug="xin")
        self.track(slug="lu")
        membership_prices(factories.MembershipFactory(slug="all"))

    def grow(self) -> None:
        """Four times of everything."""
        for _ in range(3):
            self.courses.append(self.course())
            self.article()
            self.track()
            factories.lesson(CoursePage.objects.get(pk=self.courses[0].pk), title="又是一群")

    def course(self, **fields: Any) -> CoursePage:
        course = factories.course(
            lessons=3, title="一群人", instructor=self.teacher, disciplines=[self.subject], **fields
        )
        price = course_price(course)
        OrderFactory(fulfilled=True, buyer=self.learner, price=price)
        Grant.objects.create(
            learner=self.learner,
            course=course,
            source_kind=Grant.Source.PURCHASE,
            source_id=f"order-{course.pk}",
            starts_at=NOW - timedelta(days=1),
        )
        lesson = LessonPage.objects.child_of(course).last()
        LessonProgress.objects.create(
            learner_id=self.learner.pk, lesson_id=lesson.pk, course_id=course.pk, studied_at=NOW
        )
        return course

    def article(self, **fields: Any) -> None:
        parent = ArticleIndexPage.objects.get()
        factories.ArticleFactory(
            parent=parent, title="一群人的信", disciplines=[self.subject], **fields
        )

    def track(self, **fields: Any) -> None:
        factories.track(*[[course] for course in self.courses[:1]], **fields)


@pytest.fixture
def site(db):
    assert not Instructor.objects.exists()
    assert not Discipline.objects.exists()
    return Site()


@pytest.fixture
def fetched(monkeypatch):
    """Counts which relation or field of which model was fetched when it was touched."""
    found: Counter[str] = Counter()
    fetch = FetchOne.fetch

    def counted(self, fetcher, instance):
        found[f"{type(instance).__name__}.{fetcher.field.name}"] += 1
        fetch(self, fetcher, instance)

    monkeypatch.setattr(FetchOne, "fetch", counted)
    return found


def cost(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    assert answer.status_code == 200, address
    return [query["sql"] for query in captured]


def clients(site):
    """A visitor and a learner, each with the pages they look at."""
    learner = Client()
    learner.force_login(site.learner)
    return [(Client(), PUBLIC), (learner, PUBLIC + OWN)]


def test_no_page_asks_more_of_the_database_where_there_is_more(site):
    looking = clients(site)
    few = [[len(cost(client, address)) for address in pages] for client, pages in looking]
    site.grow()
    for (client, pages), before in zip(looking, few, strict=True):
        for address, number in zip(pages, before, strict=True):
            many = cost(client, address)
            assert len(many) == number, (address, [sql[:200] for sql in many])


def test_no_page_fetches_a_relation_once_more_for_each_row(site, fetched):
    site.grow()
    for client, pages in clients(site):
        for address in pages:
            fetched.clear()
            client.get(address)
            assert [name for name, times in fetched.items() if times > 1] == [], address


def test_a_relation_touched_in_a_loop_is_noticed(site, fetched):
    site.grow()
    fetched.clear()
    for course in CoursePage.objects.all():
        assert course.instructor.slug == "zhou"
    assert fetched["CoursePage.instructor"] == len(site.courses)
