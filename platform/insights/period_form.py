"""Which days and which currency the overview is about."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from insights.spans import LONGEST_DAYS, Span, month_of
from pages.forms import FIRST_YEAR

PRESETS = {
    "30": _("The last 30 days"),
    "90": _("The last 90 days"),
    "this-month": _("This month"),
    "last-month": _("Last month"),
    "12-months": _("The last 12 months"),
}
USUAL = "30"


class PeriodForm(forms.Form):
    """The first and the last day: as typed, else those of a preset that a link asked for.

    What was typed stays; where it makes no sense, the last 30 days are shown and it is said.
    """

    first = forms.DateField(label=_("First day"), required=False)
    last = forms.DateField(label=_("Last day"), required=False)

    def __init__(self, data: Any, *, currencies: list[str], today: date) -> None:
        self.today = today
        self.asked = "" if data.get("first") or data.get("last") else data.get("days") or USUAL
        self.preset = self.asked if self.asked in PRESETS else ""
        days = {}
        if self.asked:
            span = preset(self.preset or USUAL, today)
            days = {"first": span.first.isoformat(), "last": span.last.isoformat()}
        super().__init__({**data.dict(), **days})
        self.currencies = currencies or [settings.DEFAULT_CURRENCY]
        for name in ("first", "last"):
            self.fields[name].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        if self.asked and not self.preset:
            raise forms.ValidationError(
                _("There are no days of this name: %(name)s") % {"name": self.asked}
            )
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
        """Until today at most: days to come have no figures to compare."""
        if not self.is_valid():
            return preset(USUAL, self.today)
        return Span(self.cleaned_data["first"], min(self.cleaned_data["last"], self.today))

    @property
    def reaches_ahead(self) -> bool:
        return self.is_valid() and self.cleaned_data["last"] > self.today

    def presets(self) -> list[tuple[str, str, bool]]:
        """(its query, its name, whether it is shown)."""
        more = {"currency": self.chosen_currency} if len(self.currencies) > 1 else {}
        return [
            (urlencode({"days": name, **more}), str(label), name == self.preset)
            for name, label in PRESETS.items()
        ]


def choose_currency(asked: str, currencies: list[str]) -> str:
    """As asked for, else the site's own, else the first there is."""
    if asked in currencies:
        return asked
    default = str(settings.DEFAULT_CURRENCY)
    return default if default in currencies or not currencies else currencies[0]


def preset(name: str, today: date) -> Span:
    """The days of one of PRESETS, today the last of them."""
    match name:
        case "this-month":
            return Span(month_of(today), today)
        case "last-month":
            return Span.of_month(month_of(today, later=-1))
        case "12-months":
            return Span(month_of(today, later=-11), today)
    return Span(today - timedelta(days=int(name) - 1), today)
