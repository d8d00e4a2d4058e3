"""The ledger as a file to take away, and what was taken away brought in again.

An export names for every entry the site that it was entered on. Brought into another book the
entries stay as they were, marked with that site; brought in twice, they stand once. Nothing but
the learner's own book comes of a file: no progress, no access, no credential.
"""

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.exports import neutralised
from accounts.models import User
from learning.models import LedgerEntry

FORMAT, VERSION = "rizhi-ledger", 1
LARGEST = 20 * 1024 * 1024
MOST = 200_000
EARLIEST = date(1970, 1, 1)
CHUNK = 1000
WORDS = ("course", "lesson", "words")
NUMBERS = ("course_id", "lesson_id")
LARGEST_NUMBER = 2**63 - 1
KIND = re.compile("[a-z_]+")


class UnreadableLedger(Exception):
    """What is wrong with a file and where, in words for who brought it."""


class Brought(NamedTuple):
    """How many entries are new, how many were there already."""

    new: int
    known: int


def as_json(learner: User, *, site_name: str) -> Iterator[str]:
    """The whole book, an entry a line, oldest first."""
    head = {"format": FORMAT, "version": VERSION}
    yield json.dumps(head)[:-1] + ', "entries": ['
    separator = "\n"
    for entry in _all(learner):
        yield separator + json.dumps(_told(entry, site_name), ensure_ascii=False)
        separator = ",\n"
    yield "\n]}\n"


def as_csv(learner: User, *, site_name: str) -> Iterator[bytes]:
    """The same for a spreadsheet; no cell computes."""
    heads = [_("Day"), _("Time"), _("What"), _("Seconds"), _("Course"), _("Title of the lesson")]
    heads += [_("Disciplines"), _("Words"), _("Site"), _("Entered afterwards")]
    yield _line(heads)
    for entry in _all(learner):
        yield _line(
            [
                entry.day.isoformat(),
                entry.at.astimezone(UTC).isoformat(timespec="seconds"),
                entry.get_kind_display(),
                entry.seconds or "",
                entry.course,
                entry.lesson,
                "、".join(each["name"] for each in entry.disciplines),
                entry.words,
                entry.site_name if entry.site_address else site_name,
                _("yes") if entry.is_afterwards else "",
            ]
        )


def bring(learner: User, content: bytes, *, now: datetime) -> Brought:
    """Enter what a file holds, all or nothing. Raises UnreadableLedger."""
    entries = list(_read(learner, content, now=now))
    with transaction.atomic():
        User.objects.select_for_update().get(pk=learner.pk)
        mine = LedgerEntry.objects.filter(learner_id=learner.pk)
        own = dict(mine.filter(site_address="").values_list("key", "at"))
        there = set(mine.exclude(site_address="").values_list("site_address", "key"))
        new = {}
        for entry in entries:
            place = entry.site_address, entry.key
            # Entered in this very book, whatever the site was called when it was taken away.
            if place not in there and own.get(entry.key) != entry.at:
                new[place] = entry
        LedgerEntry.objects.bulk_create(new.values(), batch_size=CHUNK)
    return Brought(len(new), len(entries) - len(new))


def _all(learner: User) -> Iterator[LedgerEntry]:
    rows = LedgerEntry.objects.filter(learner_id=learner.pk)
    return rows.order_by("day", "at", "key", "site_address").iterator(chunk_size=CHUNK)


def _told(entry: LedgerEntry, site_name: str) -> dict[str, Any]:
    """What is empty is left out."""
    is_ours = not entry.site_address
    told: dict[str, Any] = {
        "key": entry.key,
        "kind": entry.kind,
        "day": entry.day.isoformat(),
        "at": entry.at.astimezone(UTC).isoformat(),
        "site": {
            "name": site_name if is_ours else entry.site_name,
            "address": settings.BASE_URL if is_ours else entry.site_address,
        },
    }
    names = ("seconds", *NUMBERS, *WORDS, "disciplines")
    told |= {name: value for name in names if (value := getattr(entry, name))}
    return told | ({"afterwards": True} if entry.is_afterwards else {})


def _line(cells: list[Any]) -> bytes:
    out = StringIO()
    csv.writer(out).writerow([neutralised(str(cell)) for cell in cells])
    return out.getvalue().encode()


# --- reading -------------------------------------------------------------------------------------


