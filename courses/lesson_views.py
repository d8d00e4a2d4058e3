"""Showing a lesson: the lesson itself to whom it is open, else its sales page."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from courses import access, markers, media, quizzes, rendering, set_lessons
from courses.models import CoursePage, LessonPage, PrivateDocument
from courses.outline import SHOWN, OutlineRow, neighbours, outline
from courses.preview import VISITOR
from pages import languages


def serve_lesson(
    request: HttpRequest, lesson: LessonPage, course: CoursePage | None = None
) -> HttpResponse:
    """The page of a lesson at its own address. Decides by `access` alone, and fails closed."""
    course = course or access.course_of(lesson)
    allowed = access.to_course(request.user, course)
    if allowed.opens(lesson):
        opened = partial(context_of, lesson=lesson, course=course, has_grant=allowed.has_grant)
        response = set_lessons.fill(request, lesson, allowed.has_grant, opened)
        response = response or show(request, lesson, course, has_grant=allowed.has_grant)
    elif course.live and lesson.live:
        response = show_paywall(request, lesson, course)
    elif lesson.first_published_at:
        response = show_withdrawn(request, course if allowed.sees_course else None)
    else:
        raise Http404
    response["Cache-Control"] = "private, no-store" if not lesson.free_preview else "private"
    return response


def preview(request: HttpRequest, lesson: LessonPage, *, mode: str) -> TemplateResponse:
    """A draft as a buyer, a member or a visitor would see it; only editors get here, and who has
    the address that an editor's screen shows (`pages.phone_preview`)."""
    course = access.course_of(lesson)
    if lesson.is_open_in(mode):
        return show(request, lesson, course, has_grant=mode != VISITOR)
    return show_paywall(request, lesson, course)


def show(
    request: HttpRequest, lesson: LessonPage, course: CoursePage, *, has_grant: bool
) -> TemplateResponse:
    """The open lesson."""
    return TemplateResponse(
        request, "courses/lesson.html", context_of(request, lesson, course, has_grant=has_grant)
    )


def context_of(
    request: HttpRequest, lesson: LessonPage, course: CoursePage, *, has_grant: bool
) -> dict[str, Any]:
    """What the template of an open lesson takes."""
    if lesson.get_deferred_fields():
        lesson.refresh_from_db(fields=SHOWN)
    recording = lesson.video or lesson.audio
    token = getattr(request, "draft_token", "")
    staff = getattr(request, "is_preview", False) and not token
    text = rendering.lesson_text(lesson, staff=staff, token=token)
    return common(lesson, course, has_grant=has_grant) | {
        "pieces": text.pieces,
        "markers": markers.parse(lesson.markers) or text.markers if recording else [],
        "recording": recording,
        "recording_address": _recording_address(lesson, staff=staff, token=token),
        "content_language": languages.tag_of(settings.LANGUAGE_CODE),
        "captions_address": _captions_address(lesson, staff=staff, token=token),
        "attachments": [
            {
                "title": block.value["title"] or block.value["document"].title,
                "address": _attachment_address(lesson, block.value["document"], staff, token),
                "size": block.value["document"].file_size,
            }
            for block in lesson.attachments
            if block.value["document"]
        ],
        # A draft on a phone is seen by whoever has its address.
        "quiz_keys": [*quizzes.all_of(lesson.quiz)] if staff else [],
    }


def show_paywall(request: HttpRequest, lesson: LessonPage, course: CoursePage) -> TemplateResponse:
    """What the lesson is, and how to get it. Nothing paid is handed to the template."""
    context = common(lesson, course, has_grant=False)
    context["free_row"] = next((row for row in context["rows"] if row.opens), None)
    lesson.body, lesson.transcript, lesson.attachments, lesson.quiz = [], "", [], []
    lesson.markers = ""
    return TemplateResponse(request, "courses/paywall.html", context)


def show_withdrawn(request: HttpRequest, course: CoursePage | None = None) -> TemplateResponse:
    """What once was out and is no more, a lesson of `course` or a whole course: links to it are
    still about. Nothing of it is told but that."""
    return TemplateResponse(request, "courses/withdrawn.html", {"course": course}, status=410)


def common(lesson: LessonPage, course: CoursePage, *, has_grant: bool) -> dict[str, Any]:
    rows = outline(course, has_grant=has_grant)
    before, row, after = neighbours(rows, lesson)
    return {
        "page": lesson,
        "lesson": lesson,
        "course": course,
        "rows": rows,
        "label": row.name if row else "",
        "course_title": course.title,
        "course_url": course.get_absolute_url(),
        "outline": _outline_items(rows, lesson, course),
        "before": before,
        "after": after,
    }


def _attachment_address(
    lesson: LessonPage, document: PrivateDocument, staff: bool, token: str
) -> str:
    if staff:
        return str(document.file.url)
    return media.address(lesson, f"file-{document.pk}", token=token)


def _recording_address(lesson: LessonPage, *, staff: bool, token: str) -> str:
    if staff and (recording := lesson.video or lesson.audio):
        return str(recording.url)
    if lesson.video_id:
        return media.address(lesson, f"video-{lesson.video_id}", token=token)
    if lesson.audio_id:
        return media.address(lesson, f"audio-{lesson.audio_id}", token=token)
    return ""


def _captions_address(lesson: LessonPage, *, staff: bool, token: str) -> str:
    """Of a video's; a draft's transcript is not yet what the address would give."""
    if staff or not lesson.video_id or not lesson.transcript:
        return ""
    return media.address(lesson, media.captions(lesson), token=token)


def _outline_items(
    rows: list[OutlineRow], lesson: LessonPage, course: CoursePage
) -> list[dict[str, Any]]:
    """What components/outline.html takes."""
    return [
        {
            "chapter": row.chapter,
            "number": row.label,
            "title": row.lesson.title,
            "url": reverse("lesson", args=[course.slug, row.lesson.slug]),
            "current": row.lesson.pk == lesson.pk,
            "state": "open" if row.opens else "locked",
        }
        for row in rows
    ]
