"""明天几点继续？ A time is chosen, and one mail comes then."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import icalendar
import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import OutboxMessage, User
from courses.models import CoursePage, Grant, LessonPage
from growth import continuing, upkeep
from growth.models import ContinueAt
from learning import progress
from operations import clock
from tests.factories import UserFactory
from tests.learning.conftest import Player, audio_course_of, buy, lessons_of

pytestmark = pytest.mark.django_db
TODAY = "2026-11-30T20:00+08:00"


@pytest.fixture(autouse=True)
def _today(at: Any) -> None:
    at(TODAY)


@pytest.fixture
def learner(client: Client) -> User:
    user = UserFactory(email="lin@example.com")
    client.force_login(user)
    return user


@pytest.fixture
def taught(learner: User) -> CoursePage:
    page = audio_course_of(lessons=3, title="一群人的生意")
    buy(learner, page)
    return page


@pytest.fixture
def second(taught: CoursePage) -> LessonPage:
    return lessons_of(taught)[1]


def choose(client: Client, page: LessonPage, at: str = "21:30", **more: str) -> Any:
    return client.post(f"/study/continue/{page.pk}/", {"at": at, "by": "mail"} | more)


def tick(at: Any, moment: str) -> None:
    upkeep.send_chosen_reminders(at(moment))


def mails() -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(key__startswith="continue-").order_by("pk"))


def test_the_mail_comes_once_at_the_time_of_tomorrow(
    client: Client, second: LessonPage, at: Any
) -> None:
    assert choose(client, second, next=f"/study/closing/{second.pk}/").status_code == 302
    tick(at, "2026-12-01T21:29+08:00")
    assert mails() == []
    for _run in range(2):
        tick(at, "2026-12-01T21:30+08:00")
    [mail] = mails()
    assert second.title in mail.subject
    assert f"/study/resume/{second.pk}/" in mail.text
    assert mail.unsubscribe == ""


@pytest.mark.parametrize(
    ("zone", "due_at"),
    [
        ("Asia/Shanghai", "2026-12-01T13:30Z"),
        ("America/New_York", "2026-12-02T02:30Z"),  # it is still the morning of the 30th there
        ("Pacific/Auckland", "2026-12-02T08:30Z"),  # and the 1st already here
    ],
)
def test_tomorrow_is_the_learners(
    client: Client, learner: User, second: LessonPage, zone: str, due_at: str
) -> None:
    User.objects.filter(pk=learner.pk).update(time_zone=zone)
    choose(client, second)
    assert ContinueAt.objects.get().due_at == datetime.fromisoformat(due_at)


def test_a_time_that_the_clocks_skip_is_after_the_gap(
    learner: User, second: LessonPage, at: Any
) -> None:
    learner.time_zone = "America/New_York"
    now = at("2026-03-07T12:00-05:00")
    due = continuing.due(learner, time(2, 30), now=now)
    assert due.astimezone(UTC) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


def test_any_time_can_be_chosen_and_nonsense_cannot(client: Client, second: LessonPage) -> None:
    choose(client, second, other="06:05")
    assert ContinueAt.objects.get().due_at == datetime(2026, 11, 30, 22, 5, tzinfo=UTC)
    ContinueAt.objects.all().delete()
    for nonsense in ({"at": ""}, {"at": "25:00"}, {"by": "pigeon"}):
        choose(client, second, **nonsense)
    assert not ContinueAt.objects.exists()


def test_a_new_choice_takes_the_place_of_the_old_one(
    client: Client, taught: CoursePage, second: LessonPage, at: Any
) -> None:
    choose(client, second, "07:30")
    third = lessons_of(taught)[2]
    choose(client, third, "12:30")
    tick(at, "2026-12-01T12:30+08:00")
    [mail] = mails()
    assert third.title in mail.subject
    choose(client, second)
    tick(at, "2026-12-02T21:30+08:00")
    assert len(mails()) == 2


@pytest.mark.parametrize("is_folded", [True, False])
def test_who_is_at_it_already_is_left_in_peace(
    client: Client, learner: User, second: LessonPage, at: Any, is_folded: bool
) -> None:
    choose(client, second)
    at("2026-12-01T08:00+08:00")
    player = Player(learner, second)
    at("2026-12-01T08:05+08:00")
    player.hear(40)
    if is_folded:
        progress.fold()
    tick(at, "2026-12-01T21:30+08:00")
    assert mails() == []
    assert not ContinueAt.objects.exists()


def test_study_on_the_day_of_the_choice_does_not_count(
    client: Client, learner: User, second: LessonPage, at: Any
) -> None:
    player = Player(learner, second)
    at("2026-11-30T20:05+08:00")
    player.hear(40)
    choose(client, second)
    tick(at, "2026-12-01T21:30+08:00")
    assert len(mails()) == 1


def test_a_mail_hours_late_or_for_what_is_closed_is_not_sent(
    client: Client, learner: User, taught: CoursePage, second: LessonPage, at: Any
) -> None:
    choose(client, second)
    tick(at, "2026-12-02T03:00+08:00")
    choose(client, second)
    Grant.objects.update(withdrawn_at=clock.now())
    tick(at, "2026-12-03T21:30+08:00")
    assert mails() == []


def test_it_is_taken_back_where_it_was_chosen_and_on_the_study_page(
    client: Client, second: LessonPage, at: Any
) -> None:
    choose(client, second)
    assert "取消提醒" in client.get(f"/study/closing/{second.pk}/").content.decode()
    study = client.get("/study/").content.decode()
    assert "取消提醒" in study
    assert "12 月 1 日 21:30 写信提醒你。" in study
    assert client.post("/study/continue/cancel/").url == "/study/"
    tick(at, "2026-12-01T21:30+08:00")
    assert mails() == []


def test_the_calendar_gets_one_event_that_rings(
    client: Client, learner: User, second: LessonPage
) -> None:
    answer = choose(client, second, by="calendar")
    file = client.get(answer.url)
    assert file["Content-Type"].startswith("text/calendar")
    [event] = icalendar.Calendar.from_ical(file.content).walk("VEVENT")
    assert event["dtstart"].dt == datetime(2026, 12, 1, 13, 30, tzinfo=UTC)
    [alarm] = event.walk("VALARM")
    assert alarm["trigger"].dt == timedelta()
    stranger = Client()
    stranger.force_login(UserFactory())
    assert stranger.get(answer.url).status_code == 404


def test_what_is_in_the_calendar_is_not_mailed(client: Client, second: LessonPage, at: Any) -> None:
    choose(client, second, by="calendar")
    tick(at, "2026-12-01T21:30+08:00")
    assert mails() == []


def test_the_mails_link_goes_by_way_of_signing_in(client: Client, second: LessonPage) -> None:
    address = f"/study/resume/{second.pk}/"
    assert Client().get(address).url == f"/account/login/?next={address}"
    assert client.get(address).url.endswith("/01/")


def test_what_was_chosen_lies_ahead(learner: User) -> None:
    now = clock.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        ContinueAt.objects.create(
            learner=learner, lesson_id=1, by="mail", chosen_at=now, due_at=now
        )
