"""Gifts at finance's desk: how each stands, what may be done, and what is refused."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from accounts import roles
from courses.models import Grant
from operations import clock as site_clock
from pages import dates
from payments.models import Gift, Order, RefundRequest
from tests.factories import UserFactory, course
from tests.payments import shown
from tests.payments.factories import NOW, GiftFactory, RefundFactory, course_price
from tests.payments.staff import at_desk, csv_rows

pytestmark = pytest.mark.django_db
LISTING = "/admin/money/gifts/"


def gift(**fields: Any) -> Gift:
    made: Gift = GiftFactory(
        order__price=course_price(course(title="城市的暗线")),
        order__buyer=UserFactory(email="giver@example.org", name="林岚"),
        **fields,
    )
    return made


def of_each_state() -> dict[str, Any]:
    """One in every state, by the word for it."""
    friend = UserFactory(email="friend@example.org", name="小周")
    price = course_price(course(title="城市的暗线"))
    now = site_clock.now()
    states: dict[str, dict[str, Any]] = {
        "未付款": {"digest": None, "claimable_until": None},
        "未领取": {},
        "已领取": {"redeemed_at": NOW, "redeemed_by": friend},
        "已收回": {"taken_back_at": NOW, "withdrawn_at": NOW},
        "作废": {"withdrawn_at": NOW, "redeemed_at": NOW, "redeemed_by": friend},
        "已过期": {"claimable_until": now - timedelta(seconds=1)},
    }
    made = {word: GiftFactory(order__price=price, **each) for word, each in states.items()}
    Gift.objects.filter(redeemed_at__isnull=False).update(claimable_until=NOW)
    return made


def page(row: Gift, name: str = "inspect") -> str:
    return reverse(f"money-gifts:{name}", args=[row.pk])


# --- the listing ---------------------------------------------------------------------------------


def test_each_state_has_its_word_its_filter_and_its_acts(desk):
    rows = of_each_state()
    listed = {row[0]: row[4] for row in shown.listed(desk.get(LISTING))}
    assert listed == {row.order.number: word for word, row in rows.items()}
    for key, word in {
        "unpaid": "未付款",
        "open": "未领取",
        "claimed": "已领取",
        "taken_back": "已收回",
        "withdrawn": "作废",
        "over": "已过期",
    }.items():
        found = shown.listed(desk.get(LISTING, {"state": key}))
        assert [row[0] for row in found] == [rows[word].order.number], key
        answer = desk.get(page(rows[word]))
        assert shown.facts(answer)["状态"] == word
        assert shown.acts(answer) == (["重新寄", "收回"] if word == "未领取" else [])
        for act in ("send", "take_back"):
            assert desk.get(page(rows[word], act)).status_code == (200 if word == "未领取" else 302)
    assert shown.acts(at_desk(roles.OPERATOR).get(page(rows["未领取"]))) == []


def test_the_listing_and_its_export_tell_who_gave_what_to_whom(desk):
    friend = UserFactory(email="friend@example.org")
    row = gift(to_email="friend@example.org", sent_at=NOW, redeemed_at=NOW, redeemed_by=friend)
    at = "2026 年 11 月 23 日 12:00"
    told = ["giver@example.org", "城市的暗线", "friend@example.org", "已领取"]
    assert shown.listed(desk.get(LISTING)) == [[row.order.number, *told, at, at]]
    (exported,) = csv_rows(desk, LISTING)
    assert list(exported.values())[:5] == [row.order.number, *told]
    assert list(exported.values())[7] == "friend@example.org"


# --- one of them ---------------------------------------------------------------------------------


def test_a_gift_that_waits_is_written_out(desk):
    ends = dates.end_of_day(dates.last_day(NOW + timedelta(days=400)))
    row = gift(
        to_email="friend@example.org",
        message="生日快乐",
        send_at=NOW + timedelta(days=1),
        claimable_until=ends,
    )
    assert shown.facts(desk.get(page(row))) == {
        "订单": f"{row.order.number}",
        "送礼人": "林岚 <giver@example.org>",
        "内容": "城市的暗线",
        "金额": "¥99",
        "状态": "未领取",
        "署名": "林岚",
        "朋友的邮箱": "friend@example.org",
        "留言": "生日快乐",
        "待寄出": "2026 年 11 月 24 日 12:00",
        "领取截止": dates.moment(ends - timedelta(minutes=1)),
    }
    (exported,) = csv_rows(desk, LISTING)
    assert (
        exported["领取截止"] == f"{timezone.localtime(ends - timedelta(minutes=1)).date()} 23:59:00"
    )


def test_a_gift_that_was_claimed_leads_to_what_it_opened(desk):
    friend, instead = UserFactory(email="friend@example.org", name="小周"), course(title="另一门")
    row = gift(
        send_at=NOW,
        sent_at=NOW,
        redeemed_at=NOW,
        redeemed_by=friend,
        course_instead=instead,
        withdrawn_at=NOW,
    )
    for kind, source_id in (
        ("staff", row.source_id),
        ("gift", "gift-0"),
        ("gift", row.source_id),
    ):
        Grant.objects.create(
            learner=friend, course=instead, source_kind=kind, source_id=source_id, starts_at=NOW
        )
    answer = desk.get(page(row))
    facts, at = shown.facts(answer), "2026 年 11 月 23 日 12:00"
    assert "待寄出" not in facts
    assert (facts["领取人"], facts["已领取"], facts["换成了"]) == (
        "小周 <friend@example.org>",
        at,
        "另一门",
    )
    assert (facts["收回于"], "已收回" in facts) == (at, False)
    grant = Grant.objects.get(source_kind="gift", source_id=row.source_id)
    assert shown.links(answer)["领取人"] == reverse("money-grants:inspect", args=[grant.pk])


# --- what may be done ----------------------------------------------------------------------------


def test_sending_it_again_makes_a_new_code(desk):
    row = gift(to_email="old@example.org")
    before = row.digest
    assert shown.consequences(desk.get(page(row, "send"))) == [
        "会生成新的兑换码，原来的作废。",
        "原来寄给：old@example.org",
    ]
    sent = {"to_email": "new@example.org", "reason": "写错了邮箱"}
    assert "赠礼换了新的兑换码" in desk.post(page(row, "send"), sent, follow=True).text
    row.refresh_from_db()
    assert (row.to_email, row.digest == before) == ("new@example.org", False)
    entry = ModelLogEntry.objects.latest("pk")
    assert entry.data["reason"] == "写错了邮箱"


def test_taking_it_back_says_what_goes_back(desk):
    row = gift(order__amount=9900)
    RefundFactory(order=row.order, amount=900, payment_intent_id=row.order.payment_intent_id)
    assert shown.consequences(desk.get(page(row, "take_back"))) == [
        "兑换码和链接就此作废。",
        "¥90 将原路退给 林岚 <giver@example.org>。",
    ]
    done = desk.post(page(row, "take_back"), {"reason": "送错了人"}, follow=True)
    assert "赠礼已收回，退款已提交 Stripe" in done.text
    row.refresh_from_db()
    request = RefundRequest.objects.get()
    assert (row.taken_back_at is None, request.reason) == (False, "送错了人")


def test_what_needs_a_second_person_is_not_taken_back_here(desk, settings):
    settings.REFUNDS_ALONE = {"CNY": Decimal(98)}
    row = gift()
    answer = desk.post(page(row, "take_back"), {"reason": "送错了人"})
    assert answer.status_code == 200
    assert "要第二个人确认" in answer.text
    row.refresh_from_db()
    assert row.taken_back_at is None
    assert not RefundRequest.objects.exists()


def test_a_gift_claimed_meanwhile_is_left_alone(desk, buyer):
    row = gift()
    desk.get(page(row, "take_back"))
    Gift.objects.filter(pk=row.pk).update(redeemed_at=NOW, redeemed_by=buyer)
    answer = desk.post(page(row, "take_back"), {"reason": "送错了人"})
    assert answer.status_code == 302
    assert Order.objects.get(pk=row.order_id).status == Order.Status.FULFILLED
