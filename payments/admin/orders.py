"""Orders: who bought what, at which price, and what came of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import django_filters
from django.db.models import BigIntegerField, Exists, Model, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from accounts.models import OutboxMessage
from courses.models import Grant
from operations import clock
from pages import dates
from payments import ending, evidence, refund_requests, story, went_back
from payments.admin import searching
from payments.admin.confirmation import Confirmation, NotPossible, ToldReasonForm
from payments.admin.listing import (
    Action,
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
from payments.admin.listing_filters import CurrencyFilter, RealMoneyFilter, SiteDays
from payments.admin.refunds import RefundOrderView, is_refundable, refund_state, wishes
from payments.models import (
    Customer,
    Dispute,
    Fapiao,
    Gift,
    Invoice,
    MoneyEntry,
    Offer,
    Order,
    RedeemCode,
    Refund,
    RefundRequest,
    Reservation,
    Subscription,
)
from payments.money import decimal

RELATED = (
    "buyer",
    "price__offer__course",
    "price__offer__bundle",
    "price__offer__membership",
    "subscription",
    "promotion",
    "reservation",
)
# An order is completed where a lesson is done: two words in Chinese.
STATES = {
    **dict(Order.Status.choices),
    Order.Status.FULFILLED: _("Completed"),
    went_back.PARTLY: _("Partly refunded"),
}


OF_OFFERS = tuple(
    each.removeprefix("price__offer__") for each in RELATED if each.startswith("price__offer__")
)


def offers(request: Any = None) -> QuerySet[Offer]:
    """Each with all that its name needs."""
    return Offer.objects.select_related(*OF_OFFERS)


def order_state(order: Order) -> Any:
    """Of one with sums."""
    if order.waits_for_confirmation:
        return _("Waits for confirmation")
    if _has_ended(order):
        return _("Reservation ended")
    summed: Any = order
    state = went_back.state(order, summed.own_refunded)
    if state == Order.Status.FULFILLED and order.trial_days:
        return _("Begun with a trial")
    if summed.is_disputed:
        return _("Disputed")
    if state in (Order.Status.FULFILLED, went_back.PARTLY) and _is_taken(summed):
        all_of_it = order.amount <= summed.own_refunded + summed.lost
        return _("Taken back by the bank") if all_of_it else _("Partly taken back by the bank")
    if state in (went_back.PARTLY, Order.Status.REFUNDED) and summed.is_under_way:
        return _("Refund on its way")
    return STATES[state]


def _has_ended(order: Order) -> bool:
    """Whether it was reserved, and will not be charged."""
    reservation: Reservation | None = getattr(order, "reservation", None)
    return bool(reservation and reservation.ended_at and not order.paid_at)


def _is_taken(order: Any) -> bool:
    """Whether the bank took some of its own payment; of a subscription its bills tell that."""
    return order.lost > 0 and not order.subscription_id


def paid_at(order: Order) -> datetime | None:
    """When money first came, of one with sums: after a trial, if it did."""
    summed: Any = order
    charged: datetime | None = summed.charged_at
    return charged if order.trial_days else order.paid_at


def paid(order: Order) -> Any:
    """When; a trial is not, until something is charged after it."""
    on_trial = order.paid_at and not paid_at(order)
    return _("Trial") if on_trial else moment(paid_at(order))


# What the books have of an order, a subscription's later bills too: names of sums, their kinds.
SUMS = {
    "received": MoneyEntry.Kind.CHARGE,
    "refunded": MoneyEntry.Kind.REFUND,
    "lost": MoneyEntry.Kind.DISPUTE,
}
SUM_LABELS = {
    "received": _("Revenue"),
    "refunded": _("Given back"),
    "lost": _("Taken back by the bank"),
    "kept": _("Net of refunds"),
}


def with_sums(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Each with `received`, `refunded`, `lost` to disputes and `kept`, as booked, in its own
    currency; when something first came; and what of its own payment went back, whether all of it
    has arrived, whether its bank has yet to decide."""
    booked = MoneyEntry.objects.filter(order=OuterRef("pk"))
    own = Refund.objects.filter(went_back.OWN, order=OuterRef("pk"))
    return orders.annotate(
        received=_sum_of(booked.filter(kind=SUMS["received"])),
        refunded=-_sum_of(booked.filter(kind=SUMS["refunded"])),
        lost=-_sum_of(booked.filter(kind=SUMS["lost"])),
        kept=_sum_of(booked.filter(kind__in=SUMS.values())),
        own_refunded=_sum_of(own),
        charged_at=Subquery(
            booked.filter(kind=SUMS["received"]).order_by("booked_at").values("booked_at")[:1]
        ),
        is_disputed=Exists(Dispute.objects.undecided().filter(order=OuterRef("pk"), invoice=None)),
        is_under_way=Exists(own.filter(status__in=Refund.UNDER_WAY)),
    )


