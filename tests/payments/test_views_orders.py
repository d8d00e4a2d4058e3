"""One's own orders: the list, one of them whole, its receipt, asking for its money back."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from courses.models import Grant
from operations import clock as site_clock
from payments.models import Order, Price, Refund, RefundRequest, Subscription
from payments.sandbox import faults
from payments.sandbox.models import StripeObject
from tests.factories import MembershipFactory, UserFactory, bundle, course
from tests.insights.world import entry
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    GiftFactory,
    InvoiceFactory,
    OrderFactory,
    RedeemBatchFactory,
    RedeemCodeFactory,
    RefundFactory,
    ReservationFactory,
    SubscriptionFactory,
    bundle_price,
    course_price,
    held,
    membership_prices,
    sold_in_advance,
)
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db
LIST = "/account/orders/"
WHEN = "2026-11-23 12:00"
NOTHING = "info: 没有可退的款，或者你已经申请过。"


@pytest.fixture
def price(db: None) -> Price:
    return course_price(course(title="慢慢变强"))


@pytest.fixture
def paid(buyer: User, price: Price) -> Order:
    return booked(buyer, price)


def booked(buyer: User, price: Price, **fields: Any) -> Order:
    """Paid, and in the books."""
    order: Order = OrderFactory(**{"fulfilled": True, "buyer": buyer, "price": price} | fields)
    entry(WHEN, order.amount, order=order, currency=order.currency)
    return order


def of(order: Order, name: str = "order") -> str:
    return reverse(name, args=[order.key])


def soon(**by: float) -> datetime:
    return site_clock.now() + timedelta(**by)


def facts(answer: Any) -> dict[str, str]:
    """What an order's page says of it, by label; what is said more than once, the last."""
    soup = shown._soup(answer).select_one("dl.definitions")
    assert soup is not None
    pairs = [(each.select("dt")[0], each.select("dd")[0]) for each in soup.select("div")]
    return {shown._words(label): shown._words(value) for label, value in pairs}


def section(answer: Any, name: str) -> list[str]:
    """The words of a part of the list, by its name there."""
    soup = shown._soup(answer).select_one(f'[aria-labelledby="{name}"]')
    return [" ".join(each.split()) for each in soup.stripped_strings][1:] if soup else []


# --- whose they are ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["order", "order_receipt", "order_refund"])
def test_an_order_is_its_buyers_alone(client, me, paid, name):
    address = of(paid, name)
    assert client.get(address)["Location"] == f"/account/login/?next={address}"
    assert signed_in(UserFactory()).get(address).status_code == 404
    assert me.get(reverse(name, args=[uuid.uuid4()])).status_code == 404
    assert me.put(address).status_code == 405


def test_the_list_is_ones_own(client, me, paid, price):
    OrderFactory(fulfilled=True, price=course_price(course(title="别人的")))
    assert client.get(LIST)["Location"] == f"/account/login/?next={LIST}"
    assert client.post(LIST).status_code == 302
    assert me.post(LIST).status_code == 405
    assert "别人的" not in me.get(LIST).text
    assert "《慢慢变强》" in shown.lines(me.get(LIST))


# --- the list ------------------------------------------------------------------------------------


def test_what_is_not_paid_stands_apart_from_what_was_bought(me, buyer, paid, price):
    other = course_price(course(title="没付的"))
    waits = course_price(course(title="等确认的"))
    OrderFactory(buyer=buyer, price=other)
    OrderFactory(buyer=buyer, price=waits, is_confirming=True)
    kept = course_price(course(title="预订的"))
    ReservationFactory(order__buyer=buyer, order__price=kept)
    OrderFactory(buyer=buyer, price=course_price(course(title="过期的")), status="expired")
    failed = course_price(course(title="失败的"))
    OrderFactory(buyer=buyer, price=failed, status="failed")
    answer = me.get(LIST)
    unpaid, bought = section(answer, "unpaid"), section(answer, "bought")
    assert section(answer, "not-paid")[0] == "《失败的》"
    assert "付款失败" in section(answer, "not-paid")
    assert {"《没付的》", "《预订的》", "已预订"} <= set(unpaid)
    assert "待付款" not in unpaid
    assert {"《慢慢变强》", "已付"} <= set(bought)
    assert "《失败的》" not in bought
    assert {"《等确认的》", "等待确认"} <= set(bought)
    assert not {"《没付的》", "《预订的》"} & set(bought)
    assert not {"《慢慢变强》", "《失败的》", "《等确认的》"} & set(unpaid)
    assert "过期的" not in answer.text


