"""Seats for colleagues: how many, what they cost; then, for the buyer alone, who has one."""

import csv
import io
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import OutboxMessage, User
from courses.models import Grant
from operations import clock as site_clock
from payments import batches, codes
from payments.models import Order, Price, RedeemBatch, RedeemCode
from payments.sandbox import faults
from tests.accounts.doors import grow_old
from tests.factories import MembershipFactory, UserFactory, bundle, course
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    OrderFactory,
    PriceFactory,
    RedeemBatchFactory,
    RedeemCodeFactory,
    bundle_price,
    course_price,
    membership_prices,
)
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def price(db: None) -> Price:
    return course_price(course(title="慢慢变强"))


def page(price: Price) -> str:
    return reverse("buy_seats", args=[price.offer.key])


def soon(**by: float) -> datetime:
    return site_clock.now() + timedelta(**by)


def form(price: Price, seats: Any = 3, **more: Any) -> dict[str, Any]:
    sent = {"price": price.key, "wish": uuid.uuid4(), "seats": seats, "counted": seats}
    return sent | more


# --- how many ------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["course", "membership"])
def test_whoever_has_the_course_is_led_to_seats_too(me, buyer, price, by):
    has = price.offer.course
    link = f'href="{page(price)}"'
    assert me.get(has.get_absolute_url()).text.count(link) == 1
    membership = MembershipFactory()
    membership.included_courses.create(course=has, added_at=NOW)
    covered = {"course": has} if by == "course" else {"membership": membership}
    Grant.objects.create(
        learner=buyer, source_kind="staff", source_id="hand-1", starts_at=NOW, **covered
    )
    assert me.get(has.get_absolute_url()).text.count(link) == 1
    assert shown.filled(me.get(f"{page(price)}?seats=3"))["counted"] == "3"
    assert me.post(page(price), form(price)).status_code == 303
    assert Order.objects.get().purpose == "seats"


def test_what_so_many_cost_is_counted_before_they_are_bought(client, me, price):
    answer = client.get(page(price))
    assert shown.lines(answer)[:2] == ["给同事团购", "《慢慢变强》"]
    assert shown.wrong(answer) == {}
    assert shown.filled(answer) == {}
    assert answer["Cache-Control"] == "private, no-store"
    answer = client.get(f"{page(price)}?seats=3")
    words = shown.lines(answer)
    assert {"¥297", "3 × ¥99"} <= set(words)
    assert "先登录，然后回到这里继续。" in words
    sent = shown.filled(answer)
    wish = uuid.UUID(sent.pop("wish"))
    assert sent == {"price": str(price.key), "counted": "3", "seats": "3"}
    again = me.get(f"{page(price)}?seats=3")
    assert uuid.UUID(shown.filled(again)["wish"]) != wish
    assert "先登录，然后回到这里继续。" not in shown.lines(again)


def test_in_wechat_one_is_told_to_open_it_elsewhere(client, price):
    inside = {"User-Agent": "Mozilla/5.0 MicroMessenger/8.0.50"}
    assert "微信里打不开支付宝" in client.get(page(price), headers=inside).text
    assert "微信里打不开支付宝" not in client.get(page(price)).text


@pytest.mark.parametrize(("seats", "good"), [("1", 0), ("2", 1), ("500", 1), ("501", 0), ("x", 0)])
def test_seats_are_two_to_five_hundred(client, price, seats, good):
    answer = client.get(f"{page(price)}?seats={seats}")
    assert bool(shown.filled(answer)) is bool(good)
    assert ("seats" in shown.wrong(answer)) is not bool(good)


def test_only_courses_that_are_sold_have_seats(me, price):
    assert me.get(page(bundle_price(bundle(course(), course())))).status_code == 404
    assert me.get(page(membership_prices()["term"])).status_code == 404
    assert me.get(page(membership_prices()["month"])).status_code == 404
    assert me.get(reverse("buy_seats", args=[uuid.uuid4()])).status_code == 404
    assert me.put(page(price)).status_code == 405
    free = course_price(course(), amount=0)
    answer = me.get(f"{page(free)}?seats=3")
    assert "目前没有出售。" in shown.lines(answer)
    assert shown.filled(answer) == {}


