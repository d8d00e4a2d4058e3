"""What other apps' pages show of study. Each costs a constant number of queries a page.

{% lesson_study lesson as study %} on a lesson that was opened to whoever looks (its token goes to
the player: ask courses.access first): `study.token` (empty for visitors), `study.day_ends`,
`study.learner` (their number), `study.position`, `study.done`.

{% course_progress course lessons as progress %}: `progress.done_count`, `progress.lessons`
(LessonState by lesson id), `progress.next_lesson` (with the course's lessons in order only).

{% course_certificate course lessons progress as offer %} and {% track_certificate progress as offer
%}: for learning/certificate.html; no query where no certificate is given.

{% going_on as going %}, on the front page: what to go on with (Continue), or None; a constant
number of queries.

{% track_progress path as progress %} (of courses.tracks) and {% tracks_progress paths as found %}:
learning.track_progress.TrackProgress, in two queries. {% path_picture progress as picture %} draws
it; {% row_on_path progress row as state %} is a lesson's state for components/lesson_row.html.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from courses import queries as catalogue
from courses.models import CoursePage, LessonPage, TrackPage
from courses.outline import OutlineRow
from courses.tracks import Path, paths
from courses.wording import clock_words, row_state
from learning import certificate_offer, progress, queries, states, tokens, track_progress
from learning import path_picture as pictures
from learning.certificate_offer import Offer
from learning.forms import LastTaskForm
from learning.plans import PlannedDay
from learning.queries import Continue, CourseProgress
from learning.states import LessonState
from learning.study_time import Time
from learning.track_progress import TrackProgress
from operations import clock
from pages import dates
from pages.templatetags.charts import Bar

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
    def position_shown(self) -> str:
        return f"{self.position:.1f}"

    @property
    def position_at(self) -> int | None:
        """When it was played, by the browser's clock: in milliseconds since 1970."""
        at = self.state.position_at
        return round((at - clock.offset()).timestamp() * 1000) if at else None

    @property
    def done(self) -> bool:
        return self.state.is_done


@register.simple_tag(takes_context=True)
def lesson_study(context: Context, lesson: LessonPage) -> LessonStudy:
    """What the player of this lesson needs to know."""
    learner = learner_of(context)
    if learner is None:
        return LessonStudy()

    def find() -> LessonStudy:
        state = states.of_one(learner.pk, lesson.pk)
        if hasattr(context["request"], "looking"):  # staff see it, and report no progress
            return LessonStudy(state)
        issued = tokens.issue(learner=learner, lesson=lesson, now=clock.now())
        return LessonStudy(state, learner.pk, issued.token, issued.day_ends)

    return _once(context, ("lesson_study", lesson.pk), find)


@register.simple_tag(takes_context=True)
def course_progress(
    context: Context, course: CoursePage, lessons: Sequence[LessonPage] | None = None
) -> CourseProgress:
    """How far whoever looks is in a course."""
    learner = learner_of(context)
    if learner is None:
        return CourseProgress({}, lessons[0] if lessons else None)
    key = ("course_progress", course.pk, lessons is not None)
    return _once(context, key, lambda: queries.course_progress(learner.pk, course, lessons))


@register.simple_tag(takes_context=True)
def going_on(context: Context) -> Continue | None:
    """What whoever looks goes on with."""
    learner = learner_of(context)
    if learner is None:
        return None

    def find() -> Continue | None:
        progress.fold_learner(learner.pk)
        return queries.going_on(learner, queries.courses_of(learner, now=clock.now()))

    return _once(context, ("going_on",), find)


@register.filter
def of_track(planned: dict[int, PlannedDay], track: TrackPage) -> PlannedDay | None:
    """What a plan has for today."""
    return planned.get(track.pk)


@register.filter
def weekday_initial(day: date | int) -> str:
    """一 for a Monday: a date, or its number."""
    initials = (
        pgettext("weekday, short", "Mon"),
        pgettext("weekday, short", "Tue"),
        pgettext("weekday, short", "Wed"),
        pgettext("weekday, short", "Thu"),
        pgettext("weekday, short", "Fri"),
        pgettext("weekday, short", "Sat"),
        pgettext("weekday, short", "Sun"),
    )
    return initials[day if isinstance(day, int) else day.weekday()]


@register.simple_tag
def week_days(time: Time) -> list[dict[str, Any]]:
    """The week as components/week.html takes it."""
    return [
        {
            "label": weekday_initial(each.day),
            "studied": each.is_studied,
            "today": each.is_today,
            "ahead": each.is_future,
            "words": str(WEEKDAYS[each.day.weekday()])
            if each.is_future
            else _("%(day)s: %(minutes)d min studied")
            % {"day": WEEKDAYS[each.day.weekday()], "minutes": each.minutes},
        }
        for each in time.week
    ]


