"""A batch's codes as a table: every column, in order, whatever became of each."""

import csv
import io
from datetime import timedelta

import pytest

from payments import batches, code_tables, codes
from payments.models import RedeemCode
from tests.factories import UserFactory
from tests.payments.factories import NOW, RedeemBatchFactory, RedeemCodeFactory

pytestmark = pytest.mark.django_db
COLUMNS = ["number", "code", "link", "state", "redeemed_by", "name", "redeemed_at", "sent_to"]


def test_every_code_with_its_link_and_what_became_of_it():
    batch = RedeemBatchFactory()
    RedeemCodeFactory(batch=RedeemBatchFactory())
    amy, nameless = UserFactory(email="amy@example.org", name="林岚"), UserFactory(name="")
    by_amy = {"redeemed_by": amy, "redeemed_at": NOW}
    RedeemCodeFactory(batch=batch, serial=3, digest="0" * 64)
    RedeemCodeFactory(batch=batch, serial=2, **by_amy, sent_to="=amy@example.org")
    RedeemCodeFactory(batch=batch, serial=4, redeemed_by=nameless, redeemed_at=NOW)
    RedeemCodeFactory(batch=batch, serial=1, revoked_at=NOW)
    answer = code_tables.response(batch, columns=COLUMNS, now=NOW + timedelta(days=1))
    body = b"".join(answer).decode("utf-8-sig")
    headings, *lines = csv.reader(io.StringIO(body))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="codes-{batch.pk}.csv"'
    assert answer["Cache-Control"] == "private, no-store"
    assert headings == [
        *("编号", "兑换码", "链接", "状态"),
        *("兑换人", "兑换人", "兑换时间", "寄给"),
    ]
    rows = {each.serial: batches.code_of(each) for each in RedeemCode.objects.filter(batch=batch)}
    shown = {serial: codes.shown(code) for serial, code in rows.items()}
    link = {serial: codes.address(code) for serial, code in rows.items() if code}
    at = "2026-11-23 12:00"
    assert lines == [
        ["1", shown[1], link[1], "已收回", "", "", "", ""],
        ["2", shown[2], link[2], "已兑换", "amy@example.org", "林岚", at, "'=amy@example.org"],
        ["3", "", "", "未兑换", "", "", "", ""],
        ["4", shown[4], link[4], "已兑换", nameless.email, "一位学员", at, ""],
    ]
