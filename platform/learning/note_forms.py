"""What a learner marks, thinks and looks for."""

import math
import re
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.forms import LinesField
from learning.models import Highlight
from learning.models.notes import AROUND, LONGEST_QUOTE, LONGEST_THOUGHT
from learning.note_queries import Wanted
from learning.notes import Passage, Words
from pages import languages

MOST_TAGS, LONGEST_TAG = 10, 20
BETWEEN_TAGS = re.compile(r"[\s,，、;；#＃]+")


class TagsField(forms.CharField):
    """Words with whatever between them; as the row has them: " 组织 信任 "."""

    def prepare_value(self, value: Any) -> Any:
        return " ".join(value.split()) if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        words = [*dict.fromkeys(filter(None, BETWEEN_TAGS.split(super().clean(value))))]
        if len(words) > MOST_TAGS:
            raise forms.ValidationError(_("At most %(number)d tags."), params={"number": MOST_TAGS})
        if any(len(word) > LONGEST_TAG for word in words):
            raise forms.ValidationError(
                _("A tag has at most %(number)d characters."), params={"number": LONGEST_TAG}
            )
        return f" {' '.join(words)} " if words else ""


class WordsForm(forms.Form):
    """What may be changed of a highlight."""

    thought = LinesField(
        label=_("Thought"),
        required=False,
        max_length=LONGEST_THOUGHT,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    tags = TagsField(
        label=_("Tags"), required=False, help_text=_("With spaces between them, ten at most.")
    )
    colour = forms.TypedChoiceField(
        label=_("Colour"),
        choices=Highlight.COLOURS,
        coerce=int,
        widget=forms.RadioSelect,
        required=False,
        empty_value="1",
    )

    def __init__(self, *args: Any, has_quote: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["thought"].required = not has_quote

    @property
    def words(self) -> Words:
        given = self.cleaned_data
        return Words(int(given["colour"]), given["thought"], given["tags"])


class HighlightForm(WordsForm):
    """A new one, as the page sends it."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    quote = LinesField(required=False, max_length=LONGEST_QUOTE)
    # Django keeps declared fields apart from a form's own attributes.
    prefix = forms.CharField(required=False, max_length=AROUND, strip=False)  # type: ignore[assignment]
    suffix = forms.CharField(required=False, max_length=AROUND, strip=False)
    start = forms.FloatField(required=False, min_value=0)

    @property
    def passage(self) -> Passage:
        given = self.cleaned_data
        return Passage(given["quote"], given["prefix"], given["suffix"], given["start"])

    def clean_start(self) -> float | None:
        start: float | None = self.cleaned_data["start"]
        return start if start is None or math.isfinite(start) else None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and not (given["quote"] or given["thought"]):
            raise forms.ValidationError(_("Mark a sentence, or write a thought."))
        return given


class DayField(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ContentSelect(forms.Select):
    """Its choices are in the language of what is published; all but the first, which is ours."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        if value and (tag := languages.of_content()):
            option["attrs"]["lang"] = tag
        return option


class WantedForm(forms.Form):
    """What one looks for among one's notes; whatever is no such thing narrows nothing down."""

    q = forms.CharField(label=_("Search my notes"), required=False, max_length=60)
    course = forms.TypedChoiceField(
        label=_("Course"), required=False, coerce=int, empty_value=None, widget=ContentSelect
    )
    tag = forms.ChoiceField(label=_("Tag"), required=False, widget=ContentSelect)
    colour = forms.TypedChoiceField(
        label=_("Colour"),
        required=False,
        choices=[("", _("All")), *Highlight.COLOURS],
        coerce=int,
        empty_value=None,
    )
    since = forms.DateField(
        label=pgettext_lazy("day", "From"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    until = forms.DateField(
        label=pgettext_lazy("day", "Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(
        self, data: Any, *, courses: list[tuple[int, str]], tags: list[str], **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        named = [(pk, title or _("Articles")) for pk, title in courses]
        choices: dict[str, Any] = self.fields
        choices["course"].choices = [("", _("All")), *named]
        choices["tag"].choices = [("", _("All")), *((tag, tag) for tag in tags)]
        self.is_valid()

    @property
    def wanted(self) -> Wanted:
        given = self.cleaned_data
        return Wanted(
            text=given.get("q", ""),
            course=given.get("course"),
            tag=given.get("tag", ""),
            colour=given.get("colour"),
            since=given.get("since"),
            until=given.get("until"),
        )

    @property
    def narrowing(self) -> int:
        """By how much besides the words."""
        return sum(self.cleaned_data.get(name) not in (None, "") for name in self.fields) - bool(
            self.wanted.text
        )

    @property
    def query(self) -> str:
        """For the links to the other pages: "q=…&", or nothing."""
        given = [(name, self.data[name]) for name in self.fields if self.data.get(name)]
        return f"{urlencode(given)}&" if given else ""
