"""What a learner sees of their study: a course's progress, their courses, what to go on with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Count, Exists, Max, OuterRef, Q

from accounts.models import User
from courses import access, outline
from courses import queries as catalogue
from courses.models import CoursePage, Grant, LessonPage
from learning import states
from learning.models import LessonProgress
from learning.states import LessonState

LOOKED_AT = 3  # courses begun that may be the one to go on with


@dataclass(frozen=True)
class CourseProgress:
    """Where a learner stands in a course; `lessons` has those begun, by id."""

    lessons: dict[int, LessonState]
    next_lesson: LessonPage | None = None

    @property
    def done_count(self) -> int:
        return sum(state.is_done for state in self.lessons.values())

    @property
    def has_begun(self) -> bool:
        return bool(self.lessons)


def course_progress(
    learner_id: int | None, course: CoursePage, lessons: Sequence[LessonPage] | None = None
) -> CourseProgress:
    """One query; with the course's `lessons` in order it also knows the next one."""
    if learner_id is None:
        found: dict[int, LessonState] = {}
    elif lessons is None:
        found = states.of(learner_id, LessonPage.objects.child_of(course).values("pk"))
    else:
        found = states.of(learner_id, [lesson.pk for lesson in lessons])
    return CourseProgress(found, next_of(lessons or [], found))


def next_of(lessons: Iterable[LessonPage], found: dict[int, LessonState]) -> LessonPage | None:
    """The lesson to go on with: the last one studied until it is done, then the one after it.

    Whoever begins begins with the first regular lesson: the preface was free to hear.
    """
    ordered = list(lessons)
    begun = [(state.studied_at, pk) for pk, state in found.items() if state.studied_at]
    last = max(begun)[1] if begun else None
    places = {lesson.pk: i for i, lesson in enumerate(ordered)}
    regular = (each.pk for each in ordered if each.kind == LessonPage.Kind.REGULAR)
    place = places.get(last, places.get(next(regular, None), 0))
    todo = ordered[place:] + ordered[:place]
    return next((each for each in todo if each.pk not in found or not found[each.pk].is_done), None)


@dataclass(frozen=True)
class Continue:
    """What one tap goes on with."""

    course: CoursePage
    lesson: LessonPage
    state: LessonState
    label: str  # 第 2 讲
    is_first: bool = False  # nothing of the course was begun

    @property
    def has_begun(self) -> bool:
        return self.state.studied_at is not None

    @property
    def is_heard(self) -> bool:
        return bool(self.lesson.audio_id or self.lesson.video_id)

    @property
    def seconds_left(self) -> float:
        """Of listening or reading."""
        seconds = self.lesson.seconds
        done = self.state.resumes_at if self.is_heard else seconds * self.state.read_to
        return seconds - done


@dataclass(frozen=True)
class CourseRow:
    """A course in one of the lists of the study page."""

    course: CoursePage
    lessons: int
    done: int
    studied_at: datetime | None
    is_mine: bool
    has_grant: bool

    @property
    def planned(self) -> int:
        return max(self.lessons, self.course.lessons_in_all)

    @property
    def has_begun(self) -> bool:
        return self.studied_at is not None

    @property
    def is_done(self) -> bool:
        return self.lessons > 0 and self.done >= self.planned


def courses_of(user: User, *, now: datetime) -> list[CourseRow]:
    """The courses begun or bought, the last studied first. Constant queries.

    Bought is what some grant opens for itself (a purchase, a gift, a scholarship), not what a
    membership happens to include.
    """
    gone = catalogue.withdrawn_lessons().values("pk")
    begun = {
        row["course_id"]: row
        for row in LessonProgress.objects.filter(learner_id=user.pk)
        .values("course_id")
        .annotate(done=Count("done_at", filter=~Q(lesson_id__in=gone)), last=Max("studied_at"))
        .order_by()
        if row["last"] or row["done"]
    }
    grants = Grant.objects.filter(learner_id=user.pk, course__isnull=False).active(now)
    own = grants.exclude(source_kind=Grant.Source.FORMER_MEMBERSHIP)
    mine = dict(own.order_by("starts_at").values_list("course_id", "starts_at"))
    ids = [*begun, *(pk for pk in mine if pk not in begun)]
    granted = access.granted_courses(user, ids, now=now)
    pages = catalogue.courses().filter(pk__in=ids)
    counts = lessons_in(ids)
    rows = [
        CourseRow(
            course=page,
            lessons=counts.get(page.pk, 0),
            done=min(begun[page.pk]["done"], counts.get(page.pk, 0)) if page.pk in begun else 0,
            studied_at=begun[page.pk]["last"] if page.pk in begun else None,
            is_mine=page.pk in mine,
            has_grant=page.pk in granted,
        )
        for page in pages
        if page.live or page.pk in granted
    ]
    return sorted(
        rows, key=lambda row: (row.has_begun, row.studied_at or mine[row.course.pk]), reverse=True
    )


