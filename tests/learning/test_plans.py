"""A plan for a track: minutes, days, an end; laid out anew whenever somebody looks."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import icalendar
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from courses import tracks as paths
from courses.models import CoursePage, TrackPage
from learning import plans, progress, track_progress
from learning.models import StudyCalendar, TrackEnrolment, TrackPlan
from operations import clock as site_clock
from tests.factories import MediaFactory, UserFactory, course, lesson, track
from tests.learning.conftest import Player, buy, lessons_of

MONDAY = "2026-11-23T08:00+08:00"
WORKDAYS = [0, 1, 2, 3, 4]


@pytest.fixture
def ten_minutes(db: None) -> CoursePage:
    """Six lessons of ten minutes."""
    page = course(title="慢慢变强")
    audio = MediaFactory(duration=600.0)
    for number in range(6):
        lesson(page, slug=f"{number:02d}", audio=audio, seconds=600, free_preview=number == 0)
    return page


@pytest.fixture
def way(ten_minutes: CoursePage) -> TrackPage:
    return track([ten_minutes])


@pytest.fixture
def walker(client: Client, learner: User, way: TrackPage, ten_minutes: CoursePage) -> User:
    buy(learner, ten_minutes)
    client.force_login(learner)
    return learner


def plan(client: Client, way: TrackPage, **changes: Any) -> Any:
    fields = {"minutes": 20, "weekdays": WORKDAYS, "at": "", "until": ""}
    return client.post(f"/study/tracks/{way.pk}/plan/", fields | changes)


def shown(client: Client, way: TrackPage) -> str:
    answer = client.get(f"/study/tracks/{way.pk}/plan/")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return answer.content.decode()


def laid(learner: User, way: TrackPage) -> list[tuple[str, int]]:
    """Day and minutes."""
    now = site_clock.now()
    path = paths.paths([way], learner, now=now)[0]
    going = track_progress.of(learner, [path])[0]
    own = TrackPlan.objects.get(learner_id=learner.pk)
    layout = plans.lay_out(going, own, today=plans.today_for(learner, now=now))
    return [(str(each.day), each.minutes) for each in layout.days]


def test_a_plan_lays_what_is_left_onto_its_days(
    client: Client, walker: User, way: TrackPage, at: Callable[[str], datetime]
) -> None:
    at(MONDAY)
    assert plan(client, way, weekdays=[0, 2, 4]).status_code == 302
    assert laid(walker, way) == [("2026-11-23", 20), ("2026-11-25", 20), ("2026-11-27", 20)]
    html = shown(client, way)
    assert "走完的日子：11 月 27 日" in html
    assert TrackEnrolment.objects.get(learner_id=walker.pk).is_going


def test_missed_days_lay_the_rest_out_anew_and_nothing_is_late(
    client: Client, walker: User, way: TrackPage, at: Callable[[str], datetime]
) -> None:
    at(MONDAY)
    plan(client, way, weekdays=[0, 2, 4])
    at("2026-11-28T08:00+08:00")  # a Saturday; nothing was done
    assert laid(walker, way) == [("2026-11-30", 20), ("2026-12-02", 20), ("2026-12-04", 20)]
    html = shown(client, way)
    for word in ("逾期", "落后", "错过"):
        assert word not in html


def do(learner: User, way: TrackPage, lessons: slice) -> None:
    for each in lessons_of(way.stages[0].value["items"][0].specific)[lessons]:
        progress.mark(learner=learner, lesson=each, done=True, now=site_clock.now())


def test_what_is_done_is_planned_no_more(
    client: Client, walker: User, way: TrackPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-22T08:00+08:00")  # a Sunday
    plan(client, way)
    do(walker, way, slice(4))
    assert laid(walker, way) == [("2026-11-23", 20)]


def test_who_did_what_a_day_had_is_asked_nothing_more_of_it(
    client: Client, walker: User, way: TrackPage, at: Callable[[str], datetime]
) -> None:
    at(MONDAY)
    plan(client, way)
    do(walker, way, slice(1))
    assert laid(walker, way)[:2] == [("2026-11-23", 10), ("2026-11-24", 20)]
    assert "今天计划 10 分" in client.get("/study/").text
    do(walker, way, slice(1, 2))
    assert laid(walker, way) == [("2026-11-24", 20), ("2026-11-25", 20)]
    assert "今天的计划做完了" in client.get("/study/").text
    assert "今天的计划做完了，剩下的从下一个计划日开始" in shown(client, way)
    do(walker, way, slice(2, 6))
    assert "今天的计划做完了" not in client.get("/study/").text  # nothing is left to plan
    assert "都学完了" in shown(client, way)


def test_what_a_wish_takes_counts_what_today_has_had(
    client: Client, walker: User, way: TrackPage, at: Callable[[str], datetime]
) -> None:
    at(MONDAY)
    plan(client, way, minutes=20, until="2026-11-24")
    assert "每天要 30 分" in shown(client, way)
    do(walker, way, slice(1))
    assert "每天要 30 分" in shown(client, way)  # 50 minutes are left, and 10 of today's are done


def test_what_was_heard_today_counts_and_what_was_heard_before_does_not(
    client: Client, walker: User, way: TrackPage, at: Callable[[str], datetime]
) -> None:
    first, *_rest = lessons_of(way.stages[0].value["items"][0].specific)
    at("2026-11-22T08:00+08:00")
    plan(client, way, minutes=5)
    yesterday = Player(walker, first)
    at("2026-11-22T08:10+08:00")
    yesterday.hear(300)
    at(MONDAY)
    assert laid(walker, way)[0] == ("2026-11-23", 5)
    today = Player(walker, first)
    at("2026-11-23T08:02+08:00")
    today.hear(420, start=300)
    assert laid(walker, way)[0] == ("2026-11-23", 3)
    at("2026-11-23T08:05+08:00")
    today.hear(600, start=300)
    assert laid(walker, way)[0] == ("2026-11-24", 5)


def test_a_wish_that_the_plan_does_not_meet_says_what_it_takes(
    client: Client, walker: User, way: TrackPage, at: Callable[[str], datetime]
) -> None:
    at(MONDAY)
    plan(client, way, minutes=10, until="2026-11-25")
    html = shown(client, way)
    assert "每天要 20 分" in html
    hidden = dict(
        re.findall(r'<input type="hidden" name="(minutes|until|at)" value="([^"]*)"', html)
    )
    assert plan(client, way, **hidden).status_code == 302
    assert "每天要" not in shown(client, way)
    assert laid(walker, way)[-1][0] == "2026-11-25"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"minutes": "4"}, "5"),
        ({"minutes": "x"}, "整数"),
        ({"weekdays": []}, "至少选一天"),
        ({"weekdays": ["7"]}, "7"),
        ({"until": "2026-11-22"}, "已经过了"),
        ({"at": "25:00"}, "时间"),
    ],
)
def test_what_cannot_be_planned_is_said_and_nothing_is_lost(
    client: Client,
    walker: User,
    way: TrackPage,
    at: Callable[[str], datetime],
    wrong: dict[str, Any],
    words: str,
) -> None:
    at(MONDAY)
    answer = plan(client, way, **{"minutes": "37", **wrong})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert words in html
    if "minutes" not in wrong:
        assert 'value="37"' in html
    assert not TrackPlan.objects.exists()


def test_going_on_without_a_plan_keeps_the_track(
    client: Client, walker: User, way: TrackPage
) -> None:
    plan(client, way)
    assert client.post(f"/study/tracks/{way.pk}/plan/drop/").status_code == 302
    assert not TrackPlan.objects.exists()
    assert TrackEnrolment.objects.get(learner_id=walker.pk).is_going


def test_the_study_page_says_what_is_planned_for_today(
    client: Client, walker: User, way: TrackPage, at: Callable[[str], datetime]
) -> None:
    at(MONDAY)
    plan(client, way, weekdays=[0])
    assert "今天计划 20 分" in client.get("/study/").content.decode()
    at("2026-11-24T08:00+08:00")
    assert "今天计划" not in client.get("/study/").content.decode()


def test_a_visitor_plans_nothing(client: Client, way: TrackPage) -> None:
    assert client.get(f"/study/tracks/{way.pk}/plan/").status_code == 302
    assert client.post("/study/calendar/", {"track": way.pk}).status_code in {302, 403}
    assert not TrackPlan.objects.exists()


# --- the calendar ------------------------------------------------------------------------------


def calendar(client: Client, learner: User) -> tuple[str, icalendar.Calendar]:
    token = StudyCalendar.objects.get(pk=learner.pk).token
    answer = Client().get(f"/study/calendar/{token}.ics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/calendar")
    assert "no-store" in answer["Cache-Control"]
    return token, icalendar.Calendar.from_ical(answer.content)


def test_a_calendar_reads_the_plans_by_its_address(
    client: Client, walker: User, way: TrackPage, at: Callable[[str], datetime]
) -> None:
    at(MONDAY)
    plan(client, way, weekdays=[0, 2, 4], at="20:30")
    client.post("/study/calendar/", {"track": way.pk})
    _token, read = calendar(client, walker)
    events = read.walk("VEVENT")
    assert [event.decoded("dtstart").isoformat() for event in events] == [
        "2026-11-23T20:30:00+08:00",
        "2026-11-25T20:30:00+08:00",
        "2026-11-27T20:30:00+08:00",
    ]
    assert all(
        event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=20)
        for event in events
    )
    assert way.title in events[0]["summary"]
    assert events[0]["url"].endswith("/00/")
    uids = [event["uid"] for event in events]
    assert len(set(uids)) == 3
    at("2026-11-24T08:00+08:00")
    _token, later = calendar(client, walker)
    assert later.walk("VEVENT")[0]["uid"] == uids[1]  # the same day stays the same entry


def test_without_a_time_an_entry_is_for_the_day(
    client: Client, walker: User, way: TrackPage, at: Callable[[str], datetime]
) -> None:
    at(MONDAY)
    plan(client, way)
    client.post("/study/calendar/", {"track": way.pk})
    first = calendar(client, walker)[1].walk("VEVENT")[0]
    assert first.decoded("dtstart") == date(2026, 11, 23)
    assert first["transp"] == "TRANSPARENT"


def test_another_address_makes_the_old_one_unknown(
    client: Client, walker: User, way: TrackPage
) -> None:
    plan(client, way)
    client.post("/study/calendar/", {"track": way.pk})
    old, _read = calendar(client, walker)
    client.post("/study/calendar/", {"track": way.pk})
    assert calendar(client, walker)[0] == old
    client.post("/study/calendar/", {"track": way.pk, "anew": "1"})
    assert calendar(client, walker)[0] != old
    assert Client().get(f"/study/calendar/{old}.ics").status_code == 404


def test_the_calendar_of_who_left_is_unknown(client: Client, walker: User, way: TrackPage) -> None:
    plan(client, way)
    client.post("/study/calendar/", {"track": way.pk})
    token = StudyCalendar.objects.get().token
    User.objects.filter(pk=walker.pk).update(is_active=False)
    assert Client().get(f"/study/calendar/{token}.ics").status_code == 404


def test_the_plan_of_who_left_the_track_lays_nothing_out_and_is_taken_up_as_it_was(
    client: Client, walker: User, way: TrackPage
) -> None:
    plan(client, way, minutes=25)
    assert 'class="plan-days"' in shown(client, way)
    client.post(f"/study/tracks/{way.pk}/leave/")
    left = shown(client, way)
    assert 'class="plan-days"' not in left
    assert "放进日历" not in left
    assert 'value="25"' in left
    plan(client, way, minutes=25)
    assert 'class="plan-days"' in shown(client, way)


# --- the rule ----------------------------------------------------------------------------------


class Lesson:
    """As much of a lesson on a path as the rule looks at."""

    def __init__(self, pk: int, seconds: int) -> None:
        self.pk, self.seconds = pk, seconds

    @property
    def lesson(self) -> "Lesson":
        return self


class Way:
    """A track of which nothing is done."""

    def __init__(self, seconds: list[int]) -> None:
        self.path = self
        self.lessons = [Lesson(pk, each) for pk, each in enumerate(seconds)]
        self.begun: dict[int, Any] = {}

    def is_done(self, each: Lesson) -> bool:
        return False


@given(
    st.lists(st.integers(60, 5400), max_size=25),
    st.integers(5, 240),
    st.integers(1, 127),
    st.dates(date(2026, 1, 1), date(2030, 1, 1)),
)
def test_every_second_is_planned_once_in_order_on_a_day_of_the_plan(
    seconds: list[int], minutes: int, mask: int, today: date
) -> None:
    own = TrackPlan(learner_id=1, track_id=1, minutes=minutes, weekdays=mask)
    way: Any = Way(seconds)
    found, is_whole = plans._fill([(each, each.seconds) for each in way.lessons], own, today, 0)
    assert all(own.is_on(each.day) and each.day >= today for each in found)
    assert [each.day for each in found] == sorted({each.day for each in found})
    assert all(0 < each.seconds <= minutes * 60 * 1.25 for each in found)
    order = [part.lesson.lesson.pk for each in found for part in each.parts]
    assert order == sorted(order)
    if is_whole:
        assert sum(each.seconds for each in found) == sum(seconds)


@given(st.integers(0, 23), st.integers(0, 59), st.dates(date(2026, 1, 1), date(2027, 1, 1)))
def test_a_planned_time_is_of_the_learners_clock_whatever_it_does(
    hour: int, minute: int, day: date
) -> None:
    learner = User(time_zone="America/New_York")
    begins = plans.begins(learner, day, time(hour, minute))
    assert begins is not None
    assert (begins.date(), begins.hour, begins.minute) == (day, hour, minute)


def test_more_plans_cost_no_query_more(
    client: Client,
    walker: User,
    way: TrackPage,
    ten_minutes: CoursePage,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    plan(client, way)
    client.post("/study/calendar/", {"track": way.pk})
    token = StudyCalendar.objects.get().token
    for number in range(3):
        with django_assert_max_num_queries(13):
            client.get(f"/study/calendar/{token}.ics")
        plan(client, track([ten_minutes], slug=f"more-{number}"))


def test_nobody_else_s_plan_is_shown(client: Client, walker: User, way: TrackPage) -> None:
    plan(client, way, minutes=77)
    client.force_login(UserFactory())
    assert 'value="77"' not in shown(client, way)
