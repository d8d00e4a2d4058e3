"""Over each listing finance types a number, an id of Stripe's, an e-mail or words."""

import pytest
from django.urls import reverse

from payments.models import Invoice, Order, Refund, Subscription
from tests.accounts.factories import UserFactory
from tests.factories import course
from tests.payments.factories import (
    DisputeFactory,
    FapiaoFactory,
    GiftFactory,
    InvoiceFactory,
    OrderFactory,
    RefundFactory,
    SubscriptionFactory,
    course_price,
)
from tests.payments.test_admin_listings import money_entry

pytestmark = pytest.mark.django_db


def found(desk, viewset: str, typed: str) -> list[int]:
    answer = desk.get(reverse(f"{viewset}:index"), {"q": typed})
    return [row.pk for row in answer.context["object_list"]]


@pytest.fixture
def two():
    """An order, and another beside it."""
    wanted = OrderFactory(
        fulfilled=True,
        buyer=UserFactory(email="Lin.Lan@example.org", name="林岚"),
        price=course_price(course(title="先有人，后有货")),
        payment_intent_id="pi_3QabcDEF",
    )
    OrderFactory(fulfilled=True, price=course_price(course(title="别的课")))
    return wanted


@pytest.mark.parametrize(
    "typed", ["lin.lan@EXAMPLE.org", "林岚", "先有人", "pi_3QabcDEF", " pi_3QabcDEF ", "3Qabc"]
)
def test_an_order_is_found_by(desk, two, typed):
    assert found(desk, "money-orders", typed) == [two.pk]


@pytest.mark.parametrize("typed", ["nobody@example.org", "pi_none", "没有", "' OR 1=1 --", "%"])
def test_what_is_not_there_is_not_found(desk, two, typed):
    assert found(desk, "money-orders", typed) == []


def test_an_id_that_is_only_a_part_is_found_too(desk, two):
    Order.objects.filter(pk=two.pk).update(session_id="cs_test_a1b2")
    assert found(desk, "money-orders", "cs_test_a1") == [two.pk]


def test_what_belongs_to_an_order_is_found_by_the_orders_number(desk, two):
    RefundFactory()
    DisputeFactory()
    refund = RefundFactory(order=two)
    dispute = DisputeFactory(order=two)
    gift = GiftFactory(order__price=course_price(course()))
    assert found(desk, "money-refunds", two.number) == [refund.pk]
    assert found(desk, "money-refunds", f"#{two.number.lower()}") == [refund.pk]
    assert found(desk, "money-disputes", two.number) == [dispute.pk]
    assert found(desk, "money-gifts", gift.order.number) == [gift.pk]
    assert Refund.objects.count() == 2


def test_a_subscription_and_its_bills_are_found_by_the_orders_number(desk):
    SubscriptionFactory()
    wanted = SubscriptionFactory()
    bill = InvoiceFactory(subscription=wanted)
    order = OrderFactory(fulfilled=True, price__offer=wanted.offer, subscription=wanted)
    assert found(desk, "money-subscriptions", order.number) == [wanted.pk]
    assert found(desk, "money-invoices", order.number) == [bill.pk]
    assert found(desk, "money-subscriptions", wanted.stripe_id) == [wanted.pk]
    assert (Subscription.objects.count(), Invoice.objects.count()) == (2, 1)


def test_where_nobody_has_an_address_none_is_found(desk):
    assert found(desk, "money-differences", "lin.lan@example.org") == []


def test_an_order_is_found_by_the_id_of_what_hangs_on_it(desk, two):
    dispute = DisputeFactory(order=two)
    refund = RefundFactory(order=two)
    money_entry("txn_of_two", two)
    subscription = SubscriptionFactory()
    order = OrderFactory(fulfilled=True, price__offer=subscription.offer, subscription=subscription)
    bill = InvoiceFactory(subscription=subscription)
    for stripe_id in (dispute.stripe_id, refund.stripe_id, "txn_of_two"):
        assert found(desk, "money-orders", stripe_id) == [two.pk], stripe_id
    for stripe_id in (subscription.stripe_id, bill.stripe_id):
        assert found(desk, "money-orders", stripe_id) == [order.pk], stripe_id


def test_a_fapiao_is_found_by_a_tax_number_that_could_be_an_orders(desk):
    FapiaoFactory(tax_number="91110000600037341L")
    wanted = FapiaoFactory(tax_number="91110000802100433B")
    assert found(desk, "money-fapiao", "91110000802100433B") == [wanted.pk]
