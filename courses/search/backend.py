"""Wagtail's search, which sees and asks for the words of `segments`.

It serves the admin's lists and choosers; what visitors search stands on the same index.
"""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import connection
from modelsearch.backends.base import EmptySearchResults
from modelsearch.index import RelatedFields
from modelsearch.query import Phrase, PlainText

from courses.search import segments


class SegmentedIndexer:
    """Goes before modelsearch's ObjectIndexer, which asks for each field up to five times."""

    def prepare_field(self, obj: Any, field: Any) -> list[tuple[Any, ...]]:
        prepared: dict[Any, list[tuple[Any, ...]]] = self.__dict__.setdefault("_prepared", {})
        if (obj, field) not in prepared:
            found = list(super().prepare_field(obj, field))  # type: ignore[misc]
            # Related fields came here one by one: their texts are done.
            done = isinstance(field, RelatedFields)
            prepared[obj, field] = (
                found if done else [(*about, segments.indexed(text)) for *about, text in found]
            )
        return prepared[obj, field]


class SegmentedBackend:
    """Goes before modelsearch's backend of the database."""

    def _search(self, compiler: Any, query: Any, model_or_queryset: Any, **options: Any) -> Any:
        segmented = segmented_query(query)
        if segmented is None:
            return EmptySearchResults()
        return super()._search(compiler, segmented, model_or_queryset, **options)  # type: ignore[misc]


def segmented_query(query: Any) -> Any:
    """The same query in the index's words; None where a text has no letter to look for. Other
    queries (all there is) stay as they are; compositions are nobody's here."""
    if not isinstance(query, (str, PlainText, Phrase)):
        return query
    text = query if isinstance(query, str) else query.query_string
    words = " ".join(word for run in segments.runs(text) for word in segments.asked(run))
    if not words:
        return None
    return PlainText(words, operator=query.operator) if isinstance(query, PlainText) else words


def SearchBackend(params: dict[str, Any]) -> Any:
    """The backend of the index in use."""
    return engine().Backend(params)


def engine() -> Any:
    """What is particular to where the index is: `Backend` and `matching`."""
    name = "opensearch" if settings.OPENSEARCH_URL else connection.vendor
    return import_module(f"courses.search.{name}")
