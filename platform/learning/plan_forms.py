"""What a learner plans."""

from datetime import date
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from learning.models import TrackPlan

USUAL_MINUTES = 20
WORKDAYS = 0b11111


class PlanForm(forms.Form):
    minutes = forms.IntegerField(label=_("Minutes a day"), min_value=5, max_value=240)
    weekdays = forms.TypedMultipleChoiceField(
        label=_("On these days"),
        choices=[(number, WEEKDAYS[number]) for number in range(7)],
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one day.")},
    )
    at = forms.TimeField(
        label=_("At"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("For your calendar; without a time it is an entry for the day."),
    )
    until = forms.DateField(
        label=_("Done by"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("If you have a day in mind: the plan says whether it is enough."),
    )

    def __init__(self, *args: Any, plan: TrackPlan | None, today: date, **kwargs: Any) -> None:
        mask = plan.weekdays if plan else WORKDAYS
        initial = {
            "minutes": plan.minutes if plan else USUAL_MINUTES,
            "weekdays": [number for number in range(7) if mask >> number & 1],
            "at": plan.at if plan else None,
            "until": plan.until if plan else None,
        }
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_until(self) -> date | None:
        until: date | None = self.cleaned_data["until"]
        if until and until < self.today and until != self.initial["until"]:
            raise forms.ValidationError(_("That day is over."))
        return until

    def fields_of_plan(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        mask = sum(1 << number for number in set(cleaned["weekdays"]))
        return {**{name: cleaned[name] for name in ("minutes", "at", "until")}, "weekdays": mask}
