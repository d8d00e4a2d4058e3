"""Disputed payments at finance's desk."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import roles
from payments.models import Dispute
from tests.factories import UserFactory, course
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    InvoiceFactory,
    OrderFactory,
    SubscriptionFactory,
    course_price,
)
from tests.payments.staff import at_desk, csv_rows

pytestmark = pytest.mark.django_db
LISTING = "/admin/money/disputes/"
AT = "2026 年 11 月 23 日 12:00"
DUE = NOW + timedelta(days=7)
UNTIL = "2026 年 11 月 30 日 12:00"


@pytest.fixture
def desk() -> Client:
    return at_desk(roles.FINANCE)


def amys() -> Any:
    buyer = UserFactory(email="amy@example.org", name="林岚")
    return OrderFactory(fulfilled=True, buyer=buyer, price=course_price(course(title="城市的暗线")))


def disputed(order: Any, status: str, **fields: Any) -> Any:
    due = {"evidence_details": {"due_by": int(DUE.timestamp())}}
    return DisputeFactory(order=order, status=status, object=due, **fields)


def page(row: Dispute) -> str:
    return reverse("money-disputes:inspect", args=[row.pk])


def test_the_listing_says_until_when_to_answer_what_waits(desk):
    order = amys()
    rows = {
        status: disputed(order, status, created_at=NOW - timedelta(days=number))
        for number, status in enumerate(("needs_response", "warning_needs_response", "won"))
    }
    unknown = disputed(None, "under_review", amount=100, reason="new_word")
    unknown_row = [unknown.stripe_id, "", "", "¥1", "银行裁定中", "", AT]
    listed = {row[0]: row for row in shown.listed(desk.get(LISTING))}
    assert listed[unknown.stripe_id] == unknown_row
    assert [listed[row.stripe_id] for row in rows.values()] == [
        [row.stripe_id, order.number, "amy@example.org", "¥99", state, until, at]
        for row, (state, until, at) in zip(
            rows.values(),
            [
                ("等待我方答复", UNTIL, AT),
                ("问询：等待我方答复", UNTIL, "2026 年 11 月 22 日 12:00"),
                ("胜诉", "", "2026 年 11 月 21 日 12:00"),
            ],
            strict=True,
        )
    ]
    waiting = {rows["needs_response"].stripe_id, rows["warning_needs_response"].stripe_id}
    for query, wanted in {"true": waiting, "false": set(listed) - waiting, "": set(listed)}.items():
        found = shown.listed(desk.get(f"{LISTING}?to_answer={query}"))
        assert {row[0] for row in found} == wanted, query
    exported = {row["Stripe"]: row for row in csv_rows(desk, LISTING)}
    line = exported[unknown.stripe_id]
    assert (line["订单"], line["购买人"], line["理由"], line["金额"]) == (
        "",
        "",
        "new_word",
        "1.00",
    )
    line = exported[rows["won"].stripe_id]
    assert (line["订单"], line["购买人"], line["理由"]) == (
        *(order.number, "amy@example.org", "买家称不是本人付款"),
    )


def test_a_dispute_is_written_out_with_what_speaks_for_the_payment(desk):
    order = amys()
    row = disputed(order, "needs_response")
    disputed(order, "lost")
    disputed(order, "won")
    DisputeFactory()
    answer = desk.get(page(row))
    assert shown.facts(answer) == {
        "Stripe": row.stripe_id,
        "状态": "等待我方答复",
        "答复期限": UNTIL,
        "金额": "¥99",
        "理由": "买家称不是本人付款",
        "创建于": AT,
        "订单": order.number,
        "购买人": "林岚 <amy@example.org>",
        "学习权限": "争议期间暂停",
        "此人被争议的付款": "2",
    }
    assert shown.links(answer)["订单"] == reverse("money-orders:inspect", args=[order.pk])
    assert shown.tables(answer) == {
        "能证明这笔付款的事实；请据此在 Stripe 答复": [
            ["按所示价格下单", AT],
            ["已付", AT],
            ["学习", "没有学过"],
        ]
    }


@pytest.mark.parametrize(
    ("status", "access", "count"),
    [
        ("lost", "已关闭：付款已被银行退回", "1"),
        ("under_review", "争议期间暂停", "1"),
        ("won", "保持不变", None),
        ("warning_needs_response", "保持不变", "1"),
    ],
)
def test_what_becomes_of_what_was_opened(desk, status, access, count):
    answer = desk.get(page(disputed(amys(), status)))
    facts = shown.facts(answer)
    assert (facts["学习权限"], facts.get("此人被争议的付款")) == (access, count)
    waits = status == "warning_needs_response"
    heading = "能证明这笔付款的事实" + ("；请据此在 Stripe 答复" if waits else "")
    assert (list(shown.tables(answer)), "答复期限" in facts) == ([heading], waits)


def test_of_a_bill_the_bill_is_named_and_of_a_stranger_nothing(desk):
    subscription = SubscriptionFactory()
    order = OrderFactory(fulfilled=True, subscription=subscription, buyer=subscription.learner)
    bill = InvoiceFactory(subscription=subscription, billing_reason="subscription_cycle")
    answer = desk.get(page(disputed(order, "needs_response", invoice=bill)))
    invoice = reverse("money-invoices:inspect", args=[bill.pk])
    assert (shown.facts(answer)["账单"], shown.links(answer)["账单"]) == (str(bill), invoice)
    [exhibits] = shown.tables(answer).values()
    assert [f"被争议的账单：¥39（{bill.stripe_id}）", AT] in exhibits
    answer = desk.get(page(disputed(None, "needs_response", amount=100)))
    facts = shown.facts(answer)
    assert set(facts) == {"Stripe", "状态", "答复期限", "金额", "理由", "创建于"}
    assert shown.tables(answer) == {}
