"""The promotion code that a visitor brings: by a link (`?code=`), or typed on the page where one
chooses. It is kept with the session, through sign-up, until they take it away (`?code=`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from payments import promotions
from payments.models import PromotionCode
from payments.promotions import CannotUse

KEPT = "promotion_code"
LONGEST = 100


@dataclass(frozen=True)
class InHand:
    """A code in force, or what was typed and why it is none; empty where there is neither."""

    typed: str = ""
    promotion: PromotionCode | None = None
    problem: Any = ""


def of(request: HttpRequest, *, now: datetime) -> InHand:
    if "code" not in request.GET:
        kept = request.session.get(KEPT, "")
        return _look(kept, now) if kept else InHand()
    typed = request.GET["code"][:LONGEST]
    if not promotions.normalized(typed):
        request.session.pop(KEPT, None)
        return InHand()
    found = _look(typed, now)
    if found.promotion:
        request.session[KEPT] = found.promotion.code
    return found


def _look(typed: str, now: datetime) -> InHand:
    try:
        return InHand(typed, promotions.find(typed, now=now))
    except CannotUse as problem:
        return InHand(typed, problem=problem.message)
