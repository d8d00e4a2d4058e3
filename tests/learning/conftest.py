"""A learner with a bought course of three lessons of 100 seconds, and a player that reports."""

import json
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import settings

from accounts.models import User
from courses import grants
from courses.models import CoursePage, Grant, LessonPage
from learning import tokens
from operations import clock as site_clock
from tests.factories import MediaFactory, UserFactory, course, lesson

LENGTH = 100.0
settings.register_profile("house", deadline=None)  # a busy machine proves nothing
settings.load_profile("house")


@pytest.fixture
def learner(db: None) -> User:
    return UserFactory(email="learner@example.com")


@pytest.fixture
def audio_course(db: None) -> CoursePage:
    return audio_course_of(lessons=3)


@pytest.fixture
def first(audio_course: CoursePage) -> LessonPage:
    return lessons_of(audio_course)[0]


def audio_course_of(*, lessons: int, **fields: Any) -> CoursePage:
    """The first lesson is free."""
    page = course(**fields)
    audio = MediaFactory(duration=LENGTH)
    for number in range(lessons):
        lesson(page, slug=f"{number:02d}", audio=audio, free_preview=number == 0)
    return page


def lessons_of(page: CoursePage) -> list[LessonPage]:
    return list(LessonPage.objects.child_of(page).order_by("path"))


def buy(learner: User, page: CoursePage, **state: Any) -> None:
    grants.sync(
        learner=learner,
        source_kind=Grant.Source.PURCHASE,
        source_id=f"order-{page.pk}",
        covers=[page],
        starts_at=state.pop("starts_at", timezone.now()),
        now=timezone.now(),
        **state,
    )


class Player:
    """One device's player: a session with one lesson, and the beats it sends."""

    def __init__(self, learner: User, lesson: LessonPage, client: Client | None = None) -> None:
        self.client = client or Client()
        self.session = str(uuid.uuid4())
        self.seq = 0
        self.token = tokens.issue(learner=learner, lesson=lesson, now=site_clock.now()).token

    def send(self, **changes: Any) -> Any:
        """Reports; what is not said is nothing."""
        self.seq += 1
        message = {
            "token": self.token,
            "session": self.session,
            "seq": self.seq,
            "position": 0,
            "ranges": [],
            "wall": 0,
            "read_to": 0,
        }
        return self.post(json.dumps(message | changes))

    def hear(self, to: float, *, start: float = 0, **changes: Any) -> Any:
        """Played from `start` to `to` at normal speed."""
        report = {"position": to, "ranges": [[start, to]], "wall": to - start}
        return self.send(**report | changes)

    def post(self, body: str | bytes) -> Any:
        return self.client.post("/study/beat/", body, content_type="application/json")


@pytest.fixture
def at(time_machine: Any) -> Callable[[str], datetime]:
    """Sets the time of day, everywhere; it then stands still."""

    def move(moment: str) -> datetime:
        instant = datetime.fromisoformat(moment)
        assert instant.tzinfo, "say the zone"
        time_machine.move_to(instant, tick=False)
        return instant

    return move
