"""The crawl hears each leak that is planted, and names what leaked; with none it hears nothing."""

import pytest
from django.core.cache import cache
from django.urls import get_resolver, path
from wagtail.documents.views.serve import serve
from wagtail.search import index
from wagtail.search.backends import get_search_backend

from accounts.models import OutboxMessage
from courses.models import LessonPage, Rendition
from courses.storage import PUBLIC
from operations.url_classes import class_of
from tests.leaks import addresses, looks
from tests.leaks.canaries import word
from tests.leaks.crawl import Leak, crawl
from tests.leaks.personas import BUYER, STRANGER, Visit
from tests.leaks.seeds import SEEDS, Seed
from tests.leaks.world import World

pytestmark = pytest.mark.django_db


def walk(world: World, seed: Seed) -> list[Leak]:
    """The part of the crawl that the seed concerns."""
    if seed.after_the_buyer:
        crawl(world, BUYER, only=seed.only, manners=seed.manners)
    persona = BUYER if seed.persona == "buyer" else STRANGER[seed.persona]
    return crawl(world, persona, only=seed.only, manners=seed.manners)


@pytest.mark.parametrize("seed", SEEDS, ids=str)
def test_a_planted_leak_is_heard(world: World, monkeypatch: pytest.MonkeyPatch, seed: Seed) -> None:
    assert walk(world, seed) == []
    cache.clear()
    seed.plant(monkeypatch, world)
    assert seed.canary in {leak.canary for leak in walk(world, seed)}


def test_a_transcript_in_the_index_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        LessonPage, "search_fields", [*LessonPage.search_fields, index.SearchField("transcript")]
    )
    film = LessonPage.objects.get(pk=world.pages["film"].pk)
    get_search_backend().add(film)
    assert "cue" in looks.in_search(Visit.of(STRANGER["anonymous"], world))


def test_a_picture_under_a_public_address_is_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Rendition, "get_upload_to", lambda rendition, filename: f"{PUBLIC}images/{filename}"
    )
    world.images["picture"].get_rendition("width-40")
    assert "picture" in looks.in_public_files()


def test_a_letter_that_quotes_a_lesson_is_read(world: World) -> None:
    letter = OutboxMessage.objects.latest("pk")
    letter.text += word("text")
    letter.save()
    assert looks.in_mail() == {"text"}


def test_a_page_in_the_shared_cache_is_found(world: World) -> None:
    cache.set("course:yiqun", f"<p>{word('source')}</p>")
    assert looks.in_shared_cache() == {"source"}


def test_a_new_address_is_noticed_before_it_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wagtail's own way to documents, say."""
    served = path("documents/<int:document_id>/<path:document_filename>", serve)
    patterns = get_resolver().url_patterns
    monkeypatch.setattr(get_resolver(), "url_patterns", [served, *patterns])
    route = "documents/<int:document_id>/<path:document_filename>"
    assert route in addresses.every()
    assert class_of(route) is None
    with pytest.raises(LookupError, match="document_id"):
        list(addresses.all_of(world))
