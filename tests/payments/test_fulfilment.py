"""What follows from a session or a payment as Stripe tells of it: shapes, no Stripe behind them."""

from datetime import timedelta

import pytest

from accounts.models import DELETED, OutboxMessage
from courses.models import Grant
from payments import fulfilment, gateway, reserving, subscriptions
from payments.models import Difference, MoneyEntry, Offer, Order, RefundRequest
from tests.factories import course
from tests.payments.factories import (
    NOW,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    PromotionFactory,
    RefundFactory,
    course_price,
    membership_prices,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def order():
    """¥99, open, without a page yet that we know of."""
    return OrderFactory(price=course_price(course()), session_id=None)


def payment(order, **fields):
    """That succeeded a minute ago."""
    charge = {
        "id": "ch_1",
        "status": "succeeded",
        "amount": order.amount,
        "currency": "cny",
        "created": int(NOW.timestamp()) - 60,
        "balance_transaction": {
            "id": "txn_1",
            "type": "charge",
            "source": "ch_1",
            "amount": order.amount,
            "fee": 0,
            "net": order.amount,
            "currency": "cny",
            "created": int(NOW.timestamp()),
        },
    }
    return {
        "id": "pi_1",
        "status": "succeeded",
        "amount": order.amount,
        "amount_received": order.amount,
        "currency": "cny",
        "latest_charge": charge,
        "metadata": {"order": str(order.key)},
    } | fields


def session(order, **fields):
    return {
        "id": "cs_new",
        "mode": "payment",
        "status": "complete",
        "payment_status": "paid",
        "amount_total": order.amount,
        "currency": "cny",
        "total_details": {"amount_tax": 0},
        "automatic_tax": {"enabled": False},
        "payment_intent": payment(order),
        "metadata": {"order": str(order.key)},
    } | fields


def apply(order, **fields):
    fulfilment.apply_session(session(order, **fields), now=NOW)
    order.refresh_from_db()
    return order


def test_paid_it_is_entered_and_open_from_when_it_was_paid(order):
    apply(order)
    assert (order.status, order.session_id) == (Order.Status.FULFILLED, "cs_new")
    assert (order.payment_intent_id, order.charge_id) == ("pi_1", "ch_1")
    assert order.paid_at == order.starts_at == NOW - timedelta(minutes=1)
    assert (order.fulfilled_at, order.ends_at, order.note) == (NOW, None, "")
    assert Grant.objects.get(source_id=order.source_id).starts_at == order.paid_at
    assert MoneyEntry.objects.get().order == order
    assert OutboxMessage.objects.get(user=order.buyer)


def test_where_stripes_clock_is_ahead_it_is_open_at_once(order):
    ahead = payment(order)
    ahead["latest_charge"]["created"] += 600
    assert apply(order, payment_intent=ahead).paid_at == NOW


@pytest.mark.parametrize("metadata", [None, {}, {"order": "2b1c0a52-6a0a-4f43-9d5f-bf1b2ad9b0a8"}])
def test_a_session_that_is_none_of_ours_is_left_alone(order, metadata):
    apply(order, metadata=metadata)
    assert order.status == Order.Status.OPEN
    assert not MoneyEntry.objects.exists()


def test_an_order_of_another_account_is_none_of_ours(order):
    Order.objects.update(account="acct_other")
    assert apply(order).status == Order.Status.OPEN


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "open"}, Order.Status.OPEN),
        ({"status": "expired"}, Order.Status.EXPIRED),
        ({"payment_status": "unpaid", "payment_intent": "pi_1"}, Order.Status.OPEN),
        ({"payment_status": "unpaid", "payment_intent": None}, Order.Status.OPEN),
        (
            {"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": "processing"}},
            Order.Status.OPEN,
        ),
        (
            {"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": "canceled"}},
            Order.Status.FAILED,
        ),
        (
            {
                "payment_status": "unpaid",
                "payment_intent": {"id": "pi_1", "status": "requires_payment_method"},
            },
            Order.Status.FAILED,
        ),
    ],
)
def test_what_is_not_paid_closes_only_where_it_cannot_be(order, fields, status):
    neighbour = OrderFactory()
    assert apply(order, **fields).status == status
    neighbour.refresh_from_db()
    assert neighbour.status == Order.Status.OPEN
    assert not MoneyEntry.objects.exists()


