"""Giving money back: what finance begins, what Stripe did."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from operations import clock
from payments import refund_requests
from payments.admin.confirmation import Confirmation, NotPossible, ReasonForm
from payments.admin.listing import (
    DetailColumn,
    Fact,
    MomentColumn,
    MoneyColumn,
    MoneyDetail,
    MoneyIndex,
    MoneyViewSet,
    detail_url,
    in_words,
    moment,
    period_widget,
    person,
)
from payments.models import Invoice, Order, Refund, RefundRequest
from payments.models.orders import ORDER_LABEL
from payments.money import decimal

PERMISSION = "payments.refund_order"
STATES = {
    "pending": _("On its way"),
    "requires_action": _("Waiting for the payer"),
    "succeeded": _("Refunded"),
    "failed": _("Failed"),
    "canceled": _("Called off"),
}


def refund_state(row: Refund) -> Any:
    return STATES.get(row.status, row.status)


def paid_by(order: Order, invoice: Invoice | None) -> tuple[int, str]:
    """What a refund of it would give back."""
    if invoice is not None:
        return invoice.amount_paid or 0, invoice.currency
    return order.amount, order.currency


def payment_of(order: Order) -> Invoice | None:
    return order.subscription.last_paid_invoice() if order.subscription else None


def consequences(order: Order, invoice: Invoice | None) -> Iterable[Any]:
    """What a full refund brings about, in sentences."""
    present = payment_of(order)
    invoice = invoice or present
    words = {
        "amount": in_words(*paid_by(order, invoice)),
        "who": person(order.buyer),
        "what": str(order.price.offer.sellable),
    }
    yield _("%(amount)s goes back to %(who)s, the way it was paid.") % words
    if invoice != present:
        yield _("The subscription goes on: its present period was paid by a later invoice.")
    else:
        if order.subscription:
            yield _("The subscription ends at once and charges nothing any more.")
        yield (_("Access to “%(what)s” by this payment ends with it. Progress stays.") % words)
    yield _("It happens once, and cannot be taken back.")


def approve(order: Order, form: ReasonForm, actor: Any, *, invoice: Invoice | None = None) -> Any:
    try:
        refund_requests.approve(
            order=order,
            invoice=invoice,
            reason=form.cleaned_data["reason"],
            actor=actor,
            now=clock.now(),
        )
    except refund_requests.CannotRefund:
        raise NotPossible(_("This payment has been given back, or there is none.")) from None
    return _("The refund is on its way to Stripe.")


class RefundOrderView(Confirmation):
    model = Order
    permission = PERMISSION
    back = "money-orders"
    title = _("Refund in full")
    label = _("Refund in full")
    serious = True
    related = ("buyer", "subscription", "price__offer__course", "price__offer__membership")

    def is_possible(self, row: Order) -> bool:
        return is_refundable(row)

    def consequences(self, row: Order) -> Iterable[Any]:
        return consequences(row, None)

    def carry_out(self, row: Order, form: ReasonForm) -> Any:
        return approve(row, form, self.request.user)


class RefundInvoiceView(Confirmation):
    model = Invoice
    permission = PERMISSION
    back = "money-invoices"
    title = _("Refund in full")
    label = _("Refund in full")
    serious = True
    related = ("subscription",)

    def order_of(self, row: Invoice) -> Order | None:
        return Order.objects.filter(subscription=row.subscription).first()

    def is_possible(self, row: Invoice) -> bool:
        pending = [RefundRequest.Status.APPROVED, RefundRequest.Status.DONE]
        return bool(
            row.amount_paid
            and self.order_of(row)
            and not row.refund_requests.filter(status__in=pending).exists()
        )

    def consequences(self, row: Invoice) -> Iterable[Any]:
        order = self.order_of(row)
        return consequences(order, row) if order else []

    def carry_out(self, row: Invoice, form: ReasonForm) -> Any:
        order = self.order_of(row)
        if order is None:
            raise NotPossible(_("No order of ours belongs to this invoice."))
        return approve(order, form, self.request.user, invoice=row)


def is_refundable(order: Order) -> bool:
    """Whether money was paid for it that neither went back nor is about to."""
    if order.paid_at is None or order.status == Order.Status.REFUNDED:
        return False
    invoice = payment_of(order)
    if order.subscription_id and invoice is None:
        return False  # a trial: nothing was paid
    under_way = [RefundRequest.Status.APPROVED, RefundRequest.Status.DONE]
    decided = order.refund_requests.filter(status__in=under_way)
    return not decided.filter(invoice=invoice).exists()


class RefundFilters(WagtailFilterSet):
    status = django_filters.ChoiceFilter(label=_("State"), choices=list(STATES.items()))
    created_at = django_filters.DateFromToRangeFilter(label=_("Made"), widget=period_widget())

    class Meta:
        model = Refund
        fields = ["status", "created_at"]


class RefundIndex(MoneyIndex):
    totals = (("amount", _("Amount"), "currency"),)

    def to_row_dict(self, item: Refund) -> dict[str, Any]:
        request = item.request
        return {
            "stripe_id": item.stripe_id,
            "created_at": item.created_at,
            "order": str(item.order or ""),
            "buyer": item.order.buyer.email if item.order else "",
            "amount": decimal(item.amount, item.currency),
            "currency": item.currency,
            "status": refund_state(item),
            "reason": request.reason if request else "",
        }


class RefundDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: Refund = self.object
        yield Fact("Stripe", row.stripe_id)
        yield Fact(_("Amount"), in_words(row.amount, row.currency))
        yield Fact(_("State"), refund_state(row))
        yield Fact(_("Made"), moment(row.created_at))
        yield Fact(
            ORDER_LABEL,
            row.order or "",
            detail_url("money-orders", row.order),
        )
        yield Fact(_("Buyer"), person(row.order.buyer) if row.order else "")
        yield Fact(_("Invoice"), row.invoice or "", detail_url("money-invoices", row.invoice))
        if request := row.request:
            yield Fact(_("Reason"), request.reason, detail_url("money-requests", request))
            yield Fact(_("Decided by"), person(request.decided_by) or _("The site"))


class RefundViewSet(MoneyViewSet):
    model = Refund
    name = "money-refunds"
    url_prefix = "money/refunds"
    icon = "undo"
    menu_label = _("Refunds")
    index_view_class = RefundIndex
    inspect_view_class = RefundDetail
    related = ("order__buyer", "invoice", "request__decided_by")
    filterset_class = RefundFilters
    search_fields = ["stripe_id", "order__buyer__email", "payment_intent_id", "charge_id"]
    list_display = [
        DetailColumn("stripe_id", "money-refunds", label="Stripe"),
        Column("order", label=ORDER_LABEL, accessor="order.number"),
        Column("buyer", label=_("Buyer"), accessor="order.buyer.email"),
        MoneyColumn("amount", label=_("Amount")),
        Column("status", label=_("State"), accessor=refund_state, sort_key="status"),
        MomentColumn("created_at", label=_("Made")),
    ]
    list_export = [
        "stripe_id",
        "created_at",
        "order",
        "buyer",
        "amount",
        "currency",
        "status",
        "reason",
    ]
    export_headings = {
        "buyer": _("Buyer"),
        "order": ORDER_LABEL,
        "reason": _("Reason"),
    }
