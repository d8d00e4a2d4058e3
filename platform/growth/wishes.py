"""想学: who wants to learn a planned course, and that they are told when it opens."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from wagtail.query import PageQuerySet

from accounts import mail
from accounts.models import User
from courses import queries as catalogue
from courses.models import CoursePage, Grant, LessonPage
from growth.models import Wish
from payments import presale
from payments.models import Offer

SHOWN_FROM = 3  # people: fewer are no company
AT_ONCE = 1000
LATELY = timedelta(days=30)


class NotPlanned(Exception):
    """It is out already, or not announced: there is nothing to wish for."""


@dataclass(frozen=True)
class Standing:
    """How many want a course, and whether the one who looks is among them."""

    number: int
    is_mine: bool

    @property
    def number_shown(self) -> int:
        return self.number if self.number >= SHOWN_FROM else 0


def of_course(course: CoursePage, learner: User | None) -> Standing:
    """One query."""
    mine = Q(learner_id=learner.pk if learner else None)
    found = Wish.objects.filter(course=course).aggregate(
        number=Count("pk"), mine=Count("pk", filter=mine)
    )
    return Standing(found["number"], bool(learner and found["mine"]))


def of_learner(learner: User) -> QuerySet[Wish]:
    """What they wait for, the next to open first; of each course `has_lessons`. One query."""
    waiting = Wish.objects.filter(learner=learner, told_at=None, course__live=True)
    lessons = LessonPage.objects.live().filter(
        depth=OuterRef("course__depth") + 1, path__startswith=OuterRef("course__path")
    )
    return (
        waiting.select_related("course")
        .annotate(has_lessons=Exists(lessons))
        .order_by("course__opens_on", "wished_at")
    )


def is_to_come(course: CoursePage, *, now: datetime) -> bool:
    """Whether it is planned, or its day has passed with nothing out. At most one query."""
    if not course.live or course.opens_on is None:
        return False
    is_planned = course.is_planned(timezone.localdate(now))
    return is_planned or not LessonPage.objects.child_of(course).live().exists()


def make(*, learner: User, course: CoursePage, now: datetime) -> Wish:
    """Tapped again, it is the one that was made. Raises NotPlanned."""
    if not is_to_come(course, now=now):
        raise NotPlanned
    made, _is_new = Wish.objects.get_or_create(
        learner=learner, course=course, defaults={"wished_at": now}
    )
    return made


def take_back(*, learner: User, course: CoursePage) -> None:
    """What was told already stays: a mail has gone out for it."""
    Wish.objects.filter(learner=learner, course=course, told_at=None).delete()


def counted(pages: QuerySet, *, now: datetime) -> PageQuerySet:
    """Of these pages the courses that somebody wants, the most wanted first: `wished`, and
    `wished_lately` in the last 30 days."""
    lately = Q(wishes__wished_at__gte=now - LATELY)
    return (
        CoursePage.objects.filter(pk__in=pages.order_by().values("pk"))
        .annotate(wished=Count("wishes"), wished_lately=Count("wishes", filter=lately))
        .annotate(has_lessons=Exists(catalogue.in_course(LessonPage.objects.live())))
        .filter(wished__gt=0)
        .order_by("-wished", "title")
    )


# --- the course has opened -----------------------------------------------------------------------


def tell_all(*, now: datetime) -> int:
    """A mail to everybody whose wished course has opened; gives how many. Killed on the way, the
    next run goes on with those who were not told yet."""
    return sum(_tell_of(course, now=now) for course in _opened(now=now))


def _opened(*, now: datetime) -> PageQuerySet:
    """Published, their day has come, and there is something to learn. What was called off stays
    so until it is for sale again."""
    called_off = presale.given_up_courses() - set(
        Offer.objects.filter(is_active=True, course__isnull=False).values_list("course", flat=True)
    )
    lessons = catalogue.in_course(LessonPage.objects.live())
    untold = Wish.objects.filter(course=OuterRef("pk"), told_at=None, learner__is_active=True)
    return (
        CoursePage.objects.live()
        .filter(Q(opens_on=None) | Q(opens_on__lte=timezone.localdate(now)))
        .filter(Exists(lessons), Exists(untold))
        .exclude(pk__in=called_off)
    )


def _tell_of(course: CoursePage, *, now: datetime) -> int:
    told, last = 0, 0
    while True:
        untold = Wish.objects.filter(course=course, told_at=None, learner__is_active=True)
        rows = list(untold.filter(pk__gt=last).order_by("pk")[:AT_ONCE])
        if not rows:
            return told
        last = rows[-1].pk
        learners = [row.learner_id for row in rows]
        granted = Grant.objects.filter(learner_id__in=learners).covering(course.pk).active(now)
        who_may_begin = set(granted.values_list("learner_id", flat=True))
        for row in rows:
            told += _tell(row.pk, course, row.learner_id in who_may_begin, now=now)


@transaction.atomic
def _tell(pk: int, course: CoursePage, may_begin: bool, *, now: datetime) -> bool:
    """False where another run has told it, or it was taken back meanwhile."""
    wish = (
        Wish.objects.select_for_update(of=("self",), no_key=True)
        .select_related("learner")
        .filter(pk=pk, told_at=None)
        .first()
    )
    if wish is None:
        return False
    wish.told_at = now
    wish.save(update_fields=["told_at"])
    return mail.queue(
        key=f"wish-open-{wish.pk}",
        to=wish.learner.email,
        template="wish_open",
        context={
            "title": course.title,
            "may_begin": may_begin,
            "address": settings.BASE_URL + _address(course, may_begin),
        },
        language=wish.learner.language,
        now=now,
        user=wish.learner,
    )


def _address(course: CoursePage, may_begin: bool) -> str:
    """The first lesson for who may open it, else the course."""
    if may_begin:
        lessons = LessonPage.objects.child_of(course).live().order_by("path")
        regular = lessons.filter(kind=LessonPage.Kind.REGULAR)
        first = regular.values_list("slug", flat=True).first()
        if first:
            return reverse("lesson", args=[course.slug, first])
    return course.get_absolute_url()
