"""A batch of redeem codes as a table to hand out: for finance, and for who bought seats."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.exports import as_asked, neutralised
from payments import batches, codes
from payments.models import RedeemBatch, RedeemCode


def response(batch: RedeemBatch, *, columns: list[str], now: datetime) -> StreamingHttpResponse:
    """The table as a file, row by row."""
    lines = rows(batch, columns=columns, now=now)
    answer = StreamingHttpResponse(
        as_asked(lines, get_language(), timezone.get_current_timezone()),
        content_type="text/csv; charset=utf-8",
    )
    answer["Content-Disposition"] = f'attachment; filename="codes-{batch.pk}.csv"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def rows(batch: RedeemBatch, *, columns: list[str], now: datetime) -> Iterator[bytes]:
    """Row by row: each code with its link and what became of it.

    `columns`: of number, code, link, state, redeemed_by, redeemed_at, name, sent_to.
    """
    headings = _headings()
    yield _line([headings[name] for name in columns])
    found = batch.codes.select_related("batch__course", "batch__membership", "redeemed_by")
    for row in found.iterator():
        cells = _cells(row, now=now)
        yield _line([cells[name] for name in columns])


def _headings() -> dict[str, str]:
    return {
        "number": _("Number"),
        "code": _("Redeem code"),
        "link": _("Link"),
        "state": _("State"),
        "redeemed_by": _("Redeemed by"),
        "name": _("Redeemed by"),
        "redeemed_at": _("Redeemed on"),
        "sent_to": _("Sent to"),
    }


def _cells(row: RedeemCode, *, now: datetime) -> dict[str, Any]:
    code = batches.code_of(row)
    at = row.redeemed_at
    return {
        "number": row.serial,
        "code": codes.shown(code),
        "link": codes.address(code) if code else "",
        "state": batches.state(row, now=now),
        "redeemed_by": row.redeemed_by.email if row.redeemed_by else "",
        "name": batches.redeemer(row),
        "redeemed_at": timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else "",
        "sent_to": row.sent_to,
    }


def _line(cells: list[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow([neutralised(str(cell)) for cell in cells])
    return line.getvalue().encode()
