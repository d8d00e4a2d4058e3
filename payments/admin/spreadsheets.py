"""Cells of a spreadsheet: amounts that add up."""

from decimal import Decimal

from babel.numbers import get_currency_precision


def decimal(amount: int | None, currency: str) -> Decimal | None:
    """9900 CNY → 99.00: a number to sum, with the digits that the currency has."""
    if amount is None or not currency:
        return None
    return Decimal(amount).scaleb(-get_currency_precision(currency))
