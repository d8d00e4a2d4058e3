"""Amounts as staff type them."""

import re
import unicodedata
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payments import money

PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class AmountField(forms.DecimalField):
    """As people write it: Python would read `1e2` and `1_00` as a hundred too. Full-width digits
    are those of a Chinese keyboard."""

    default_error_messages = {
        "invalid": gettext_lazy("Digits and a point alone, such as 99 or 99.50.")
    }

    def to_python(self, value: Any) -> Any:
        typed = unicodedata.normalize("NFKC", str(value or "")).strip()
        if typed and not PLAIN.fullmatch(typed):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(typed)


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
