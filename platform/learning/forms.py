"""What a learner sets and writes."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from learning.ledger_files import LARGEST
from learning.models import LearnerGoals, TrackEnrolment


class GoalsForm(forms.ModelForm):
    class Meta:
        model = LearnerGoals
        fields = ["minutes", "days", "sentences"]


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


class LedgerFileForm(forms.Form):
    file = forms.FileField(
        label=_("A ledger exported as JSON"),
        help_text=_(
            "At most 20 MB. Nothing is entered twice, and what was brought in cannot be taken out."
        ),
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if file.size is None or file.size > LARGEST:
            raise forms.ValidationError(_("The file is larger than 20 MB."))
        return file
