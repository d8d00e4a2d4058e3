"""The second factor of staff: which sessions have shown one, and where the others are led."""

import time
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.roles import is_staff

# What begins with one of these is for staff. Nothing below is served to anybody else.
PREFIXES = ("/admin/",)
# The door itself: it only leads to ours.
DOORS = ("/admin/login/",)
LIFETIME = 12 * 3600  # seconds; a working day, after NIST SP 800-63B-4, section 2.2.3
NEXT_KEY = "staff_next"  # in the session: the staff page to return to after setting one up


def is_staff_address(path: str) -> bool:
    return path.startswith(PREFIXES) and path not in DOORS


def is_verified(request: HttpRequest) -> bool:
    """Whether a second factor that this person still has was shown in this very session, today."""
    shown = [
        record.get("id")
        for record in get_authentication_records(request, request.user)
        if record.get("method") == "mfa" and time.time() - record.get("at", 0) < LIFETIME
    ]
    return bool(shown) and Authenticator.objects.filter(user=request.user, pk__in=shown).exists()


def lead(request: HttpRequest) -> HttpResponse | None:
    """Where somebody who asks for a staff page must go first; None if they may enter.

    Raises PermissionDenied for people who are no staff.
    """
    if not request.user.is_authenticated:
        return _redirect("account_login", request)
    if not is_staff(request.user):
        raise PermissionDenied
    if is_verified(request):
        if NEXT_KEY in request.session:
            del request.session[NEXT_KEY]
        return None
    types = set(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    if types & {Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN}:
        has_codes = Authenticator.Type.TOTP in types
        step = "mfa_reauthenticate" if has_codes else "mfa_reauthenticate_webauthn"
        return _redirect(step, request)
    request.session[NEXT_KEY] = _wanted(request)
    return HttpResponseRedirect(reverse("second_factor"))


def count_set_up(request: HttpRequest, user: Any, authenticator: Authenticator, **kw: Any) -> None:
    """One that was just set up was shown just now: its code or its touch was checked."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(
            request, user, method="mfa", id=authenticator.pk, type=authenticator.type
        )


def _wanted(request: HttpRequest) -> str:
    return request.get_full_path() if request.method == "GET" else reverse("wagtailadmin_home")


def _redirect(name: str, request: HttpRequest) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse(name)}?{urlencode({'next': _wanted(request)})}")
