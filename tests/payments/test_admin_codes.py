"""Single redeem codes at finance's desk: found by what was handed out, their state, taken back."""

from typing import Any

import pytest
from django.urls import reverse

from accounts import roles
from courses.models import Grant
from payments.models import RedeemCode
from tests.factories import UserFactory, course
from tests.payments import shown
from tests.payments.factories import NOW, RedeemBatchFactory, RedeemCodeFactory, batch_of
from tests.payments.staff import at_desk, csv_rows, somebody

pytestmark = pytest.mark.django_db
LISTING = "/admin/money/codes/"
AT = "2026 年 11 月 23 日 12:00"


def page(row: RedeemCode, name: str = "inspect") -> str:
    return reverse(f"money-codes:{name}", args=[row.pk])


def serials(answer: Any) -> list[str]:
    return sorted(row[0] for row in shown.listed(answer))


def test_each_state_has_its_word_its_filter_and_its_acts(desk, buyer):
    """Numbers: what happened to the code; tens: and to its batch."""
    used = {"redeemed_at": NOW, "redeemed_by": buyer}
    whole = RedeemBatchFactory(name="a")
    revoked = RedeemBatchFactory(name="b", revoked_at=NOW)
    shut = RedeemBatchFactory(name="c", withdrawn_at=NOW)
    rows = {
        serial: RedeemCodeFactory(batch=batch, serial=serial, **fields)
        for serial, batch, fields in (
            (1, whole, {}),
            (2, whole, used),
            (3, whole, {"revoked_at": NOW}),
            (4, whole, used | {"withdrawn_at": NOW}),
            (11, revoked, {}),
            (12, revoked, used),
            (21, shut, {}),
            (22, shut, used),
        )
    }
    filtered = {
        "unused": ("未兑换", ["1"]),
        "redeemed": ("已兑换", ["12", "2"]),
        "revoked": ("已收回", ["11", "21", "3"]),
        "withdrawn": ("权限已收回", ["22", "4"]),
    }
    for key, (word, wanted) in filtered.items():
        answer = desk.get(LISTING, {"state": key})
        assert serials(answer) == wanted, key
        assert {row[2] for row in shown.listed(answer)} == {word}
    for serial, row in rows.items():
        acts = {1: ["收回这个兑换码"], 2: ["收回学习权限"], 12: ["收回学习权限"]}.get(serial, [])
        assert shown.acts(desk.get(page(row))) == acts, serial
        for act in ("revoke", "withdraw"):
            may = (act, serial) in {("revoke", 1), ("withdraw", 2), ("withdraw", 12)}
            assert desk.get(page(row, act)).status_code == (200 if may else 302), (act, serial)
    operator = at_desk(roles.OPERATOR)
    assert shown.acts(operator.get(page(rows[1]))) == []
    assert "兑换码" not in shown.facts(operator.get(page(rows[1])))


def test_a_code_is_found_as_it_was_handed_out(desk):
    batch, (first, second) = batch_of(2)
    for typed in (first, first.lower().replace("-", "")):
        assert serials(desk.get(LISTING, {"q": typed})) == ["1"]
    assert serials(desk.get(LISTING, {"q": second[:-1] + "?"})) == []
    assert serials(desk.get(LISTING, {"q": batch.name})) == ["1", "2"]
    assert serials(desk.get(LISTING)) == ["1", "2"]


def test_a_redeemed_code_is_written_out_with_what_it_opened(desk):
    friend = UserFactory(email="friend@example.org", name="小周")
    batch, (code,) = batch_of(1, name="年会", course=course(title="城市的暗线"))
    row = batch.codes.get()
    RedeemCode.objects.update(redeemed_at=NOW, redeemed_by=friend, sent_to="x@example.org")
    for kind, source_id in (
        ("staff", row.source_id),
        ("redeem_code", "code-0"),
        ("redeem_code", row.source_id),
    ):
        Grant.objects.create(
            learner=friend,
            course=batch.course,
            source_kind=kind,
            source_id=source_id,
            starts_at=NOW,
        )
    answer = desk.get(page(row))
    assert shown.facts(answer) == {
        "批次": "年会",
        "编号": "1",
        "兑换码": code,
        "可打开": "城市的暗线",
        "状态": "已兑换",
        "兑换人": "小周 <friend@example.org>",
        "兑换时间": AT,
        "寄给": "x@example.org",
    }
    grant = Grant.objects.get(source_kind="redeem_code", source_id=row.source_id)
    assert shown.links(answer) == {
        "批次": reverse("money-batches:inspect", args=[batch.pk]),
        "兑换人": reverse("money-grants:inspect", args=[grant.pk]),
    }
    told = ["年会", "1", "已兑换", "friend@example.org"]
    (exported,) = csv_rows(desk, LISTING)
    assert list(exported.values())[:4] == told
    assert shown.listed(desk.get(LISTING)) == [
        ["1", "年会", "已兑换", "friend@example.org", AT, "x@example.org"]
    ]


def test_taking_one_back_leaves_the_others(desk):
    batch, _codes = batch_of(2)
    row, other = batch.codes.order_by("serial")
    assert shown.consequences(desk.get(page(row, "revoke"))) == ["这个兑换码就此作废。"]
    desk.post(page(row, "revoke"), {"reason": "丢了"})
    facts, who = shown.facts(desk.get(page(row))), somebody(desk)
    assert (facts["状态"], facts["收回理由"]) == ("已收回", "丢了")
    assert facts["收回人"] == f"{who.get_full_name()} <{who.email}>"
    assert shown.facts(desk.get(page(other)))["状态"] == "未兑换"


def test_a_code_redeemed_before_its_batch_was_taken_back_does_not_say_so(desk, buyer):
    batch, _codes = batch_of(2)
    used, open_ = batch.codes.order_by("serial")
    RedeemCode.objects.filter(pk=used.pk).update(redeemed_at=NOW, redeemed_by=buyer)
    desk.post(reverse("money-batches:revoke", args=[batch.pk]), {"reason": "印错了"})
    assert shown.facts(desk.get(page(open_)))["收回理由"] == "印错了"
    assert "收回理由" not in shown.facts(desk.get(page(used)))


def test_withdrawing_names_who_loses_what(desk):
    friend = UserFactory(email="friend@example.org", name="小周")
    batch, _codes = batch_of(1, course=course(title="城市的暗线"))
    row = batch.codes.get()
    RedeemCode.objects.update(redeemed_at=NOW, redeemed_by=friend)
    assert shown.consequences(desk.get(page(row, "withdraw"))) == [
        "小周 <friend@example.org> 不能再凭这个兑换码打开「城市的暗线」。",
        "学习进度保留，其他权限也保留。",
    ]
    desk.post(page(row, "withdraw"), {"reason": "离职"})
    facts = shown.facts(desk.get(page(row)))
    assert (facts["状态"], "收回于" in facts) == ("权限已收回", True)
