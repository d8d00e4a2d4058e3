"""Form fields that more than one place needs."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _

FIRST_YEAR, LAST_YEAR = 2000, 2199


class DayField(forms.DateField):
    """A day of this calendar's near centuries: with others there is no reckoning."""

    def clean(self, value: Any) -> date | None:
        return near(super().clean(value))


def near[Day: date](day: Day | None) -> Day | None:
    """The same day, or instant. Raises ValidationError for one that nobody means."""
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValidationError(_("Choose a day between 2000 and 2199."), code="far_day")
    return day


def at_most(field: forms.Field, largest: int) -> None:
    """A number of a model's field that nobody means to be larger."""
    field.validators.append(MaxValueValidator(largest))
    field.widget.attrs["max"] = largest
