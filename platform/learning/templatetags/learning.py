"""What other apps' pages show of study. Each costs one query at most a page.

{% lesson_study lesson as study %} on a lesson that was opened to whoever looks (its token goes to
the player: ask courses.access first): `study.token` (empty for visitors), `study.day_ends`,
`study.learner` (their number), `study.position`, `study.done`.

{% course_progress course lessons as progress %}: `progress.done_count`, `progress.lessons`
(LessonState by lesson id), `progress.next_lesson` (with the course's lessons in order only).

{% going_on as going %}, on the front page: what to go on with (Continue), or None; a constant
number of queries.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from courses.models import CoursePage, LessonPage
from learning import progress, queries, states, tokens
from learning.queries import Continue, CourseProgress
from learning.states import LessonState
from learning.study_time import Time
from operations import clock

register = template.Library()


@dataclass(frozen=True)
class LessonStudy:
    state: LessonState = field(default_factory=LessonState)
    learner: int | None = None
    token: str = ""
    day_ends: int | None = None

    @property
    def position(self) -> float:
        return self.state.resumes_at

    @property
    def done(self) -> bool:
        return self.state.is_done


@register.simple_tag(takes_context=True)
def lesson_study(context: Context, lesson: LessonPage) -> LessonStudy:
    """What the player of this lesson needs to know."""
    learner = _learner(context)
    if learner is None:
        return LessonStudy()

    def find() -> LessonStudy:
        state = states.of(learner.pk, [lesson.pk]).get(lesson.pk, LessonState())
        issued = tokens.issue(learner=learner, lesson=lesson, now=clock.now())
        return LessonStudy(state, learner.pk, issued.token, issued.day_ends)

    return _once(context, ("lesson_study", lesson.pk), find)


@register.simple_tag(takes_context=True)
def course_progress(
    context: Context, course: CoursePage, lessons: Sequence[LessonPage] | None = None
) -> CourseProgress:
    """How far whoever looks is in a course."""
    learner = _learner(context)
    if learner is None:
        return CourseProgress({}, lessons[0] if lessons else None)
    key = ("course_progress", course.pk, lessons is not None)
    return _once(context, key, lambda: queries.course_progress(learner.pk, course, lessons))


@register.simple_tag(takes_context=True)
def going_on(context: Context) -> Continue | None:
    """What whoever looks goes on with."""
    learner = _learner(context)
    if learner is None:
        return None

    def find() -> Continue | None:
        progress.fold_learner(learner.pk)
        return queries.going_on(learner, queries.courses_of(learner, now=clock.now()))

    return _once(context, ("going_on",), find)


@register.simple_tag
def week_days(time: Time) -> list[dict[str, Any]]:
    """The week as components/week.html takes it."""
    initials = (
        pgettext("weekday, short", "Mon"),
        pgettext("weekday, short", "Tue"),
        pgettext("weekday, short", "Wed"),
        pgettext("weekday, short", "Thu"),
        pgettext("weekday, short", "Fri"),
        pgettext("weekday, short", "Sat"),
        pgettext("weekday, short", "Sun"),
    )
    return [
        {
            "label": initials[each.day.weekday()],
            "studied": each.is_studied,
            "today": each.is_today,
            "ahead": each.is_future,
            "words": _("%(day)s: %(minutes)d min studied")
            % {"day": WEEKDAYS[each.day.weekday()], "minutes": each.minutes},
        }
        for each in time.week
    ]


@register.filter
def of_lesson(course: CourseProgress, lesson: LessonPage) -> LessonState:
    """{% with state=progress|of_lesson:lesson %}: `state.is_done`, `state.part` (0 … 1)."""
    return course.lessons.get(lesson.pk, LessonState())


def _learner(context: Context) -> User | None:
    request: HttpRequest | None = context.get("request")
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None


def _once(context: Context, key: tuple[Any, ...], find: Callable[[], Any]) -> Any:
    """Found once a request, however often the page asks."""
    request: Any = context["request"]
    found = request.__dict__.setdefault("_learning", {})
    if key not in found:
        found[key] = find()
    return found[key]
