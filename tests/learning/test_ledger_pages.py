"""/study/ledger/: the ledger as its learner reads it."""

import io
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from accounts.models import User
from courses.models import CoursePage, LessonPage
from learning import progress
from learning.models import LedgerEntry, StudyDay
from tests.factories import DisciplineFactory, UserFactory
from tests.learning.conftest import Player, audio_course_of, lessons_of

pytestmark = pytest.mark.django_db

PAGES = [
    "/study/ledger/",
    "/study/ledger/?year=2026",
    "/study/ledger/days/2026-11-23/",
    "/study/ledger/disciplines/",
    "/study/ledger/years/2026/",
    "/study/ledger/take/",
]


@pytest.fixture
def read(client: Client, learner: User, at: Callable[[str], datetime]) -> Callable[[str], str]:
    at("2026-11-23T20:00+08:00")
    client.force_login(learner)

    def get(address: str) -> str:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "no-store" in answer["Cache-Control"]
        return answer.content.decode()

    return get


def enter(learner: User, day: str, *, seconds: int = 0, **fields: Any) -> None:
    """An entry as `learning.ledger` makes them."""
    told = {"kind": "study", "at": datetime(2026, 11, 23, tzinfo=UTC), "key": str(len(fields))}
    LedgerEntry.objects.create(
        learner_id=learner.pk, day=date.fromisoformat(day), seconds=seconds, **told | fields
    )


@pytest.mark.parametrize("address", PAGES)
def test_who_has_nothing_yet_is_told_what_to_do(read: Callable[[str], str], address: str) -> None:
    html = read(address)
    assert "学习账本" in html


