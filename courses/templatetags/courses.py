"""What other apps' templates show of the courses."""

from dataclasses import dataclass
from typing import Any

from babel.numbers import format_decimal
from django import template
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, to_locale
from django.utils.translation import gettext as _

from courses import media, queries
from courses.models import ArticlePage, CoursePage, Instructor, LessonPage, PrivateImage
from courses.outline import OutlineRow
from operations import clock

register = template.Library()
PICTURE_WIDTH, PICTURE_HEIGHT = 1296, 2592


@dataclass(frozen=True)
class FreeLesson:
    lesson: LessonPage
    course: CoursePage


@register.simple_tag
def lesson_picture(lesson: LessonPage, image: PrivateImage, alt: str) -> SafeString:
    """A picture inside a lesson, by the address that checks access."""
    scale = min(1, PICTURE_WIDTH / image.width, PICTURE_HEIGHT / image.height)
    return format_html(
        '<img src="{}" width="{}" height="{}" alt="{}" loading="lazy" decoding="async">',
        media.address(lesson, f"image-{image.pk}"),
        round(image.width * scale),
        round(image.height * scale),
        alt,
    )


@register.simple_tag
def newest_courses(number: int = 6) -> list[CoursePage]:
    return queries.cards(queries.live_courses()[:number])


@register.simple_tag
def newest_articles(number: int = 5) -> list[ArticlePage]:
    return list(queries.live_articles()[:number])


@register.simple_tag
def chosen_courses(pages: list[CoursePage]) -> list[CoursePage]:
    """The live ones among an editor's choice, in that order; the newest when none was chosen."""
    order = [page.pk for page in pages if page]
    if not order:
        return newest_courses()
    chosen = queries.cards(queries.live_courses().filter(pk__in=order))
    found = {page.pk: page for page in chosen}
    return [found[pk] for pk in order if pk in found]


@register.simple_tag
def free_lesson(lesson: LessonPage | None) -> FreeLesson | None:
    """The lesson an editor chose for the front page, if it is free and out."""
    if lesson is None or not lesson.live or not lesson.free_preview:
        return None
    course = queries.live_courses().parent_of(lesson).first()
    return FreeLesson(lesson, course) if course else None


@register.simple_tag
def course_cover(course: CoursePage) -> dict[str, object] | None:
    """What components/cover.html takes; nothing where the course has no picture."""
    if course.cover is None:
        return None
    small, large = (course.cover.get_rendition(spec) for spec in queries.COVERS)
    return {
        "src": small.url,
        "srcset": f"{small.url} {small.width}w, {large.url} {large.width}w",
        "width": small.width,
        "height": small.height,
    }


@register.simple_tag
def portrait_address(instructor: Instructor) -> str:
    if instructor.portrait is None:
        return ""
    return str(instructor.portrait.get_rendition("fill-144x144|format-webp|public").url)


@register.simple_tag
def course_state(course: CoursePage, lessons: int, planned: bool | None = None) -> str:
    """已更新 6/8 讲, 共 8 讲, or when a planned course opens."""
    if planned is None:
        planned = course.is_planned(timezone.localdate(clock.now()))
    if planned and course.opens_on:
        day = date_format(course.opens_on, "DATE_FORMAT")
        return _("Opens on %(day)s") % {"day": day}
    if course.planned_lessons > lessons:
        return _("%(out)d of %(planned)d lessons are out") % {
            "out": lessons,
            "planned": course.planned_lessons,
        }
    return ngettext("%(number)d lesson", "%(number)d lessons", lessons) % {"number": lessons}


@register.filter
def ground(course: CoursePage) -> str:
    """The colour of the course's cover: its first discipline's."""
    first = next(iter(course.disciplines.all()), None)
    return first.ground if first else "other"


@register.filter
def row_state(row: OutlineRow, study: Any) -> str:
    """The state a row of the outline shows; `study` has `is_done` (learning)."""
    if getattr(study, "is_done", False):
        return "done"
    if not row.opens:
        return "locked"
    return "free" if row.lesson.free_preview else "open"


@register.simple_tag(takes_context=True)
def player_attributes(context: Context, study: Any) -> list[tuple[str, object]]:
    """What <rz-lesson> tells the player; `study` is learning's `lesson_study`."""
    lesson: LessonPage = context["lesson"]
    course: CoursePage = context["course"]
    recording = context["recording"] if lesson.audio_id and not lesson.video_id else None
    after: OutlineRow | None = context["after"]
    cover = course_cover(course)
    found: list[tuple[str, object]] = [
        ("lesson", lesson.pk),
        ("title", lesson.title),
        ("course", course.title),
        ("course-url", course.get_absolute_url()),
        ("url", reverse("lesson", args=[course.slug, lesson.slug])),
        ("instructor", course.instructor.name if course.instructor else ""),
        ("duration", recording.duration if recording else 0),
        ("cover", cover["src"] if cover else ""),
        ("position", round(study.position, 1)),
        ("beat-url", reverse("study_beat")),
    ]
    if recording:
        found += [("media", context["recording_address"]), ("mime", recording.mime_type)]
    if after and after.opens:
        found += [
            ("next-url", reverse("lesson", args=[course.slug, after.lesson.slug])),
            ("next-title", after.lesson.title),
        ]
    if study.token:
        found += [
            ("token", study.token),
            ("day-ends", study.day_ends),
            ("learner", context["request"].user.pk),
        ]
    return found


@register.filter
def minutes(seconds: int) -> int:
    """Whole minutes, at least one."""
    return max(1, round(seconds / 60))


@register.filter
def clock_words(seconds: int) -> str:
    """11 分 20 秒."""
    return _("%(minutes)d min %(seconds)d s") % {
        "minutes": seconds // 60,
        "seconds": seconds % 60,
    }


@register.filter
def round_number(number: int) -> str:
    """2,600: to two places, for what is only about so much."""
    digits = max(len(str(number)) - 2, 0)
    return format_decimal(round(number, -digits), locale=to_locale(get_language() or "en"))


@register.filter
def lines(text: str) -> list[str]:
    """A text of one item a line, as a list."""
    return [line.strip() for line in text.splitlines() if line.strip()]
