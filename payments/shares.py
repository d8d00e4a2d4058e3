"""Agreeing on an instructor's share. What was told stays told: a rate begins in the future."""

from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from wagtail.log_actions import log

from accounts.models import User
from courses.models import CoursePage
from payments.models import RevenueShare


class NotInThePast(Exception):
    """A course that has a share gets another one from tomorrow on at the earliest."""


class NobodyTeaches(Exception):
    """The course names no instructor."""


@transaction.atomic
def set_share(
    *, course: CoursePage, percent: Decimal, starts_on: date, actor: User | None, now: datetime
) -> RevenueShare:
    """From that day on (the site's). A course's first share may begin on any day. Raises
    NotInThePast, NobodyTeaches."""
    locked = CoursePage.objects.select_for_update(of=("self",)).get(pk=course.pk)
    if locked.instructor_id is None:
        raise NobodyTeaches
    zone = ZoneInfo(settings.TIME_ZONE)
    has_one = RevenueShare.objects.filter(course=locked).exists()
    if has_one and starts_on <= now.astimezone(zone).date():
        raise NotInThePast
    share = RevenueShare.objects.create(
        course=locked,
        instructor_id=locked.instructor_id,
        basis_points=int(percent * 100),
        starts_at=datetime.combine(starts_on, time.min, zone),
        set_by=actor,
        created_at=now,
    )
    reason = f"{share.percent}% · {starts_on:%Y-%m-%d}"
    log(instance=share, action="payments.share", user=actor, data={"reason": reason})
    return share
