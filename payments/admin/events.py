"""The inbox of webhooks: every event, what became of it, and 「再处理」."""

import json
from collections.abc import Iterable
from typing import Any

import django_filters
from django import forms
from django.template.defaultfilters import truncatechars
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.log_actions import log

from payments import webhooks
from payments.admin.confirmation import Confirmation
from payments.admin.listing import (
    Action,
    DetailColumn,
    Fact,
    MomentColumn,
    MoneyDetail,
    MoneyIndex,
    MoneyViewSet,
    moment,
    stripe_fact,
)
from payments.admin.listing_filters import period_widget
from payments.models import WebhookEvent

OUTCOMES = {
    **dict(WebhookEvent.Outcome.choices),
    WebhookEvent.Outcome.DONE: _("Completed"),
}
PERMISSION = "payments.replay_webhookevent"
EXPLANATION = _(
    "Its object is fetched from Stripe anew, and what follows is done if it has not been done. "
    "Nothing happens twice."
)


def outcome(row: WebhookEvent) -> Any:
    return OUTCOMES[WebhookEvent.Outcome(row.outcome)]


def object_in_short(row: WebhookEvent) -> str:
    """A Checkout session's id is as wide as the rest of the table."""
    return truncatechars(row.object_id, 32)


class EventFilters(WagtailFilterSet):
    outcome = django_filters.ChoiceFilter(label=_("Outcome"), choices=list(OUTCOMES.items()))
    type = django_filters.CharFilter(label=_("Type"), lookup_expr="startswith")
    received_at = django_filters.DateFromToRangeFilter(label=_("Received"), widget=period_widget())

    class Meta:
        model = WebhookEvent
        fields = ["outcome", "type", "received_at"]


class EventIndex(MoneyIndex):
    def get_base_queryset(self) -> Any:
        return super().get_base_queryset().defer("body")

    def to_row_dict(self, item: WebhookEvent) -> dict[str, Any]:
        return {
            "stripe_id": item.stripe_id,
            "type": item.type,
            "object_id": item.object_id,
            "sent_at": item.sent_at,
            "received_at": item.received_at,
            "attempts": item.attempts,
            "outcome": outcome(item),
            "error": item.error,
            "processed_at": item.processed_at,
        }


class EventDetail(MoneyDetail):
    template_name = "payments/admin/event.html"

    def facts(self) -> Iterable[Fact]:
        row: WebhookEvent = self.object
        yield stripe_fact(_("Event"), row.stripe_id, livemode=row.livemode)
        yield Fact(_("Type"), row.type)
        yield stripe_fact(_("Object"), row.object_id, livemode=row.livemode)
        yield Fact(_("Sent"), moment(row.sent_at))
        yield Fact(_("Received"), moment(row.received_at))
        yield Fact(_("Attempts"), row.attempts)
        yield Fact(_("Outcome"), outcome(row))
        yield Fact(_("Error"), row.error)
        yield Fact(_("Processed"), moment(row.processed_at))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"body": indented(self.object.body)}

    def actions(self) -> Iterable[Action]:
        if self.request.user.has_perm(PERMISSION):
            yield Action(
                ReplayView.label,
                reverse("money-events:replay", args=[self.pk]),
                post=True,
                explanation=EXPLANATION,
            )


def indented(body: str) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body


class ReplayView(Confirmation):
    model = WebhookEvent
    permission = PERMISSION
    back = "money-events"
    title = _("Process it again")
    label = _("Process it again")
    form_class = forms.Form

    def consequences(self, row: WebhookEvent) -> Iterable[Any]:
        yield EXPLANATION

    def carry_out(self, row: WebhookEvent, form: forms.Form) -> Any:
        webhooks.replay(row)
        log(instance=row, action="payments.replay", user=self.actor)
        return _("The event is queued; its outcome is seen here in a moment.")


class EventViewSet(MoneyViewSet):
    model = WebhookEvent
    name = "money-events"
    url_prefix = "money/events"
    icon = "download"
    menu_label = _("Webhook events")
    index_view_class = EventIndex
    inspect_view_class = EventDetail
    filterset_class = EventFilters
    row_views = {"replay": ReplayView}
    for_several = ("replay",)
    search_fields = ["stripe_id", "type", "object_id", "error"]
    list_display = [
        DetailColumn("type", "money-events", label=_("Type"), sort_key="type"),
        Column("object_id", label=_("Object"), accessor=object_in_short),
        Column("outcome", label=_("Outcome"), accessor=outcome, sort_key="outcome"),
        Column("attempts", label=_("Attempts"), sort_key="attempts"),
        Column("error", label=_("Error")),
        MomentColumn("received_at", label=_("Received")),
    ]
    list_export = [
        "stripe_id",
        "type",
        "object_id",
        "sent_at",
        "received_at",
        "attempts",
        "outcome",
        "error",
        "processed_at",
    ]
