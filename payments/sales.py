"""What a page shows of money: the prices, what whoever looks has, a way to buy.

A page may ask for many things one by one: what was found is kept with its request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from courses.models import CoursePage, Membership
from operations import clock
from payments import attribution, beginning, money, promotion_in_hand, queries
from payments.checkout import Attribution
from payments.models import Price


def offers_for(request: HttpRequest | None, sellable: CoursePage | Membership) -> queries.Offered:
    prices = _kept(request, "price_list", queries.PriceList)
    found: queries.Offered
    if isinstance(sellable, Membership):
        found = prices.of_membership(sellable)
    else:
        found = prices.of_course(sellable)
    return found


def owned(request: HttpRequest | None, sellable: CoursePage | Membership) -> queries.Ownership:
    if request is None or not hasattr(request, "user"):
        return queries.Ownership([])
    found: dict[tuple[str, int], queries.Ownership] = _kept(request, "ownerships", dict)
    key = (type(sellable).__name__, sellable.pk)
    if key not in found:
        found[key] = queries.ownership(request.user, sellable, now=clock.now())
    return found[key]


def prepare(request: HttpRequest | None, courses: Sequence[CoursePage]) -> None:
    """Finds at once what a page is about to ask of these courses."""
    _kept(request, "price_list", queries.PriceList).expect(courses)
    if request is None or not hasattr(request, "user"):
        return
    found = _kept(request, "ownerships", dict)
    fresh = [course for course in courses if ("CoursePage", course.pk) not in found]
    for pk, ownership in queries.ownerships(request.user, fresh, now=clock.now()).items():
        found["CoursePage", pk] = ownership


def _kept(request: HttpRequest | None, name: str, make: Any) -> Any:
    if request is None:
        return make()
    kept = request.__dict__.setdefault("_payments", {})
    if name not in kept:
        kept[name] = make()
    return kept[name]


@dataclass(frozen=True)
class Sale:
    """How something can be had: `url` begins buying; `member_*` where a membership opens it too."""

    amount: str
    label: str
    url: str
    per: str = ""
    note: str = ""
    member_note: str = ""
    member_line: str = ""
    member_url: str = ""


def sale(
    request: HttpRequest | None,
    sellable: CoursePage | Membership,
    page: object = None,
    block_id: str = "",
) -> Sale | None:
    """How it is bought from this page; None if it is not sold."""
    if beginning.is_planned(sellable, now=clock.now()):
        return None
    led_by = Attribution(page_id=getattr(page, "pk", None), block=str(block_id or ""))
    code = request.GET.get("code", "")[: promotion_in_hand.LONGEST] if request else ""
    offered = offers_for(request, sellable)
    if isinstance(sellable, Membership):
        return _of_membership(offered.own[0], led_by, code) if offered.own else None
    if offered.own:
        return _of_course(offered, led_by, code)
    by_way = offered.by_membership
    return _of_membership(by_way[0], led_by, code) if by_way else None


def _of_course(offered: queries.Offered, led_by: Attribution, code: str) -> Sale:
    price = offered.own[0]
    shown = money.in_words(price.amount, price.currency)
    member: dict[str, str] = {}
    if offered.by_membership:
        lowest = min(offered.by_membership, key=lambda each: each.amount)
        member = {
            "member_note": _("Members listen, too"),
            "member_line": _("Members listen, from %(price)s") % {"price": _rate(lowest)},
            "member_url": reverse("membership") + attribution.as_query(led_by, code),
        }
    return Sale(
        amount=shown,
        label=_("Buy this course"),
        url=reverse("payments_buy", args=[price.offer.key]) + attribution.as_query(led_by, code),
        **member,
    )


def _of_membership(price: Price, led_by: Attribution, code: str) -> Sale:
    offer = price.offer
    note = ""
    if offer.trial_days:
        note = _("%(days)d days of trial first") % {"days": offer.trial_days}
    return Sale(
        amount=money.in_words(price.amount, price.currency),
        per=money.per(offer.interval) if offer.interval else "",
        label=_("See the membership"),
        url=reverse("membership") + attribution.as_query(led_by, code),
        note=note,
    )


def _rate(price: Price) -> str:
    shown = money.in_words(price.amount, price.currency)
    return f"{shown}/{money.per(price.offer.interval)}" if price.offer.interval else shown
