"""Three days away: one mail with what is left of the lesson, and none to who came back."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import OutboxMessage, User
from courses.models import CoursePage, Grant
from growth import absences, mail_choices, upkeep
from growth.models import AbsenceMail
from learning import progress
from operations import clock
from tests.factories import UserFactory, lesson
from tests.learning.conftest import Player, audio_course_of, buy, lessons_of

pytestmark = pytest.mark.django_db
STUDIED = "2026-11-23T20:00+08:00"  # a Monday evening
DAY_3 = "2026-11-26T20:30+08:00"


@pytest.fixture
def taught(db: None) -> CoursePage:
    return audio_course_of(lessons=3, title="一群人的生意")


def somebody(taught: CoursePage, **fields: Any) -> User:
    user: User = UserFactory(**fields)
    buy(user, taught, starts_at=datetime.fromisoformat("2026-11-01T00:00Z"))
    return user


def hear(user: User, taught: CoursePage, at: Any, moment: str = STUDIED, to: float = 40) -> None:
    """`to` of the 100 seconds of its second lesson."""
    began = datetime.fromisoformat(moment)
    at((began - timedelta(seconds=to)).isoformat())
    player = Player(user, lessons_of(taught)[1])
    at(moment)
    assert player.hear(to).status_code == 204
    progress.fold()


@pytest.fixture
def learner(taught: CoursePage, at: Any) -> User:
    user = somebody(taught, email="lin@example.com")
    hear(user, taught, at)
    return user


def tick(at: Any, moment: str = DAY_3) -> list[OutboxMessage]:
    upkeep.remind_the_absent(at(moment))
    return list(OutboxMessage.objects.filter(key__startswith="absence-").order_by("pk"))


def test_on_the_third_evening_one_mail_says_what_is_left(
    learner: User, taught: CoursePage, at: Any
) -> None:
    assert tick(at, "2026-11-26T19:30+08:00") == []  # not 72 hours yet
    for _run in range(3):
        [mail] = tick(at)
    second = lessons_of(taught)[1]
    assert mail.to == "lin@example.com"
    assert mail.subject == f"还剩 1 分钟：{second.title}"
    assert f"/study/resume/{second.pk}/" in mail.text
    assert "点开就从上次停下的地方接着听。" in mail.text
    assert "/mails/stop/" in mail.unsubscribe


def test_its_link_leads_by_way_of_signing_in_to_the_place(
    learner: User, taught: CoursePage, client: Client
) -> None:
    second = lessons_of(taught)[1]
    address = f"/study/resume/{second.pk}/"
    assert client.get(address).url == f"/account/login/?next={address}"
    client.force_login(learner)
    page = client.get(address, follow=True)
    assert page.redirect_chain[-1][0] == f"/courses/{taught.slug}/01/"
    assert 'data-position="40.0"' in page.content.decode()


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-26T21:30+08:00",  # at night
        "2026-11-27T07:00+08:00",
        "2026-11-27T12:00+08:00",  # another evening comes in time
        "2026-11-27T20:30+08:00",  # too late: the fourth day is over
    ],
)
def test_at_another_hour_nothing_comes(learner: User, at: Any, moment: str) -> None:
    assert tick(at, moment) == []


def test_the_evening_is_the_learners(taught: CoursePage, at: Any) -> None:
    user = somebody(taught, time_zone="America/New_York")
    hear(user, taught, at)  # seven in the morning there
    assert tick(at) == []
    assert len(tick(at, "2026-11-27T07:30+08:00")) == 1  # half past six in the evening


def test_who_stopped_in_the_afternoon_is_told_by_day_if_the_evening_was_missed(
    taught: CoursePage, at: Any
) -> None:
    user = somebody(taught)
    hear(user, taught, at, "2026-11-23T17:00+08:00")
    assert len(tick(at, "2026-11-27T12:00+08:00")) == 1


@pytest.mark.parametrize("is_folded", [True, False])
def test_who_came_back_is_left_in_peace(
    learner: User, taught: CoursePage, at: Any, is_folded: bool
) -> None:
    at("2026-11-25T12:00+08:00")
    player = Player(learner, lessons_of(taught)[2])
    at("2026-11-25T12:01+08:00")
    player.hear(30)
    if is_folded:
        progress.fold()
    assert tick(at) == []


def test_nothing_comes_for_what_is_done_or_closed(
    learner: User, taught: CoursePage, at: Any
) -> None:
    Grant.objects.update(withdrawn_at=clock.now())
    assert tick(at) == []
    Grant.objects.update(withdrawn_at=None)
    at("2026-11-23T20:00+08:00")
    progress.mark(learner=learner, lesson=lessons_of(taught)[1], done=True, now=clock.now())
    assert tick(at) == []


def test_what_was_begun_before_serves_where_the_last_one_is_done(
    learner: User, taught: CoursePage, at: Any
) -> None:
    at("2026-11-23T20:01+08:00")
    done = lesson(taught, slug="x", title="做完的")
    progress.mark(learner=learner, lesson=done, done=True, now=clock.now())
    [mail] = tick(at)
    assert lessons_of(taught)[1].title in mail.subject


def test_who_wants_no_reminders_or_has_gone_gets_none(
    learner: User, taught: CoursePage, at: Any
) -> None:
    mail_choices.choose(user=learner, now=clock.now(), reminders=False)
    gone = somebody(taught)
    hear(gone, taught, at)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert tick(at) == []


def test_there_is_at_most_one_a_week(learner: User, taught: CoursePage, at: Any) -> None:
    assert len(tick(at)) == 1  # Thursday
    hear(learner, taught, at, "2026-11-27T20:00+08:00", to=60)
    assert len(tick(at, "2026-11-30T20:30+08:00")) == 1  # Monday: another week, four days later
    hear(learner, taught, at, "2026-12-01T20:00+08:00", to=70)
    assert len(tick(at, "2026-12-04T20:30+08:00")) == 2


def test_the_database_holds_one_a_week(learner: User) -> None:
    kept = {"learner": learner, "lesson_id": 1, "sent_at": clock.now()}
    AbsenceMail.objects.create(week=date(2026, 11, 23), **kept)
    with pytest.raises(IntegrityError), transaction.atomic():
        AbsenceMail.objects.create(week=date(2026, 11, 23), **kept)


def test_many_are_told_in_batches(
    taught: CoursePage, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:

    for _each in range(5):
        hear(somebody(taught), taught, at)
    monkeypatch.setattr(absences, "AT_ONCE", 2)
    assert len(tick(at)) == 5
