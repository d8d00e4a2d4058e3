"""The books, and where they and Stripe's disagreed."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import django_filters
from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import transaction
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.log_actions import log

from operations import clock
from payments import concerned
from payments.admin import difference_words
from payments.admin.confirmation import Confirmation, ReasonForm
from payments.admin.listing import (
    Action,
    DetailColumn,
    Fact,
    MomentColumn,
    MoneyColumn,
    MoneyDetail,
    MoneyIndex,
    MoneyViewSet,
    detail_url,
    in_words,
    logged,
    moment,
    stripe_fact,
)
from payments.admin.listing_filters import CurrencyFilter, RealMoneyFilter, SiteDays, period_widget
from payments.admin.orders import offers
from payments.models import Difference, Matching, MoneyEntry, Offer
from payments.models.books import MoneyEntryQuerySet
from payments.models.orders import ORDER_LABEL
from payments.money import decimal

CONCERNS = _("Whom it concerns")


class MoneyEntryFilters(WagtailFilterSet):
    kind = django_filters.MultipleChoiceFilter(
        label=_("Kind"), choices=MoneyEntry.Kind.choices, widget=forms.CheckboxSelectMultiple
    )
    booked_at = SiteDays(label=_("Booked"))
    offer = django_filters.ModelChoiceFilter(label=_("Offer"), method="of_offer", queryset=offers)
    currency = CurrencyFilter(label=_("Currency"))
    settled_currency = CurrencyFilter(label=_("Settled in"))
    livemode = RealMoneyFilter()

    class Meta:
        model = MoneyEntry
        fields = ["kind", "booked_at", "offer", "currency", "settled_currency", "livemode"]

    def of_offer(self, rows: MoneyEntryQuerySet, name: str, offer: Offer) -> MoneyEntryQuerySet:
        return rows.of_offer(offer)


class MoneyEntryIndex(MoneyIndex):
    totals = (
        ("amount", _("Amount"), "currency"),
        ("settled_amount", _("Settled"), "settled_currency"),
        ("settled_fee", _("Fee"), "settled_currency"),
        ("settled_net", _("Net"), "settled_currency"),
    )

    def to_row_dict(self, item: MoneyEntry) -> dict[str, Any]:
        return {
            "stripe_id": item.stripe_id,
            "booked_at": item.booked_at,
            "kind": item.get_kind_display(),
            "source": item.source,
            "order": str(item.order or ""),
            "invoice": str(item.invoice or ""),
            "amount": decimal(item.amount, item.currency),
            "currency": item.currency,
            "settled_amount": decimal(item.settled_amount, item.settled_currency),
            "settled_fee": decimal(item.settled_fee, item.settled_currency),
            "settled_net": decimal(item.settled_net, item.settled_currency),
            "settled_currency": item.settled_currency,
        }


class MoneyEntryDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: MoneyEntry = self.object
        yield Fact("Stripe", row.stripe_id)
        yield Fact(_("Kind"), row.get_kind_display())
        yield stripe_fact(_("Of"), row.source, livemode=row.livemode)
        yield Fact(
            ORDER_LABEL,
            row.order or "",
            detail_url("money-orders", row.order),
        )
        yield Fact(_("Invoice"), row.invoice or "", detail_url("money-invoices", row.invoice))
        yield Fact(_("Amount"), in_words(row.amount, row.currency))
        yield Fact(_("Settled"), in_words(row.settled_amount, row.settled_currency))
        yield Fact(_("Fee"), in_words(row.settled_fee, row.settled_currency))
        yield Fact(_("Net"), in_words(row.settled_net, row.settled_currency))
        yield Fact(_("Booked"), moment(row.booked_at))
        yield Fact(_("Recorded"), moment(row.recorded_at))


class MoneyEntryViewSet(MoneyViewSet):
    model = MoneyEntry
    name = "money-entries"
    url_prefix = "money/entries"
    icon = "form"
    menu_label = _("Money entries")
    index_view_class = MoneyEntryIndex
    inspect_view_class = MoneyEntryDetail
    related = ("order", "invoice")
    filterset_class = MoneyEntryFilters
    order_key = "order__key"
    search_fields = ["stripe_id", "source", "order__buyer__email"]
    list_display = [
        DetailColumn("stripe_id", "money-entries", label="Stripe"),
        "kind",
        Column("order", label=ORDER_LABEL, accessor="order.number"),
        MoneyColumn("amount", label=_("Amount")),
        MoneyColumn("settled_fee", currency="settled_currency", label=_("Fee")),
        MoneyColumn("settled_net", currency="settled_currency", label=_("Net")),
        MomentColumn("booked_at", label=_("Booked")),
    ]
    list_export = [
        "stripe_id",
        "booked_at",
        "kind",
        "source",
        "order",
        "invoice",
        "amount",
        "currency",
        "settled_amount",
        "settled_fee",
        "settled_net",
        "settled_currency",
    ]
    export_headings = {"order": ORDER_LABEL, "invoice": _("Invoice")}


class DifferenceFilters(WagtailFilterSet):
    open = django_filters.BooleanFilter(
        label=_("Open still"), field_name="ended_at", lookup_expr="isnull"
    )
    since = django_filters.DateFromToRangeFilter(label=_("Since"), widget=period_widget())

    class Meta:
        model = Difference
        fields = ["open", "ending", "since"]


class DifferenceIndex(MoneyIndex):
    """What differs, below how far the last comparison came and what it found."""

    def get_table(self, object_list: Any) -> Any:
        rows = object_list if self.is_export else list(_with_things(object_list))
        return super().get_table(rows)

    def as_spreadsheet(self, queryset: Any, spreadsheet_format: str) -> Any:
        rows = _with_things(queryset.iterator(chunk_size=concerned.AT_ONCE))
        return super().as_spreadsheet(rows, spreadsheet_format)

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        last = Matching.objects.first()
        return super().get_context_data(*args, **kwargs) | {
            "note": "" if self.is_export or last is None else compared(last)
        }

    def to_row_dict(self, item: Difference) -> dict[str, Any]:
        return {
            "object_kind": difference_words.kind(item),
            "object_id": item.object_id,
            "what": difference_words.what(item),
            "concerns": _concerns(item),
            "ours": difference_words.ours(item),
            "theirs": difference_words.theirs(item),
            "since": item.since,
            "seen_at": item.seen_at,
            "ended_at": item.ended_at,
            "ending": item.get_ending_display(),
        }


def _with_things(rows: Iterable[Difference]) -> Iterator[Any]:
    """Each with `thing`: what of ours it is about."""
    row: Any
    for row, thing in concerned.with_things(rows):
        row.thing = thing
        yield row


def _concerns(row: Any) -> str:
    return difference_words.concerns(row, row.thing)


def _link(row: Any) -> str:
    if row.thing is None:
        return "–"
    return format_html('<a href="{}">{}</a>', row.thing.address, _concerns(row) or row.object_id)


def compared(run: Matching) -> Any:
    words = {
        "when": moment(run.began_at),
        "looked": intcomma(run.looked_at),
        "mended": intcomma(run.mended),
        "missed": intcomma(run.missed_events),
        "differing": intcomma(run.differing),
    }
    if run.ended_at is None:
        return (
            _(
                "The comparison with Stripe begun on %(when)s has not ended: it has looked at "
                "%(looked)s objects, and the next one goes on there."
            )
            % words
        )
    return (
        _(
            "Last compared with Stripe on %(when)s: looked at %(looked)s objects, mended "
            "%(mended)s, took in %(missed)s missed events, found %(differing)s to look at."
        )
        % words
    )


class DifferenceDetail(MoneyDetail):
    def get_page_subtitle(self) -> str:
        return difference_words.called(self.object)

    def facts(self) -> Iterable[Fact]:
        row: Difference = self.object
        thing = concerned.of(row)
        yield Fact(_("Object"), difference_words.kind(row))
        yield stripe_fact(_("Number"), row.object_id, livemode=row.livemode)
        yield Fact(_("What"), difference_words.what(row))
        yield Fact(CONCERNS, difference_words.concerns(row, thing), thing.address if thing else "")
        yield Fact(_("Ours"), difference_words.ours(row))
        yield Fact(_("Stripe's"), difference_words.theirs(row))
        yield Fact(_("Since"), moment(row.since))
        yield Fact(_("Last seen"), moment(row.seen_at))
        yield Fact(_("Ended"), moment(row.ended_at))
        yield Fact(_("How it ended"), row.get_ending_display())
        if row.ending == Difference.Ending.SETTLED:
            yield from logged(row, "payments.settle", who=_("Settled by"), why=_("Reason"))

    def actions(self) -> Iterable[Action]:
        row: Difference = self.object
        if row.ended_at is None and self.request.user.has_perm("payments.change_difference"):
            yield Action(
                _("Settled by a person"), reverse("money-differences:settle", args=[row.pk])
            )


class SettleView(Confirmation):
    model = Difference
    permission = "payments.change_difference"
    back = "money-differences"
    title = _("Settled by a person")
    label = _("It is settled")

    def called(self, row: Difference) -> str:
        return difference_words.called(row)

    def consequences(self, row: Difference) -> Iterable[Any]:
        yield _("The difference is closed, with your reason in the log.")
        yield _("Neither our tables nor Stripe are changed. If it still stands, it comes back.")

    def is_possible(self, row: Difference) -> bool:
        return row.ended_at is None

    def carry_out(self, row: Difference, form: ReasonForm) -> Any:
        settle(difference=row, reason=form.cleaned_data["reason"], now=clock.now())
        return _("The difference is closed.")


@transaction.atomic
def settle(*, difference: Difference, reason: str, now: datetime) -> None:
    """A person says that it is explained; who and why stands in the log."""
    closed = Difference.objects.filter(pk=difference.pk, ended_at=None).update(
        ended_at=now, ending=Difference.Ending.SETTLED
    )
    if closed:
        log(
            instance=difference,
            action="payments.settle",
            title=difference_words.called(difference),
            data={"reason": reason},
        )


class DifferenceViewSet(MoneyViewSet):
    model = Difference
    name = "money-differences"
    url_prefix = "money/differences"
    icon = "warning"
    menu_label = _("Differences")
    index_view_class = DifferenceIndex
    inspect_view_class = DifferenceDetail
    filterset_class = DifferenceFilters
    row_views = {"settle": SettleView}
    for_several = ("settle",)
    search_fields = ["object_id", "object_kind", "what"]
    list_display = [
        DetailColumn(
            "what",
            "money-differences",
            label=_("What"),
            accessor=difference_words.what,
            sort_key="what",
        ),
        Column("concerns", label=CONCERNS, accessor=_link),
        Column(
            "object_kind",
            label=_("Object"),
            accessor=difference_words.kind,
            sort_key="object_kind",
        ),
        Column("object_id", label=_("Number")),
        Column("ours", label=_("Ours"), accessor=difference_words.ours),
        Column("theirs", label=_("Stripe's"), accessor=difference_words.theirs),
        MomentColumn("since", label=_("Since")),
        Column("ending", label=_("How it ended"), accessor="get_ending_display"),
    ]
    list_export = [
        "object_kind",
        "object_id",
        "what",
        "concerns",
        "ours",
        "theirs",
        "since",
        "seen_at",
        "ended_at",
        "ending",
    ]
    export_headings = {"concerns": CONCERNS}
