"""The index in PostgreSQL: vectors in the columns autocomplete, body, title."""

from collections.abc import Iterable
from functools import reduce
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVectorExact
from django.db.models import BigIntegerField, F, QuerySet
from django.db.models.functions import Cast
from modelsearch.backends.database.postgres import postgres
from modelsearch.backends.database.postgres.query import Lexeme

from courses.search.backend import SegmentedBackend, SegmentedIndexer
from courses.search.matching import Words

CONFIG = "simple"  # no stems, no stop words: 「IT 时代」 is no "it"


class Indexer(SegmentedIndexer, postgres.ObjectIndexer):
    pass


postgres.ObjectIndexer = Indexer  # the index makes its own: there is no other way to hand it ours


class Backend(SegmentedBackend, postgres.PostgresSearchBackend):
    def __init__(self, params: dict[str, Any]) -> None:
        super().__init__({**params, "SEARCH_CONFIG": CONFIG})


def matching(words: Words, *, columns: tuple[str, ...], types: Iterable[Any]) -> QuerySet:
    """Keys of the objects of these content types that have the words in these columns."""
    found = entries_with(words, columns).filter(content_type__in=types)
    return found.values(number=Cast("object_id", BigIntegerField()))


def entries_with(words: Words, columns: tuple[str, ...]) -> QuerySet:
    vectors: list[Any] = [F(column) for column in columns]
    vector = reduce(lambda one, other: one._combine(other, "||", False), vectors)
    query = SearchQuery(words.combined(Lexeme), search_type="raw", config=CONFIG)
    entries = postgres.IndexEntry.objects.annotate(vector=vector)
    return entries.filter(SearchVectorExact(F("vector"), query))