def test_a_reservation_that_ended_stands_in_the_list_as_ended(me, buyer):
    kept = course_price(course(title="不订了的"))
    gone = {"order__status": "expired", "ended_at": NOW, "ending": "given_up"}
    row = ReservationFactory(order__buyer=buyer, order__price=kept, **gone)
    answer = me.get(LIST)
    assert {"《不订了的》", "预订已结束"} <= set(section(answer, "not-paid"))
    assert section(answer, "unpaid") == section(answer, "bought") == []
    assert f'href="{of(row.order)}"' in answer.text


def test_a_refund_under_way_reads_so_until_it_has_arrived(me, paid):
    Order.objects.filter(pk=paid.pk).update(status="refunded")
    refund = RefundFactory(order=paid, amount=paid.amount, status="pending")
    for status, word in (("pending", "退款处理中"), ("succeeded", "已退款")):
        Refund.objects.filter(pk=refund.pk).update(status=status)
        returned = me.get(reverse("payments_return"), {"order": paid.key.hex})
        for lines in (
            section(me.get(LIST), "bought"),
            shown.lines(me.get(of(paid))),
            shown.lines(returned),
        ):
            assert {"退款处理中", "已退款"} & set(lines) == {word}
    assert facts(me.get(of(paid)))["退款"].count("·") == 1
    Refund.objects.update(status="pending")
    assert facts(me.get(of(paid)))["退款"].endswith("· 退款处理中")


def test_a_gift_in_the_list_says_how_it_stands(me, buyer, price):
    order = booked(buyer, price, purpose="gift")
    GiftFactory(order=order)
    assert "未领取" in section(me.get(LIST), "bought")
    open_ = OrderFactory(buyer=buyer, price=price, purpose="gift", status="failed")
    GiftFactory(order=open_, digest=None, claimable_until=None, minted=0)
    bought = section(me.get(LIST), "bought")
    assert bought.count("未领取") + bought.count("已过期") == 1


def test_a_wish_to_have_it_back_is_told_until_it_is_done(me, buyer, paid):
    wish = paid.refund_requests.create(asked_by=buyer, created_at=NOW)
    told = set(section(me.get(LIST), "bought"))
    assert len(told) > 4
    before = told
    RefundRequest.objects.filter(pk=wish.pk).update(status="done", decided_at=NOW, amount=9900)
    after = set(section(me.get(LIST), "bought"))
    assert len(before - after) >= 1
    RefundRequest.objects.filter(pk=wish.pk).update(status="asked", decided_at=None, amount=None)
    Order.objects.update(status="refunded")
    refunded = set(section(me.get(LIST), "bought"))
    assert not (before - after) & refunded


def test_subscriptions_memberships_and_bills_stand_in_the_list(me, buyer):
    plans = membership_prices(MembershipFactory(name="全部课程"))
    row = SubscriptionFactory(learner=buyer, offer=plans["month"].offer, period_end=soon(days=9))
    for status, amount in (("paid", 3900), ("draft", 100), ("void", 200), ("open", 4100)):
        InvoiceFactory(
            subscription=row,
            status=status,
            amount_due=amount,
            amount_paid=amount if status == "paid" else 0,
            paid_at=NOW if status == "paid" else None,
        )
    InvoiceFactory(amount_due=5500)
    Grant.objects.create(
        learner=buyer,
        membership=MembershipFactory(name="听书会员"),
        source_kind=Grant.Source.STAFF,
        source_id="staff-1",
        starts_at=NOW,
    )
    answer = me.get(LIST)
    bills = section(answer, "bills")
    assert [each for each in bills if each.startswith("¥")] in (["¥39", "¥41"], ["¥41", "¥39"])
    assert {"已付", "待付款"} <= set(bills)
    assert section(answer, "memberships")[:2] == ["听书会员", "永久"]
    assert "全部课程" in shown.lines(answer)


def test_with_nothing_bought_the_list_leads_to_the_courses(me, buyer):
    assert "去看课程" in shown.lines(me.get(LIST))


# --- one of them ---------------------------------------------------------------------------------


def test_a_paid_order_is_written_out(me, buyer, paid):
    answer = me.get(of(paid))
    told = facts(answer)
    assert told == {
        "编号": paid.number,
        "内容": "《慢慢变强》 · 一次买断",
        "金额": "¥99",
        "税额": "无",
        "下单": told["下单"],
        "已付": told["已付"],
        "可学到": "永久",
        "购买人": buyer.email,
    }
    assert shown.lines(answer)[:3] == ["订单", "慢慢变强", "已付"]
    words = shown.lines(answer)
    assert {"收据", "申请退款"} <= set(words)
    assert not {"继续付款", "重新下单"} & set(words)
    assert f'href="{paid.price.offer.course.get_absolute_url()}"' in answer.text


