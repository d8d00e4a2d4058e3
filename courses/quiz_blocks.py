"""What editors write a quiz with: questions of six kinds, and pools that some are drawn from."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail import blocks

MOST_CHOICES = 8
MOST_QUESTIONS = 30


class AskedBlock(blocks.StructBlock):
    """What every kind of question has. Subclasses say in `lacks` what is wrong with the rest."""

    prompt = blocks.TextBlock(label=_("Question"), max_length=500, rows=2)

    def clean(self, value: blocks.StructValue) -> blocks.StructValue:
        cleaned = super().clean(value)
        if not self.is_deferred_validation and (errors := self.lacks(cleaned)):
            raise blocks.StructBlockValidationError(block_errors=errors)
        return cleaned

    def lacks(self, value: blocks.StructValue) -> dict[str, ValidationError]:
        """The errors, by field."""
        return {}


def _why() -> blocks.TextBlock:
    return blocks.TextBlock(
        label=_("Explanation"),
        max_length=1000,
        rows=2,
        required=False,
        help_text=_("Shown to whoever has answered, right or wrong."),
    )


class AnswerBlock(blocks.StructBlock):
    text = blocks.CharBlock(label=pgettext_lazy("quiz", "Answer"), max_length=200)
    is_right = blocks.BooleanBlock(label=_("Right"), required=False)
    why = blocks.CharBlock(
        label=pgettext_lazy("quiz", "Why"),
        max_length=300,
        required=False,
        help_text=_("What whoever chose it should know. Shown after answering only."),
    )

    class Meta:
        icon = "check"
        label = _("Answer")
        label_format = "{text}"


class SingleBlock(AskedBlock):
    choices = blocks.ListBlock(AnswerBlock(), label=_("Answers"), max_num=MOST_CHOICES)
    is_shuffled = blocks.BooleanBlock(
        label=_("Mix the answers"),
        required=False,
        default=True,
        help_text=_("Take it away where the order matters, as with “all of these”."),
    )
    why = _why()

    class Meta:
        icon = "radio-full"
        label = _("One right answer")
        label_format = "{prompt}"

    def lacks(self, value: blocks.StructValue) -> dict[str, ValidationError]:
        choices = value["choices"]
        right = sum(choice["is_right"] for choice in choices)
        wrong = _wrong_list([choice["text"] for choice in choices])
        return {"choices": wrong} if wrong else self.wrong_number(right)

    def wrong_number(self, right: int) -> dict[str, ValidationError]:
        """What is wrong with so many right answers."""
        return {} if right == 1 else _of_list("choices", _("Mark exactly one answer as right."))


class MultipleBlock(SingleBlock):
    class Meta:
        icon = "tick"
        label = _("Several right answers")

    def wrong_number(self, right: int) -> dict[str, ValidationError]:
        return {} if right else _of_list("choices", _("Mark at least one answer as right."))


class TrueFalseBlock(AskedBlock):
    right = blocks.ChoiceBlock(
        label=_("It is"), choices=[("true", _("True")), ("false", _("False"))]
    )
    why = _why()

    class Meta:
        icon = "tick-inverse"
        label = _("True or false")
        label_format = "{prompt}"


class FillBlock(AskedBlock):
    accepted = blocks.ListBlock(
        blocks.CharBlock(label=pgettext_lazy("quiz", "Answer"), max_length=100),
        label=_("What is right"),
        max_num=20,
        help_text=_(
            "Each way to put it; the first is shown. Width, case and spaces make no difference."
        ),
    )
    why = _why()

    class Meta:
        icon = "edit"
        label = _("Fill in")
        label_format = "{prompt}"

    def lacks(self, value: blocks.StructValue) -> dict[str, ValidationError]:
        return {} if value["accepted"] else _of_list("accepted", _("Give at least one answer."))


class OrderBlock(AskedBlock):
    items = blocks.ListBlock(
        blocks.CharBlock(label=_("Item"), max_length=200),
        label=_("Items"),
        max_num=MOST_CHOICES,
        help_text=_("In the right order. Learners get them mixed."),
    )
    why = _why()

    class Meta:
        icon = "list-ol"
        label = _("Put in order")
        label_format = "{prompt}"

    def lacks(self, value: blocks.StructValue) -> dict[str, ValidationError]:
        wrong = _wrong_list(list(value["items"]))
        return {"items": wrong} if wrong else {}


class ShortBlock(AskedBlock):
    model = blocks.TextBlock(
        label=_("Model answer"),
        max_length=1000,
        rows=3,
        help_text=_("Shown after answering: learners judge for themselves whether theirs agrees."),
    )
    why = _why()

    class Meta:
        icon = "pilcrow"
        label = _("Short answer")
        label_format = "{prompt}"


class QuestionsBlock(blocks.StreamBlock):
    """One block for each kind of question (`courses.quizzes.Kind`)."""

    single = SingleBlock()
    multiple = MultipleBlock()
    true_false = TrueFalseBlock()
    fill = FillBlock()
    order = OrderBlock()
    short = ShortBlock()


class PoolBlock(blocks.StructBlock):
    """Questions of which each attempt gets some."""

    ask = blocks.IntegerBlock(label=_("How many are asked"), min_value=1, default=1)
    questions = QuestionsBlock(label=_("Questions"), required=False, max_num=MOST_QUESTIONS)

    class Meta:
        icon = "duplicate"
        label = _("Pool of questions")
        label_format = _("Pool of questions")

    def clean(self, value: blocks.StructValue) -> blocks.StructValue:
        cleaned = super().clean(value)
        if not self.is_deferred_validation and cleaned["ask"] > len(cleaned["questions"]):
            raise blocks.StructBlockValidationError(
                block_errors={"ask": ValidationError(_("There are fewer questions in the pool."))}
            )
        return cleaned


class QuizBlock(QuestionsBlock):
    pool = PoolBlock()

    class Meta:
        required = False
        max_num = MOST_QUESTIONS


def _of_list(name: str, message: Any) -> dict[str, ValidationError]:
    return {name: blocks.ListBlockValidationError(non_block_errors=[message])}


def _wrong_list(texts: Iterable[str]) -> ValidationError | None:
    """What makes a list no list to choose from or to put in order."""
    texts = [" ".join(text.split()) for text in texts]
    if len(texts) < 2:
        return blocks.ListBlockValidationError(non_block_errors=[_("Give at least two.")])
    if len(set(texts)) < len(texts):
        return blocks.ListBlockValidationError(non_block_errors=[_("Two of them are the same.")])
    return None
