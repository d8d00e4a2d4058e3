"""What other apps' templates show of the courses."""

from dataclasses import dataclass

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from wagtail.images.models import SourceImageIOError
from wagtail.models import Page

from courses import depicted, media, pictures, queries, withdrawal, wording
from courses.models import (
    ArticlePage,
    CoursePage,
    Discipline,
    Instructor,
    LessonPage,
    PrivateImage,
    TrackPage,
)
from courses.outline import OutlineRow
from operations import clock
from pages.site_shown import shown_to
from pages.templatetags.site_tags import request_of

register = template.Library()
register.simple_tag(wording.course_state)
for in_words in (
    wording.row_state,
    wording.minutes,
    wording.hours,
    wording.clock_words,
    wording.clock_time,
    wording.round_number,
):
    register.filter(in_words)
PICTURE_WIDTH, PICTURE_HEIGHT = 1296, 2592


@dataclass(frozen=True)
class FreeLesson:
    lesson: LessonPage
    course: CoursePage


@register.simple_tag
def lesson_picture(
    lesson: LessonPage, image: PrivateImage, alt: str, token: str = ""
) -> SafeString:
    """A picture inside a lesson, by the address that checks access."""
    scale = min(1, PICTURE_WIDTH / image.width, PICTURE_HEIGHT / image.height)
    return format_html(
        '<img src="{}" width="{}" height="{}" alt="{}" loading="lazy" decoding="async">',
        media.address(lesson, f"image-{image.pk}", token=token),
        round(image.width * scale),
        round(image.height * scale),
        alt,
    )


@register.simple_tag
def draft_picture(image: PrivateImage, alt: str) -> SafeString:
    """A picture of an article that is previewed, in the page itself: it has no public address
    before a public page shows it."""
    try:
        rendition = image.get_rendition(media.LESSON_PICTURE["webp"])
        with rendition.file.open() as file:
            source = pictures.inline(file.read())
    except (SourceImageIOError, FileNotFoundError):
        source = ""  # the file is gone, which the editor should see
    return format_html('<img src="{}" alt="{}">', source, alt)


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
def disciplines_taught() -> list[Discipline]:
    """Those under which something is out, each with `number`, how many courses."""
    return queries.disciplines_taught()


@register.simple_tag
def free_lesson(lesson: LessonPage | None) -> FreeLesson | None:
    """The lesson an editor chose for the front page, if it is free and out."""
    if lesson is None or not lesson.live or not lesson.free_preview:
        return None
    course = queries.live_courses().parent_of(lesson).first()
    return FreeLesson(lesson, course) if course else None


@register.simple_tag(takes_context=True)
def course_cover(context: Context, course: CoursePage | TrackPage) -> dict[str, pictures.Cut]:
    """What components/cover.html takes. No query: of `queries.courses` or `live_tracks`, and of the
    site's settings."""
    request = request_of(context)
    site = shown_to(request)
    if isinstance(course, TrackPage):
        subject = depicted.of_track(course, site)
    else:
        subject = depicted.of_course(course, site)
    if not _is_draft(context, course):
        return pictures.cover(subject)
    kept = vars(request).setdefault("_draft_covers", {})
    if course.pk not in kept:
        kept[course.pk] = pictures.draft_cover(subject)
    return kept[course.pk]


def _is_draft(context: Context, page: CoursePage | TrackPage) -> bool:
    """In a preview, the page that is previewed and what is not out: their pictures have no
    address yet."""
    if not getattr(request_of(context), "is_preview", False):
        return False
    return not page.live or getattr(context.get("page"), "pk", None) == page.pk


@register.filter
def cut(cover: dict[str, pictures.Cut], size: str) -> pictures.Cut:
    """The cut of a cover that suits a size of components/cover.html, with its `sizes`."""
    if size in pictures.SMALL_SIZES:
        return {**cover["small"], "sizes": f"{size}px"}
    return {**cover["large"], "sizes": "(min-width: 768px) 176px, 132px"}


@register.simple_tag
def portrait_sources(instructor: Instructor) -> dict[str, str]:
    """What components/portrait.html takes: `avif` and `webp`, or nothing."""
    if instructor.portrait is None:
        return {}
    specs = {kind: f"fill-216x216|format-{kind}|public" for kind in ("avif", "webp")}
    found = instructor.portrait.get_renditions(*specs.values())
    return {kind: found[spec].url for kind, spec in specs.items()}


@register.filter
def ground(course: CoursePage) -> str:
    """The colour of the course's cover, while the picture comes."""
    return depicted.ground_of(course)


@register.filter
def name_of(rows: list[OutlineRow], lesson: LessonPage) -> str:
    """What the outline calls a lesson of its: 第 2 讲, 发刊词."""
    return next((row.name for row in rows if row.lesson.pk == lesson.pk), lesson.title)


@register.simple_tag(takes_context=True)
def player_attributes(context: Context) -> list[tuple[str, object]]:
    """What <rz-lesson> tells the player, whoever looks; the rest: courses/lesson_person.html."""
    lesson: LessonPage = context["lesson"]
    course: CoursePage = context["course"]
    recording = context["recording"]
    after: OutlineRow | None = context["after"]
    found = [
        *_told_of(context, lesson, course),
        ("instructor", course.instructor.name if course.instructor else ""),
        ("duration", recording.duration if recording else 0),
        ("chapter", lesson.chapter_key or ""),
    ]
    if recording and not lesson.video_id:  # a film stands on the page itself
        found += [("media", context["recording_address"]), ("mime", recording.mime_type)]
    if after and after.opens:
        found += [
            ("next-url", reverse("lesson", args=[course.slug, after.lesson.slug])),
            ("next-title", after.lesson.title),
        ]
    return found


@register.simple_tag
def what_follows(page: Page) -> list[str]:
    """Told before a page is unpublished."""
    return withdrawal.consequences(page, now=clock.now())


@register.simple_tag(takes_context=True)
def hear_attributes(
    context: Context, lesson: LessonPage, course: CoursePage, position: float = 0
) -> list[tuple[str, object]]:
    """What components/hear.html plays a lesson with, where its page is not; empty where it has no
    sound. For lessons that are open to whoever looks: ask courses.access first."""
    if not lesson.audio_id or lesson.video_id or getattr(context["request"], "draft_token", ""):
        return []
    user = context["request"].user
    found = [
        *_told_of(context, lesson, course),
        ("position", round(position, 1)),
        ("duration", lesson.seconds),
        ("media", media.address(lesson, f"audio-{lesson.audio_id}")),
    ]
    return [*found, ("learner", user.pk)] if user.is_authenticated else found


def _told_of(context: Context, lesson: LessonPage, course: CoursePage) -> list[tuple[str, object]]:
    """What the player is told of every lesson, on its page or from a list."""
    return [
        ("lesson", lesson.pk),
        ("title", lesson.title),
        ("course", course.title),
        ("course-url", course.get_absolute_url()),
        ("url", reverse("lesson", args=[course.slug, lesson.slug])),
        ("cover", course_cover(context, course)["small"]["src"]),
        ("beat-url", reverse("study_beat")),
    ]


@register.filter
def lines(text: str) -> list[str]:
    """A text of one item a line, as a list."""
    return [line.strip() for line in text.splitlines() if line.strip()]