def _sum_of(rows: QuerySet[Any]) -> Coalesce:
    """Of the amounts of rows that belong to one order."""
    sums = rows.order_by().values("order").annotate(sum=Sum("amount")).values("sum")
    return Coalesce(Subquery(sums, output_field=BigIntegerField()), 0)


FILTERED = [(value, STATES[value]) for value in Order.Status.values]


class OrderFilters(WagtailFilterSet):
    status = django_filters.ChoiceFilter(label=_("State"), choices=FILTERED)
    created_at = SiteDays(label=_("Made"))
    paid = django_filters.BooleanFilter(
        label=_("Paid"), field_name="paid_at", lookup_expr="isnull", exclude=True
    )
    currency = CurrencyFilter(label=_("Currency"))
    livemode = RealMoneyFilter()
    kind = django_filters.ChoiceFilter(
        label=_("Kind"), field_name="price__offer__kind", choices=Offer.Kind.choices
    )

    class Meta:
        model = Order
        fields = ["status", "advance", "created_at", "paid", "kind", "currency", "livemode"]


# What has an id at Stripe → the way to its order.
HANG_ON: dict[type[Model], str] = {
    Customer: "user__orders",
    Dispute: "order",
    Invoice: "subscription__order",
    MoneyEntry: "order",
    Refund: "order",
    Subscription: "order",
}


class OrderIndex(MoneyIndex):
    def get_base_queryset(self) -> QuerySet[Order]:
        return with_sums(super().get_base_queryset())

    def search_queryset(self, queryset: QuerySet[Order]) -> QuerySet[Order]:
        """By an id of what hangs on an order, too."""
        typed = (self.search_query or "").strip()
        if searching.STRIPE_ID.fullmatch(typed):
            for model, order in HANG_ON.items():
                found = model._default_manager.filter(stripe_id=typed).exclude(**{order: None})
                if found.exists():
                    return queryset.filter(pk__in=found.values(order))
        return super().search_queryset(queryset)

    def sums(self) -> list[tuple[Any, str]]:
        """Of what the books have, at once: not order by order."""
        found = self.get_queryset().order_by()
        booked = MoneyEntry.objects.filter(order__in=found.values("pk")).order_by()
        each = {name: Sum("amount", filter=Q(kind=kind), default=0) for name, kind in SUMS.items()}
        lines = []
        for row in booked.values("currency").annotate(**each).order_by("currency"):
            sums: dict[str, Any] = dict(row)
            sums["kept"] = sum(sums[name] for name in SUMS)
            sums |= {"refunded": -sums["refunded"], "lost": -sums["lost"]}
            for name, label in SUM_LABELS.items():
                lines.append((label, in_words(sums[name], sums["currency"])))
        return lines

    def to_row_dict(self, item: Order) -> dict[str, Any]:
        sums = {name: decimal(getattr(item, name), item.currency) for name in SUM_LABELS}
        return {
            **sums,
            "number": item.number,
            "created_at": item.created_at,
            "paid_at": paid_at(item),
            "buyer": item.buyer.email,
            "what": str(item.price.offer.sellable),
            "terms": item.price.offer.terms,
            "amount": decimal(item.amount, item.currency),
            "discount": decimal(item.discount, item.currency),
            "promotion": item.promotion.code if item.promotion else "",
            "tax": decimal(item.tax, item.currency),
            "tax_country": item.tax_country,
            "tax_number": item.tax_number,
            "currency": item.currency,
            "status": order_state(item),
            "paid_with": item.paid_with,
            "payment_intent_id": item.payment_intent_id or "",
            "note": item.get_note_display(),
        }


