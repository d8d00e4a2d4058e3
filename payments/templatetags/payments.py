"""Prices and ownership for templates. What a page asks is kept with its request."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.http import HttpRequest

from courses.models import CoursePage, Membership
from operations import clock
from payments import money as amounts
from payments import queries
from payments.models import Price

register = template.Library()


@register.simple_tag(takes_context=True)
def offers_for(context: template.Context, sellable: CoursePage | Membership) -> queries.Offered:
    """`{% offers_for course as offers %}`: `offers.own` and `offers.by_membership`, live prices."""
    prices = _kept(context, "price_list", queries.PriceList)
    if isinstance(sellable, Membership):
        return prices.of_membership(sellable)
    return prices.of_course(sellable)


@register.simple_tag(takes_context=True)
def owned(context: template.Context, sellable: CoursePage | Membership) -> queries.Ownership:
    """`{% owned course as owned %}`: true where the visitor has it; `.until`, `.by_membership`."""
    request: HttpRequest | None = context.get("request")
    if request is None or not hasattr(request, "user"):
        return queries.Ownership([])
    found = _kept(context, "ownerships", dict)
    key = (type(sellable).__name__, sellable.pk)
    if key not in found:
        found[key] = queries.ownership(request.user, sellable, now=clock.now())
    return found[key]


@register.simple_tag(takes_context=True)
def prepare(context: template.Context, courses: Sequence[CoursePage]) -> str:
    """`{% prepare courses %}` on pages with several courses: what the tags above will tell of
    them, found at once."""
    _kept(context, "price_list", queries.PriceList).expect(courses)
    request: HttpRequest | None = context.get("request")
    if request is None or not hasattr(request, "user"):
        return ""
    found = _kept(context, "ownerships", dict)
    fresh = [course for course in courses if ("CoursePage", course.pk) not in found]
    for pk, ownership in queries.ownerships(request.user, fresh, now=clock.now()).items():
        found["CoursePage", pk] = ownership
    return ""


@register.filter
def money(value: Any, currency: str = "") -> str:
    """`price|money`: ¥99, or ¥365/年 where it renews. Anything with an amount and a currency will
    do (an order, a refund); a bare number takes its currency as the argument."""
    if isinstance(value, int):
        return amounts.in_words(value, currency)
    shown = amounts.in_words(value.amount, value.currency)
    if isinstance(value, Price) and value.offer.interval:
        return f"{shown}/{amounts.per(value.offer.interval)}"
    return shown


def _kept(context: template.Context, name: str, make: Any) -> Any:
    request = context.get("request")
    if request is None:
        return make()
    kept = request.__dict__.setdefault("_payments", {})
    if name not in kept:
        kept[name] = make()
    return kept[name]
