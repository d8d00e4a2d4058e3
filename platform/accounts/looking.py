"""Seeing the site as a learner sees it: for half an hour, read-only, and written down.

The session stays the operator's own. It remembers whom they look as, and a cookie says that there
is something to remember, so that nobody else's requests (heartbeats above all) touch a session.
"""

import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from wagtail.log_actions import log

from accounts import roles, second_factor
from accounts.models import User

PERMISSION = "accounts.look_as_user"
LIFETIME = 1800  # seconds of real time, as for signatures
KEY = "looking"
COOKIE = f"__Host-{KEY}" if settings.SESSION_COOKIE_SECURE else KEY
END = "/account/looking/end/"
SAFE = ("GET", "HEAD", "OPTIONS")
# What belongs to the person alone, or to money, or would give a player its token for beats.
CLOSED = (
    *("/account/", "/admin/", "/_util/", "/payments/", "/preview/"),
    *("/study/token/", "/study/notes/", "/study/review/", "/study/ledger/", "/study/feeds/"),
    *("/study/certificates/", "/following/", "/sandbox/", "/demo/"),
)


class CannotLook(Exception):
    """Staff are not looked at, nor who is gone."""


@dataclass(frozen=True)
class Looking:
    """What a page may show of it."""

    person: User
    until: float  # seconds since 1970


def may_be_seen(person: User) -> bool:
    return person.is_active and not person.is_deleted and not roles.is_staff(person)


def begin(request: HttpRequest, *, person: User, reason: str) -> None:
    """Raises CannotLook. Who asks was let into the admin, so a second factor was shown."""
    if not may_be_seen(person) or not request.user.has_perm(PERMISSION):
        raise CannotLook
    request.session[KEY] = {"person": person.pk, "until": time.time() + LIFETIME}
    log(instance=person, action="accounts.look", user=request.user, data={"reason": reason})


def mark(response: HttpResponse) -> None:
    """No end of its own: the half hour is over when the site says so, and that is written down."""
    response.set_cookie(
        COOKIE, "1", secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


def now(request: HttpRequest) -> Looking | None:
    """Whom they look as; ended, and None, once anything of it no longer holds."""
    state: dict[str, Any] | None = request.session.get(KEY)
    if state is None:
        return None
    person = User.objects.filter(pk=state["person"]).first()
    may = (
        request.user.is_authenticated
        and request.user.has_perm(PERMISSION)
        and second_factor.is_verified(request)
    )
    if not may or time.time() >= state["until"] or person is None or not may_be_seen(person):
        end(request, how="by itself")
        return None
    return Looking(person, state["until"])


def end(request: HttpRequest, *, how: str) -> None:
    state = request.session.pop(KEY, None)
    person = state and User.objects.filter(pk=state["person"]).first()
    if person:
        actor = request.user if request.user.is_authenticated else None
        log(instance=person, action="accounts.look_end", user=actor, data={"what": [how]})


def is_open(request: HttpRequest) -> bool:
    """Whether this may be done while looking."""
    if request.path_info == END:
        return True
    return request.method in SAFE and not request.path_info.startswith(CLOSED)
