"""Batches of redeem codes at finance's desk: made, written out, taken back."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from accounts import roles
from operations import clock as site_clock
from pages import dates
from payments.models import Order, RedeemBatch
from tests.factories import MembershipFactory, UserFactory, course
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    OrderFactory,
    RedeemBatchFactory,
    RedeemCodeFactory,
    batch_of,
    course_price,
)
from tests.payments.staff import at_desk, csv_rows, somebody

pytestmark = pytest.mark.django_db
LISTING = "/admin/money/batches/"
AT = "2026 年 11 月 23 日 12:00"


def today_and(days: int) -> Any:
    return timezone.localdate(site_clock.now()) + timedelta(days=days)


def page(row: RedeemBatch, name: str = "inspect") -> str:
    return reverse(f"money-batches:{name}", args=[row.pk])


def form(**fields: Any) -> dict[str, Any]:
    blank = {"course": "", "membership": "", "months": "", "size": "3", "reference": ""}
    blank |= {"name": "读书节", "for_whom": "某公司", "note": "赠送", "until": str(today_and(9))}
    return blank | fields


def seats(**fields: Any) -> Any:
    order = OrderFactory(
        fulfilled=True,
        price=course_price(course(title="城市的暗线")),
        purpose=Order.Purpose.SEATS,
        quantity=2,
        buyer=UserFactory(email="boss@example.org", name="周总"),
    )
    batch = RedeemBatchFactory(order=order, made_by=None, course=order.price.offer.course, **fields)
    for serial in (1, 2):
        RedeemCodeFactory(batch=batch, serial=serial)
    return batch


# --- the listing ---------------------------------------------------------------------------------


def test_the_listing_tells_what_each_opens_and_how_many_were_redeemed(desk, buyer):
    plan = MembershipFactory(name="听书会员")
    until = dates.end_of_day(today_and(9))
    first, _ = batch_of(
        3, name="a", membership=plan, months=6, redeemable_until=until, for_whom="某公司"
    )
    bought = seats(name="b", redeemable_until=until)
    first.codes.filter(serial__lte=2).update(redeemed_at=NOW, redeemed_by=buyer)
    last = dates.day(today_and(9))
    listed = shown.listed(desk.get(LISTING))
    assert sorted(listed) == [
        ["a", "某公司", "听书会员 · 6 个月", "3", "2", last, AT],
        ["b", bought.for_whom, "城市的暗线", "2", "0", last, AT],
    ]
    for query, names in {
        "of_order=true": ["b"],
        "of_order=false": ["a"],
        f"membership={plan.pk}": ["a"],
    }.items():
        found = shown.listed(desk.get(f"{LISTING}?{query}"))
        assert [row[0] for row in found] == names, query
    rows = {row["名字"]: list(row.values()) for row in csv_rows(desk, LISTING)}
    assert rows["a"][2:7] == ["听书会员 · 6 个月", "3", "2", str(today_and(9)), ""]
    assert rows["b"][6] == bought.order.number


# --- one of them ---------------------------------------------------------------------------------


def test_a_batch_is_written_out_with_the_way_to_its_codes(desk, buyer):
    maker = UserFactory(email="maker@example.org", name="小许")
    batch = RedeemBatchFactory(
        made_by=maker,
        course=course(title="城市的暗线"),
        for_whom="某公司",
        reference="2026-17",
        note="年会",
        size=3,
        redeemable_until=dates.end_of_day(today_and(400)),
    )
    RedeemCodeFactory(batch=batch, serial=1, redeemed_at=NOW, redeemed_by=buyer)
    RedeemCodeFactory(batch=batch, serial=2)
    answer = desk.get(page(batch))
    assert shown.facts(answer) == {
        "名字": "读书节",
        "给哪家公司或活动": "某公司",
        "可打开": "城市的暗线",
        "兑换码个数": "3",
        "已兑换": "1",
        "兑换截止": dates.day(today_and(400)),
        "付款的订单或发票": "2026-17",
        "理由": "年会",
        "创建人": "小许 <maker@example.org>",
        "创建于": AT,
    }
    of_it = f"/admin/money/codes/?batch={batch.pk}"
    assert shown.links(answer) == {"兑换码个数": of_it, "已兑换": f"{of_it}&state=redeemed"}
    assert len(shown.acts(answer)) == 2
    assert shown.acts(at_desk(roles.OPERATOR).get(page(batch))) == []


def test_bought_seats_lead_to_their_order_and_name_who_bought_them(desk):
    batch = seats()
    answer = desk.get(page(batch))
    facts = shown.facts(answer)
    assert facts["团购订单"] == batch.order.number
    assert facts["创建人"] == "周总 <boss@example.org>"
    assert shown.consequences(desk.get(page(batch, "revoke"))) == [
        "2 个还没兑换的码就此作废。",
        "已兑换的照常有效；要收回，请逐个办理并写明原因。",
        "这不会退款；要退款请到订单里办理。",
    ]


def test_taking_it_back_is_done_once_and_kept_with_its_reason(desk, buyer):
    batch, _ = batch_of(3)
    batch.codes.filter(serial=1).update(redeemed_at=NOW, redeemed_by=buyer)
    batch.codes.filter(serial=2).update(revoked_at=NOW)
    assert shown.consequences(desk.get(page(batch, "revoke")))[0] == "1 个还没兑换的码就此作废。"
    assert len(shown.consequences(desk.get(page(batch, "revoke")))) == 2
    desk.post(page(batch, "revoke"), {"reason": "印错了"})
    answer = desk.get(page(batch))
    facts, who = shown.facts(answer), somebody(desk)
    assert facts["收回理由"] == "印错了"
    assert facts["收回人"] == f"{who.get_full_name()} <{who.email}>"
    assert len(shown.acts(answer)) == 1
    assert desk.get(page(batch, "revoke")).status_code == 302


# --- making one ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, {"course": ["课程和会员选一个。"]}),
        ({"membership": "plan"}, {"months": ["会员要填月数。"]}),
        (
            {"course": "it", "membership": "plan", "months": "3"},
            {"course": ["课程和会员选一个，不能都选。"]},
        ),
        ({"course": "it", "until": str(today_and(-1))}, {"until": ["这一天已经过去了。"]}),
        ({"course": "it", "note": ""}, {"note": ["请填写这一项。"]}),
    ],
)
def test_what_cannot_be_made_is_refused_by_its_field(desk, fields, told):
    known = {"it": course().pk, "plan": MembershipFactory().pk}
    sent = form(**{name: known.get(value, value) for name, value in fields.items()})
    answer = desk.post(reverse("money-batches:add"), sent)
    assert answer.context["form"].errors == told
    assert 'value="某公司"' in answer.text
    assert not RedeemBatch.objects.exists()


def test_a_batch_may_end_today_and_the_log_says_why_it_was_made(desk):
    page_, draft = course(title="b"), course(title="a", live=False)
    choices = desk.get(reverse("money-batches:add")).context["form"].fields["course"].queryset
    assert (page_ in choices, draft in choices) == (True, False)
    answer = desk.post(reverse("money-batches:add"), form(course=page_.pk, until=str(today_and(0))))
    batch = RedeemBatch.objects.get()
    assert answer.url == page(batch)
    assert (batch.size, batch.codes.count(), batch.made_by) == (3, 3, somebody(desk))
    assert batch.redeemable_until == dates.end_of_day(today_and(0))
    entry = ModelLogEntry.objects.get(action="payments.make_codes")
    assert (entry.data, entry.user) == ({"reason": "赠送"}, somebody(desk))
