"""POST /study/beat/: what is taken, what is refused, and at what cost."""

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from accounts.models import User
from courses.models import LessonPage
from learning import progress, states, tokens
from learning.models import LessonProgress, PlaySession, StudyDay
from operations import clock
from tests.factories import UserFactory, lesson
from tests.learning.conftest import LENGTH, Player, lessons_of

pytestmark = pytest.mark.django_db


def state(learner: User, page: LessonPage) -> states.LessonState:
    return states.of(learner.pk, [page.pk]).get(page.pk, states.LessonState())


def test_a_beat_is_kept(learner: User, first: LessonPage) -> None:
    assert Player(learner, first).hear(30).status_code == 204
    session = PlaySession.objects.get()
    assert (session.learner_id, session.lesson_id) == (learner.pk, first.pk)
    assert session.ranges == [[0, 30]]
    assert state(learner, first).position == 30


def test_the_server_tells_how_often_it_wants_to_hear(
    learner: User, first: LessonPage, settings: Any
) -> None:
    assert Player(learner, first).hear(15)["Beat-Every"] == "15"
    settings.BEAT_SECONDS = 60
    assert Player(learner, first).hear(15)["Beat-Every"] == "60"


def test_a_beat_costs_one_query(
    learner: User, first: LessonPage, client: Client, django_assert_num_queries: Callable[..., Any]
) -> None:
    client.force_login(learner)  # a browser sends its session's cookie along
    player = Player(learner, first, client)
    with django_assert_num_queries(1):
        assert player.hear(15).status_code == 204
    with django_assert_num_queries(1):
        assert player.hear(30).status_code == 204


def test_later_beats_replace_earlier_ones_and_never_the_other_way(
    learner: User, first: LessonPage
) -> None:
    player = Player(learner, first)
    player.hear(45, seq=3)
    assert player.hear(15, seq=1).status_code == 204
    assert player.hear(30, seq=3).status_code == 204
    session = PlaySession.objects.get()
    assert (session.seq, session.position) == (3, 45)


def test_a_beat_needs_neither_cookie_nor_csrf_token(learner: User, first: LessonPage) -> None:
    player = Player(learner, first, Client(enforce_csrf_checks=True))
    assert player.hear(15).status_code == 204


def test_get_is_refused(client: Client) -> None:
    assert client.get("/study/beat/").status_code == 405


@pytest.mark.parametrize(
    "change",
    [
        {"session": "no uuid"},
        {"session": 7},
        {"session": None},
        {"seq": -1},
        {"seq": 1.5},
        {"seq": True},
        {"seq": 2**31},
        {"seq": "1"},
        {"position": -0.1},
        {"position": "30"},
        {"position": None},
        {"position": True},
        {"position": 10**400},
        {"position": LENGTH + 31},
        {"ranges": None},
        {"ranges": {"0": 30}},
        {"ranges": [[0]]},
        {"ranges": [[0, 10, 20]]},
        {"ranges": ["ab"]},
        {"ranges": [[10, 0]]},
        {"ranges": [[-1, 10]]},
        {"ranges": [[0, LENGTH + 31]], "wall": 1000},
        {"ranges": [[0, 99]], "wall": 1},  # 99 seconds of content in one
        {"wall": -1},
        {"wall": [1]},
        {"read_to": 1.1},
        {"read_to": -0.1},
        {"ago": -1},
        {"ago": "5"},
        {"ago": None},
        {"token": None},
        {"token": 7},
        {"token": ["x"]},
    ],
    ids=str,
)
def test_nonsense_is_refused_and_keeps_nothing(
    learner: User, first: LessonPage, change: dict[str, Any]
) -> None:
    assert Player(learner, first).send(**change).status_code == 400
    assert not PlaySession.objects.exists()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("name", ["position", "wall", "read_to"])
