"""The ledger: all that was done stands in it once, and nothing changes what stands there."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum
from hypothesis import given
from hypothesis import strategies as st

from accounts import privacy
from accounts.models import User
from courses.models import CoursePage, LessonPage
from learning import ledger, ledger_days, progress
from learning.models import LedgerEntry, LessonProgress, PlaySession, StudyDay
from operations import clock as site_clock
from tests.factories import DisciplineFactory, UserFactory
from tests.learning.conftest import Player, audio_course_of, lessons_of

At = Callable[[str], datetime]


def entries(learner: User, *kinds: str) -> list[LedgerEntry]:
    found = LedgerEntry.objects.filter(learner_id=learner.pk).order_by("at", "key")
    return list(found.filter(kind__in=kinds) if kinds else found)


def catch_up(learner: User) -> None:
    progress.fold()
    ledger_days.catch_up(learner, now=site_clock.now())


def in_ledger(learner: User) -> dict[date, int]:
    rows = LedgerEntry.objects.filter(learner_id=learner.pk, kind="study").order_by()
    return dict(rows.values_list("day").annotate(Sum("seconds")))


def in_days(learner: User) -> dict[date, int]:
    return dict(StudyDay.objects.filter(learner_id=learner.pk).values_list("day", "seconds"))


# --- a day's seconds, divided --------------------------------------------------------------------

weights = st.dictionaries(st.integers(1, 5), st.floats(0, 90_000), max_size=5)


@given(st.integers(0, 90_000), weights)
def test_dividing_loses_no_second(seconds: int, shares: dict[int, float]) -> None:
    assert sum(ledger_days.divide(seconds, shares).values()) == seconds


@given(st.lists(st.tuples(st.integers(1, 9_000), weights), max_size=6))
def test_however_a_day_grows_its_entries_only_add_and_make_the_day(
    steps: list[tuple[int, dict[int, float]]],
) -> None:
    entered: dict[int, int] = {}
    for more, shares in steps:
        added = ledger_days.increase(more, shares, entered)
        assert sum(added.values()) == more
        assert min(added.values()) > 0
        for course, seconds in added.items():
            entered[course] = entered.get(course, 0) + seconds


def test_two_courses_studied_at_once_share_the_time() -> None:
    assert ledger_days.divide(601, {1: 600.0, 2: 600.0}) == {1: 301, 2: 300}


# --- what is entered -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_day_that_goes_on_is_entered_by_whole_minutes_as_they_are_shown(
    learner: User, at: At
) -> None:
    at("2026-11-23T08:00+08:00")
    player = Player(learner, lessons_of(audio_course_of(lessons=1))[0])
    now = at("2026-11-23T08:10+08:00")
    for seconds, entered in ((265, 265), (299, 265), (317, 317)):
        player.send(wall=seconds)
        progress.fold()
        ledger_days.enter(learner, now=now)
        assert sum(entry.seconds for entry in entries(learner)) == entered


def test_a_day_is_entered_by_course_with_words_of_its_own(
    learner: User, at: At, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    arts = DisciplineFactory(name="文艺", slug="arts")
    poems, cities = audio_course_of(lessons=1), audio_course_of(lessons=1)
    poems.title = "读诗"
    poems.disciplines = [arts]
    poems.save()
    at("2026-11-23T08:00+08:00")
    players = [Player(learner, lessons_of(page)[0]) for page in (poems, cities)]
    at("2026-11-23T08:10+08:00")
    players[0].send(wall=600)
    at("2026-11-23T08:40+08:00")
    players[1].send(wall=300)
    progress.fold()
    at("2026-11-25T08:00+08:00")
    with django_assert_max_num_queries(14):
        ledger_days.enter_past_days(now=site_clock.now())
    found = {entry.course_id: entry for entry in entries(learner)}
    assert {pk: entry.seconds for pk, entry in found.items()} == {poems.pk: 600, cities.pk: 300}
    assert found[poems.pk].course == "读诗"
    assert found[poems.pk].disciplines == [{"slug": "arts", "name": "文艺"}]
    assert found[poems.pk].day == date(2026, 11, 23)
    poems.delete()
    arts.delete()
    assert entries(learner) == list(found.values())  # and unchanged:
    kept = LedgerEntry.objects.get(learner_id=learner.pk, course_id=found[poems.pk].course_id)
    assert (kept.course, kept.disciplines[0]["name"]) == ("读诗", "文艺")


@pytest.mark.django_db
def test_entries_make_the_study_days_however_often_they_are_entered(learner: User, at: At) -> None:
    """Two courses on two devices at once, looked at in between, and a report that comes late."""
    one, two = (lessons_of(audio_course_of(lessons=1))[0] for _ in range(2))
    at("2026-11-23T23:00+08:00")
    phone, desk, offline = Player(learner, one), Player(learner, two), Player(learner, two)
    for minute in (5, 5, 20, 40):
        at(f"2026-11-23T23:{minute:02d}+08:00")
        phone.send(wall=minute * 60)
        desk.send(wall=minute * 30)
        catch_up(learner)
        assert in_ledger(learner) == in_days(learner)
    at("2026-11-24T00:10+08:00")
    offline.send(wall=3600)
    Player(learner, one).send(wall=30)
    catch_up(learner)
    days = in_days(learner)
    assert days[date(2026, 11, 23)] > 40 * 60
    assert in_ledger(learner) == {date(2026, 11, 23): days[date(2026, 11, 23)]}
    before = entries(learner)
    catch_up(learner)
    assert entries(learner) == before


@pytest.mark.django_db
def test_a_day_that_goes_on_is_not_entered_by_the_job(
    learner: User, first: LessonPage, at: At
) -> None:
    """Nowhere: in Honolulu the 23rd lasts until 10:00 UTC of the 24th."""
    learner.time_zone = "Pacific/Honolulu"
    learner.save()
    at("2026-11-23T20:00-10:00")
    player = Player(learner, first)
    at("2026-11-23T20:20-10:00")
    player.send(wall=1200)
    progress.fold()
    ledger_days.enter_past_days(now=at("2026-11-23T23:59-10:00"))
    assert entries(learner) == []
    ledger_days.enter_past_days(now=at("2026-11-24T02:01-10:00"))
    assert in_ledger(learner) == {date(2026, 11, 23): 1200}


@pytest.mark.django_db
def test_travelling_neither_doubles_nor_loses_a_day(first: LessonPage, at: At) -> None:
    """From Shanghai on the 24th to New York, where it is the 23rd still, and on again."""
    learner = UserFactory(time_zone="Asia/Shanghai")
    for zone, moment in [
        ("Asia/Shanghai", "2026-11-24T08:00+08:00"),
        ("America/New_York", "2026-11-23T20:30-05:00"),
        ("America/New_York", "2026-11-24T10:00-05:00"),
        ("Pacific/Kiritimati", "2026-11-25T20:00+14:00"),
    ]:
        learner.time_zone = zone
        learner.save()
        start = at(moment)
        player = Player(learner, first)
        at((start + timedelta(minutes=10)).isoformat())
        player.send(wall=600)
        catch_up(learner)
    assert (
        in_ledger(learner)
        == in_days(learner)
        == {
            date(2026, 11, 23): 600,
            date(2026, 11, 24): 1200,
            date(2026, 11, 25): 600,
        }
    )


@pytest.mark.django_db
def test_lessons_done_and_taken_back_are_entered_once(
    learner: User, audio_course: CoursePage, at: At
) -> None:
    first, second, _third = lessons_of(audio_course)
    at("2026-11-23T08:00+08:00")
    Player(learner, first).hear(95)
    progress.fold()
    PlaySession.objects.update(is_folded=False)
    progress.fold()
    for minute, done in enumerate([True, True, False, False, True]):
        now = at(f"2026-11-23T09:0{minute}+08:00")
        progress.mark(learner=learner, lesson=second, done=done, now=now)
    catch_up(learner)
    told = [(each.kind, each.lesson_id) for each in entries(learner) if each.kind != "study"]
    assert told == [
        ("lesson_done", first.pk),
        ("lesson_done", second.pk),
        ("lesson_undone", second.pk),
        ("lesson_done", second.pk),
    ]
    assert {each.lesson for each in entries(learner, "lesson_done")} == {"第 00 讲", "第 01 讲"}


@pytest.mark.django_db
def test_the_last_lesson_done_finishes_the_course(
    learner: User, audio_course: CoursePage, at: At
) -> None:
    now = at("2026-11-23T08:00+08:00")
    for page in lessons_of(audio_course):
        assert entries(learner, "course_done") == []
        progress.mark(learner=learner, lesson=page, done=True, now=now)
    [finished] = entries(learner, "course_done")
    assert (finished.course, finished.at) == (audio_course.title, now)


@pytest.mark.django_db
def test_a_book_begins_with_what_was_kept_before_it(
    learner: User, audio_course: CoursePage, at: At
) -> None:
    """Study days whose sessions are forgotten, marks of courses that are there and are not."""
    now = at("2026-11-23T08:00+08:00")
    StudyDay.objects.create(learner_id=learner.pk, day=date(2026, 3, 1), seconds=1234)
    for lesson_id, course_id in [(lessons_of(audio_course)[0].pk, audio_course.pk), (9999, 9998)]:
        LessonProgress.objects.create(
            learner_id=learner.pk,
            lesson_id=lesson_id,
            course_id=course_id,
            done_at=now - timedelta(days=200),
            done_how="hand",
        )
    ledger_days.enter_past_days(now=now)
    [study] = entries(learner, "study")
    assert (study.seconds, study.course, study.course_id) == (1234, "", None)
    done = entries(learner, "lesson_done")
    assert sorted(entry.course for entry in done) == ["", audio_course.title]
    assert all(entry.is_afterwards for entry in entries(learner))


@pytest.mark.django_db
def test_what_others_enter_twice_stands_once(learner: User) -> None:
    now = site_clock.now()
    for words in ("先", "后"):
        ledger.append(learner=learner, kind="note", key="note:1", at=now, words=words)
    assert [entry.words for entry in entries(learner)] == ["先"]


# --- for good ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_no_entry_is_rewritten_and_each_goes_with_its_account(
    learner: User, first: LessonPage
) -> None:
    other = UserFactory()
    for person in (learner, other):
        ledger.append(learner=person, kind="note", key="1", at=site_clock.now(), words="读完了")
    mine = LedgerEntry.objects.filter(learner_id=learner.pk)
    for change in ({"words": "没读"}, {"learner_id": other.pk}, {"day": date(2020, 1, 1)}):
        with pytest.raises(DatabaseError), transaction.atomic():
            mine.update(**change)
    privacy.erase(user=learner, now=site_clock.now())
    assert list(LedgerEntry.objects.values_list("learner_id", flat=True)) == [other.pk]


@pytest.mark.django_db
def test_a_day_says_how_much_of_it_is_entered_and_no_more(learner: User) -> None:
    with pytest.raises(DatabaseError):
        StudyDay.objects.create(learner_id=learner.pk, day=date(2026, 11, 23), seconds=5, entered=6)
    assert connection.needs_rollback
