"""Showing a lesson: the lesson itself to whom it is open, else its sales page."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from courses import access, media, rendering
from courses.models import CoursePage, LessonPage
from courses.outline import OutlineRow, neighbours, outline


def serve_lesson(
    request: HttpRequest, lesson: LessonPage, course: CoursePage | None = None
) -> HttpResponse:
    """The page of a lesson at its own address. Decides by `access` alone, and fails closed."""
    course = course or access.course_of(lesson)
    allowed = access.to_course(request.user, course)
    if allowed.opens(lesson):
        response = show(request, lesson, course, has_grant=allowed.has_grant)
    elif course.live and lesson.live:
        response = show_paywall(request, lesson, course)
    else:
        raise Http404
    response["Cache-Control"] = "private, no-store" if not lesson.free_preview else "private"
    return response


def preview(request: HttpRequest, lesson: LessonPage, *, opens: bool) -> TemplateResponse:
    """A draft as a buyer, a member or a visitor would see it; only editors get here."""
    course = access.course_of(lesson)
    if opens or lesson.free_preview:
        return show(request, lesson, course, has_grant=opens)
    return show_paywall(request, lesson, course)


def show(
    request: HttpRequest, lesson: LessonPage, course: CoursePage, *, has_grant: bool
) -> TemplateResponse:
    """The open lesson."""
    recording = lesson.video or lesson.audio
    staff = getattr(request, "is_preview", False)
    context = common(lesson, course, has_grant=has_grant)
    context |= {
        "pieces": rendering.lesson_body(lesson, staff=staff),
        "recording": recording,
        "recording_address": _recording_address(lesson, staff=staff),
        "attachments": [
            {
                "title": block.value["title"] or block.value["document"].title,
                "address": media.address(lesson, f"file-{block.value['document'].pk}"),
                "size": block.value["document"].file_size,
            }
            for block in lesson.attachments
            if block.value["document"]
        ],
    }
    return TemplateResponse(request, "courses/lesson.html", context)


def show_paywall(request: HttpRequest, lesson: LessonPage, course: CoursePage) -> TemplateResponse:
    """What the lesson is, and how to get it. Nothing paid is handed to the template."""
    context = common(lesson, course, has_grant=False)
    context["free_row"] = next((row for row in context["rows"] if row.opens), None)
    lesson.body, lesson.transcript, lesson.attachments = [], "", []
    return TemplateResponse(request, "courses/paywall.html", context)


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


def _recording_address(lesson: LessonPage, *, staff: bool) -> str:
    if staff and (recording := lesson.video or lesson.audio):
        return str(recording.url)
    if lesson.video_id:
        return media.address(lesson, f"video-{lesson.video_id}")
    if lesson.audio_id:
        return media.address(lesson, f"audio-{lesson.audio_id}")
    return ""


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
