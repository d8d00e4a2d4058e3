"""What an order that was paid once opens, from facts alone: rows, no Stripe behind them."""

from datetime import timedelta

import pytest

from courses.models import Grant
from payments import entitlement
from payments.models import Offer, Order
from tests.factories import MembershipFactory, UserFactory, bundle, course
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    InvoiceFactory,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    PromotionFactory,
    RefundFactory,
    SubscriptionFactory,
    bundle_price,
    course_price,
    membership_prices,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def grant(learner, **fields):
    usual = {"source_kind": Grant.Source.PURCHASE, "source_id": f"another {Grant.objects.count()}"}
    return Grant.objects.create(
        **usual | {"learner": learner, "starts_at": NOW - 10 * DAY} | fields
    )


def keep(order, pages):
    """As what was in the bundle."""
    for position, page in enumerate(pages):
        order.contents.create(course=page, position=position)


def paid(price, **fields):
    return OrderFactory(price=price, fulfilled=True, **fields)


# --- whether it is had already -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "had"),
    [
        ({}, True),
        ({"source_kind": "gift"}, True),
        ({"source_kind": "redeem_code"}, True),
        ({"source_kind": "subscription"}, True),
        ({"source_kind": "enrolment"}, True),
        ({"source_kind": "staff"}, False),  # what is bought beside stays when that ends
        ({"withdrawn_at": NOW - DAY}, False),
        ({"ends_at": NOW - DAY}, False),
        ({"ends_at": NOW + DAY}, True),
    ],
)
def test_a_course_is_had_by_what_was_paid_for_it_otherwise(fields, had):
    order = paid(course_price(course()))
    page = order.price.offer.course
    grant(UserFactory(), course=page)
    grant(order.buyer, course=course())
    grant(order.buyer, course=page, source_id=order.source_id)  # its own
    assert not entitlement.has_already(order)
    grant(order.buyer, course=page, **fields)
    assert entitlement.has_already(order) is had


def test_what_is_for_others_is_never_had_already():
    order = paid(course_price(course()), purpose=Order.Purpose.GIFT)
    grant(order.buyer, course=order.price.offer.course)
    assert not entitlement.has_already(order)


def test_an_order_that_is_not_paid_yet_is_looked_at_as_of_its_making():
    order = OrderFactory(price=course_price(course()), created_at=NOW)
    grant(order.buyer, course=order.price.offer.course, ends_at=NOW + DAY)
    assert entitlement.has_already(order)
    Grant.objects.update(ends_at=NOW - DAY)
    assert not entitlement.has_already(order)


def test_of_a_bundle_every_course_must_be_had():
    pages = [course(), course()]
    order = paid(bundle_price(bundle(*pages)))
    keep(order, pages)
    grant(order.buyer, course=pages[0])
    grant(order.buyer, course=pages[1], source_id=order.source_id)
    assert not entitlement.has_already(order)
    grant(UserFactory(), course=pages[1])
    assert not entitlement.has_already(order)
    grant(order.buyer, course=pages[1])
    assert entitlement.has_already(order)


def test_a_subscriptions_own_access_is_not_another():
    price = membership_prices()["month"]
    row = SubscriptionFactory(offer=price.offer)
    order = paid(price, buyer=row.learner, subscription=row)
    own = {"source_kind": "subscription", "source_id": row.source_id}
    grant(row.learner, membership=price.offer.membership, **own)
    assert not entitlement.has_already(order)
    grant(row.learner, membership=price.offer.membership, source_kind="subscription")
    assert entitlement.has_already(order)


@pytest.mark.parametrize(
    ("days", "kind", "had"),
    [
        (30, "purchase", False),
        (31, "purchase", True),
        (30, "gift", False),
        (30, "subscription", True),
        (None, "purchase", True),
    ],
)
def test_a_term_bought_in_the_last_days_of_another_follows_it(days, kind, had):
    price = membership_prices()["term"]
    order = paid(price)
    ends_at = None if days is None else NOW + days * DAY
    grant(order.buyer, membership=price.offer.membership, ends_at=ends_at, source_kind=kind)
    assert entitlement.has_already(order) is had


def test_a_term_that_is_not_paid_yet_follows_nothing():
    price = membership_prices()["term"]
    order = OrderFactory(price=price)
    grant(order.buyer, membership=price.offer.membership, ends_at=NOW + DAY)
    assert entitlement.has_already(order)


def test_a_term_begins_where_the_last_one_bought_ends():
    price = membership_prices()["term"]
    order = paid(price)
    membership = price.offer.membership
    assert entitlement.end_of_standing_term(order.buyer, price.offer, at=NOW) is None
    for fields in (
        {"membership": membership, "ends_at": NOW + 90 * DAY, "withdrawn_at": NOW},
        {"membership": membership, "ends_at": NOW + 90 * DAY, "source_kind": "subscription"},
        {"membership": membership, "ends_at": NOW - DAY},
        {"membership": membership, "ends_at": NOW},
        {"membership": membership, "ends_at": None},
        {"membership": MembershipFactory(), "ends_at": NOW + 90 * DAY},
    ):
        grant(order.buyer, **fields)
    grant(UserFactory(), membership=membership, ends_at=NOW + 90 * DAY)
    assert entitlement.end_of_standing_term(order.buyer, price.offer, at=NOW) is None
    grant(order.buyer, membership=membership, ends_at=NOW + 5 * DAY)
    grant(order.buyer, membership=membership, ends_at=NOW + 20 * DAY, source_kind="gift")
    assert entitlement.end_of_standing_term(order.buyer, price.offer, at=NOW) == NOW + 20 * DAY


