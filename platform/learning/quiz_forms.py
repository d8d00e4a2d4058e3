"""What a quiz is answered with. It is made of the questions alone, never of what is right."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from courses.quizzes import Kind, Option, Question
from learning.forms import LinesField
from learning.marking import Given

UNANSWERED = _("This question is not answered yet.")
LONGEST_WORD = 200
LONGEST_ANSWER = 2000


class QuizForm(forms.Form):
    """The whole quiz: field q0 for the first question, and so on."""

    use_required_attribute = False  # the page says which ones are open, and keeps the others

    def __init__(self, questions: Sequence[Question], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for place, question in enumerate(questions):
            self.fields[f"q{place}"] = _field(question)

    @property
    def given(self) -> list[Given]:
        """The answers in order, once they are valid."""
        return [self.cleaned_data[name] for name in self.fields]


class JudgeForm(forms.Form):
    """Whether each of one's short answers is right, by one's own word."""

    use_required_attribute = False

    def __init__(self, places: Sequence[int], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for place in places:
            self.fields[f"q{place}"] = forms.TypedChoiceField(
                label=_("Does yours agree with it?"),
                choices=[("1", _("I had it right")), ("0", _("Not yet right"))],
                coerce=lambda word: word == "1",
                widget=forms.RadioSelect({"form": "judging"}),  # it stands among the results
                error_messages={"required": _("Say whether yours is right.")},
            )

    @property
    def right(self) -> list[bool]:
        return [self.cleaned_data[name] for name in self.fields]


class ChosenField(forms.TypedChoiceField):
    """One option's place, as a list of one."""

    widget = forms.RadioSelect

    def clean(self, value: Any) -> list[int]:
        return [super().clean(value)]


class PlacesWidget(forms.MultiWidget):
    """A place to choose for each item; each can be set beside its item."""

    def __init__(self, options: Sequence[Option], attrs: Any = None) -> None:
        places = [("", "—"), *((str(n), str(n)) for n in range(1, len(options) + 1))]
        super().__init__(
            [forms.Select({"aria-label": option.text}, places) for option in options], attrs
        )

    def decompress(self, value: Any) -> list[Any]:
        return list(value or [])

    def subwidgets(self, name: str, value: Any, attrs: Any = None) -> Iterator[dict[str, Any]]:
        yield from self.get_context(name, value, attrs)["widget"]["subwidgets"]


class PlacesField(forms.Field):
    """The place of each item, from 1, in the order in which they are shown."""

    def __init__(self, options: Sequence[Option], **kwargs: Any) -> None:
        super().__init__(widget=PlacesWidget(options), **kwargs)
        self.number = len(options)

    def clean(self, value: Sequence[str | None]) -> list[int]:
        known = {str(place) for place in range(1, self.number + 1)}
        if any(place not in known for place in value):
            raise forms.ValidationError(self.error_messages["required"], code="required")
        if len(set(value)) < self.number:
            raise forms.ValidationError(_("Each place can be taken only once."), code="twice")
        return [int(place or 0) for place in value]


def words_of(question: Question, option: Option) -> str:
    if question.kind is Kind.TRUE_FALSE:
        return pgettext("quiz", "True") if option.text == "true" else pgettext("quiz", "False")
    return option.text


def _field(question: Question) -> forms.Field:
    said: dict[str, Any] = {
        "label": question.prompt,
        "error_messages": {"required": UNANSWERED},
    }
    choices = [
        (str(place), words_of(question, option)) for place, option in enumerate(question.options)
    ]
    match question.kind:
        case Kind.SINGLE | Kind.TRUE_FALSE:
            return ChosenField(choices=choices, coerce=int, **said)
        case Kind.MULTIPLE:
            return forms.TypedMultipleChoiceField(
                choices=choices, coerce=int, widget=forms.CheckboxSelectMultiple, **said
            )
        case Kind.ORDER:
            return PlacesField(question.options, **said)
        case Kind.FILL:
            return forms.CharField(
                max_length=LONGEST_WORD, widget=forms.TextInput({"autocomplete": "off"}), **said
            )
        case Kind.SHORT:
            return LinesField(max_length=LONGEST_ANSWER, widget=forms.Textarea({"rows": 4}), **said)
