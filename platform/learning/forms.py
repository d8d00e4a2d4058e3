"""What a learner sets and writes."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from learning.models import LearnerGoals, TrackEnrolment


class GoalsForm(forms.ModelForm):
    class Meta:
        model = LearnerGoals
        fields = ["minutes", "days"]


class LinesField(forms.CharField):
    """Text of several lines. Browsers send a line's end as two characters and count it as one."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class LastTaskForm(forms.Form):
    text = LinesField(
        label=_("Your answer"),
        required=False,
        max_length=TrackEnrolment._meta.get_field("task_text").max_length,
        help_text=_("For yourself: nobody else sees it. It goes along when you export your data."),
        widget=forms.Textarea(attrs={"rows": 8}),
    )
