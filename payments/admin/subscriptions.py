"""Subscriptions at finance's desk."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import django_filters
from django.db.models import QuerySet, Sum
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.admin.widgets import AdminDateInput

from operations import clock
from pages import dates
from pages.forms import FIRST_YEAR
from payments import recurring, timeline
from payments.admin.bills import invoice_state
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
from payments.admin.listing_filters import CurrencyFilter, RealMoneyFilter, SiteDays, period_widget
from payments.models import Subscription
from payments.models.orders import ORDER_LABEL
from payments.money import decimal

Rows = QuerySet[Subscription]
# Stripe's words, in ours. A word it adds later is shown as it is.
SUBSCRIPTION_STATES = {
    "trialing": _("In trial"),
    "active": _("Running"),
    "past_due": _("Payment failing"),
    "unpaid": _("Unpaid"),
    "canceled": _("Ended"),
    "incomplete": _("To be paid"),
    "incomplete_expired": _("Never paid"),
    "paused": _("Paused"),
}
# Whole in every currency, so that rows add up; a month's share of a year need not be.
YEARLY = _("A year")


def subscription_state(row: Subscription) -> Any:
    return SUBSCRIPTION_STATES.get(row.status, row.status)


class SubscriptionFilters(WagtailFilterSet):
    status = django_filters.ChoiceFilter(
        label=_("State"), choices=list(SUBSCRIPTION_STATES.items())
    )
    started_at = django_filters.DateFromToRangeFilter(label=_("From"), widget=period_widget())
    period_end = django_filters.DateFromToRangeFilter(
        label=_("Period until"), widget=period_widget()
    )
    ended_at = SiteDays(label=_("Ended"))
    first_paid_at = SiteDays(label=_("First payment"), method="by_first_payment")
    paying_on = django_filters.DateFilter(
        label=_("Paying at the end of"), method="by_day_of_paying", widget=AdminDateInput
    )
    moved = django_filters.ChoiceFilter(
        label=_("Rate moved"),
        choices=[(kind, label) for kind, (label, _which) in recurring.MOVES.items()],
        method="by_move",
    )
    moved_in = SiteDays(label=_("Moved in the days"), method="as_it_is")
    currency = CurrencyFilter(label=_("Currency"))
    livemode = RealMoneyFilter()

    class Meta:
        model = Subscription
        fields = [
            "status",
            "cancel_at_period_end",
            "started_at",
            "period_end",
            "ended_at",
            "first_paid_at",
            "paying_on",
            "moved",
            "moved_in",
            "currency",
            "livemode",
        ]

    def by_move(self, found: Rows, name: str, kind: str) -> Rows:
        """In the days of `moved_in`; without them, of all that ever was."""
        days = self.form.cleaned_data["moved_in"]
        start = days.start if days and days.start else datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
        end = days.stop + timedelta.resolution if days and days.stop else clock.now()
        return recurring.moved(found, kind, start, end)

    def as_it_is(self, found: Rows, name: str, days: slice) -> Rows:
        return found  # says which days `moved` is about

    def by_first_payment(self, found: Rows, name: str, days: slice) -> Rows:
        paid = recurring.with_first_payment(found).exclude(first_paid_at=None)
        if days.start:
            paid = paid.filter(first_paid_at__gte=days.start)
        return paid.filter(first_paid_at__lte=days.stop) if days.stop else paid

    def by_day_of_paying(self, found: Rows, name: str, day: date) -> Rows:
        return recurring.paying(found, dates.end_of_day(day))


class SubscriptionIndex(MoneyIndex):
    def sums(self) -> list[tuple[Any, str]]:
        """What those that pay on the chosen day bring a month, or those that moved bring more."""
        found = self.get_queryset().order_by()
        if "rate" not in found.query.annotations:
            return []
        sums = found.values("currency").annotate(yearly=Sum("rate")).order_by("currency")
        return [
            line
            for row in sums
            for line in (
                (YEARLY, in_words(row["yearly"], row["currency"])),
                (_("A month"), in_words(recurring.a_month(row["yearly"]), row["currency"])),
            )
        ]

    @cached_property
    def columns(self) -> list[Any]:
        found: list[Any] = super().columns
        rated = "rate" in self.get_queryset().query.annotations
        return found if rated else [each for each in found if each.name != "rate"]

    def to_row_dict(self, item: Subscription) -> dict[str, Any]:
        return {
            "stripe_id": item.stripe_id,
            "learner": item.learner.email if item.learner else "",
            "offer": str(item.offer or ""),
            "status": subscription_state(item),
            "amount": decimal(item.amount, item.currency),
            "rate": decimal(getattr(item, "rate", None), item.currency),
            "currency": item.currency,
            "started_at": item.started_at,
            "period_end": item.period_end,
            "cancel_at_period_end": _("Yes") if item.cancel_at_period_end else _("No"),
            "past_due_since": item.past_due_since,
            "ended_at": item.ended_at,
        }


class SubscriptionDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: Subscription = self.object
        yield stripe_fact("Stripe", row.stripe_id, livemode=row.livemode)
        yield Fact(_("Learner"), person(row.learner))
        yield Fact(_("What"), row.offer or "", detail_url("money-offers", row.offer))
        yield Fact(_("State"), subscription_state(row))
        yield Fact(_("Amount"), in_words(row.amount, row.currency))
        yield Fact(_("From"), moment(row.started_at))
        yield Fact(_("Period from"), moment(row.period_start))
        yield Fact(_("Period until"), moment(row.period_end))
        yield Fact(_("Ends with the period"), _("Yes") if row.cancel_at_period_end else _("No"))
        yield Fact(_("Card"), row.card)
        valid = row.card_expires_on
        yield Fact(_("Card valid until"), dates.day(valid) if valid else "")
        yield Fact(_("Failing since"), moment(row.past_due_since))
        yield Fact(_("Ended"), moment(row.ended_at))
        order = getattr(row, "order", None)
        yield Fact(ORDER_LABEL, order or "", detail_url("money-orders", order))
        yield Fact(_("Last fetched from Stripe"), moment(row.fetched_at))

    def sections(self) -> Iterable[Section]:
        now = clock.now()
        yield Section(
            _("Its life"),
            [_("Day"), _("What")],
            [[moment(event.at), event.sentence] for event in timeline.of(self.object, now=now)],
        )
        yield Section(
            _("Cancellations"),
            [_("Cancelled"), _("Reason"), _("In their words"), _("Resumed")],
            [
                [
                    Fact("", moment(row.cancelled_at), detail_url("money-cancellations", row)),
                    row.get_reason_display(),
                    row.note,
                    moment(row.resumed_at),
                ]
                for row in self.object.cancellations.all()
            ],
        )
        yield Section(
            _("Invoices"),
            [_("Made"), _("Amount"), _("Paid"), _("State"), _("Attempts")],
            [
                [
                    Fact("", moment(row.created_at), detail_url("money-invoices", row)),
                    in_words(row.amount_due, row.currency),
                    in_words(row.amount_paid, row.currency),
                    invoice_state(row),
                    row.attempt_count,
                ]
                for row in self.object.invoices.prefetch_related("refunds")
            ],
        )


class SubscriptionViewSet(MoneyViewSet):
    model = Subscription
    name = "money-subscriptions"
    url_prefix = "money/subscriptions"
    icon = "date"
    menu_label = _("Subscriptions")
    index_view_class = SubscriptionIndex
    inspect_view_class = SubscriptionDetail
    related = ("learner", "offer__course", "offer__membership", "order")
    filterset_class = SubscriptionFilters
    order_key = "order__key"
    search_fields = ["learner__email", "learner__name", "stripe_id", "customer_id"]
    list_display = [
        DetailColumn(
            "learner",
            "money-subscriptions",
            label=_("Learner"),
            accessor=lambda row: row.learner.email if row.learner else row.stripe_id,
            sort_key="learner__email",
        ),
        Column("offer", label=_("What"), accessor="offer"),
        Column("status", label=_("State"), accessor=subscription_state, sort_key="status"),
        MoneyColumn("amount", label=_("Amount")),
        Column(
            "rate",
            label=YEARLY,
            accessor=lambda row: in_words(getattr(row, "rate", None), row.currency),
        ),
        MomentColumn("started_at", label=_("From")),
        MomentColumn("period_end", label=_("Period until")),
        Column(
            "cancel_at_period_end",
            label=_("Ends with the period"),
            accessor=lambda row: _("Yes") if row.cancel_at_period_end else "",
        ),
    ]
    list_export = [
        "stripe_id",
        "learner",
        "offer",
        "status",
        "amount",
        "rate",
        "currency",
        "started_at",
        "period_end",
        "cancel_at_period_end",
        "past_due_since",
        "ended_at",
    ]
    export_headings = {"rate": YEARLY}