def test_a_day_leads_from_the_year_to_its_entries(
    read: Callable[[str], str], learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T08:00+08:00")
    player = Player(learner, first)
    at("2026-11-23T08:20+08:00")
    player.hear(95, wall=1205)
    html = read("/study/ledger/")
    assert 'class="heat-3"' in html
    assert "/study/ledger/days/2026-11-23/" in html
    day = read("/study/ledger/days/2026-11-23/")
    assert "20 分 0 秒" in day
    assert "学完一讲" in day
    assert "08:20" in day  # by the learner's clock


def test_a_day_with_nothing_but_a_note_is_reached_from_its_year(
    read: Callable[[str], str], learner: User
) -> None:
    enter(learner, "2026-11-20", kind="note", words="信任是存款")
    assert "/study/ledger/days/2026-11-20/" in read("/study/ledger/")
    assert "信任是存款" in read("/study/ledger/days/2026-11-20/")


def test_todays_study_stands_in_it_at_once(
    read: Callable[[str], str], learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T08:00+08:00")
    player = Player(learner, first)
    at("2026-11-23T08:30+08:00")
    player.send(wall=1800)
    assert "30 分钟" in read("/study/ledger/")
    assert LedgerEntry.objects.get().seconds == StudyDay.objects.get().seconds == 1800


def test_the_map_shows_what_was_touched_and_one_way_on(
    read: Callable[[str], str], learner: User
) -> None:
    arts = DisciplineFactory(name="文艺", slug="arts", sort_order=1)
    poems = DisciplineFactory(name="诗歌", slug="poems", parent=arts)
    science = DisciplineFactory(name="科学", slug="science", sort_order=2)
    DisciplineFactory(name="历史", slug="history", sort_order=3)
    stars = audio_course_of(lessons=2)
    stars.disciplines = [science]
    stars.save()
    enter(learner, "2026-11-20", seconds=1800, disciplines=[{"slug": "poems", "name": "诗歌"}])
    enter(
        learner,
        "2026-11-20",
        kind="lesson_done",
        disciplines=[{"slug": "old", "name": "旧学"}],
        key="2",
    )
    html = read("/study/ledger/disciplines/")
    assert "3 个学科里，学过 1 个" in html
    assert html.split("</main>")[0].count("30 分钟") == 2  # of the part, and of what it is in
    assert poems.name in html
    assert "旧学" in html
    assert "从这里走进科学" in html
    assert f'href="/courses/{stars.slug}/00/"' in html


def test_where_all_is_touched_nothing_is_suggested(
    read: Callable[[str], str], learner: User
) -> None:
    DisciplineFactory(name="文艺", slug="arts")
    enter(learner, "2026-11-20", seconds=60, disciplines=[{"slug": "arts", "name": "文艺"}])
    assert "从这里走进" not in read("/study/ledger/disciplines/")


def figures(html: str) -> list[str]:
    return re.findall(r"<dd>([^<]+)</dd>", html.split("ledger-figures")[1])[:6]


def test_the_report_counts_what_stands_in_the_year(
    read: Callable[[str], str], learner: User, audio_course: CoursePage
) -> None:
    arts = [{"slug": "arts", "name": "文艺"}]
    for number, day in enumerate(["2025-12-31", "2026-01-01", "2026-01-02", "2026-03-01"]):
        enter(learner, day, seconds=1200, disciplines=arts, key=f"s{number}")
    enter(learner, "2026-04-01", seconds=59, key="short")
    enter(
        learner,
        "2026-05-01",
        seconds=600,
        key="brought",
        site_address="https://old.example",
        site_name="旧站",
    )
    now = datetime(2026, 11, 23, 4, tzinfo=UTC)
    for lesson in lessons_of(audio_course):
        progress.mark(learner=learner, lesson=lesson, done=True, now=now)
    html = read("/study/ledger/years/2026/")
    assert figures(html) == ["4", "70", "3", "1", "2", "1"]
    assert "从别处带来" in html
    later = now + timedelta(hours=1)
    progress.mark(learner=learner, lesson=lesson, done=False, now=later)
    assert figures(read("/study/ledger/years/2026/")) == ["4", "70", "2", "0", "2", "1"]
    assert figures(read("/study/ledger/years/2025/"))[:2] == ["1", "20"]
    assert "旧站" in read("/study/ledger/days/2026-05-01/")


def test_a_year_without_minutes_draws_none(
    read: Callable[[str], str], learner: User, first: LessonPage
) -> None:
    now = datetime(2026, 11, 23, 4, tzinfo=UTC)
    progress.mark(learner=learner, lesson=first, done=True, now=now)
    html = read("/study/ledger/years/2026/")
    assert figures(html)[1:3] == ["0", "1"]
    assert "逐月" not in html
    enter(learner, "2026-01-01", seconds=1200)
    assert "逐月" in read("/study/ledger/years/2026/")


def test_the_poster_is_a_picture_for_its_learner_alone(
    read: Callable[[str], str], client: Client, learner: User
) -> None:
    enter(learner, "2026-11-20", seconds=6000)
    answer = client.get("/study/ledger/years/2026/poster.png")
    assert answer["Content-Type"] == "image/png"
    assert "no-store" in answer["Cache-Control"]
    assert Image.open(io.BytesIO(answer.content)).size == (1080, 1440)
    client.force_login(UserFactory())
    assert client.get("/study/ledger/years/2026/poster.png").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/study/ledger/days/gestern/",
        "/study/ledger/years/1999/",
        "/study/ledger/years/99999/",
        "/study/ledger/export.exe",
    ],
)
def test_what_is_not_there_is_not_found(
    read: Callable[[str], str], client: Client, address: str
) -> None:
    assert client.get(address).status_code == 404


def test_a_longer_book_takes_no_more_queries(read: Callable[[str], str], learner: User) -> None:
    def queries() -> list[int]:
        counts = []
        for address in PAGES:
            with CaptureQueriesContext(connection) as asked:
                read(address)
            counts.append(len(asked))
        return counts

    def fill(start: int, number: int) -> None:
        arts = [{"slug": "arts", "name": "文艺"}]
        LedgerEntry.objects.bulk_create(
            LedgerEntry(
                learner_id=learner.pk,
                key=f"{kind}{each}",
                kind=kind,
                day=date(2026, 11, 23) - timedelta(days=each % 3),
                at=datetime(2026, 11, 23, tzinfo=UTC),
                seconds=60 if kind == "study" else 0,
                course=f"课{each}",
                lesson_id=each,
                disciplines=arts,
            )
            for each in range(start, start + number)
            for kind in ("study", "lesson_done")
        )

    fill(0, 3)
    queries()
    few = queries()
    fill(3, 200)
    assert queries() == few