def test_an_unpaid_order_leads_to_where_it_is_paid(me, buyer, price):
    there = reverse("payments_buy", args=[price.offer.key])
    for status, leads in (("open", True), ("expired", True), ("failed", True), ("parked", False)):
        order = OrderFactory(buyer=buyer, price=price, status=status)
        assert (f'href="{there}"' in me.get(of(order)).text) is leads, status
        order.delete()
    reserved = sold_in_advance()
    order = OrderFactory(buyer=buyer, price=reserved, status="expired")
    ReservationFactory(order=order, ended_at=NOW, ending="given_up")
    again = reverse("payments_buy", args=[reserved.offer.key])
    assert f'href="{again}"' not in me.get(of(order)).text


@pytest.mark.parametrize("status", ["open", "expired", "failed"])
def test_an_unpaid_order_for_what_one_has_by_now_is_not_to_be_paid(me, buyer, price, status):
    order = OrderFactory(buyer=buyer, price=price, status=status, session_id="cs_1")
    gift = OrderFactory(buyer=buyer, price=price, purpose="gift", session_id="cs_2")
    held(buyer, course=price.offer.course)
    there = reverse("payments_buy", args=[price.offer.key])
    answer = me.get(of(order))
    assert "你已经拥有它。这笔订单不用再付。" in shown.lines(answer)
    assert f'href="{there}"' not in answer.text
    assert "待付款" not in shown.lines(answer)
    assert "继续" in shown.lines(me.get(of(gift)))
    if status == "open":
        listed = me.get(LIST)
        assert {"《慢慢变强》", "已拥有"} <= set(section(listed, "not-paid"))
        assert of(order) not in str(section(listed, "unpaid"))
    again = me.post("/payments/checkout/", {"price": price.key}, follow=True)
    assert "你已经拥有它。" in shown.lines(again)


def test_a_term_that_may_be_prolonged_is_paid_as_ever(me, buyer):
    price = membership_prices()["term"]
    order = OrderFactory(buyer=buyer, price=price, session_id="cs_1")
    held(buyer, membership=price.offer.membership, ends_at=soon(days=9))
    assert "继续" in shown.lines(me.get(of(order)))
    assert section(me.get(LIST), "not-paid") == []


def test_a_bundles_order_names_its_courses_as_they_were_bought(me, buyer):
    first, second = course(title="第一门"), course(title="第二门")
    order = booked(buyer, bundle_price(bundle(first, second)))
    for position, each in enumerate((second, first)):
        order.contents.create(course=each, position=position)
    assert "第二门 第一门" in " ".join(facts(me.get(of(order))).values())


def test_a_disputed_order_says_so(me, paid):
    DisputeFactory(order=paid, payment_intent_id=paid.payment_intent_id)
    answer = me.get(of(paid))
    words = "银行正在核查这笔付款，有结果之前课程先关闭。学习记录都在。"
    assert words in shown.lines(answer)
    assert "可学到" not in facts(answer)
    assert "申请退款" not in shown.lines(answer)


def test_what_went_back_and_what_is_asked_are_named(me, buyer, paid):
    RefundFactory(order=paid, amount=900)
    paid.refund_requests.create(asked_by=buyer, created_at=NOW)
    told = facts(me.get(of(paid)))
    assert told["退款"].startswith("¥9 · ")
    assert "退款申请" in told


def test_a_subscriptions_order_tells_its_bills(me, buyer):
    plans = membership_prices()
    row = SubscriptionFactory(learner=buyer, offer=plans["month"].offer, period_end=soon(days=9))
    order = booked(buyer, plans["month"], subscription=row)
    for status, amount in (("", 10), ("draft", 100), ("void", 200), ("paid", 3900)):
        InvoiceFactory(subscription=row, status=status, amount_due=amount)
    told = " ".join(facts(me.get(of(order))).values())
    assert "¥39 · 已付" in told
    assert not any(each in told for each in ("¥1 ", "¥2 ", "¥0.10"))
    assert "续费 ¥39。" in told


def test_a_gifts_and_seats_orders_say_what_became_of_them(me, buyer, price):
    gift = booked(buyer, price, purpose="gift")
    GiftFactory(order=gift)
    assert "还没领取。请把链接转交给朋友。" in shown.lines(me.get(of(gift)))
    seats = booked(buyer, price, purpose="seats", quantity=60)
    batch = RedeemBatchFactory(order=seats, made_by=None, size=60)
    for serial in range(1, 61):
        RedeemCodeFactory(batch=batch, serial=serial)
    first, second = me.get(of(seats)), me.get(f"{of(seats)}?page=2")
    assert first.text.count("/redeem/") > second.text.count("/redeem/") > 0
    unpaid = OrderFactory(buyer=buyer, price=price, purpose="seats", quantity=2)
    assert me.get(of(unpaid)).status_code == 200


