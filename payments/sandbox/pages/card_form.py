"""The form that asks for a card. What is typed is looked up and forgotten."""

from datetime import datetime
from typing import Any

from babel import Locale
from django import forms
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

from payments.sandbox import cards, tax
from payments.sandbox.cards import CardRefusedError
from payments.sandbox.completing import Filled
from payments.sandbox.payment import Decline

REFUSALS = {
    "incorrect_number": _("This is not a card number. Look at it once more."),
    "not_a_test_card": _("Only test cards work here. Choose one of those below."),
    "invalid_expiry_month": _("Write month and year, like 12 / 34."),
    "invalid_expiry_year": _("This card has expired."),
    "invalid_cvc": _("The three or four digits on the card."),
}
DECLINES = {
    "insufficient_funds": _("There is not enough money on this card. Nothing was charged."),
    "payment_intent_authentication_failure": _(
        "The bank could not confirm it was you. Nothing was charged."
    ),
    "payment_intent_payment_attempt_failed": _("The payment was not made. Nothing was charged."),
    "resource_missing": _("There is no card on file. Nothing was charged."),
}
DECLINED = _("The bank declined the card. Nothing was charged; you can try another one.")
# What each test card is good for, as the page offers them.
EXAMPLES = {
    "succeeds": _("Succeeds"),
    "declined": _("Is declined"),
    "insufficient_funds": _("Lacks money"),
    "authentication": _("Asks for 3-D Secure"),
    "always_authentication": _("Asks for 3-D Secure each time"),
    "fails_when_charged": _("Can be kept, cannot be charged"),
    "disputed": _("Is disputed later"),
}


def words_for(decline: Decline) -> str:
    """Why nothing was charged, for the buyer."""
    return str(DECLINES.get(decline.decline_code or decline.code, DECLINED))


def example(behaviour: str) -> dict[str, str]:
    """The form's values for a test card that behaves so; none for an unknown one."""
    for card in cards.CARDS.values():
        if card.behaviour == behaviour:
            return {"number": card.number, "expiry": "12 / 34", "cvc": "123", "name": "TEST"}
    return {}


class CardForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"))
    number = forms.CharField(label=_("Card number"), max_length=30)
    expiry = forms.CharField(label=_("Expires (month / year)"), max_length=9)
    cvc = forms.CharField(label=_("CVC"), max_length=4)
    name = forms.CharField(label=_("Name on the card"), max_length=100)

    def __init__(
        self,
        *args: Any,
        now: datetime,
        email: str | None = None,
        session: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._ask_for_tax(session or {})
        self.now = now
        if email:
            del self.fields["email"]
        self.known_email = email
        hints = {"number": "cc-number", "expiry": "cc-exp", "cvc": "cc-csc", "name": "cc-name"}
        for name, hint in hints.items():
            self.fields[name].widget.attrs["autocomplete"] = hint
        for name in ("number", "expiry", "cvc"):
            self.fields[name].widget.attrs["inputmode"] = "numeric"

    def _ask_for_tax(self, session: dict[str, Any]) -> None:
        if not session.get("automatic_tax", {}).get("enabled"):
            return
        names = Locale.parse(to_locale(get_language() or "en")).territories
        countries = [(code, names[code]) for code in tax.COUNTRIES]
        self.fields["country"] = forms.ChoiceField(
            label=_("Country"), choices=countries, initial=tax.HOME
        )
        self.fields["tax_id"] = forms.CharField(
            label=_("Tax number, if you have one"), max_length=30, required=False
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"number", "expiry", "cvc"} <= data.keys():
            try:
                data["card"], data["expires"] = cards.read(
                    data["number"], data["expiry"], data["cvc"], self.now
                )
            except CardRefusedError as error:
                self.add_error(error.field, REFUSALS[error.code])
        return data

    def filled(self) -> Filled:
        data = self.cleaned_data
        email = self.known_email or data["email"]
        asked = {name: data[name] for name in ("country", "tax_id") if name in data}
        return Filled(data["card"], data["expires"], email, data["name"], **asked)
