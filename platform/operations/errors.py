"""The pages for what went wrong, each with the number by which it is found in the log."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import gettext as _

from operations import request_id


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open too long, or sent from elsewhere."""
    return _page(request, 403, template="csrf")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Stands alone: the host name itself may be what is wrong."""
    return _page(request, 400, alone=True)


def server_error(request: HttpRequest) -> HttpResponse:
    """Stands alone: nothing that may just have failed is asked again."""
    return _page(request, 500, alone=True)


def _page(
    request: HttpRequest, status: int, *, template: str = "", alone: bool = False
) -> HttpResponse:
    number = request_id.shown()
    if not request.accepts("text/html"):
        said = _("This did not work, number %(number)s.") % {"number": number}
        return HttpResponse(f"{said}\n", status=status, content_type="text/plain; charset=utf-8")
    context = {"number": number, "stylesheet": _stylesheet() if alone else ""}
    name = f"errors/{template or status}.html"
    page = render_to_string(name, context, None if alone else request)
    return HttpResponse(page, status=status)


def _stylesheet() -> str:
    try:
        return static("css/error.css")
    except ValueError:  # not collected
        return ""
