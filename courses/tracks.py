"""Tracks as somebody sees them: stages of lessons in order, each with whether it opens.

An item that is a course stands for all its lessons, an item that is a lesson for itself; a lesson
that comes twice counts where it comes first. What somebody may not see is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, reduce
from operator import or_
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from accounts.models import User
from courses import access, queries
from courses.models import CoursePage, Discipline, LessonPage, TrackPage
from courses.outline import HEAVY, OutlineRow, number_rows


@dataclass(frozen=True)
class PathLesson:
    """A lesson on the path."""

    row: OutlineRow
    course: CoursePage

    @property
    def lesson(self) -> LessonPage:
        return self.row.lesson


@dataclass(frozen=True)
class Part:
    """Lessons of one course that follow one another; `whole` where the course was chosen."""

    course: CoursePage
    whole: bool
    rows: list[OutlineRow]


@dataclass(frozen=True)
class Stage:
    key: str  # the block's id
    title: str
    line: str
    parts: list[Part]

    @cached_property
    def lessons(self) -> list[PathLesson]:
        return [PathLesson(row, part.course) for part in self.parts for row in part.rows]

    @property
    def seconds(self) -> int:
        return sum(each.lesson.seconds for each in self.lessons)


@dataclass(frozen=True)
class Path:
    """A track's stages; `granted` are the courses on it that some grant opens to who looks."""

    track: TrackPage
    stages: list[Stage]
    granted: frozenset[int] = field(default_factory=frozenset)

    @cached_property
    def lessons(self) -> list[PathLesson]:
        return [lesson for stage in self.stages for lesson in stage.lessons]

    @cached_property
    def courses(self) -> list[CoursePage]:
        """In the order in which they come."""
        found = {part.course.pk: part.course for stage in self.stages for part in stage.parts}
        return list(found.values())

    @property
    def disciplines(self) -> list[Discipline]:
        found = {each.pk: each for course in self.courses for each in course.disciplines.all()}
        return list(found.values())

    @property
    def seconds(self) -> int:
        return sum(stage.seconds for stage in self.stages)


def path(track: TrackPage, user: User | AnonymousUser, *, now: datetime | None = None) -> Path:
    return paths([track], user, now=now)[0]


def paths(
    tracks: Sequence[TrackPage], user: User | AnonymousUser, *, now: datetime | None = None
) -> list[Path]:
    """The paths of these tracks, in their order. As many queries for one as for many."""
    courses = _courses_on(tracks)
    granted = access.granted_courses(user, [course.pk for course in courses], now=now)
    return _lay(tracks, courses, granted)


def previewed(track: TrackPage, *, opens: bool) -> Path:
    """As whoever has all of it, or nothing of it, would see it."""
    courses = _courses_on([track])
    granted = {course.pk for course in courses} if opens else set()
    return _lay([track], courses, granted)[0]


def _lay(
    tracks: Sequence[TrackPage], courses: Sequence[CoursePage], granted: set[int]
) -> list[Path]:
    rows = _rows_of(courses, granted)
    laid = []
    for track in tracks:
        stages = list(_stages(track, {course.pk: course for course in courses}, rows))
        on_it = {part.course.pk for stage in stages for part in stage.parts}
        laid.append(Path(track, stages, frozenset(granted & on_it)))
    return laid


def _chosen(track: TrackPage) -> Iterator[tuple[str, Any, list[int]]]:
    """Each stage's key, its words and the numbers of what was chosen.

    Read as they are stored: Wagtail would fetch the pages track by track.
    """
    for stage in track.stages.raw_data:
        value = stage["value"]
        yield stage.get("id") or "", value, [item["value"] for item in value["items"]]


def _courses_on(tracks: Iterable[TrackPage]) -> list[CoursePage]:
    """The courses chosen, and those that lessons chosen stand in."""
    ids = {pk for track in tracks for _key, _words, items in _chosen(track) for pk in items}
    if not ids:
        return []
    parents = LessonPage.objects.filter(pk__in=ids).order_by().values_list(queries.COURSE_PATH)
    return list(queries.courses().filter(Q(pk__in=ids) | Q(path__in=parents)))


def _rows_of(courses: Sequence[CoursePage], granted: set[int]) -> dict[int, list[OutlineRow]]:
    """By course, the lessons that stand in it for who looks; courses unseen are left out."""
    seen = [each for each in courses if access.Access(each, each.pk in granted).sees_course]
    if not seen:
        return {}
    below = reduce(or_, (LessonPage.objects.child_of_q(course) for course in seen))
    in_order = LessonPage.objects.filter(below).defer(*HEAVY).order_by("path")
    lessons: dict[str, list[LessonPage]] = {}
    for lesson in in_order:
        lessons.setdefault(lesson.path[: -LessonPage.steplen], []).append(lesson)
    rows = {}
    for course in seen:
        whoever_has_it = access.Access(course, has_grant=True)
        standing = [each for each in lessons.get(course.path, []) if whoever_has_it.opens(each)]
        rows[course.pk] = number_rows(course, standing, has_grant=course.pk in granted)
    return rows


def _stages(
    track: TrackPage, courses: dict[int, CoursePage], rows: dict[int, list[OutlineRow]]
) -> Iterator[Stage]:
    """The stages that have something to show."""
    by_page = {pk: Part(courses[pk], True, found) for pk, found in rows.items()}
    by_page |= {
        row.lesson.pk: Part(courses[pk], False, [row])
        for pk, found in rows.items()
        for row in found
    }
    taken: set[int] = set()
    for key, words, items in _chosen(track):
        parts: list[Part] = []
        for part in (by_page[pk] for pk in items if pk in by_page):
            fresh = [row for row in part.rows if row.lesson.pk not in taken]
            if fresh or not part.rows:  # a planned course has no lessons yet
                taken |= {row.lesson.pk for row in fresh}
                _add(parts, replace(part, rows=fresh))
        if parts:
            yield Stage(key, words["title"], words["line"], parts)


def _add(parts: list[Part], part: Part) -> None:
    if parts and parts[-1].course.pk == part.course.pk:
        last = parts.pop()
        part = Part(last.course, last.whole or part.whole, [*last.rows, *part.rows])
    parts.append(part)
