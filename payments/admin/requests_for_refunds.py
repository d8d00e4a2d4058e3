"""Payments that learners want back: what they ask for, and what finance decides."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from operations import clock
from payments import refund_requests
from payments.admin.confirmation import (
    Confirmation,
    NotPossible,
    ReasonForm,
    ToldReasonForm,
    actor_of,
)
from payments.admin.listing import (
    Action,
    DetailColumn,
    Fact,
    MomentColumn,
    MoneyDetail,
    MoneyIndex,
    MoneyViewSet,
    detail_url,
    in_words,
    moment,
    person,
)
from payments.admin.listing_filters import period_widget
from payments.admin.refunds import (
    GivesBack,
    OfPayment,
    in_full,
    request_state,
    wanted,
    why_failed,
    why_not,
)
from payments.models import Invoice, Order, RefundRequest
from payments.models.orders import ORDER_LABEL
from payments.money import decimal

RELATED = (
    "order__buyer",
    "order__subscription",
    "order__price__offer__course",
    "order__price__offer__bundle",
    "order__price__offer__membership",
    "invoice",
    "decided_by",
)


class ApproveView(GivesBack):
    model = RefundRequest
    back = "money-requests"
    title = _("Approve the refund")
    label = _("Approve the refund")
    related = RELATED

    def is_possible(self, row: RefundRequest) -> bool:
        return row.status == RefundRequest.Status.ASKED and super().is_possible(row)

    def payment(self, row: RefundRequest) -> tuple[Order, Invoice | None]:
        return row.order, row.invoice


class ConfirmView(OfPayment):
    """The second person's yes."""

    model = RefundRequest
    back = "money-requests"
    form_class = forms.Form
    title = _("Confirm the refund")
    label = _("Confirm the refund")
    related = RELATED

    def payment(self, row: RefundRequest) -> tuple[Order, Invoice | None]:
        return row.order, row.invoice

    def is_possible(self, row: RefundRequest) -> bool:
        return (
            row.status == RefundRequest.Status.PROPOSED
            and refund_requests.may_confirm(row, self.actor, now=clock.now())
            and super().is_possible(row)
        )

    def why_not(self, row: RefundRequest) -> Any:
        if row.status != RefundRequest.Status.PROPOSED or self.is_disputed(row):
            return super().why_not(row)
        if refund_requests.is_alone(self.actor) and row.alone_from:
            return _("You decided it yourself, and can confirm it from %(moment)s on.") % {
                "moment": moment(row.alone_from)
            }
        return _("You decided it yourself: a colleague has to confirm it.")

    def consequences(self, row: RefundRequest) -> Iterable[Any]:
        order = row.order
        words = {
            "amount": in_words(*wanted(row)),
            "who": person(order.buyer),
            "proposer": person(row.decided_by),
            "reason": row.reason,
            "what": str(order.price.offer.sellable),
        }
        yield _("%(proposer)s wants to give it back: “%(reason)s”") % words
        yield _("%(amount)s goes back to %(who)s, the way it was paid.") % words
        if row.invoice != refund_requests.last_paid(order):
            yield _("The subscription goes on: its present period was paid by a later invoice.")
        elif row.ends_access or row.amount == refund_requests.remaining(order, row.invoice):
            if order.subscription:
                yield _("The subscription ends at once and charges nothing any more.")
            yield in_full(order) % words
        else:
            yield _("The access stays as it is.")
        yield _("It happens once, and cannot be taken back.")

    def carry_out(self, row: RefundRequest, form: forms.Form) -> Any:
        try:
            refund_requests.confirm(request=row, actor=self.actor, now=clock.now())
        except refund_requests.CannotRefund as problem:
            raise NotPossible(why_not(problem)) from None
        except refund_requests.NeedsAnother:
            raise NotPossible(_("Somebody else has to confirm it.")) from None
        return _("The refund is on its way to Stripe.")


class DeclineView(Confirmation):
    model = RefundRequest
    permission = refund_requests.PERMISSION
    back = "money-requests"
    title = _("Decline the refund")
    label = _("Decline the refund")
    related = ("order__buyer",)

    def is_possible(self, row: RefundRequest) -> bool:
        return row.status in RefundRequest.DECLINABLE

    def form(self, data: Any = None) -> ReasonForm:
        return ToldReasonForm(data) if self.is_told() else ReasonForm(data)

    def is_told(self) -> bool:
        """Whether it was the buyer who asked."""
        request: Any = self.row
        return bool(request.asked_by_id == request.order.buyer_id)

    def consequences(self, row: RefundRequest) -> Iterable[Any]:
        words = {"who": person(row.order.buyer)}
        if self.is_told():
            yield _("%(who)s gets a mail with your reason, word for word.") % words
        else:
            yield _("%(who)s did not ask for it and is not told.") % words
        yield _("The payment and the access stay as they are.")

    def carry_out(self, row: RefundRequest, form: ReasonForm) -> Any:
        try:
            refund_requests.decline(
                request=row,
                reason=form.cleaned_data["reason"],
                actor=self.actor,
                now=clock.now(),
            )
        except refund_requests.CannotRefund:
            raise NotPossible(_("It has been decided already.")) from None
        return _("The request is declined.")


class RequestFilters(WagtailFilterSet):
    created_at = django_filters.DateFromToRangeFilter(label=_("Made"), widget=period_widget())

    class Meta:
        model = RefundRequest
        fields = ["status", "created_at"]


def people(row: RefundRequest) -> str:
    """Who decided, confirmed or declined, in this order."""
    found = (row.decided_by, row.confirmed_by, row.declined_by)
    return "、".join(each.get_full_name() or each.email for each in found if each)