# --- the receipt ---------------------------------------------------------------------------------


def test_a_receipt_is_stripes_own(me, shop, buyer, price):
    order = shop.buy(buyer, price)
    charge = StripeObject.objects.get(stripe_id=order.charge_id)
    answer = me.get(of(order, "order_receipt"))
    assert (answer.status_code, answer["Location"]) == (302, charge.data["receipt_url"])
    faults.plan("no_connection", times=9)
    answer = me.get(of(order, "order_receipt"))
    assert answer["Location"] == of(order)
    assert shown.said(answer) == ["warning: 收据暂时取不到，请稍后再试。"]
    faults.clear()
    me.get(LIST)
    charge.data["receipt_url"] = None
    charge.save()
    answer = me.get(of(order, "order_receipt"))
    assert answer["Location"] == of(order)
    assert shown.said(answer) == ["warning: 这笔付款没有收据。"]


def test_what_was_not_paid_has_no_receipt(me, buyer, price):
    order = OrderFactory(buyer=buyer, price=price)
    assert me.get(of(order, "order_receipt")).status_code == 404


# --- asking for it back --------------------------------------------------------------------------


def test_a_refund_is_asked_for_once(me, buyer, paid):
    answer = me.get(of(paid, "order_refund"))
    assert "《慢慢变强》 · ¥99" in shown.lines(answer)
    assert shown.filled(answer) == {"note": ""}
    long = me.post(of(paid, "order_refund"), {"note": "字" * 501})
    assert "note" in shown.wrong(long)
    assert not RefundRequest.objects.exists()
    answer = me.post(of(paid, "order_refund"), {"note": "字" * 500})
    assert answer["Location"] == of(paid)
    assert shown.said(answer) == ["success: 已申请退款，我们会用邮件答复。"]
    wish = RefundRequest.objects.get()
    assert (wish.order, wish.asked_by, wish.note, wish.invoice) == (paid, buyer, "字" * 500, None)
    me.get(LIST)
    for ask in (me.get, me.post):
        again = ask(of(paid, "order_refund"))
        assert again["Location"] == of(paid)
    assert shown.said(again)[0] == NOTHING
    assert RefundRequest.objects.count() == 1


def test_what_is_left_of_it_is_asked_for(me, paid):
    RefundFactory(order=paid, amount=900, payment_intent_id=paid.payment_intent_id)
    entry(WHEN, -900, kind="refund", order=paid)
    assert "《慢慢变强》 · ¥90" in shown.lines(me.get(of(paid, "order_refund")))
    Refund.objects.update(amount=9900)
    entry(WHEN, -9000, kind="refund", order=paid)
    Order.objects.update(status="refunded")
    assert me.get(of(paid, "order_refund"))["Location"] == of(paid)


def test_of_a_subscription_its_last_bill_is_asked_back(me, buyer):
    plans = membership_prices()
    row = SubscriptionFactory(learner=buyer, offer=plans["month"].offer)
    order = booked(buyer, plans["month"], subscription=row)
    bill = InvoiceFactory(subscription=row, amount_paid=4100, amount_due=4100)
    entry(WHEN, 4100, invoice=bill)
    answer = me.get(of(order, "order_refund"))
    assert any(each.endswith("¥41") for each in shown.lines(answer))
    me.post(of(order, "order_refund"), {"note": ""})
    assert RefundRequest.objects.get().invoice == bill
    assert Subscription.objects.get().status == "active"


def test_what_others_use_of_it_is_said_before(me, buyer, price):
    seats = booked(buyer, price, purpose="seats", quantity=2)
    batch = RedeemBatchFactory(order=seats, made_by=None)
    RedeemCodeFactory(batch=batch, redeemed_by=UserFactory(), redeemed_at=NOW)
    RedeemCodeFactory(batch=batch, serial=2)
    assert "所有名额都会关闭，包括已领取的 1 个。" in shown.lines(me.get(of(seats, "order_refund")))


def test_asking_for_refunds_is_limited(me, paid, buyer, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"ask_refund": "1/h/user"}
    other = booked(buyer, course_price(course()))
    assert me.get(of(paid, "order_refund")).status_code == 200
    assert me.post(of(paid, "order_refund"), {"note": "x"}).status_code == 302
    assert me.get(of(other, "order_refund")).status_code == 200
    assert me.post(of(other, "order_refund"), {"note": "x"}).status_code == 429
