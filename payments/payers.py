"""Whose payment is this? From a payment at Stripe to our order, or the invoice of one."""

from dataclasses import dataclass
from datetime import datetime

from payments import entitlement, gateway, subscriptions
from payments.models import Invoice, Order


@dataclass
class Payer:
    """Both empty where the payment is none of ours."""

    order: Order | None = None
    invoice: Invoice | None = None

    def lock(self) -> None:
        """In a transaction: all that concerns one buyer's money stands in line."""
        if self.order:
            self.order = entitlement.lock(self.order.pk)


def of_payment(payment_intent_id: str, *, now: datetime) -> Payer:
    """Found here, or at Stripe where its news came before ours. Raises GatewayError."""
    if not payment_intent_id:
        return Payer()
    return _known(payment_intent_id) or _learned(payment_intent_id, now=now)


def _known(payment_intent_id: str) -> Payer | None:
    ours = gateway.ours()
    if order := Order.objects.filter(payment_intent_id=payment_intent_id, **ours).first():
        return Payer(order=order)
    invoice = (
        Invoice.objects.filter(payment_intent_id=payment_intent_id, **ours)
        .select_related("subscription__order")
        .first()
    )
    if invoice is None:
        return None
    return Payer(order=getattr(invoice.subscription, "order", None), invoice=invoice)


def _learned(payment_intent_id: str, *, now: datetime) -> Payer:
    payment = gateway.retrieve_payment_intent(payment_intent_id)
    key = (payment.get("metadata") or {}).get("order")
    if order := Order.objects.filter(key=key, **gateway.ours()).first() if key else None:
        return Payer(order=order)
    if invoice_id := gateway.find_invoice(payment_intent_id=payment_intent_id):
        subscriptions.refresh_invoice(invoice_id, now=now)
    return _known(payment_intent_id) or Payer()