@pytest.mark.parametrize("fields", [{"status": "expired"}, {"payment_status": "unpaid"}])
def test_what_was_paid_is_closed_by_no_later_news(order, fields):
    apply(order)
    failed = {"status": "canceled"} if "payment_status" in fields else None
    assert apply(order, payment_intent=failed, **fields).status == Order.Status.FULFILLED


@pytest.mark.parametrize("status", [Order.Status.EXPIRED, Order.Status.FAILED])
def test_what_we_had_closed_opens_all_the_same_once_it_is_paid(order, status):
    Order.objects.update(status=status)
    assert apply(order).status == Order.Status.FULFILLED


def test_paid_twice_by_the_news_it_is_entered_once(order):
    for _ in range(2):
        apply(order)
    assert MoneyEntry.objects.count() == OutboxMessage.objects.count() == 1


def test_a_code_that_pays_it_whole_leaves_no_payment():
    order = OrderFactory(
        price=course_price(course()),
        amount=0,
        discount=9900,
        promotion=PromotionFactory(percent=100),
    )
    apply(order, payment_status="no_payment_required", payment_intent=None)
    assert (order.status, order.paid_at) == (Order.Status.FULFILLED, NOW)
    assert order.payment_intent_id in (None, "")
    assert not MoneyEntry.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"amount_total": 9800},
        {"currency": "usd"},
        {"payment": {"amount_received": 9800}},
        {"payment": {"currency": "usd"}},
    ],
)
def test_another_amount_than_was_shown_waits_for_a_person(order, fields):
    of_payment = fields.pop("payment", {})
    apply(order, payment_intent=payment(order, **of_payment), **fields)
    assert (order.status, order.note) == (Order.Status.PARKED, Order.Note.OTHER_AMOUNT)
    assert not Grant.objects.exists()
    found = Difference.objects.get()
    assert (found.object_kind, found.object_id) == ("order", str(order.key))
    assert found.what == "amount"
    assert "9900" in found.ours


def test_tax_is_kept_with_its_country_and_number(order):
    told = {"address": {"country": "DE"}, "tax_ids": [{"value": "DE123"}, {"value": "2"}]}
    apply(order, total_details={"amount_tax": 646}, customer_details=told)
    assert (order.tax, order.tax_country, order.tax_number) == (646, "DE", "DE123")


@pytest.mark.parametrize(("reckoned", "country"), [(True, "HK"), (False, "")])
def test_without_tax_the_country_is_kept_where_it_was_reckoned(order, reckoned, country):
    told = {"address": {"country": "HK"}, "tax_ids": [{"value": "9" * 70}]}
    apply(order, automatic_tax={"enabled": reckoned}, customer_details=told)
    assert (order.tax, order.tax_country, order.tax_number) == (0, country, "9" * 60)


def test_given_back_before_its_news_came_it_opens_nothing(order):
    RefundFactory(order=order)
    assert apply(order).status == Order.Status.REFUNDED
    assert not Grant.objects.filter(withdrawn_at=None).exists()
    assert not RefundRequest.objects.exists()


def test_what_a_deleted_account_paid_goes_back(order):
    order.buyer.email = f"gone{DELETED}"
    order.buyer.save()
    apply(order)
    assert (order.status, order.note) == (Order.Status.PAID, Order.Note.ACCOUNT_DELETED)
    assert RefundRequest.objects.get().status == RefundRequest.Status.APPROVED
    assert not Grant.objects.exists()


