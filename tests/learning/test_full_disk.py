"""A database without room: a heartbeat that is not kept is not acknowledged, and counts when it
comes again."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client

from accounts.models import User
from courses.models import LessonPage
from learning.models import PlaySession
from tests.learning.conftest import Player

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]

PLAYERS = 60
LONG = [[second, second + 0.5] for second in range(90)]


def test_a_beat_is_kept_or_refused(
    learner: User, first: LessonPage, no_room: Callable[[], AbstractContextManager[None]]
) -> None:
    client = Client(raise_request_exception=False)
    players = [Player(learner, first, client) for _ in range(PLAYERS)]

    def send(player: Player) -> int:
        answer = player.send(ranges=LONG, position=89.5, wall=200)
        assert answer.status_code == 204 or answer["Retry-After"]
        return int(answer.status_code)

    with no_room():
        answers = [send(player) for player in players]
    assert 503 in answers
    told = dict(zip((player.session for player in players), answers, strict=True))
    kept = {str(session) for session in PlaySession.objects.values_list("session", flat=True)}
    assert kept == {session for session, answer in told.items() if answer == 204}

    assert {send(player) for player in players} == {204}
    assert PlaySession.objects.count() == PLAYERS
