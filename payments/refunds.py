"""Giving money back at Stripe, and what follows from it here."""

import logging
from contextlib import suppress
from datetime import datetime

from django.db import transaction

from payments import (
    books,
    entitlement,
    gateway,
    letters,
    mirror,
    payers,
    refund_requests,
    subscriptions,
)
from payments.mirror import Shape, id_of, moment
from payments.models import Dispute, Invoice, Order, Refund, RefundRequest, Subscription

REASON = "requested_by_customer"
logger = logging.getLogger("payments")


def carry_out(*, request_id: int, now: datetime) -> None:
    """Refund what an approved request names, once. Raises GatewayError.

    A subscription whose present period's payment goes back in full, or with the access, ends with
    it, lest it charge again.
    """
    request = RefundRequest.objects.select_related("order__subscription", "invoice").get(
        pk=request_id
    )
    if request.status == RefundRequest.Status.APPROVED:
        _give_back(request, now=now)
    elif request.status != RefundRequest.Status.DONE:  # killed after it: the end is still to come
        return
    subscription, invoice = request.order.subscription, request.invoice
    if subscription and subscription.is_live and _is_of_present(invoice, subscription):
        last = invoice or subscription.last_paid_invoice()
        if last and entitlement.given_back(last):
            _end(subscription.stripe_id, now=now)


def _give_back(request: RefundRequest, *, now: datetime) -> None:
    order, invoice = request.order, request.invoice
    payment = invoice.payment_intent_id if invoice else order.payment_intent_id
    params: Shape = {
        "payment_intent": payment,
        "reason": "duplicate" if order.note == Order.Note.BOUGHT_TWICE else REASON,
        "metadata": {"request": str(request.key), "order": str(order.key)},
    } | ({"amount": request.amount} if request.amount else {})
    try:
        made = gateway.create_refund(params, key=f"refund-{request.key}")
    except gateway.Refused as error:
        # Somebody gave it back at Stripe itself, or Stripe will not: what is there, counts.
        if not _is_given_back(request, str(payment), now=now):
            RefundRequest.objects.filter(pk=request.pk).update(refusal=str(error)[:300])
            logger.error("refund request %s was refused: %s", request.pk, error)
    else:
        refresh_refund(made["id"], now=now)


def _is_of_present(invoice: Invoice | None, subscription: Subscription) -> bool:
    """Whether this is what the present period was paid with, not an older one."""
    return invoice is None or invoice == subscription.last_paid_invoice()


def _is_given_back(request: RefundRequest, payment: str, *, now: datetime) -> bool:
    found = gateway.refunds_of(payment)
    for shape in found:
        refresh_refund(shape["id"], now=now)
    ours = [_request_of(shape) for shape in found if shape["status"] in Refund.STANDING]
    given_back = request in ours or refund_requests.remaining(request.order, request.invoice) <= 0
    status = RefundRequest.Status.DONE if given_back else RefundRequest.Status.FAILED
    RefundRequest.objects.filter(pk=request.pk).update(status=status)
    return given_back


def _end(subscription_id: str, *, now: datetime) -> None:
    with suppress(gateway.Refused):  # it has ended already
        gateway.cancel_subscription(subscription_id)
    subscriptions.refresh(subscription_id, now=now)


def refresh_refund(refund_id: str, *, now: datetime) -> None:
    """Fetch a refund, and withdraw or give back what it concerns. Raises GatewayError."""
    ticket = mirror.take_ticket(Refund, refund_id)
    shape = gateway.retrieve_refund(refund_id)
    payer = payers.of_payment(id_of(shape["payment_intent"]), now=now)
    with transaction.atomic():
        payer.lock()
        row = mirror.claim(Refund, shape, ticket=ticket, now=now)
        if row is None:
            return
        row.order, row.invoice = payer.order, payer.invoice
        row.payment_intent_id = id_of(shape["payment_intent"])
        row.charge_id = id_of(shape["charge"])
        failed_before = row.status in Refund.FAILED
        row.status, row.amount = shape["status"], shape["amount"]
        row.currency = shape["currency"].upper()
        row.created_at = moment(shape["created"])
        row.request = _request_of(shape)
        row.save()
        booked = {
            "balance_transaction": -shape["amount"],
            "failure_balance_transaction": shape["amount"],  # the bank sent it back to us
        }
        for name, amount in booked.items():
            books.record(
                shape.get(name),
                amount=amount,
                currency=shape["currency"],
                order=row.order,
                invoice=row.invoice,
                now=now,
            )
        if row.status in Refund.STANDING:
            _finish_request(row)
            letters.refunded(row, now=now)
        elif not failed_before:
            _reopen_request(row)
            letters.refund_failed(row, now=now)
        _settle(row, now=now)


def refresh_dispute(dispute_id: str, *, now: datetime) -> None:
    """Fetch a dispute, and withhold or give back what it concerns. Raises GatewayError."""
    ticket = mirror.take_ticket(Dispute, dispute_id)
    shape = gateway.retrieve_dispute(dispute_id)
    payer = payers.of_payment(id_of(shape["payment_intent"]), now=now)
    with transaction.atomic():
        payer.lock()
        row = mirror.claim(Dispute, shape, ticket=ticket, now=now)
        if row is None:
            return
        row.order, row.invoice = payer.order, payer.invoice
        row.payment_intent_id = id_of(shape["payment_intent"])
        row.charge_id = id_of(shape["charge"])
        row.status, row.reason = shape["status"], shape["reason"]
        row.amount, row.currency = shape["amount"], shape["currency"].upper()
        row.created_at = moment(shape["created"])
        row.ended_at = (row.ended_at or now) if row.status in Dispute.ENDED else None
        row.save()
        for booked in shape["balance_transactions"]:
            books.record(
                booked,
                # As the payer sees it; the balance may be kept in another currency.
                amount=shape["amount"] if booked["amount"] > 0 else -shape["amount"],
                currency=shape["currency"],
                order=row.order,
                invoice=row.invoice,
                now=now,
            )
        _settle(row, now=now)


def _settle(row: Refund | Dispute, *, now: datetime) -> None:
    """Declare anew the access that this payment gave: exactly its source."""
    if row.invoice and row.invoice.subscription:
        subscriptions.settle(row.invoice.subscription, now=now)
    elif row.order:
        entitlement.settle(row.order, now=now)


def _request_of(shape: Shape) -> RefundRequest | None:
    key = (shape.get("metadata") or {}).get("request")
    return RefundRequest.objects.filter(key=key).first() if key else None


def _reopen_request(row: Refund) -> None:
    """The bank sent the money back to us: finance must try again, another way perhaps."""
    if row.request:
        sent = (RefundRequest.Status.APPROVED, RefundRequest.Status.DONE)
        open_ones = RefundRequest.objects.filter(pk=row.request.pk, status__in=sent)
        if open_ones.update(status=RefundRequest.Status.FAILED, refusal=row.why_failed):
            logger.error("refund %s failed after it was sent", row.stripe_id)


def _finish_request(row: Refund) -> None:
    if row.request:
        RefundRequest.objects.filter(
            pk=row.request.pk, status=RefundRequest.Status.APPROVED
        ).update(status=RefundRequest.Status.DONE)
    if row.order and refund_requests.remaining(row.order, row.invoice) <= 0:
        refused = row.order.refund_requests.filter(status=RefundRequest.Status.FAILED)
        refused.filter(invoice=row.invoice).update(status=RefundRequest.Status.DONE)
