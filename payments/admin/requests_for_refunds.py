"""Payments that learners want back: what they ask for, and what finance decides."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from operations import clock
from payments import refund_requests
from payments.admin.confirmation import Confirmation, NotPossible, ReasonForm, ToldReasonForm
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
    period_widget,
    person,
)
from payments.admin.refunds import PERMISSION, approve, consequences, paid_by
from payments.models import RefundRequest
from payments.models.orders import ORDER_LABEL
from payments.money import decimal


class ApproveView(Confirmation):
    model = RefundRequest
    permission = PERMISSION
    back = "money-requests"
    title = _("Approve the refund")
    label = _("Approve the refund")
    serious = True
    related = (
        "order__buyer",
        "order__subscription",
        "order__price__offer__course",
        "order__price__offer__membership",
        "invoice",
    )

    def is_possible(self, row: RefundRequest) -> bool:
        return row.status == RefundRequest.Status.ASKED

    def consequences(self, row: RefundRequest) -> Iterable[Any]:
        return consequences(row.order, row.invoice)

    def carry_out(self, row: RefundRequest, form: ReasonForm) -> Any:
        return approve(row.order, form, self.request.user, invoice=row.invoice)


class DeclineView(Confirmation):
    model = RefundRequest
    permission = PERMISSION
    back = "money-requests"
    form_class = ToldReasonForm
    title = _("Decline the refund")
    label = _("Decline the refund")
    related = ("order__buyer",)

    def is_possible(self, row: RefundRequest) -> bool:
        return row.status == RefundRequest.Status.ASKED

    def consequences(self, row: RefundRequest) -> Iterable[Any]:
        words = {"who": person(row.order.buyer)}
        yield _("%(who)s gets a mail with your reason, word for word.") % words
        yield _("The payment and the access stay as they are.")

    def carry_out(self, row: RefundRequest, form: ReasonForm) -> Any:
        try:
            refund_requests.decline(
                request=row,
                reason=form.cleaned_data["reason"],
                actor=self.request.user,  # type: ignore[arg-type]
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


class RequestIndex(MoneyIndex):
    def to_row_dict(self, item: RefundRequest) -> dict[str, Any]:
        amount, currency = paid_by(item.order, item.invoice)
        return {
            "created_at": item.created_at,
            "order": item.order.number,
            "asked_by": item.asked_by.email if item.asked_by else "",
            "amount": decimal(amount, currency),
            "currency": currency,
            "note": item.note,
            "status": item.get_status_display(),
            "reason": item.reason,
            "decided_by": item.decided_by.email if item.decided_by else "",
            "decided_at": item.decided_at,
        }


class RequestDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: RefundRequest = self.object
        yield Fact(ORDER_LABEL, row.order, detail_url("money-orders", row.order))
        yield Fact(_("Invoice"), row.invoice or "", detail_url("money-invoices", row.invoice))
        yield Fact(_("What"), str(row.order.price.offer))
        yield Fact(_("Amount"), in_words(*paid_by(row.order, row.invoice)))
        yield Fact(_("Asked by"), person(row.asked_by) or _("The site"))
        yield Fact(_("Why"), row.note)
        yield Fact(_("Made"), moment(row.created_at))
        yield Fact(_("State"), row.get_status_display())
        yield Fact(_("Reason"), row.reason)
        yield Fact(_("Decided by"), person(row.decided_by))
        yield Fact(_("Decided"), moment(row.decided_at))

    def actions(self) -> Iterable[Action]:
        if self.object.status == RefundRequest.Status.ASKED and self.request.user.has_perm(
            PERMISSION
        ):
            yield Action(ApproveView.label, reverse("money-requests:approve", args=[self.pk]))
            yield Action(DeclineView.label, reverse("money-requests:decline", args=[self.pk]))


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
        "order__price__offer__membership",
        "invoice",
        "asked_by",
        "decided_by",
    )
    row_views = {"approve": ApproveView, "decline": DeclineView}
    filterset_class = RequestFilters
    search_fields = ["order__buyer__email", "asked_by__email", "note", "reason"]
    list_display = [
        DetailColumn(
            "order",
            "money-requests",
            label=ORDER_LABEL,
            accessor="order.number",
        ),
        Column("asked_by", label=_("Asked by"), accessor="asked_by.email"),
        Column("what", label=_("What"), accessor="order.price.offer"),
        Column("note", label=_("Why")),
        "status",
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
    ]
    export_headings = {"amount": _("Amount"), "currency": _("Currency")}
