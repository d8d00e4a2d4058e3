"""What a page shows of money: the prices, what whoever looks has, a way to buy.

A page may ask for many things one by one: what was found is kept with its request.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from accounts import currencies
from courses.models import Bundle, CoursePage, Membership
from operations import clock
from pages import dates, languages
from payments import (
    attribution,
    beginning,
    money,
    plans,
    presale,
    promotion_in_hand,
    queries,
    reserving,
)
from payments.checkout import Attribution
from payments.models import Price


def offers_for(request: HttpRequest | None, sellable: queries.Sellable) -> queries.Offered:
    prices = _price_list(request)
    found: queries.Offered
    if isinstance(sellable, Membership):
        found = prices.of_membership(sellable)
    elif isinstance(sellable, Bundle):
        found = prices.of_bundle(sellable)
    else:
        found = prices.of_course(sellable)
    return found


def owned(request: HttpRequest | None, sellable: queries.Sellable) -> queries.Ownership:
    if request is None or not hasattr(request, "user"):
        return queries.Ownership([])
    found: dict[tuple[str, int], queries.Ownership] = _kept(request, "ownerships", dict)
    key = (type(sellable).__name__, sellable.pk)
    if key not in found:
        found[key] = queries.ownership(request.user, sellable, now=clock.now())
    return found[key]


def prepare(request: HttpRequest | None, courses: Sequence[CoursePage]) -> None:
    """Finds at once what a page is about to ask of these courses."""
    _price_list(request).expect(courses)
    if request is None or not hasattr(request, "user"):
        return
    found = _kept(request, "ownerships", dict)
    fresh = [course for course in courses if ("CoursePage", course.pk) not in found]
    for pk, ownership in queries.ownerships(request.user, fresh, now=clock.now()).items():
        found["CoursePage", pk] = ownership


def _price_list(request: HttpRequest | None) -> queries.PriceList:
    def make() -> queries.PriceList:
        return queries.PriceList(queries.prices_shown(currencies.of(request)))

    found: queries.PriceList = _kept(request, "price_list", make)
    return found


def _kept(request: HttpRequest | None, name: str, make: Any) -> Any:
    if request is None:
        return make()
    kept = request.__dict__.setdefault("_payments", {})
    if name not in kept:
        kept[name] = make()
    return kept[name]


@dataclass(frozen=True)
class Sale:
    """How something can be had: `url` begins buying, of this very thing if `direct`; `member_*` and
    `bundle_*` where a membership or a bundle opens it too. `enrol`: the key of a price of nothing,
    at which one tap opens it."""

    amount: str
    label: str
    url: str
    direct: bool = False
    enrol: str = ""
    per: str = ""
    was: str = ""  # what follows an early price,
    early: str = ""  # and when
    note: str = ""
    member_note: str = ""
    member_line: str = ""
    member_url: str = ""
    membership: Membership | None = None  # the one of which the price is told
    in_advance: bool = False  # it has not opened yet
    bundle_line: str = ""
    bundle_url: str = ""

    @property
    def card_note(self) -> str:
        """Beside the price, where there is room for a word or two."""
        return self.label if self.in_advance else self.member_note


def sale(
    request: HttpRequest | None,
    sellable: queries.Sellable,
    page: object = None,
    block_id: str = "",
) -> Sale | None:
    """How it is bought from this page; None if it is not sold."""
    led_by = Attribution(page_id=getattr(page, "pk", None), block=str(block_id or ""))
    code = request.GET.get("code", "")[: promotion_in_hand.LONGEST] if request else ""
    offered = offers_for(request, sellable)
    seen_in = currencies.of(request)
    if isinstance(sellable, CoursePage) and beginning.is_planned(sellable, now=clock.now()):
        return _in_advance(request, sellable, offered, led_by, code)
    if isinstance(sellable, Membership):
        own = queries.comparable(offered.own, seen_in)
        return _of_membership(own[0], led_by, code) if own else None
    if isinstance(sellable, Bundle):
        return _of_bundle(offered.own[0], led_by, code) if offered.own else None
    if offered.own and offered.own[0].is_free:
        return _for_nothing(offered.own[0], led_by)
    if offered.own:
        return _beside_bundle(_of_course(offered, seen_in, led_by, code), offered, led_by, code)
    if offered.by_membership:
        first = queries.comparable(offered.by_membership, seen_in)[0]
        way = _of_membership(first, led_by, code)
        return _beside_bundle(way, offered, led_by, code)
    return _of_bundle(offered.by_bundle[0], led_by, code) if offered.by_bundle else None


def _in_advance(
    request: HttpRequest | None,
    course: CoursePage,
    offered: queries.Offered,
    led_by: Attribution,
    code: str,
) -> Sale | None:
    """A planned course, where it is sold before it opens, to who has not bought it yet."""
    prices = [price for price in offered.own if price.offer.presale]
    if not prices or course.pk in _awaited(request):
        return None
    now = clock.now()
    opens = beginning.opens_at(course, now=now)
    reserves = reserving.reserves(prices[0], now=now)
    address = reverse("payments_buy", args=[prices[0].offer.key])
    return _at(
        prices[0],
        label=_("Reserve it") if reserves else _("Buy it in advance"),
        url=address + attribution.as_query(led_by, code),
        direct=True,
        in_advance=True,
        note=(_("charged when it opens, %(day)s") if reserves else _("opens on %(day)s"))
        % {"day": dates.day(opens, now=now)},
    )


def is_awaited(request: HttpRequest | None, course: CoursePage) -> bool:
    """Whether whoever looks has bought or reserved it before it opens."""
    return beginning.is_planned(course, now=clock.now()) and course.pk in _awaited(request)


def is_coming(request: HttpRequest | None, course: CoursePage) -> bool:
    """Whether its day is told: it is planned, and what was sold in advance was not given up. One
    query a page, where something is planned."""
    if not beginning.is_planned(course, now=clock.now()):
        return False
    return course.pk not in _kept(request, "given_up", presale.given_up_courses)


def _awaited(request: HttpRequest | None) -> set[int]:
    """The courses that whoever looks has bought in advance, found at once."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return set()
    found: dict[str, set[int]] = _kept(request, "awaited", dict)
    if "courses" not in found:
        bought = (presale.waiting() | reserving.to_be_charged()).filter(buyer=user)
        redeemed = presale.waiting_codes().filter(redeemed_by=user)
        found["courses"] = {
            *bought.values_list("price__offer__course_id", flat=True),
            *redeemed.values_list("batch__course_id", flat=True),
        }
    return found["courses"]


