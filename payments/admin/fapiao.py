"""Fapiaos (发票): who asked for one, what was issued, and what must be reversed."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views import View
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.models import ModelLogEntry

from pages import dates
from payments import fapiao
from payments.admin.fapiao_steps import (
    PERMISSION,
    CorrectView,
    IssueView,
    OfFapiao,
    ReverseView,
    net,
)
from payments.admin.listing import (
    Action,
    DetailColumn,
    Fact,
    MomentColumn,
    MoneyDetail,
    MoneyIndex,
    MoneyViewSet,
    Section,
    detail_url,
    in_words,
    moment,
    person,
)
from payments.admin.listing_filters import period_widget
from payments.models import Fapiao
from payments.models.orders import ORDER_LABEL
from payments.money import decimal
from payments.views.fapiao import file_of

STATES = {
    "asked": _("Asked for"),
    "issued": _("Issued"),
    "to_reverse": _("Taken back since: reverse it"),
    "reversed": _("Reversed"),
    "void": _("Refunded before it was issued"),
}


def state(row: Any) -> Any:
    return STATES[row.state]


class FileView(View):
    """The PDF, for finance."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
        row = get_object_or_404(Fapiao, pk=pk)
        if not request.user.has_perm("payments.view_fapiao") or not row.file:
            raise Http404
        return file_of(request, row)


class FapiaoFilters(WagtailFilterSet):
    state = django_filters.ChoiceFilter(label=_("State"), choices=list(STATES.items()))
    asked_at = django_filters.DateFromToRangeFilter(label=_("Asked for on"), widget=period_widget())

    class Meta:
        model = Fapiao
        fields = ["state", "kind", "asked_at"]


class FapiaoIndex(MoneyIndex):
    def get_base_queryset(self) -> QuerySet[Fapiao]:
        return fapiao.with_state().select_related(*self.related)

    def search_queryset(self, queryset: QuerySet[Fapiao]) -> QuerySet[Fapiao]:
        """By its number or its reversal's, also one that was corrected since."""
        typed = (self.search_query or "").strip()
        if fapiao.NUMBER.fullmatch(typed):
            corrected = ModelLogEntry.objects.filter(
                content_type=ContentType.objects.get_for_model(Fapiao),
                action="payments.correct_fapiao",
                data__before__icontains=typed,
            ).values_list("object_id", flat=True)
            noted = Q(number=typed) | Q(reversal_number=typed) | Q(pk__in=map(int, corrected))
            if (found := queryset.filter(noted)).exists():
                return found
        return super().search_queryset(queryset)

    def to_row_dict(self, item: Fapiao) -> dict[str, Any]:
        order, stands = item.order, item.state not in ("reversed", "void")  # type: ignore[attr-defined]
        since = item.refunded - item.refunded_before  # type: ignore[attr-defined]
        return {
            "order": order.number,
            "paid_at": item.paid_at,
            "buyer": order.buyer.email,
            "what": str(order.price.offer.sellable),
            "amount": decimal(fapiao.made_out_for(item), order.currency),
            "refunded": decimal(since, order.currency),
            "kept": decimal(fapiao.made_out_for(item) - since if stands else 0, order.currency),
            "currency": order.currency,
            "kind": item.get_kind_display(),
            "title": item.title,
            "tax_number": item.tax_number,
            "email": item.email,
            "asked_at": item.asked_at,
            "state": state(item),
            "number": item.number,
            "issued_on": item.issued_on,
            "reversal_number": item.reversal_number,
            "reversed_on": item.reversed_on,
        }