class RequestIndex(MoneyIndex):
    def to_row_dict(self, item: RefundRequest) -> dict[str, Any]:
        amount, currency = wanted(item)
        return {
            "created_at": item.created_at,
            "order": item.order.number,
            "asked_by": item.asked_by.email if item.asked_by else "",
            "amount": decimal(amount, currency),
            "currency": currency,
            "note": item.note,
            "status": request_state(item),
            "reason": item.reason,
            "decided_by": item.decided_by.email if item.decided_by else "",
            "decided_at": item.decided_at,
            "confirmed_by": item.confirmed_by.email if item.confirmed_by else "",
            "confirmed_at": item.confirmed_at,
            "decline_reason": item.decline_reason,
            "declined_by": item.declined_by.email if item.declined_by else "",
            "declined_at": item.declined_at,
        }


class RequestDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: RefundRequest = self.object
        yield Fact(ORDER_LABEL, row.order, detail_url("money-orders", row.order))
        yield Fact(_("Invoice"), row.invoice or "", detail_url("money-invoices", row.invoice))
        yield Fact(_("What"), str(row.order.price.offer))
        yield Fact(_("Amount"), self.amount())
        yield Fact(_("Asked by"), person(row.asked_by) or _("The site"))
        yield Fact(_("Why it is asked for"), row.note)
        yield Fact(_("Made"), moment(row.created_at))
        yield Fact(_("State"), request_state(row))
        yield Fact(_("Stripe's answer"), why_failed(row.refusal))
        yield Fact(_("Why it is given"), row.reason)
        yield Fact(_("Decided by"), person(row.decided_by))
        yield Fact(_("Decided"), moment(row.decided_at))
        yield Fact(_("Confirmed by"), person(row.confirmed_by) or self.awaited())
        yield Fact(_("Confirmed"), moment(row.confirmed_at))
        yield Fact(_("Why declined"), row.decline_reason)
        yield Fact(_("Declined by"), person(row.declined_by))
        yield Fact(_("Declined on"), moment(row.declined_at))
        yield Fact(_("Not wanted any more"), moment(row.withdrawn_at))

    def amount(self) -> str:
        """As decided; before that, what is left of the payment."""
        row: RefundRequest = self.object
        amount, currency = wanted(row)
        if row.status == RefundRequest.Status.ASKED:
            amount = refund_requests.remaining(row.order, row.invoice)
        return in_words(amount, currency)

    def awaited(self) -> Any:
        """Who confirms a refund that waits, if it does."""
        row: RefundRequest = self.object
        actor = actor_of(self.request)
        if row.status != RefundRequest.Status.PROPOSED:
            return ""
        if actor.pk != row.decided_by_id:
            return _("You, or another colleague")
        if refund_requests.is_alone(actor):
            return _("You, from %(moment)s on") % {"moment": moment(row.alone_from)}
        return _("A colleague, not you")

    def actions(self) -> Iterable[Action]:
        row: RefundRequest = self.object
        actor = actor_of(self.request)
        if not actor.has_perm(refund_requests.PERMISSION):
            return
        ways = {"approve": ApproveView, "decline": DeclineView}
        if row.status == RefundRequest.Status.PROPOSED:
            ways = {"confirm": ConfirmView, "decline": DeclineView}
            if not refund_requests.may_confirm(row, actor, now=clock.now()):
                del ways["confirm"]
        elif row.status == RefundRequest.Status.FAILED:
            again = _("Give back again")
            if row.invoice_id:
                yield Action(again, reverse("money-invoices:refund", args=[row.invoice_id]))
            else:
                yield Action(again, reverse("money-orders:refund", args=[row.order_id]))
            ways = {"decline": DeclineView}
        elif row.status != RefundRequest.Status.ASKED:
            return
        for name, view in ways.items():
            yield Action(view.label, reverse(f"money-requests:{name}", args=[self.pk]))


class RequestViewSet(MoneyViewSet):
    model = RefundRequest
    name = "money-requests"
    url_prefix = "money/requests"
    icon = "comment"
    menu_label = _("Refund requests")
    index_view_class = RequestIndex
    inspect_view_class = RequestDetail
    related = (
        "order__buyer",
        "order__price__offer__course",
        "order__price__offer__bundle",
        "order__price__offer__membership",
        "invoice",
        "asked_by",
        "decided_by",
        "confirmed_by",
        "declined_by",
        "refund",
    )
    row_views = {"approve": ApproveView, "confirm": ConfirmView, "decline": DeclineView}
    filterset_class = RequestFilters
    order_key = "order__key"
    search_fields = ["order__buyer__email", "asked_by__email", "note", "reason", "decline_reason"]
    list_display = [
        DetailColumn(
            "order",
            "money-requests",
            label=ORDER_LABEL,
            accessor="order.number",
        ),
        Column("asked_by", label=_("Asked by"), accessor="asked_by.email"),
        Column("what", label=_("What"), accessor="order.price.offer"),
        Column("note", label=_("Why it is asked for")),
        Column("amount", label=_("Amount"), accessor=lambda row: in_words(*wanted(row))),
        Column("reason", label=_("Why it is given")),
        Column("decline_reason", label=_("Why declined")),
        Column("status", label=_("State"), accessor=request_state, sort_key="status"),
        Column("people", label=_("Decided by"), accessor=people),
        MomentColumn("created_at", label=_("Made")),
    ]
    list_export = [
        "created_at",
        "order",
        "asked_by",
        "amount",
        "currency",
        "note",
        "status",
        "reason",
        "decided_by",
        "decided_at",
        "confirmed_by",
        "confirmed_at",
        "decline_reason",
        "declined_by",
        "declined_at",
    ]
    export_headings = {"amount": _("Amount"), "currency": _("Currency")}
