"""Each redeem code, with what became of it."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from operations import clock
from payments import batches, codes
from payments.admin.batches import GONE, opens, revocation
from payments.admin.batches import PERMISSION as SEES_CODES
from payments.admin.confirmation import Confirmation, NotPossible, ReasonForm
from payments.admin.listing import (
    Action,
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
from payments.models import RedeemBatch, RedeemCode

PERMISSION = "payments.change_redeemcode"
REDEEMED_AT = _("Redeemed on")


class FoundByCode(MoneyIndex):
    """Searched by a whole code too, as it was handed out."""

    def search_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.is_searching:
            try:
                return queryset.filter(digest__in=codes.digests(codes.read(self.search_query)))
            except codes.Mistyped:
                pass
        found: QuerySet[Any] = super().search_queryset(queryset)
        return found


def state_of(row: RedeemCode) -> str:
    return batches.state(row, now=clock.now())


class CodeFilters(WagtailFilterSet):
    batch = django_filters.ModelChoiceFilter(
        label=_("Batch"), queryset=RedeemBatch.objects.order_by("-pk")
    )
    state = django_filters.ChoiceFilter(
        label=_("State"),
        method="filter_state",
        choices=[
            ("unused", _("Not redeemed")),
            ("redeemed", _("Redeemed")),
            ("revoked", _("Revoked")),
            ("withdrawn", _("Access withdrawn")),
        ],
    )
    redeemed_at = django_filters.DateFromToRangeFilter(label=REDEEMED_AT, widget=period_widget())

    class Meta:
        model = RedeemCode
        fields = ["batch", "state", "redeemed_at"]

    def filter_state(
        self, rows: QuerySet[RedeemCode], name: str, value: str
    ) -> QuerySet[RedeemCode]:
        shut = Q(withdrawn_at__isnull=False) | Q(batch__withdrawn_at__isnull=False)
        void = Q(revoked_at__isnull=False) | Q(batch__revoked_at__isnull=False) | shut
        used = Q(redeemed_at__isnull=False)
        wanted = {
            "unused": ~used & ~void,
            "redeemed": used & ~shut,
            "revoked": ~used & void,
            "withdrawn": used & shut,
        }
        return rows.filter(wanted[value])


class CodeIndex(FoundByCode):
    def to_row_dict(self, item: RedeemCode) -> dict[str, Any]:
        return {
            "batch": item.batch.name,
            "serial": item.serial,
            "state": state_of(item),
            "redeemed_by": item.redeemed_by.email if item.redeemed_by else "",
            "redeemed_at": item.redeemed_at,
            "sent_to": item.sent_to,
        }


class CodeDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: RedeemCode = self.object
        grant = (
            row.redeemed_by
            and row.redeemed_by.grants.filter(
                source_kind=row.source_kind, source_id=row.source_id
            ).first()
        )
        yield Fact(_("Batch"), row.batch, detail_url("money-batches", row.batch))
        yield Fact(_("Number"), row.serial)
        if self.request.user.has_perm(SEES_CODES):
            yield Fact(_("Redeem code"), codes.shown(batches.code_of(row)))
        yield Fact(_("Opens"), opens(row.batch))
        yield Fact(_("State"), state_of(row))
        yield Fact(_("Redeemed by"), person(row.redeemed_by), detail_url("money-grants", grant))
        yield Fact(REDEEMED_AT, moment(row.redeemed_at))
        yield Fact(_("Sent to"), row.sent_to)
        if row.redeemed_at is None:  # what was redeemed before its batch was revoked stays so
            yield from revocation(row if row.revoked_at else row.batch)
        yield Fact(_("Withdrawn"), moment(row.shut_at))

    def actions(self) -> Iterable[Action]:
        if not self.request.user.has_perm(PERMISSION):
            return
        if RevokeCodeView.revocable(self.object):
            yield Action(RevokeCodeView.label, reverse("money-codes:revoke", args=[self.pk]))
        if WithdrawCodeView.withdrawable(self.object):
            yield Action(WithdrawCodeView.label, reverse("money-codes:withdraw", args=[self.pk]))


class RevokeCodeView(Confirmation):
    model = RedeemCode
    permission = PERMISSION
    back = "money-codes"
    title = _("Take the code back")
    label = _("Take the code back")
    serious = True
    related = ("batch",)

    @staticmethod
    def revocable(row: RedeemCode) -> bool:
        return row.redeemed_at is None and not row.is_void

    def is_possible(self, row: RedeemCode) -> bool:
        return self.revocable(row)

    def consequences(self, row: RedeemCode) -> Iterable[Any]:
        yield _("The code opens nothing any more.")

    def carry_out(self, row: RedeemCode, form: ReasonForm) -> Any:
        try:
            batches.revoke_code(
                row,
                reason=form.cleaned_data["reason"],
                actor=self.actor,
                now=clock.now(),
            )
        except batches.CannotTakeBack:
            raise NotPossible(GONE) from None
        return _("The code is taken back.")


class WithdrawCodeView(Confirmation):
    model = RedeemCode
    permission = PERMISSION
    back = "money-codes"
    title = _("Withdraw access")
    label = _("Withdraw access")
    serious = True
    related = ("batch__course", "batch__membership", "redeemed_by")

    @staticmethod
    def withdrawable(row: RedeemCode) -> bool:
        return row.redeemed_at is not None and row.shut_at is None

    def is_possible(self, row: RedeemCode) -> bool:
        return self.withdrawable(row)

    def consequences(self, row: RedeemCode) -> Iterable[Any]:
        words = {"learner": person(row.redeemed_by), "what": str(row.sellable)}
        yield _("%(learner)s can no longer open “%(what)s” by this code.") % words
        yield _("Progress stays. Other grants of theirs stay, too.")

    def carry_out(self, row: RedeemCode, form: ReasonForm) -> Any:
        try:
            batches.withdraw(
                row,
                reason=form.cleaned_data["reason"],
                actor=self.actor,
                now=clock.now(),
            )
        except batches.CannotTakeBack:
            raise NotPossible(GONE) from None
        return _("The access is withdrawn.")


class CodeViewSet(MoneyViewSet):
    model = RedeemCode
    name = "money-codes"
    url_prefix = "money/codes"
    icon = "key"
    menu_label = _("Every redeem code")
    index_view_class = CodeIndex
    inspect_view_class = CodeDetail
    related = ("batch__course", "batch__membership", "redeemed_by")
    filterset_class = CodeFilters
    row_views = {"revoke": RevokeCodeView, "withdraw": WithdrawCodeView}
    for_several = ("revoke", "withdraw")
    order_key = "batch__order__key"
    search_fields = ["redeemed_by__email", "redeemed_by__name", "sent_to", "batch__name"]
    list_display = [
        DetailColumn("serial", "money-codes", label=_("Number"), sort_key="serial"),
        Column("batch", label=_("Batch"), accessor="batch.name", sort_key="batch__name"),
        Column("state", label=_("State"), accessor=state_of),
        Column("redeemed_by", label=_("Redeemed by"), accessor="redeemed_by.email"),
        MomentColumn("redeemed_at", label=REDEEMED_AT),
        Column("sent_to", label=_("Sent to")),
    ]
    list_export = ["batch", "serial", "state", "redeemed_by", "redeemed_at", "sent_to"]
    export_headings = {
        "state": _("State"),
        "redeemed_by": _("Redeemed by"),
        "redeemed_at": REDEEMED_AT,
    }
