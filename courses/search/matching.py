"""What a person typed, and which entries of the index it matches."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from courses.search import segments
from courses.search.backend import engine

LONGEST = 60  # characters of a query
BEGUN = 3  # from so many letters on, what is not Chinese may be the beginning of a word

# Where to look, nearest first: the title; what stands beside it (subtitle, question, summary);
# all public words.
TITLE, NEAR, ALL = ("title",), ("autocomplete",), ("title", "body")


@dataclass(frozen=True)
class Words:
    """Runs of letters to be found, every one of them or any."""

    runs: tuple[str, ...]
    every: bool = True

    def combined(self, lexeme: Any) -> Any:
        """As an expression of the database's own lexemes."""
        each = [
            reduce(operator.and_, (lexeme(word, prefix=is_begun(word)) for word in words))
            for words in map(segments.asked, self.runs)
        ]
        return reduce(operator.and_ if self.every else operator.or_, each)


@dataclass(frozen=True)
class Query:
    text: str  # as typed, without what is too long
    was_cut: bool = False

    @cached_property
    def runs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(segments.runs(self.text)))


def read(typed: str) -> Query:
    text = " ".join(typed.replace("\0", "").split())
    return Query(text[:LONGEST].rstrip(), was_cut=len(text) > LONGEST)


def matching(words: Words, columns: tuple[str, ...], models: Sequence[type[Model]]) -> Any:
    """Keys of the objects of these models that have the words: a query or a list, for `pk__in`."""
    types = [each.pk for each in ContentType.objects.get_for_models(*models).values()]
    return engine().matching(words, columns=columns, types=types)


def is_begun(word: str) -> bool:
    return len(word) >= BEGUN and not segments.is_han(word)
