"""Who may open what. The only place that decides; everything that shows paid content asks here."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import (
    BigIntegerField,
    DateTimeField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
)
from django.db.models.functions import Length, Substr

from accounts.models import User
from courses.models import CoursePage, Grant, LessonPage
from operations import clock
from operations.prepared import Given, Prepared


@dataclass(frozen=True)
class Access:
    """What a person may open in one course, found with at most one query."""

    course: CoursePage
    has_grant: bool  # or whose own course it is: an instructor reads what they teach

    def opens(self, lesson: LessonPage) -> bool:
        """A lesson of this very course.

        While the course is live: live lessons, if free or granted. After it was unpublished: its
        once-published lessons, if granted, save those unpublished on their own before.
        """
        if self.course.live:
            return lesson.live and (lesson.free_preview or self.has_grant)
        once_published = lesson.first_published_at is not None and not lesson.unpublished_alone
        return self.has_grant and once_published

    @property
    def sees_course(self) -> bool:
        return self.course.live or self.has_grant


GRANTS_TO_ONE = Prepared(
    lambda: (
        Grant.objects.filter(learner_id=Given("learner", BigIntegerField()))
        .covering(Given("course", BigIntegerField()))
        .active(Given("now", DateTimeField()))
        .values_list("pk")
    )
)


def to_course(
    user: User | AnonymousUser, course: CoursePage, *, now: datetime | None = None
) -> Access:
    """What `user` may open in `course` at `now`."""
    if not user.is_authenticated:
        return Access(course, has_grant=False)
    grants = GRANTS_TO_ONE.rows(learner=user.pk, course=course.pk, now=now or clock.now())
    return Access(course, has_grant=bool(grants) or teaches(user, course))


def teaches(user: User | AnonymousUser, course: CoursePage) -> bool:
    """Whether it is the account of the course's instructor. No query where the course came with
    them."""
    teacher = course.instructor
    return bool(teacher and user.is_authenticated and teacher.account_id == user.pk)


def granted_courses(
    user: User | AnonymousUser, course_ids: list[int], *, now: datetime | None = None
) -> set[int]:
    """Which of these courses some active grant opens to `user`, or are taught by them (one query;
    none for visitors)."""
    if not user.is_authenticated:
        return set()
    # Both in one condition: the included courses that are read are those that answer it.
    for_itself = Q(course_id__in=course_ids)
    by_membership = Q(membership__included_courses__course_id__in=course_ids)
    grants = Grant.objects.filter(for_itself | by_membership, learner_id=user.pk)
    taught = CoursePage.objects.filter(pk__in=course_ids, instructor__account_id=user.pk)
    found = (
        grants.active(now or clock.now())
        .values_list("course_id", "membership__included_courses__course_id")
        .union(taught.order_by().values_list("pk", "pk"))
    )
    return {pk for row in found for pk in row if pk is not None}


def opened_to(user: User | AnonymousUser, *, now: datetime | None = None) -> Q:
    """A condition on courses: some active grant opens it to `user`, or they teach it (subqueries,
    no query of its own)."""
    if not user.is_authenticated:
        return Q(pk__in=[])
    grants = Grant.objects.filter(learner_id=user.pk).active(now or clock.now())
    return (
        Q(pk__in=grants.filter(course__isnull=False).values("course_id"))
        | Q(
            pk__in=grants.filter(membership__included_courses__isnull=False).values(
                "membership__included_courses__course_id"
            )
        )
        | Q(instructor__account_id=user.pk)
    )


def open_lessons(
    user: User | AnonymousUser, *, now: datetime | None = None
) -> QuerySet[LessonPage]:
    """Those `may_open` says yes to: the same rule for a subquery, which asks it of many at once."""
    above = CoursePage.objects.filter(
        path=Substr(OuterRef("path"), 1, Length(OuterRef("path")) - LessonPage.steplen)
    )
    granted = Exists(above.filter(opened_to(user, now=now)))
    is_live, is_closed = Exists(above.filter(live=True)), Exists(above.filter(live=False))
    once_published = Q(first_published_at__isnull=False, unpublished_alone=False)
    return LessonPage.objects.filter(
        (is_live & Q(live=True) & (Q(free_preview=True) | granted))
        | (is_closed & granted & once_published)
    )


def may_open(
    user: User | AnonymousUser,
    lesson: LessonPage,
    *,
    course: CoursePage | None = None,
    now: datetime | None = None,
) -> bool:
    """May `user` see this lesson's body, transcript and files? Fails closed."""
    course = course or course_of(lesson)
    if lesson.free_preview and course.live and lesson.live:
        return True
    return to_course(user, course, now=now).opens(lesson)


def course_of(lesson: LessonPage) -> CoursePage:
    """The course a lesson stands in."""
    return CoursePage.objects.get(path=lesson.path[: -LessonPage.steplen], depth=lesson.depth - 1)
