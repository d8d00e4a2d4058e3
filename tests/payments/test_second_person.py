"""Above a limit two people give money back; who is alone in finance sleeps on it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts import roles
from accounts.models import OutboxMessage
from courses import access
from operations import clock as site_clock
from payments import gateway, refund_requests
from payments.models import Order, Refund, RefundRequest
from tests.factories import course
from tests.payments.factories import course_price
from tests.payments.staff import at_desk, somebody

pytestmark = pytest.mark.django_db
Status = RefundRequest.Status


@pytest.fixture
def dear(shop, buyer):
    """¥365, above the ¥300 that one person gives back alone."""
    return shop.buy(buyer, course_price(course(lessons=1), amount=36500))


@pytest.fixture
def colleague():
    return at_desk(roles.FINANCE, email="finance2@example.org")


def refund(desk, order, amount="365", **more):
    address = reverse("money-orders:refund", args=[order.pk])
    seen = refund_requests.remaining(order, None)
    typed = {"amount": amount, "reason": "内容与介绍不符", "seen": seen}
    return desk.post(address, typed | more, follow=True)


def confirm(desk, request, **more):
    return desk.post(reverse("money-requests:confirm", args=[request.pk]), follow=True, **more)


def as_its_buyer_sees(order):
    client = Client()
    client.force_login(order.buyer)
    return client.get(reverse("order", args=[order.key])).text


def detail(desk, request):
    return desk.get(reverse("money-requests:inspect", args=[request.pk])).text


def test_up_to_the_limit_one_person_is_enough(shop, buyer, desk, colleague):
    order = shop.buy(buyer, course_price(course(lessons=1), amount=30000))
    refund(desk, order, "300")
    shop.deliver()
    assert Refund.objects.get().amount == 30000


def test_above_it_a_second_one_confirms(shop, buyer, dear, desk, colleague):
    page = desk.get(reverse("money-orders:refund", args=[dear.pk])).text
    assert "超过 ¥300 的退款需要另一位财务同事确认" in page
    assert "等待同事确认" in refund(desk, dear).text
    shop.deliver()
    request = RefundRequest.objects.get()
    assert request.status == Status.PROPOSED
    assert not Refund.objects.exists()
    assert access.to_course(buyer, dear.price.offer.course).has_grant

    mine = reverse("money-requests:confirm", args=[request.pk])
    assert mine not in detail(desk, request)
    assert "需要另一位同事确认" in detail(desk, request)
    assert "这是你自己决定的，要由同事确认" in confirm(desk, request).text
    assert "已有一笔退款在等同事确认" in refund(desk, dear).text
    shop.deliver()
    assert not Refund.objects.exists()

    assert mine in detail(colleague, request)
    asked = colleague.get(mine).text
    assert "内容与介绍不符" in asked
    assert "¥365" in asked
    confirm(colleague, request)
    confirm(colleague, request)
    shop.deliver()
    request.refresh_from_db()
    dear.refresh_from_db()
    assert (request.status, dear.status) == (Status.DONE, Order.Status.REFUNDED)
    assert (request.decided_by, request.confirmed_by) == (somebody(desk), somebody(colleague))
    assert Refund.objects.get().amount == 36500


def test_where_a_currency_has_no_limit_every_refund_needs_a_second_look(shop, buyer, desk):
    price = course_price(course(lessons=1), amount=1490, currency="USD")
    address = reverse("money-orders:refund", args=[shop.buy(buyer, price).pk])
    alone = desk.get(address).text
    assert "每一笔 USD 退款都要再看一遍" in alone
    at_desk(roles.FINANCE, email="finance2@example.org")
    page = desk.get(address).text
    assert "每一笔 USD 退款都需要另一位财务同事确认" in page
    assert "US$0" not in alone + page


def test_parts_of_one_payment_count_together(shop, dear, desk, colleague):
    refund(desk, dear, "200")
    shop.deliver()
    assert Refund.objects.get().amount == 20000
    page = desk.get(reverse("money-orders:refund", args=[dear.pk])).text
    assert "分次退款合并计算：这笔付款之前已退 ¥200" in page
    refund(desk, dear, "165")
    shop.deliver()
    assert RefundRequest.objects.latest("pk").status == Status.PROPOSED
    assert Refund.objects.count() == 1


def test_who_is_alone_waits_a_day(shop, clock, dear, desk):
    assert "一天后" in desk.get(reverse("money-orders:refund", args=[dear.pk])).text
    assert "一天后可由你自己确认" in refund(desk, dear).text
    request = RefundRequest.objects.get()
    assert "起可以自己确认" in confirm(desk, request).text
    assert RefundRequest.objects.get().status == Status.PROPOSED
    again = refund(desk, dear).text
    assert "起由你自己确认，届时要再次验证身份" in again
    assert "等同事确认" not in again
    clock.move(timedelta(days=1, seconds=1))
    assert "已有一笔退款在等你确认" in refund(desk, dear).text
    assert reverse("money-requests:confirm", args=[request.pk]) in detail(desk, request)
    confirm(desk, request)
    shop.deliver()
    assert RefundRequest.objects.get().status == Status.DONE


def test_nobody_is_alone_once_there_is_a_colleague(clock, dear, desk):
    refund(desk, dear)
    clock.move(timedelta(days=2))
    at_desk(roles.FINANCE, email="finance2@example.org")
    confirm(desk, RefundRequest.objects.get())
    assert RefundRequest.objects.get().status == Status.PROPOSED


@pytest.mark.parametrize("role", [roles.EDITOR, roles.MODERATOR, roles.OPERATOR])
def test_nobody_else_confirms(role, dear, desk):
    refund(desk, dear)
    confirm(at_desk(role), RefundRequest.objects.get())
    assert RefundRequest.objects.get().status == Status.PROPOSED


def test_a_colleague_says_no_and_the_buyer_who_never_asked_is_not_told(
    shop, dear, desk, colleague, run_jobs
):
    refund(desk, dear)
    request = RefundRequest.objects.get()
    address = reverse("money-requests:decline", args=[request.pk])
    assert "没有申请过" in colleague.get(address).text
    colleague.post(address, {"reason": "已听完全部课程"})
    run_jobs()
    request.refresh_from_db()
    assert request.status == Status.DECLINED
    assert not OutboxMessage.objects.filter(key__startswith="refund").exists()
    page = as_its_buyer_sees(dear)
    assert "已听完全部课程" not in page
    assert "等待" not in page


def test_a_wish_above_the_limit_is_approved_by_two(shop, buyer, dear, desk, colleague):
    asked = refund_requests.ask(order=dear, learner=buyer, note="没时间", now=site_clock.now())
    approve = reverse("money-requests:approve", args=[asked.pk])
    desk.post(approve, {"amount": "365", "reason": "在 7 天内", "seen": 36500})
    waiting = desk.get("/admin/").text
    assert "待确认的退款" in waiting
    order_page = as_its_buyer_sees(dear)
    assert "已申请退款，会用邮件答复" in order_page
    assert "在 7 天内" not in order_page
    confirm(colleague, asked)
    shop.deliver()
    asked.refresh_from_db()
    assert asked.status == Status.DONE


def test_a_part_leaves_the_access_unless_told(shop, buyer, dear, desk):
    refund(desk, dear, "100.50")
    shop.deliver()
    dear.refresh_from_db()
    assert dear.status == Order.Status.FULFILLED
    assert Refund.objects.get().amount == 10050
    assert access.to_course(buyer, dear.price.offer.course).has_grant

    refund(desk, dear, "50", ends_access="on")
    shop.deliver()
    dear.refresh_from_db()
    assert dear.status == Order.Status.REFUNDED
    assert not access.to_course(buyer, dear.price.offer.course).has_grant


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "大于 0"),
        ("-5", "大于 0，且不超过 ¥365"),
        ("365.01", "不超过 ¥365"),
        ("1.005", "CNY"),
        ("viel", "数字"),
    ],
)
def test_a_wrong_amount_is_asked_for_again(dear, desk, amount, words):
    answer = refund(desk, dear, amount)
    assert words in answer.text
    assert f'value="{amount}"' in answer.text
    assert not RefundRequest.objects.exists()


def test_another_currency_always_needs_two(shop, buyer, desk, colleague):
    order = shop.buy(buyer, course_price(course(lessons=1), amount=1500, currency="USD"))
    refund(desk, order, "15")
    assert RefundRequest.objects.get().status == Status.PROPOSED


def test_what_stripe_gave_back_meanwhile_is_not_given_back_again(shop, dear, desk, colleague):
    refund(desk, dear)
    gateway.create_refund({"payment_intent": dear.payment_intent_id}, key="dashboard")
    shop.deliver()
    answer = confirm(colleague, RefundRequest.objects.get())
    assert "已经退回" in answer.text
    assert Refund.objects.count() == 1


def test_the_database_holds_it(shop, dear, desk, colleague):
    refund(desk, dear)
    request = RefundRequest.objects.filter()
    first, second = somebody(desk), somebody(colleague)
    now = site_clock.now()
    for change in (
        {"status": Status.APPROVED},
        {"status": Status.APPROVED, "confirmed_by": first, "confirmed_at": now},
        {"status": Status.APPROVED, "confirmed_by": first, "confirmed_at": now, "alone_from": None},
        {"needs_second": False},
        {"decided_by": None},
        {"amount": 0},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            request.update(**change)
    late = {"confirmed_by": first, "confirmed_at": now + timedelta(days=1, seconds=1)}
    for change in (
        {"status": Status.APPROVED, "confirmed_by": second, "confirmed_at": now},
        {"status": Status.APPROVED, **late},
    ):
        request.update(**change)