class FapiaoDetail(MoneyDetail):
    def get_object(self, queryset: Any = None) -> Fapiao:
        return get_object_or_404(fapiao.with_state().select_related(*self.related), pk=self.pk)

    def facts(self) -> Iterable[Fact]:
        row: Fapiao = self.object
        order = row.order
        yield Fact(ORDER_LABEL, order, detail_url("money-orders", order))
        yield Fact(_("Buyer"), person(order.buyer))
        yield Fact(_("What"), str(order.price.offer))
        yield Fact(_("Invoice"), row.invoice or "", detail_url("money-invoices", row.invoice))
        yield Fact(_("Paid"), moment(row.paid_at))
        yield Fact(_("Amount"), in_words(row.amount, order.currency))
        yield Fact(_("Net of refunds"), in_words(net(row), order.currency))
        yield Fact(_("Made out for"), in_words(fapiao.made_out_for(row), order.currency))
        yield Fact(_("State"), state(row))
        yield Fact(_("Made out to"), row.get_kind_display())
        yield Fact(_("Name on the fapiao"), row.title)
        yield Fact(_("Tax number"), row.tax_number)
        yield Fact(_("E-mail"), row.email)
        yield Fact(_("Asked for on"), moment(row.asked_at))
        yield Fact(_("Number of the fapiao"), row.number)
        yield Fact(_("Issued on"), dates.day(row.issued_on) if row.issued_on else "")
        yield Fact(_("Issued by"), person(row.issued_by))
        if row.file:
            yield Fact(_("PDF"), row.number, reverse("money-fapiao:file", args=[row.pk]))
        yield Fact(_("Number of the reversal"), row.reversal_number)
        yield Fact(_("Reversed on"), dates.day(row.reversed_on) if row.reversed_on else "")

    def sections(self) -> Iterable[Section]:
        told = ModelLogEntry.objects.for_instance(self.object)
        yield Section(
            _("Corrections"),
            [_("When"), _("Who"), _("Before"), _("Corrected to"), _("Reason")],
            [
                [moment(each.timestamp), person(each.user)]
                + [each.data.get(name, "") for name in ("before", "number", "reason")]
                for each in told.filter(action="payments.correct_fapiao").select_related("user")
            ],
        )

    def actions(self) -> Iterable[Action]:
        if not self.request.user.has_perm(PERMISSION):
            return
        if self.object.state == "asked":
            yield Action(IssueView.title, reverse("money-fapiao:issue", args=[self.pk]))
        elif self.object.state == "to_reverse":
            yield Action(ReverseView.title, reverse("money-fapiao:reverse", args=[self.pk]))
        if self.object.is_issued:
            yield Action(CorrectView.title, reverse("money-fapiao:correct", args=[self.pk]))


class FapiaoViewSet(MoneyViewSet):
    model = Fapiao
    name = "money-fapiao"
    url_prefix = "money/fapiao"
    icon = "doc-full"
    menu_label = _("Fapiaos")
    index_view_class = FapiaoIndex
    inspect_view_class = FapiaoDetail
    related = (*OfFapiao.related, "issued_by")
    row_views = {
        "issue": IssueView,
        "reverse": ReverseView,
        "correct": CorrectView,
        "file": FileView,
    }
    filterset_class = FapiaoFilters
    order_key = "order__key"
    search_fields = [
        "title",
        "tax_number",
        "email",
        "number",
        "reversal_number",
        "order__buyer__email",
    ]
    list_display = [
        DetailColumn("order", "money-fapiao", label=ORDER_LABEL, accessor="order.number"),
        Column("title", label=_("Name on the fapiao")),
        Column("tax_number", label=_("Tax number")),
        Column(
            "amount",
            label=_("Made out for"),
            accessor=lambda row: in_words(fapiao.made_out_for(row), row.order.currency),
        ),
        Column("number", label=_("Number of the fapiao")),
        Column("state", label=_("State"), accessor=state),
        MomentColumn("paid_at", label=_("Paid"), sort_key=None),
        MomentColumn("asked_at", label=_("Asked for on")),
    ]
    list_export = [
        "order",
        "paid_at",
        "buyer",
        "what",
        "amount",
        "refunded",
        "kept",
        "currency",
        "kind",
        "title",
        "tax_number",
        "email",
        "asked_at",
        "state",
        "number",
        "issued_on",
        "reversal_number",
        "reversed_on",
    ]
    export_headings = {
        "order": ORDER_LABEL,
        "paid_at": _("Paid"),
        "buyer": _("Buyer"),
        "what": _("What"),
        "amount": _("Made out for"),
        "refunded": _("Given back since it was issued"),
        "kept": _("Net of refunds"),
        "currency": _("Currency"),
        "title": _("Name on the fapiao"),
        "tax_number": _("Tax number"),
        "state": _("State"),
        "number": _("Number of the fapiao"),
    }
