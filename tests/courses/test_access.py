"""Who may open what, through the pages themselves."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from courses import access, grants, memberships
from courses.models import CoursePage, Grant
from tests import factories

pytestmark = pytest.mark.django_db

CANARY = "canary02"


@pytest.fixture
def course():
    return factories.course(lessons=3, free=1, slug="yiqun")


@pytest.fixture
def learner():
    return factories.UserFactory()


def give(learner, sellable, **state):
    now = timezone.now()
    usual: dict[str, Any] = {
        "source_kind": Grant.Source.PURCHASE,
        "source_id": "order-1",
        "starts_at": now - timedelta(days=1),
    }
    grants.sync(learner=learner, covers=[sellable], now=now, **usual | state)


def body(client, slug="02"):
    return client.get(f"/courses/yiqun/{slug}/")


def test_a_visitor_reads_the_free_lesson_and_not_the_paid_one(client, course):
    assert "canary00" in body(client, "00").content.decode()
    paid = body(client)
    assert paid.status_code == 200
    assert CANARY not in paid.content.decode()


def test_a_buyer_reads_the_paid_lesson(client, course, learner):
    give(learner, course)
    client.force_login(learner)
    assert CANARY in body(client).content.decode()


def test_another_learner_does_not(client, course, learner):
    give(learner, course)
    client.force_login(factories.UserFactory())
    assert CANARY not in body(client).content.decode()


def test_access_ends_with_its_period(client, course, learner):
    give(learner, course, ends_at=timezone.now() - timedelta(seconds=1))
    client.force_login(learner)
    assert CANARY not in body(client).content.decode()


def test_a_withdrawal_before_the_purchase_keeps_it_shut(client, course, learner):
    give(learner, course, withdrawn_at=timezone.now())
    client.force_login(learner)
    assert CANARY not in body(client).content.decode()


def test_a_membership_opens_what_lists_it(client, course, learner):
    membership = factories.MembershipFactory()
    give(learner, membership)
    client.force_login(learner)
    assert CANARY not in body(client).content.decode()
    course.memberships = [membership]
    course.save_revision().publish()
    assert CANARY in body(client).content.decode()


def test_a_course_that_leaves_a_membership_stays_for_the_paid_period(client, course, learner):
    membership = factories.MembershipFactory()
    course.memberships = [membership]
    course.save_revision().publish()
    give(learner, membership, ends_at=timezone.now() + timedelta(days=3))
    course.memberships = []
    course.save_revision().publish()
    client.force_login(learner)
    assert CANARY in body(client).content.decode()
    kept = Grant.objects.get(source_kind=Grant.Source.FORMER_MEMBERSHIP)
    assert kept.course_id == course.pk
    assert kept.ends_at == Grant.objects.get(membership=membership).ends_at


def test_an_unpublished_course_stays_open_to_who_has_it(client, course, learner):
    give(learner, course)
    course.unpublish()
    for address in ("/courses/yiqun/00/", "/courses/yiqun/"):
        gone = client.get(address)
        assert gone.status_code == 410
        assert "这门课已经下架" in gone.content.decode()
        assert course.title not in gone.content.decode()
    client.force_login(learner)
    assert CANARY in body(client).content.decode()
    assert client.get("/courses/yiqun/").status_code == 200


def test_a_course_unpublished_with_its_lessons_stays_open_to_who_has_it(client, course, learner):
    give(learner, course)
    course.unpublish()
    for lesson in course.get_children().specific():
        lesson.unpublish()
    client.force_login(learner)
    assert CANARY in body(client).content.decode()


def test_a_lesson_unpublished_in_a_live_course_is_gone_for_all(client, course, learner):
    give(learner, course)
    lesson = course.get_children().get(slug="02").specific
    lesson.unpublish()
    client.force_login(learner)
    gone = body(client)
    assert gone.status_code == 410
    assert "这一讲已经撤下" in gone.content.decode()
    assert 'href="/courses/yiqun/"' in gone.content.decode()
    course.unpublish()
    assert body(client).status_code == 410


def test_what_is_open_is_asked_of_a_day(course, learner):
    now = timezone.now()
    give(learner, course, ends_at=now + timedelta(days=7))
    for later, opened in ((None, [course]), (timedelta(days=6), [course]), (timedelta(days=8), [])):
        at = now + later if later else None
        assert list(CoursePage.objects.filter(access.opened_to(learner, now=at))) == opened


def test_nothing_is_open_to_a_visitor(course):
    give(factories.UserFactory(), course)
    assert not CoursePage.objects.filter(access.opened_to(AnonymousUser())).exists()


def test_included_courses_follow_the_published_list(course):
    membership = factories.MembershipFactory()
    course.memberships = [membership]
    course.save_revision()
    assert not membership.included_courses.exists()
    memberships.sync_included(CoursePage.objects.get(pk=course.pk), now=timezone.now())
    assert not membership.included_courses.exists()


def test_who_teaches_a_course_reads_it_and_no_other(client, course, learner):
    other = factories.course(lessons=1, free=0, slug="other")
    course.instructor.account = learner
    course.instructor.save()
    client.force_login(learner)
    assert CANARY in body(client).content.decode()
    assert "canary00" not in client.get("/courses/other/00/").content.decode()
    page = CoursePage.objects.get(pk=course.pk)
    assert access.granted_courses(learner, [course.pk, other.pk]) == {course.pk}
    assert list(CoursePage.objects.filter(access.opened_to(learner))) == [page]
    assert access.open_lessons(learner).count() == 3
    course.instructor.account = None
    course.instructor.save()
    assert CANARY not in body(client).content.decode()
