"""Refunds at finance's desk, word for word: what each will do, how each stands, who may decide."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import roles
from accounts.models import OutboxMessage, User
from operations import clock as site_clock
from pages import dates
from payments.models import Invoice, Order, RefundRequest, Subscription
from tests.factories import UserFactory, course
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
    SubscriptionFactory,
    course_price,
)
from tests.payments.staff import at_desk, csv_rows, somebody

pytestmark = pytest.mark.django_db
REFUNDS, REQUESTS = "/admin/money/refunds/", "/admin/money/requests/"
AT = "2026 年 11 月 23 日 12:00"
OVER = "这一步已经做过，或者已经不能做了。"
ONCE = "只会发生一次，不能撤回。"
IN_PART = "部分退款不影响学习权限，除非在下面另行选择。"
ENDS = "全额退款后，由这笔付款开通的「城市的暗线」随之关闭，学习进度保留。"
Status = RefundRequest.Status


@pytest.fixture
def colleague() -> Client:
    return at_desk(roles.FINANCE, email="finance2@example.org")


def amy() -> Any:
    found = User.objects.filter(email="amy@example.org").first()
    return found or UserFactory(email="amy@example.org", name="林岚")


def sold(amount: int = 9900, **fields: Any) -> Order:
    price = course_price(course(title="城市的暗线"), amount, **fields.pop("price", {}))
    made: Order = OrderFactory(**{"fulfilled": True, "price": price, "buyer": amy()} | fields)
    return made


def subscribed(*bills: dict[str, Any], credit: int = 0) -> tuple[Any, list[Any]]:
    """An order of a plan with its bills, the earliest first."""
    row = SubscriptionFactory(offer__membership__name="全部课程", learner=amy())
    Subscription.objects.filter(pk=row.pk).update(object={"customer_balance": -credit})
    order = OrderFactory(
        fulfilled=True, price__offer=row.offer, buyer=row.learner, subscription=row
    )
    made = [
        InvoiceFactory(
            subscription=row,
            created_at=NOW + timedelta(days=30 * number),
            paid_at=NOW + timedelta(days=30 * number),
            **each,
        )
        for number, each in enumerate(bills)
    ]
    return order, made


def back(order: Order, amount: int) -> None:
    RefundFactory(order=order, amount=amount, payment_intent_id=order.payment_intent_id)


def wish(order: Order, **fields: Any) -> RefundRequest:
    return RefundRequest.objects.create(
        **{"order": order, "asked_by": order.buyer, "created_at": NOW} | fields
    )


def told(desk: Client, row: Order | Invoice | RefundRequest, name: str = "refund") -> list[str]:
    kinds = {Order: "orders", Invoice: "invoices", RefundRequest: "requests"}
    address = reverse(f"money-{kinds[type(row)]}:{name}", args=[row.pk])
    return shown.consequences(desk.get(address))


def refused(desk: Client, row: Order | Invoice | RefundRequest, name: str = "refund") -> str:
    """What is said instead of the page."""
    kinds = {Order: "orders", Invoice: "invoices", RefundRequest: "requests"}
    answer = desk.get(reverse(f"money-{kinds[type(row)]}:{name}", args=[row.pk]), follow=True)
    assert len(answer.redirect_chain) == 1
    (message,) = [str(each.message) for each in answer.context["messages"]]
    return message.strip()


# --- what a refund will do -----------------------------------------------------------------------


def test_a_course_is_closed_by_a_whole_refund_only(desk):
    assert told(desk, sold()) == [
        "最多 ¥99 将原路退给 林岚 <amy@example.org>。",
        ENDS,
        IN_PART,
        ONCE,
    ]


def test_a_gift_and_seats_say_who_loses_what(desk, buyer):
    gift = sold(purpose=Order.Purpose.GIFT)
    GiftFactory(order=gift)
    seats = OrderFactory(fulfilled=True, purpose=Order.Purpose.SEATS, price=gift.price, quantity=3)
    batch = RedeemBatchFactory(order=seats, made_by=None, course=gift.price.offer.course)
    for serial, used in ((1, {}), (2, {"redeemed_at": NOW, "redeemed_by": buyer})):
        RedeemCodeFactory(batch=batch, serial=serial, **used)
    assert told(desk, gift)[1] == "全额退款后，赠礼作废；朋友已领取的内容会关闭。"
    assert told(desk, seats)[1] == "全额退款后，所有名额都会关闭，包括已领取的 1 个。"


def test_a_subscription_ends_with_its_present_bill_only(desk):
    order, (first, last) = subscribed({}, {})
    closes = "全额退款后，由这笔付款开通的「全部课程」随之关闭，学习进度保留。"
    whole = [
        "最多 ¥39 将原路退给 林岚 <amy@example.org>。",
        closes,
        "订阅也会立即结束，不再扣款。",
        IN_PART,
        ONCE,
    ]
    assert told(desk, order) == whole
    assert told(desk, last) == whole
    assert told(desk, first) == [whole[0], "订阅继续：本期由更晚的账单付过款。", ONCE]
    fields = desk.get(reverse("money-invoices:refund", args=[first.pk])).context["form"].fields
    assert "ends_access" not in fields


@pytest.mark.parametrize(
    ("limit", "two", "sentence"),
    [
        (98, False, "超过 ¥98 的退款要再看一遍：财务只有你一人，请在一天后回来自己确认。"),
        (98, True, "超过 ¥98 的退款需要另一位财务同事确认。"),
        (None, False, "每一笔 CNY 退款都要再看一遍：财务只有你一人，请在一天后回来自己确认。"),
        (None, True, "每一笔 CNY 退款都需要另一位财务同事确认。"),
        (99, True, None),
    ],
)
def test_a_second_look_is_said_before(desk, settings, limit, two, sentence):
    settings.REFUNDS_ALONE = {"CNY": Decimal(limit)} if limit else {}
    if two:
        at_desk(roles.FINANCE, email="finance2@example.org")
    found = told(desk, sold())[3:-1]
    assert found == ([sentence] if sentence else [])


def test_parts_that_went_back_before_count_together(desk, settings):
    settings.REFUNDS_ALONE = {"CNY": Decimal(98)}
    order = sold()
    back(order, 900)
    assert told(desk, order)[0] == "最多 ¥90 将原路退给 林岚 <amy@example.org>。"
    assert told(desk, order)[-2] == "分次退款合并计算：这笔付款之前已退 ¥9。"
    _order, (bill,) = subscribed({"amount_paid": 9900})
    assert len(told(desk, bill)) == 6
    RefundFactory(order=_order, invoice=bill, amount=700, payment_intent_id=bill.payment_intent_id)
    assert told(desk, bill)[-2] == "分次退款合并计算：这笔付款之前已退 ¥7。"


def test_the_answer_to_a_wish_repeats_it(desk):
    order = sold()
    request = wish(order, note="不合适")
    answer = "林岚 <amy@example.org> 申请过退款：「不合适」。这里就是对它的答复。"
    assert told(desk, order)[0] == answer
    assert told(desk, request, "approve")[0] == answer
    RefundRequest.objects.update(note="")
    assert "「–」" in told(desk, order)[0]


# --- what is not possible ------------------------------------------------------------------------


def test_each_reason_against_a_refund_has_its_words(desk, colleague):
    gone = sold()
    back(gone, 9900)
    disputed = sold()
    DisputeFactory(order=disputed, payment_intent_id=disputed.payment_intent_id)
    waiting, on_its_way = sold(), sold()
    now = site_clock.now()
    mine = wish(
        waiting,
        status=Status.PROPOSED,
        decided_by=somebody(desk),
        decided_at=now,
        alone_from=now + timedelta(days=1),
        needs_second=True,
        reason="不合适",
        amount=9900,
    )
    wish(on_its_way, status=Status.APPROVED, reason="不合适", amount=9900)
    said = {
        "gone": refused(desk, gone),
        "disputed": refused(desk, disputed),
        "mine": refused(desk, waiting),
        "theirs": refused(colleague, waiting),
        "under way": refused(desk, on_its_way),
        "not paid": refused(desk, OrderFactory()),
        "my own": refused(desk, mine, "confirm"),
    }
    over = OVER
    assert said == {
        "gone": over,
        "disputed": "这笔付款有争议：由银行裁决，Stripe 不会退款。",
        "mine": "这笔付款已有一笔退款在等同事确认。",
        "theirs": "这笔付款已有一笔退款在等你确认。",
        "under way": "这笔付款已有一笔退款正在处理。",
        "not paid": over,
        "my own": "这是你自己决定的，要由同事确认。",
    }
    DisputeFactory(order=waiting, payment_intent_id=waiting.payment_intent_id)
    assert refused(desk, waiting) == said["disputed"]
    assert refused(colleague, mine, "confirm") == said["disputed"]


def test_a_trial_and_a_bill_of_nobody_have_nothing_to_give_back(desk):
    order, _bills = subscribed()
    assert refused(desk, order) == OVER
    assert refused(desk, InvoiceFactory()) == "它不属于本站的任何订单：请到 Stripe 退款。"


def test_who_is_alone_reads_from_when_on(desk):
    start = site_clock.now() + timedelta(days=1)
    row = wish(
        sold(),
        status=Status.PROPOSED,
        decided_by=somebody(desk),
        decided_at=NOW,
        alone_from=start,
        needs_second=True,
        reason="不合适",
        amount=9900,
    )
    on = dates.moment(start)
    assert refused(desk, row, "confirm") == f"这是你自己决定的，{on} 起可以自己确认。"
    page = desk.get(reverse("money-requests:inspect", args=[row.pk]))
    assert shown.facts(page)["确认人"] == f"你自己，{on} 之后"
    assert shown.acts(page) == ["不同意退款"]
    operator = at_desk(roles.OPERATOR)
    answer = operator.get(reverse("money-requests:inspect", args=[row.pk]))
    assert shown.acts(answer) == []
    assert shown.facts(answer)["确认人"] == "你或另一位同事"


# --- the second person's page --------------------------------------------------------------------


def proposed(desk: Client, order: Order, **fields: Any) -> RefundRequest:
    terms = {"amount": 9900, "reason": "不合适", "decided_at": NOW, "decided_by": somebody(desk)}
    terms |= {"status": Status.PROPOSED, "needs_second": True, "alone_from": NOW}
    return wish(order, **terms | fields)


def test_the_second_person_reads_what_their_yes_does(desk, colleague):
    me = somebody(desk)
    order, (first, last) = subscribed({}, {})
    wants = f"{me.get_full_name()} <{me.email}> 提出退款：「不合适」"
    assert told(colleague, proposed(desk, sold()), "confirm") == [
        wants,
        "¥99 将原路退给 林岚 <amy@example.org>。",
        ENDS,
        ONCE,
    ]
    part = proposed(desk, sold(), amount=900)
    assert told(colleague, part, "confirm")[2:] == ["学习权限保持不变。", ONCE]
    RefundRequest.objects.filter(pk=part.pk).update(ends_access=True)
    assert told(colleague, part, "confirm")[2:] == [ENDS, ONCE]
    early = proposed(desk, order, invoice=first, amount=3900)
    assert told(colleague, early, "confirm")[1:] == [
        "¥39 将原路退给 林岚 <amy@example.org>。",
        "订阅继续：本期由更晚的账单付过款。",
        ONCE,
    ]
    late = proposed(desk, order, invoice=last, amount=3900)
    assert told(colleague, late, "confirm")[2:4] == [
        "订阅立即结束，不再扣款。",
        "全额退款后，由这笔付款开通的「全部课程」随之关闭，学习进度保留。",
    ]


def test_saying_no_tells_who_asked_and_nobody_else(desk):
    asked, begun = wish(sold()), proposed(desk, sold(), asked_by=somebody(desk))
    stays = "付款和权限都保持不变。"
    assert told(desk, asked, "decline") == [
        "林岚 <amy@example.org> 会收到邮件，里面是你写的理由原文。",
        stays,
    ]
    assert told(desk, begun, "decline") == [
        "林岚 <amy@example.org> 没有申请过，不会收到通知。",
        stays,
    ]


# --- listings and details ------------------------------------------------------------------------


def test_requests_are_listed_with_what_they_are_about(desk):
    order, (bill,) = subscribed({"amount_paid": 4200})
    plan = "全部课程 · 月"
    rows = [
        wish(sold(), note="不合适"),
        wish(order, invoice=bill, created_at=NOW - timedelta(days=1)),
        proposed(desk, sold(), amount=900, created_at=NOW - timedelta(days=2)),
    ]
    listed = [row[:8] for row in shown.listed(desk.get(REQUESTS))]
    amy_, once = "amy@example.org", "城市的暗线 · 一次买断"
    assert listed == [
        [rows[0].order.number, amy_, once, "不合适", "¥99", "", "", "已申请"],
        [order.number, amy_, plan, "", "¥42", "", "", "已申请"],
        [rows[2].order.number, amy_, once, "", "¥9", "不合适", "", "待再次确认"],
    ]
    exported = {row["金额"]: row for row in csv_rows(desk, REQUESTS)}
    assert set(exported) == {"99.00", "42.00", "9.00"}
    assert exported["9.00"]["处理人"] == somebody(desk).email


@pytest.mark.parametrize("wished", [True, False])
def test_what_one_proposed_and_another_declined_is_told_of_each(desk, colleague, wished):
    order = sold()
    row = proposed(desk, order, **({} if wished else {"asked_by": somebody(desk)}))
    colleague.post(reverse("money-requests:decline", args=[row.pk]), {"reason": "已学完"})
    facts = shown.facts(desk.get(reverse("money-requests:inspect", args=[row.pk])))
    me, she = (f"{who.get_full_name()} <{who.email}>" for who in map(somebody, (desk, colleague)))
    assert (facts["处理理由"], facts["处理人"], facts["处理于"]) == ("不合适", me, AT)
    assert (facts["未同意的理由"], facts["未同意的人"]) == ("已学完", she)
    assert facts["未同意于"] != AT
    (listed,) = shown.listed(desk.get(REQUESTS))
    both = "、".join(somebody(each).get_full_name() for each in (desk, colleague))
    assert listed[5:9] == ["不合适", "已学完", "未同意", both]
    (exported,) = csv_rows(desk, REQUESTS)
    assert (exported["处理理由"], exported["处理人"]) == ("不合适", somebody(desk).email)
    assert (exported["未同意的理由"], exported["未同意的人"]) == (
        "已学完",
        somebody(colleague).email,
    )
    story = " ".join(
        row[1]
        for row in shown.tables(desk.get(reverse("money-orders:inspect", args=[order.pk])))["经过"]
    )
    assert f"{somebody(colleague).get_full_name()} 未同意退款：已学完" in story
    mails = [mail.text for mail in OutboxMessage.objects.filter(user=order.buyer)]
    assert ["已学完" in each and "不合适" not in each for each in mails] == [True] * wished
    client = Client()
    client.force_login(order.buyer)
    page = client.get(f"/account/orders/{order.key}/").text
    assert ("已学完" in page, "不合适" in page) == (wished, False)


@pytest.mark.parametrize(
    ("status", "acts"),
    [
        (Status.ASKED, ["同意退款", "不同意退款"]),
        (Status.PROPOSED, ["确认退款", "不同意退款"]),
        (Status.APPROVED, []),
        (Status.DONE, []),
        (Status.DECLINED, []),
        (Status.FAILED, ["重新退款", "不同意退款"]),
    ],
)
def test_what_may_be_done_hangs_on_how_it_stands(desk, colleague, status, acts):
    row = proposed(colleague, sold(), refusal="charge_already_refunded")
    RefundRequest.objects.update(status=status, confirmed_by=somebody(desk), confirmed_at=NOW)
    answer = desk.get(reverse("money-requests:inspect", args=[row.pk]))
    assert shown.acts(answer) == acts
    facts = shown.facts(answer)
    assert facts["Stripe 的答复"] == "charge_already_refunded"
    assert (facts["金额"], facts["申请人"]) == ("¥99", "林岚 <amy@example.org>")
    own = desk.get(reverse("money-requests:inspect", args=[proposed(desk, sold()).pk]))
    assert shown.facts(own)["确认人"] == "需要另一位同事确认"


@pytest.mark.parametrize(("status", "said"), [("pending", "退款处理中"), ("succeeded", "已退款")])
def test_a_request_is_done_once_its_money_has_arrived(desk, status, said):
    order = sold()
    request = wish(order, status=Status.DONE, reason="不合适", decided_by=somebody(desk))
    RefundFactory(order=order, request=request, status=status)
    (listed,) = shown.listed(desk.get(REQUESTS))
    (exported,) = csv_rows(desk, REQUESTS)
    assert (listed[7], exported["状态"]) == (said, said)
    answer = desk.get(reverse("money-requests:inspect", args=[request.pk]))
    assert shown.facts(answer)["状态"] == said
    tables = shown.tables(desk.get(reverse("money-orders:inspect", args=[order.pk])))
    assert tables["退款申请"][0][-1] == said


def test_without_any_it_says_so(desk):
    assert "没有可显示的退款。" in desk.get(REFUNDS).text


def test_refunds_are_listed_with_what_they_add_up_to(desk):
    order = sold()
    request = wish(order, status=Status.DONE, reason="不合适", decided_by=somebody(desk))
    first = RefundFactory(order=order, request=request, amount=900)
    second = RefundFactory(order=None, amount=100, currency="CNY", status="requires_action")
    RefundFactory(order=order, amount=5, currency="USD", status="strange")
    number = order.number
    assert sorted(row[1:] for row in shown.listed(desk.get(REFUNDS))) == sorted(
        [
            [number, "amy@example.org", "¥9", "已退款", AT],
            ["", "", "¥1", "等待付款人", AT],
            [number, "amy@example.org", "US$0.05", "strange", AT],
        ]
    )
    assert shown.together(desk.get(REFUNDS)) == "合计：已退 ¥10"
    found = shown.listed(desk.get(REFUNDS, {"status": "requires_action"}))
    assert [row[0] for row in found] == [second.stripe_id]
    reasons = {row["金额"]: row["理由"] for row in csv_rows(desk, REFUNDS)}
    assert reasons == {"9.00": "不合适", "1.00": "", "0.05": ""}
    facts = shown.facts(desk.get(reverse("money-refunds:inspect", args=[first.pk])))
    me = somebody(desk)
    assert (facts["购买人"], facts["理由"]) == ("林岚 <amy@example.org>", "不合适")
    assert facts["处理人"] == f"{me.get_full_name()} <{me.email}>"
    bare = shown.facts(desk.get(reverse("money-refunds:inspect", args=[second.pk])))
    assert {"购买人", "理由", "处理人", "订单"} & set(bare) == set()


def test_of_a_wish_what_is_left_is_shown(desk):
    order = sold(payment_intent_id="pi_1")
    RefundFactory(order=order, payment_intent_id="pi_1", amount=3000)
    request = wish(order)
    address = reverse("money-requests:inspect", args=[request.pk])
    assert shown.facts(desk.get(address))["金额"] == "¥69"


def test_what_could_not_go_back_is_offered_again_as_it_was_decided(desk):
    order = sold(payment_intent_id="pi_1")
    wish(order, status=Status.FAILED, amount=3000, ends_access=True, refusal="declined")
    answer = desk.get(reverse("money-orders:refund", args=[order.pk]))
    form = answer.context["form"]
    assert (form["amount"].value(), form["ends_access"].value()) == (Decimal("30.00"), True)
    assert "之前有 ¥30 未能退回：银行拒收" in shown.consequences(answer)
