"""Answering with a file: whole, or the part that a player asks for (RFC 9110, section 14)."""

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header

from courses.storage import PRIVATE

if TYPE_CHECKING:  # installed only where files lie in a store
    from courses.object_store import StoredFiles

BLOCK = 64 * 1024
# A file opened by itself runs nothing, whoever uploaded it.
POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class Unsatisfiable(ValueError):
    """The range asked for lies outside the file."""


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte (inclusive) of `a-b`, `a-` or `-n`; None when to answer with the whole.

    Several ranges at once and malformed headers are ignored, as the RFC allows.
    """
    match = RANGE.fullmatch(header.strip())
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        length = int(last)
        if length == 0 or size == 0:
            raise Unsatisfiable
        return max(size - length, 0), size - 1
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, end


def read_blocks(handle: File, start: int, length: int) -> Iterator[bytes]:
    with handle:
        handle.seek(start)
        while length > 0 and (block := handle.read(min(BLOCK, length))):
            length -= len(block)
            yield block


def _from_the_store(
    request: HttpRequest, name: str, *, content_type: str, cache: str, saved_as: str
) -> HttpResponse:
    """Who may have it was decided here; the store sends it to who has the signed address."""
    address = cast("StoredFiles", default_storage).signed_address(
        name,
        method=request.method or "GET",
        content_type=content_type,
        cache=cache,
        saved_as=content_disposition_header(True, saved_as) or "" if saved_as else "",
    )
    response = HttpResponseRedirect(address)
    response["Cache-Control"] = "private, no-store"
    return response


def _by_the_proxy(name: str, *, content_type: str, cache: str, saved_as: str) -> HttpResponse:
    """Who may have it was decided here; the web server sends it, with its own Range and ETag."""
    headers = {
        "Cache-Control": cache,
        "Content-Security-Policy": POLICY,
        "X-Accel-Redirect": settings.ACCEL_REDIRECT + quote(name),
    }
    if saved_as:
        headers["Content-Disposition"] = content_disposition_header(True, saved_as) or ""
    return HttpResponse(content_type=content_type, headers=headers)


def respond(
    request: HttpRequest,
    name: str,
    *,
    content_type: str,
    cache: str,
    attachment_name: str = "",
) -> HttpResponse | StreamingHttpResponse:
    """The stored file `name`, honouring Range, If-Range and If-None-Match (with ACCEL_REDIRECT
    nginx does, with S3_BUCKET the store, for what is private).

    The ETag is made of name, size and time: it says nothing of the content. Raises
    FileNotFoundError.
    """
    if settings.S3_BUCKET and name.startswith(PRIVATE):
        return _from_the_store(
            request, name, content_type=content_type, cache=cache, saved_as=attachment_name
        )
    size = default_storage.size(name)
    if settings.ACCEL_REDIRECT and not settings.S3_BUCKET:
        return _by_the_proxy(name, content_type=content_type, cache=cache, saved_as=attachment_name)
    label = f"{name}:{size}:{default_storage.get_modified_time(name).timestamp()}"
    etag = f'"{hashlib.sha256(label.encode()).hexdigest()[:20]}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": cache,
        "Content-Security-Policy": POLICY,
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
    }
    if attachment_name:
        headers["Content-Disposition"] = content_disposition_header(True, attachment_name) or ""
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers=headers)
    asked = None
    if "Range" in request.headers and request.headers.get("If-Range", etag) == etag:
        try:
            asked = read_range(request.headers["Range"], size)
        except Unsatisfiable:
            return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    start, end = asked or (0, size - 1)
    if asked:
        headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    headers["Content-Length"] = str(end - start + 1)
    status = 206 if asked else 200
    if request.method == "HEAD":
        return HttpResponse(status=status, content_type=content_type, headers=headers)
    return StreamingHttpResponse(
        read_blocks(default_storage.open(name), start, end - start + 1),
        status=status,
        content_type=content_type,
        headers=headers,
    )