def lessons_in(course_ids: Iterable[int]) -> dict[int, int]:
    """How many lessons stand in each course, as `access` counts them."""
    courses = CoursePage.objects.filter(pk__in=course_ids)
    rows = (
        LessonPage.objects.annotate(course_path=catalogue.COURSE_PATH)
        .filter(course_path__in=courses.values("path"))
        .order_by()
        .values("course_path")
        .annotate(
            live=Count("pk", filter=Q(live=True)),
            kept=Count("pk", filter=Q(first_published_at__isnull=False, unpublished_alone=False)),
        )
    )
    by_path = {row["course_path"]: row for row in rows}
    return {
        pk: by_path[path]["live" if live else "kept"]
        for pk, path, live in courses.values_list("pk", "path", "live")
        if path in by_path
    }


def going_on(user: User, rows: Sequence[CourseRow]) -> Continue | None:
    """The next lesson that is open to the learner, in the course studied last. Two queries.

    Who has begun nothing gets the first lesson of the course bought last.
    """
    begun = [row for row in rows if row.has_begun and not row.is_done]
    likely = [
        *begun[:LOOKED_AT],
        *[row for row in begun[LOOKED_AT:] if row.has_grant][:1],
        *[row for row in rows if not row.has_begun][:1],
    ]
    if not likely:
        return None
    in_courses = (LessonPage.objects.child_of_q(row.course) for row in likely)
    lessons = LessonPage.objects.filter(reduce(or_, in_courses)).defer(*outline.HEAVY)
    by_path = sorted(lessons, key=lambda lesson: lesson.path)
    found = states.of(user.pk, [lesson.pk for lesson in by_path])
    for row in likely:
        here = [lesson for lesson in by_path if lesson.is_child_of(row.course)]
        if going := _next_in(row, here, found):
            return going
    return None


def _next_in(
    row: CourseRow, lessons: Sequence[LessonPage], found: dict[int, LessonState]
) -> Continue | None:
    to_learner = access.Access(row.course, row.has_grant)
    is_open = {lesson.pk for lesson in lessons if to_learner.opens(lesson)}
    begun = {pk: state for pk, state in found.items() if pk in is_open}
    lesson = next_of([each for each in lessons if each.pk in is_open], begun)
    if lesson is None:
        return None
    standing = access.Access(row.course, has_grant=True)
    label = _label(lesson, [each for each in lessons if standing.opens(each)])
    return Continue(
        row.course, lesson, begun.get(lesson.pk, LessonState()), label, not row.has_begun
    )


def _label(lesson: LessonPage, standing: Iterable[LessonPage]) -> str:
    """第 2 讲, 发刊词: as the course's outline counts."""
    regular = [each.pk for each in standing if each.kind == LessonPage.Kind.REGULAR]
    number = regular.index(lesson.pk) + 1 if lesson.pk in regular else 0
    row = outline.OutlineRow(lesson, outline.label(lesson, number), opens=True)
    return row.name


def first_preface() -> Continue | None:
    """A free preface for who has nothing in study: the newest of a live course."""
    courses = CoursePage.objects.live().filter(path=OuterRef("course_path"))
    lesson = (
        LessonPage.objects.live()
        .filter(kind=LessonPage.Kind.PREFACE, free_preview=True)
        .annotate(course_path=catalogue.COURSE_PATH)
        .filter(Exists(courses))
        .defer(*outline.HEAVY)
        .order_by("-first_published_at", "-pk")
        .first()
    )
    if lesson is None:
        return None
    course = access.course_of(lesson)
    return Continue(course, lesson, LessonState(), _label(lesson, []), is_first=True)
