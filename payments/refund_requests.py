"""Wanting a payment back: who asked and why, who decided. What Stripe then does: `refunds`."""

from datetime import datetime

from django.db import IntegrityError, transaction
from wagtail.log_actions import log

from accounts.models import User
from operations.jobs import job
from payments import letters
from payments.models import Invoice, Order, Refund, RefundRequest


class CannotRefund(Exception):
    """There is no payment to give back, or it is under way already."""


@transaction.atomic
def ask(
    *, order: Order, learner: User, note: str = "", invoice: Invoice | None = None, now: datetime
) -> RefundRequest:
    """The learner asks; finance decides. Asked twice it is the same request."""
    return _standing(order, invoice) or _create(
        order, invoice, asked_by=learner, note=note[:500], now=now
    )


@transaction.atomic
def approve(
    *,
    order: Order,
    reason: str,
    actor: User | None,
    invoice: Invoice | None = None,
    now: datetime,
) -> RefundRequest:
    """Give a payment back in full, asked for or not; Stripe is told by a job.

    Raises CannotRefund. `invoice` names one of a subscription's payments; without it the last.
    """
    invoice = invoice or _last_paid(order)
    _check_payment(order, invoice)
    request = _standing(order, invoice) or _create(order, invoice, asked_by=actor, now=now)
    if request.status == RefundRequest.Status.ASKED:
        request.status = RefundRequest.Status.APPROVED
        request.reason, request.decided_by, request.decided_at = reason[:300], actor, now
        request.save(update_fields=["status", "reason", "decided_by", "decided_at"])
        carry_out.enqueue(request=request.pk)
        log(instance=request, action="payments.refund", user=actor, data={"reason": reason})
    return request


@transaction.atomic
def decline(*, request: RefundRequest, reason: str, actor: User, now: datetime) -> RefundRequest:
    """Say no, with a reason the learner reads. Raises CannotRefund if it is decided already."""
    request = RefundRequest.objects.select_for_update().get(pk=request.pk)
    if request.status != RefundRequest.Status.ASKED:
        raise CannotRefund
    request.status = RefundRequest.Status.DECLINED
    request.reason, request.decided_by, request.decided_at = reason[:300], actor, now
    request.save(update_fields=["status", "reason", "decided_by", "decided_at"])
    log(instance=request, action="payments.decline", user=actor, data={"reason": reason})
    letters.refund_declined(request, now=now)
    return request


def give_back(order: Order, *, invoice: Invoice | None = None, now: datetime) -> None:
    """What was paid and opens nothing (the order's note says why) goes back by itself, and the
    buyer is told. In a transaction."""
    if not RefundRequest.objects.filter(order=order, invoice=invoice).exists():
        request = _create(order, invoice, asked_by=None, now=now)
        RefundRequest.objects.filter(pk=request.pk).update(
            status=RefundRequest.Status.APPROVED,
            reason=str(order.get_note_display()),
            decided_at=now,
        )
        carry_out.enqueue(request=request.pk)
    letters.went_back(order, now=now)


@job
def carry_out(request: int) -> None:
    """Have Stripe give back what was approved."""
    from operations import clock
    from payments import refunds  # which leads back here by way of subscriptions

    refunds.carry_out(request_id=request, now=clock.now())


def _standing(order: Order, invoice: Invoice | None) -> RefundRequest | None:
    return (
        RefundRequest.objects.select_for_update()
        .filter(
            order=order,
            invoice=invoice,
            status__in=[RefundRequest.Status.ASKED, RefundRequest.Status.APPROVED],
        )
        .first()
    )


def _create(
    order: Order,
    invoice: Invoice | None,
    *,
    asked_by: User | None,
    note: str = "",
    now: datetime,
) -> RefundRequest:
    try:
        with transaction.atomic():
            return RefundRequest.objects.create(
                order=order, invoice=invoice, asked_by=asked_by, note=note, created_at=now
            )
    except IntegrityError:
        standing = _standing(order, invoice)
        if standing is None:
            raise
        return standing


def _last_paid(order: Order) -> Invoice | None:
    if order.subscription is None:
        return None
    return order.subscription.last_paid_invoice()


def _check_payment(order: Order, invoice: Invoice | None) -> None:
    payment = invoice.payment_intent_id if invoice else order.payment_intent_id
    if not payment:
        raise CannotRefund
    given_back = Refund.objects.filter(
        payment_intent_id=payment, status__in=Refund.STANDING, account=order.account
    )
    paid = (invoice.amount_paid if invoice else order.amount) or 0
    if sum(refund.amount or 0 for refund in given_back) >= paid:
        raise CannotRefund
