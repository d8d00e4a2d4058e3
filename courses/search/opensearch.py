"""The index in OpenSearch, where OPENSEARCH_URL says so: the same words in the same three fields.

OpenSearch gets its words parted by spaces, as the databases do, and only says which objects have
them; what comes first is decided as ever (`queries`).
"""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import OperationalError
from modelsearch.backends import opensearch3
from modelsearch.index import AutocompleteField, SearchField
from opensearchpy.exceptions import OpenSearchException
from wagtail.search.backends import get_search_backend

from courses.search import segments
from courses.search.backend import SegmentedBackend
from courses.search.matching import ALL, NEAR, TITLE, Words, is_begun

FIELDS = {TITLE: "title", NEAR: "_near", ALL: "_all_text"}
MOST = 10_000  # keys that OpenSearch gives at once, its own limit

# Texts come as words parted by spaces: nothing is left to analyse. While an editor types, the
# beginnings of words count, too.
WORDS, BEGINNINGS = "words", "beginnings"
ANALYSIS = {
    "analyzer": {
        WORDS: {"type": "custom", "tokenizer": "whitespace", "filter": []},
        BEGINNINGS: {"type": "custom", "tokenizer": "whitespace", "filter": ["edgengram"]},
    }
}


class Mapping(opensearch3.OpenSearch3Mapping):
    edgengram_analyzer_config = {"analyzer": BEGINNINGS, "search_analyzer": WORDS}

    def get_mapping(self) -> dict[str, Any]:
        mapping: dict[str, Any] = super().get_mapping()
        mapping["properties"]["_near"] = {"type": "text"}
        _set_analyzer(mapping["properties"])
        return mapping

    def get_document(self, obj: Any) -> dict[str, Any]:
        document: dict[str, Any] = super().get_document(obj)
        return document | {"_near": document["_edgengrams"]}

    def _get_document_field_data(self, field: Any, obj: Any) -> tuple[str, Any, list[Any]]:
        name, value, beginnings = super()._get_document_field_data(field, obj)
        if isinstance(field, (SearchField, AutocompleteField)) and value is not None:
            value = segments.indexed(str(value))
            beginnings = [value] if beginnings else []
        return name, value, beginnings


def _set_analyzer(properties: dict[str, Any]) -> None:
    for field in properties.values():
        if field["type"] == "text":
            field.setdefault("analyzer", WORDS)
        if field["type"] == "nested":
            _set_analyzer(field["properties"])


class Compiler(opensearch3.OpenSearch3SearchQueryCompiler):
    mapping_class = Mapping
    DEFAULT_OPERATOR = "and"  # as in the databases


class AutocompleteCompiler(opensearch3.OpenSearch3AutocompleteQueryCompiler):
    mapping_class = Mapping
    DEFAULT_OPERATOR = "and"


class Backend(SegmentedBackend, opensearch3.OpenSearch3SearchBackend):
    mapping_class = Mapping
    query_compiler_class = Compiler
    autocomplete_query_compiler_class = AutocompleteCompiler

    def __init__(self, params: dict[str, Any]) -> None:
        settings = {"settings": {"analysis": deepcopy(ANALYSIS)}}
        super().__init__({**params, "INDEX_SETTINGS": settings})


def matching(words: Words, *, columns: tuple[str, ...], types: Iterable[Any]) -> list[int]:
    """Keys of the objects of these content types, all of one tree, that have the words there.

    An index that does not answer is away for a while, as a database is: OperationalError.
    """
    models: list[Any] = [ContentType.objects.get_for_id(key).model_class() for key in types]
    backend = get_search_backend()
    try:
        answer = backend.es.search(
            index=backend.get_index_for_model(models[0]).name,
            body={"query": query(words, FIELDS[columns], models)},
            params={"size": MOST, "_source": "false", "stored_fields": "pk"},
        )
    except OpenSearchException as error:
        raise OperationalError("the search index does not answer") from error
    return [int(hit["fields"]["pk"][0]) for hit in answer["hits"]["hits"]]


def query(words: Words, field: str, models: list[Any]) -> dict[str, Any]:
    """All runs or some, each with all of its words; nothing is ranked."""
    runs = [
        {"bool": {"filter": [_word(word, field) for word in segments.asked(run)]}}
        for run in words.runs
    ]
    kinds = {
        "terms": {"_django_content_type": [Mapping(each).get_content_type() for each in models]}
    }
    wanted = {"should": runs, "minimum_should_match": len(runs) if words.every else 1}
    return {"bool": {"filter": [kinds, {"bool": wanted}]}}


def _word(word: str, field: str) -> dict[str, Any]:
    return {"prefix" if is_begun(word) else "term": {field: word}}
