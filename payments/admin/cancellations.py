"""Who cancelled a renewal, and why, where they said so."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from payments.admin.listing import (
    DetailColumn,
    Fact,
    MomentColumn,
    MoneyDetail,
    MoneyIndex,
    MoneyViewSet,
    detail_url,
    moment,
    person,
)
from payments.admin.listing_filters import period_widget
from payments.models import Cancellation


class CancellationFilters(WagtailFilterSet):
    reason = django_filters.MultipleChoiceFilter(
        label=_("Reason"), choices=Cancellation.Reason.choices
    )
    cancelled_at = django_filters.DateFromToRangeFilter(
        label=_("Cancelled"), widget=period_widget()
    )
    resumed = django_filters.BooleanFilter(
        label=_("Resumed"), field_name="resumed_at", lookup_expr="isnull", exclude=True
    )

    class Meta:
        model = Cancellation
        fields = ["reason", "cancelled_at", "resumed"]


class CancellationIndex(MoneyIndex):
    def to_row_dict(self, item: Cancellation) -> dict[str, Any]:
        return {
            "cancelled_at": item.cancelled_at,
            "learner": item.subscription.learner.email if item.subscription.learner else "",
            "what": str(item.subscription.offer or ""),
            "reason": item.get_reason_display(),
            "note": item.note,
            "resumed_at": item.resumed_at,
        }


class CancellationDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: Cancellation = self.object
        subscription = row.subscription
        yield Fact(_("Learner"), person(subscription.learner))
        yield Fact(
            _("Subscription"),
            subscription.offer or subscription,
            detail_url("money-subscriptions", subscription),
        )
        yield Fact(_("Cancelled"), moment(row.cancelled_at))
        yield Fact(_("Reason"), row.get_reason_display())
        yield Fact(_("In their words"), row.note)
        yield Fact(_("Resumed"), moment(row.resumed_at))


def learner(row: Cancellation) -> str:
    return row.subscription.learner.email if row.subscription.learner else str(row.subscription)


class CancellationViewSet(MoneyViewSet):
    model = Cancellation
    name = "money-cancellations"
    url_prefix = "money/cancellations"
    icon = "cross"
    menu_label = _("Cancellations")
    index_view_class = CancellationIndex
    inspect_view_class = CancellationDetail
    related = (
        "subscription__learner",
        "subscription__offer__course",
        "subscription__offer__membership",
    )
    filterset_class = CancellationFilters
    order_key = "subscription__order__key"
    search_fields = ["subscription__learner__email", "subscription__stripe_id", "note"]
    list_display = [
        DetailColumn("learner", "money-cancellations", label=_("Learner"), accessor=learner),
        Column("what", label=_("What"), accessor="subscription.offer"),
        Column("reason", label=_("Reason"), accessor="get_reason_display", sort_key="reason"),
        Column("note", label=_("In their words")),
        MomentColumn("cancelled_at", label=_("Cancelled")),
        MomentColumn("resumed_at", label=_("Resumed")),
    ]
    list_export = ["cancelled_at", "learner", "what", "reason", "note", "resumed_at"]
    export_headings = {"learner": _("Learner"), "what": _("What")}
