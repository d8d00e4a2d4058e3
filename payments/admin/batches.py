"""Redeem codes in batches that finance makes and hands out."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.ui.tables import Column
from wagtail.admin.views import generic
from wagtail.admin.widgets import AdminDateInput
from wagtail.log_actions import log

from accounts import audit, reauthentication
from courses.models import CoursePage, Membership
from operations import clock
from pages import dates
from pages.forms import DayField, at_most
from payments import batches, code_tables
from payments.admin.confirmation import AfterProof, Confirmation, NotPossible, ReasonForm, actor_of
from payments.admin.listing import (
    Action,
    DetailColumn,
    Fact,
    MomentColumn,
    MoneyDetail,
    MoneyIndex,
    MoneyViewSet,
    detail_url,
    logged,
    moment,
    person,
)
from payments.admin.listing_filters import period_widget
from payments.admin.offers import LONGEST_MONTHS
from payments.models import RedeemBatch, RedeemCode

PERMISSION = "payments.change_redeembatch"
COLUMNS = ["number", "code", "link", "state", "redeemed_by", "redeemed_at", "sent_to"]
GONE = _("It was redeemed or taken back meanwhile.")


def opens(batch: RedeemBatch) -> str:
    """What its codes open, and for how long."""
    if not batch.months:
        return str(batch.sellable)
    return str(_("%(what)s · %(months)d months") % {"what": batch.sellable, "months": batch.months})


def revocation(row: RedeemBatch | RedeemCode) -> Iterable[Fact]:
    """When, by whom and why it was revoked by hand."""
    if row.revoked_at is None:
        return
    yield Fact(_("Revoked on"), moment(row.revoked_at))
    who, why = _("Revoked by"), _("Why revoked")
    yield from logged(row, "payments.revoke_codes", who=who, why=why)


class BatchForm(WagtailAdminModelForm):
    until = DayField(
        label=_("Redeemable until"), widget=AdminDateInput, help_text=_("The last day.")
    )

    class Meta:
        model = RedeemBatch
        fields = ["name", "for_whom", "course", "membership", "months", "size", "reference", "note"]
        widgets: ClassVar = {"note": forms.Textarea(attrs={"rows": 3})}
        help_texts: ClassVar = {
            "for_whom": _("The company or event, for your colleagues."),
            "course": _("Either this or a membership."),
            "membership": _("Either this or a course."),
            "months": _("For a membership; with a course, empty: for good."),
            "size": _("At most 10,000."),
            "reference": _("If it was paid for: its number, here or in your books."),
            "note": _("For your colleagues; it is kept."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["course"].queryset = CoursePage.objects.live().order_by("title")
        self.fields["membership"].queryset = Membership.objects.all()
        self.fields["note"].required = True
        at_most(self.fields["months"], LONGEST_MONTHS)

    def clean_until(self) -> datetime:
        """The first instant after the last day."""
        day = self.cleaned_data["until"]
        if day < timezone.localdate(clock.now()):
            raise forms.ValidationError(_("This day is over."))
        return dates.end_of_day(day)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("course")) == bool(cleaned.get("membership")):
            self.add_error(
                "course",
                _("Choose a course or a membership, not both.")
                if cleaned.get("course")
                else _("Choose either a course or a membership."),
            )
        elif cleaned.get("membership") and not cleaned.get("months"):
            self.add_error("months", _("A membership needs the number of months."))
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        # `clean` says it beside the field; whose it is and when it ends is filled in on saving.
        return super()._get_validation_exclusions() | {"course", "membership", "months"}


class BatchCreate(AfterProof, generic.CreateView):
    def save_instance(self) -> RedeemBatch:
        batch: RedeemBatch = self.form.save(commit=False)
        batch.redeemable_until = self.form.cleaned_data["until"]
        batch.made_by, batch.created_at = self.request.user, clock.now()
        batches.make(batch)
        told = {"reason": batch.note}
        log(instance=batch, action="payments.make_codes", user=batch.made_by, data=told)
        return batch

    def get_success_buttons(self) -> list[Any]:
        return []  # a batch stays as it was made

    def get_success_url(self) -> str:
        return detail_url("money-batches", self.object)


class BatchFilters(WagtailFilterSet):
    created_at = django_filters.DateFromToRangeFilter(label=_("Made"), widget=period_widget())
    of_order = django_filters.BooleanFilter(
        label=_("Bought as seats"), field_name="order", lookup_expr="isnull", exclude=True
    )

    class Meta:
        model = RedeemBatch
        fields = ["course", "membership", "created_at", "of_order"]


class BatchIndex(MoneyIndex):
    def get_base_queryset(self) -> QuerySet[RedeemBatch]:
        redeemed = Count("codes", filter=Q(codes__redeemed_at__isnull=False))
        found: QuerySet[RedeemBatch] = super().get_base_queryset()
        return found.annotate(redeemed=redeemed)

    def get_edit_url(self, instance: RedeemBatch) -> str | None:
        return None

    def to_row_dict(self, item: RedeemBatch) -> dict[str, Any]:
        return {
            "name": item.name,
            "for_whom": item.for_whom,
            "what": opens(item),
            "size": item.size,
            "redeemed": item.redeemed,  # type: ignore[attr-defined]
            "redeemable_until": dates.last_day(item.redeemable_until),
            "reference": item.order.number if item.order else item.reference,
            "created_at": item.created_at,
            "revoked_at": item.revoked_at,
        }


class BatchDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: RedeemBatch = self.object
        redeemed = row.codes.filter(redeemed_at__isnull=False).count()
        all_of_it = f"{reverse('money-codes:index')}?batch={row.pk}"
        yield Fact(_("Name"), row.name)
        yield Fact(_("For which company or event"), row.for_whom)
        yield Fact(_("Opens"), opens(row))
        yield Fact(_("How many codes"), row.size, all_of_it)
        yield Fact(_("Redeemed"), str(redeemed), f"{all_of_it}&state=redeemed")
        yield Fact(_("Redeemable until"), dates.day(dates.last_day(row.redeemable_until)))
        yield Fact(_("Order or invoice it was paid by"), row.reference)
        yield Fact(_("Order of the seats"), row.order or "", detail_url("money-orders", row.order))
        yield Fact(_("Reason"), row.note)
        yield Fact(_("Made by"), person(row.made_by or (row.order.buyer if row.order else None)))
        yield Fact(_("Made"), moment(row.created_at))
        yield from revocation(row)
        yield Fact(_("Withdrawn"), moment(row.withdrawn_at))

    def actions(self) -> Iterable[Action]:
        if not self.request.user.has_perm(PERMISSION):
            return
        yield Action(_("Codes as CSV"), reverse("money-batches:csv", args=[self.pk]))
        if not self.object.is_void:
            yield Action(RevokeBatchView.label, reverse("money-batches:revoke", args=[self.pk]))


class CodesAsCsv(View):
    """All codes of a batch with their links; as often as one likes, and each time in the log."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        reauthentication.ask(request)
        batch = get_object_or_404(RedeemBatch, pk=pk)
        audit.exported(actor_of(request), what=f"codes-{batch.pk}", file_format="csv")
        return code_tables.response(batch, columns=COLUMNS, now=clock.now())


