"""Amounts as staff type them."""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from payments import money


def typed_amount(value: Decimal, currency: str) -> int:
    """In the currency's smallest unit. Raises ValidationError where it has too many digits."""
    try:
        amount = money.smallest(value, currency)
    except ValueError:
        digits = money.digits(currency)
        sentence = _("%(currency)s has no decimals.")
        if digits:
            sentence = _("%(currency)s has %(digits)d digits after the point.")
        raise ValidationError(sentence % {"currency": currency, "digits": digits}) from None
    if amount % (step := money.step(currency)):
        raise ValidationError(
            _("Stripe takes %(currency)s in steps of %(step)s.")
            % {"currency": currency, "step": money.decimal(step, currency)}
        )
    return amount