def test_another_number_is_counted_first(me, client, price):
    for browser in (me, client):
        for more in ({"again": "1"}, {"counted": "4"}, {"counted": ""}):
            answer = browser.post(page(price), form(price) | more)
            assert (answer.status_code, answer["Location"]) == (302, f"{page(price)}?seats=3")
        wrong = browser.post(page(price), form(price, seats="1", counted="2"))
        assert "seats" in shown.wrong(wrong)
    assert not Order.objects.exists()


def test_a_visitor_signs_in_and_comes_back_to_their_number(client, price):
    answer = client.post(page(price), form(price))
    assert answer["Location"] == f"/account/login/?next={page(price)}%3Fseats%3D3"
    answer = client.post(page(price), form(price, seats="1234567"))
    assert answer["Location"] == f"/account/login/?next={page(price)}%3Fseats%3D12345"


def test_seats_are_bought_in_one_order(me, buyer, price):
    sent = form(price)
    answer = me.post(page(price), sent)
    order = Order.objects.get()
    assert answer.status_code == 303
    assert f"/sandbox/checkout/{order.session_id}" in answer["Location"]
    assert (order.key, order.buyer, order.price) == (sent["wish"], buyer, price)
    assert (order.purpose, order.quantity, order.amount) == ("seats", 3, 29700)
    assert me.post(page(price), sent)["Location"] == answer["Location"]


def test_only_what_the_page_sent_is_bought(me, price):
    other = course_price(course())
    for more in ({"price": other.key}, {"price": "x"}, {"wish": "x"}, {"wish": ""}):
        assert me.post(page(price), form(price) | more).status_code == 404, more
    for seats in ("1", "501"):
        assert "seats" in shown.wrong(me.post(page(price), form(price, seats=seats)))
    assert not Order.objects.exists()


def test_seats_are_not_begun_without_end(me, price, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"checkout": "1/h/user"}
    assert [me.post(page(price), form(price)).status_code for _ in range(2)] == [303, 429]
    assert me.get(page(price)).status_code == 200


def test_seats_that_were_paid_lead_to_their_order(me, shop, price):
    sent = form(price)
    me.post(page(price), sent)
    order = Order.objects.get()
    shop.pay(order)
    answer = me.post(page(price), sent)
    assert answer["Location"] == f"/payments/return/?order={order.key.hex}"


def test_why_seats_cannot_be_bought_is_said(me, price):
    faults.plan("no_connection", times=9)
    answer = me.post(page(price), form(price))
    assert answer.status_code == 503
    assert "付款页暂时打不开，未扣款。请稍后再试。" in shown.lines(answer)
    assert "¥297" in shown.lines(answer)
    faults.clear()
    Price.objects.filter(pk=price.pk).update(is_active=False)
    PriceFactory(offer=price.offer, amount=12900)
    answer = me.post(page(price), form(price))
    assert answer.status_code == 200
    assert {"价格有变动，请先看一眼新价格。", "¥387"} <= set(shown.lines(answer))


# --- the buyer's own -----------------------------------------------------------------------------


@pytest.fixture
def batch(buyer: User, price: Price) -> RedeemBatch:
    return seats_of(buyer, price)


def seats_of(buyer: User, price: Price) -> RedeemBatch:
    order = OrderFactory(fulfilled=True, buyer=buyer, price=price, purpose="seats", quantity=3)
    made: RedeemBatch = RedeemBatchFactory(
        order=order,
        made_by=None,
        course=price.offer.course,
        size=3,
        redeemable_until=soon(days=100),
    )
    for serial in (1, 2, 3):
        RedeemCodeFactory(batch=made, serial=serial)
    return made


def of(batch: RedeemBatch, name: str) -> str:
    assert batch.order is not None
    return reverse(name, args=[batch.order.key])


@pytest.mark.parametrize("name", ["seats_csv", "seats_send"])
def test_seats_are_their_buyers_alone(client, me, buyer, batch, name):
    address = of(batch, name)
    seats_of(buyer, batch.order.price)
    assert client.get(address)["Location"] == f"/account/login/?next={address}"
    assert signed_in(UserFactory()).get(address).status_code == 404
    assert me.get(address).status_code == 200
    assert me.put(address).status_code == 405
    assert me.get(reverse(name, args=[uuid.uuid4()])).status_code == 404