class RevokeBatchView(Confirmation):
    model = RedeemBatch
    permission = PERMISSION
    back = "money-batches"
    title = _("Take the codes back")
    label = _("Take the codes back")
    serious = True
    related = ("order",)

    def is_possible(self, row: RedeemBatch) -> bool:
        return not row.is_void

    def consequences(self, row: RedeemBatch) -> Iterable[Any]:
        left = row.codes.filter(redeemed_at=None, revoked_at=None).count()
        yield _("%(number)d codes that nobody has redeemed open nothing any more.") % {
            "number": left
        }
        yield _("What was redeemed stays open. It is withdrawn code by code, with a reason.")
        if row.order_id:
            yield _("No money goes back by this: refund the order for that.")

    def carry_out(self, row: RedeemBatch, form: ReasonForm) -> Any:
        try:
            batches.revoke(
                row,
                reason=form.cleaned_data["reason"],
                actor=self.actor,
                now=clock.now(),
            )
        except batches.CannotTakeBack:
            raise NotPossible(GONE) from None
        return _("The codes are taken back.")


class BatchViewSet(MoneyViewSet):
    model = RedeemBatch
    name = "money-batches"
    url_prefix = "money/batches"
    icon = "group"
    menu_label = _("Redeem codes")
    offered = MoneyViewSet.offered | {"add"}
    index_view_class = BatchIndex
    inspect_view_class = BatchDetail
    add_view_class = BatchCreate
    related = ("course", "membership", "order__buyer", "made_by")
    filterset_class = BatchFilters
    row_views = {"revoke": RevokeBatchView, "csv": CodesAsCsv}
    ordering = "-created_at"
    order_key = "order__key"
    search_fields = [
        "name",
        "for_whom",
        "reference",
        "course__title",
        "membership__name",
        "order__buyer__email",
    ]
    list_display = [
        DetailColumn("name", "money-batches", label=_("Name"), sort_key="name"),
        Column("for_whom", label=_("For which company or event")),
        Column("what", label=_("Opens"), accessor=opens),
        Column("size", label=_("How many codes"), sort_key="size"),
        Column("redeemed", label=_("Redeemed"), sort_key="redeemed"),
        Column(
            "redeemable_until",
            label=_("Redeemable until"),
            accessor=lambda row: dates.day(dates.last_day(row.redeemable_until)),
            sort_key="redeemable_until",
        ),
        MomentColumn("created_at", label=_("Made")),
    ]
    list_export = [
        "name",
        "for_whom",
        "what",
        "size",
        "redeemed",
        "redeemable_until",
        "reference",
        "created_at",
        "revoked_at",
    ]
    export_headings = {"what": _("Opens"), "redeemed": _("Redeemed")}

    def get_form_class(self, for_update: bool = False) -> type[BatchForm]:
        return BatchForm
