"""Refusing to delete or to move away what somebody has a right to, with the reason."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import ngettext
from wagtail.models import Page

from courses.models import CoursePage, Grant, LessonPage
from operations import clock


def count_learners(pages: Iterable[Page], *, now: datetime) -> int:
    """How many people would lose something with these pages and what stands below them.

    A course: whoever ever got it, and whoever has it by a membership now. A lesson that was
    published once: whoever may open it now.
    """
    trees = Page.objects.none()
    for page in pages:
        trees = trees | page.get_descendants(inclusive=True)
    courses = CoursePage.objects.filter(pk__in=trees.values("pk"))
    lessons = LessonPage.objects.filter(pk__in=trees.values("pk"), first_published_at__isnull=False)
    parents = {path[: -LessonPage.steplen] for path in lessons.values_list("path", flat=True)}
    to_open = CoursePage.objects.filter(Q(pk__in=courses) | Q(path__in=parents))
    active = Grant.objects.active(now)
    lost = (
        Grant.objects.filter(course__in=courses).values("learner"),
        active.filter(course__in=to_open).values("learner"),
        active.filter(membership__included_courses__course__in=to_open).values("learner"),
    )
    return lost[0].union(*lost[1:]).count()


def refuse(request: HttpRequest, pages: Iterable[Page]) -> HttpResponse | None:
    """A message and the way back, when learners have access to something below; else None."""
    pages = list(pages)
    number = count_learners(pages, now=clock.now())
    if not number:
        return None
    messages.error(
        request,
        ngettext(
            "Not done: %(number)d learner has access to it. Unpublish it instead.",
            "Not done: %(number)d learners have access to it. Unpublish it instead.",
            number,
        )
        % {"number": number},
    )
    parent = pages[0].get_parent()
    return redirect("wagtailadmin_explore", parent.pk if parent else pages[0].pk)
