"""A quiz as its page shows it: asked, without what is right; or answered, with all of it."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.quizzes import Kind, Question
from learning import quizzes
from learning.marking import Answered
from learning.models import QuizAttempt
from learning.quiz_forms import QuizForm, words_of

KINDS = {
    Kind.SINGLE: _("one answer"),
    Kind.MULTIPLE: _("several answers"),
    Kind.TRUE_FALSE: _("true or false"),
    Kind.FILL: _("fill in"),
    Kind.ORDER: _("put in order"),
    Kind.SHORT: _("short answer"),
}


@dataclass(frozen=True)
class Asked:
    """A question to answer. It knows nothing of what is right."""

    number: int
    kind: Kind
    field: forms.BoundField

    @property
    def words(self) -> Any:
        return KINDS[self.kind]

    @property
    def places(self) -> list[dict[str, Any]]:
        """Of things to put in order: each one's text, and the control for its place."""
        return [
            {"text": control.data["attrs"]["aria-label"], "control": control}
            for control in self.field.subwidgets
        ]


@dataclass(frozen=True)
class ShownOption:
    text: str
    why: str
    is_right: bool
    is_chosen: bool
    place: int
    given_place: int  # where the learner put it

    @property
    def is_in_place(self) -> bool:
        return self.place == self.given_place


@dataclass(frozen=True)
class Result:
    """A question that was answered."""

    number: int
    question: Question
    answered: Answered

    @property
    def words(self) -> Any:
        return KINDS[self.question.kind]

    @property
    def is_right(self) -> bool | None:
        return self.answered.is_right

    @property
    def written(self) -> str:
        given = self.answered.given
        return given if isinstance(given, str) else ""

    @property
    def said(self) -> str | list[str]:
        """The answer in words, as it was given."""
        if isinstance(self.answered.given, str):
            return self.answered.given
        if self.question.kind is Kind.ORDER:
            return [each.text for each in sorted(self.options, key=lambda each: each.given_place)]
        return [each.text for each in self.options if each.is_chosen]

    @property
    def options(self) -> list[ShownOption]:
        """As they were shown; things put in order as they belong."""
        given = self.answered.given
        is_order = self.question.kind is Kind.ORDER
        if isinstance(given, str):
            return []
        found = [
            ShownOption(
                text=words_of(self.question, option),
                why=option.why,
                is_right=option.is_right,
                is_chosen=not is_order and place in given,
                place=option.place,
                given_place=given[place] if is_order else 0,
            )
            for place, option in enumerate(self.question.options)
        ]
        return sorted(found, key=lambda option: option.place)


def asked(attempt: QuizAttempt, form: QuizForm) -> list[Asked]:
    return [
        Asked(number, question.kind, form[f"q{number - 1}"])
        for number, question in enumerate(quizzes.questions_of(attempt), 1)
    ]


def results(attempt: QuizAttempt) -> list[Result]:
    """Only of what was answered."""
    pairs = zip(quizzes.questions_of(attempt), quizzes.answers_of(attempt), strict=True)
    return [Result(number, *pair) for number, pair in enumerate(pairs, 1)]
