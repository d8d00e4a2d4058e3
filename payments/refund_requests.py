"""Wanting a payment back: who asked and why, who decided, who confirmed or declined. What
Stripe then does: `refunds`."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction
from wagtail.log_actions import log

from accounts import roles
from accounts.models import User
from operations.jobs import job
from payments import letters, money
from payments.models import Dispute, Invoice, Order, Refund, RefundRequest

PERMISSION = "payments.refund_order"
# Whoever is alone in finance confirms their own decision so much later.
ALONE_AFTER = timedelta(days=1)


class CannotRefund(Exception):
    """There is no payment to give back, or it is under way already."""


class MoreThanPaid(CannotRefund):
    """Less of the payment is left than should go back."""


class Disputed(CannotRefund):
    """The buyer's bank decides about this payment, or took it: it would be given back twice."""


class NeedsAnother(Exception):
    """Whoever decided cannot confirm it: somebody else can, or a day has not passed."""


@transaction.atomic
def ask(
    *, order: Order, learner: User, note: str = "", invoice: Invoice | None = None, now: datetime
) -> RefundRequest:
    """The learner asks; finance decides. Asked twice it is the same request."""
    return _pending(order, invoice) or _create(
        order, invoice, asked_by=learner, note=note[:500], now=now
    )


@transaction.atomic
def approve(
    *,
    order: Order,
    reason: str,
    actor: User,
    invoice: Invoice | None = None,
    amount: int | None = None,
    ends_access: bool = False,
    now: datetime,
) -> RefundRequest:
    """Give a payment back, asked for or not; Stripe is told by a job. Above `limit` it waits for
    a second person first. Raises CannotRefund.

    `invoice` names one of a subscription's payments; without it the last. `amount` is in the
    currency's smallest unit, without it all that is left; a part leaves the access as it is,
    unless it `ends_access`.
    """
    invoice = invoice or last_paid(order)
    left = _refundable(order, invoice)
    if amount is not None and amount > left:
        raise MoreThanPaid
    request = _pending(order, invoice) or _anew(order, invoice, actor=actor, now=now)
    if request.status != RefundRequest.Status.ASKED:
        return request
    request.amount = amount or left
    request.ends_access = ends_access
    request.reason, request.decided_by, request.decided_at = reason[:300], actor, now
    request.needs_second = is_above_limit(order, invoice, request.amount)
    if request.needs_second:
        request.status, request.alone_from = RefundRequest.Status.PROPOSED, now + ALONE_AFTER
    else:
        request.status = RefundRequest.Status.APPROVED
        carry_out.enqueue(request=request.pk)
    request.save()
    action = "payments.propose" if request.needs_second else "payments.refund"
    log(instance=request, action=action, user=actor, data=_told(request))
    return request


@transaction.atomic
def confirm(*, request: RefundRequest, actor: User, now: datetime) -> RefundRequest:
    """The second person's yes. Raises CannotRefund where nothing waits for it, NeedsAnother."""
    request = RefundRequest.objects.select_for_update().get(pk=request.pk)
    if request.status != RefundRequest.Status.PROPOSED:
        raise CannotRefund
    if not may_confirm(request, actor, now=now):
        raise NeedsAnother
    left = _refundable(request.order, request.invoice)
    if (request.amount or 0) > left:
        raise MoreThanPaid
    request.status = RefundRequest.Status.APPROVED
    request.confirmed_by, request.confirmed_at = actor, now
    request.save(update_fields=["status", "confirmed_by", "confirmed_at"])
    carry_out.enqueue(request=request.pk)
    log(instance=request, action="payments.confirm_refund", user=actor, data=_told(request))
    return request


def _told(request: RefundRequest) -> dict[str, str]:
    """What the log says of one that was decided."""
    currency = (request.invoice or request.order).currency
    return {"amount": money.in_words(request.amount or 0, currency), "reason": request.reason}


@transaction.atomic
def decline(*, request: RefundRequest, reason: str, actor: User, now: datetime) -> RefundRequest:
    """Say no, before Stripe is told or after Stripe refused; a learner who asked reads the reason.
    What was decided before stays as it was. Raises CannotRefund."""
    request = RefundRequest.objects.select_for_update().get(pk=request.pk)
    if request.status not in RefundRequest.DECLINABLE:
        raise CannotRefund
    request.status = RefundRequest.Status.DECLINED
    request.decline_reason, request.declined_by, request.declined_at = reason[:300], actor, now
    request.save(update_fields=["status", "decline_reason", "declined_by", "declined_at"])
    log(instance=request, action="payments.decline", user=actor, data={"reason": reason})
    if request.asked_by_id == request.order.buyer_id:
        letters.refund_declined(request, now=now)
    return request


@transaction.atomic
def withdraw(*, request: RefundRequest, now: datetime) -> RefundRequest:
    """Whoever asked does not want it any more. Raises CannotRefund once somebody decided."""
    request = RefundRequest.objects.select_for_update().get(pk=request.pk)
    if request.status != RefundRequest.Status.ASKED:
        raise CannotRefund
    request.status, request.withdrawn_at = RefundRequest.Status.WITHDRAWN, now
    request.save(update_fields=["status", "withdrawn_at"])
    return request


