"""Single payments: cards, 3-D Secure, wallets, refunds, disputes, the books."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from operations import clock
from payments.sandbox import completing, disputes
from payments.sandbox.models import StripeObject
from tests.sandbox import factories

pytestmark = pytest.mark.django_db


def test_a_declined_card_takes_nothing_and_may_be_followed_by_another(
    api: Any, events: Callable[..., list[str]]
) -> None:
    session = factories.session()
    events()
    outcome = factories.pay(session.id, factories.DECLINED)
    assert (outcome.kind, factories.why(outcome)) == ("declined", "generic_decline")
    assert factories.why(factories.pay(session.id, factories.NO_FUNDS)) == "insufficient_funds"
    assert api.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert api.v1.balance_transactions.list().data == []
    assert events() == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "charge.failed",
        "payment_intent.payment_failed",
    ]
    assert factories.pay(session.id).kind == "complete"
    assert events() == [
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    with pytest.raises(completing.SessionClosedError):
        factories.pay(session.id)


def test_three_d_secure_is_asked_and_may_be_refused(api: Any) -> None:
    session = factories.session()
    assert factories.pay(session.id, factories.THREE_D_SECURE).kind == "authenticate"
    refused = completing.authenticate(session.id, approved=False, now=clock.now())
    assert refused.kind == "declined"
    assert factories.pay(session.id, factories.THREE_D_SECURE).kind == "authenticate"
    assert completing.authenticate(session.id, approved=True, now=clock.now()).kind == "complete"
    assert api.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_wallet_pays_once(api: Any) -> None:
    session = factories.session(allowed_payment_method_types=["alipay", "card"])
    assert session.payment_method_types == ["card", "alipay"]
    now = clock.now()
    assert completing.pay_by_wallet(session.id, "alipay", "refused", now=now).kind == "declined"
    assert completing.pay_by_wallet(session.id, "alipay", "paid", now=now).kind == "complete"
    charge = api.v1.charges.list().data[0]
    assert charge.payment_method_details.type == "alipay"
    other = factories.session(allowed_payment_method_types=["card"])
    with pytest.raises(completing.SessionClosedError):
        completing.pay_by_wallet(other.id, "wechat_pay", "paid", now=now)
    with pytest.raises(stripe.InvalidRequestError):
        factories.session(
            factories.monthly().id, mode="subscription", allowed_payment_method_types=["alipay"]
        )


@pytest.mark.parametrize(
    ("answer", "event", "status"),
    [
        ("paid_later", "checkout.session.async_payment_succeeded", "paid"),
        ("refused_later", "checkout.session.async_payment_failed", "unpaid"),
    ],
)
def test_a_payment_may_be_known_only_later(
    api: Any,
    advance: Callable[..., object],
    events: Callable[..., list[str]],
    answer: completing.WalletAnswer,
    event: str,
    status: str,
) -> None:
    session = factories.session()
    completing.pay_by_wallet(session.id, "wechat_pay", answer, now=clock.now())
    done = api.v1.checkout.sessions.retrieve(session.id)
    assert (done.status, done.payment_status) == ("complete", "unpaid")
    events()
    advance(hours=1)
    assert event in events()
    assert api.v1.checkout.sessions.retrieve(session.id).payment_status == status


def test_a_session_expires_by_itself_or_is_expired(
    api: Any, advance: Callable[..., object], events: Callable[..., list[str]]
) -> None:
    left, dropped = factories.session(), factories.session()
    assert api.v1.checkout.sessions.expire(dropped.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.checkout.sessions.expire(dropped.id)
    advance(hours=23)
    assert api.v1.checkout.sessions.retrieve(left.id).status == "open"
    advance(hours=2)
    assert api.v1.checkout.sessions.retrieve(left.id).status == "expired"
    assert events("checkout.session.").count("checkout.session.expired") == 2
    with pytest.raises(completing.SessionClosedError):
        factories.pay(left.id)


def test_an_invoice_is_made_for_a_single_payment_where_asked(api: Any) -> None:
    session = factories.paid(
        invoice_creation={"enabled": True}, customer_creation="always", customer_email="a@b.cn"
    )
    invoice = api.v1.invoices.retrieve(session.invoice, {"expand": ["payments"]})
    assert (invoice.status, invoice.amount_paid, invoice.customer) == (
        "paid",
        9900,
        session.customer,
    )
    assert invoice.payments.data[0].payment.payment_intent == session.payment_intent.id
    assert api.v1.invoice_payments.list({"invoice": invoice.id}).data[0].status == "paid"


def test_a_payment_is_refunded_in_parts_and_never_more_than_it_was(
    api: Any, events: Callable[..., list[str]]
) -> None:
    intent = factories.paid().payment_intent.id
    events()
    first = api.v1.refunds.create(
        {"payment_intent": intent, "amount": 4000, "reason": "requested_by_customer"}
    )
    assert first.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="greater than"):
        api.v1.refunds.create({"payment_intent": intent, "amount": 5901})
    rest = api.v1.refunds.create({"payment_intent": intent})
    assert rest.amount == 5900
    assert events() == ["refund.created", "charge.refunded"] * 2
    charge = api.v1.charges.retrieve(rest.charge, {"expand": ["refunds"]})
    assert (charge.refunded, charge.amount_refunded) == (True, 9900)
    assert [refund.id for refund in charge.refunds.data] == [rest.id, first.id]
    with pytest.raises(stripe.InvalidRequestError) as again:
        api.v1.refunds.create({"charge": charge.id})
    assert again.value.code == "charge_already_refunded"
    booked = api.v1.balance_transactions.list().data
    assert sorted(row.amount for row in booked) == [-5900, -4000, 9900]
    assert sum(row.net for row in booked) == -287


def test_a_wallets_refund_is_pending_for_a_day(
    api: Any, advance: Callable[..., object], events: Callable[..., list[str]]
) -> None:
    session = factories.session()
    completing.pay_by_wallet(session.id, "alipay", "paid", now=clock.now())
    intent = api.v1.checkout.sessions.retrieve(session.id).payment_intent
    refund = api.v1.refunds.create({"payment_intent": intent})
    assert refund.status == "pending"
    advance(days=1)
    assert api.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert "refund.updated" in events()


def test_a_dispute_takes_the_money_back_until_it_is_won(
    api: Any, events: Callable[..., list[str]], advance: Callable[..., object]
) -> None:
    session = factories.session()
    factories.pay(session.id, factories.DISPUTES)
    events()
    advance(seconds=1)
    dispute = api.v1.disputes.list().data[0]
    assert (dispute.amount, dispute.status) == (9900, "needs_response")
    assert api.v1.charges.retrieve(dispute.charge).disputed
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.refunds.create({"charge": dispute.charge})
    assert refused.value.code == "charge_disputed"
    disputes.close_dispute(dispute.id, won=True, now=clock.now())
    assert [kind for kind in events() if "dispute" in kind] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]
    won = api.v1.disputes.retrieve(dispute.id)
    assert won.status == "won"
    assert sum(row.amount for row in won.balance_transactions) == 0


def test_fees_are_two_point_nine_per_cent_rounded(api: Any) -> None:
    for amount, fee in ((100, 3), (9900, 287), (36500, 1059), (50, 1)):
        session = factories.session(factories.price(amount).id)
        factories.pay(session.id)
        assert api.v1.balance_transactions.list({"limit": 1}).data[0].fee == fee


def test_money_becomes_available_after_two_days(api: Any, advance: Callable[..., object]) -> None:
    factories.paid()
    assert api.v1.balance_transactions.list().data[0].status == "pending"
    advance(days=2)
    assert api.v1.balance_transactions.list().data[0].status == "available"


def test_no_card_number_is_kept_or_logged(
    api: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    session = factories.session()
    for number in (factories.DECLINED, factories.GOOD):
        factories.pay(session.id, number)
    kept = [str(row.data) + str(row.private) for row in StripeObject.objects.all()]
    assert "4242" in "".join(kept)  # the last four
    for number in (factories.DECLINED, factories.GOOD):
        assert not any(number in text for text in [*kept, caplog.text])


@pytest.mark.django_db(transaction=True)
def test_refunds_at_the_same_time_never_exceed_the_payment(clock: Any) -> None:
    intent = factories.paid().payment_intent.id
    outcomes: list[str] = []

    def refund() -> None:
        from django.db import connections

        try:
            factories.client().v1.refunds.create({"payment_intent": intent, "amount": 4000})
            outcomes.append("refunded")
        except stripe.InvalidRequestError:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=refund) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refunded"] * 2 + ["refused"] * 4
    assert factories.client().v1.charges.list().data[0].amount_refunded == 8000
