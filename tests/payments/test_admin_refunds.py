"""Finance gives money back, once and with a reason; learners' wishes are approved or declined."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts import roles
from accounts.models import OutboxMessage
from courses import access
from operations import clock as site_clock
from payments import refund_requests
from payments.models import Order, Refund, RefundRequest
from tests.factories import course
from tests.payments.factories import OrderFactory, course_price, membership_prices
from tests.payments.staff import at_desk, somebody

pytestmark = pytest.mark.django_db


@pytest.fixture
def bought(shop, buyer):
    return shop.buy(buyer, course_price(course(lessons=2)))


def test_a_full_refund_says_what_will_happen_and_happens_once(shop, buyer, bought):
    desk = at_desk(roles.FINANCE)
    address = reverse("money-orders:refund", args=[bought.pk])
    page = desk.get(address).text
    assert "¥99" in page
    assert buyer.email in page
    assert not Refund.objects.exists()
    for _ in range(2):
        answer = desk.post(address, {"amount": "99.00", "reason": "内容与介绍不符", "seen": 9900})
        assert answer.status_code == 302
    shop.deliver()
    bought.refresh_from_db()
    assert bought.status == Order.Status.REFUNDED
    assert Refund.objects.get().amount == 9900
    request = RefundRequest.objects.get()
    assert (request.reason, request.decided_by) == ("内容与介绍不符", somebody(desk))
    assert not access.to_course(buyer, bought.price.offer.course).has_grant
    detail = desk.get(reverse("money-orders:inspect", args=[bought.pk])).text
    assert address not in detail
    lesson = bought.price.offer.course.get_children().last()
    query = {"email": buyer.email, "lesson": lesson.pk}
    why = desk.get(reverse("money-why:index"), query).text
    assert f"的付款已退款（订单 {bought.number}）" in why
    assert "这笔付款已退款" in why


def test_an_old_page_gives_no_second_part_back(shop, bought):
    desk = at_desk(roles.FINANCE)
    address = reverse("money-orders:refund", args=[bought.pk])
    old = {"amount": "20", "reason": "少了一讲", "seen": "9900"}
    assert 'name="seen" value="9900"' in desk.get(address).text
    assert desk.post(address, old).status_code == 302
    shop.deliver()
    answer = desk.post(address, old)  # by the browser's back button
    assert answer.status_code == 200
    assert "还剩 ¥79" in answer.text
    assert "少了一讲" in answer.text
    assert Refund.objects.get().amount == 2000
    # Whoever has looked again may send it.
    assert 'name="seen" value="7900"' in answer.text
    assert desk.post(address, old | {"seen": "7900"}).status_code == 302
    shop.deliver()
    assert list(Refund.objects.values_list("amount", flat=True)) == [2000, 2000]


def test_a_page_that_does_not_say_what_was_left_is_shown_anew(shop, bought):
    desk = at_desk(roles.FINANCE)
    address = reverse("money-orders:refund", args=[bought.pk])
    for wanting in ({}, {"seen": ""}, {"seen": "viel"}):
        answer = desk.post(address, {"amount": "20", "reason": "少了一讲", **wanting})
        assert "还剩 ¥99" in answer.text
        assert 'name="seen" value="9900"' in answer.text
    assert not RefundRequest.objects.exists()


def test_a_refund_without_a_reason_is_asked_for_again(bought):
    desk = at_desk(roles.FINANCE)
    answer = desk.post(
        reverse("money-orders:refund", args=[bought.pk]),
        {"amount": "99", "reason": "  ", "seen": 9900},
    )
    assert answer.status_code == 200
    assert "请填写这一项" in answer.text
    assert not RefundRequest.objects.exists()


def test_a_reason_that_is_too_long_stays_in_the_field(bought):
    desk = at_desk(roles.FINANCE)
    answer = desk.post(
        reverse("money-orders:refund", args=[bought.pk]),
        {"amount": "99", "reason": "长" * 301, "seen": 9900},
    )
    assert "长" * 301 in answer.text
    assert not RefundRequest.objects.exists()


@pytest.mark.parametrize("role", [roles.EDITOR, roles.MODERATOR, roles.OPERATOR])
def test_nobody_else_refunds(role, bought):
    desk = at_desk(role)
    answer = desk.post(
        reverse("money-orders:refund", args=[bought.pk]),
        {"amount": "99", "reason": "x", "seen": 9900},
    )
    assert answer.status_code in (302, 403)
    assert not RefundRequest.objects.exists()


def test_a_refund_needs_the_page_it_is_posted_from(bought):
    desk = at_desk(roles.FINANCE)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = desk.cookies
    answer = strict.post(
        reverse("money-orders:refund", args=[bought.pk]),
        {"amount": "99", "reason": "x", "seen": 9900},
    )
    assert answer.status_code == 403
    assert not RefundRequest.objects.exists()


def test_an_order_that_was_never_paid_is_not_refunded():
    desk = at_desk(roles.FINANCE)
    order = OrderFactory(price=course_price(course()))
    assert desk.get(reverse("money-orders:refund", args=[order.pk])).status_code == 302
    assert (
        desk.post(
            reverse("money-orders:refund", args=[order.pk]),
            {"amount": "99", "reason": "x", "seen": 9900},
        ).status_code
        == 302
    )
    assert not RefundRequest.objects.exists()


def test_a_subscription_ends_with_its_payment_going_back(shop, buyer):
    desk = at_desk(roles.FINANCE)
    order = shop.buy(buyer, membership_prices()["month"])
    address = reverse("money-orders:refund", args=[order.pk])
    assert "¥39" in desk.get(address).text
    desk.post(address, {"amount": "39", "reason": "误购", "seen": 3900})
    shop.deliver()
    order.refresh_from_db()
    order.subscription.refresh_from_db()
    assert order.subscription.status == "canceled"
    assert Refund.objects.get().amount == 3900
    invoice = order.subscription.invoices.get()
    again = reverse("money-invoices:refund", args=[invoice.pk])
    assert desk.get(again).status_code == 302


def test_a_trial_that_cost_nothing_has_nothing_to_refund(shop, buyer):
    desk = at_desk(roles.FINANCE)
    order = shop.buy(buyer, membership_prices()["year"])
    address = reverse("money-orders:refund", args=[order.pk])
    assert address not in desk.get(reverse("money-orders:inspect", args=[order.pk])).text
    assert desk.post(address, {"amount": "99", "reason": "x", "seen": 9900}).status_code == 302
    assert not RefundRequest.objects.exists()


def test_an_asked_refund_is_approved(shop, buyer, bought):
    desk = at_desk(roles.FINANCE)
    asked = refund_requests.ask(order=bought, learner=buyer, note="没时间", now=site_clock.now())
    listing = desk.get(reverse("money-requests:index")).text
    assert "没时间" in listing
    desk.post(
        reverse("money-requests:approve", args=[asked.pk]),
        {"amount": "99", "reason": "在 7 天内", "seen": 9900},
    )
    shop.deliver()
    asked.refresh_from_db()
    assert asked.status == RefundRequest.Status.DONE
    assert Refund.objects.get().request == asked


def test_a_refund_begun_at_the_order_says_whose_wish_it_answers(shop, buyer, bought):
    desk = at_desk(roles.FINANCE)
    address = reverse("money-orders:refund", args=[bought.pk])
    assert "申请过退款" not in desk.get(address).text
    refund_requests.ask(order=bought, learner=buyer, note="没时间", now=site_clock.now())
    shown = desk.get(address).text
    assert f"{buyer.get_full_name() or buyer.email}" in shown
    assert "申请过退款：「没时间」" in shown
    listing = desk.get(reverse("money-requests:index")).text
    assert "¥99" in listing


def test_a_declined_refund_is_told_with_the_reason(shop, buyer, bought, run_jobs):
    desk = at_desk(roles.FINANCE)
    asked = refund_requests.ask(order=bought, learner=buyer, now=site_clock.now())
    address = reverse("money-requests:decline", args=[asked.pk])
    form = desk.get(address).content.decode()
    assert "学员会一字不差地读到它" in form
    assert "写给同事看" not in form
    desk.post(address, {"reason": "已经听完六讲"})
    run_jobs()
    asked.refresh_from_db()
    assert asked.status == RefundRequest.Status.DECLINED
    assert "已经听完六讲" in OutboxMessage.objects.get(key=f"refund-declined-{asked.pk}").text
    # Decided once: neither decision is offered or possible any more.
    desk.post(
        reverse("money-requests:approve", args=[asked.pk]),
        {"amount": "99", "reason": "doch", "seen": 9900},
    )
    run_jobs()
    asked.refresh_from_db()
    assert asked.status == RefundRequest.Status.DECLINED
    assert not Refund.objects.exists()
    assert access.to_course(buyer, bought.price.offer.course).has_grant
