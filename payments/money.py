"""Amounts in words: integers in a currency's smallest unit, formatted by Babel."""

from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language, gettext, to_locale


def in_words(amount: int, currency: str, language: str | None = None) -> str:
    """¥99 or ¥99.50, in the active language unless told otherwise."""
    locale = Locale.parse(_locale_name(language or get_language() or "zh-hans"))
    value = Decimal(amount).scaleb(-get_currency_precision(currency))
    whole = value == value.to_integral_value()
    pattern = locale.currency_formats["standard"].pattern
    return format_currency(
        value,
        currency,
        format=pattern.replace(".00", "") if whole else pattern,
        locale=locale,
        currency_digits=not whole,
    )


def per(interval: str) -> str:
    """What stands after the slash of ¥365/年."""
    return {
        "month": gettext("month"),
        "quarter": gettext("quarter"),
        "year": gettext("year"),
    }[interval]


def _locale_name(language: str) -> str:
    # zh_Hans alone has no currency of its own: ¥ is the yuan only in China.
    return "zh_Hans_CN" if language.startswith("zh") else to_locale(language)
