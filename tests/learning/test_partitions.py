"""`manage.py partition`: the same rows, keys and names, in parts by learner."""

import uuid
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from learning import partitions, progress
from learning.models import LedgerEntry, LessonProgress, PlaySession, StudyDay
from tests.learning.conftest import Player

MODELS = [PlaySession, LessonProgress, StudyDay, LedgerEntry]
LEARNERS = 200

postgres = pytest.mark.postgres
pytestmark = pytest.mark.django_db


def study() -> None:
    now = timezone.now()
    numbers = range(1, LEARNERS + 1)
    PlaySession.objects.bulk_create(
        PlaySession(
            learner_id=number,
            lesson_id=1,
            session=uuid.uuid4(),
            seq=number,
            ranges=[[0, number]],
            duration=300.0,
            position=1.5,
            wall=9.0,
            read_to=0.5,
            day=date(2026, 11, 23),
            started_at=now,
            updated_at=now,
            played_at=now,
        )
        for number in numbers
    )
    LessonProgress.objects.bulk_create(
        LessonProgress(learner_id=number, lesson_id=1, course_id=1, heard=float(number))
        for number in numbers
    )
    StudyDay.objects.bulk_create(
        StudyDay(learner_id=number, day=date(2026, 11, 23), seconds=number) for number in numbers
    )
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            learner_id=number,
            key=f"{number}:study",
            kind="study",
            day=date(2026, 11, 23),
            at=now,
            seconds=number,
        )
        for number in numbers
    )


def rows() -> list[list[tuple]]:
    return [sorted(model.objects.values_list()) for model in MODELS]


def names() -> list[dict]:
    with connection.cursor() as cursor:
        return [
            {
                name: {key: about[key] for key in ("columns", "primary_key", "unique", "check")}
                for name, about in connection.introspection.get_constraints(cursor, table).items()
            }
            for table in partitions.TABLES
        ]


@postgres
def test_nothing_is_lost_and_everything_keeps_its_name(capsys) -> None:
    study()
    before = rows(), names()
    call_command("partition", parts=4)
    assert "4 parts" in capsys.readouterr().out
    assert (rows(), names()) == before
    for table in partitions.TABLES:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT tableoid::regclass::text, count(*) FROM {table} GROUP BY 1")
            parts = dict(cursor.fetchall())
        assert len(parts) == 4
        assert min(parts.values()) > LEARNERS / 16


@postgres
def test_done_again_it_changes_nothing(capsys) -> None:
    study()
    call_command("partition", parts=2)
    before = rows(), names()
    call_command("partition", parts=8)
    assert "was parted already" in capsys.readouterr().out
    assert (rows(), names()) == before


@postgres
def test_beats_are_kept_and_folded_as_before(learner, first) -> None:
    call_command("partition", parts=4)
    player = Player(learner, first)
    for heard in (10, 20):
        assert player.hear(heard).status_code < 300
    assert PlaySession.objects.get().ranges == [[0, 20]]
    progress.fold()
    assert LessonProgress.objects.get(learner_id=learner.pk).heard == 20
    assert StudyDay.objects.get().learner_id == learner.pk


@postgres
def test_a_query_of_one_learner_reads_one_part() -> None:
    study()
    call_command("partition", parts=4)
    plan = StudyDay.objects.filter(learner_id=7).explain()
    assert plan.count("learning_studyday_") == 1


@postgres
def test_django_finds_nothing_to_migrate() -> None:
    call_command("partition", parts=2)
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_elsewhere_it_says_that_it_cannot(monkeypatch) -> None:
    monkeypatch.setattr(connection, "vendor", "sqlite")
    with pytest.raises(CommandError, match="Only PostgreSQL"):
        call_command("partition")
