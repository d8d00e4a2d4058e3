"""Seats: one order opens a course for a list of colleagues."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import privacy, roles
from accounts.models import OutboxMessage
from courses.models import Grant
from operations import clock as site_clock
from payments import batches, codes, refund_requests
from payments.models import Dispute, Order, RedeemBatch
from payments.sandbox import disputes
from tests.accounts.browser import text_of
from tests.factories import UserFactory, course
from tests.payments.factories import course_price, membership_prices
from tests.payments.staff import at_desk
from tests.payments.test_gifts import fields_of
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db


def begin(buyer, price, number: int) -> Order:
    client = signed_in(buyer)
    address = reverse("buy_seats", args=[price.offer.key])
    form = fields_of(client.get(address, {"seats": number})) | {"seats": str(number)}
    assert client.post(address, form).status_code == 303
    return Order.objects.latest("pk")


def bought(shop, buyer, number: int = 3, price=None) -> RedeemBatch:
    order = begin(buyer, price or course_price(course(title="慢慢变强", lessons=1)), number)
    shop.pay(order)
    shop.deliver()
    return RedeemBatch.objects.get(order=order)


def links(batch: RedeemBatch) -> list[str]:
    rows = batch.codes.select_related("batch").order_by("serial")
    return [codes.address(batches.code_of(row)) for row in rows]


def order_page(batch: RedeemBatch) -> str:
    assert batch.order is not None
    return reverse("order", args=[batch.order.key])


def test_the_total_is_shown_before_it_is_paid_and_is_what_is_charged(shop, buyer, client):
    price = course_price(course(title="慢慢变强"), amount=9950)
    address = reverse("buy_seats", args=[price.offer.key])
    shown = text_of(client.get(address, {"seats": "20"}))
    for words in ("慢慢变强", "¥1,990", "20 × ¥99.50", "包括已领取的"):
        assert words in shown, words
    order = begin(buyer, price, 20)
    assert (order.amount, order.quantity, order.purpose) == (199_000, 20, "seats")
    shop.pay(order)
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert RedeemBatch.objects.get().codes.count() == 20
    assert not Grant.objects.exists()
    page = text_of(signed_in(buyer).get(reverse("order", args=[order.key])))
    assert "¥1,990" in page
    assert "20 × ¥99.50" in page
    assert "20 个名额" in OutboxMessage.objects.get(to=buyer.email).subject


@pytest.mark.parametrize("number", ["1", "501", "0", "-3", "x", "", "2.5"])
def test_so_many_seats_are_not_sold(buyer, number):
    price = course_price(course())
    client, address = signed_in(buyer), reverse("buy_seats", args=[price.offer.key])
    asked = client.get(address, {"seats": number})
    assert asked.status_code == 200
    assert 'name="wish"' not in asked.text
    form = fields_of(client.get(address, {"seats": "2"})) | {"seats": number}
    assert client.post(address, form).status_code == 200
    assert not Order.objects.exists()


def test_another_number_is_counted_anew_before_it_is_paid(buyer):
    price = course_price(course(), amount=7900)
    client, address = signed_in(buyer), reverse("buy_seats", args=[price.offer.key])
    form = fields_of(client.get(address, {"seats": "3"}))
    counted = client.post(address, form | {"seats": "4"}, follow=True)
    assert "¥316" in text_of(counted)
    assert not Order.objects.exists()
    again = client.post(address, form | {"seats": "3", "again": "1"})
    assert again["Location"] == f"{address}?seats=3"


def test_a_colleague_reads_from_whom_the_seat_is(shop, buyer):
    buyer.name = ""
    buyer.save()
    batch = bought(shop, buyer)
    assert batch.order is not None
    me, address = signed_in(buyer), reverse("seats_send", args=[batch.order.key])
    assert f"邮件会写明来自 {buyer.email}" in text_of(me.get(address))
    me.post(address, {"addresses": "a@example.com"})
    assert buyer.email in OutboxMessage.objects.get(to="a@example.com").text
    paid = me.get(reverse("payments_return"), {"order": batch.order.key.hex})
    assert "收据在订单页" in text_of(paid)


def test_memberships_are_not_sold_by_the_seat(buyer):
    price = membership_prices()["term"]
    assert signed_in(buyer).get(reverse("buy_seats", args=[price.offer.key])).status_code == 404


def test_colleagues_redeem_and_the_buyer_sees_their_names_and_no_address(shop, buyer):
    batch = bought(shop, buyer)
    first, second, _third = links(batch)
    named, unnamed = UserFactory(name="小周"), UserFactory(name="")
    assert "看不到邮箱" in text_of(signed_in(named).get(first))
    signed_in(named).post(first)
    signed_in(unnamed).post(second)
    assert Grant.objects.filter(source_kind="redeem_code").count() == 2
    page = signed_in(buyer).get(order_page(batch))
    for words in ("已兑换 2 / 3", "小周", "一位学员"):
        assert words in text_of(page), words
    for person in (named, unnamed):
        assert person.email not in page.text
    assert first not in page.text  # used up: nothing to hand over
    assert links(batch)[2] in page.text


def test_the_link_of_each_seat_that_is_free_is_copied_with_one_tap(shop, buyer):
    batch = bought(shop, buyer)
    first, *free = links(batch)
    signed_in(UserFactory()).post(first)
    page = signed_in(buyer).get(order_page(batch)).text
    assert re.findall(r'<rz-share[^>]* data-url="([^"]+)"', page) == free
    assert page.count("data-copy") == len(free)


def test_of_several_acts_on_a_page_of_finance_one_is_filled(shop, buyer):
    batch = bought(shop, buyer)
    page = at_desk(roles.FINANCE).get(reverse("money-batches:inspect", args=[batch.pk])).text
    for name, kind in (("csv", "button"), ("revoke", "button button-secondary")):
        address = reverse(f"money-batches:{name}", args=[batch.pk])
        assert f'<a class="{kind}" href="{address}">' in page


def test_the_table_has_a_link_for_each_and_runs_nothing(shop, buyer):
    batch = bought(shop, buyer)
    signed_in(UserFactory(name="=1+1")).post(links(batch)[0])
    assert batch.order is not None
    answer = signed_in(buyer).get(reverse("seats_csv", args=[batch.order.key]))
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(body)))
    assert [row["链接"] for row in rows] == links(batch)
    assert [row["状态"] for row in rows] == ["已兑换", "未兑换", "未兑换"]
    assert rows[0]["兑换人"] == "'=1+1"
    other = signed_in(UserFactory())
    for name in ("seats_csv", "seats_send"):
        assert other.get(reverse(name, args=[batch.order.key])).status_code == 404


def test_each_address_gets_one_mail_with_a_seat_of_its_own(shop, buyer):
    batch = bought(shop, buyer)
    assert batch.order is not None
    me, address = signed_in(buyer), reverse("seats_send", args=[batch.order.key])
    typed = "a@example.com\nB@example.com， a@example.com"
    assert me.post(address, {"addresses": typed}).status_code == 302
    me.post(address, {"addresses": typed})
    letters = OutboxMessage.objects.filter(to__in=["a@example.com", "b@example.com"])
    assert [letter.to for letter in letters.order_by("pk")] == ["a@example.com", "b@example.com"]
    for letter, link in zip(letters.order_by("pk"), links(batch), strict=False):
        assert link in letter.text
    too_many = me.post(address, {"addresses": "c@example.com d@example.com"})
    assert "邮箱比剩下的名额多" in text_of(too_many)
    assert "c@example.com" in too_many.text  # what was typed is there still
    assert not OutboxMessage.objects.filter(to="c@example.com").exists()


@pytest.mark.parametrize("typed", ["", "nobody", "a@example.com nobody", "x" * 50_001])
def test_a_list_that_is_none_is_refused_and_nobody_is_mailed(shop, buyer, typed):
    batch = bought(shop, buyer, 2)
    assert batch.order is not None
    address = reverse("seats_send", args=[batch.order.key])
    assert signed_in(buyer).post(address, {"addresses": typed}).status_code == 200
    assert set(OutboxMessage.objects.values_list("to", flat=True)) == {buyer.email}


def test_lists_are_sent_so_often_and_no_more(shop, buyer, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"seats": "1/h/user"}
    batch = bought(shop, buyer)
    assert batch.order is not None
    me, address = signed_in(buyer), reverse("seats_send", args=[batch.order.key])
    me.post(address, {"addresses": "a@example.com"})
    assert me.post(address, {"addresses": "b@example.com"}).status_code == 429


def test_a_refund_shuts_every_seat_as_was_said_before(shop, buyer):
    batch = bought(shop, buyer)
    used, unused, _third = links(batch)
    colleague = UserFactory()
    signed_in(colleague).post(used)
    assert batch.order is not None
    asking = signed_in(buyer).get(reverse("order_refund", args=[batch.order.key]))
    assert "包括已领取的 1 个" in text_of(asking)
    refund_requests.approve(
        order=batch.order, reason="x", actor=UserFactory(), now=site_clock.now()
    )
    shop.run_jobs()
    shop.deliver()
    assert Grant.objects.get(learner=colleague).withdrawn_at is not None
    told = OutboxMessage.objects.get(user=colleague)
    assert told.subject == f"《{batch.course}》不再对你开放"
    assert "已收回" in text_of(signed_in(UserFactory()).post(unused, follow=True))
    send = reverse("seats_send", args=[batch.order.key])
    assert signed_in(buyer).get(send).status_code == 302


def test_finance_reads_what_closed_a_seat(shop, buyer):
    batch = bought(shop, buyer)
    order, colleague, lucky = batch.order, UserFactory(), UserFactory()
    assert order
    assert order.charge_id
    assert batch.course
    for person, link in zip((colleague, lucky), links(batch), strict=False):
        signed_in(person).post(link)
    desk = at_desk(roles.FINANCE)
    lesson = batch.course.get_children().last()

    def why(person):
        query = {"email": person.email, "lesson": lesson.pk}
        return text_of(desk.get(reverse("money-why:index"), query))

    disputes.open_dispute(order.charge_id, now=site_clock.now())
    shop.deliver()
    for person in (colleague, lucky):
        assert why(person).count(f"银行正在处理《慢慢变强》的付款争议（订单 {order.number}）") == 1
    assert order.number not in why(buyer)
    disputes.close_dispute(Dispute.objects.get().stripe_id, won=False, now=site_clock.now())
    shop.deliver()
    assert f"银行退回了《慢慢变强》的付款（订单 {order.number}）" in why(colleague)


def test_finance_reads_that_a_seat_was_given_back(shop, buyer):
    batch = bought(shop, buyer)
    order, colleague = batch.order, UserFactory()
    assert order
    assert batch.course
    signed_in(colleague).post(links(batch)[0])
    refund_requests.approve(order=order, reason="x", actor=UserFactory(), now=site_clock.now())
    shop.run_jobs()
    shop.deliver()
    lesson = batch.course.get_children().last()
    query = {"email": colleague.email, "lesson": lesson.pk}
    answer = text_of(at_desk(roles.FINANCE).get(reverse("money-why:index"), query))
    assert answer.count(f"《慢慢变强》的付款已退款（订单 {order.number}）") == 1


def test_more_seats_cost_no_more_queries(shop, buyer):
    few_seats, many_seats = bought(shop, buyer, 2), bought(shop, buyer, 40)
    for batch in (few_seats, many_seats):
        for link in links(batch)[:2]:
            signed_in(UserFactory()).post(link)
    me, found = signed_in(buyer), []
    pages = [order_page(batch) for batch in (few_seats, many_seats)]
    me.get(pages[0])
    for page in pages:
        with CaptureQueriesContext(connection) as asked:
            me.get(page)
        found.append(len(asked))
    assert found[0] == found[1]


def test_the_addresses_of_colleagues_are_in_the_buyers_data_and_go_with_the_account(shop, buyer):
    batch = bought(shop, buyer)
    assert batch.order is not None
    address = reverse("seats_send", args=[batch.order.key])
    signed_in(buyer).post(address, {"addresses": "a@example.com"})
    assert b"seats_mailed" in privacy.export(buyer)
    privacy.erase(user=buyer, now=site_clock.now())
    assert not batch.codes.exclude(sent_to="").exists()
    signed_in(UserFactory()).post(links(batch)[0])
    assert Grant.objects.get().course == batch.course
