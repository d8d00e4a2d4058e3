"""Payments that a buyer's bank disputes: until when to answer, and what speaks for the payment."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from payments import evidence
from payments.admin.listing import (
    DetailColumn,
    Fact,
    MomentColumn,
    MoneyColumn,
    MoneyDetail,
    MoneyIndex,
    MoneyViewSet,
    Section,
    detail_url,
    in_words,
    moment,
    person,
    stripe_fact,
)
from payments.admin.listing_filters import period_widget
from payments.models import Dispute
from payments.models.orders import ORDER_LABEL
from payments.money import decimal

# Those that wait for us.
TO_ANSWER = ("needs_response", "warning_needs_response")
STATES = {
    "needs_response": _("Waits for our answer"),
    "under_review": _("The bank decides"),
    "won": _("Won"),
    "lost": _("Lost"),
    "prevented": _("Prevented"),
    "warning_needs_response": _("Inquiry: waits for our answer"),
    "warning_under_review": _("Inquiry: the bank decides"),
    "warning_closed": _("Inquiry closed"),
}
# https://docs.stripe.com/disputes/categories; a word that is not here is shown as Stripe gives it.
REASONS = {
    "bank_cannot_process": _("The bank cannot process it"),
    "credit_not_processed": _("A promised refund did not come"),
    "customer_initiated": _("The buyer wants it back"),
    "debit_not_authorized": _("The debit was not authorised"),
    "duplicate": _("Charged twice"),
    "fraudulent": _("The buyer says: that was not me"),
    "general": _("Without a reason"),
    "insufficient_funds": _("Insufficient funds"),
    "noncompliant": _("Against the card network's rules"),
    "product_not_received": _("Not received"),
    "product_unacceptable": _("Not as described"),
    "subscription_canceled": _("The subscription had been cancelled"),
    "unrecognized": _("The buyer does not recognise it"),
}


def dispute_state(row: Dispute) -> Any:
    return STATES.get(row.status, row.status)


def dispute_reason(row: Dispute) -> Any:
    return REASONS.get(row.reason, row.reason)


def access(row: Dispute) -> Any:
    """What became of what was opened by the payment."""
    if row.status == "lost":
        return _("Closed: the bank took the payment back")
    return _("Withheld while it stands") if row.withdraws else _("As it was")


def due(row: Dispute) -> str:
    return moment(evidence.due_by(row)) if row.status in TO_ANSWER else ""


class DisputeFilters(WagtailFilterSet):
    status = django_filters.ChoiceFilter(label=_("State"), choices=list(STATES.items()))
    to_answer = django_filters.BooleanFilter(label=_("To answer"), method="filter_to_answer")
    created_at = django_filters.DateFromToRangeFilter(label=_("Made"), widget=period_widget())

    class Meta:
        model = Dispute
        fields = ["status", "to_answer", "created_at"]

    def filter_to_answer(self, rows: QuerySet[Dispute], name: str, value: bool) -> Any:
        return rows.filter(status__in=TO_ANSWER) if value else rows.exclude(status__in=TO_ANSWER)


class DisputeIndex(MoneyIndex):
    totals = (("amount", _("Disputed or lost"), "currency"),)

    def counted(self, rows: QuerySet[Dispute]) -> QuerySet[Dispute]:
        return rows & Dispute.objects.withdrawing()

    def to_row_dict(self, item: Dispute) -> dict[str, Any]:
        return {
            "stripe_id": item.stripe_id,
            "created_at": item.created_at,
            "order": str(item.order or ""),
            "buyer": item.order.buyer.email if item.order else "",
            "amount": decimal(item.amount, item.currency),
            "currency": item.currency,
            "reason": dispute_reason(item),
            "status": dispute_state(item),
        }


class DisputeDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: Dispute = self.object
        yield stripe_fact("Stripe", row.stripe_id, livemode=row.livemode)
        yield Fact(_("State"), dispute_state(row))
        yield Fact(_("Answer until"), due(row))
        yield Fact(_("Amount"), in_words(row.amount, row.currency))
        yield Fact(_("Reason"), dispute_reason(row))
        yield Fact(_("Made"), moment(row.created_at))
        yield Fact(ORDER_LABEL, row.order or "", detail_url("money-orders", row.order))
        yield Fact(_("Invoice"), row.invoice or "", detail_url("money-invoices", row.invoice))
        yield Fact(_("Buyer"), person(row.order.buyer) if row.order else "")
        if row.order:
            yield Fact(_("Access"), access(row))
            count = evidence.disputed_by(row.order.buyer)
            yield Fact(_("Disputed payments of this person"), count or "")

    def sections(self) -> Iterable[Section]:
        order = self.object.order
        if order is None:
            return
        heading = _("What speaks for the payment")
        if self.object.status in TO_ANSWER:
            heading = _("What speaks for the payment; answer at Stripe with it")
        yield Section(
            heading,
            [_("What"), _("When")],
            [
                [exhibit.label, _shown(exhibit.value)]
                for exhibit in evidence.of(order, self.object.invoice)
            ],
        )


def _shown(value: Any) -> Any:
    return moment(value) if isinstance(value, datetime) else value


class DisputeViewSet(MoneyViewSet):
    model = Dispute
    name = "money-disputes"
    url_prefix = "money/disputes"
    icon = "warning"
    menu_label = _("Disputes")
    index_view_class = DisputeIndex
    inspect_view_class = DisputeDetail
    related = (
        "order__buyer",
        "order__subscription",
        "order__price__offer__course",
        "order__price__offer__membership",
        "invoice",
    )
    filterset_class = DisputeFilters
    order_key = "order__key"
    search_fields = ["stripe_id", "order__buyer__email", "payment_intent_id", "charge_id"]
    list_display = [
        DetailColumn("stripe_id", "money-disputes", label="Stripe"),
        Column("order", label=ORDER_LABEL, accessor="order.number"),
        Column("buyer", label=_("Buyer"), accessor="order.buyer.email"),
        MoneyColumn("amount", label=_("Amount")),
        Column("status", label=_("State"), accessor=dispute_state, sort_key="status"),
        Column("due", label=_("Answer until"), accessor=due),
        MomentColumn("created_at", label=_("Made")),
    ]
    list_export = [
        "stripe_id",
        "created_at",
        "order",
        "buyer",
        "amount",
        "currency",
        "reason",
        "status",
    ]
    export_headings = {
        "buyer": _("Buyer"),
        "order": ORDER_LABEL,
        "reason": _("Reason"),
    }
