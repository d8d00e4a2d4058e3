"""Gifts: who gave what to whom, how it stands; sending it again, taking it back."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from operations import clock
from payments import gifts, refund_requests
from payments.admin.codes import GONE, FoundByCode
from payments.admin.confirmation import Confirmation, NotPossible, ReasonForm
from payments.admin.listing import (
    Action,
    DetailColumn,
    Fact,
    MomentColumn,
    MoneyDetail,
    MoneyViewSet,
    detail_url,
    in_words,
    moment,
    person,
)
from payments.admin.listing_filters import period_widget
from payments.models import Gift
from payments.models.orders import ORDER_LABEL

PERMISSION = "payments.change_gift"
STATES = {
    "unpaid": _("Not paid"),
    "open": _("Not claimed"),
    "claimed": _("Claimed"),
    "taken_back": _("Taken back"),
    "withdrawn": _("Void"),
    "over": _("Time is over"),
}


def state(gift: Gift) -> Any:
    if gift.taken_back_at:
        return STATES["taken_back"]
    if gift.withdrawn_at:
        return STATES["withdrawn"]
    if gift.redeemed_at:
        return STATES["claimed"]
    if gift.digest is None:
        return STATES["unpaid"]
    return STATES["open" if gift.may_be_claimed(clock.now()) else "over"]


def last_minute(gift: Gift) -> datetime | None:
    """Of the last day on which it can be claimed: the end itself reads as the day after."""
    return gift.claimable_until - timedelta(minutes=1) if gift.claimable_until else None


class GiftFilters(WagtailFilterSet):
    state = django_filters.ChoiceFilter(
        label=_("State"), choices=list(STATES.items()), method="filter_state"
    )
    sent_at = django_filters.DateFromToRangeFilter(label=_("Sent"), widget=period_widget())
    redeemed_at = django_filters.DateFromToRangeFilter(label=_("Claimed"), widget=period_widget())

    class Meta:
        model = Gift
        fields = ["state", "sent_at", "redeemed_at"]

    def filter_state(self, rows: QuerySet[Gift], name: str, value: str) -> QuerySet[Gift]:
        now = clock.now()
        wanted = {
            "unpaid": Q(digest=None),
            "open": Q(**gifts.OPEN, claimable_until__gt=now),
            "claimed": Q(redeemed_at__isnull=False, withdrawn_at=None),
            "taken_back": Q(taken_back_at__isnull=False),
            "withdrawn": Q(withdrawn_at__isnull=False, taken_back_at=None),
            "over": Q(**gifts.OPEN, claimable_until__lte=now),
        }
        return rows.filter(wanted[value])


class GiftIndex(FoundByCode):
    def to_row_dict(self, item: Gift) -> dict[str, Any]:
        return {
            "order": item.order.number,
            "giver": item.order.buyer.email,
            "what": str(item.given),
            "to_email": item.to_email,
            "state": state(item),
            "sent_at": item.sent_at,
            "redeemed_at": item.redeemed_at,
            "redeemed_by": item.redeemed_by.email if item.redeemed_by else "",
            "claimable_until": last_minute(item),
        }


class GiftDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: Gift = self.object
        grant = (
            row.redeemed_by
            and row.redeemed_by.grants.filter(
                source_kind=row.source_kind, source_id=row.source_id
            ).first()
        )
        yield Fact(ORDER_LABEL, row.order, detail_url("money-orders", row.order))
        yield Fact(_("Giver"), person(row.order.buyer))
        yield Fact(_("What"), str(row.given))
        yield Fact(_("Amount"), in_words(row.order.amount, row.order.currency))
        yield Fact(_("State"), state(row))
        yield Fact(_("From whom"), row.giver_name)
        yield Fact(_("E-mail of the friend"), row.to_email)
        yield Fact(_("Message"), row.message)
        yield Fact(_("To be sent"), moment(row.send_at) if row.sent_at is None else "")
        yield Fact(_("Sent"), moment(row.sent_at))
        yield Fact(_("To be claimed until"), moment(last_minute(row)))
        yield Fact(_("Claimed by"), person(row.redeemed_by), detail_url("money-grants", grant))
        yield Fact(_("Claimed"), moment(row.redeemed_at))
        yield Fact(_("Taken instead"), str(row.course_instead or ""))
        yield Fact(_("Taken back"), moment(row.taken_back_at))
        if row.taken_back_at is None:
            yield Fact(_("Withdrawn"), moment(row.withdrawn_at))

    def actions(self) -> Iterable[Action]:
        may = self.request.user.has_perm(PERMISSION)
        if may and self.object.may_be_claimed(clock.now()):
            yield Action(SendView.label, reverse("money-gifts:send", args=[self.pk]))
            yield Action(TakeBackView.label, reverse("money-gifts:take_back", args=[self.pk]))


class OpenGift(Confirmation):
    """Something is done about a gift that nobody has claimed."""

    model = Gift
    permission = PERMISSION
    back = "money-gifts"
    related = ("order__buyer", "order__price__offer__course", "order__price__offer__membership")

    def is_possible(self, row: Gift) -> bool:
        return row.may_be_claimed(clock.now())


class SendForm(ReasonForm):
    to_email = forms.EmailField(
        label=_("E-mail of the friend"),
        required=False,
        help_text=_("Empty: the giver finds a new link with the order, and hands it over."),
    )


class SendView(OpenGift):
    title = _("Send the gift again")
    label = _("Send it again")
    form_class = SendForm

    def consequences(self, row: Gift) -> Iterable[Any]:
        yield _("There will be a new code; the former opens nothing any more.")
        yield _("So far it was for: %(to)s") % {"to": row.to_email or _("whoever got the link")}

    def carry_out(self, row: Gift, form: SendForm) -> Any:
        try:
            gifts.send_again(
                row,
                to_email=form.cleaned_data["to_email"],
                reason=form.cleaned_data["reason"],
                actor=self.actor,
                now=clock.now(),
            )
        except gifts.NotOpen:
            raise NotPossible(GONE) from None
        return _("The gift has a new code.")


class TakeBackView(OpenGift):
    title = _("Take the gift back")
    label = _("Take it back")
    serious = True

    def consequences(self, row: Gift) -> Iterable[Any]:
        yield _("The code and the link open nothing any more.")
        yield _("%(amount)s goes back to %(who)s, the way it was paid.") % {
            "amount": in_words(refund_requests.remaining(row.order, None), row.order.currency),
            "who": person(row.order.buyer),
        }

    def carry_out(self, row: Gift, form: ReasonForm) -> Any:
        if refund_requests.is_above_limit(
            row.order, None, refund_requests.remaining(row.order, None)
        ):
            raise NotPossible(
                _("So much goes back only with a second person. Refund the order: that voids it.")
            )
        try:
            gifts.take_back(
                row,
                actor=self.actor,
                reason=form.cleaned_data["reason"],
                now=clock.now(),
            )
        except (gifts.NotOpen, refund_requests.CannotRefund):
            raise NotPossible(GONE) from None
        return _("The gift is taken back; the refund is on its way to Stripe.")


class GiftViewSet(MoneyViewSet):
    model = Gift
    name = "money-gifts"
    url_prefix = "money/gifts"
    icon = "pick"
    menu_label = _("Gifts")
    index_view_class = GiftIndex
    inspect_view_class = GiftDetail
    related = (
        "order__buyer",
        "order__price__offer__course",
        "order__price__offer__membership",
        "course_instead",
        "redeemed_by",
    )
    filterset_class = GiftFilters
    row_views = {"send": SendView, "take_back": TakeBackView}
    order_key = "order__key"
    search_fields = [
        "order__buyer__email",
        "to_email",
        "redeemed_by__email",
        "order__price__offer__course__title",
        "order__price__offer__membership__name",
    ]
    list_display = [
        DetailColumn("order", "money-gifts", label=ORDER_LABEL, accessor="order.number"),
        Column("giver", label=_("Giver"), accessor="order.buyer.email"),
        Column("what", label=_("What"), accessor="given"),
        Column("to_email", label=_("E-mail of the friend")),
        Column("state", label=_("State"), accessor=state),
        MomentColumn("sent_at", label=_("Sent")),
        MomentColumn("redeemed_at", label=_("Claimed")),
    ]
    list_export = [
        "order",
        "giver",
        "what",
        "to_email",
        "state",
        "sent_at",
        "redeemed_at",
        "redeemed_by",
        "claimable_until",
    ]
    export_headings = {
        "order": ORDER_LABEL,
        "giver": _("Giver"),
        "what": _("What"),
        "state": _("State"),
        "redeemed_at": _("Claimed"),
        "redeemed_by": _("Claimed by"),
    }
