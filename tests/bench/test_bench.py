"""The bench measures what it says: every row answers, at the cost of so many queries."""

import json

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings

from payments.models import WebhookEvent
from tests.bench import floor, plain
from tests.bench.content import Size, build
from tests.bench.drained import drain, fill
from tests.bench.load import CONNECTIONS, LoadFailed, Measured, Request, Row, read
from tests.bench.queries import answer, count
from tests.bench.report import Figures, missed, table, write
from tests.bench.rows import Rows
from tests.bench.wsgi import make
from tests.operations.processes import beside

QUERIES = {
    "floor_page": 3,
    "floor_beat": 1,
    "catalogue_warm": 0,
    "catalogue_cold": 9,
    "course": 11,
    "lesson_free": 0,
    "lesson_paid": 3,
    "lesson_paid_beats": 3,
    "article": 0,
    "search": 0,
    "study": 21,
    "heartbeat": 1,
    "webhook": 2,
    "media": 5,
}


@pytest.fixture
def rows(db):
    with connection.cursor() as cursor:
        cursor.execute(floor.TABLE)
    return Rows(build(Size(courses=2, lessons=3, learners=2), say=lambda _: None)).all()


@pytest.fixture
def application():
    changed = {
        "ROOT_URLCONF": "tests.bench.urls",
        "TEMPLATES": [*settings.TEMPLATES, plain.ENGINE],
        "SHARED_SECONDS": 60,
    }
    with override_settings(**changed):
        yield make()


def test_every_row_answers_well_and_at_its_price(rows, application):
    assert [row.name for row in rows] == list(QUERIES)
    for row in rows:
        got = answer(application, row.requests()[0])
        assert got.status in (200, 204, 206), row.name
    assert {row.name: count(row, application) for row in rows} == QUERIES
    # The floor is a page of 9.5 KB that knows who looks at it.
    first, second = (answer(application, each) for each in rows[0].requests())
    assert 9.2 < len(first.body) / 1000 < 9.8
    assert first.body != second.body
    assert "Content-Encoding" not in first.headers


@pytest.mark.django_db(transaction=True, databases=["default", "sandbox"])
def test_a_real_worker_drains_what_came_by_the_view(application, tmp_path):
    fill(application, 20)
    drained = drain(beside(DATA=str(tmp_path)))
    assert drained.events == 20
    assert set(WebhookEvent.objects.values_list("outcome", "attempts")) == {("done", 1)}
    assert 0 < drained.rate < 10_000
    assert 20 < drained.megabytes < 1000
    assert f"drained 20 events at {drained.rate:.0f} a second" in str(drained)


def test_a_request_is_one_line_for_the_load():
    told = Request("/x/", "POST", (("A", "1"), ("B", "2")), "{}").line
    assert told == "POST\t/x/\tA|1|B|2\t{}"


def test_what_was_refused_is_no_measurement():
    good = {"requests": 10, "microseconds": 2e6, "bytes": 50, "p50": 1.0, "p99": 2.0}
    told = {**good, "refused": 0, "lost": 0}
    assert read(f"wrk\nMEASURED {json.dumps(told)}\n") == Measured(5.0, 1.0, 2.0, 5.0, 10)
    assert read(f"MEASURED {json.dumps(told | {'requests': 0})}") is None
    for wrong in ({"refused": 1}, {"lost": CONNECTIONS}):
        with pytest.raises(LoadFailed):
            read(f"MEASURED {json.dumps(told | wrong)}")


def test_figures_are_medians_told_in_a_table_and_a_file(tmp_path):
    lesson = Row("lesson_paid", "floor_page", list, least=0.5)
    figures = Figures()
    for rps in (40.0, 50.0, 90.0):
        figures.add("floor_page", Measured(100.0, 8.0, 9.0, 9500.0, 100), 0.4)
        figures.add("lesson_paid", Measured(rps, 20.0, 30.0, 9500.0, 50), 0.5)
        figures.compare("lesson_paid", "floor_page")
    told = [figures.row(lesson, 8)]
    write(told, tmp_path / "bench.json")
    (row,) = json.loads((tmp_path / "bench.json").read_text())["rows"]
    assert (
        row
        | {
            "name": "lesson_paid",
            "rps": 50.0,
            "p50_ms": 20.0,
            "p99_ms": 30.0,
            "bytes": 9500,
            "queries": 8,
            "ratio": 0.5,
        }
        == row
    )
    assert "lesson_paid" in table(told)
    assert missed(told, [lesson]) == []
    assert missed([row | {"ratio": 0.4}], [lesson]) == [
        "lesson_paid has 0.40 of floor_page, 0.5 is wanted"
    ]