def test_what_is_had_already_goes_back(order):
    had = {"source_kind": Grant.Source.PURCHASE, "source_id": "another"}
    Grant.objects.create(
        learner=order.buyer, course=order.price.offer.course, starts_at=NOW - DAY, **had
    )
    apply(order)
    assert (order.status, order.note) == (Order.Status.PAID, Order.Note.BOUGHT_TWICE)
    assert RefundRequest.objects.get().order == order
    assert not Grant.objects.filter(source_id=order.source_id).exists()


def test_what_cost_nothing_and_is_had_already_has_nothing_to_go_back():
    order = OrderFactory(
        price=course_price(course()),
        amount=0,
        discount=9900,
        promotion=PromotionFactory(percent=100),
    )
    had = {"source_kind": Grant.Source.PURCHASE, "source_id": "another"}
    Grant.objects.create(
        learner=order.buyer, course=order.price.offer.course, starts_at=NOW - DAY, **had
    )
    apply(order, payment_status="no_payment_required", payment_intent=None)
    assert (order.status, order.note) == (Order.Status.REFUNDED, Order.Note.BOUGHT_TWICE)
    assert not RefundRequest.objects.exists()
    assert OutboxMessage.objects.get(user=order.buyer)


def test_a_term_lasts_its_months_from_the_end_of_the_one_before():
    price = membership_prices()["term"]
    order = OrderFactory(price=price)
    had = {"source_kind": Grant.Source.PURCHASE, "source_id": "another", "ends_at": NOW + 9 * DAY}
    Grant.objects.create(
        learner=order.buyer, membership=price.offer.membership, starts_at=NOW - DAY, **had
    )
    apply(order)
    assert order.starts_at == NOW + 9 * DAY
    assert order.ends_at == order.starts_at.replace(year=order.starts_at.year + 1)


# --- other sessions, and payments without one ----------------------------------------------------


def test_a_card_that_was_kept_is_kept_here(order, monkeypatch):
    kept = []
    monkeypatch.setattr(reserving, "keep", lambda **told: kept.append(told["order_id"]))
    apply(order, mode="setup", payment_intent=None, payment_status="no_payment_required")
    assert kept == [order.pk]
    assert order.status == Order.Status.OPEN


def test_a_subscription_is_fetched_and_its_page_kept(monkeypatch):
    order = OrderFactory(session_id=None, price=PriceFactory(offer=OfferFactory()))
    neighbour = OrderFactory(session_id=None)
    fetched = []
    monkeypatch.setattr(subscriptions, "refresh", lambda id, now: fetched.append(id))
    apply(order, mode="subscription", subscription={"id": "sub_1"}, payment_intent=None)
    assert fetched == ["sub_1"]
    assert order.session_id == "cs_new"
    apply(order, id="cs_later", mode="subscription", subscription="sub_1")
    neighbour.refresh_from_db()
    assert (order.session_id, neighbour.session_id) == ("cs_new", None)


def test_a_payment_without_a_session_opens_it_too(order):
    Order.objects.update(session_id="cs_setup")
    fulfilment.apply_payment(payment(order), now=NOW)
    order.refresh_from_db()
    assert (order.status, order.session_id, order.tax) == (Order.Status.FULFILLED, "cs_setup", 0)
    assert order.price.offer.kind == Offer.Kind.ONE_OFF


def test_a_payment_with_a_session_behind_it_is_looked_at_as_that(order, monkeypatch):
    monkeypatch.setattr(gateway, "find_sessions", lambda **by: [{"id": "cs_1"}])
    monkeypatch.setattr(gateway, "retrieve_session", lambda id: session(order, id=id))
    fulfilment.confirm_payment("pi_1", now=NOW)
    order.refresh_from_db()
    assert (order.status, order.session_id) == (Order.Status.FULFILLED, "cs_1")


@pytest.mark.parametrize("fields", [{"status": "processing"}, {"metadata": {}}])
def test_a_payment_that_is_not_through_or_not_ours_opens_nothing(order, fields):
    fulfilment.apply_payment(payment(order, **fields), now=NOW)
    order.refresh_from_db()
    assert order.status == Order.Status.OPEN
