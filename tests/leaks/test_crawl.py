"""No paid word, picture or sound, no draft and nothing personal reaches who may not have it,
however it is asked for."""

from urllib.parse import unquote, urlsplit

import pytest
from django.urls import resolve

from accounts.models import OutboxMessage
from courses.models import LessonPage
from operations.url_classes import UrlClass, class_of
from tests.leaks import addresses, looks
from tests.leaks.canaries import Kind, of_kind
from tests.leaks.crawl import Leak, Look, crawl
from tests.leaks.personas import BUYER, EDITOR, STRANGER, STRANGERS, Persona, Visit
from tests.leaks.world import World, body, quiz

pytestmark = pytest.mark.django_db

PERSONAL = {UrlClass.SIGNED_IN, UrlClass.ENTITLED, UrlClass.STAFF}
# Public words of a lesson, and numbers; whatever else it has is paid for or not shown.
PUBLIC_FIELDS = {"kind", "question", "summary", "voice_note", "minutes", "free_preview"}
PUBLIC_FIELDS |= {"chapter_key", "seconds", "characters", "unpublished_alone"}
PUBLIC_FIELDS |= {"quiz_questions", "quiz_counts"}


def told(leaks: list[Leak]) -> str:
    return "\n".join(sorted({str(leak) for leak in leaks}))


# --- the crawl is whole --------------------------------------------------------------------------


def test_every_route_is_asked_at_its_own_address(world: World) -> None:
    for route in addresses.every():
        found = addresses.of_route(route, world)
        assert found, route
        for address in found:
            asked = resolve(unquote(urlsplit(address).path)).route
            assert _bare(asked) == _bare(route), address


def _bare(route: str) -> str:
    return route.replace("^", "")


def test_a_route_of_which_nothing_is_known_is_refused(world: World) -> None:
    with pytest.raises(LookupError, match="<secret>"):
        addresses.of_route("courses/<str:secret>/", world)


def test_every_field_of_a_lesson_is_public_or_has_a_canary(world: World) -> None:
    canaries = {"audio", "video", "transcript", "markers", "body", "attachments", "quiz"}
    own = {field.name for field in LessonPage._meta.local_fields} - {"page_ptr"}
    assert own - PUBLIC_FIELDS == canaries


def test_every_kind_of_block_has_a_canary(world: World) -> None:
    kinds = {kind for kind, _value in body(world)}
    assert kinds == set(LessonPage._meta.get_field("body").stream_block.child_blocks)
    kinds = {kind for kind, _value in quiz()}
    assert kinds == set(LessonPage._meta.get_field("quiz").stream_block.child_blocks)


# --- those who may -------------------------------------------------------------------------------


def listen(found: set[str]) -> Look:
    """Notes all that is heard."""
    return lambda route, address, answer, heard: found.update(heard)


def test_the_buyer_hears_all_that_was_paid_for(world: World) -> None:
    """Else the silence of the others would prove nothing."""
    found: set[str] = set()
    unsealed: set[str] = set()
    elsewhere: set[tuple[str, str]] = set()
    paid, paid_for = of_kind(Kind.PAID), addresses.paid_for(world)

    def look(route, address, answer, heard):
        found.update(heard)
        if address not in paid_for:
            elsewhere.update((canary, address) for canary in heard & paid)
        is_sealed = "no-store" in answer.headers.get("Cache-Control", "")
        if answer.status_code == 200 and class_of(route) in PERSONAL and not is_sealed:
            unsealed.add(address)

    leaks = crawl(world, BUYER, manners=["GET"], look=look)
    leaks += crawl(world, BUYER, only="^account/privacy/export", manners=["POST"], look=look)
    assert told(leaks) == ""
    assert found >= of_kind(Kind.PAID, Kind.OWN) | {"buyername", "buyermail"}
    assert not elsewhere, "add it to addresses.paid_for"
    assert not unsealed
    assert not looks.in_public_files()


def test_the_editor_hears_every_draft_and_every_name_of_a_file(world: World) -> None:
    found: set[str] = set()
    leaks = crawl(
        world,
        EDITOR,
        only="^admin/(pages/(<|workflow)|images/(<|$)|documents/|media/(edit|$)|files|phone)",
        manners=["GET"],
        look=listen(found),
    )
    assert told(leaks) == ""
    wanted = of_kind(Kind.SHELF, Kind.DRAFT, Kind.NAME, Kind.TITLE, Kind.LABEL, Kind.KEY)
    assert found >= wanted, wanted - found
    assert not looks.in_public_files()


def test_finance_hears_who_bought(world: World) -> None:
    found: set[str] = set()
    leaks = crawl(
        world,
        STRANGER["finance"],
        only="^admin/(money|users)/",
        manners=["GET"],
        look=listen(found),
    )
    assert told(leaks) == ""
    assert found >= of_kind(Kind.PERSON)


# --- those who may not ---------------------------------------------------------------------------


@pytest.mark.parametrize("persona", STRANGERS, ids=lambda persona: persona.name)
def test_a_stranger_hears_nothing(world: World, persona: Persona) -> None:
    assert told(crawl(world, persona)) == ""


def test_what_a_buyer_warmed_gives_nothing_away(world: World) -> None:
    crawl(world, BUYER, only="^(courses/|media/|tracks/|search/|$)", manners=["GET"])
    assert any(looks.BODY_KEY.match(key) for key in looks.cached()), "nothing was warmed"
    assert not looks.in_shared_cache()
    for name in ("anonymous", "refunded"):
        assert told(crawl(world, STRANGER[name], only="^(courses/|media/|tracks/)")) == ""


def test_search_answers_as_if_it_stood_nowhere(world: World) -> None:
    """Everybody is answered the same, from public words."""
    assert not looks.in_search(Visit.of(STRANGER["anonymous"], world))


def test_no_letter_quotes_a_lesson(world: World) -> None:
    assert OutboxMessage.objects.count() >= 2
    assert not looks.in_mail()


def test_after_signing_out_the_same_browser_is_a_stranger(world: World) -> None:
    visit = Visit.of(BUYER, world)
    address = "/courses/yiqun/01/"
    before = visit.client.get(address)
    assert "no-store" in before.headers["Cache-Control"]
    visit.client.post("/account/logout/")
    assert visit.client.get(address).content != before.content
