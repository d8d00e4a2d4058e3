"""A recent proof that it is the same person: asked for before money, keys and farewells."""

import time
from typing import Any
from uuid import uuid4

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import record_authentication
from allauth.core.exceptions import ReauthenticationRequired
from allauth.core.internal import ratelimit
from allauth.core.internal.cryptokit import compare_user_code, generate_user_code
from django.http import HttpRequest

from accounts import mail
from accounts.models import User
from operations import clock

PROOFS = {"password", "code", "mfa"}
KEY = "reauthentication_code"
LIFETIME = 600  # seconds
TRIES = 5


class TooManyTries(Exception):
    """The code is void; a new one must be asked for. Or too many were."""


def is_recent(request: HttpRequest) -> bool:
    """Whether a log-in or a proof of this session is at most a few minutes old."""
    records = get_authentication_records(request, request.user)
    latest = max((r["at"] for r in records if r.get("method") in PROOFS), default=0)
    return time.time() - latest < app_settings.REAUTHENTICATION_TIMEOUT


# Around a view: GET and POST want a recent proof; what was posted is carried out after it.
required = reauthentication_required(app="accounts")


def ask(request: HttpRequest) -> None:
    """The same, inside a view. Raises ReauthenticationRequired, which leads to the proof."""
    if not is_recent(request):
        raise ReauthenticationRequired


def send_code(request: HttpRequest, user: User) -> None:
    """Mails a code; the session keeps it. Raises TooManyTries."""
    if not ratelimit.consume(
        request, app="allauth.account", action="reauthenticate_code", user=user
    ):
        raise TooManyTries
    code = generate_user_code(**app_settings.LOGIN_BY_CODE_FORMAT)
    request.session[KEY] = {"code": code, "at": time.time(), "tries": 0}
    mail.queue(
        key=f"reauthentication_code:{uuid4()}",
        to=user.email,
        template="reauthentication_code",
        context={"code": code},
        language=user.language,
        now=clock.now(),
        user=user,
    )


def pending(request: HttpRequest) -> dict[str, Any] | None:
    state = request.session.get(KEY)
    return state if state and time.time() - state["at"] < LIFETIME else None


def check_code(request: HttpRequest, user: User, code: str) -> bool:
    """Whether it is the code that was mailed; if so, the proof is recorded. Raises TooManyTries."""
    state = pending(request)
    if state is None:
        raise TooManyTries
    if compare_user_code(actual=code, expected=state["code"]):
        del request.session[KEY]
        record_authentication(request, user, method="code", email=user.email, reauthenticated=True)
        return True
    state["tries"] += 1
    if state["tries"] >= TRIES:
        del request.session[KEY]
        raise TooManyTries
    request.session[KEY] = state
    return False
