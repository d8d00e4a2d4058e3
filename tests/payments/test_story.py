"""What became of an order is told in order, to staff; Stripe's ids lead to their pages there."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import mail
from accounts.models import OutboxMessage
from operations import clock as site_clock
from payments import at_stripe, refund_requests, story
from payments.models import Dispute, Order
from payments.sandbox import disputes
from tests.accounts.factories import UserFactory
from tests.factories import ArticleFactory, course
from tests.payments.factories import course_price, membership_prices

pytestmark = pytest.mark.django_db


def told(order: Order) -> list[str]:
    order.refresh_from_db()
    return [event.sentence for event in story.of(order)]


def test_seen_paid_opened_given_back_closed(desk, shop, buyer, clock):
    order = shop.buy(buyer, course_price(course(title="先有人")))
    clock.move(timedelta(hours=1))
    staff = UserFactory(name="冯出纳")
    refund_requests.approve(order=order, reason="不合适", actor=staff, now=site_clock.now())
    clock.move(timedelta(minutes=1))
    shop.run_jobs()
    shop.deliver()
    shop.run_jobs()
    sentences = told(order)
    heard = [
        "看到《先有人》标价 ¥99，并去付款。",
        "付款 ¥99。",
        "《先有人》已开通，到期：永久。",
        "冯出纳 发起退款：不合适",
        "¥99 已退回。",
        "《先有人》已关闭（系统）。",
    ]
    places = [sentences.index(each) for each in heard]
    assert places == sorted(places)
    assert sum(each.startswith("邮件") for each in sentences) == 2
    page = desk.get(reverse("money-orders:inspect", args=[order.pk])).text
    assert all(each in page for each in heard)
    assert "Fact(" not in page
    assert reverse("money-refunds:inspect", args=[order.refunds.get().pk]) in page


def test_what_finance_writes_is_not_put_into_the_buyers_mouth(shop, buyer):
    order = shop.buy(buyer, course_price(course()))
    refund_requests.ask(order=order, learner=buyer, now=site_clock.now())
    staff = UserFactory(name="冯出纳")
    refund_requests.approve(order=order, reason="团购取消", actor=staff, now=site_clock.now())
    sentences = told(order)
    assert any(each.endswith(" 申请退款。") for each in sentences)
    [decided] = [each for each in sentences if "团购取消" in each]
    assert decided.startswith("冯出纳 同意退款")


def test_where_the_buyer_came_from_is_told(shop, buyer):
    article = ArticleFactory(title="群为什么难带")
    order = shop.buy(buyer, course_price(course()))
    Order.objects.filter(pk=order.pk).update(from_page=article)
    assert "来自《群为什么难带》" in told(order)[0]


def test_a_disputed_payment_says_so(shop, buyer):
    order = shop.buy(buyer, course_price(course()))
    disputes.open_dispute(order.charge_id, site_clock.now())
    shop.deliver()
    shop.run_jobs()
    assert Dispute.objects.exists()
    assert any("提出争议" in each for each in told(order))


def test_a_membership_tells_its_trial_and_what_it_opened(shop, buyer):
    order = shop.buy(buyer, membership_prices()["year"])
    sentences = told(order)
    assert any("7 天试用" in each for each in sentences)
    assert any("已开通" in each for each in sentences)


def test_a_mail_sent_again_is_told_and_those_of_another_order_are_not(shop, buyer):
    order = shop.buy(buyer, course_price(course(title="先有人")))
    other = shop.buy(buyer, course_price(course(title="后有货")))
    first = OutboxMessage.objects.get(key=f"order-paid-{order.pk}")
    mail.send_again(first, now=site_clock.now())
    mails = [each for each in told(order) if each.startswith("邮件")]
    assert len(mails) == 2
    assert len([each for each in told(other) if each.startswith("邮件")]) == 1


def test_more_of_everything_asks_the_database_no_more(shop, buyer):
    order = shop.buy(buyer, course_price(course()))

    def asked() -> int:
        fresh = Order.objects.select_related("price__offer__course", "buyer").get(pk=order.pk)
        with CaptureQueriesContext(connection) as queries:
            story.of(fresh)
        return len(queries)

    few = asked()
    first = OutboxMessage.objects.get(key=f"order-paid-{order.pk}")
    for _ in range(5):
        mail.send_again(first, now=site_clock.now())
        order.refund_requests.create(
            asked_by=buyer, note="x", status="declined", created_at=site_clock.now()
        )
    assert asked() == few


@override_settings(STRIPE_SANDBOX=False)
@pytest.mark.parametrize(
    ("stripe_id", "livemode", "expected"),
    [
        ("pi_1", True, "https://dashboard.stripe.com/payments/pi_1"),
        ("sub_1", False, "https://dashboard.stripe.com/test/subscriptions/sub_1"),
        ("cs_test_1", False, ""),
        ("17", True, ""),
        (None, True, ""),
    ],
)
def test_an_id_leads_to_its_page_at_stripe(stripe_id, livemode, expected):
    assert at_stripe.address(stripe_id, livemode=livemode) == expected


def test_under_the_sandbox_it_leads_to_the_sandboxs_page(desk, shop, buyer):
    order = shop.buy(buyer, course_price(course()))
    address = f"/sandbox/objects/{order.payment_intent_id}/"
    assert address in desk.get(reverse("money-orders:inspect", args=[order.pk])).text
    page = desk.get(address)
    assert page.status_code == 200
    assert "payment_intent.succeeded" in page.text
    assert "&quot;amount&quot;: 9900" in page.text


def test_the_sandbox_finds_by_id_and_by_the_customers_address(desk, shop, buyer):
    order = shop.buy(buyer, course_price(course()))
    found = desk.get("/sandbox/objects/", {"q": order.charge_id})
    assert found.url == f"/sandbox/objects/{order.charge_id}/"
    by_mail = desk.get("/sandbox/objects/", {"q": buyer.email.upper()})
    assert by_mail.url.startswith("/sandbox/objects/cus_")
    assert order.payment_intent_id in desk.get(by_mail.url).text
    assert "没有这个名字" in desk.get("/sandbox/objects/", {"q": "x"}, follow=True).text
    assert desk.get("/sandbox/objects/pi_none/").status_code == 404


@override_settings(DEBUG=False)
def test_only_staff_look_into_the_sandbox(client, shop, buyer):
    order = shop.buy(buyer, course_price(course()))
    client.force_login(buyer)
    assert client.get(f"/sandbox/objects/{order.charge_id}/").status_code == 404
    assert client.get("/sandbox/objects/", {"q": order.charge_id}).status_code == 404
