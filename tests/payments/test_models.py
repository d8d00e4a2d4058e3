"""What the database itself holds about offers, prices, orders and the books."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from wagtail.log_actions import log
from wagtail.models import ModelLogEntry

from payments import live_orders
from payments.models import MoneyEntry, Offer, Order, Price, RefundRequest
from payments.models.books import BooksAreAppendOnly
from payments.models.offers import TermsAreFixed
from payments.sandbox.checks import no_live_orders_beside_the_sandbox
from tests.factories import MembershipFactory, UserFactory, course
from tests.payments.factories import (
    ACCOUNT,
    NOW,
    FapiaoFactory,
    InvoiceFactory,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    course_price,
    membership_prices,
)

pytestmark = pytest.mark.django_db


def refused():
    return pytest.raises(IntegrityError)


def test_an_offer_sells_exactly_one_thing():
    with refused(), transaction.atomic():
        Offer.objects.create(kind="one_off")
    with refused(), transaction.atomic():
        Offer.objects.create(kind="one_off", course=course(), membership=MembershipFactory())


@pytest.mark.parametrize(
    "terms",
    [
        {"kind": "recurring"},
        {"kind": "one_off", "interval": "month"},
        {"kind": "term"},
        {"kind": "term", "term_months": 0},
        {"kind": "one_off", "term_months": 12},
        {"kind": "one_off", "trial_days": 7},
    ],
)
def test_terms_that_make_no_sense_are_refused(terms):
    with refused(), transaction.atomic():
        Offer.objects.create(membership=MembershipFactory(), **terms)


def test_a_course_cannot_renew():
    with refused(), transaction.atomic():
        Offer.objects.create(course=course(), kind="recurring", interval="month")


def test_the_terms_of_a_priced_offer_are_fixed_but_it_can_be_ended():
    offer = PriceFactory().offer
    offer.is_active = False
    offer.save()
    offer.interval = "year"
    with pytest.raises(TermsAreFixed):
        offer.save()


def test_an_offer_without_a_price_may_still_change():
    offer = OfferFactory()
    offer.interval = "year"
    offer.save()
    assert Offer.objects.get().interval == "year"


def test_a_price_never_changes():
    price = PriceFactory()
    price.amount = 1
    with pytest.raises(TermsAreFixed):
        price.save()
    assert Price.objects.get().amount == 3900


def test_one_price_is_in_force_per_offer_and_currency():
    price = PriceFactory()
    with refused(), transaction.atomic():
        PriceFactory(offer=price.offer)
    PriceFactory(offer=price.offer, currency="USD")
    PriceFactory(offer=price.offer, is_active=False)


@pytest.mark.parametrize("fields", [{"currency": "cny"}, {"currency": "元"}, {"amount": -1}])
def test_a_price_is_not_negative_and_its_currency_is_a_code(fields):
    with refused(), transaction.atomic():
        PriceFactory(**fields)


def test_a_buyer_has_one_open_order_per_price():
    order = OrderFactory()
    with refused(), transaction.atomic():
        OrderFactory(buyer=order.buyer, price=order.price)
    OrderFactory(buyer=order.buyer, price=order.price, status=Order.Status.EXPIRED)
    OrderFactory(buyer=order.buyer, price=order.price, livemode=True)


def test_an_order_cannot_be_done_without_having_been_paid():
    with refused(), transaction.atomic():
        OrderFactory(status=Order.Status.FULFILLED)


def enter(order):
    return MoneyEntry.objects.create(
        account=ACCOUNT,
        stripe_id="txn_1",
        kind="charge",
        order=order,
        source="ch_1",
        amount=9900,
        currency="CNY",
        settled_amount=9900,
        settled_fee=300,
        settled_net=9600,
        settled_currency="CNY",
        booked_at=NOW,
        recorded_at=NOW,
    )


def test_the_books_are_append_only():
    entry = enter(OrderFactory(fulfilled=True))
    with pytest.raises(BooksAreAppendOnly):
        entry.save()
    with pytest.raises(BooksAreAppendOnly):
        entry.delete()
    with pytest.raises(BooksAreAppendOnly):
        MoneyEntry.objects.all().delete()
    with pytest.raises(BooksAreAppendOnly):
        MoneyEntry.objects.update(amount=1)


def test_the_demo_prices_can_be_modelled():
    prices = membership_prices()
    assert {name: str(price.offer.terms) for name, price in prices.items()}
    assert course_price(course()).offer.course
    assert UserFactory().orders.count() == 0


def test_the_database_itself_keeps_prices_and_books_from_changing():
    price = PriceFactory()
    with pytest.raises(DatabaseError), transaction.atomic():
        Price.objects.update(amount=1)
    assert Price.objects.filter(pk=price.pk).update(is_active=False) == 1
    order = OrderFactory(fulfilled=True)
    enter(order)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE payments_moneyentry SET amount = 1")


def test_the_sandbox_refuses_to_stand_beside_live_orders():
    assert not live_orders.exist()
    OrderFactory(livemode=True)
    assert live_orders.exist()
    errors = no_live_orders_beside_the_sandbox(None, databases=["default"])
    assert [error.id for error in errors] == ["sandbox.E002"]


def test_a_membership_is_not_on_sale_for_good():
    membership = MembershipFactory()
    with refused(), transaction.atomic():
        Offer.objects.create(kind="one_off", membership=membership)
    assert Offer.objects.create(kind="one_off", membership=membership, is_active=False).pk


def go_to(name: str) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate([("payments", name)])
    return executor.loader.project_state([("payments", name)]).apps


def last_migration() -> str:
    [(_app, last)] = MigrationExecutor(connection).loader.graph.leaf_nodes("payments")
    return last


@pytest.mark.django_db(transaction=True)
def test_earlier_bills_learn_what_they_were_for():
    price = membership_prices()["year"]
    price.stripe_prices.create(account=ACCOUNT, stripe_id="price_year")
    pricing = {"price_details": {"price": "price_year"}}
    lines = [{"amount": 36500, "pricing": pricing}, {"amount": -100, "pricing": None}]
    bill = InvoiceFactory(object={"lines": {"data": lines}})
    other = InvoiceFactory(object={"lines": {"data": lines[1:]}})
    try:
        go_to("0022_refund_requests_to_be_confirmed")
    finally:
        go_to(last_migration())
    bill.refresh_from_db()
    other.refresh_from_db()
    assert (bill.offer, other.offer) == (price.offer, None)


@pytest.mark.django_db(transaction=True)
def test_memberships_once_sold_for_good_are_taken_off_sale_and_kept():
    try:
        old = go_to("0019_missed_events_of_a_comparison")
        offers = old.get_model("payments", "Offer").objects
        membership = old.get_model("courses", "Membership").objects.create(
            name="书友", slug="friends"
        )
        for_good = offers.create(kind="one_off", membership=membership)
        term = offers.create(kind="term", term_months=12, membership=membership)
    finally:
        go_to(last_migration())
    assert not Offer.objects.get(pk=for_good.pk).is_active
    assert Offer.objects.get(pk=term.pk).is_active


@pytest.mark.django_db(transaction=True)
def test_what_a_refusal_was_written_over_is_told_by_the_log():
    order, proposer, second = OrderFactory(), UserFactory(), UserFactory()
    refused = {"status": "declined", "reason": "y", "decided_by": second, "decided_at": NOW}
    proposed, asked = (
        RefundRequest.objects.create(order=order, created_at=NOW, **refused) for _ in range(2)
    )
    log(instance=proposed, action="payments.propose", user=proposer, data={"reason": "x"})
    log(instance=proposed, action="payments.decline", user=second, data={"reason": "y"})
    log(instance=asked, action="payments.decline", user=second, data={"reason": "y"})
    at = ModelLogEntry.objects.get(action="payments.propose").timestamp
    try:
        go_to("0030_days_of_subscriptions_and_refunds")
    finally:
        go_to(last_migration())
    for row, decided in ((proposed, ("x", proposer, at)), (asked, ("", None, None))):
        row.refresh_from_db()
        assert (row.reason, row.decided_by, row.decided_at) == decided
        assert (row.decline_reason, row.declined_by, row.declined_at) == ("y", second, NOW)


@pytest.mark.django_db(transaction=True)
def test_digital_fapiaos_that_stood_under_one_number_are_set_apart():
    digital, paper = "26117000000123456789", "00123456"
    rows = [FapiaoFactory(issued=True, asked_at=NOW + timedelta(hours=hour)) for hour in range(4)]
    try:
        old = go_to("0027_how_orders_were_paid").get_model("payments", "Fapiao").objects
        for row, number in zip(rows, (paper, digital, digital, paper), strict=True):
            old.filter(pk=row.pk).update(number=number)
    finally:
        go_to(last_migration())
    for row in rows:
        row.refresh_from_db()
    later = f"{digital}-{rows[2].pk}"
    assert [row.number for row in rows] == [paper, digital, later, paper]
