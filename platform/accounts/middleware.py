"""What every request passes: the person's language and time zone, the gate before staff pages,
whoever sees the site as somebody else; and what every answer to a person gets.

Neither touches the session unless it has to: heartbeats and webhooks stay free of queries.
"""

from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import ResolverMatch, resolve
from django.utils import timezone, translation
from wagtail.users.models import UserProfile

from accounts import looking, second_factor

# Addresses that say nothing to a person: their language is nobody's business.
WITHOUT_PERSON = ("/study/beat/", "/payments/webhook/", "/healthz", "/readyz")


class WithoutPersonMiddleware:
    """Answers what no person asks right here: a token or a signature stands for the session, the
    form's token and the language that the rest of the house would look for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in WITHOUT_PERSON:
            return self.get_response(request)
        request.get_host()  # raises where the name is not ours
        request.resolver_match = match = _resolved(request.path_info)
        return match.func(request, *match.args, **match.kwargs)


@cache
def _resolved(path: str) -> ResolverMatch:
    """One of a few addresses: to go through all patterns takes a tenth of a heartbeat."""
    return resolve(path)


class PersonMiddleware:
    """Chinese, unless the cookie or the person says otherwise; Accept-Language says nothing. What
    is answered to a person is kept nowhere, unless the view says that it is the same for all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language, zone = language_of(request), zone_of(request)
        request.LANGUAGE_CODE = language
        with translation.override(language), timezone.override(zone):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        if _has_person(request) and response.headers.get("Cache-Control", "private") == "private":
            # Else "back" shows it after signing out, to whoever sits there next.
            response.headers["Cache-Control"] = "private, no-store"
        return response


class StaffMiddleware:
    """No staff page without a second factor shown in this session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if second_factor.is_staff_address(request.path_info):
            if response := second_factor.lead(request):
                return response
            defer_to_user(request.user)
        return self.get_response(request)


class LookingMiddleware:
    """Who looks as somebody else is that person on the pages that show, and nobody on the rest."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.COOKIES.get(looking.COOKIE):
            return self.get_response(request)
        seen = looking.now(request)
        response = self.look(request, seen) if seen else self.go_back(request)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    def look(self, request: HttpRequest, seen: looking.Looking) -> HttpResponse:
        request.looking = seen  # type: ignore[attr-defined]
        if not looking.is_open(request):
            return render(request, "accounts/looking_closed.html", status=403)
        if request.path_info != looking.END:
            request.user = seen.person
        return self.get_response(request)

    def go_back(self, request: HttpRequest) -> HttpResponse:
        """It is over; what was just sent was meant for somebody else's page."""
        if request.method in looking.SAFE or request.path_info == looking.END:
            response = self.get_response(request)
        else:
            response = render(request, "accounts/looking_closed.html", status=403)
        response.delete_cookie(looking.COOKIE, samesite="Lax")
        return response


def language_of(request: HttpRequest) -> str:
    if _has_person(request):
        language = request.user.language  # type: ignore[union-attr]
    else:
        language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def zone_of(request: HttpRequest) -> ZoneInfo:
    name = settings.TIME_ZONE
    if _has_person(request):
        name = request.user.time_zone  # type: ignore[union-attr]
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(settings.TIME_ZONE)


def defer_to_user(user: Any) -> None:
    """Wagtail's own choices of language and zone become the person's, for this request, and its
    menu calls them by their name."""
    profile = UserProfile.get_for_user(user)
    profile.preferred_language = user.language
    profile.current_time_zone = user.time_zone
    user.wagtail_userprofile = profile
    user.first_name = user.name


def _has_person(request: HttpRequest) -> bool:
    if request.path_info.startswith(WITHOUT_PERSON):
        return False
    return settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated
