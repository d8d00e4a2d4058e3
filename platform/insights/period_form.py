"""Which days and which currency the overview is about."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from insights.spans import LONGEST_DAYS, Span, month_of

OWN = "own"
CHOICES = [
    ("30", _("The last 30 days")),
    ("90", _("The last 90 days")),
    ("this-month", _("This month")),
    ("last-month", _("Last month")),
    ("12-months", _("The last 12 months")),
    (OWN, _("Days of your own")),
]
FIRST_YEAR = 2000  # nothing was sold here before it


class PeriodForm(forms.Form):
    """What was typed stays; where it makes no sense, the last 30 days are shown and it is said."""

    days = forms.ChoiceField(label=_("Days"), choices=CHOICES, required=False)
    first = forms.DateField(label=_("First day"), required=False)
    last = forms.DateField(label=_("Last day"), required=False)

    def __init__(self, data: Any, *, currencies: list[str], today: date) -> None:
        super().__init__(data)
        self.today = today
        self.currencies = currencies or [settings.DEFAULT_CURRENCY]
        for name in ("first", "last"):
            self.fields[name].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("days") != OWN or self.errors:
            return data
        first, last = data.get("first"), data.get("last")
        if not (first and last):
            raise forms.ValidationError(_("Give the first and the last day."))
        if not FIRST_YEAR <= first.year <= last.year <= self.today.year + 1:
            raise forms.ValidationError(_("Days between 2000 and next year."))
        if first > last:
            raise forms.ValidationError(_("The first day comes after the last."))
        if first > self.today:
            raise forms.ValidationError(_("These days are still to come."))
        if (last - first).days >= LONGEST_DAYS:
            raise forms.ValidationError(_("At most three years at once."))
        return data

    @property
    def chosen_currency(self) -> str:
        return choose_currency(self.data.get("currency", ""), self.currencies)

    @property
    def span(self) -> Span:
        chosen = self.cleaned_data.get("days") if self.is_valid() else ""
        if chosen == OWN:
            return Span(self.cleaned_data["first"], self.cleaned_data["last"])
        return preset(chosen or "30", self.today)


def choose_currency(asked: str, currencies: list[str]) -> str:
    """As asked for, else the site's own, else the first there is."""
    if asked in currencies:
        return asked
    default = str(settings.DEFAULT_CURRENCY)
    return default if default in currencies or not currencies else currencies[0]


def preset(name: str, today: date) -> Span:
    """The days of one of CHOICES, today the last of them."""
    match name:
        case "this-month":
            return Span(month_of(today), today)
        case "last-month":
            return Span.of_month(month_of(today, later=-1))
        case "12-months":
            return Span(month_of(today, later=-11), today)
    return Span(today - timedelta(days=int(name) - 1), today)
