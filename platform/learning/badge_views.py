"""Open Badges over HTTP: the learner's downloads, and what whoever checks one fetches.

None of it is there while the site has no key.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.limits import limited
from courses import depicted
from learning import badge_keys, badges, credential_pictures
from learning.credential_views import OfOwner, as_file
from learning.models import Credential
from learning.views import learner_of
from pages.site_shown import shown_to

# Fetched by other sites' pages as well; nothing in it is anybody's.
OPEN = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """A JWK set (RFC 7517)."""
    return _open({"keys": [*_published().values()]})


@require_safe
def key(request: HttpRequest, thumbprint: str) -> HttpResponse:
    """One key by the address that a badge names it by."""
    found = _published().get(thumbprint)
    if found is None:
        raise Http404
    return _open(found)


@require_safe
def revocations(request: HttpRequest) -> HttpResponse:
    _published()
    return _open(badges.revocations())


def _published() -> dict[str, badge_keys.Jwk]:
    """Former keys stay after signing was turned off; 404 where there was never one."""
    found = badge_keys.published()
    if not found:
        raise Http404
    return found


def _open(told: dict[str, Any]) -> HttpResponse:
    return JsonResponse(told, headers=OPEN)


def signed(make: OfOwner) -> Callable[[HttpRequest, str], HttpResponse]:
    """One's own certificate, 404 for anybody else's; what was withdrawn is signed no more."""

    @never_cache
    @login_required
    @limited("credential")
    @wraps(make)
    def view(request: HttpRequest, number: str) -> HttpResponse:
        own = Credential.objects.filter(learner_id=learner_of(request).pk)
        row = get_object_or_404(own, number=number)
        if row.is_withdrawn:
            messages.error(request, _("It was withdrawn, so there is no badge of it any more."))
            return redirect(row)
        return make(request, row)

    @require_safe
    @wraps(make)
    def view_if_on(request: HttpRequest, number: str) -> HttpResponse:
        if not badge_keys.is_on():
            raise Http404
        return view(request, number)

    return view_if_on


@signed
def badge(request: HttpRequest, row: Credential) -> HttpResponse:
    made = badges.sign(row).encode()
    return as_file(made, "application/vc+jwt", f"{row.shown_number}.jwt")


@signed
def picture(request: HttpRequest, row: Credential) -> HttpResponse:
    """The certificate's picture with the badge in it; back to the page where none can be drawn."""
    if credential_pictures.undrawable(row):
        return redirect(row)
    address = depicted.absolute(row.get_absolute_url())
    made = credential_pictures.png(row, shown_to(request), address=address, badge=badges.sign(row))
    return as_file(made, "image/png", f"{row.shown_number}-badge.png")