class OrderDetail(MoneyDetail):
    def get_object(self, queryset: Any = None) -> Order:
        found = with_sums(Order.objects.select_related(*self.related))
        return get_object_or_404(found, pk=self.pk)

    def facts(self) -> Iterable[Fact]:
        order: Order = self.object
        offer = order.price.offer
        yield Fact(_("Number"), order.number)
        yield Fact(_("State"), order_state(order))
        yield Fact(_("Buyer"), person(order.buyer))
        if evidence.disputed_by(order.buyer):
            address = reverse("money-disputes:index") + f"?q={order.buyer.email}"
            yield Fact(_("Mind"), _("A payment of this person is disputed"), address)
        yield Fact(_("What"), offer, detail_url("money-offers", offer))
        yield from self.amounts()
        if order.is_for_others:
            yield Fact(_("Bought for"), order.get_purpose_display())
            yield Fact(_("How many"), order.quantity)
            gift, batch = getattr(order, "gift", None), getattr(order, "batch", None)
            yield Fact(_("Gift"), order.number if gift else "", detail_url("money-gifts", gift))
            yield Fact(
                _("Redeem codes"), batch.size if batch else "", detail_url("money-batches", batch)
            )
        if order.promotion:
            cut = in_words(order.discount, order.currency)
            yield Fact(_("Discount"), cut)
            code = detail_url("money-promotions", order.promotion)
            yield Fact(_("Promotion code"), order.promotion.code, code)
        if order.tax_country:
            yield Fact(_("Tax"), f"{in_words(order.tax, order.currency)} · {order.tax_country}")
        yield Fact(_("Tax number"), order.tax_number)
        yield Fact(_("Days of trial"), order.trial_days or "")
        yield Fact(_("Made"), moment(order.created_at))
        yield Fact(_("Begun"), moment(order.paid_at) if order.trial_days else "")
        yield Fact(_("Paid"), moment(paid_at(order)))
        yield Fact(_("Way of paying"), order.paid_with)
        yield Fact(_("Opened"), moment(order.fulfilled_at))
        yield Fact(_("Ended"), moment(order.ended_at))
        yield Fact(_("In advance"), order.get_advance_display())
        if (reservation := getattr(order, "reservation", None)) and not _has_ended(order):
            yield Fact(_("Charged on"), dates.day(reservation.day))
        yield Fact(_("From"), moment(order.starts_at))
        yield Fact(_("Until"), moment(order.ends_at))
        yield Fact(
            _("Subscription"),
            order.subscription or "",
            detail_url("money-subscriptions", order.subscription),
        )
        yield Fact(_("Bought from"), order.from_page or "")
        yield stripe_fact(_("Checkout"), order.session_id, livemode=order.livemode)
        yield stripe_fact(_("Payment"), order.payment_intent_id, livemode=order.livemode)
        yield Fact(_("Remark"), order.get_note_display())
        yield Fact(_("Stripe account"), f"{order.account} · {_mode(order.livemode)}")

    def amounts(self) -> Iterable[Fact]:
        """What it costs; where more was paid, or less is left of it, that too."""
        order: Any = self.object
        amount = in_words(order.amount, order.currency)
        if order.trial_days:
            after = _("%(amount)s after the trial") % {"amount": amount}
            amount = f"{in_words(0, order.currency)} · {after}"
        yield Fact(_("Amount"), amount)
        if order.kept == (0 if order.trial_days else order.amount):
            return
        for name, label in SUM_LABELS.items():
            if order.received and (getattr(order, name) or name == "kept"):
                yield Fact(label, in_words(getattr(order, name), order.currency))

    def actions(self) -> Iterable[Action]:
        if self.request.user.has_perm(RefundOrderView.permission) and is_refundable(self.object):
            yield Action(_("Refund"), reverse("money-orders:refund", args=[self.pk]))
        if self.request.user.has_perm(EndOrderView.permission) and ending.may_end(self.object):
            yield Action(EndOrderView.title, reverse("money-orders:end", args=[self.pk]))

    def sections(self) -> Iterable[Section]:
        order: Order = self.object
        yield Section(
            _("What happened"),
            [_("When"), _("What")],
            [
                [moment(event.at), Fact("", event.sentence, where(event.row))]
                for event in story.of(order)
            ],
        )
        yield Section(
            _("Courses of the bundle"),
            [_("Course")],
            [[row.course.title] for row in order.contents.select_related("course")],
        )
        yield Section(
            _("Refunds"),
            [_("Made"), _("Amount"), _("State"), _("Reason")],
            [
                [
                    Fact("", moment(row.created_at), detail_url("money-refunds", row)),
                    in_words(row.amount, row.currency),
                    refund_state(row),
                    row.request.reason if row.request else "",
                ]
                for row in order.refunds.select_related("request")
            ],
        )
        yield wishes(order.refund_requests.all())
        yield Section(
            _("Money entries"),
            [_("Booked"), _("Kind"), _("Amount"), _("Fee"), _("Net")],
            [
                [
                    moment(row.booked_at),
                    row.get_kind_display(),
                    in_words(row.amount, row.currency),
                    in_words(row.settled_fee, row.settled_currency),
                    in_words(row.settled_net, row.settled_currency),
                ]
                for row in order.money_entries.all()
            ],
        )


