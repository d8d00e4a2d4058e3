"""Whole pages for visitors, who are all shown the same: made once, then sent as they are.

A request counts as a visitor's when it bears no session. What else it brings of a person is taken
from it before a page is made: of its cookies only the language, the currency and the reader's
choices are left, and these are part of the key. A page that sets a cookie, has a form token, or
says that it must not be stored is not kept.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts import currencies
from pages import edition
from pages.templatetags.shell import READER

# The first part of the addresses whose pages are the same for all visitors.
SHARED = {"", "articles", "courses", "disciplines", "instructors", "tracks"}
# Cookies by which a visitor is told from another, or that bring a message for one.
PERSONAL = (settings.SESSION_COOKIE_NAME, "messages")


@dataclass(frozen=True)
class Sheet:
    """An answer as it is sent."""

    headers: list[tuple[str, str]]
    body: bytes

    def response(self) -> HttpResponse:
        return HttpResponse(self.body, headers=dict(self.headers))


class SharedPagesMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _is_for_all(request):
            return self.get_response(request)
        _forget_person(request)
        made: list[HttpResponse] = []

        def make() -> Sheet | None:
            made.append(self.get_response(request))
            return _sheet(made[0])

        sheet: Sheet | None = edition.get_or_make(_key(request), make)
        if made:
            return made[0]
        return sheet.response() if sheet else self.get_response(request)


def nonce(request: HttpRequest) -> dict[str, object]:
    """No `csp_nonce` in a page that many are sent, for a nonce is of one answer. Its scripts are
    files of ours, which the policy lets in for themselves."""
    return {"csp_nonce": None} if getattr(request, "is_shared", False) else {}


def _is_for_all(request: HttpRequest) -> bool:
    return (
        edition.is_kept()
        and request.method == "GET"
        and not request.META.get("QUERY_STRING")
        and not any(name in request.COOKIES for name in PERSONAL)
        and "HTTP_AUTHORIZATION" not in request.META
        and request.path_info.split("/", 2)[1] in SHARED
    )


def choices_of(request: HttpRequest) -> dict[str, str]:
    """The cookies that say how a page looks, in order, with values that we know."""
    known = {f"rz_{name}": allowed for name, allowed in READER.items()}
    known[settings.LANGUAGE_COOKIE_NAME] = set(dict(settings.LANGUAGES))
    known[currencies.COOKIE] = set(settings.CURRENCIES)
    return {
        name: request.COOKIES[name]
        for name in sorted(known)
        if request.COOKIES.get(name) in known[name]
    }


def _forget_person(request: HttpRequest) -> None:
    kept = choices_of(request)
    request.COOKIES = kept
    request.META["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in kept.items())
    request.is_shared = True  # type: ignore[attr-defined]


def _key(request: HttpRequest) -> str:
    packed = "gzip" in request.META.get("HTTP_ACCEPT_ENCODING", "")
    htmx = "HTTP_HX_REQUEST" in request.META
    parts = (request.scheme, request.get_host(), request.path, request.META["HTTP_COOKIE"])
    return f"page:{packed:d}{htmx:d}:{'|'.join(map(str, parts))}"


def _sheet(response: HttpResponse) -> Sheet | None:
    if (
        response.status_code != 200
        or response.streaming
        or response.cookies
        or "no-store" in response.get("Cache-Control", "")
    ):
        return None
    return Sheet(list(response.items()), response.content)
