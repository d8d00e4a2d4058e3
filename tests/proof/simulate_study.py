"""`make simulate-study LEARNERS="1000 10000 100000"`: what a learner's study costs as they grow.

On a PostgreSQL database of its own, each learner with two months of study behind them. For the same
number of learners drawn at each size: a beat, folding a sitting, a day entered into the ledger, the
page 学习, and the bytes of all their rows. Flat means that who comes later costs no more.
"""

import os
import random
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from tests.bench.served import database, prepare_environment
from tests.operations.processes import ROOT

PLACE = ROOT / "var" / "simulate"
DRAWN = 200
BEATS = 4  # a sitting
DAYS, LESSONS = 60, 8  # studied and begun by each before
TABLES = ("learning_playsession", "learning_lessonprogress", "learning_studyday")


def main(sizes: list[int]) -> int:
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    env = prepare_environment(PLACE)
    with database(env["DATABASE_URL"]):
        sys.path.insert(0, str(ROOT / "platform"))
        import django

        django.setup(set_prefix=False)
        from tests.bench.content import Size, build
        from tests.bench.prepared import COMMANDS, call_command

        for command, options in COMMANDS:
            call_command(command, verbosity=0, **options)
        content = build(Size(courses=6, lessons=20, learners=1), say=say)
        from accounts.models import User

        User.objects.filter(email__startswith="learner").update(email="first@example.com")
        print(f"{'learners':>10}" + "".join(f"{name:>16}" for name in NAMES), flush=True)
        rows = []
        for size in sorted(sizes):
            grow(size, content)
            rows.append(measure(size, content))
            print(f"{size:>10}" + "".join(f"{each:>16,.2f}" for each in rows[-1]), flush=True)
        ratios = [last / first for first, last in zip(rows[0], rows[-1], strict=True)]
        print(f"{'ratio':>10}" + "".join(f"{each:>16.2f}" for each in ratios))
    return 0


NAMES = ("beat, ms", "fold, ms", "ledger, ms", "study, ms", "study, queries", "rows, kB")


def say(what: str) -> None:
    print(f"  {what}", file=sys.stderr, flush=True)


def grow(size: int, content: Any) -> None:
    """Up to so many learners who have studied before, made by the database itself."""
    from django.db import connection

    from accounts.models import User

    there = User.objects.count()
    say(f"{size} learners")
    made = User.objects.bulk_create(
        (User(email=f"learner{each}@example.com") for each in range(there, size)), batch_size=5000
    )
    first, last = made[0].pk, made[-1].pk
    lessons = [lesson.pk for lesson in content.paid[:LESSONS]]
    learners = f"generate_series({first}, {last}) AS learner"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO learning_lessonprogress (learner_id, lesson_id, course_id, ranges, heard,"
            " duration, position, position_at, read_to, studied_at, done_how)"
            " SELECT learner, lesson, %s, '[[0, 240]]', 240, 480, 240, now(), 0, now(), ''"
            f" FROM {learners}, unnest(%s) AS lesson",
            [content.course.pk, lessons],
        )
        cursor.execute(
            "INSERT INTO learning_playsession (learner_id, lesson_id, session, seq, ranges,"
            " duration, position, wall, read_to, day, started_at, updated_at, is_folded)"
            " SELECT learner, (%s)[1 + n %% %s], gen_random_uuid(), 40, '[[0, 240]]', 480, 240,"
            " 600, 0, current_date - n, now() - n * interval '1 day' - interval '1 hour',"
            f" now() - n * interval '1 day', true FROM {learners}, generate_series(1, %s) AS n",
            [lessons, LESSONS, DAYS],
        )
        cursor.execute(
            "INSERT INTO learning_studyday (learner_id, day, seconds, goal_reached, entered)"
            f" SELECT learner, current_date - n, 600, false, 600 FROM {learners},"
            " generate_series(1, %s) AS n",
            [DAYS],
        )
        for table in TABLES:
            cursor.execute(f"ANALYZE {table}")


def measure(size: int, content: Any) -> list[float]:
    from accounts.models import User
    from courses.models import Grant
    from learning import ledger_days, progress

    dice = random.Random(size)
    ids = list(User.objects.filter(email__startswith="learner").values_list("pk", flat=True))
    drawn = list(User.objects.filter(pk__in=dice.sample(ids, min(DRAWN, len(ids)))))
    now = _now()
    Grant.objects.bulk_create(
        Grant(
            learner=each,
            course=content.course,
            source_kind=Grant.Source.PURCHASE,
            source_id=f"{size}-{each.pk}",
            starts_at=now - timedelta(days=90),
        )
        for each in drawn
    )
    beats = [beat for each in drawn for beat in _sitting(each, dice.choice(content.paid))]
    beat = _each(beats, lambda one: progress.record(*one, now=_now()))
    fold = _each(drawn, lambda one: progress.fold_learner(one.pk))
    entered = _each(drawn, lambda one: ledger_days.enter(one, now=_now()))
    study, queries = _study(drawn[:50])
    return [beat, fold, entered, study, queries, _bytes() / size / 1024]


def _now() -> Any:
    from operations import clock

    return clock.now()


def _each(some: list[Any], act: Callable[[Any], Any]) -> float:
    """Milliseconds each, the middle one."""
    took = []
    for one in some:
        began = time.perf_counter()
        act(one)
        took.append(time.perf_counter() - began)
    return sorted(took)[len(took) // 2] * 1000


def _sitting(learner: Any, lesson: Any) -> Iterable[tuple[Any, Any]]:
    from learning import tokens
    from learning.beats import Beat

    token = tokens.read(tokens.issue(learner=learner, lesson=lesson, now=_now()).token)
    session = uuid.uuid4()
    for number in range(1, BEATS + 1):
        at = min(number * 15.0, token.duration)
        yield Beat(session, number, at, [[0.0, at]], number * 15.0, 0.0), token


def _study(learners: list[Any]) -> tuple[float, float]:
    """A page of 学习: milliseconds and queries, of who opens it for the second time."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    def look(client: Client) -> None:
        answer = client.get("/study/", headers={"host": "localhost"})
        if answer.status_code != 200:
            sys.exit(f"/study/ answered {answer.status_code}")

    clients = []
    for learner in learners:
        client = Client()
        client.force_login(learner)
        look(client)
        clients.append(client)
    took = _each(clients, look)
    with CaptureQueriesContext(connection) as asked:
        look(clients[0])
    return took, float(len(asked))


def _bytes() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(each::regclass)) FROM unnest(%s::text[]) AS each",
            [list(TABLES)],
        )
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    sys.exit(main([int(each) for each in os.environ.get("LEARNERS", "1000 10000 100000").split()]))
