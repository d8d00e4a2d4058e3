"""The catalogue: narrowed down, put in order, by an address that can be kept."""

import re

import pytest
from django.utils import timezone

from courses import filters, views
from courses.memberships import sync_included
from courses.models import ArticleIndexPage
from tests import factories
from tests.courses.conftest import give
from tests.courses.test_queries import count

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(db):
    """Four courses that differ in everything the filters ask for."""
    business = factories.DisciplineFactory(name="商业", slug="business")
    trade = factories.DisciplineFactory(name="贸易", slug="trade", parent=business)
    city = factories.DisciplineFactory(name="城市", slug="city")
    factories.DisciplineFactory(name="无课", slug="empty")
    made = {
        "pot": ("audio", [trade], 30, 1),
        "crowd": ("audio", [business], 90, 0),
        "pipes": ("video", [city], 200, 1),
        "notes": ("text", [city, business], 60, 0),
    }
    for slug, (form, disciplines, minutes, free) in made.items():
        course = factories.course(slug=slug, title=slug, form=form, disciplines=disciplines)
        for number in range(2):
            lesson = factories.lesson(course, slug=f"0{number}", free_preview=number < free)
            type(lesson).objects.filter(pk=lesson.pk).update(seconds=minutes * 30)
        draft = factories.lesson(course, slug="09", live=False, free_preview=True)
        type(draft).objects.filter(pk=draft.pk).update(seconds=9999)
    return made


def found(client, query):
    return [course.slug for course in client.get(f"/courses/{query}").context["courses"]]


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("", ["notes", "pipes", "crowd", "pot"]),
        ("?discipline=business", ["notes", "crowd", "pot"]),  # with what is part of it
        ("?discipline=city&form=video", ["pipes"]),
        ("?form=text", ["notes"]),
        ("?length=short", ["pot"]),
        ("?length=medium", ["notes", "crowd"]),  # 60 minutes are no longer under an hour
        ("?length=long", ["pipes"]),
        ("?show=free", ["pipes", "pot"]),  # a draft is no free lesson
        ("?order=short", ["pot", "notes", "crowd", "pipes"]),
        ("?order=long&discipline=business", ["crowd", "notes", "pot"]),
        ("?form=opera&length=9&order=%00&discipline=%27&show=mine", None),
        ("?discipline=empty", None),
    ],
)
def test_filters_and_order_are_in_the_address(client, shelf, query, slugs):
    assert found(client, query) == (slugs or found(client, ""))


def test_mine_is_what_one_may_study(client, shelf, learner):
    from courses.models import CoursePage

    give(learner, CoursePage.objects.get(slug="pot"))
    client.force_login(learner)
    assert found(client, "?show=mine") == ["pot"]
    page = client.get("/courses/").content.decode()
    assert page.count("已拥有") == 1
    assert page.count("会员已可听") == 0


def test_what_a_membership_opens_is_not_called_owned(client, shelf, learner):
    from courses.models import CoursePage

    course = CoursePage.objects.get(slug="pot")
    membership = factories.MembershipFactory()
    course.memberships.add(membership)
    course.save()
    sync_included(course, now=timezone.now())
    give(learner, membership)
    client.force_login(learner)
    page = client.get("/courses/").content.decode()
    assert page.count("已拥有") == 0
    assert page.count("会员已可听") == 1


def test_mine_is_what_is_open_now_by_purchase_or_membership_and_nobody_elses(
    client, shelf, learner
):
    from courses.models import CoursePage

    course = {each.slug: each for each in CoursePage.objects.all()}
    membership = factories.MembershipFactory()
    course["notes"].memberships.add(membership)
    course["notes"].save()
    sync_included(course["notes"], now=timezone.now())
    give(learner, membership, source_id="member")
    give(learner, course["pot"], source_id="bought")
    give(learner, course["pipes"], source_id="ended", ends_at=timezone.now())
    give(factories.UserFactory(), course["crowd"])
    client.force_login(learner)
    assert found(client, "?show=mine") == ["notes", "pot"]


