"""Each sentence of an order's story, from rows alone: what is told, and what is left out."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from accounts.models import OutboxMessage, User
from courses.models import CoursePage, Grant, GrantChange, Membership
from payments import fapiao, story
from payments.models import Dispute, Order, RedeemBatch, RefundRequest, Reservation
from tests.factories import ArticleFactory, UserFactory, course
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    FapiaoFactory,
    GiftFactory,
    InvoiceFactory,
    OrderFactory,
    PromotionFactory,
    RedeemBatchFactory,
    RedeemCodeFactory,
    RefundFactory,
    SubscriptionFactory,
    course_price,
    membership_prices,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def buyer(db: None) -> User:
    made: User = UserFactory(name="林岚")
    return made


@pytest.fixture
def staff(db: None) -> User:
    made: User = UserFactory(name="冯出纳")
    return made


@pytest.fixture
def order(buyer: User) -> Order:
    return bought(buyer)


def bought(buyer: User, **fields: Any) -> Order:
    fields.setdefault("price", course_price(course(title="先有人")))
    made: Order = OrderFactory(buyer=buyer, fulfilled=True, created_at=NOW - HOUR, **fields)
    return made


def told(order: Order) -> list[str]:
    return [event.sentence for event in story.of(Order.objects.get(pk=order.pk))]


def after(order: Order) -> list[str]:
    """What is told beyond that it was seen and paid."""
    whole = story.of(Order.objects.get(pk=order.pk))
    return [event.sentence for event in whole if event.at != order.created_at][1:]


def test_a_bare_order_was_seen_and_paid(order: Order) -> None:
    DisputeFactory()
    FapiaoFactory()
    RefundFactory()
    InvoiceFactory()
    assert told(order) == ["看到《先有人》标价 ¥99，并去付款。", "付款 ¥99。"]


def test_an_unpaid_order_was_seen(buyer: User) -> None:
    order = OrderFactory(buyer=buyer, price=course_price(course(title="先有人")), trial_days=7)
    assert told(order) == ["看到《先有人》标价 ¥99，并去付款。"]


def test_where_they_came_from_and_what_a_code_took_off(buyer: User) -> None:
    order = bought(
        buyer,
        amount=9000,
        discount=900,
        promotion=PromotionFactory(code="SPRING"),
        from_page=ArticleFactory(title="群为什么难带"),
    )
    assert told(order)[0] == (
        "看到《先有人》标价 ¥90，并去付款。 来自《群为什么难带》。 优惠码 SPRING 减了 ¥9。"
    )


def test_what_a_code_paid_whole_cost_nothing_and_may_be_ended(buyer: User) -> None:
    code = PromotionFactory(percent=100)
    order = bought(buyer, amount=0, discount=9900, promotion=code, ended_at=NOW + HOUR)
    assert told(order)[1:] == ["无需付款。", "订单已终止。"]


def test_a_trial_is_no_payment(buyer: User) -> None:
    order = bought(buyer, price=membership_prices()["year"], trial_days=7)
    assert told(order)[1:] == ["开始 7 天试用，未付款。"]


def test_within_a_second_things_stand_as_they_are_told(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(
        created_at=NOW.replace(microsecond=900_000), paid_at=NOW.replace(microsecond=100_000)
    )
    assert [each[:2] for each in told(order)] == ["看到", "付款"]


# --- with a card -------------------------------------------------------------------------------


def reserved(order: Order, **fields: Any) -> list[str]:
    Reservation.objects.create(
        order=order,
        customer_id="cus_1",
        payment_method_id="pm_1",
        reserved_at=NOW + HOUR,
        day=date(2026, 12, 1),
        **fields,
    )
    return after(order)


def test_a_reservation_is_made(order: Order) -> None:
    assert reserved(order) == ["用卡预订，2026 年 12 月 1 日扣款。"]


@pytest.mark.parametrize("asks", [False, True])
def test_a_reserved_card_is_refused_until_the_last_day(order: Order, asks: bool) -> None:
    told = reserved(
        order,
        charging_at=NOW + 2 * HOUR,
        refused_at=NOW + 3 * HOUR,
        needs_action=asks,
        pay_until=datetime.fromisoformat("2026-12-05T00:00:00+08:00"),
        ended_at=NOW + 4 * HOUR,
        ending=Reservation.Ending.LAPSED,
    )
    refused = "银行要买家本人确认" if asks else "卡被拒"
    assert told == [
        "用卡预订，2026 年 12 月 1 日扣款。",
        "开始从卡扣款。",
        f"{refused}，可以付到 2026 年 12 月 4 日。",
        "预订结束：卡被拒，也没有付款。",
    ]


# --- for others --------------------------------------------------------------------------------


def test_a_gift_is_claimed_and_what_it_opened_is_told(buyer: User) -> None:
    order = bought(buyer, purpose=Order.Purpose.GIFT)
    gift = GiftFactory(order=order, redeemed_by=UserFactory(name="小满"), redeemed_at=NOW + HOUR)
    GiftFactory(redeemed_by=UserFactory(), redeemed_at=NOW + HOUR)
    changed(opened(gift.source_id, course(title="先有人")), NOW + 2 * HOUR)
    events = story.of(order)[2:]
    assert [(each.sentence, each.row) for each in events] == [
        ("小满 已领取。", gift),
        ("《先有人》已开通，到期：永久。", Grant.objects.get()),
    ]


def test_a_gift_that_nobody_claimed_may_be_taken_back(buyer: User) -> None:
    GiftFactory(taken_back_at=NOW)
    order = bought(buyer, purpose=Order.Purpose.GIFT)
    gift = GiftFactory(order=order)
    assert after(order) == []
    gift.taken_back_at = NOW + HOUR
    gift.save()
    [event] = story.of(order)[2:]
    assert (event.sentence, event.row) == ("赠礼已收回。", gift)


def seats(order: Order, size: int) -> RedeemBatch:
    batch: RedeemBatch = RedeemBatchFactory(
        order=order, made_by=None, size=size, course=course(title="先有人")
    )
    return batch


def test_seats_are_told_as_they_are_claimed_the_first_twenty(buyer: User) -> None:
    order = bought(buyer, purpose=Order.Purpose.SEATS, quantity=23)
    batch = seats(order, 23)
    for serial in range(1, 23):
        RedeemCodeFactory(
            batch=batch,
            serial=serial,
            redeemed_by=UserFactory(name=f"{serial:02d}"),
            redeemed_at=NOW + timedelta(minutes=30 - serial),
        )
    RedeemCodeFactory(batch=batch, serial=23)
    RedeemCodeFactory(redeemed_by=UserFactory(), redeemed_at=NOW, batch__size=2)
    assert after(order) == [f"{serial:02d} 已领取。" for serial in range(22, 2, -1)]


# --- what it opened ----------------------------------------------------------------------------


def opened(source_id: str, on: CoursePage | Membership, **fields: Any) -> Grant:
    target = "course" if isinstance(on, CoursePage) else "membership"
    made: Grant = Grant.objects.create(
        **{
            "learner": UserFactory(),
            target: on,
            "source_kind": Grant.Source.PURCHASE,
            "source_id": source_id,
            "starts_at": NOW,
            **fields,
        }
    )
    return made


def changed(grant: Grant, at: datetime, **fields: Any) -> None:
    GrantChange.objects.create(grant=grant, at=at, starts_at=NOW, **fields)


def test_access_is_told_each_change_against_the_one_before(order: Order, staff: User) -> None:
    one = opened(order.source_id, course(title="先有人"))
    two = opened(order.source_id, course(title="后有货"))
    changed(one, NOW + 4 * HOUR)
    changed(one, NOW + 3 * HOUR, withdrawn_at=NOW, actor=staff)
    changed(one, NOW + 2 * HOUR, ends_at=datetime.fromisoformat("2026-12-05T00:00:00+08:00"))
    changed(one, NOW + HOUR)
    changed(two, NOW + 5 * HOUR)
    changed(two, NOW + 6 * HOUR, withdrawn_at=NOW)
    changed(opened(f"{order.source_id}0", course()), NOW)
    assert after(order) == [
        "《先有人》已开通，到期：永久。",
        "《先有人》继续开通，到期：2026 年 12 月 5 日。",
        "《先有人》已关闭（冯出纳）。",
        "《先有人》已开通，到期：永久。",
        "《后有货》已开通，到期：永久。",
        "《后有货》已关闭（系统）。",
    ]


def test_what_a_subscription_opened_and_was_paid_with_is_of_its_order(buyer: User) -> None:
    prices = membership_prices()
    row = SubscriptionFactory(learner=buyer, offer=prices["month"].offer)
    order = bought(buyer, price=prices["month"], subscription=row)
    changed(opened(row.source_id, row.offer.membership), NOW + 2 * HOUR)
    renewal = InvoiceFactory(subscription=row, paid_at=NOW + HOUR, amount_paid=1)
    InvoiceFactory(subscription=row, billing_reason="subscription_create")
    InvoiceFactory(subscription=row, amount_paid=0)
    InvoiceFactory(subscription=row, status="open")
    InvoiceFactory(subscription=row, paid_at=None)
    InvoiceFactory()
    events = story.of(order)[2:]
    assert [(each.sentence, each.row) for each in events] == [
        ("付款 ¥0.01。", renewal),
        ("《全部课程》已开通，到期：永久。", Grant.objects.get()),
    ]


# --- what went back ----------------------------------------------------------------------------


def request(order: Order, **fields: Any) -> RefundRequest:
    made: RefundRequest = order.refund_requests.create(created_at=NOW + HOUR, **fields)
    return made


def test_a_request_of_the_buyers_is_told_with_their_words(order: Order, buyer: User) -> None:
    request(order, asked_by=buyer)
    assert after(order) == ["林岚 申请退款。"]
    RefundRequest.objects.update(note="听不懂")
    assert after(order) == ["林岚 申请退款：听不懂"]
    RefundRequest.objects.update(
        status="declined", declined_at=NOW + 2 * HOUR, decline_reason="不在期限内"
    )
    assert after(order) == ["林岚 申请退款：听不懂", "系统 未同意退款：不在期限内"]


@pytest.mark.parametrize("wished", [True, False])
def test_who_proposes_and_who_declines_each_keep_their_words(
    order: Order, buyer: User, staff: User, wished: bool
) -> None:
    row = request(
        order,
        asked_by=buyer if wished else staff,
        reason="讲师停更",
        decided_by=staff,
        decided_at=NOW + 2 * HOUR,
        needs_second=True,
        declined_by=UserFactory(name="顾主管"),
        declined_at=NOW + 3 * HOUR,
        decline_reason="金额不对",
        status="declined",
    )
    began = ["冯出纳 发起退款：讲师停更", "冯出纳 提出退款，待再次确认。"]
    asked = ["林岚 申请退款。", "冯出纳 提出退款，待再次确认。理由：讲师停更"]
    events = story.of(order)[2:]
    assert [(each.sentence, each.row) for each in events] == [
        *((sentence, row) for sentence in (asked if wished else began)),
        ("顾主管 未同意退款：金额不对", row),
    ]


def test_a_refund_of_finances_is_told_with_their_reason_once(order: Order, staff: User) -> None:
    second = UserFactory(name="顾主管")
    row = request(
        order,
        asked_by=staff,
        reason="团购取消",
        decided_by=staff,
        decided_at=NOW + 2 * HOUR,
        confirmed_by=second,
        confirmed_at=NOW + 3 * HOUR,
        needs_second=True,
        status="done",
    )
    events = story.of(order)[2:]
    assert [(each.sentence, each.row) for each in events] == [
        ("冯出纳 发起退款：团购取消", row),
        ("冯出纳 提出退款，待再次确认。", row),
        ("顾主管 复核了退款。", row),
    ]


def test_a_decision_without_a_reason_says_what_was_decided(
    order: Order, buyer: User, staff: User
) -> None:
    request(order, asked_by=buyer, decided_by=staff, decided_at=NOW + 2 * HOUR, status="approved")
    assert after(order) == ["林岚 申请退款。", "冯出纳 同意退款。"]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("succeeded", "¥9 已退回。"),
        ("failed", "¥9 未能退回。"),
        ("canceled", "¥9 未能退回。"),
        ("pending", "¥9 待退回。"),
    ],
)
def test_money_goes_back_or_not(order: Order, status: str, sentence: str) -> None:
    row = RefundFactory(order=order, status=status, amount=900, created_at=NOW + HOUR)
    RefundFactory(order=order, created_at=None)
    [event] = story.of(order)[2:]
    assert (event.sentence, event.row) == (sentence, row)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("needs_response", ""),
        ("lost", "¥9 的争议败诉，款项已退回付款人。"),
        ("won", "¥9 的争议胜诉。"),
    ],
)
def test_a_bank_disputes_and_decides_on_another_day(
    order: Order, status: str, sentence: str
) -> None:
    fields = {"amount": 900, "currency": "", "created_at": NOW + HOUR}
    row = DisputeFactory(order=order, status=status, **fields)
    DisputeFactory(order=order, created_at=None)
    opened = (NOW + HOUR, "银行对 ¥9 提出争议。", row)
    for ended_at in (None, NOW + 3 * HOUR):
        Dispute.objects.filter(pk=row.pk).update(ended_at=ended_at)
        decided = [(ended_at or NOW + HOUR, sentence, row)] if sentence else []
        events = story.of(Order.objects.get(pk=order.pk))[2:]
        assert [(each.at, each.sentence, each.row) for each in events] == [opened, *decided]


def test_within_a_second_what_follows_stands_after_its_cause(order: Order, buyer: User) -> None:
    at = NOW + HOUR
    changed(opened(order.source_id, course(title="先有人")), at, withdrawn_at=at)
    request(order, asked_by=buyer, decided_at=at, status="done")
    RefundFactory(order=order, amount=900, created_at=at)
    DisputeFactory(order=order, amount=900, created_at=at)
    assert after(order) == [
        "林岚 申请退款。",
        "系统 同意退款。",
        "¥9 已退回。",
        "银行对 ¥9 提出争议。",
        "《先有人》已关闭（系统）。",
    ]


def test_a_dispute_is_told_in_its_own_currency(order: Order) -> None:
    DisputeFactory(order=order, amount=900, currency="USD", created_at=NOW + HOUR)
    assert after(order) == ["银行对 US$9 提出争议。"]


def test_a_fapiao_is_asked_for_and_issued(order: Order) -> None:
    row = FapiaoFactory(order=order, asked_at=NOW + HOUR)
    assert after(order) == ["申请了发票。"]
    row.number, row.issued_on, row.issued_at = "26442000", NOW.date(), NOW + 2 * HOUR
    row.save()
    events = story.of(order)[2:]
    assert [(each.sentence, each.row) for each in events] == [
        ("申请了发票。", row),
        ("发票 26442000 已开具。", row),
    ]


def test_a_fapiao_was_issued_under_the_number_it_had_then(order: Order, staff: User) -> None:
    first, right, red = "26442000", "26442001", "26442009"
    row = FapiaoFactory(order=order, asked_at=NOW, issued_at=NOW + HOUR, issued=True, number=first)
    RefundFactory(order=order, created_at=NOW + 2 * HOUR)
    fapiao.correct(
        fapiao=row,
        number=right,
        reversal_number="",
        reason="抄错",
        actor=staff,
        now=NOW + 3 * HOUR,
    )
    day = NOW.date()
    fapiao.reverse(fapiao=row, number=red, reversed_on=day, actor=staff, now=NOW + 4 * HOUR)
    assert [each for each in after(order) if "发票" in each and "邮件" not in each] == [
        "申请了发票。",
        "发票 26442000 已开具。",
        "冯出纳 更正了发票号码：26442000 改为 26442001。理由：抄错",
        "冯出纳 登记了发票红冲：26442009。",
    ]


# --- mails -------------------------------------------------------------------------------------


def mailed(key: str, to: User, **fields: Any) -> OutboxMessage:
    fields = {"about": OutboxMessage.About.MONEY, "text": "…", "created_at": NOW + HOUR} | fields
    made: OutboxMessage = OutboxMessage.objects.create(
        key=key, user=to, to=to.email, subject=key, **fields
    )
    return made


def test_the_mails_of_an_order_are_those_about_its_money(buyer: User) -> None:
    prices = membership_prices()
    row = SubscriptionFactory(learner=buyer, offer=prices["month"].offer)
    order = bought(buyer, price=prices["month"], subscription=row)
    others = bought(buyer, price=prices["year"])
    refund, bill = RefundFactory(order=order), InvoiceFactory(subscription=row)
    asked = request(order, asked_by=buyer, status="declined")
    fapiao = FapiaoFactory(order=order)
    change = row.changes.create(
        price=prices["year"],
        from_offer=row.offer,
        from_amount=3900,
        at_period_end=True,
        effective_at=NOW,
        created_at=NOW,
    )
    pause = row.pauses.create(months=1, asked_at=NOW, begins_at=NOW, resumes_at=NOW + 720 * HOUR)
    keys = [
        *(f"{kind}-{order.pk}" for kind in ("order-paid", "presale-opened", "presale-given-up")),
        *(f"{kind}-{order.pk}" for kind in ("bought-twice", "order-ended", "seats-bought")),
        *(f"{kind}-{order.pk}" for kind in ("reserved", "reservation-refused")),
        *(f"reservation-{kind}-{order.pk}" for kind in ("called-off", "lapsed")),
        *(f"reservation-{kind}-{order.pk}-20261201" for kind in ("moved", "sooner", "notice")),
        f"refunded-{refund.pk}",
        f"refund-declined-{asked.pk}",
        f"fapiao-issued-{fapiao.pk}",
        f"fapiao-reversed-{fapiao.pk}",
        f"fapiao-corrected-{fapiao.pk}-1795939200",
        f"membership-begun-{row.pk}",
        f"renewal-notice-{row.pk}-20261201",
        f"cancelled-{row.pk}-1",
        f"card-expiring-{row.pk}-202612",
        f"payment-failed-{row.pk}-{bill.pk}-0",
        f"renewal-receipt-{bill.pk}",
        f"order-paid-{order.pk}+1",
        f"renewal-receipt-{bill.pk}+1",
        f"plan-changed-{change.pk}",
        f"price-changes-{change.pk}",
        f"paused-{pause.pk}",
        f"not-paused-{pause.pk}",
        f"membership-ended-{row.pk}-20261201",
    ]
    for key in keys:
        mailed(key, buyer)
    mailed(f"order-paid-{others.pk}", buyer)
    mailed(f"order-paid-{order.pk}0", buyer)
    mailed(f"order-paid-{order.pk}+2", buyer, about=OutboxMessage.About.PRESENT)
    mailed(f"order-paid-{order.pk}+3", UserFactory())
    mailed(f"renewal-receipt-{bill.pk + 1}", buyer)
    assert sorted(each.key for each in story.mails_of(order)) == sorted(keys)


def test_the_mails_of_a_gift_are_its_orders(buyer: User) -> None:
    order = bought(buyer, purpose=Order.Purpose.GIFT)
    gift, others = GiftFactory(order=order), GiftFactory()
    keys = [f"gift-{news}-{gift.pk}" for news in ("bought", "redeemed", "runs-out")]
    for key in (*keys, f"gift-bought-{others.pk}"):
        mailed(key, buyer)
    assert sorted(each.key for each in story.mails_of(order)) == sorted(keys)


def test_an_order_without_a_subscription_has_no_mails_of_one(order: Order, buyer: User) -> None:
    mailed("membership-begun-None", buyer)
    mailed("cancelled-None-1", buyer)
    assert list(story.mails_of(order)) == []


def test_a_mail_leads_to_its_words_while_they_are_kept(order: Order, buyer: User) -> None:
    kept = mailed(f"order-paid-{order.pk}", buyer)
    mailed(f"order-paid-{order.pk}+1", buyer, text="", created_at=NOW + 2 * HOUR)
    events = story.of(order)[2:]
    assert [(each.sentence, each.row) for each in events] == [
        (f"邮件：「order-paid-{order.pk}」", kept),
        (f"邮件：「order-paid-{order.pk}+1」", None),
    ]
