"""Amounts, which are integers in a currency's smallest unit, in words and as numbers to sum."""

from decimal import ROUND_HALF_UP, Decimal

from babel import Locale
from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language, gettext, to_locale


def in_words(amount: int, currency: str, language: str | None = None) -> str:
    """¥99 or ¥99.50, in the active language unless told otherwise."""
    locale = Locale.parse(_locale_name(language or get_language() or "zh-hans"))
    value = _in_units(amount, currency)
    whole = value == value.to_integral_value()
    pattern = locale.currency_formats["standard"].pattern
    return format_currency(
        value,
        currency,
        format=pattern.replace(".00", "") if whole else pattern,
        locale=locale,
        currency_digits=not whole,
    )


def decimal(amount: int | None, currency: str) -> Decimal | None:
    """9900 CNY → 99.00: a number to sum, with the digits that the currency has."""
    return None if amount is None or not currency else _in_units(amount, currency)


def _in_units(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-digits(currency))


def digits(currency: str) -> int:
    """How many stand after the point: 2 of CNY, 0 of JPY, 3 of KWD."""
    return get_currency_precision(currency)


def smallest(value: Decimal, currency: str) -> int:
    """99.00 CNY → 9900. Raises ValueError where the currency has fewer digits."""
    amount = value.scaleb(digits(currency))
    if amount != amount.to_integral_value():
        raise ValueError(value)
    return int(amount)


def taken_off(amount: int, *, percent: float | None, fixed: int | None) -> int:
    """What a discount of so many percent, or of a fixed amount, takes off: rounded as Stripe does,
    and no more than there is."""
    if percent is not None:
        share = Decimal(amount) * Decimal(str(percent)) / 100
        return int(share.quantize(Decimal(1), ROUND_HALF_UP))
    return min(amount, fixed or 0)


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
