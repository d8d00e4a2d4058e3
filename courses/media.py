"""Private files: which a lesson uses, their addresses, and who gets them."""

import mimetypes

from django.core.exceptions import PermissionDenied, SuspiciousFileOperation
from django.db.models import Model
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from wagtail.permissions import policy_registry

from courses import access
from courses.file_responses import respond
from courses.models import LessonPage, PrivateDocument, PrivateImage, PrivateMedia, Rendition
from courses.storage import PUBLIC
from pages import phone_preview

LONGEST_NAME = 255  # bytes
PRIVATE_CACHE = "private, no-store"
# What a picture inside a lesson is shown in, as the browser likes it: never the original.
LESSON_PICTURE = {kind: f"max-1296x2592|format-{kind}" for kind in ("avif", "webp")}


def address(lesson: LessonPage, name: str, *, token: str = "") -> str:
    """The address of one of the lesson's files: `audio-12`, `video-3`, `image-7`, `file-5`.

    `token`: of a draft that is shown on a phone (`pages.phone_preview`).
    """
    if token:
        return reverse("draft_file", args=[token, name])
    return reverse("media", args=[lesson.pk, name])


def captions(lesson: LessonPage) -> str:
    """The name under which a video lesson's transcript is fetched."""
    return f"captions-{lesson.pk}"


def used_files(lesson: LessonPage) -> set[str]:
    """The names of all files that the lesson uses; its transcript is one, for players of video."""
    names = set()
    if lesson.audio_id:
        names.add(f"audio-{lesson.audio_id}")
    if lesson.video_id:
        names.add(f"video-{lesson.video_id}")
        if lesson.transcript:
            names.add(captions(lesson))
    names |= {
        f"image-{block['value']['image']}"
        for block in lesson.body.raw_data
        if block["type"] == "picture"
    }
    names |= {f"file-{block['value']['document']}" for block in lesson.attachments.raw_data}
    return names


@require_safe
def serve(request: HttpRequest, page_id: int, name: str) -> HttpResponse | StreamingHttpResponse:
    """A file of a lesson, to whom the lesson is open. Anything else does not exist."""
    lesson = get_object_or_404(LessonPage, id=page_id)
    if name not in used_files(lesson) or not access.may_open(request.user, lesson):
        raise Http404
    return hand_out(request, lesson, name)


@require_safe
def serve_draft(
    request: HttpRequest, token: str, name: str
) -> HttpResponse | StreamingHttpResponse:
    """A file of the draft that a phone may look at, if it is shown there at all."""
    try:
        draft, page = phone_preview.read(token)
    except phone_preview.Over as error:
        raise Http404 from error
    if not isinstance(page, LessonPage) or not page.is_open_in(draft.mode):
        raise Http404
    if name not in used_files(page):
        raise Http404
    return phone_preview.sealed(hand_out(request, page, name))


def hand_out(
    request: HttpRequest, lesson: LessonPage, name: str
) -> HttpResponse | StreamingHttpResponse:
    """One of the lesson's own files, to whom may have it."""
    if name == captions(lesson):
        return HttpResponse(
            lesson.transcript,
            content_type="text/vtt; charset=utf-8",
            headers={"Cache-Control": PRIVATE_CACHE},
        )
    file, title = _find(name, liked=_liked(request))
    response = _serve_stored(request, file.name or "", PRIVATE_CACHE, attachment_name=title)
    patch_vary_headers(response, ["Accept"])
    return response


def _liked(request: HttpRequest) -> str:
    """Who takes AVIF names it; that anything goes (*/*) is said by those who cannot, too."""
    return "avif" if "image/avif" in request.headers.get("Accept", "") else "webp"


def _find(name: str, *, liked: str) -> tuple[FieldFile, str]:
    """The file, and the name it is downloaded under (empty: it is shown)."""
    kind, pk = name.split("-")
    if kind == "image":
        return get_object_or_404(PrivateImage, pk=pk).get_rendition(LESSON_PICTURE[liked]).file, ""
    if kind == "file":
        document = get_object_or_404(PrivateDocument, pk=pk)
        return document.file, document.filename
    return get_object_or_404(PrivateMedia, pk=pk).file, ""


@require_safe
def serve_public(request: HttpRequest, path: str) -> HttpResponse | StreamingHttpResponse:
    """What is under MEDIA_URL (in production the web server does this)."""
    if not all(_may_be_a_name(part) for part in path.split("/")):
        raise Http404
    return _serve_stored(request, PUBLIC + path, "public, max-age=86400")


@require_safe
def serve_to_staff(request: HttpRequest, path: str) -> HttpResponse | StreamingHttpResponse:
    """Originals and previews in the admin, to whom may choose, change or delete the very object."""
    owner = _owner(path)
    if owner is None:
        raise Http404
    policy = policy_registry.get_by_type(type(owner))
    if not policy.user_has_any_permission_for_instance(
        request.user, ["choose", "change", "delete"], owner
    ):
        raise PermissionDenied
    return _serve_stored(request, path, PRIVATE_CACHE)


def _owner(path: str) -> Model | None:
    if rendition := Rendition.objects.select_related("image").filter(file=path).first():
        return rendition.image
    for model in (PrivateImage, PrivateMedia, PrivateDocument):
        if found := model.objects.filter(file=path).first():
            return found
    return None


def _may_be_a_name(part: str) -> bool:
    """Of a file or folder: the system refuses to look for what cannot be one."""
    return part != ".." and "\0" not in part and len(part.encode(errors="replace")) <= LONGEST_NAME


def _serve_stored(
    request: HttpRequest, name: str, cache: str, attachment_name: str = ""
) -> HttpResponse | StreamingHttpResponse:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    try:
        return respond(
            request, name, content_type=kind, cache=cache, attachment_name=attachment_name
        )
    except (
        FileNotFoundError,
        IsADirectoryError,
        NotADirectoryError,
        SuspiciousFileOperation,
    ) as error:
        raise Http404 from error