# --- what withholds it ---------------------------------------------------------------------------


def test_parts_that_add_up_to_all_give_it_back_and_failed_ones_do_not():
    order = paid(course_price(course()))
    RefundFactory(order=order, amount=9900, status="failed")
    RefundFactory(order=order, amount=4000, created_at=NOW + DAY)
    RefundFactory(order=order, amount=5899, created_at=NOW + DAY)
    assert entitlement.given_back(order) is None
    last = RefundFactory(order=order, amount=1, created_at=NOW + 2 * DAY)
    assert entitlement.given_back(order) == last.created_at
    assert entitlement.withdrawn(order) == last.created_at


def test_a_bill_is_given_back_by_what_was_paid_of_it():
    bill = InvoiceFactory(amount_due=9900, amount_paid=3900)
    RefundFactory(invoice=bill, amount=3899)
    assert entitlement.given_back(bill) is None
    RefundFactory(invoice=bill, amount=1, created_at=NOW + DAY)
    assert entitlement.given_back(bill) == NOW + DAY


def test_what_was_ended_counts_as_given_back():
    free = {"amount": 0, "discount": 9900, "promotion": PromotionFactory(percent=100)}
    order = paid(course_price(course()), ended_at=NOW + DAY, **free)
    assert entitlement.given_back(order) == NOW + DAY


@pytest.mark.parametrize(
    ("status", "withheld"),
    [("needs_response", True), ("lost", True), ("won", False), ("warning_needs_response", False)],
)
def test_a_dispute_withholds_it_from_the_first_on_unless_it_is_won(status, withheld):
    order = paid(course_price(course()))
    DisputeFactory(order=order, status="won", created_at=NOW)
    DisputeFactory(order=order, status=status, created_at=NOW + 3 * DAY)
    DisputeFactory(order=order, status=status, created_at=NOW + 2 * DAY)
    assert entitlement.withdrawn(order) == (NOW + 2 * DAY if withheld else None)


# --- what is declared ----------------------------------------------------------------------------


def settled(order):
    entitlement.settle(order, now=NOW)
    order.refresh_from_db()
    return Grant.objects.filter(source_id=order.source_id)


def test_paid_and_fulfilled_it_opens_for_its_time():
    price = membership_prices()["term"]
    order = paid(price, starts_at=NOW, ends_at=NOW + 365 * DAY)
    [opened] = settled(order)
    assert (opened.learner, opened.membership) == (order.buyer, price.offer.membership)
    assert (opened.starts_at, opened.ends_at) == (NOW, NOW + 365 * DAY)
    assert (opened.source_kind, opened.withdrawn_at) == ("purchase", None)


def test_without_a_day_it_opens_from_when_it_was_ordered():
    order = paid(course_price(course()), created_at=NOW - DAY)
    [opened] = settled(order)
    assert (opened.starts_at, opened.ends_at) == (NOW - DAY, None)


def test_a_bundle_opens_what_was_in_it_when_it_was_seen():
    pages = [course(), course()]
    order = paid(bundle_price(bundle(*pages, course())))
    keep(order, pages)
    assert {each.course.pk for each in settled(order)} == {page.pk for page in pages}


@pytest.mark.parametrize("fields", [{}, {"note": Order.Note.BOUGHT_TWICE}])
def test_before_it_is_fulfilled_it_opens_nothing(fields):
    order = OrderFactory(
        price=course_price(course()), status=Order.Status.PAID, paid_at=NOW, **fields
    )
    assert not settled(order)
    RefundFactory(order=order)
    stones = settled(order)  # what comes later finds it shut
    assert [each.withdrawn_at for each in stones] == ([] if fields else [NOW])
    assert order.status == Order.Status.REFUNDED


def test_what_renews_itself_declares_its_own():
    price = PriceFactory(offer=OfferFactory(kind=Offer.Kind.RECURRING))
    order = paid(price)
    RefundFactory(order=order)
    assert not settled(order)
    assert order.status == Order.Status.FULFILLED


def test_a_refund_shuts_it_and_one_that_fails_opens_it_again():
    order = paid(course_price(course()))
    refund = RefundFactory(order=order)
    [shut] = settled(order)
    assert (shut.withdrawn_at, order.status) == (NOW, Order.Status.REFUNDED)
    refund.status = "failed"
    refund.save()
    [opened] = settled(order)
    assert (opened.withdrawn_at, order.status) == (None, Order.Status.FULFILLED)


def test_a_dispute_shuts_it_and_the_order_stays_as_it_was():
    order = paid(course_price(course()))
    DisputeFactory(order=order)
    [shut] = settled(order)
    assert (shut.withdrawn_at, order.status) == (NOW, Order.Status.FULFILLED)


def test_what_was_refunded_and_is_disputed_stays_refunded():
    order = paid(course_price(course()))
    order.status = Order.Status.REFUNDED
    order.save()
    DisputeFactory(order=order)
    settled(order)
    assert order.status == Order.Status.REFUNDED


def test_what_failed_is_not_made_refunded():
    order = OrderFactory(price=course_price(course()), status=Order.Status.FAILED)
    RefundFactory(order=order)
    settled(order)
    assert order.status == Order.Status.FAILED