# Rows of which a story tells → where one reads more of them.
TOLD: dict[type[Model], str] = {
    Dispute: "money-disputes",
    Fapiao: "money-fapiao",
    Gift: "money-gifts",
    Grant: "money-grants",
    OutboxMessage: "money-mails",
    RedeemCode: "money-codes",
    Invoice: "money-invoices",
    Refund: "money-refunds",
    RefundRequest: "money-requests",
}


def where(row: Model | None) -> str:
    return detail_url(TOLD[type(row)], row) if row is not None else ""


class EndOrderView(Confirmation):
    """For what cost nothing; what was paid is refunded."""

    model = Order
    permission = refund_requests.PERMISSION
    back = "money-orders"
    title = _("End the order")
    label = _("End it")
    form_class = ToldReasonForm
    serious = True
    related = RELATED

    def is_possible(self, row: Order) -> bool:
        return ending.may_end(row)

    def consequences(self, row: Order) -> Iterable[Any]:
        words = {"who": person(row.buyer), "what": str(row.price.offer.sellable)}
        yield _("It cost nothing: no money moves.")
        yield _("%(who)s can no longer open “%(what)s” by this order. Progress stays.") % words
        yield _("They get a mail with your reason.")

    def carry_out(self, row: Order, form: ToldReasonForm) -> Any:
        reason = form.cleaned_data["reason"]
        try:
            ending.end(order=row, reason=reason, actor=self.actor, now=clock.now())
        except ending.CannotEnd as problem:
            raise NotPossible(_("It was ended already.")) from problem
        return _("The order is ended.")


def _mode(livemode: bool) -> Any:
    return _("real money") if livemode else _("test mode")


class OrderViewSet(MoneyViewSet):
    model = Order
    name = "money-orders"
    url_prefix = "money/orders"
    icon = "list-ul"
    menu_label = _("Orders")
    index_view_class = OrderIndex
    inspect_view_class = OrderDetail
    related = RELATED
    filterset_class = OrderFilters
    row_views = {"refund": RefundOrderView, "end": EndOrderView}
    order_key = "key"
    search_fields = [
        "buyer__email",
        "buyer__name",
        "session_id",
        "payment_intent_id",
        "charge_id",
        "price__offer__course__title",
        "price__offer__bundle__title",
        "price__offer__membership__name",
    ]
    list_display = [
        DetailColumn("number", "money-orders", label=_("Number")),
        Column("buyer", label=_("Buyer"), accessor="buyer.email", sort_key="buyer__email"),
        Column("what", label=_("What"), accessor="price.offer"),
        MoneyColumn("amount", label=_("Amount")),
        MoneyColumn("kept", label=SUM_LABELS["kept"], sort_key=None),
        Column("status", label=_("State"), accessor=order_state, sort_key="status"),
        MomentColumn("created_at", label=_("Made")),
        Column("paid_at", label=_("Paid"), accessor=paid, sort_key="paid_at"),
    ]
    list_export = [
        "number",
        "created_at",
        "paid_at",
        "buyer",
        "what",
        "terms",
        "amount",
        "discount",
        "promotion",
        "received",
        "refunded",
        "lost",
        "kept",
        "tax",
        "tax_country",
        "tax_number",
        "currency",
        "status",
        "paid_with",
        "payment_intent_id",
        "note",
    ]
    export_headings = {
        "number": _("Number"),
        "what": _("What"),
        "terms": _("Terms"),
        "discount": _("Discount"),
        "promotion": _("Promotion code"),
        "paid_with": _("Way of paying"),
        **SUM_LABELS,
    }
