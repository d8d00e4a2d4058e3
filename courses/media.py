"""Private files: which a lesson uses, their addresses, and who gets them."""

import mimetypes

from django.core.exceptions import PermissionDenied, SuspiciousFileOperation
from django.db.models import Model
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe
from wagtail.permissions import policy_registry

from courses import access
from courses.file_responses import respond
from courses.models import LessonPage, PrivateDocument, PrivateImage, PrivateMedia, Rendition
from courses.storage import PUBLIC

PRIVATE_CACHE = "private, no-store"
# What a picture inside a lesson is shown in: never the original.
LESSON_PICTURE = "max-1296x2592|format-webp"


def address(lesson: LessonPage, name: str) -> str:
    """The address of one of the lesson's files: `audio-12`, `video-3`, `image-7`, `file-5`."""
    return reverse("media", args=[lesson.pk, name])


def used_files(lesson: LessonPage) -> set[str]:
    """The names of all files that the lesson uses."""
    names = set()
    if lesson.audio_id:
        names.add(f"audio-{lesson.audio_id}")
    if lesson.video_id:
        names.add(f"video-{lesson.video_id}")
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
    file, title = _find(name)
    return _serve_stored(request, file.name or "", PRIVATE_CACHE, attachment_name=title)


def _find(name: str) -> tuple[FieldFile, str]:
    """The file, and the name it is downloaded under (empty: it is shown)."""
    kind, pk = name.split("-")
    if kind == "image":
        return get_object_or_404(PrivateImage, pk=pk).get_rendition(LESSON_PICTURE).file, ""
    if kind == "file":
        document = get_object_or_404(PrivateDocument, pk=pk)
        return document.file, document.filename
    return get_object_or_404(PrivateMedia, pk=pk).file, ""


@require_safe
def serve_public(request: HttpRequest, path: str) -> HttpResponse | StreamingHttpResponse:
    """What is under MEDIA_URL (in production the web server does this)."""
    if ".." in path.split("/"):
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


def _serve_stored(
    request: HttpRequest, name: str, cache: str, attachment_name: str = ""
) -> HttpResponse | StreamingHttpResponse:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    try:
        return respond(
            request, name, content_type=kind, cache=cache, attachment_name=attachment_name
        )
    except (FileNotFoundError, IsADirectoryError, SuspiciousFileOperation) as error:
        raise Http404 from error
