"""Subscriptions and their bills at finance's desk."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import roles
from payments.models import Invoice, Subscription
from tests.factories import MembershipFactory, UserFactory
from tests.insights.world import at, subscribe
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    InvoiceFactory,
    OfferFactory,
    OrderFactory,
    RefundFactory,
    SubscriptionFactory,
)
from tests.payments.staff import at_desk, csv_rows

pytestmark = pytest.mark.django_db
LISTING, BILLS = "/admin/money/subscriptions/", "/admin/money/invoices/"
AT = "2026 年 11 月 23 日 12:00"
DAY_BEFORE = "2026 年 11 月 22 日 12:00"
ENDS = "2026 年 12 月 23 日 12:00"
TAXED = {"total_taxes": [{"amount": 221}]}


def amy() -> Any:
    return UserFactory(email="amy@example.org", name="林岚")


def page(row: Subscription | Invoice, name: str = "inspect") -> str:
    kind = "subscriptions" if isinstance(row, Subscription) else "invoices"
    return reverse(f"money-{kind}:{name}", args=[row.pk])


def who(answer: Any) -> list[str]:
    return sorted(row[0] for row in shown.listed(answer))


def of(email: str) -> Any:
    return UserFactory(email=f"{email}@example.org")


def test_a_subscription_is_found_by_its_customer(desk):
    row, _other = (SubscriptionFactory(customer_id=each) for each in ("cus_amy", "cus_bob"))
    found = shown.listed(desk.get(LISTING, {"q": "cus_amy"}))
    assert [each[0] for each in found] == [row.learner.email]


# --- the listing ---------------------------------------------------------------------------------


def test_the_listing_tells_how_each_stands(desk):
    month = OfferFactory(membership__name="全部课程")
    SubscriptionFactory(learner=amy(), offer=month)
    gone = SubscriptionFactory(
        learner=None, offer=None, status="strange", started_at=NOW - timedelta(days=1)
    )
    SubscriptionFactory(
        learner=of("bob"),
        offer=month,
        cancel_at_period_end=True,
        started_at=NOW - timedelta(days=2),
    )
    listed = shown.listed(desk.get(LISTING))
    plan = "全部课程 · 月"
    assert listed == [
        ["amy@example.org", plan, "有效", "¥39", AT, ENDS, ""],
        [gone.stripe_id, "", "strange", "¥39", DAY_BEFORE, ENDS, ""],
        ["bob@example.org", plan, "有效", "¥39", "2026 年 11 月 21 日 12:00", ENDS, "是"],
    ]
    assert shown.together(desk.get(LISTING)) == ""
    rows = [list(row.values()) for row in csv_rows(desk, LISTING)]
    assert [row[1:7] for row in rows] == [
        ["amy@example.org", plan, "有效", "39.00", "", "CNY"],
        ["", "", "strange", "39.00", "", "CNY"],
        ["bob@example.org", plan, "有效", "39.00", "", "CNY"],
    ]
    assert [row[9] for row in rows] == ["否", "否", "是"]


def test_who_paid_on_a_day_is_listed_with_what_it_brings(desk):
    plan = MembershipFactory()
    month, year = OfferFactory(membership=plan), OfferFactory(membership=plan, interval="year")
    subscribe(month, "2026-11-01 10:00", ("2026-11-01 10:00", 3900), learner=of("amy"))
    subscribe(year, "2026-11-02 23:59", ("2026-11-02 23:59", 36500), learner=of("bob"))
    subscribe(month, "2026-11-03 00:00", ("2026-11-03 00:00", 3900), learner=of("cat"))
    answer = desk.get(LISTING, {"paying_on": "2026-11-02"})
    assert who(answer) == ["amy@example.org", "bob@example.org"]
    assert [row[4] for row in shown.listed(answer)] == ["¥365", "¥468"]
    assert shown.together(answer) == "合计：每年 ¥833 · 每月 ¥69.42"
    exported = csv_rows(desk, LISTING, paying_on="2026-11-02")
    assert sorted(row["每年"] for row in exported) == ["365.00", "468.00"]


def test_the_first_payment_is_found_by_its_days(desk):
    month = OfferFactory()
    subscribe(month, "2026-11-01 10:00", ("2026-11-01 10:00", 3900), learner=of("amy"))
    subscribe(
        month,
        "2026-10-05 10:00",
        ("2026-10-05 10:00", 0),
        ("2026-11-05 00:00", 3900),
        ("2026-12-05 00:00", 3900),
        learner=of("bob"),
    )
    SubscriptionFactory(offer=month, learner=of("cat"), started_at=at("2026-11-03 10:00"))
    for query, found in {
        "first_paid_at_from=2026-11-01&first_paid_at_to=2026-11-04": ["amy"],
        "first_paid_at_from=2026-11-05": ["bob"],
        "first_paid_at_to=2026-11-05": ["amy", "bob"],
        "first_paid_at_from=2026-12-01": [],
    }.items():
        wanted = [f"{name}@example.org" for name in found]
        assert who(desk.get(f"{LISTING}?{query}")) == wanted, query


def test_what_moved_is_found_in_its_days(desk):
    month = OfferFactory()
    subscribe(month, "2026-11-01 10:00", ("2026-11-01 10:00", 3900), learner=of("amy"))
    subscribe(month, "2026-11-05 23:59", ("2026-11-05 23:59", 3900), learner=of("bob"))
    subscribe(
        month,
        "2026-09-05 11:00",
        ("2026-09-05 11:00", 3900),
        ("2026-10-05 11:00", 3900),
        status="canceled",
        ended_at=at("2026-11-05 11:00"),
        learner=of("cat"),
    )
    for query, found in {
        "moved=new": ["amy", "bob"],
        "moved=new&moved_in_from=2026-11-02": ["bob"],
        "moved=new&moved_in_to=2026-11-04": ["amy", "cat"],
        "moved=new&moved_in_from=2026-11-01&moved_in_to=2026-11-05": ["amy", "bob"],
        "moved=churned&moved_in_from=2026-11-01": ["cat"],
        "moved=churned&moved_in_to=2026-10-31": [],
        "moved_in_from=2026-11-02": ["amy", "bob", "cat"],
    }.items():
        wanted = [f"{name}@example.org" for name in found]
        assert who(desk.get(f"{LISTING}?{query}")) == wanted, query


# --- one of them ---------------------------------------------------------------------------------


def test_a_subscription_is_written_out_with_its_life(desk):
    row = SubscriptionFactory(
        learner=amy(),
        offer__membership__name="全部课程",
        cancel_at_period_end=True,
        card="Visa 4242",
        card_expires_on=date(2027, 1, 31),
        past_due_since=NOW,
        ended_at=NOW,
        status="canceled",
        fetched_at=NOW,
    )
    order = OrderFactory(fulfilled=True, price__offer=row.offer, subscription=row)
    InvoiceFactory(subscription=row, attempt_count=1)
    InvoiceFactory(
        subscription=row,
        status="open",
        amount_paid=0,
        amount_due=4200,
        attempt_count=3,
        created_at=NOW + timedelta(days=30),
    )
    asked = row.cancellations.create(cancelled_at=NOW, reason="price", note="太贵", resumed_at=NOW)
    answer = desk.get(page(row))
    facts = shown.facts(answer)
    assert facts == {
        "Stripe": row.stripe_id,
        "学员": "林岚 <amy@example.org>",
        "内容": "全部课程 · 月",
        "状态": "结束",
        "金额": "¥39",
        "起": AT,
        "本期自": AT,
        "本期至": ENDS,
        "到期结束": "是",
        "银行卡": "Visa 4242",
        "银行卡有效期至": "2027 年 1 月 31 日",
        "失败始于": AT,
        "结束": AT,
        "订单": order.number,
        "最近从 Stripe 取回": AT,
    }
    tables = shown.tables(answer)
    assert sorted(tables["账单"]) == [
        [AT, "¥39", "¥39", "已付", "1"],
        [ENDS, "¥42", "¥0", "待付款", "3"],
    ]
    assert tables["取消续费"] == [[AT, asked.get_reason_display(), "太贵", AT]]
    assert tables["经过"]


def test_a_bare_subscription_says_nothing_it_does_not_know(desk):
    row = SubscriptionFactory(learner=None, offer=None)
    facts = shown.facts(desk.get(page(row)))
    assert facts["到期结束"] == "否"
    assert {"学员", "内容", "订单", "银行卡有效期至", "结束"} & set(facts) == set()


# --- bills ---------------------------------------------------------------------------------------


def test_bills_are_listed_with_what_they_add_up_to(desk):
    row = SubscriptionFactory(learner=amy(), offer__membership__name="全部课程")
    year = OfferFactory(membership=row.offer.membership, interval="year")
    bill = InvoiceFactory(
        subscription=row, object=TAXED, tax_country="CN", tax_number="91110000802100433B"
    )
    changed = InvoiceFactory(
        subscription=row,
        offer=year,
        amount_due=36500,
        amount_paid=0,
        status="open",
        created_at=NOW - timedelta(days=1),
        paid_at=None,
    )
    lone = InvoiceFactory(
        subscription=None,
        status="strange",
        amount_due=100,
        amount_paid=100,
        currency="USD",
        created_at=NOW - timedelta(days=2),
    )
    assert shown.listed(desk.get(BILLS)) == [
        [bill.stripe_id, "amy@example.org", "¥39", "¥39", "已付", AT, AT],
        [
            changed.stripe_id,
            "amy@example.org",
            "¥365",
            "¥0",
            "待付款",
            DAY_BEFORE,
            "",
        ],
        [lone.stripe_id, "", "US$1", "US$1", "strange", "2026 年 11 月 21 日 12:00", AT],
    ]
    assert shown.together(desk.get(BILLS)) == ("合计：金额 ¥404 · 金额 US$1 · 已付 ¥39 · 已付 US$1")
    found = shown.listed(desk.get(BILLS, {"status": "open"}))
    assert [line[0] for line in found] == [changed.stripe_id]
    rows = [list(each.values())[3:] for each in csv_rows(desk, BILLS)]
    assert rows == [
        [
            *("amy@example.org", "全部课程 · 月", "39.00", "39.00", "2.21", "CN"),
            *("91110000802100433B", "CNY", "已付"),
        ],
        ["amy@example.org", "全部课程 · 年", "365.00", "0.00", "0.00", "", "", "CNY", "待付款"],
        ["", "", "1.00", "1.00", "0.00", "", "", "USD", "strange"],
    ]


@pytest.mark.parametrize(
    ("amount", "status", "said"),
    [
        (3900, "succeeded", "已退款"),
        (900, "succeeded", "部分退款"),
        (3900, "pending", "退款处理中"),
        (3900, "failed", "已付"),
    ],
)
def test_a_bill_that_went_back_says_so(desk, amount, status, said):
    row = SubscriptionFactory(learner=amy())
    order = OrderFactory(fulfilled=True, price__offer=row.offer, subscription=row)
    bill = InvoiceFactory(subscription=row, billing_reason="subscription_cycle")
    RefundFactory(order=order, invoice=bill, amount=amount, status=status)
    assert shown.facts(desk.get(page(bill)))["状态"] == said
    assert shown.listed(desk.get(BILLS))[0][4] == said
    assert csv_rows(desk, BILLS)[0]["状态"] == said
    assert shown.tables(desk.get(page(row)))["账单"][0][3] == said


def test_more_bills_ask_the_database_no_more(desk):
    row = SubscriptionFactory(learner=amy())
    order = OrderFactory(fulfilled=True, price__offer=row.offer, subscription=row)

    def asked(address: str) -> int:
        RefundFactory(order=order, invoice=InvoiceFactory(subscription=row), amount=1)
        with CaptureQueriesContext(connection) as queries:
            desk.get(address)
        return len(queries)

    for address in (BILLS, page(row), BILLS + "?export=csv"):
        asked(address)
        assert asked(address) == asked(address)


def test_a_bill_is_written_out_with_what_went_back_of_it(desk):
    row = SubscriptionFactory(learner=amy(), offer__membership__name="全部课程")
    order = OrderFactory(fulfilled=True, price__offer=row.offer, subscription=row)
    bill = InvoiceFactory(
        subscription=row,
        billing_reason="subscription_cycle",
        object=TAXED | {"hosted_invoice_url": "https://example.org/in_1"},
        tax_country="CN",
        tax_number="91110000802100433B",
        attempt_count=2,
    )
    why = order.refund_requests.create(created_at=NOW, reason="录音有误", status="done")
    RefundFactory(order=order, invoice=bill, amount=900, request=why)
    RefundFactory(order=order, amount=800)
    answer = desk.get(page(bill))
    assert shown.facts(answer) == {
        "Stripe": bill.stripe_id,
        "学员": "林岚 <amy@example.org>",
        "订阅": "全部课程 · 月",
        "状态": "部分退款",
        "理由": "续费",
        "金额": "¥39",
        "已付": "¥39",
        "税额": "¥2.21 · CN",
        "税号": "91110000802100433B",
        "尝试次数": "2",
        "创建于": AT,
        "付款日期": AT,
        "付款": bill.payment_intent_id,
        "Stripe 上的页面": "https://example.org/in_1",
    }
    assert shown.tables(answer) == {"退款": [[AT, "¥9", "已退款", "录音有误"]]}
    order.refund_requests.create(
        invoice=bill,
        asked_by=row.learner,
        created_at=NOW,
        note="不合适",
        amount=900,
        reason="讲师停更",
        status="declined",
        decline_reason="金额不对",
    )
    order.refund_requests.create(asked_by=row.learner, created_at=NOW)
    asked = [AT, "林岚 <amy@example.org>", "不合适", "¥9", "讲师停更", "未同意 · 金额不对"]
    assert shown.tables(desk.get(page(bill)))["退款申请"] == [asked]
    assert shown.acts(answer) == ["退款"]
    assert shown.acts(at_desk(roles.OPERATOR).get(page(bill))) == []
    unpaid = InvoiceFactory(
        subscription=row,
        status="open",
        amount_paid=0,
    )
    answer = desk.get(page(unpaid))
    assert shown.acts(answer) == []
    facts = shown.facts(answer)
    assert {"税额", "税号", "Stripe 上的页面"} & set(facts) == set()
    lone = desk.get(page(InvoiceFactory(subscription=None, billing_reason="strange")))
    assert shown.acts(lone) == []
    facts = shown.facts(lone)
    assert {"学员", "订阅"} & set(facts) == set()
    assert "strange" in facts.values()