def _read(learner: User, content: bytes, *, now: datetime) -> Iterator[LedgerEntry]:
    if len(content) > LARGEST:
        raise UnreadableLedger(_("The file is larger than 20 MB."))
    book = _parsed(content)
    if not isinstance(book, dict) or book.get("format") != FORMAT:
        raise UnreadableLedger(_("This is not a ledger that was exported here or elsewhere."))
    if book.get("version") != VERSION:
        raise UnreadableLedger(_("This ledger comes from a newer version of the software."))
    rows = book.get("entries")
    if not isinstance(rows, list) or len(rows) > MOST:
        raise UnreadableLedger(_("The file has no list of entries, or too long a one."))
    for number, row in enumerate(rows, 1):
        try:
            yield _entry(learner, row, latest=now + timedelta(days=1))
        except _Wrong as wrong:
            raise UnreadableLedger(
                _("Entry %(number)d, “%(field)s”: this cannot be so.")
                % {"number": number, "field": wrong.field}
            ) from wrong


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnreadableLedger(_("The file is not text in UTF-8.")) from error
    except json.JSONDecodeError as error:
        if error.pos == 0:  # the table that the same page offers, or something else
            raise UnreadableLedger(
                _("This is no JSON file. A table in CSV is for reading: it cannot be brought back.")
            ) from error
        raise UnreadableLedger(
            _("Line %(line)d, character %(column)d: this is no JSON.")
            % {"line": error.lineno, "column": error.colno}
        ) from error
    except (ValueError, RecursionError) as error:
        raise UnreadableLedger(_("The file cannot be read as JSON.")) from error


class _Wrong(Exception):
    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def _entry(learner: User, row: Any, *, latest: datetime) -> LedgerEntry:
    if not isinstance(row, dict):
        raise _Wrong("{}")
    site = row.get("site")
    if not isinstance(site, dict):
        raise _Wrong("site")
    entry = LedgerEntry(
        learner_id=learner.pk,
        key=_text(row, "key", 150, is_needed=True),
        kind=_text(row, "kind", 20, is_needed=True),
        day=_day(row, latest.date()),
        at=_moment(row, latest),
        site_name=_text(site, "name", 255),
        site_address=_text(site, "address", 200, is_needed=True),
        seconds=_number(row, "seconds", 25 * 60 * 60) or 0,
        disciplines=_disciplines(row),
        is_afterwards=_truth(row, "afterwards"),
        **{name: _number(row, name, LARGEST_NUMBER) for name in NUMBERS},
        **{name: _text(row, name, 500 if name == "words" else 255) for name in WORDS},
    )
    if not KIND.fullmatch(entry.kind):  # one that only a newer version knows is kept, too
        raise _Wrong("kind")
    if (entry.kind == LedgerEntry.Kind.STUDY) != bool(entry.seconds):
        raise _Wrong("seconds")
    return entry


def _text(row: dict[str, Any], name: str, longest: int, *, is_needed: bool = False) -> str:
    value = row.get(name, "")
    if not isinstance(value, str) or len(value) > longest or (is_needed and not value):
        raise _Wrong(name)
    if "\0" in value or any("\ud800" <= each <= "\udfff" for each in value):
        raise _Wrong(name)  # no database takes them
    return value


def _number(row: dict[str, Any], name: str, largest: int) -> int | None:
    value = row.get(name)
    if value is not None and (type(value) is not int or not 0 < value <= largest):
        raise _Wrong(name)
    return value


def _truth(row: dict[str, Any], name: str) -> bool:
    value = row.get(name, False)
    if not isinstance(value, bool):
        raise _Wrong(name)
    return value


def _day(row: dict[str, Any], latest: date) -> date:
    try:
        day = date.fromisoformat(row.get("day", ""))
    except (TypeError, ValueError) as error:
        raise _Wrong("day") from error
    if not EARLIEST <= day <= latest:
        raise _Wrong("day")
    return day


def _moment(row: dict[str, Any], latest: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(row.get("at", ""))
        if at.tzinfo is None or not at.astimezone(UTC).date() >= EARLIEST or at > latest:
            raise _Wrong("at")
    except (TypeError, ValueError, OverflowError) as error:
        raise _Wrong("at") from error
    return at


def _disciplines(row: dict[str, Any]) -> list[dict[str, str]]:
    value = row.get("disciplines", [])
    if not isinstance(value, list) or len(value) > 50:
        raise _Wrong("disciplines")
    for each in value:
        if not isinstance(each, dict) or set(each) != {"slug", "name"}:
            raise _Wrong("disciplines")
        for name in each:
            _text(each, name, 100, is_needed=True)
    return value
