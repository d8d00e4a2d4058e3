"""The pages for what went wrong, each with the number by which it is found in the log."""

import errno
import math
import sys
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import gettext as _

from operations import request_id

RETRY_AFTER = "30"  # seconds
MINUTE = 60
REDIS_AWAY = ("redis.exceptions.ConnectionError", "redis.exceptions.TimeoutError")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open too long, or sent from elsewhere."""
    return _page(request, 403, template="csrf")


def too_many(
    request: HttpRequest, exception: Exception | None = None, *, after: int = MINUTE
) -> HttpResponse:
    """Too often. `after` so many seconds it works again."""
    response = _page(request, 429, minutes=math.ceil(after / MINUTE))
    response["Retry-After"] = str(after)
    response["Cache-Control"] = "no-store"
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Stands alone: the host name itself may be what is wrong."""
    return _page(request, 400, alone=True)


def server_error(request: HttpRequest) -> HttpResponse:
    """Stands alone: nothing that may just have failed is asked again."""
    if _will_pass(sys.exception()):
        return unavailable(request)
    return _page(request, 500, alone=True)


def _will_pass(error: BaseException | None) -> bool:
    """The database or Redis is away, or the disk is full until somebody makes room."""
    is_full = isinstance(error, OSError) and error.errno in NO_ROOM
    named = f"{type(error).__module__}.{type(error).__name__}"  # where it is used, it is loaded
    return is_full or isinstance(error, OperationalError) or named in REDIS_AWAY


def unavailable(request: HttpRequest) -> HttpResponse:
    """The site cannot answer now, and will soon."""
    response = _page(request, 503, alone=True)
    response["Retry-After"] = RETRY_AFTER
    return response


def _page(
    request: HttpRequest, status: int, *, template: str = "", alone: bool = False, **more: Any
) -> HttpResponse:
    number = request_id.shown()
    if not request.accepts("text/html"):
        said = _("This did not work, number %(number)s.") % {"number": number}
        return HttpResponse(f"{said}\n", status=status, content_type="text/plain; charset=utf-8")
    context = {"number": number, "stylesheet": _stylesheet() if alone else "", **more}
    name = f"errors/{template or status}.html"
    page = render_to_string(name, context, None if alone else request)
    return HttpResponse(page, status=status)


def _stylesheet() -> str:
    try:
        return static("css/error.css")
    except ValueError:  # not collected
        return ""