def _for_nothing(price: Price, led_by: Attribution) -> Sale:
    """No membership and no bundle beside it: nobody needs them for this course."""
    return Sale(
        amount=_("Free"),
        label=_("Enrol for free"),
        url=reverse("payments_buy", args=[price.offer.key]) + attribution.as_query(led_by),
        direct=True,
        enrol=str(price.key),
    )


def _of_course(offered: queries.Offered, seen_in: str, led_by: Attribution, code: str) -> Sale:
    price = offered.own[0]
    member: dict[str, Any] = {}
    if offered.by_membership:
        lowest = queries.lowest(offered.by_membership, seen_in)
        member = {
            "member_note": _("Members listen, too"),
            "member_line": _("Members listen, from %(price)s") % {"price": _rate(lowest)},
            "member_url": reverse("membership") + attribution.as_query(led_by, code),
            "membership": lowest.offer.membership,
        }
    return _at(
        price,
        direct=True,
        label=_("Buy this course"),
        url=reverse("payments_buy", args=[price.offer.key]) + attribution.as_query(led_by, code),
        **member,
    )


def _beside_bundle(way: Sale, offered: queries.Offered, led_by: Attribution, code: str) -> Sale:
    """With the first bundle that has the course in it."""
    if not offered.by_bundle:
        return way
    price = offered.by_bundle[0]
    words = {
        "title": languages.as_content(price.offer.sellable),
        "price": money.in_words(price.amount, price.currency),
    }
    return replace(
        way,
        # Safe: the title comes escaped, a price has nothing to escape.
        bundle_line=mark_safe(_("In the bundle %(title)s, %(price)s") % words),  # noqa: S308
        bundle_url=beginning.address(price.offer.sellable) + attribution.as_query(led_by, code),
    )


def _of_bundle(price: Price, led_by: Attribution, code: str) -> Sale:
    words = {"title": languages.as_content(price.offer.sellable)}
    return _at(
        price,
        label=_("See the bundle"),
        url=beginning.address(price.offer.sellable) + attribution.as_query(led_by, code),
        note=mark_safe(_("in the bundle %(title)s") % words),  # noqa: S308 (it comes escaped)
    )


def _of_membership(price: Price, led_by: Attribution, code: str) -> Sale:
    offer = price.offer
    note = ""
    if offer.trial_days:
        note = _("%(days)d days of trial first") % {"days": offer.trial_days}
    return _at(
        price,
        per=money.per(offer.interval) if offer.interval else "",
        label=_("See the membership"),
        url=reverse("membership") + attribution.as_query(led_by, code),
        membership=offer.membership,
        note=note,
    )


def _at(price: Price, **more: Any) -> Sale:
    """A sale at a price of `queries.prices_shown`."""
    at = Sale(amount=money.in_words(price.amount, price.currency), **more)
    regular: int | None = getattr(price, "regular_amount", None)
    if regular is None:
        return at
    return replace(
        at,
        was=money.in_words(regular, price.currency),
        early=plans.early_note(price, regular, now=clock.now()),
    )


def _rate(price: Price) -> str:
    shown = money.in_words(price.amount, price.currency)
    return f"{shown}/{money.per(price.offer.interval)}" if price.offer.interval else shown
