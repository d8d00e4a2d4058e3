"""A lesson is done by hearing it, by reading it, or by saying so."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from courses.models import LessonPage
from learning import progress, states
from learning.models import LessonProgress
from learning.states import LessonState
from tests.factories import course, lesson
from tests.learning.conftest import Player, buy, lessons_of

pytestmark = pytest.mark.django_db


def state(learner: User, page: LessonPage) -> LessonState:
    return states.of(learner.pk, [page.pk]).get(page.pk, LessonState())


@pytest.fixture
def text(db: None) -> LessonPage:
    return lesson(course(), free_preview=True)


@pytest.mark.parametrize(("to", "is_done"), [(89, False), (90, True), (100, True)])
def test_nine_tenths_heard_is_done(
    learner: User, first: LessonPage, to: float, is_done: bool
) -> None:
    Player(learner, first).hear(to)
    assert state(learner, first).is_done is is_done
    progress.fold()
    assert state(learner, first).done_how == ("heard" if is_done else "")


def test_two_devices_hear_it_together(learner: User, first: LessonPage) -> None:
    Player(learner, first).hear(50)
    Player(learner, first).hear(95, start=45)
    assert state(learner, first).is_done


def test_hearing_the_same_half_twice_is_not_hearing_it_all(
    learner: User, first: LessonPage
) -> None:
    for _device in range(3):
        Player(learner, first).hear(50)
    assert not state(learner, first).is_done


def test_scrolling_to_the_end_of_a_lesson_with_sound_is_not_hearing_it(
    learner: User, first: LessonPage
) -> None:
    Player(learner, first).send(read_to=1, wall=60)
    assert not state(learner, first).is_done


@pytest.mark.parametrize(("read_to", "is_done"), [(0.97, False), (0.98, True), (1, True)])
def test_a_text_read_to_its_end_is_done(
    learner: User, text: LessonPage, read_to: float, is_done: bool
) -> None:
    Player(learner, text).send(read_to=read_to, wall=60)
    assert state(learner, text).is_done is is_done
    progress.fold()
    assert state(learner, text).done_how == ("read" if is_done else "")


def test_marking_by_hand_needs_no_script_and_leads_back(
    client: Client, learner: User, first: LessonPage
) -> None:
    client.force_login(learner)
    answer = client.post(f"/study/done/{first.pk}/")
    page = first.get_parent().specific
    assert answer.status_code == 302
    assert answer["Location"] == f"/courses/{page.slug}/{first.slug}/"
    assert state(learner, first).done_how == "hand"
    client.post(f"/study/done/{first.pk}/")
    assert not state(learner, first).is_done


def test_a_form_sent_twice_marks_once(client: Client, learner: User, first: LessonPage) -> None:
    client.force_login(learner)
    for _time in range(2):
        client.post(f"/study/done/{first.pk}/", {"done": "1"})
    assert state(learner, first).is_done
    for _time in range(2):
        client.post(f"/study/done/{first.pk}/", {"done": "0"})
    assert not state(learner, first).is_done


def test_what_was_taken_back_by_hand_stays_so_while_studying_on(
    client: Client, learner: User, first: LessonPage
) -> None:
    client.force_login(learner)
    player = Player(learner, first)
    player.hear(95)
    client.post(f"/study/done/{first.pk}/", {"done": "0"})
    player.hear(100)
    progress.fold()
    assert not state(learner, first).is_done
    assert state(learner, first).heard == 100


def test_what_was_marked_by_hand_stays_so_while_studying_on(
    client: Client, learner: User, first: LessonPage
) -> None:
    client.force_login(learner)
    client.post(f"/study/done/{first.pk}/", {"done": "1"})
    Player(learner, first).hear(100)
    progress.fold()
    assert LessonProgress.objects.get().done_how == "hand"


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [("/study/?tab=done", "/study/?tab=done"), ("https://elsewhere.example/", None), ("//x", None)],
)
def test_it_leads_back_to_pages_of_this_site_only(
    client: Client, learner: User, first: LessonPage, wanted: str, leads_to: str | None
) -> None:
    client.force_login(learner)
    answer = client.post(f"/study/done/{first.pk}/", {"next": wanted})
    lesson_address = f"/courses/{first.get_parent().slug}/{first.slug}/"
    assert answer["Location"] == (leads_to or lesson_address)


def test_who_is_not_signed_in_signs_in_and_comes_back_to_the_lesson(
    client: Client, first: LessonPage
) -> None:
    answer = client.post(f"/study/done/{first.pk}/")
    assert answer.status_code == 302
    assert "login" in answer["Location"]
    assert first.slug in answer["Location"]
    assert not LessonProgress.objects.exists()


def test_only_what_is_open_can_be_done(client: Client, learner: User, first: LessonPage) -> None:
    paid = lessons_of(first.get_parent().specific)[1]
    assert client.post(f"/study/done/{paid.pk}/").status_code == 404
    client.force_login(learner)
    assert client.post(f"/study/done/{paid.pk}/").status_code == 404
    assert not LessonProgress.objects.exists()
    buy(learner, first.get_parent().specific)
    assert client.post(f"/study/done/{paid.pk}/").status_code == 302


@pytest.mark.parametrize("number", [0, 999_999, 10**30])
def test_an_unknown_lesson_cannot_be_done(client: Client, learner: User, number: int) -> None:
    client.force_login(learner)
    assert client.post(f"/study/done/{number}/").status_code == 404


def test_a_stranger_cannot_mark_for_me(learner: User, first: LessonPage) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(learner)
    assert strict.post(f"/study/done/{first.pk}/").status_code == 403
    assert not LessonProgress.objects.exists()


def test_get_marks_nothing(client: Client, learner: User, first: LessonPage) -> None:
    client.force_login(learner)
    assert client.get(f"/study/done/{first.pk}/").status_code == 405


def test_the_lesson_page_shows_the_mark(
    client: Client, learner: User, first: LessonPage, settings: Any
) -> None:
    settings.LANGUAGE_CODE = "en"
    address = f"/courses/{first.get_parent().slug}/{first.slug}/"
    client.force_login(learner)
    before = client.get(address).content.decode()
    assert f'action="/study/done/{first.pk}/"' in before
    assert 'value="1"' in before
    client.post(f"/study/done/{first.pk}/", {"done": "1"})
    assert 'value="0"' in client.get(address).content.decode()


def test_the_mark_costs_the_same_in_a_long_course(
    client: Client, learner: User, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    from tests.learning.conftest import audio_course_of

    page = lessons_of(audio_course_of(lessons=30))[0]
    client.force_login(learner)
    with django_assert_max_num_queries(20):
        client.post(f"/study/done/{page.pk}/")