def test_every_choice_is_a_link_that_keeps_the_others(client, shelf):
    answer = client.get("/courses/?form=audio&order=short")
    page = answer.content.decode()
    assert 'href="/courses/?discipline=city&amp;form=audio&amp;order=short"' in page
    assert 'href="/courses/?order=short"' in page
    assert "无课" not in page
    assert 'href="/courses/?show=mine"' not in page  # nothing is a visitor's own
    assert answer.context["filters"].count == 1


def test_a_form_is_offered_where_there_is_such_a_course(client, shelf):
    from courses.models import CoursePage

    assert "form=video" in client.get("/courses/").content.decode()
    CoursePage.objects.filter(form="video").update(live=False)
    assert "form=video" not in client.get("/courses/").content.decode()


def test_nothing_found_is_said_first_and_leads_to_more(client, shelf):
    page = client.get("/courses/?discipline=city&length=short&order=long").content.decode()
    assert page.index("没有同时合这些条件的课") < page.index('class="filters"')
    taken_off = re.findall(r'class="button[^"]*" href="(/courses/[^"]*)">([^<]*)<', page)
    assert taken_off == [
        ("/courses/?length=short&amp;order=long", "去掉「城市」"),
        ("/courses/?discipline=city&amp;order=long", "去掉「1 小时内」"),
        ("/courses/", "看全部课程"),
    ]


def test_many_courses_come_in_pages_that_keep_the_filters(client, shelf, monkeypatch):
    monkeypatch.setattr(filters, "PER_PAGE", 2)
    assert found(client, "?page=2") == ["crowd", "pot"]
    page = client.get("/courses/?order=short").content.decode()
    assert 'href="?order=short&amp;page=2"' in page
    assert found(client, "?page=99") == ["crowd", "pot"]


def test_filtering_costs_the_same_for_more_courses(client, shelf, learner):
    client.force_login(learner)
    address = "/courses/?discipline=business&length=medium&order=long&show=mine"
    client.get(address)
    few, _ = count(client, address)
    for _number in range(6):
        give(learner, factories.course(lessons=2))
    many, sql = count(client, address)
    assert many == few, sql


@pytest.fixture
def taught(db):
    """By one instructor, in one discipline: two pages of courses, three of articles."""
    teacher = factories.InstructorFactory(slug="teacher")
    business = factories.DisciplineFactory(slug="business")

    def teach(courses=1, articles=1):
        for _number in range(courses):
            factories.course(lessons=1, instructor=teacher, disciplines=[business])
        for _number in range(articles):
            parent = ArticleIndexPage.objects.get()
            factories.ArticleFactory(parent=parent, disciplines=[business])

    teach(courses=3, articles=5)
    return teach


LISTS = {"/instructors/teacher/": ["page"], "/disciplines/business/": ["page", "articles"]}


@pytest.mark.parametrize("address", LISTS)
def test_lists_of_instructors_and_disciplines_come_in_pages(client, taught, monkeypatch, address):
    monkeypatch.setattr(filters, "PER_PAGE", 2)
    monkeypatch.setattr(views, "ARTICLES_PER_PAGE", 2)
    first = client.get(address)
    for name in LISTS[address]:
        assert f'href="?{name}=2"' in first.content.decode()
        key = "courses" if name == "page" else name
        second = client.get(address, {name: 2})
        assert len(second.context[key]) == (1 if name == "page" else 2)
        assert not set(second.context[key]) & set(first.context[key])


@pytest.mark.parametrize("address", LISTS)
def test_they_cost_the_same_for_more(client, taught, address):
    client.get(address)
    few, _ = count(client, address)
    taught(courses=4, articles=4)
    many, sql = count(client, address)
    assert many == few, sql


def test_a_list_speaks_the_interface_s_language_until_it_has_a_title_of_its_own(client, db):
    client.cookies["django_language"] = "en"
    for address, title in (("courses", "Courses"), ("tracks", "Tracks"), ("articles", "Articles")):
        assert f"<h1>{title}</h1>" in client.get(f"/{address}/").content.decode()
    page = factories.catalogue()
    page.title = "书架"
    page.save_revision().publish()
    assert "<h1>书架</h1>" in client.get("/courses/").content.decode()
