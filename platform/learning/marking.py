"""Whether an answer is right. Only the server asks, and only of what was handed in."""

import unicodedata
from dataclasses import asdict, dataclass
from typing import Any

from courses.quizzes import Kind, Question

type Given = str | list[int]  # what was written; or the options chosen, or each one's place


@dataclass(frozen=True)
class Answered:
    """An answer, and whether it is right; None: a short answer of which its writer has not said."""

    given: Given
    is_right: bool | None

    @property
    def written(self) -> dict[str, Any]:
        return asdict(self)


def mark(question: Question, given: Given) -> Answered:
    return Answered(given, None if question.kind is Kind.SHORT else _is_right(question, given))


def _is_right(question: Question, given: Given) -> bool:
    if isinstance(given, str):
        return plain(given) in map(plain, question.accepted)
    if question.kind is Kind.ORDER:
        return given == [option.place for option in question.options]
    right = {number for number, option in enumerate(question.options) if option.is_right}
    return set(given) == right


def plain(text: str) -> str:
    """Without what makes no difference: width, case, spaces."""
    # Taken apart before spaces go, else a letter and the mark after a space would become one.
    folded = _apart(_apart(text).casefold())
    return _apart("".join(folded.split()))


def _apart(text: str) -> str:
    return unicodedata.normalize("NFKD", text)
