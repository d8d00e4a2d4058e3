"""The index in SQLite: a table of FTS5 with the columns autocomplete, body, title."""

from collections.abc import Iterable
from typing import Any

from django.db.models import BigIntegerField, F, QuerySet
from django.db.models.functions import Cast
from modelsearch.backends.database.sqlite import sqlite
from modelsearch.backends.database.sqlite.query import (
    BM25,
    Lexeme,
    MatchExpression,
    SearchQueryExpression,
)

from courses.search.backend import SegmentedBackend, SegmentedIndexer
from courses.search.matching import Words


class Indexer(SegmentedIndexer, sqlite.ObjectIndexer):
    pass


sqlite.ObjectIndexer = Indexer  # the index makes its own: there is no other way to hand it ours


class Relevance(BM25):
    """A word in the title counts ten times."""

    def as_sql(self, *args: Any, **kwargs: Any) -> tuple[str, list[Any]]:
        table = sqlite.SQLiteFTSIndexEntry._meta.db_table
        return f"bm25({table}, 0.0, 1.0, 10.0)", []


class Compiler(sqlite.SQLiteSearchQueryCompiler):
    def _build_rank_expression(self, vectors: Any, config: Any) -> Relevance:
        return Relevance()


class Backend(SegmentedBackend, sqlite.SQLiteSearchBackend):
    query_compiler_class = Compiler


def matching(words: Words, *, columns: tuple[str, ...], types: Iterable[Any]) -> QuerySet:
    """Keys of the objects of these content types that have the words in these columns."""
    match = MatchExpression(list(columns), SearchQueryExpression(words.combined(Lexeme)))
    # "+ 0" keeps SQLite from the index of types: it would ask for the words once for each entry.
    found = sqlite.SQLiteFTSIndexEntry.objects.annotate(
        type=F("index_entry__content_type_id") + 0
    ).filter(match, type__in=types)
    return found.values(number=Cast("index_entry__object_id", BigIntegerField()))