@register.simple_tag
def recent_bars(recent: list[tuple[date, int]]) -> list[Bar]:
    """The last weeks' days for the chart; none before anything was studied. Mondays are named."""
    if not any(minutes for _day, minutes in recent):
        return []
    return [
        Bar(
            words=dates.day(day, now=clock.now()),
            value=minutes,
            label=f"{day.month}/{day.day}" if day.weekday() == 0 else "",
        )
        for day, minutes in recent
    ]


@register.simple_tag
def heat_steps(goal: int) -> list[str]:
    """What the four levels of a heat map mean, by the minutes a day that the learner means."""
    half = (goal + 1) // 2
    steps = [
        _("under %(minutes)d min") % {"minutes": half},
        _("under %(minutes)d min") % {"minutes": goal},
        _("from %(minutes)d min") % {"minutes": goal},
        _("from %(minutes)d min") % {"minutes": goal * 2},
    ]
    return steps if half < goal else steps[1:]


@register.simple_tag
def entry_time(seconds: int) -> str:
    """12 分 5 秒: what adds up must be told to the second."""
    return clock_words(seconds)


@register.filter
def of_lesson(course: CourseProgress, lesson: LessonPage) -> LessonState:
    """{% with state=progress|of_lesson:lesson %}: `state.is_done`, `state.part` (0 … 1)."""
    return course.lessons.get(lesson.pk, LessonState())


@register.simple_tag(takes_context=True, name="track_progress")
def progress_on_track(context: Context, path: Path) -> TrackProgress:
    """How far whoever looks is on a track."""
    key = ("track_progress", path.track.pk)
    return _once(context, key, lambda: track_progress.of(learner_of(context), [path])[0])


@register.simple_tag(takes_context=True)
def tracks_progress(context: Context, paths: Sequence[Path]) -> list[TrackProgress]:
    """The same for a list of tracks."""
    return track_progress.of(learner_of(context), paths)


@register.simple_tag(takes_context=True)
def newest_tracks(context: Context, number: int = 2) -> list[TrackProgress]:
    """For the front page."""
    found = paths(catalogue.live_tracks()[:number], context["request"].user)
    return track_progress.of(learner_of(context), found)


@register.simple_tag(takes_context=True)
def course_certificate(
    context: Context, course: CoursePage, lessons: Sequence[LessonPage], progress: CourseProgress
) -> Offer | None:
    """What a course's page says of its certificate."""
    done = {pk for pk, state in progress.lessons.items() if state.is_done}
    return certificate_offer.offer(learner_of(context), course, lessons, done)


@register.simple_tag(takes_context=True)
def track_certificate(context: Context, progress: TrackProgress) -> Offer | None:
    """The same of a track's."""
    done = {pk for pk, state in progress.lessons.items() if state.is_done}
    lessons = [each.lesson for each in progress.path.lessons]
    return certificate_offer.offer(learner_of(context), progress.track, lessons, done)


@register.simple_tag
def path_picture(progress: TrackProgress) -> pictures.Picture:
    """The track as components/path.html draws it."""
    return pictures.draw(
        progress.stages,
        task=_("Last task"),
        task_state=progress.task_state,
    )


@register.simple_tag
def row_on_path(progress: TrackProgress, row: OutlineRow) -> str:
    """done, now (what an enrolled learner goes on with), free, open or locked."""
    state = progress.lessons.get(row.lesson.pk, LessonState())
    upcoming = progress.next
    is_next = progress.is_enrolled and upcoming is not None and upcoming.lesson.pk == row.lesson.pk
    return "now" if is_next else row_state(row, state)


@register.simple_tag
def last_task_form(progress: TrackProgress, form: LastTaskForm | None) -> LastTaskForm:
    """The form as it was posted with what is wrong, else with what the learner wrote before."""
    written = progress.enrolment.task_text if progress.enrolment else ""
    return form or LastTaskForm(initial={"text": written})


def learner_of(context: Context) -> User | None:
    """Who looks; nobody in a preview, for an editor at work is no learner."""
    request: HttpRequest | None = context.get("request")
    user = getattr(request, "user", None)
    if getattr(request, "is_preview", False):
        return None
    return user if user is not None and user.is_authenticated else None


def _once(context: Context, key: tuple[Any, ...], find: Callable[[], Any]) -> Any:
    """Found once a request, however often the page asks."""
    request: Any = context["request"]
    found = request.__dict__.setdefault("_learning", {})
    if key not in found:
        found[key] = find()
    return found[key]