def test_seats_are_a_table_of_their_order_alone(me, buyer, batch, price):
    seats_of(buyer, price)
    first, second, third = batch.codes.order_by("serial")
    somebody = UserFactory(name="周明")
    RedeemCode.objects.filter(pk=first.pk).update(redeemed_by=somebody, redeemed_at=NOW)
    RedeemCode.objects.filter(pk=second.pk).update(sent_to="a@example.org")
    body = b"".join(me.get(of(batch, "seats_csv")).streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(body)))
    assert rows[0] == ["编号", "兑换码", "链接", "状态", "兑换人", "兑换时间", "寄给"]
    spelt = [codes.shown(batches.code_of(each)) for each in (first, second, third)]
    assert [row[:2] for row in rows[1:]] == [[str(i), code] for i, code in enumerate(spelt, 1)]
    assert rows[1][5] == "2026-11-23 12:00"
    assert [row[6] for row in rows[1:]] == ["", "a@example.org", ""]
    assert rows[1][2].endswith(f"/redeem/{spelt[0]}/")
    assert somebody.email not in body


def test_seats_are_mailed_one_to_each(me, batch):
    RedeemCode.objects.filter(batch=batch, serial=1).update(sent_to="had@example.org")
    answer = me.get(of(batch, "seats_send"))
    assert "慢慢变强" in "".join(shown.lines(answer))
    assert any("2" in each and "名额" in each for each in shown.lines(answer))
    assert shown.filled(answer) == {"addresses": ""}
    assert shown.wrong(answer) == {}
    sent = {"addresses": " a@example.org；b@example.org、 \n"}
    answer = me.post(of(batch, "seats_send"), sent)
    assert answer["Location"] == of(batch, "order")
    assert shown.said(answer) == ["success: 2 封邮件正在寄出。"]
    mailed = OutboxMessage.objects.filter(to__in=["a@example.org", "b@example.org"])
    assert mailed.count() == 2
    assert set(batch.codes.values_list("sent_to", flat=True)) == {
        *("had@example.org", "a@example.org", "b@example.org"),
    }


@pytest.mark.parametrize(
    "fields",
    [{"redeemed_at": NOW}, {"revoked_at": NOW}, {"sent_to": "had@example.org"}, {}],
)
def test_which_seats_are_left_is_said_and_no_more_are_sent(me, batch, fields):
    if "redeemed_at" in fields:
        fields = fields | {"redeemed_by": UserFactory()}
    RedeemCode.objects.filter(batch=batch, serial=2).update(**fields)
    left = 2 if fields else 3
    assert f"{left} 个" in "".join(shown.lines(me.get(of(batch, "seats_send"))))
    many = "\n".join(f"p{n}@example.org" for n in range(left + 1))
    answer = me.post(of(batch, "seats_send"), {"addresses": many})
    assert shown.wrong(answer) == {"addresses": ["邮箱比剩下的名额多。"]}
    assert not OutboxMessage.objects.filter(to__startswith="p0@").exists()


def test_what_is_no_address_is_named(me, batch):
    wrong = [f"wrong{n}" for n in range(6)]
    answer = me.post(of(batch, "seats_send"), {"addresses": "\n".join([*wrong, "a@example.org"])})
    told = f"这些不是邮箱：{', '.join(wrong[:5])}"
    assert shown.wrong(answer) == {"addresses": [told]}
    assert "addresses" in shown.wrong(me.post(of(batch, "seats_send"), {"addresses": ""}))
    assert set(batch.codes.values_list("sent_to", flat=True)) == {""}


@pytest.mark.parametrize("field", ["revoked_at", "withdrawn_at", "redeemable_until"])
def test_seats_that_are_over_are_not_handed_out(me, batch, field):
    RedeemBatch.objects.filter(pk=batch.pk).update(**{field: site_clock.now()})
    for ask in (me.get, me.post):
        answer = ask(of(batch, "seats_send"), {"addresses": "a@example.org"})
        assert answer["Location"] == of(batch, "order")
        assert shown.said(answer)[0] == "info: 这些名额已经不能再发放。"
    assert not OutboxMessage.objects.filter(to="a@example.org").exists()


def test_mailing_seats_is_limited_and_wants_a_proof(me, batch, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"seats": "1/h/user"}
    sent = [{"addresses": each} for each in ("x", "a@example.org", "b@example.org")]
    found = [me.post(of(batch, "seats_send"), each).status_code for each in sent]
    assert found == [200, 302, 429]
    assert me.get(of(batch, "seats_send")).status_code == 200
    grow_old(me)
    answer = me.post(of(batch, "seats_send"), sent[1])
    assert answer["Location"].startswith("/account/reauthenticate/?next=")
