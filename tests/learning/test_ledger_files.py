"""A ledger that is taken away comes back whole, and nothing else comes of a file."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from learning import ledger, ledger_files
from learning.models import LedgerEntry, LessonProgress, StudyDay
from operations import clock as site_clock
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
disciplines = st.fixed_dictionaries({"slug": words.filter(bool), "name": words.filter(bool)})


@st.composite
def entries(draw: Any) -> dict[str, Any]:
    kind = draw(st.sampled_from([*LedgerEntry.Kind.values, "of_tomorrow"]))
    numbers = st.none() | st.integers(1, 2**63 - 1)
    return {
        "key": draw(words.filter(bool)),
        "site_address": draw(st.sampled_from(["", "https://elsewhere.example", "https://b.ex"])),
        "site_name": "",
        "kind": kind,
        "day": draw(st.dates(date(1970, 1, 2), date(2026, 11, 23))),
        "at": NOW - draw(st.timedeltas(timedelta(0), timedelta(days=20_000))),
        "seconds": draw(st.integers(1, 90_000)) if kind == "study" else 0,
        "course_id": draw(numbers),
        "lesson_id": draw(numbers),
        "course": draw(words),
        "lesson": draw(words),
        "words": draw(words),
        "disciplines": draw(st.lists(disciplines, max_size=3)),
        "is_afterwards": draw(st.booleans()),
    }


books = st.lists(entries(), max_size=8, unique_by=lambda each: (each["site_address"], each["key"]))


def export(learner: User, *, name: str = "日知") -> dict[str, Any]:
    whole = "".join(ledger_files.as_json(learner, site_name=name))
    found: dict[str, Any] = json.loads(whole)
    found["entries"].sort(key=lambda entry: json.dumps(entry, sort_keys=True))
    return found


def bring(learner: User, book: Any) -> ledger_files.Brought:
    content = book if isinstance(book, bytes) else json.dumps(book).encode()
    return ledger_files.bring(learner, content, now=NOW)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(books)
def test_out_in_elsewhere_and_out_again_is_the_same(
    settings: Any, book: list[dict[str, Any]]
) -> None:
    old, new = UserFactory(), UserFactory()
    LedgerEntry.objects.bulk_create(LedgerEntry(learner_id=old.pk, **each) for each in book)
    settings.BASE_URL = "https://old.example"
    taken = export(old, name="旧站")
    settings.BASE_URL = "https://new.example"
    assert bring(new, taken) == (len(book), 0)
    assert bring(new, taken) == (0, len(book))  # nothing twice
    assert export(new, name="新站") == taken
    assert bring(old, taken).new == 0  # and what was entered here is known, whatever its address


def one(**changes: Any) -> dict[str, Any]:
    entry = {
        "key": "7:study:1",
        "kind": "study",
        "day": "2026-11-22",
        "at": "2026-11-22T04:00:00+00:00",
        "seconds": 600,
        "site": {"name": "旧站", "address": "https://old.example"},
    }
    return {"format": "rizhi-ledger", "version": 1, "entries": [entry | changes]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key", ""),
        ("key", 7),
        ("kind", "学"),
        ("day", "2026-02-30"),
        ("day", "2026-11-30"),
        ("day", None),
        ("at", "2026-11-22T04:00:00"),
        ("at", "2036-11-22T04:00:00+00:00"),
        ("at", "0001-01-01T00:00:00+14:00"),
        ("seconds", -5),
        ("seconds", 0),
        ("seconds", 10**30),
        ("seconds", True),
        ("seconds", 1.5),
        ("course", "x" * 256),
        ("course", "a\0b"),
        ("course", "\ud800"),
        ("course_id", 2**63),
        ("disciplines", [{"slug": "a"}]),
        ("disciplines", "all"),
        ("afterwards", 1),
        ("site", "here"),
    ],
)
def test_what_cannot_be_is_named_by_entry_and_field(learner: User, name: str, value: Any) -> None:
    with pytest.raises(ledger_files.UnreadableLedger, match=rf"1.*{name}"):
        bring(learner, one(**{name: value}))
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{\n"format": }', "2"),
        (b"\xff\xfe", "UTF-8"),
        (b"[" * 100_000, "JSON"),
        ("日期,时间\n2026-12-01,…\n".encode(), "CSV 表格只供查看"),
        (b"[]", "账本"),
        (b'{"format": "rizhi-ledger", "version": 2, "entries": []}', "新"),
        (b'{"format": "rizhi-ledger", "version": 1, "entries": {}}', "列表"),
        (b'{"format": "rizhi-ledger", "version": 1, "entries": [5]}', "1"),
    ],
)
def test_what_is_no_ledger_is_refused_in_words(learner: User, content: bytes, told: str) -> None:
    with pytest.raises(ledger_files.UnreadableLedger, match=told):
        bring(learner, content)


def test_a_file_adds_to_ones_own_book_and_to_nothing_else(learner: User) -> None:
    other = UserFactory()
    ledger.append(learner=learner, kind="note", key="1", at=site_clock.now(), words="我的")
    before = LedgerEntry.objects.get()
    forged = one(key=before.key, kind="course_done", seconds=None, course="没学过")
    assert bring(learner, forged).new == 1
    mine = LedgerEntry.objects.filter(learner_id=learner.pk)
    assert mine.get(site_address="").words == "我的"
    assert mine.exclude(site_address="").get().course == "没学过"
    assert not LedgerEntry.objects.filter(learner_id=other.pk).exists()
    assert not LessonProgress.objects.exists()
    assert not StudyDay.objects.exists()


def test_no_cell_of_a_spreadsheet_computes(client: Client, learner: User) -> None:
    ledger.append(learner=learner, kind="note", key="1", at=NOW, words='=HYPERLINK("x")')
    client.force_login(learner)
    answer = client.get("/study/ledger/export.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "'=HYPERLINK" in text
    assert text.startswith("日期,时间,")


def test_the_file_goes_out_and_in_through_the_page(client: Client, learner: User) -> None:
    ledger.append(learner=learner, kind="note", key="1", at=NOW, words="读完了")
    client.force_login(learner)
    answer = client.get("/study/ledger/export.json")
    content = b"".join(answer.streaming_content)
    assert "attachment" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    friend = UserFactory()
    client.force_login(friend)
    file = SimpleUploadedFile("book.json", content)
    page = client.post("/study/ledger/take/", {"file": file}, follow=True).content.decode()
    assert "1 条" in page
    assert LedgerEntry.objects.get(learner_id=friend.pk).words == "读完了"
    broken = SimpleUploadedFile("book.json", b"{")
    answer = client.post("/study/ledger/take/", {"file": broken})
    assert answer.status_code == 422
    assert "第 1 行" in answer.content.decode()
