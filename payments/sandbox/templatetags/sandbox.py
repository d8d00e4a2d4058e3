"""How the sandbox's pages write money and time."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency, get_currency_precision
from django import template
from django.utils.translation import get_language, gettext, ngettext, to_locale

from pages import dates
from payments.sandbox.store import Shape

register = template.Library()


@register.filter
def money(amount: int, currency: str) -> str:
    """¥99, or ¥99.50: minor units as people write them."""
    digits = get_currency_precision(currency.upper())
    value = Decimal(amount).scaleb(-digits)
    whole = value == value.to_integral_value()
    return format_currency(
        value,
        currency.upper(),
        format="¤#,##0" if whole else None,
        currency_digits=not whole,
        locale=to_locale(get_language() or "en"),
    )


@register.filter
def per(price: Shape) -> str:
    """The period a recurring price is for: "month", "3 months"."""
    recurring = price["recurring"]
    if not recurring:
        return ""
    count, interval = recurring["interval_count"], recurring["interval"]
    if count == 1:
        return {
            "day": gettext("day"),
            "week": gettext("week"),
            "month": gettext("month"),
            "year": gettext("year"),
        }[interval]
    many = {
        "day": ngettext("%(count)s day", "%(count)s days", count),
        "week": ngettext("%(count)s week", "%(count)s weeks", count),
        "month": ngettext("%(count)s month", "%(count)s months", count),
        "year": ngettext("%(count)s year", "%(count)s years", count),
    }[interval]
    return many % {"count": count}


@register.filter
def day(second: int) -> str:
    return dates.day(datetime.fromtimestamp(second, UTC))


@register.filter
def moment(second: int) -> str:
    return dates.moment(datetime.fromtimestamp(second, UTC))


@register.filter
def method(kind: str) -> str:
    """A kind of payment method in words."""
    words = {"alipay": gettext("Alipay"), "wechat_pay": gettext("WeChat Pay")}
    return words.get(kind, kind)


@register.filter
def status(word: str) -> str:
    """The state of a subscription, a bill, a payment, a page or a dispute, in words."""
    words: dict[str, Any] = {
        "trialing": gettext("in trial"),
        "active": gettext("active"),
        "past_due": gettext("payment failed"),
        "unpaid": gettext("unpaid"),
        "canceled": gettext("cancelled"),
        "draft": gettext("draft"),
        "open": gettext("open"),
        "paid": gettext("paid"),
        "void": gettext("void"),
        "uncollectible": gettext("uncollectible"),
        "succeeded": gettext("succeeded"),
        "failed": gettext("failed"),
        "pending": gettext("pending"),
        "complete": gettext("complete"),
        "expired": gettext("expired"),
    }
    return str(words.get(word, word))