def test_numbers_that_are_none_are_refused(
    learner: User, first: LessonPage, name: str, number: str
) -> None:
    player = Player(learner, first)
    body = (
        f'{{"token": "{player.token}", "session": "{player.session}", "seq": 1, "ranges": [], '
        f'"position": 0, "wall": 0, "read_to": 0, "{name}": {number}}}'
    )
    assert player.post(body).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\x00\x01\xff\xfe",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"[" * 20_000,
        b'{"token": ' + b"9" * 20_000 + b"}",
        b'{"token": "\\ud800"}',
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_heartbeat_at_all_is_refused(client: Client, body: bytes) -> None:
    answer = client.post("/study/beat/", body, content_type="application/json")
    assert answer.status_code == 400


def test_a_token_of_broken_characters_is_refused(learner: User, first: LessonPage) -> None:
    assert Player(learner, first).send(token="\ud800:x").status_code == 401


def test_a_huge_body_is_refused(learner: User, first: LessonPage) -> None:
    assert Player(learner, first).send(padding="x" * 40_000).status_code == 413
    assert not PlaySession.objects.exists()


def test_a_little_beyond_the_end_is_clipped(learner: User, first: LessonPage) -> None:
    Player(learner, first).hear(LENGTH + 5)
    session = PlaySession.objects.get()
    assert session.ranges == [[0, LENGTH]]
    assert session.position == LENGTH


def test_very_many_ranges_become_few(learner: User, db: None) -> None:
    from tests.factories import MediaFactory, course

    long = lesson(course(), audio=MediaFactory(duration=9000.0), free_preview=True)
    ranges = [[number * 5, number * 5 + 1] for number in range(1500)]
    answer = Player(learner, long).send(ranges=ranges, wall=7500)
    assert answer.status_code == 204
    assert len(PlaySession.objects.get().ranges) == 200


def test_a_text_takes_no_playing(learner: User, db: None) -> None:
    from tests.factories import course

    text = lesson(course(), free_preview=True)
    assert Player(learner, text).send(ranges=[[0, 60]], wall=60).status_code == 400
    assert Player(learner, text).send(read_to=0.5, wall=60).status_code == 204


# --- tokens ------------------------------------------------------------------------------------


def test_a_token_writes_for_its_own_learner_whoever_sends_it(
    learner: User, first: LessonPage, client: Client
) -> None:
    other = UserFactory()
    client.force_login(other)
    Player(learner, first, client).hear(30)
    assert state(other, first) == states.LessonState()
    assert state(learner, first).heard == 30


def test_a_token_writes_for_its_own_lesson_whatever_is_asked(
    learner: User, first: LessonPage
) -> None:
    second = lessons_of(first.get_parent().specific)[1]
    Player(learner, first).hear(30, lesson=second.pk, lesson_id=second.pk, learner=learner.pk)
    assert state(learner, second) == states.LessonState()


def test_one_session_number_used_by_two_learners_stays_two_sessions(
    learner: User, first: LessonPage
) -> None:
    player, other = Player(learner, first), Player(UserFactory(), first)
    other.session = player.session
    player.hear(30)
    other.hear(60)
    assert state(learner, first).heard == 30


@pytest.mark.parametrize("place", [0, 5, -1])
def test_an_altered_token_is_refused(learner: User, first: LessonPage, place: int) -> None:
    player = Player(learner, first)
    letters = list(player.token)
    letters[place] = "A" if letters[place] != "A" else "B"
    player.token = "".join(letters)
    answer = player.hear(30)
    assert answer.status_code == 401
    assert "renew" not in answer.json()
    assert not PlaySession.objects.exists()


@pytest.mark.parametrize("salt", ["django.core.signing.Signer", "another"])
def test_what_was_signed_for_something_else_is_no_token(
    learner: User, first: LessonPage, salt: str
) -> None:
    player = Player(learner, first)
    fields = [learner.pk, first.pk, 100.0, 9e9, 738_000, 9e9]
    player.token = signing.Signer(salt=salt).sign_object(fields)
    assert player.hear(30).status_code == 401


def test_an_old_token_is_refused_and_says_where_to_get_another(
    learner: User, first: LessonPage, at: Callable[[str], datetime], client: Client
) -> None:
    start = at("2026-11-23T08:00+08:00")
    player = Player(learner, first)
    at((start + timedelta(hours=12)).isoformat())
    assert player.hear(30).status_code == 204
    at((start + timedelta(hours=12, seconds=1)).isoformat())
    answer = player.hear(45)
    assert answer.status_code == 401
    client.force_login(learner)
    renewed = client.get(answer.json()["renew"])
    player.token = renewed.json()["token"]
    assert player.hear(45).status_code == 204


def test_the_sites_clock_ages_no_token(learner: User, first: LessonPage, clock: Any) -> None:
    player = Player(learner, first)
    clock.move(timedelta(days=30))
    assert player.hear(30).status_code == 204


# --- renewing ----------------------------------------------------------------------------------


def test_a_visitor_gets_no_token(client: Client, first: LessonPage) -> None:
    assert client.get(f"/study/token/{first.pk}/").status_code == 401


@pytest.mark.parametrize("number", [0, 999_999, 10**30])
def test_an_unknown_lesson_has_no_token(client: Client, learner: User, number: int) -> None:
    client.force_login(learner)
    assert client.get(f"/study/token/{number}/").status_code == 404


def test_a_course_is_no_lesson(client: Client, learner: User, first: LessonPage) -> None:
    client.force_login(learner)
    assert client.get(f"/study/token/{first.get_parent().pk}/").status_code == 404


def test_a_lesson_that_is_shut_has_no_token(
    client: Client, learner: User, first: LessonPage
) -> None:
    client.force_login(learner)
    paid = lessons_of(first.get_parent().specific)[1]
    assert client.get(f"/study/token/{paid.pk}/").status_code == 404
    answer = client.get(f"/study/token/{first.pk}/")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


def test_a_beat_opens_nothing(client: Client, learner: User, first: LessonPage) -> None:
    """Even who got hold of a token for a paid lesson only writes down what they claim."""
    paid = lessons_of(first.get_parent().specific)[1]
    client.force_login(learner)
    answer = Player(learner, paid, client).hear(100)
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get(f"/study/token/{paid.pk}/").status_code == 404


# --- what counts as time -----------------------------------------------------------------------


def studied(learner: User) -> dict[str, int]:
    progress.fold()
    rows = StudyDay.objects.filter(learner_id=learner.pk, seconds__gt=0)
    return {str(row.day): row.seconds for row in rows}


def test_no_more_time_counts_than_has_passed_since_the_token(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T08:00:00+08:00")
    player = Player(learner, first)
    at("2026-11-23T08:00:20+08:00")
    assert player.hear(100, wall=5000).status_code == 204
    assert studied(learner) == {"2026-11-23": 20}


def test_what_a_visitor_heard_moves_the_progress_but_not_the_study_day(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    """Six days before: the whole of it arrives with the first token there is."""
    at("2026-11-23T08:00:00+08:00")
    visitor = Player(learner, first)
    visitor.hear(90, wall=6 * 24 * 3600)
    assert studied(learner) == {}
    assert state(learner, first).position == 90
    assert state(learner, first).is_done
    at("2026-11-23T08:02:00+08:00")
    visitor.hear(95, wall=6 * 24 * 3600 + 120)  # the session goes on, now signed in
    assert studied(learner) == {"2026-11-23": 120}


def test_a_session_that_goes_on_with_a_fresher_token_keeps_its_time(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T08:00:00+08:00")
    player = Player(learner, first)
    at("2026-11-23T08:10:00+08:00")
    player.send(wall=600)
    player.token = Player(learner, first).token
    at("2026-11-23T08:10:30+08:00")
    player.send(wall=630)
    assert studied(learner) == {"2026-11-23": 630}


def test_a_session_heard_offline_counts_when_it_arrives(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T08:00:00+08:00")
    player = Player(learner, first)
    at("2026-11-23T09:00:00+08:00")
    player.hear(100, wall=1200)
    assert studied(learner) == {"2026-11-23": 1200}


def test_a_beat_that_comes_late_does_not_move_the_place_back(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    """The metro has no network: what was heard there arrives after what was heard at the desk."""
    at("2026-11-23T08:00+08:00")
    metro, desk = Player(learner, first), Player(learner, first)
    at("2026-11-23T08:30+08:00")
    desk.hear(80, start=60)
    at("2026-11-23T09:00+08:00")
    metro.hear(20, ago=3000)
    assert (state(learner, first).position, state(learner, first).heard) == (80, 40)
    progress.fold()
    assert state(learner, first).position == 80
    desk.hear(90, start=60, ago=3500)  # later in its session, yet played before all else
    progress.fold()
    assert state(learner, first).position == 80


def test_how_long_ago_moves_the_time_studied_no_further_than_the_token(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T08:00+08:00")
    player = Player(learner, first)
    at("2026-11-23T08:10+08:00")
    player.send(wall=500, ago=9 * 24 * 3600)
    assert studied(learner) == {}
    player.send(wall=500, ago=200)  # ended 200 s ago, began no earlier than the token: 400 s
    assert studied(learner) == {"2026-11-23": 400}


@pytest.mark.parametrize(
    ("ended", "day"), [("2026-11-23T20:00", 23), ("2026-11-24T00:05", 23), ("2026-11-26T07:40", 26)]
)
def test_a_lesson_kept_for_offline_study_counts_on_the_day_it_was_heard(
    learner: User, first: LessonPage, at: Callable[[str], datetime], ended: str, day: int
) -> None:
    at("2026-11-23T08:00+08:00")
    player = Player(learner, first)
    player.token = tokens.issue(learner=learner, lesson=first, now=clock.now(), kept=True).token
    back = at("2026-11-27T09:00+08:00")
    ago = (back - datetime.fromisoformat(f"{ended}+08:00")).total_seconds()
    assert player.hear(100, wall=600, ago=ago).status_code == 204
    assert studied(learner) == {f"2026-11-{day}": 600}
    at("2026-12-25T08:00+08:00")
    assert player.hear(100, wall=600).status_code == 401


def test_two_devices_at_once_are_not_counted_twice(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T08:00:00+08:00")
    phone, desk = Player(learner, first), Player(learner, first)
    at("2026-11-23T08:10:00+08:00")
    phone.send(wall=600)
    desk.send(wall=600)
    assert studied(learner) == {"2026-11-23": 600}


def test_the_beats_of_a_deleted_account_come_to_nothing(learner: User, first: LessonPage) -> None:
    player = Player(learner, first)
    User.objects.filter(pk=learner.pk).update(is_active=False)
    assert player.hear(30).status_code == 204
    progress.fold()
    assert not PlaySession.objects.exists()
    assert not LessonProgress.objects.exists()


def test_a_session_of_a_lesson_that_is_gone_still_counts_as_time(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T08:00:00+08:00")
    player = Player(learner, first)
    at("2026-11-23T08:02:00+08:00")
    player.hear(100, wall=120)
    first.delete()
    assert studied(learner) == {"2026-11-23": 120}
    assert not LessonProgress.objects.exists()


def test_every_uuid_will_do(learner: User, first: LessonPage) -> None:
    player = Player(learner, first)
    player.session = uuid.uuid1().hex
    assert player.hear(10).status_code == 204


def test_a_beacon_is_taken_whatever_type_it_says(learner: User, first: LessonPage) -> None:
    player = Player(learner, first)
    body = json.dumps(
        {
            "token": player.token,
            "session": player.session,
            "seq": 1,
            "position": 10,
            "ranges": [[0, 10]],
            "wall": 10,
            "read_to": 0,
        }
    )
    answer = player.client.post("/study/beat/", body, content_type="text/plain;charset=UTF-8")
    assert answer.status_code == 204
