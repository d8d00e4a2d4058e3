"""What the pages share: their language, where their forms may lead, where they are closed."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.csp import csp_override

from payments.sandbox.errors import NotFoundError
from payments.sandbox.store import Shape

View = Callable[..., HttpResponse]


def unknown_is_404(view: View) -> View:
    """What the sandbox does not have is a page that does not exist."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NotFoundError as error:
            raise Http404(error.message) from error

    return inner


def page(
    request: HttpRequest,
    template: str,
    context: Shape,
    *,
    locale: str | None = None,
    leads_to: tuple[str | None, ...] = (),
) -> HttpResponse:
    """A page in the language that the API asked for, else in the site's. `leads_to`: addresses
    that its forms may redirect to (browsers hold redirects against form-action too)."""
    with translation.override(language_of(locale)):
        response = render(request, f"sandbox/{template}", context)
    response["Cache-Control"] = "private, no-store"
    origins = {f"{a.scheme}://{a.netloc}" for a in map(urlsplit, filter(None, leads_to))}
    return _leading_to(request, response, sorted(origins)) if origins else response


def _leading_to(request: HttpRequest, response: HttpResponse, origins: list[str]) -> HttpResponse:
    policy: dict[str, Any] = dict(settings.SECURE_CSP)
    policy["form-action"] = [*policy["form-action"], *origins]
    passed_on: HttpResponse = csp_override(policy)(lambda request: response)(request)
    return passed_on


def language_of(locale: str | None) -> str:
    if locale and locale.startswith("zh"):
        return "zh-hans"
    if locale and locale.startswith("en"):
        return "en"
    return translation.get_language() or settings.LANGUAGE_CODE


def guarded(request: HttpRequest) -> None:
    """The console moves time and money for everybody: for DEBUG and for staff."""
    user: Any = getattr(request, "user", None)
    staff = user is not None and (user.is_staff or user.has_perm("wagtailadmin.access_admin"))
    if not settings.DEBUG and not staff:
        raise Http404
