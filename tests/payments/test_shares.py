"""Agreeing on an instructor's share."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from wagtail.models import ModelLogEntry

from courses.models import CoursePage
from payments import shares
from payments.models import RevenueShare
from tests.factories import InstructorFactory, UserFactory, course

pytestmark = pytest.mark.django_db
# Eight in the evening in UTC: the next day has begun at the site.
NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
YESTERDAY, TODAY, TOMORROW = (date(2026, 11, day) for day in (22, 23, 24))


def agree(page, starts_on, percent="12.5", actor=None):
    return shares.set_share(
        course=page, percent=Decimal(percent), starts_on=starts_on, actor=actor, now=NOW
    )


def test_the_first_share_begins_on_any_day_and_later_ones_from_tomorrow():
    page, other = course(instructor=InstructorFactory(name="林岚")), course()
    actor = UserFactory()
    agree(other, YESTERDAY)
    first = agree(page, YESTERDAY, actor=actor)
    found = (first.course, first.instructor, first.basis_points, first.set_by, first.created_at)
    assert found == (page, page.instructor, 1250, actor, NOW)
    assert first.starts_at == datetime(2026, 11, 21, 16, tzinfo=UTC)
    for day in (YESTERDAY, TODAY):
        with pytest.raises(shares.NotInThePast):
            agree(page, day)
    second = agree(page, TOMORROW, "30")
    assert list(RevenueShare.objects.filter(course=page)) == [second, first]
    entries = ModelLogEntry.objects.filter(action="payments.share", object_id=str(first.pk))
    written = [(each.user, each.data["reason"]) for each in entries]
    assert written == [(actor, "12.5% · 2026-11-22")]


def test_a_course_that_nobody_teaches_has_no_share():
    page = course()
    CoursePage.objects.filter(pk=page.pk).update(instructor=None)
    with pytest.raises(shares.NobodyTeaches):
        agree(page, TOMORROW)
    assert not RevenueShare.objects.exists()
