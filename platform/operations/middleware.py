"""What stands around every view: the request's number, health checks, answers to what fails."""

import logging
import time
from collections.abc import Callable, Iterator
from json import JSONDecodeError

from django.contrib import messages
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.urls import NoReverseMatch, reverse
from django.utils.datastructures import MultiValueDictKeyError
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from operations import counts, errors, health, logs, measures, request_id, url_classes

Respond = Callable[[HttpRequest], HttpResponse]

TEXTS = (
    *("text/", "application/json", "application/xml", "application/rss+xml"),
    "application/manifest+json",
)

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
            path = logs.safe_path(request)
            level = logging.DEBUG if request.path in health.PATHS else logging.INFO
            logger.log(
                level,
                "%s %s %d",
                request.method,
                path,
                response.status_code,
                extra={
                    "method": request.method,
                    "path": path,
                    "route": logs.route(request),
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
            response = view(request)
            response["X-Content-Type-Options"] = "nosniff"
            return response
        return self.get_response(request)


class MetricsMiddleware:
    """Measures each request, and answers `/metrics` to whom knows the token (for others there is
    no such page). It stands in the chain only with METRICS_TOKEN."""

    METHODS = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"}
    TAKEN = counts.Seconds(
        "rizhi_request_seconds",
        "How long requests took, by class of address.",
        ("method", "url_class", "status"),
        (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    )
    ASKED = counts.Count(
        "rizhi_requests", "Requests by route (never by path).", ("method", "route", "status")
    )

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/metrics" and measures.is_asked_rightly(request):
            return measures.metrics(request)
        began = time.monotonic()
        response = self.get_response(request)
        seconds = time.monotonic() - began
        # A client may call its method anything.
        method = request.method if request.method in self.METHODS else "other"
        route = logs.route(request)
        status = str(response.status_code)
        self.TAKEN.add(seconds, str(method), self._class(request.path, route), status)
        self.ASKED.add(str(method), route, status)
        return response

    def _class(self, path: str, route: str) -> str:
        if path in health.PATHS:
            return "health"
        return str(url_classes.class_of(route) or "other")


class PermissionsPolicyMiddleware:
    """What no page here needs, no script may ask of the browser."""

    POLICY = ", ".join(
        f"{feature}=()"
        for feature in (
            *("accelerometer", "browsing-topics", "camera", "display-capture"),
            *("geolocation", "gyroscope", "hid", "magnetometer", "microphone", "midi"),
            *("payment", "serial", "usb", "xr-spatial-tracking"),
        )
    )

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", self.POLICY)
        return response


class RefusedFormMiddleware:
    """A form that was refused leaves one on its page's address, which a reload asks for; the one it
    was sent to may take forms alone."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "POST" and response.status_code >= 400:
            response.headers["HX-Push-Url"] = "false"
        return response


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


class NonsenseMiddleware:
    """Some of Wagtail's views trust what they are sent. A text for a row's number names no row; a
    form that lacks a field, or in which another text stands where its script writes JSON, was not
    sent by its page; where to go next is asked for last, when all is done."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not request.path.startswith("/admin/"):
            return None
        answer = self.refused(request, exception)
        if answer:
            logger.warning("nonsense at %s", logs.route(request), exc_info=exception)
        return answer

    def refused(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        words = list(_words_of(request))
        is_cut = isinstance(exception, MultiValueDictKeyError)
        if is_cut or (isinstance(exception, JSONDecodeError) and exception.doc in words):
            return errors.bad_request(request, exception)
        said = {f"Field 'id' expected a number but got {text!r}." for text in words}
        if isinstance(exception, ValueError) and str(exception) in said:
            return errors.not_found(request, exception)
        if isinstance(exception, NoReverseMatch) and str(exception).startswith(
            tuple(f"Reverse for '{text}' not found" for text in words)
        ):
            return HttpResponseRedirect(reverse("wagtailadmin_home"))
        return None


def _words_of(request: HttpRequest) -> Iterator[object]:
    """What the address, the query and the form say."""
    yield from request.resolver_match.kwargs.values() if request.resolver_match else ()
    for told in (request.GET, request.POST):
        for _name, values in told.lists():
            yield from values
