"""Which lessons a device may keep, and until when; what it needs to open them without a network."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.staticfiles import finders
from django.test import Client

from accounts.models import User
from courses.models import CoursePage
from learning import progress
from learning.models import PlaySession, StudyDay
from tests.factories import UserFactory
from tests.learning.conftest import Player, audio_course_of, buy, lessons_of

MONTH = timedelta(days=31)


def leaves(client: Client, *ids: int | str) -> dict[str, Any]:
    answer = client.get(f"/study/kept/leaves/?lessons={','.join(map(str, ids))}")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    found: dict[str, Any] = answer.json()
    return found


def until(leave: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(leave["until"] / 1000).astimezone()


def test_only_what_is_open_may_be_kept(
    client: Client, learner: User, audio_course: CoursePage
) -> None:
    client.force_login(learner)
    free, paid, other = (lesson.pk for lesson in lessons_of(audio_course))
    told = leaves(client, free, paid, other, 999_999, "x", 10**30)
    assert told["learner"] == str(learner.pk)
    assert set(told["lessons"]) == {str(free)}
    buy(learner, audio_course)
    assert set(leaves(client, free, paid)["lessons"]) == {str(free), str(paid)}


def test_nobody_keeps_anything_signed_out(client: Client, audio_course: CoursePage) -> None:
    free = lessons_of(audio_course)[0].pk
    assert leaves(client, free) == {"learner": "", "lessons": {}}


def test_what_is_kept_is_over_with_the_access_and_after_a_month_at_the_latest(
    client: Client, learner: User, audio_course: CoursePage, at: Callable[[str], datetime]
) -> None:
    now = at("2026-11-23T08:00+08:00")
    client.force_login(learner)
    paid = lessons_of(audio_course)[1].pk
    buy(learner, audio_course, starts_at=now, ends_at=now + timedelta(days=5))
    assert until(leaves(client, paid)["lessons"][str(paid)]) == now + timedelta(days=5)
    buy(learner, audio_course, starts_at=now)
    assert until(leaves(client, paid)["lessons"][str(paid)]) == now + MONTH
    buy(learner, audio_course, starts_at=now, withdrawn_at=now)
    assert leaves(client, paid)["lessons"] == {}


def test_a_free_lesson_of_a_course_no_longer_sold_is_kept_as_long_as_the_access(
    client: Client, learner: User, audio_course: CoursePage, at: Callable[[str], datetime]
) -> None:
    now = at("2026-11-23T08:00+08:00")
    client.force_login(learner)
    free = lessons_of(audio_course)[0].pk
    assert until(leaves(client, free)["lessons"][str(free)]) == now + MONTH
    buy(learner, audio_course, starts_at=now, ends_at=now + timedelta(days=5))
    CoursePage.objects.get(pk=audio_course.pk).unpublish()
    assert until(leaves(client, free)["lessons"][str(free)]) == now + timedelta(days=5)


def test_study_without_a_network_counts_when_it_comes_in_days_later(
    client: Client, learner: User, audio_course: CoursePage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T08:00+08:00")
    client.force_login(learner)
    page = lessons_of(audio_course)[0]
    player = Player(learner, page)
    player.token = leaves(client, page.pk)["lessons"][str(page.pk)]["token"]
    at("2026-11-25T20:00+08:00")
    player.hear(90, ago=30 * 3600)  # on the 24th, at two in the afternoon
    progress.fold()
    studied = StudyDay.objects.get(learner_id=learner.pk)
    assert (str(studied.day), studied.seconds) == ("2026-11-24", 90)
    assert PlaySession.objects.get().position == 90


def test_more_lessons_of_a_course_cost_no_query_more(
    client: Client, learner: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    client.force_login(learner)
    pages = lessons_of(audio_course_of(lessons=12))
    buy(learner, pages[0].get_parent().specific)
    leaves(client, pages[0].pk)
    for some in (pages[:2], pages):
        with django_assert_num_queries(4):
            assert len(leaves(client, *(page.pk for page in some))["lessons"]) == len(some)


def test_the_list_is_the_same_for_everybody(client: Client, db: None) -> None:
    """A device shows it where there is no network, whoever asked for it first."""
    shown = client.get("/study/kept/").content.decode()
    assert "离线" in shown
    client.force_login(UserFactory(name="林岚"))
    assert "林岚" not in client.get("/study/kept/").content.decode()


def test_the_service_worker_fetches_what_there_is(client: Client, db: None) -> None:
    answer = client.get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert "no-cache" in answer["Cache-Control"]
    told = json.loads(answer.content.decode().split("\n")[0].removeprefix("const SHELL = ")[:-1])
    assert len(told["files"]) > 20
    for file in told["files"]:
        assert finders.find(file.removeprefix("/static/")), file
    for address in ("offline", "signOut"):
        assert client.get(told[address]).status_code in {200, 302}
