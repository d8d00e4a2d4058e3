"""The kinds of things one may find, in the order in which they are shown: one table."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext
from wagtail.blocks import StreamValue
from wagtail.models import Page
from wagtail.rich_text import get_text_for_indexing

from courses.models import ArticlePage, CoursePage, Instructor, LessonPage, TrackPage
from courses.outline import OutlineRow, label
from courses.wording import course_state, minutes
from operations import clock
from pages import dates


@dataclass(frozen=True)
class Shown:
    """What a result shows of an object. Public words alone."""

    url: str
    texts: list[str]  # of which a snippet is cut
    facts: list[str]
    planned: CoursePage | None = None  # its state is not among the facts: it may come no more
    is_free: bool = False
    names: list[str] = field(default_factory=list)  # who made it, what it is of
    subjects: list[str] = field(default_factory=list)  # disciplines: told where they are found


@dataclass(frozen=True)
class Kind:
    key: str  # in the address: ?kind=lessons
    label: str | Promise
    model: type[Model]
    fields: tuple[str, ...]  # all that is read of it, besides title and place in the tree
    show: Callable[[Any, Any], Shown]  # of the object and its row in `queries`

    @property
    def is_page(self) -> bool:
        return issubclass(self.model, Page)

    @property
    def name(self) -> str:
        """Of the model; a Page has its own kind under it."""
        return str(self.model._meta.model_name)


def show_course(course: CoursePage, row: Any) -> Shown:
    course.withdrawn_lessons = row.withdrawn_lessons
    course.live_lessons = row.live_lessons
    planned = course.is_planned(timezone.localdate(clock.now()))
    return Shown(
        url=course.get_absolute_url(),
        texts=[
            course.promise,
            course.subtitle,
            get_text_for_indexing(course.introduction),
            course.for_whom,
        ],
        facts=[] if planned else [course_state(course, row.live_lessons)],
        planned=course if planned else None,
        names=[course.instructor.name] if course.instructor else [],
        subjects=row.subjects.splitlines(),
    )


def show_lesson(lesson: LessonPage, row: Any) -> Shown:
    length = minutes(lesson.seconds)
    return Shown(
        url=reverse("lesson", args=[row.above_slug, lesson.slug]),
        texts=[lesson.question, lesson.summary],
        facts=[
            OutlineRow(lesson, label(lesson, row.place), opens=lesson.free_preview).name,
            ngettext("%(number)d minute", "%(number)d minutes", length) % {"number": length},
        ],
        is_free=lesson.free_preview,
        names=[row.above_title],
    )


def show_article(article: ArticlePage, row: Any) -> Shown:
    day = article.published_on
    return Shown(
        url=article.get_absolute_url(),
        texts=[article.summary, _text_of(article.body)],
        facts=[dates.day(day, now=clock.now())] if day else [],
        names=[article.author] if article.author else [],
        subjects=row.subjects.splitlines(),
    )


def show_track(track: TrackPage, row: Any) -> Shown:
    introduction = get_text_for_indexing(track.introduction)
    return Shown(
        url=track.get_absolute_url(),
        texts=[track.aim, introduction, _text_of_stages(track), track.last_task_title],
        facts=[],
    )


def show_instructor(person: Instructor, row: Any) -> Shown:
    return Shown(url=person.get_absolute_url(), texts=[person.line, person.biography], facts=[])


def _text_of_stages(track: TrackPage) -> str:
    """As it is indexed, without looking up what stands on the track."""
    stages = [stage["value"] for stage in track.stages.raw_data]
    return " ".join(stage.get(name) or "" for stage in stages for name in ("title", "line"))


def _text_of(body: StreamValue) -> str:
    """As it is indexed."""
    return " ".join(body.stream_block.get_searchable_content(body))


COURSES = Kind(
    "courses",
    gettext_lazy("Courses"),
    CoursePage,
    (
        *("promise", "subtitle", "introduction", "for_whom"),
        *("instructor__name", "opens_on", "planned_lessons"),
    ),
    show_course,
)
LESSONS = Kind(
    "lessons",
    gettext_lazy("Lessons"),
    LessonPage,
    ("question", "summary", "kind", "seconds", "free_preview"),
    show_lesson,
)
ARTICLES = Kind(
    "articles",
    gettext_lazy("Articles"),
    ArticlePage,
    ("summary", "author", "published_on", "body"),
    show_article,
)
INSTRUCTORS = Kind(
    "instructors",
    gettext_lazy("Instructors"),
    Instructor,
    ("name", "slug", "line", "biography"),
    show_instructor,
)
TRACKS = Kind(
    "tracks",
    gettext_lazy("Tracks"),
    TrackPage,
    ("aim", "introduction", "stages", "last_task_title"),
    show_track,
)
KINDS = (COURSES, LESSONS, ARTICLES, INSTRUCTORS, TRACKS)
PAGES = tuple(kind for kind in KINDS if kind.is_page)
OTHERS = tuple(kind for kind in KINDS if not kind.is_page)


def kind_of(key: str) -> Kind | None:
    return next((kind for kind in KINDS if kind.key == key), None)
