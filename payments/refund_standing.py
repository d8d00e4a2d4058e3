"""How wanting money back stands, in the learner's words."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from payments import money, refund_requests
from payments.models import Invoice, Order, Refund, RefundRequest

REPLACED = RefundRequest.Status.REPLACED
DECIDED = (RefundRequest.Status.APPROVED, RefundRequest.Status.DONE, RefundRequest.Status.FAILED)


@dataclass(frozen=True)
class Wanted:
    """A refund that is wished for or decided; `is_wish`: the buyer asked for it."""

    request: RefundRequest
    is_wish: bool
    words: str

    @property
    def may_be_withdrawn(self) -> bool:
        return self.is_wish and self.request.status == RefundRequest.Status.ASKED


def of_order(order: Order) -> list[Wanted]:
    """What a buyer sees of wanting money back, newest first. What finance weighs among themselves
    is not for them; what came back unasked stands among the refunds."""
    within = (RefundRequest.Status.PROPOSED, RefundRequest.Status.DECLINED)
    unasked = (*within, RefundRequest.Status.DONE, RefundRequest.Status.WITHDRAWN)
    requests = [each for each in order.refund_requests.all() if each.status != REPLACED]
    found = [(each, _is_wish(each, order)) for each in requests]
    return [
        Wanted(each, is_wish, _words(each, order))
        for each, is_wish in found
        if is_wish or each.status not in unasked
    ]


def _is_wish(request: RefundRequest, order: Order) -> bool:
    """Asked for, and decided by somebody if it was: a gift taken back is owed to the giver."""
    if request.asked_by_id != order.buyer_id:
        return False
    return request.decided_by_id is not None or request.status not in DECIDED


def _words(request: RefundRequest, order: Order) -> str:
    status = RefundRequest.Status(request.status)
    if status == RefundRequest.Status.DONE and _is_under_way(request, order):
        return _("Refund on its way")
    if status == RefundRequest.Status.DONE and _left(request, order) > 0:
        currency = request.invoice.currency if request.invoice else order.currency
        return _("Partly refunded: %(amount)s") % {
            "amount": money.in_words(request.amount or 0, currency)
        }
    return {
        RefundRequest.Status.ASKED: _("Refund asked for; we answer by mail"),
        RefundRequest.Status.PROPOSED: _("Refund asked for; we answer by mail"),
        RefundRequest.Status.APPROVED: _("Refund on its way"),
        RefundRequest.Status.DONE: _("Refunded"),
        RefundRequest.Status.DECLINED: _("Refund declined"),
        RefundRequest.Status.FAILED: _("Refund delayed; we are looking at it"),
        RefundRequest.Status.WITHDRAWN: _("Refund not wanted any more"),
    }[status]


def _is_under_way(request: RefundRequest, order: Order) -> bool:
    return any(
        refund.status in Refund.UNDER_WAY
        for refund in order.refunds.all()
        if refund.invoice_id == request.invoice_id
    )


def _left(request: RefundRequest, order: Order) -> int:
    """What of the payment it is about did not go back, in the currency's smallest unit."""
    paid = (request.invoice.amount_paid or 0) if request.invoice else order.amount
    return paid - sum(
        refund.amount or 0
        for refund in order.refunds.all()
        if refund.invoice_id == request.invoice_id and refund.status in Refund.STANDING
    )


def payment_to_refund(order: Order) -> tuple[bool, Invoice | None]:
    """Whether money was paid for it that neither went back nor is asked back; by which invoice."""
    if order.paid_at is None or order.status == Order.Status.REFUNDED:
        return False, None
    invoice = refund_requests.last_paid(order)
    if order.subscription_id and invoice is None:
        return False, None  # a trial: nothing was paid
    may_ask = (
        not order.refund_requests.filter(
            invoice=invoice, status__in=RefundRequest.UNSETTLED
        ).exists()
        and refund_requests.remaining(order, invoice) > 0
        and not refund_requests.is_disputed(order, invoice)
    )
    return may_ask, invoice
