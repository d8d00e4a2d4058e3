"""What came out of somebody lately: courses, lessons, and articles where it is the publisher."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Exists, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.query import PageQuerySet

from courses import queries
from courses.models import CoursePage, Instructor, LessonPage
from courses.outline import HEAVY
from growth.sources import Source

MOST = 20
TOGETHER = timedelta(hours=1)  # what comes so soon after its course came with it


@dataclass(frozen=True)
class News:
    title: str
    url: str
    at: datetime
    of: str  # the course of a lesson, the instructor of a course, the author of an article


def since(sources: Iterable[Source], after: datetime, until: datetime) -> list[News]:
    """Newest first, at most 20. The publisher's is everybody's. At most three queries."""
    known = list(sources)
    if not known:
        return []
    of_all = None in known
    mine = Q() if of_all else Q(instructor__in=[each for each in known if each])
    out = CoursePage.objects.live().filter(
        mine, Q(opens_on=None) | Q(opens_on__lte=timezone.localdate(until))
    )
    within = Q(first_published_at__gt=after, first_published_at__lte=until)
    found = [*_courses(out, after, until), *_lessons(out, within)]
    if of_all:
        found += _articles(within)
    return sorted(found, key=lambda each: each.at, reverse=True)[:MOST]


def _opened_at(course: CoursePage) -> datetime:
    """When it was first published; one that was planned, the midnight of its day."""
    if course.opens_on is None:
        return course.first_published_at
    return max(
        course.first_published_at, timezone.make_aware(datetime.combine(course.opens_on, time()))
    )


def _courses(courses: PageQuerySet, after: datetime, until: datetime) -> list[News]:
    """Those with something to learn in them."""
    lessons = queries.in_course(LessonPage.objects.live())
    opened = Q(first_published_at__gt=after) | Q(opens_on__gte=timezone.localdate(after))
    rows = courses.filter(opened, Exists(lessons), first_published_at__lte=until)
    newest = rows.select_related("instructor").order_by("-first_published_at")[:MOST]
    return [
        News(each.title, each.get_absolute_url(), _opened_at(each), _by(each.instructor))
        for each in newest
        if after < _opened_at(each) <= until
    ]


def _lessons(courses: PageQuerySet, within: Q) -> list[News]:
    """What came with its course, or before it opened, is told by the course."""
    lessons = queries.lessons_of(courses).filter(within).defer(*HEAVY)
    newest = list(lessons.order_by("-first_published_at")[:MOST])
    above = {each.path: each for each in courses.filter(path__in={p.course_path for p in newest})}
    told = []
    for lesson in newest:
        course = above[lesson.course_path]
        if lesson.first_published_at > _opened_at(course) + TOGETHER:
            url = reverse("lesson", args=[course.slug, lesson.slug])
            told.append(News(lesson.title, url, lesson.first_published_at, course.title))
    return told


def _articles(within: Q) -> list[News]:
    rows = queries.live_articles().filter(within).order_by("-first_published_at")
    return [
        News(each.title, each.get_absolute_url(), each.first_published_at, each.author)
        for each in rows[:MOST]
    ]


def _by(instructor: Instructor | None) -> str:
    return _("New course by %(name)s") % {"name": instructor.name} if instructor else ""
