"""Orders at finance's desk: what each is, what came of its money, what may be done."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import roles
from accounts.models import OutboxMessage
from payments.models import Customer, Invoice, MoneyEntry, Order, Price, Refund
from tests.accounts.browser import text_of
from tests.factories import CourseFactory, UserFactory, bundle, catalogue, course
from tests.insights.world import entry
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    GiftFactory,
    InvoiceFactory,
    OrderFactory,
    PriceFactory,
    PromotionFactory,
    RedeemBatchFactory,
    RefundFactory,
    ReservationFactory,
    SubscriptionFactory,
    bundle_price,
    course_price,
    membership_prices,
)
from tests.payments.staff import at_desk, csv_rows

pytestmark = pytest.mark.django_db
LISTING = "/admin/money/orders/"
AT = "2026 年 11 月 23 日 12:00"
WHEN = "2026-11-23 12:00"


def amy() -> Any:
    return UserFactory(email="amy@example.org", name="林岚")


def page(row: Order, name: str = "inspect") -> str:
    return reverse(f"money-orders:{name}", args=[row.pk])


def paid(price: Price, **fields: Any) -> Order:
    """Paid, and in the books."""
    order: Order = OrderFactory(fulfilled=True, price=price, **fields)
    entry(WHEN, order.amount, order=order, currency=order.currency)
    return order


def state_in_the_listing(desk: Client, order: Order) -> str:
    rows = {row[0]: row[5] for row in shown.listed(desk.get(LISTING))}
    return rows[order.number]


# --- how it stands -------------------------------------------------------------------------------


def test_what_went_back_is_the_orders_state(desk):
    price = course_price(course())
    whole, part, all_of_it = paid(price), paid(price), paid(price)
    RefundFactory(order=part, amount=1)
    RefundFactory(order=part, amount=9000, status="failed")
    RefundFactory(order=all_of_it)
    Order.objects.filter(pk=all_of_it.pk).update(status=Order.Status.REFUNDED)
    states = [state_in_the_listing(desk, each) for each in (whole, part, all_of_it)]
    assert states == ["已完成", "部分退款", "已退款"]


def test_what_a_wallet_has_not_brought_back_yet_is_no_refund(desk):
    price = course_price(course())
    part, whole = paid(price), paid(price)
    RefundFactory(order=part, amount=1)
    RefundFactory(order=part, amount=2, status="pending")
    arrives = RefundFactory(order=whole, status="requires_action")
    Order.objects.filter(pk=whole.pk).update(status=Order.Status.REFUNDED)
    assert [state_in_the_listing(desk, each) for each in (part, whole)] == ["退款处理中"] * 2
    assert shown.facts(desk.get(page(whole)))["状态"] == "退款处理中"
    assert {row["状态"] for row in csv_rows(desk, LISTING)} == {"退款处理中"}
    Refund.objects.filter(pk=arrives.pk).update(status="succeeded")
    assert state_in_the_listing(desk, whole) == "已退款"


def test_the_bank_took_what_had_not_gone_back_before(desk):
    price = course_price(course())
    rest, some = paid(price), paid(price)
    for order, taken in ((rest, 8900), (some, 8899)):
        RefundFactory(order=order, amount=1000)
        entry(WHEN, -1000, kind="refund", order=order)
        entry(WHEN, -taken, kind="dispute", order=order)
    states = [state_in_the_listing(desk, each) for each in (rest, some)]
    assert states == ["已被银行退回", "部分已被银行退回"]
    DisputeFactory(order=rest, status="under_review")
    assert state_in_the_listing(desk, rest) == "付款有争议"


def test_what_the_bank_took_back_is_said_all_of_it_or_a_part(desk):
    price = course_price(course())
    part, whole, plan = paid(price), paid(price), membership_prices()["month"]
    row = SubscriptionFactory(offer=plan.offer)
    renewing = paid(plan, subscription=row)
    entry(WHEN, -9899, kind="dispute", order=part)
    entry(WHEN, -9900, kind="dispute", order=whole)
    entry(WHEN, -3900, kind="dispute", order=renewing)
    code = PromotionFactory(percent=100)
    free = OrderFactory(fulfilled=True, price=price, amount=0, discount=9900, promotion=code)
    states = [state_in_the_listing(desk, each) for each in (part, whole, renewing, free)]
    assert states == ["部分已被银行退回", "已被银行退回", "已完成", "已完成"]


def test_a_trial_is_begun_and_not_paid(desk):
    year = membership_prices()["year"]
    row = SubscriptionFactory(offer=year.offer, learner=amy())
    order = OrderFactory(
        fulfilled=True, price=year, buyer=row.learner, trial_days=7, subscription=row
    )
    (listed,) = shown.listed(desk.get(LISTING))
    assert (listed[5], listed[7]) == ("从试用开始", "试用")
    facts = shown.facts(desk.get(page(order)))
    assert facts["金额"] == "¥0 · 试用后 ¥365"
    assert (facts["试用天数"], facts["开始"], "已付" in facts) == ("7", AT, False)
    assert "收入" not in facts
    (exported,) = csv_rows(desk, LISTING)
    assert (exported["已付"], exported["状态"]) == ("", "从试用开始")
    entry(WHEN, 36500, order=order)
    facts = shown.facts(desk.get(page(order)))
    assert (facts["收入"], facts["开始"], facts["已付"]) == ("¥365", AT, AT)
    (listed,) = shown.listed(desk.get(LISTING))
    (exported,) = csv_rows(desk, LISTING)
    assert (listed[5], listed[7], exported["已付"][:16]) == ("从试用开始", AT, WHEN)


@pytest.mark.parametrize("has_ended", [False, True])
def test_a_reservation_that_ended_says_so_and_names_no_day_of_charge(desk, has_ended):
    ended = {"ended_at": NOW, "ending": "given_up"} if has_ended else {}
    order = OrderFactory(
        status="expired" if has_ended else "reserved", price=course_price(course())
    )
    ReservationFactory(order=order, **ended)
    said = "预订已结束" if has_ended else "已预订"
    assert state_in_the_listing(desk, order) == said
    facts = shown.facts(desk.get(page(order)))
    assert (facts["状态"], "扣款日" in facts) == (said, not has_ended)


# --- the listing ---------------------------------------------------------------------------------


def test_the_listing_its_export_and_its_sums_are_the_books(desk):
    title = course_price(course(title="城市的暗线"))
    yuan = paid(title, buyer=amy(), promotion=PromotionFactory(code="SPRING"), discount=100)
    entry(WHEN, -900, kind="refund", order=yuan)
    entry(WHEN, -100, kind="dispute", order=yuan)
    entry(WHEN, 777, kind="adjustment", order=yuan)
    yen = paid(PriceFactory(offer=title.offer, amount=1500, currency="JPY"), buyer=yuan.buyer)
    OrderFactory(price=title, buyer=yuan.buyer)
    answer = desk.get(LISTING)
    rows = {row[0]: row[1:] for row in shown.listed(answer)}
    once = "城市的暗线 · 一次买断"
    assert rows[yuan.number] == ["amy@example.org", once, "¥99", "¥89", "部分已被银行退回", AT, AT]
    assert rows[yen.number] == [
        *("amy@example.org", once, "JP¥1,500", "JP¥1,500", "已完成"),
        *(AT, AT),
    ]
    assert shown.together(answer) == (
        "合计：收入 ¥99 · 已退 ¥9 · 已被银行退回 ¥1 · 实收 ¥89 · "
        "收入 JP¥1,500 · 已退 JP¥0 · 已被银行退回 JP¥0 · 实收 JP¥1,500"
    )
    exported = {row["编号"]: row for row in csv_rows(desk, LISTING)}
    line = exported[yuan.number]
    wanted = {
        "内容": "城市的暗线",
        "条件": "一次买断",
        "金额": "99.00",
        "优惠": "1.00",
        "优惠码": "SPRING",
        "收入": "99.00",
        "已退": "9.00",
        "已被银行退回": "1.00",
        "实收": "89.00",
        "币种": "CNY",
        "状态": "部分已被银行退回",
    }
    assert {name: line[name] for name in wanted} == wanted
    assert exported[yen.number]["实收"] == "1500"


def test_orders_are_found_by_what_filters_ask(desk):
    once, month = course_price(course()), membership_prices()["month"]
    done, open_, plan = paid(once), OrderFactory(price=once), paid(month)
    live = paid(once, livemode=True)
    later = OrderFactory(price=once, created_at=NOW + timedelta(days=1), status="expired")
    numbers = {
        "paid=true": {done, plan, live},
        "paid=false": {open_, later},
        "kind=recurring": {plan},
        "livemode=true": {live},
        "status=open": {open_},
        "created_at_from=2026-11-24": {later},
        "created_at_to=2026-11-23": {done, open_, plan, live},
    }
    for query, wanted in numbers.items():
        found = {row[0] for row in shown.listed(desk.get(f"{LISTING}?{query}"))}
        assert found == {order.number for order in wanted}, query


# --- one of them ---------------------------------------------------------------------------------


def test_an_order_is_written_out(desk):
    origin = CourseFactory(parent=catalogue(), title="从这里来")
    order = paid(
        course_price(course(title="城市的暗线")),
        buyer=amy(),
        promotion=PromotionFactory(code="SPRING"),
        discount=2500,
        tax=559,
        tax_country="CN",
        tax_number="91110000802100433B",
        from_page=origin,
        method="alipay",
        ends_at=NOW + timedelta(days=1),
        starts_at=NOW,
    )
    answer = desk.get(page(order))
    facts = shown.facts(answer)
    state = facts.pop("状态")
    assert facts == {
        "编号": order.number,
        "购买人": "林岚 <amy@example.org>",
        "内容": "城市的暗线 · 一次买断",
        "金额": "¥99",
        "优惠": "¥25",
        "优惠码": "SPRING",
        "税额": "¥5.59 · CN",
        "税号": "91110000802100433B",
        "创建于": AT,
        "已付": AT,
        "付款方式": "支付宝",
        "开通于": AT,
        "起": AT,
        "到期": "2026 年 11 月 24 日 12:00",
        "从哪里购买": "从这里来",
        "收银台": order.session_id,
        "付款": order.payment_intent_id,
        "Stripe 账户": "acct_sandbox · 测试模式",
    }
    assert state == "已完成"
    assert shown.acts(answer) == ["退款"]
    assert shown.acts(at_desk(roles.OPERATOR).get(page(order))) == []
    booked = [AT, "付款", "¥99", "¥0", "¥99"]
    assert shown.tables(answer)["资金流水"] == [booked]
    assert set(shown.tables(answer)) == {"经过", "资金流水"}


def test_what_it_adds_up_to_is_said_where_it_is_not_the_amount(desk):
    order = paid(course_price(course()))
    assert "收入" not in shown.facts(desk.get(page(order)))
    entry(WHEN, -900, kind="refund", order=order)
    facts = shown.facts(desk.get(page(order)))
    assert (facts["收入"], facts["已退"], facts["实收"]) == ("¥99", "¥9", "¥90")
    assert "已被银行退回" not in facts
    unpaid = OrderFactory(price=order.price)
    assert "实收" not in shown.facts(desk.get(page(unpaid)))


def test_what_was_bought_for_others_leads_there(desk):
    price = course_price(course())
    gift = paid(price, purpose=Order.Purpose.GIFT)
    seats = paid(price, purpose=Order.Purpose.SEATS, quantity=3)
    row = GiftFactory(order=gift)
    batch = RedeemBatchFactory(order=seats, made_by=None, course=price.offer.course, size=3)
    facts, leads = (f(desk.get(page(gift))) for f in (shown.facts, shown.links))
    assert (facts["买给谁"], facts["数量"], facts["赠礼"]) == ("送给朋友", "1", gift.number)
    assert leads["赠礼"] == reverse("money-gifts:inspect", args=[row.pk])
    facts, leads = (f(desk.get(page(seats))) for f in (shown.facts, shown.links))
    assert (facts["买给谁"], facts["数量"], facts["兑换码批次"]) == ("给同事", "3", "3")
    assert leads["兑换码批次"] == reverse("money-batches:inspect", args=[batch.pk])
    assert "买给谁" not in shown.facts(desk.get(page(paid(price))))


def test_whose_payments_are_disputed_is_said_before_anything_is_done(desk):
    buyer = amy()
    price = course_price(course())
    order, other = paid(price, buyer=buyer), paid(price, buyer=buyer)
    DisputeFactory(order=other, status="won")
    assert "注意" not in shown.facts(desk.get(page(order)))
    DisputeFactory(order=other)
    answer = desk.get(page(order))
    assert shown.facts(answer)["注意"] == "此人有一笔付款被争议"
    assert shown.links(answer)["注意"] == "/admin/money/disputes/?q=amy@example.org"


def test_tables_of_an_order_tell_what_belongs_to_it(desk):
    first, second = course(title="第一门"), course(title="第二门")
    order = paid(bundle_price(bundle(first, second)), buyer=amy())
    for position, each in enumerate((first, second)):
        order.contents.create(course=each, position=position)
    wish = order.refund_requests.create(
        asked_by=order.buyer, note="不合适", created_at=NOW, reason="同意"
    )
    RefundFactory(order=order, amount=900, request=wish)
    RefundFactory(order=order, amount=100, created_at=NOW + timedelta(days=1), status="failed")
    tables = shown.tables(desk.get(page(order)))
    assert tables["组合里的课程"] == [["第一门"], ["第二门"]]
    assert sorted(tables["退款"]) == [
        [AT, "¥9", "已退款", "同意"],
        ["2026 年 11 月 24 日 12:00", "¥1", "失败", ""],
    ]
    assert tables["退款申请"] == [
        [AT, "林岚 <amy@example.org>", "不合适", "¥149", "同意", "已申请"]
    ]


def test_an_order_is_found_by_an_id_of_what_hangs_on_it(desk):
    order, _other = paid(course_price(course())), paid(course_price(course()))
    row = SubscriptionFactory()
    plan = paid(PriceFactory(offer=row.offer), subscription=row)
    bill = InvoiceFactory(subscription=row)
    refund, dispute = RefundFactory(order=order), DisputeFactory(order=order)
    booked = MoneyEntry.objects.get(order=order).stripe_id
    Customer.objects.create(account="acct_sandbox", stripe_id="cus_amy", user=order.buyer)
    Customer.objects.create(account="acct_sandbox", stripe_id="cus_nobody", user=amy())
    lone = Invoice.objects.create(account="acct_sandbox", stripe_id="in_alone", status="open")
    for typed, wanted in {
        refund.stripe_id: [order],
        dispute.stripe_id: [order],
        booked: [order],
        f" {row.stripe_id} ": [plan],
        bill.stripe_id: [plan],
        lone.stripe_id: [],
        "cus_amy": [order],
        "cus_nobody": [],
    }.items():
        found = [each[0] for each in shown.listed(desk.get(LISTING, {"q": typed}))]
        assert found == [each.number for each in wanted], typed


# --- ending what cost nothing --------------------------------------------------------------------


def test_what_cost_nothing_is_ended_with_a_reason(desk, run_jobs):
    price = course_price(course(title="城市的暗线"))
    free = OrderFactory(
        fulfilled=True,
        price=price,
        buyer=amy(),
        amount=0,
        discount=9900,
        promotion=PromotionFactory(percent=100),
    )
    assert shown.acts(desk.get(page(free))) == ["结束这个订单"]
    assert shown.acts(at_desk(roles.OPERATOR).get(page(free))) == []
    assert shown.consequences(desk.get(page(free, "end"))) == [
        "没有付过钱，不涉及退款。",
        "林岚 <amy@example.org> 不能再凭这个订单打开「城市的暗线」，学习进度保留。",
        "会写信告知，附上你填的原因。",
    ]
    done = desk.post(page(free, "end"), {"reason": "误发"}, follow=True)
    assert "订单已结束" in done.text
    assert shown.acts(desk.get(page(free))) == []
    assert desk.get(page(free, "end")).status_code == 302
    assert OutboxMessage.objects.filter(user=free.buyer, text__contains="误发").count() == 1
    assert desk.get(page(paid(price), "end")).status_code == 302


def test_on_paper_an_order_has_its_title(desk):
    order = paid(course_price(course()))
    text = text_of(desk.get(page(order)))
    assert f"订单 {order.number}" in text
