"""A bank disputes a payment: access is withheld, finance has what speaks for it, and answers."""

import pytest
from django.urls import reverse

from accounts import roles
from courses import access
from learning import progress
from operations import clock as site_clock
from payments.models import Dispute
from payments.sandbox import disputes
from payments.sandbox.models import StripeObject
from tests.factories import course
from tests.payments.factories import DisputeFactory, course_price, membership_prices
from tests.payments.staff import at_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def page():
    return course(title="一群人的生意", lessons=2)


@pytest.fixture
def disputed(shop, buyer, page):
    order = shop.buy(buyer, course_price(page))
    lesson = page.get_children().last().specific
    progress.mark(learner=buyer, lesson=lesson, done=True, now=site_clock.now())
    disputes.open_dispute(order.charge_id, site_clock.now())
    shop.deliver()
    return order


def detail(desk):
    return desk.get(reverse("money-disputes:inspect", args=[Dispute.objects.get().pk])).text


def test_finance_finds_what_speaks_for_the_payment(shop, buyer, page, disputed):
    desk = at_desk(roles.FINANCE)
    assert "待答复的争议" in desk.get("/admin/").text
    listing = desk.get(reverse("money-disputes:index"), {"to_answer": "true"}).text
    assert disputed.number in listing
    text = detail(desk)
    for words in (
        "等待我方答复",
        "答复期限",
        "暂停",
        "按所示价格下单",
        "开通：一群人的生意",
        "1 讲，其中学完 1 讲",
    ):
        assert words in text, words
    assert not access.to_course(buyer, page).has_grant
    order_page = desk.get(reverse("money-orders:inspect", args=[disputed.pk])).text
    assert "此人有一笔付款被争议" in order_page


def test_won_it_is_open_again_and_nobody_is_flagged(shop, buyer, page, disputed):
    dispute = StripeObject.objects.get(kind="dispute")
    disputes.close_dispute(dispute.stripe_id, won=True, now=site_clock.now())
    shop.deliver()
    desk = at_desk(roles.FINANCE)
    text = detail(desk)
    assert "胜诉" in text
    assert "答复期限" not in text
    assert access.to_course(buyer, page).has_grant
    assert "被争议" not in desk.get(reverse("money-orders:inspect", args=[disputed.pk])).text
    listing = desk.get(reverse("money-disputes:index"), {"to_answer": "true"}).text
    assert disputed.number not in listing


def test_of_a_membership_all_that_was_studied_counts(shop, buyer):
    order = shop.buy(buyer, membership_prices()["month"])
    invoice = order.subscription.invoices.get()
    charge = StripeObject.objects.get(kind="charge", data__payment_intent=invoice.payment_intent_id)
    disputes.open_dispute(charge.stripe_id, site_clock.now())
    shop.deliver()
    text = detail(at_desk(roles.FINANCE))
    assert order.number in text
    assert "没有学过" in text


def test_nobody_elses_page(disputed):
    assert at_desk(roles.EDITOR).get(reverse("money-disputes:index")).status_code in (302, 403)


def test_more_rows_ask_no_more(django_assert_max_num_queries):
    desk = at_desk(roles.FINANCE)
    for _ in range(12):
        DisputeFactory()
    with django_assert_max_num_queries(16):
        assert desk.get(reverse("money-disputes:index")).status_code == 200
