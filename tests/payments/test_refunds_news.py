"""What follows from a refund or a dispute as Stripe tells of it: shapes, no Stripe behind them."""

from datetime import timedelta

import pytest

from payments import gateway, refunds, subscriptions
from payments.models import Dispute, MoneyEntry, Order, Refund, RefundRequest
from tests.factories import course
from tests.payments.factories import (
    NOW,
    InvoiceFactory,
    OrderFactory,
    RefundFactory,
    SubscriptionFactory,
    course_price,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
State = RefundRequest.Status


@pytest.fixture
def order():
    """¥99, paid by pi_1."""
    return OrderFactory(
        price=course_price(course()), fulfilled=True, payment_intent_id="pi_1", charge_id="ch_1"
    )


def request_of(order, **fields):
    usual = {"status": State.APPROVED, "created_at": NOW, "decided_at": NOW, "reason": "退"}
    return RefundRequest.objects.create(**{"order": order} | usual | fields)


def shape(request=None, **fields):
    return {
        "id": "re_1",
        "object": "refund",
        "payment_intent": "pi_1",
        "charge": "ch_1",
        "status": "succeeded",
        "amount": 9900,
        "currency": "cny",
        "created": int(NOW.timestamp()),
        "metadata": {"request": str(request.key)} if request else {},
        "balance_transaction": None,
    } | fields


@pytest.fixture
def stripe(monkeypatch):
    """By name: what each refund is, what was made, what is told of a payment."""
    gateway.ours()  # asked of Stripe once, outside every transaction
    found = {"re_1": shape(), "made": [], "ended": []}
    monkeypatch.setattr(gateway, "retrieve_refund", lambda id: found[id])
    monkeypatch.setattr(gateway, "refunds_of", lambda payment: found.get("of", []))

    def create(params, *, key):
        found["made"].append((params, key))
        if problem := found.get("problem"):
            raise problem
        return found["re_1"]

    monkeypatch.setattr(gateway, "create_refund", create)
    monkeypatch.setattr(gateway, "cancel_subscription", lambda id: found["ended"].append(id))
    monkeypatch.setattr(subscriptions, "refresh", lambda id, now: None)
    return found


def refresh(stripe, **told):
    stripe["re_1"] = told.pop("shape", None) or shape(**told)
    refunds.refresh_refund("re_1", now=NOW)
    return Refund.objects.get(stripe_id="re_1")


def status_of(request):
    request.refresh_from_db()
    return request.status


# --- a refund's news -----------------------------------------------------------------------------


def test_a_refund_is_kept_as_it_was_told(stripe, order):
    row = refresh(stripe)
    assert (row.order, row.invoice, row.request) == (order, None, None)
    assert (row.payment_intent_id, row.charge_id) == ("pi_1", "ch_1")
    assert (row.status, row.amount, row.currency) == ("succeeded", 9900, "CNY")
    assert row.created_at == NOW


def test_it_knows_the_request_that_it_answers(stripe, order):
    request_of(OrderFactory(fulfilled=True))
    wanted = request_of(order)
    assert refresh(stripe, request=wanted).request == wanted
    assert status_of(wanted) == State.DONE


def test_what_was_declined_is_not_done_by_it(stripe, order):
    wanted = request_of(order, status=State.DECLINED)
    refresh(stripe, request=wanted, amount=100)
    assert status_of(wanted) == State.DECLINED


def test_what_stripe_refused_is_done_once_all_went_back_of_that_payment(stripe, order):
    refused = request_of(order, status=State.FAILED)
    elsewhere = request_of(OrderFactory(fulfilled=True), status=State.FAILED)
    bill = InvoiceFactory(subscription=SubscriptionFactory())
    of_bill = request_of(order, invoice=bill, status=State.FAILED)
    refresh(stripe, amount=9899)
    assert status_of(refused) == State.FAILED
    refresh(stripe, amount=9900)
    assert [status_of(each) for each in (refused, elsewhere, of_bill)] == [
        State.DONE,
        State.FAILED,
        State.FAILED,
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [(State.DONE, State.FAILED), (State.APPROVED, State.FAILED), (State.DECLINED,) * 2],
)
def test_one_that_the_bank_sent_back_is_to_be_tried_again(stripe, order, before, after, caplog):
    wanted = request_of(order, status=before)
    other = request_of(OrderFactory(fulfilled=True), status=State.DONE)
    refresh(stripe, request=wanted, status="failed")
    assert (status_of(wanted), status_of(other)) == (after, State.DONE)
    assert ("failed after it was sent" in caplog.text) is (after == State.FAILED)


def test_both_ways_of_the_money_are_booked(stripe, order):
    def booked(number, amount):
        return {
            "id": f"txn_{number}",
            "type": "refund",
            "source": "re_1",
            "amount": amount,
            "fee": 0,
            "net": amount,
            "currency": "cny",
            "created": int(NOW.timestamp()),
        }

    refresh(
        stripe,
        status="failed",
        balance_transaction=booked(1, -9900),
        failure_balance_transaction=booked(2, 9900),
    )
    assert sorted(MoneyEntry.objects.values_list("amount", flat=True)) == [-9900, 9900]


# --- carrying one out ----------------------------------------------------------------------------


def carry_out(request):
    refunds.carry_out(request_id=request.pk, now=NOW)
    request.refresh_from_db()
    return request


def test_stripe_is_told_what_goes_back_and_why(stripe, order):
    wanted = request_of(order, amount=2000)
    stripe["re_1"] = shape(wanted, amount=2000)
    assert carry_out(wanted).status == State.DONE
    [(params, key)] = stripe["made"]
    assert key == f"refund-{wanted.key}"
    assert params == {
        "payment_intent": "pi_1",
        "reason": "requested_by_customer",
        "metadata": {"request": str(wanted.key), "order": str(order.key)},
        "amount": 2000,
    }


def test_what_was_bought_twice_is_called_a_duplicate_and_goes_back_whole(stripe, order):
    Order.objects.update(note=Order.Note.BOUGHT_TWICE)
    wanted = request_of(order)
    stripe["re_1"] = shape(wanted)
    carry_out(wanted)
    [(params, _)] = stripe["made"]
    assert params["reason"] == "duplicate"
    assert "amount" not in params


@pytest.mark.parametrize("status", [State.ASKED, State.DECLINED, State.FAILED])
def test_what_is_not_approved_is_not_carried_out(stripe, order, status):
    assert carry_out(request_of(order, status=status)).status == status
    assert stripe["made"] == []


def test_what_stripe_refuses_waits_with_its_words(stripe, order):
    stripe["problem"] = gateway.Refused("S" * 400)
    other = request_of(OrderFactory(fulfilled=True))
    wanted = carry_out(request_of(order))
    assert (wanted.status, wanted.refusal) == (State.FAILED, "S" * 300)
    assert (status_of(other), other.refusal) == (State.APPROVED, "")


@pytest.mark.parametrize(
    ("status", "amount", "ours", "done"),
    [
        ("succeeded", 9900, False, State.DONE),  # given back at Stripe itself
        ("succeeded", 9899, False, State.FAILED),
        ("succeeded", 100, True, State.DONE),  # made before, its answer lost
        ("failed", 100, True, State.FAILED),
    ],
)
def test_refused_because_it_went_back_before_it_is_done(stripe, order, status, amount, ours, done):
    stripe["problem"] = gateway.Refused("charge_already_refunded")
    wanted = request_of(order)
    stripe["re_1"] = shape(wanted if ours else None, status=status, amount=amount)
    stripe["of"] = [stripe["re_1"]]
    assert carry_out(wanted).status == done


@pytest.mark.parametrize("named", [True, False])
def test_a_present_period_given_back_ends_the_subscription(stripe, named):
    row = SubscriptionFactory(stripe_id="sub_1")
    order = OrderFactory(fulfilled=True, buyer=row.learner, subscription=row)
    old = InvoiceFactory(subscription=row, created_at=NOW - 30 * DAY, payment_intent_id="pi_0")
    bill = InvoiceFactory(subscription=row, payment_intent_id="pi_1")
    RefundFactory(order=order, invoice=old, amount=3900, payment_intent_id="pi_0")
    wanted = request_of(order, invoice=bill if named else None, status=State.DONE)
    carry_out(wanted)
    assert stripe["ended"] == []
    RefundFactory(order=order, invoice=bill, amount=3900, payment_intent_id="pi_1")
    carry_out(wanted)
    assert stripe["ended"] == ["sub_1"]
    carry_out(request_of(order, invoice=old, status=State.DONE))
    assert stripe["ended"] == ["sub_1"]


# --- a dispute's news ----------------------------------------------------------------------------


def test_a_dispute_is_kept_and_booked_as_the_payer_sees_it(stripe, order, monkeypatch):
    def booked(number, amount):
        return {
            "id": f"txn_{number}",
            "type": "adjustment",
            "source": "dp_1",
            "amount": amount,
            "fee": 0,
            "net": amount,
            "currency": "usd",
            "created": int(NOW.timestamp()),
        }

    told = {
        "id": "dp_1",
        "object": "dispute",
        "payment_intent": "pi_1",
        "charge": "ch_1",
        "status": "won",
        "reason": "fraudulent",
        "amount": 9900,
        "currency": "cny",
        "created": int(NOW.timestamp()),
        "balance_transactions": [booked(1, -1400), booked(2, 1400)],
    }
    monkeypatch.setattr(gateway, "retrieve_dispute", lambda id: told)
    refunds.refresh_dispute("dp_1", now=NOW)
    row = Dispute.objects.get()
    assert (row.order, row.invoice, row.charge_id) == (order, None, "ch_1")
    assert (row.status, row.reason, row.amount, row.currency) == ("won", "fraudulent", 9900, "CNY")
    entries = MoneyEntry.objects.order_by("stripe_id").values_list("amount", "settled_amount")
    assert list(entries) == [(-9900, -1400), (9900, 1400)]
