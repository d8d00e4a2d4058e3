"""Amounts, which are integers in a currency's smallest unit, in words and as numbers to sum."""

from decimal import ROUND_HALF_DOWN, Decimal

from babel import Locale
from babel.numbers import format_currency
from django.utils.translation import get_language, gettext, to_locale

# https://docs.stripe.com/currencies: zero-decimal, three-decimal, special cases
WITHOUT_DECIMALS = frozenset(
    (
        "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA",
        "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
    )
)  # fmt: skip
WITH_THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
WHOLE_UNITS = frozenset(["ISK", "UGX"])  # counted in hundredths, of which only whole units go


def in_words(amount: int, currency: str, language: str | None = None) -> str:
    """¥99 or ¥99.50, in the active language unless told otherwise."""
    locale = Locale.parse(_locale_name(language or get_language() or "zh-hans"))
    value = _in_units(amount, currency)
    whole = value == value.to_integral_value()
    fraction = "" if whole else "." + "0" * digits(currency)
    pattern = locale.currency_formats["standard"].pattern.replace(".00", fraction)
    return format_currency(value, currency, format=pattern, locale=locale, currency_digits=False)


def decimal(amount: int | None, currency: str) -> Decimal | None:
    """9900 CNY → 99.00: a number to sum, with the digits that the currency has."""
    return None if amount is None or not currency else _in_units(amount, currency)


def _in_units(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-digits(currency))


def digits(currency: str) -> int:
    """How many stand after the point where Stripe counts: 2 of CNY, 0 of JPY, 3 of KWD. CLDR says
    otherwise of some (RSD 0, Stripe 2)."""
    if currency in WITHOUT_DECIMALS:
        return 0
    return 3 if currency in WITH_THREE_DECIMALS else 2


def step(currency: str) -> int:
    """An amount that Stripe takes is a multiple of this."""
    if currency in WITH_THREE_DECIMALS:
        return 10
    return 100 if currency in WHOLE_UNITS else 1


def smallest(value: Decimal, currency: str) -> int:
    """99.00 CNY → 9900. Raises ValueError where the currency has fewer digits."""
    amount = value.scaleb(digits(currency))
    if amount != amount.to_integral_value():
        raise ValueError(value)
    return int(amount)


def taken_off(amount: int, currency: str, *, percent: float | None, fixed: int | None) -> int:
    """What a discount of so many percent, or of a fixed amount, takes off: no more than there is.

    After a percentage what is left is rounded, half of a step to the buyer's good, to an amount
    that can be charged (docs/stripe.md: where Stripe was not seen to do so).
    """
    if percent is None:
        return min(amount, fixed or 0)
    left = Decimal(amount) * (100 - Decimal(str(percent))) / 100
    steps = (left / step(currency)).to_integral_value(ROUND_HALF_DOWN)
    return max(0, amount - int(steps) * step(currency))


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
