"""The books and the differences with Stripe at finance's desk."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from wagtail.models import ModelLogEntry

from accounts import roles
from payments.admin import books
from payments.models import Difference, Invoice, Matching
from tests.factories import UserFactory, course
from tests.insights.world import entry
from tests.payments import shown
from tests.payments.factories import (
    ACCOUNT,
    NOW,
    InvoiceFactory,
    OrderFactory,
    SubscriptionFactory,
    course_price,
)
from tests.payments.staff import at_desk, csv_rows

pytestmark = pytest.mark.django_db
ENTRIES, DIFFERENCES = "/admin/money/entries/", "/admin/money/differences/"
AT, WHEN = "2026 年 11 月 23 日 12:00", "2026-11-23 12:00"
RECORDED = "2026 年 11 月 20 日 12:00"


@pytest.fixture
def desk() -> Client:
    return at_desk(roles.FINANCE)


def amys() -> Any:
    buyer = UserFactory(email="amy@example.org", name="林岚")
    return OrderFactory(fulfilled=True, buyer=buyer, price=course_price(course(title="城市的暗线")))


# --- the books -----------------------------------------------------------------------------------


def test_the_books_are_listed_added_up_and_exported(desk):
    order, bill = amys(), InvoiceFactory()
    paid = entry(WHEN, 9900, order=order, fee=300)
    renewed = entry("2026-11-24 12:00", 3900, invoice=bill, fee=100)
    fee = entry("2026-11-25 12:00", -50, kind="fee")
    day = "2026 年 11 月 {} 日 12:00"
    answer = desk.get(ENTRIES)
    assert shown.listed(answer) == [
        [fee.stripe_id, "手续费", "", "-¥0.50", "¥0", "-¥0.50", day.format(25)],
        [renewed.stripe_id, "付款", "", "¥39", "¥1", "¥38", day.format(24)],
        [paid.stripe_id, "付款", order.number, "¥99", "¥3", "¥96", AT],
    ]
    assert shown.together(answer) == (
        "合计：金额 ¥137.50 · 结算 ¥137.50 · 手续费 ¥4 · 净额 ¥133.50"
    )
    rows = {row["Stripe"]: row for row in csv_rows(desk, ENTRIES)}
    named = {number: (row["订单"], row["账单"]) for number, row in rows.items()}
    assert named == {
        paid.stripe_id: (str(order), ""),
        renewed.stripe_id: ("", str(bill)),
        fee.stripe_id: ("", ""),
    }
    amounts = [rows[paid.stripe_id][each] for each in ("金额", "结算", "手续费", "净额")]
    assert amounts == ["99.00", "99.00", "3.00", "96.00"]


def test_an_entry_is_written_out(desk):
    order, bill = amys(), InvoiceFactory()
    row = entry(WHEN, 9900, order=order, invoice=bill, fee=300)
    answer = desk.get(reverse("money-entries:inspect", args=[row.pk]))
    assert shown.facts(answer) == {
        "Stripe": row.stripe_id,
        "类型": "付款",
        "所属": "ch_1",
        "订单": order.number,
        "账单": str(bill),
        "金额": "¥99",
        "结算": "¥99",
        "手续费": "¥3",
        "净额": "¥96",
        "入账": AT,
        "记录于": RECORDED,
    }
    leads = shown.links(answer)
    assert leads["订单"] == reverse("money-orders:inspect", args=[order.pk])
    assert leads["账单"] == reverse("money-invoices:inspect", args=[bill.pk])
    alone = entry(WHEN, -50, kind="fee")
    facts = shown.facts(desk.get(reverse("money-entries:inspect", args=[alone.pk])))
    assert not {"订单", "账单"} & set(facts)


# --- differences ---------------------------------------------------------------------------------


def differs(object_kind: str, object_id: str, **fields: Any) -> Difference:
    given = {"what": "state", "ours": "status=open", "theirs": "status=paid"} | fields
    when = {"since": NOW, "seen_at": NOW + timedelta(hours=1)}
    return Difference.objects.create(
        account=ACCOUNT, object_kind=object_kind, object_id=object_id, **when | given
    )


def page(row: Difference, name: str = "inspect") -> str:
    return reverse(f"money-differences:{name}", args=[row.pk])


def test_what_differs_is_listed_with_whom_it_concerns(desk):
    bill = InvoiceFactory(
        subscription=SubscriptionFactory(learner=UserFactory(email="amy@example.org", name="林岚"))
    )
    blank = Invoice.objects.create(account=ACCOUNT, stripe_id="in_blank", status="")
    ended = {"ended_at": NOW + timedelta(days=1), "ending": "gone"}
    differs("invoice", bill.stripe_id)
    differs("invoice", "in_blank", since=NOW - timedelta(days=1), theirs="")
    differs("refund", "re_9", since=NOW - timedelta(days=2), what="missing here", **ended)
    concerns = "林岚 <amy@example.org> · ¥39 · 已付"
    on = "2026 年 11 月 {} 日 12:00"
    answer = desk.get(DIFFERENCES)
    assert shown.listed(answer) == [
        ["两边不一致", concerns, "账单", bill.stripe_id, "待付款", "已付", AT, ""],
        ["两边不一致", "in_blank", "账单", "in_blank", "待付款", "–", on.format(22), ""],
        ["这里没有", "–", "退款", "re_9", "open", "paid", on.format(21), "已不存在"],
    ]
    assert reverse("money-invoices:inspect", args=[blank.pk]) in answer.text
    exported = [(row["编号"], row["有关谁"]) for row in csv_rows(desk, DIFFERENCES)]
    assert exported == [(bill.stripe_id, concerns), ("in_blank", ""), ("re_9", "")]


def test_how_far_the_last_comparison_came_is_said_above(desk):
    assert "对账：" not in desk.get(DIFFERENCES).text
    run = Matching.objects.create(
        account=ACCOUNT,
        made_until=NOW,
        began_at=NOW,
        looked_at=12345,
        mended=2,
        missed_events=3,
        differing=4,
    )
    begun = f"{AT} 开始的 Stripe 对账还没做完：已核对 12345 个对象，下次对账从这里接着做。"
    assert begun in desk.get(DIFFERENCES).text
    Matching.objects.filter(pk=run.pk).update(ended_at=NOW)
    done = (
        f"上次与 Stripe 对账：{AT}，核对 12345 个对象，修正 2 处，补收 3 个漏掉的事件，"
        "发现 4 处待看。"
    )
    assert done in desk.get(DIFFERENCES).text
    assert csv_rows(desk, DIFFERENCES) == []


def test_a_difference_is_written_out_and_settled_with_a_reason(desk):
    order = amys()
    row, other = differs("order", str(order.key)), differs("refund", "re_9")
    answer = desk.get(page(row))
    facts = shown.facts(answer)
    assert facts == {
        "对象": "订单",
        "编号": str(order.key),
        "内容": "两边不一致",
        "有关谁": "林岚 <amy@example.org> · ¥99 · 已完成",
        "我方": "待付款",
        "Stripe 方": "已付",
        "自": AT,
        "最近一次": "2026 年 11 月 23 日 13:00",
    }
    assert shown.links(answer)["有关谁"] == reverse("money-orders:inspect", args=[order.pk])
    assert "有关谁" not in shown.facts(desk.get(page(other)))
    assert shown.acts(answer) == ["由人工了结"]
    assert shown.acts(at_desk(roles.OPERATOR).get(page(row))) == []
    assert shown.consequences(desk.get(page(row, "settle"))) == [
        "差异已关闭，你写的理由记入日志。",
        "我方表格和 Stripe 都不会改动。如果差异还在，它会再出现。",
    ]
    done = desk.post(page(row, "settle"), {"reason": "银行合并了两笔"}, follow=True)
    assert "差异已关闭。" in done.text
    answer = desk.get(page(row))
    facts, me = shown.facts(answer), desk.person
    assert (facts["如何了结"], facts["理由"]) == ("由人工了结", "银行合并了两笔")
    assert facts["了结人"] == f"{me.get_full_name()} <{me.email}>"
    assert shown.acts(answer) == []
    assert desk.post(page(row, "settle"), {"reason": "再一次"}).status_code == 302
    [written] = ModelLogEntry.objects.filter(action="payments.settle")
    assert (written.action, written.object_id, written.user, written.data["reason"]) == (
        *("payments.settle", str(row.pk), desk.person, "银行合并了两笔"),
    )


def test_only_what_is_open_is_settled():
    ended = {"ended_at": NOW, "ending": "gone"}
    gone, row, other = (
        differs("refund", "re_1", **ended),
        differs("refund", "re_2"),
        differs("refund", "re_3"),
    )
    now = NOW + timedelta(days=1)
    for each in (gone, row):
        books.settle(difference=each, reason="对过了", now=now)
    found = {each.pk: (each.ended_at, each.ending) for each in Difference.objects.all()}
    assert found == {gone.pk: (NOW, "gone"), row.pk: (now, "settled"), other.pk: (None, "")}
    assert [each.object_id for each in ModelLogEntry.objects.all()] == [str(row.pk)]
