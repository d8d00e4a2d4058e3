"""Bills of subscriptions at finance's desk."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from payments import went_back
from payments.admin.listing import (
    Action,
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
from payments.admin.refunds import (
    RefundInvoiceView,
    is_refundable,
    order_of,
    refund_state,
    wishes,
)
from payments.models import Invoice
from payments.money import decimal

# Stripe's words, in ours. A word it adds later is shown as it is.
INVOICE_STATES = {
    "draft": _("Draft"),
    "open": _("To be paid"),
    "paid": _("Paid"),
    "uncollectible": _("Not collected"),
    "void": _("Void"),
}
WENT_BACK = {"refunded": _("Refunded"), went_back.PARTLY: _("Partly refunded")}
# Why Stripe made it.
REASONS = {
    "subscription_create": _("First period"),
    "subscription_cycle": _("Renewal"),
    "subscription_update": _("Change"),
    "manual": _("Made by hand"),
}


def invoice_state(row: Invoice) -> Any:
    """Of one with its refunds."""
    state = went_back.bill_state(row, went_back.of_bill(row))
    if state in WENT_BACK and went_back.is_bill_under_way(row):
        return _("Refund on its way")
    return (INVOICE_STATES | WENT_BACK).get(state, state)


class InvoiceFilters(WagtailFilterSet):
    status = django_filters.ChoiceFilter(label=_("State"), choices=list(INVOICE_STATES.items()))
    created_at = django_filters.DateFromToRangeFilter(label=_("Made"), widget=period_widget())

    class Meta:
        model = Invoice
        fields = ["status", "created_at"]


class InvoiceIndex(MoneyIndex):
    totals = (("amount_due", _("Amount"), "currency"), ("amount_paid", _("Paid"), "currency"))

    def get_base_queryset(self) -> QuerySet[Invoice]:
        return super().get_base_queryset().prefetch_related("refunds")

    def to_row_dict(self, item: Invoice) -> dict[str, Any]:
        subscription = item.subscription
        learner = subscription.learner if subscription else None
        return {
            "stripe_id": item.stripe_id,
            "created_at": item.created_at,
            "paid_at": item.paid_at,
            "learner": learner.email if learner else "",
            "what": str(item.offer or (subscription and subscription.offer) or ""),
            "amount_due": decimal(item.amount_due, item.currency),
            "amount_paid": decimal(item.amount_paid, item.currency),
            "tax": decimal(item.tax, item.currency),
            "tax_country": item.tax_country,
            "tax_number": item.tax_number,
            "currency": item.currency,
            "status": invoice_state(item),
        }


class InvoiceDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: Invoice = self.object
        subscription = row.subscription
        yield stripe_fact("Stripe", row.stripe_id, livemode=row.livemode)
        yield Fact(_("Learner"), person(subscription.learner) if subscription else "")
        yield Fact(
            _("Subscription"),
            subscription.offer or subscription if subscription else "",
            detail_url("money-subscriptions", subscription),
        )
        yield Fact(_("State"), invoice_state(row))
        yield Fact(_("Reason"), REASONS.get(row.billing_reason, row.billing_reason))
        yield Fact(_("Amount"), in_words(row.amount_due, row.currency))
        yield Fact(_("Paid"), in_words(row.amount_paid, row.currency))
        tax = in_words(row.tax, row.currency) if row.tax else ""
        yield Fact(_("Tax"), " · ".join(filter(None, (tax, row.tax_country))))
        yield Fact(_("Tax number"), row.tax_number)
        yield Fact(_("Attempts"), row.attempt_count)
        yield Fact(_("Made"), moment(row.created_at))
        yield Fact(_("Paid on"), moment(row.paid_at))
        yield Fact(_("Payment"), row.payment_intent_id)
        if row.page_url:
            yield Fact(_("Stripe's page of it"), row.page_url, row.page_url)

    def actions(self) -> Iterable[Action]:
        row: Invoice = self.object
        order = order_of(row)
        able = self.request.user.has_perm(RefundInvoiceView.permission)
        if able and order and is_refundable(order, row):
            yield Action(_("Refund"), reverse("money-invoices:refund", args=[row.pk]))

    def sections(self) -> Iterable[Section]:
        yield Section(
            _("Refunds"),
            [_("Made"), _("Amount"), _("State"), _("Reason")],
            [
                [
                    Fact("", moment(row.created_at), detail_url("money-refunds", row)),
                    in_words(row.amount, row.currency),
                    refund_state(row),
                    row.request.reason if row.request else "",
                ]
                for row in self.object.refunds.select_related("request")
            ],
        )
        yield wishes(self.object.refund_requests.all())


class InvoiceViewSet(MoneyViewSet):
    model = Invoice
    name = "money-invoices"
    url_prefix = "money/invoices"
    icon = "doc-full"
    menu_label = _("Invoices")
    index_view_class = InvoiceIndex
    inspect_view_class = InvoiceDetail
    related = (
        "subscription__learner",
        "subscription__offer__course",
        "subscription__offer__membership",
        "offer__course",
        "offer__membership",
    )
    filterset_class = InvoiceFilters
    row_views = {"refund": RefundInvoiceView}
    order_key = "subscription__order__key"
    search_fields = ["subscription__learner__email", "stripe_id", "payment_intent_id"]
    list_display = [
        DetailColumn("stripe_id", "money-invoices", label="Stripe"),
        Column("learner", label=_("Learner"), accessor="subscription.learner.email"),
        MoneyColumn("amount_due", label=_("Amount")),
        MoneyColumn("amount_paid", label=_("Paid")),
        Column("status", label=_("State"), accessor=invoice_state, sort_key="status"),
        MomentColumn("created_at", label=_("Made")),
        MomentColumn("paid_at", label=_("Paid on")),
    ]
    list_export = [
        "stripe_id",
        "created_at",
        "paid_at",
        "learner",
        "what",
        "amount_due",
        "amount_paid",
        "tax",
        "tax_country",
        "tax_number",
        "currency",
        "status",
    ]
    export_headings = {
        "learner": _("Learner"),
        "what": _("What"),
        "tax": _("Tax"),
    }
