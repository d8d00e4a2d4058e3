"""One way into a discipline that a learner has not touched yet."""

from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from courses.models import CoursePage, LessonPage
from courses.outline import HEAVY
from courses.queries import COURSE_PATH
from learning.book import Field


@dataclass(frozen=True)
class Suggestion:
    field: Field
    lesson: LessonPage
    course: CoursePage


def suggest(fields: list[Field]) -> Suggestion | None:
    """A free lesson, a preface before others, in the first untouched field that has one (two
    queries; none where everything is touched)."""
    untouched = {
        each.slug: top
        for top in fields
        if not top.is_touched and top.is_here
        for each in (top, *top.parts)
    }
    if not untouched:
        return None
    courses = CoursePage.objects.live().filter(disciplines__slug__in=untouched)
    found = courses.order_by("disciplines__sort_order", "disciplines__name", "pk")
    slugs: dict[int, str] = {}
    for pk, slug in found.values_list("pk", "disciplines__slug"):
        slugs.setdefault(pk, slug)
    lesson = _free_lesson([*slugs])
    if lesson is None:
        return None
    course = CoursePage.objects.get(pk=lesson.course_id)
    return Suggestion(untouched[slugs[course.pk]], lesson, course)


def _free_lesson(course_ids: list[int]) -> LessonPage | None:
    course = CoursePage.objects.filter(path=OuterRef("course_path"))
    lessons = (
        LessonPage.objects.live()
        .filter(free_preview=True)
        .annotate(course_path=COURSE_PATH)
        .annotate(course_id=Subquery(course.values("pk")[:1]))
        .filter(course_id__in=course_ids)
        .defer(*HEAVY)
    )
    places = {pk: place for place, pk in enumerate(course_ids)}
    preface = LessonPage.Kind.PREFACE
    return min(
        lessons,
        key=lambda each: (places[each.course_id], each.kind != preface, each.path),
        default=None,
    )
