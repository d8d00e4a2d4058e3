"""Forms of the admin that need more than Wagtail gives."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from modelcluster.forms import BaseChildFormSet
from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.admin.forms.pages import CopyForm

from courses.transcripts import validate_transcript

TRANSCRIPT_LIMIT = 1_000_000


class CopyWithoutAliasForm(CopyForm):
    """An alias has another number, so progress and access would split: only true copies."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("alias", None)


class CoursesOnce(BaseChildFormSet):
    """The courses of a bundle. Django would name the fields, as the code does."""

    def get_unique_error_message(self, unique_check: Any) -> Any:
        return _("A course stands in the bundle twice.")

    def get_form_error(self) -> Any:
        return _("This course is in the bundle already.")


class LessonForm(WagtailAdminPageForm):
    """Offers the course's chapters, and takes the transcript from a file."""

    transcript_file = forms.FileField(
        label=_("Transcript from a file"),
        required=False,
        help_text=_("A .vtt file; it replaces the transcript below."),
        widget=forms.ClearableFileInput(attrs={"accept": ".vtt,text/vtt"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "chapter_key" in self.fields:
            course = self.parent_page.specific if self.parent_page else None
            rows = getattr(course, "chapters", None)  # anything may be named in an address
            chapters = rows.all() if rows else []
            choices = [("", _("No chapter")), *((str(row.key), row.title) for row in chapters)]
            self.fields["chapter_key"].widget = forms.Select(choices=choices)

    def clean_transcript_file(self) -> str:
        """The file's text, or what is wrong with it and where."""
        file = self.cleaned_data["transcript_file"]
        if not file:
            return ""
        if file.size > TRANSCRIPT_LIMIT:
            raise forms.ValidationError(_("The transcript is larger than 1 MB."))
        try:
            text = str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise forms.ValidationError(_("The transcript is not UTF-8 text.")) from error
        validate_transcript(text)
        return text

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if text := cleaned.get("transcript_file"):
            cleaned["transcript"] = text
        return cleaned
