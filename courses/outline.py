"""A course's lessons in order, under their chapters."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from courses.models import CoursePage, LessonPage

# Read by every list of lessons; the heavy and paid fields stay where they are.
SHOWN = ("body", "transcript", "markers", "attachments")
HEAVY = (*SHOWN, "quiz")


@dataclass
class OutlineRow:
    """A lesson as the outline shows it; `chapter` is set on the first lesson of each chapter."""

    lesson: LessonPage
    label: str
    opens: bool
    chapter: str = ""

    @property
    def name(self) -> str:
        """The label in a sentence: 第 2 讲, 发刊词."""
        if self.lesson.kind == LessonPage.Kind.REGULAR:
            return _("Lesson %(number)d") % {"number": int(self.label)}
        return self.label


def lessons_of(course: CoursePage) -> QuerySet[LessonPage]:
    """The lessons that stand in the course: live ones, or, once it is unpublished, those it had."""
    lessons = LessonPage.objects.child_of(course).defer(*HEAVY).order_by("path")
    if course.live:
        return lessons.live()
    return lessons.filter(first_published_at__isnull=False, unpublished_alone=False)


def outline(course: CoursePage, *, has_grant: bool) -> list[OutlineRow]:
    """The rows of the course's outline (two queries)."""
    chapters: dict[UUID | None, str] = {row.key: row.title for row in course.chapters.all()}
    rows = number_rows(course, lessons_of(course), has_grant=has_grant)
    current: UUID | None = None
    for row in rows:
        key = row.lesson.chapter_key
        if key != current and key in chapters:
            row.chapter = chapters[key]
        current = key
    return rows


def number_rows(
    course: CoursePage, lessons: Iterable[LessonPage], *, has_grant: bool
) -> list[OutlineRow]:
    """The course's lessons in order as rows, counted; chapters aside. No query of its own."""
    rows = []
    number = 0
    for lesson in lessons:
        if lesson.kind == LessonPage.Kind.REGULAR:
            number += 1
        rows.append(
            OutlineRow(lesson, label(lesson, number), has_grant or _is_free(course, lesson))
        )
    return rows


def _is_free(course: CoursePage, lesson: LessonPage) -> bool:
    return course.live and lesson.free_preview


def label(lesson: LessonPage, number: int) -> str:
    """What stands before the title: 01, 02 … or 发刊词, 加餐, 答疑."""
    if lesson.kind == LessonPage.Kind.REGULAR:
        return f"{number:02d}"
    return str(lesson.get_kind_display())


def neighbours(
    rows: list[OutlineRow], lesson: LessonPage
) -> tuple[OutlineRow | None, OutlineRow | None, OutlineRow | None]:
    """The rows before, of, and after the lesson."""
    index = next((i for i, row in enumerate(rows) if row.lesson.pk == lesson.pk), None)
    if index is None:
        return None, None, None
    before = rows[index - 1] if index else None
    after = rows[index + 1] if index + 1 < len(rows) else None
    return before, rows[index], after
