"""The promotion code that a visitor brings: by a link (`?code=`), or typed on the page where one
chooses. It is kept with the session, through sign-up, until they have used it up or take it away
(`?code=`)."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from payments import gateway, promotions
from payments.models import PromotionCode
from payments.promotions import CannotUse, UsedByYou

KEPT = "promotion_code"
LONGEST = 100


@dataclass(frozen=True)
class InHand:
    """A code that whoever looks may use, or what was typed and why they may not; empty where there
    is neither."""

    typed: str = ""
    promotion: PromotionCode | None = None
    problem: Any = ""


def of(request: HttpRequest, *, now: datetime) -> InHand:
    if "code" not in request.GET:
        return _kept(request, now)
    typed = request.GET["code"][:LONGEST]
    if not promotions.normalized(typed):
        request.session.pop(KEPT, None)
        return InHand()
    found = _look(typed, request, now)
    if found.promotion:
        request.session[KEPT] = found.promotion.code
    return found


def _kept(request: HttpRequest, now: datetime) -> InHand:
    typed = request.session.get(KEPT, "")
    found = _look(typed, request, now) if typed else InHand()
    if found.problem == UsedByYou.message:
        del request.session[KEPT]
        return InHand()
    return found


def _look(typed: str, request: HttpRequest, now: datetime) -> InHand:
    buyer = request.user if request.user.is_authenticated else None
    try:
        found = promotions.find(typed, now=now)
        with suppress(gateway.GatewayError):  # nothing can be bought until Stripe is back
            promotions.check_buyer(found, buyer)
    except CannotUse as problem:
        return InHand(typed, problem=problem.message)
    return InHand(typed, found)
