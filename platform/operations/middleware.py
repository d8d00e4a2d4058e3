"""What stands before everything else: the request's number, and the health checks."""

import logging
import time
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse

from operations import errors, health, logs, request_id

Respond = Callable[[HttpRequest], HttpResponse]

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