def give_back(
    order: Order, *, invoice: Invoice | None = None, reason: str = "", now: datetime
) -> None:
    """What was paid and opens nothing goes back by itself, and the buyer is told. Why: `reason`, or
    what the order's note says. In a transaction."""
    if not RefundRequest.objects.filter(order=order, invoice=invoice).exists():
        request = _create(order, invoice, asked_by=None, now=now)
        RefundRequest.objects.filter(pk=request.pk).update(
            status=RefundRequest.Status.APPROVED,
            reason=reason or str(order.get_note_display()),
            decided_at=now,
        )
        carry_out.enqueue(request=request.pk)
    if order.note:
        letters.went_back(order, now=now)


@transaction.atomic
def keep_promise(*, order: Order, reason: str, asked_by: User, now: datetime) -> RefundRequest:
    """What the buyer was promised to have back on demand goes back whole; nobody decides about it.
    Raises CannotRefund."""
    left = _refundable(order, None)
    request = _pending(order, None) or _create(order, None, asked_by=asked_by, now=now)
    if request.status == RefundRequest.Status.APPROVED and (request.amount or left) < left:
        raise CannotRefund  # a part is on its way; the rest can be asked for after it
    if request.status != RefundRequest.Status.APPROVED:
        request.status, request.needs_second = RefundRequest.Status.APPROVED, False
        request.amount, request.reason, request.decided_at = left, reason[:300], now
        request.save()
        carry_out.enqueue(request=request.pk)
    return request


@job
def carry_out(request: int) -> None:
    """Have Stripe give back what was approved."""
    from operations import clock
    from payments import refunds  # which leads back here by way of subscriptions

    refunds.carry_out(request_id=request, now=clock.now())


def asked_for(order: Order, invoice: Invoice | None) -> RefundRequest | None:
    """What the learner asked for and nobody has decided about, of one payment."""
    asked = RefundRequest.objects.filter(order=order, status=RefundRequest.Status.ASKED)
    return asked.filter(invoice=invoice or last_paid(order)).select_related("asked_by").first()


def failed(order: Order, invoice: Invoice | None) -> RefundRequest | None:
    """What could not go back last of one payment, and was not tried anew."""
    found = RefundRequest.objects.filter(order=order, status=RefundRequest.Status.FAILED)
    return found.filter(invoice=invoice or last_paid(order)).order_by("pk").last()


def remaining(order: Order, invoice: Invoice | None) -> int:
    """What of a payment has not gone back, in the currency's smallest unit; 0 without one. What a
    change of plan left to the payer's credit is theirs already: it is not given back beside."""
    payment, paid = _paid(order, invoice)
    if not payment:
        return 0
    credit = order.subscription.credit if order.subscription else 0
    return max(0, paid - _given_back(order, payment) - credit)


def is_disputed(order: Order, invoice: Invoice | None) -> bool:
    """Whether the bank decides about this payment, or took it back: Stripe refunds none of it."""
    payment, _ = _paid(order, invoice)
    disputes = Dispute.objects.withdrawing().filter(account=order.account)
    return bool(payment) and disputes.filter(payment_intent_id=payment).exists()


def _refundable(order: Order, invoice: Invoice | None) -> int:
    """What may go back now, in the currency's smallest unit. Raises CannotRefund."""
    if is_disputed(order, invoice):
        raise Disputed
    if (left := remaining(order, invoice)) <= 0:
        raise CannotRefund
    return left


def is_above_limit(order: Order, invoice: Invoice | None, amount: int) -> bool:
    """Whether so much more of a payment is beyond what one person gives back alone. Parts count
    together."""
    payment, _ = _paid(order, invoice)
    return _given_back(order, payment) + amount > limit((invoice or order).currency)


def limit(currency: str) -> int:
    """What one person gives back alone, in the currency's smallest unit."""
    return int(settings.REFUNDS_ALONE.get(currency, Decimal(0)).scaleb(money.digits(currency)))


def may_confirm(request: RefundRequest, actor: User, *, now: datetime) -> bool:
    if actor.pk != request.decided_by_id:
        return True
    return request.alone_from is not None and request.alone_from <= now and is_alone(actor)


def is_alone(person: User) -> bool:
    """Whether nobody else may refund: then a day takes the place of a second person."""
    return not roles.holders(PERMISSION).exclude(pk=person.pk).exists()


def last_paid(order: Order) -> Invoice | None:
    return order.subscription.last_paid_invoice() if order.subscription else None


def _paid(order: Order, invoice: Invoice | None) -> tuple[str, int]:
    if invoice:
        return invoice.payment_intent_id or "", invoice.amount_paid or 0
    return order.payment_intent_id or "", order.amount


def _given_back(order: Order, payment: str) -> int:
    standing = Refund.objects.filter(
        payment_intent_id=payment, status__in=Refund.STANDING, account=order.account
    )
    return sum(refund.amount or 0 for refund in standing)


def _pending(order: Order, invoice: Invoice | None) -> RefundRequest | None:
    return (
        RefundRequest.objects.select_for_update()
        .filter(order=order, invoice=invoice, status__in=RefundRequest.PENDING)
        .first()
    )


def _anew(order: Order, invoice: Invoice | None, *, actor: User, now: datetime) -> RefundRequest:
    """Begun by finance; where an earlier one could not go back, in its place, for who asked."""
    before = failed(order, invoice)
    if before is None:
        return _create(order, invoice, asked_by=actor, now=now)
    same = RefundRequest.objects.filter(order=order, invoice=invoice)
    same.filter(status=RefundRequest.Status.FAILED).update(status=RefundRequest.Status.REPLACED)
    return _create(order, invoice, asked_by=before.asked_by, note=before.note, now=now)


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
        standing = _pending(order, invoice)
        if standing is None:
            raise
        return standing
