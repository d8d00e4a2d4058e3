"""The quiz of a lesson: what it asks, and what is right. Nothing here goes to a learner as it is:
`learning.quizzes` keeps what was drawn and shows what may be seen.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from random import Random
from typing import Any

from wagtail.blocks import StreamValue

from courses.models import CoursePage, LessonPage

POOL = "pool"


class Kind(StrEnum):
    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true_false"
    FILL = "fill"
    ORDER = "order"
    SHORT = "short"


@dataclass(frozen=True)
class Option:
    """Something to choose, or to give its place (from 1) to."""

    text: str  # of true and false: the word
    is_right: bool = False
    place: int = 0
    why: str = ""


@dataclass(frozen=True)
class Question:
    """A question with all that is right about it, its options as they are shown."""

    key: str  # the block's id: it stays when the question is edited
    kind: Kind
    prompt: str
    why: str = ""
    options: tuple[Option, ...] = ()
    accepted: tuple[str, ...] = ()  # what may be filled in
    model: str = ""  # what a short answer may look like

    @classmethod
    def read(cls, row: dict[str, Any]) -> "Question":
        """From what `written` gave."""
        options = tuple(Option(**option) for option in row["options"])
        more = {"kind": Kind(row["kind"]), "options": options, "accepted": tuple(row["accepted"])}
        return cls(**row | more)

    @property
    def written(self) -> dict[str, Any]:
        """For keeping as JSON."""
        return asdict(self)


def count(lesson: LessonPage) -> int:
    """How many questions an attempt gets."""
    return sum(
        min(block.value["ask"] or 0, len(block.value["questions"]))
        if block.block_type == POOL
        else 1
        for block in lesson.quiz
    )


def measure(lesson: LessonPage) -> tuple[int, bool]:
    """How many questions it asks, and whether they count towards done."""
    number = count(lesson)
    if not number or not lesson.path:  # it is not in a course yet
        return number, False
    course = CoursePage.objects.filter(path=lesson.path[: -LessonPage.steplen])
    return number, course.filter(quizzes_count=True).exists()


def note_published(course: CoursePage) -> None:
    """The course says whether its lessons' quizzes count."""
    lessons = LessonPage.objects.child_of(course).exclude(quiz_questions=0)
    lessons.exclude(quiz_counts=course.quizzes_count).update(quiz_counts=course.quizzes_count)


def all_of(quiz: StreamValue) -> Iterator[Question]:
    """Every question as the editor wrote it, those of pools too."""
    for block in quiz:
        inner = block.value["questions"] if block.block_type == POOL else [block]
        yield from map(_question, inner)


def draw(quiz: StreamValue, chance: Random) -> list[Question]:
    """The questions of one attempt: of each pool as many as it says, everything mixed that is to
    be mixed."""
    found: list[Question] = []
    for block in quiz:
        if block.block_type == POOL:
            inner = list(block.value["questions"])
            drawn = chance.sample(inner, min(block.value["ask"], len(inner)))
            found += [_mixed(each, chance) for each in drawn]
        else:
            found.append(_mixed(block, chance))
    return found


def _mixed(block: StreamValue.StreamChild, chance: Random) -> Question:
    question = _question(block)
    if question.kind is not Kind.ORDER and not block.value.get("is_shuffled"):
        return question
    options = list(question.options)
    chance.shuffle(options)
    if question.kind is Kind.ORDER and tuple(options) == question.options:
        options.append(options.pop(0))  # else it would stand there solved
    return Question(**vars(question) | {"options": tuple(options)})


def _question(block: StreamValue.StreamChild) -> Question:
    value = block.value
    return Question(
        key=str(block.id),
        kind=Kind(block.block_type),
        prompt=value["prompt"],
        why=value["why"],
        options=tuple(_options(block)),
        accepted=tuple(value.get("accepted", ())),
        model=value.get("model", ""),
    )


def _options(block: StreamValue.StreamChild) -> Iterable[Option]:
    value = block.value
    match block.block_type:
        case Kind.SINGLE | Kind.MULTIPLE:
            return (
                Option(text=each["text"], is_right=each["is_right"], why=each["why"])
                for each in value["choices"]
            )
        case Kind.TRUE_FALSE:
            return (
                Option(text=word, is_right=word == value["right"]) for word in ("true", "false")
            )
        case Kind.ORDER:
            return (Option(text=text, place=place) for place, text in enumerate(value["items"], 1))
    return ()
