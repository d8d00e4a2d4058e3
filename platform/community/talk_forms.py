"""What is said, answered, changed and reported."""

import re
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from community.comments import Anchor
from community.models import Comment, Report
from community.models.comments import LONGEST_QUOTE, LONGEST_TEXT
from courses.models import LessonPage
from learning.forms import LinesField
from learning.models.notes import AROUND

CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)")


def text_field(label: Any, *, rows: int = 4) -> LinesField:
    widget = forms.Textarea(attrs={"rows": rows})
    return LinesField(label=label, max_length=LONGEST_TEXT, widget=widget)


class SecondField(forms.CharField):
    """4:18 as seconds; full-width as well."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "numeric", "placeholder": "4:18"})
        super().__init__(widget=widget, max_length=9, required=False, **kwargs)

    def clean(self, value: Any) -> float | None:
        written = super().clean(value).replace("：", ":")
        if not written:
            return None
        found = CLOCK.fullmatch(written)
        if not found:
            raise forms.ValidationError(_("Minutes and seconds, for example 4:18."))
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return float(hours * 3600 + minutes * 60 + seconds)


class KeyedForm(forms.Form):
    """Sent twice, it says the same once."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        kwargs["initial"] = {"key": uuid4()} | kwargs.get("initial", {})
        super().__init__(data, **kwargs)


class TalkForm(KeyedForm):
    kind = forms.ChoiceField(
        label=pgettext_lazy("community", "Kind"),
        choices=[
            (Comment.Kind.COMMENT, pgettext_lazy("community", "Comment")),
            (Comment.Kind.QUESTION, _("A question to the instructor")),
        ],
        widget=forms.RadioSelect,
        initial=Comment.Kind.COMMENT,
    )
    text = text_field(pgettext_lazy("community", "What you want to say"))
    at = SecondField(label=_("At which moment"), help_text=_("For example 4:18."))
    # Django keeps declared fields apart from a form's own attributes.
    quote = LinesField(required=False, max_length=LONGEST_QUOTE, widget=forms.HiddenInput)
    prefix = forms.CharField(  # type: ignore[assignment]
        required=False, max_length=AROUND, strip=False, widget=forms.HiddenInput
    )
    suffix = forms.CharField(
        required=False, max_length=AROUND, strip=False, widget=forms.HiddenInput
    )

    def __init__(self, data: Any = None, *, lesson: LessonPage, **kwargs: Any) -> None:
        super().__init__(data, auto_id="talk_%s", **kwargs)
        recording = lesson.video or lesson.audio
        self.length = recording.duration if recording else 0
        if not recording:
            del self.fields["at"]

    def clean_at(self) -> float | None:
        at: float | None = self.cleaned_data["at"]
        if at is not None and self.length and at > self.length:
            raise forms.ValidationError(_("The recording is not as long as that."))
        return at

    @property
    def anchor(self) -> Anchor:
        """A sentence, if there is one, else a second."""
        given = self.cleaned_data
        if given["quote"]:
            return Anchor(None, given["quote"], given["prefix"], given["suffix"])
        return Anchor(given.get("at"))


class AnswerForm(KeyedForm):
    text = text_field(pgettext_lazy("community", "Your answer"))


class ChangeForm(forms.Form):
    text = text_field(pgettext_lazy("community", "What you want to say"))


class ReportForm(forms.Form):
    reason = forms.ChoiceField(
        label=pgettext_lazy("report", "Why"),
        choices=Report.Reason.choices,
        widget=forms.RadioSelect,
    )
    words = LinesField(
        label=pgettext_lazy("report", "In your words"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Only moderators read it."),
    )
