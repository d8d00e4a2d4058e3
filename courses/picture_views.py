"""Serving the pictures that are drawn: once drawn, they are files."""

from collections.abc import Callable
from typing import cast

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from courses import access, depicted, prints, queries
from courses.depicted import Subject
from courses.file_responses import respond
from courses.models import LessonPage
from courses.outline import HEAVY
from courses.storage import PRIVATE, PUBLIC, OneStorage
from pages.site_shown import shown_to

FOR_EVER = "public, max-age=31536000, immutable"
MIME = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg", "png": "image/png"}


@require_safe
def picture(
    request: HttpRequest, kind: str, pk: int, digest: str, shape: str, suffix: str
) -> HttpResponse | StreamingHttpResponse:
    """Only what some page shows now: nobody can have it draw without end."""
    if kind not in SUBJECTS or suffix not in depicted.FORMATS.get(shape, ()):
        raise Http404
    subject = SUBJECTS[kind](request, pk)
    if (pk, digest) != (subject.pk, subject.digest(shape)):
        raise Http404
    name = f"{_folder(subject)}/{digest}-{shape}.{suffix}"
    if not default_storage.exists(name):
        cast(OneStorage, default_storage).put(name, prints.make(subject, shape, suffix))
        _forget_older(subject)
    cache = FOR_EVER if subject.is_public else "private, no-store"
    return respond(request, name, content_type=MIME[suffix], cache=cache)


def _folder(subject: Subject) -> str:
    """What only its buyers still see lies under no public address."""
    prefix = PUBLIC if subject.is_public else PRIVATE
    return f"{prefix}pictures/{subject.kind}-{subject.pk}"


def _forget_older(subject: Subject) -> None:
    """What was drawn before the title or the colour changed."""
    present = {subject.digest(shape) for shape in (str(depicted.SMALL[0]), depicted.CARD)}
    for name in default_storage.listdir(_folder(subject))[1]:
        if name.partition("-")[0] not in present:
            default_storage.delete(f"{_folder(subject)}/{name}")


def _course(request: HttpRequest, pk: int) -> Subject:
    """To all who see the course: those who bought it keep its cover when it is unpublished."""
    course = get_object_or_404(queries.bare_courses(), pk=pk)
    if not access.to_course(request.user, course).sees_course:
        raise Http404
    return depicted.of_course(course, shown_to(request))


def _lesson(request: HttpRequest, pk: int) -> Subject:
    lesson = get_object_or_404(LessonPage.objects.live().defer(*HEAVY), pk=pk)
    course = get_object_or_404(queries.bare_courses().live().parent_of(lesson))
    return depicted.of_lesson(lesson, course, shown_to(request))


def _article(request: HttpRequest, pk: int) -> Subject:
    article = get_object_or_404(queries.live_articles(), pk=pk)
    return depicted.of_article(article, shown_to(request))


def _track(request: HttpRequest, pk: int) -> Subject:
    track = get_object_or_404(queries.live_tracks(), pk=pk)
    return depicted.of_track(track, shown_to(request))


def _site(request: HttpRequest, pk: int) -> Subject:
    return depicted.of_site(shown_to(request))


SUBJECTS: dict[str, Callable[[HttpRequest, int], Subject]] = {
    "course": _course,
    "lesson": _lesson,
    "article": _article,
    "track": _track,
    "site": _site,
}
