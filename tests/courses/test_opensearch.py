"""The index in OpenSearch: the same is found, in the same order, and nothing paid is told it."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from wagtail.search.backends import get_search_backend

from courses.models import CoursePage, LessonPage
from courses.search import matching, opensearch
from courses.search.matching import ALL, NEAR, TITLE, Words
from tests import factories
from tests.courses.opensearch_stand_in import StandIn, standing_in
from tests.courses.test_search import EXPECTED, library, search, titles  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def there(settings) -> Iterator[StandIn]:
    """The site's index, made anew there."""
    with standing_in() as stand_in:
        settings.OPENSEARCH_URL = stand_in.url
        settings.WAGTAILSEARCH_BACKENDS = {
            "default": {
                "BACKEND": "courses.search.backend",
                "URLS": [stand_in.url],
                "INDEX_PREFIX": "rizhi_",
            }
        }
        call_command("update_index", verbosity=0)
        yield stand_in


@pytest.mark.usefixtures("library")
def test_the_same_is_found_as_in_the_databases(client) -> None:
    assert {typed: titles(search(client, typed)) for typed in EXPECTED} == EXPECTED


def test_what_was_published_before_is_found_after_the_index_was_made(client, there) -> None:
    factories.course(title="谈判的艺术", slug="tanpan")
    there.index("rizhi_wagtailcore_page")["documents"].clear()
    assert titles(search(client, "谈判")) == []
    call_command("update_index", verbosity=0)
    assert titles(search(client, "谈判")) == ["谈判的艺术"]
    CoursePage.objects.get().unpublish()
    assert titles(search(client, "谈判")) == []


def test_paid_words_never_leave_for_the_index(client, there) -> None:
    factories.course(lessons=2, slug="yiqun")
    call_command("update_index", verbosity=0)
    told = "".join(body for _, _, body in there.asked)
    assert "第 01 讲".replace(" ", "") not in told  # as words: 第 01 讲
    assert "01" in told
    assert "canary" not in told
    assert titles(search(client, "canary01")) == []


def test_the_words_are_kept_as_they_come() -> None:
    fields = opensearch.Mapping(LessonPage).get_mapping()["properties"]
    assert fields["title"]["analyzer"] == fields["_all_text"]["analyzer"] == "words"
    assert fields["_near"]["analyzer"] == "words"
    assert fields["_edgengrams"]["analyzer"] == "beginnings"
    assert fields["_edgengrams"]["search_analyzer"] == "words"
    lesson = factories.lesson(factories.course(), title="认知ＡＩ", question="为什么？")
    document = opensearch.Mapping(LessonPage).get_document(lesson)
    assert document["title"] == "认 知 认知 ai"
    assert "为 什 么 为什 什么" in document["_near"]


def test_what_is_asked_has_all_words_of_each_run() -> None:
    models = [CoursePage, LessonPage]
    asked = opensearch.query(Words(("认知力", "gdp"), every=False), "title", models)
    kinds, runs = asked["bool"]["filter"]
    assert kinds == {
        "terms": {"_django_content_type": ["courses.CoursePage", "courses.LessonPage"]}
    }
    assert runs["bool"]["minimum_should_match"] == 1
    assert runs["bool"]["should"] == [
        {"bool": {"filter": [{"term": {"title": "认知"}}, {"term": {"title": "知力"}}]}},
        {"bool": {"filter": [{"prefix": {"title": "gdp"}}]}},
    ]
    every = opensearch.query(Words(("认知", "力")), "title", models)["bool"]["filter"][1]
    assert every["bool"]["minimum_should_match"] == 2
    assert list(opensearch.FIELDS) == [TITLE, NEAR, ALL]


def test_editors_find_parts_of_titles_while_they_type(there) -> None:
    course = factories.course(title="终身学习与ＧＤＰ")
    backend = get_search_backend()
    for typed in ("学习", "gd", "终身 gdp"):
        assert list(backend.autocomplete(typed, CoursePage)[:5]) == [course], typed
    assert list(backend.search("认知", CoursePage)[:5]) == []
    assert list(backend.search("学习 gdp", CoursePage)[:5]) == [course]


def test_an_index_that_is_away_is_said_to_be_away_for_a_while(client, there) -> None:
    course = factories.course(title="谈判的艺术", slug="tanpan")
    there.is_down = True
    client.raise_request_exception = False
    answer = search(client, "谈判")
    assert answer.status_code == 503
    assert answer["Retry-After"]
    course.title = "改了题"
    course.save_revision().publish()  # is not held up
    assert client.get("/courses/tanpan/").status_code == 200


def test_the_databases_index_is_used_without_it(settings) -> None:
    settings.OPENSEARCH_URL = ""
    assert matching.engine().__name__ != "courses.search.opensearch"
