"""Prices and ownership for templates (`payments.sales`)."""

from collections.abc import Container, Sequence
from typing import Any

from django import template
from django.conf import settings
from django.utils.functional import SimpleLazyObject

from courses.models import CoursePage
from payments import money as amounts
from payments import presale, queries, sales
from payments.models import Price

register = template.Library()


@register.simple_tag(takes_context=True)
def offers_for(context: template.Context, sellable: queries.Sellable) -> queries.Offered:
    """`{% offers_for course as offers %}`: `offers.own` and `offers.by_membership`, live prices."""
    return sales.offers_for(context.get("request"), sellable)


@register.simple_tag(takes_context=True)
def owned(context: template.Context, sellable: queries.Sellable) -> queries.Ownership:
    """`{% owned course as owned %}`: true where the visitor has it; `.until`, `.by_membership`."""
    return sales.owned(context.get("request"), sellable)


@register.simple_tag(takes_context=True)
def awaited(context: template.Context, course: CoursePage) -> bool:
    """`{% awaited course as waits %}`: bought or reserved, and not open yet."""
    return sales.is_awaited(context.get("request"), course)


@register.simple_tag(takes_context=True)
def coming(context: template.Context, course: CoursePage) -> bool:
    """`{% coming course as comes %}`: planned, and not given up: the day can be told."""
    return sales.is_coming(context.get("request"), course)


@register.simple_tag
def given_up_courses() -> Container[int]:
    """`{% given_up_courses as given_up %}`: those whose day is told no more. Asked for once, where
    something planned is in the list."""
    found: Container[int] = SimpleLazyObject(presale.given_up_courses)
    return found


@register.simple_tag(takes_context=True)
def prepare(context: template.Context, courses: Sequence[CoursePage]) -> str:
    """`{% prepare courses %}` on pages with several courses: what the tags above will tell of
    them, found at once."""
    sales.prepare(context.get("request"), courses)
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


@register.simple_tag
def prices_include_tax() -> bool:
    """`{% prices_include_tax as taxed %}`: Stripe reckons tax, and it is in what is shown."""
    return bool(settings.STRIPE_TAX)
