"""What stands around every view: the request's number, health checks, answers to what fails."""

import logging
import time
from collections.abc import Callable

from django.contrib import messages
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from operations import errors, health, logs, request_id

Respond = Callable[[HttpRequest], HttpResponse]

TEXTS = ("text/", "application/json", "application/xml", "application/manifest+json")

logger = logging.getLogger("requests")


class RequestIdMiddleware:
    """Gives each request a number, tells it to the client, and logs one line."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        with request_id.bound(request_id.accept(request.headers.get("X-Request-ID"))) as number:
            response = self.get_response(request)
            response["X-Request-ID"] = number
            level = logging.DEBUG if request.path in health.PATHS else logging.INFO
            logger.log(
                level,
                "%s %s %d",
                request.method,
                logs.safe_path(request),
                response.status_code,
                extra={
                    "method": request.method,
                    "path": logs.safe_path(request),
                    "status": response.status_code,
                    "ms": round((time.monotonic() - began) * 1000),
                },
            )
        return response


class HealthMiddleware:
    """Answers probes before host names, sessions and redirects to https come into it."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if view := health.PATHS.get(request.path):
            return view(request)
        return self.get_response(request)


class TextCompressionMiddleware(GZipMiddleware):
    """Compresses pages, and only them: sound and files come in ranges of what they are.

    Done here rather than by the web server in front: Django pads each answer by a random length,
    so that the size tells nothing of a secret that stands beside what a stranger may put into the
    page (the BREACH attack).
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.streaming or not response.get("Content-Type", "").startswith(TEXTS):
            return response
        return super().process_response(request, response)


class OwnNotFoundMiddleware:
    """Under DEBUG, too, a wrong address gets the house's page: the demo is shown to people."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Http404):
            return None
        return errors.not_found(request, exception)


class StillInUseMiddleware:
    """Deleting in the admin what something else needs (a sound its lesson, a course that is for
    sale): nothing happened, and the page says what stands against it."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, ProtectedError) or not request.path.startswith("/admin/"):
            return None
        kinds = sorted({str(row._meta.verbose_name_plural) for row in exception.protected_objects})
        words = _("Not deleted: it is still in use (%(what)s).")
        messages.error(request, words % {"what": ", ".join(capfirst(kind) for kind in kinds)})
        return HttpResponseRedirect(request.get_full_path())
