"""Which courses a membership opens."""

from datetime import datetime

from django.db import transaction

from courses import grants
from courses.models import CoursePage, Grant, Membership, MembershipCourse


@transaction.atomic
def sync_included(course: CoursePage, *, now: datetime) -> None:
    """Make the published list of `course.memberships` what counts.

    Whoever holds a membership that the course leaves keeps the course until the end of the period
    already paid.
    """
    wanted = {membership.pk for membership in course.memberships.all()}
    rows = {
        row.membership_id: row
        for row in MembershipCourse.objects.select_related("membership").filter(course=course)
    }
    for membership_id in wanted - rows.keys():
        MembershipCourse.objects.get_or_create(
            membership_id=membership_id, course=course, defaults={"added_at": now}
        )
    for membership_id in rows.keys() - wanted:
        _keep_paid_periods(course, rows[membership_id].membership, now=now)
        rows[membership_id].delete()


def _keep_paid_periods(course: CoursePage, membership: Membership, *, now: datetime) -> None:
    holders = Grant.objects.filter(membership=membership, ends_at__gt=now).active(now)
    for grant in holders.select_related("learner").iterator(chunk_size=500):
        grants.sync(
            learner=grant.learner,
            source_kind=Grant.Source.FORMER_MEMBERSHIP,
            source_id=f"grant-{grant.pk}",
            covers=[course],
            starts_at=grant.starts_at,
            ends_at=grant.ends_at,
            now=now,
            reason=str(membership),
        )
