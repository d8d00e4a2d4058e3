"""Giving money back: what finance begins, what Stripe did."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from accounts.models import User
from operations import clock
from payments import given_away, refund_requests, went_back
from payments.admin.amounts import AmountField, typed_amount
from payments.admin.confirmation import Confirmation, NotPossible, ReasonForm
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
from payments.admin.listing_filters import period_widget
from payments.models import Invoice, Order, Refund, RefundRequest
from payments.models.orders import ORDER_LABEL
from payments.money import decimal

STATES = {
    "pending": _("On its way"),
    "requires_action": _("Waiting for the payer"),
    "succeeded": _("Refunded"),
    "failed": _("Failed"),
    "canceled": _("Called off"),
}


# Why a refund did not arrive, https://docs.stripe.com/refunds#failed-refunds.
FAILURES = {
    "charge_for_pending_refund_disputed": _("The payment was disputed meanwhile"),
    "declined": _("The bank declined it"),
    "expired_or_canceled_card": _("The card has expired or was cancelled"),
    "insufficient_funds": _("The balance at Stripe was too low"),
    "lost_or_stolen_card": _("The card was lost or stolen"),
    "merchant_request": _("We asked Stripe to stop it"),
    "unknown": _("The bank gave no reason"),
}


def why_failed(word: str) -> Any:
    """In words, where Stripe's is known."""
    return FAILURES.get(word, word)


def refund_state(row: Refund) -> Any:
    return STATES.get(row.status, row.status)


def request_state(row: RefundRequest) -> Any:
    """Done is what has arrived: a wallet takes its time."""
    made = getattr(row, "refund", None)
    if row.status == row.Status.DONE and made and made.status in Refund.UNDER_WAY:
        return _("Refund on its way")
    return row.get_status_display()


def wanted(request: RefundRequest) -> tuple[int, str]:
    """What a request gives back, as decided; before that, all that was paid."""
    if request.invoice:
        return request.amount or request.invoice.amount_paid or 0, request.invoice.currency
    return request.amount or request.order.amount, request.order.currency


def in_full(order: Order) -> Any:
    """What a refund of the whole does to what was bought."""
    if order.purpose == Order.Purpose.GIFT:
        return _("In full, the gift becomes void; what the friend opened by it is shut again.")
    if order.purpose == Order.Purpose.SEATS:
        return _("In full, all seats are shut, the %(number)d in use too.") % {
            "number": given_away.seats_in_use(order)
        }
    return _("In full, access to “%(what)s” by this payment ends with it. Progress stays.")


def consequences(order: Order, invoice: Invoice | None, actor: User) -> Iterable[Any]:
    """What a refund brings about, in sentences."""
    present = refund_requests.last_paid(order)
    invoice = invoice or present
    left, currency = refund_requests.remaining(order, invoice), (invoice or order).currency
    words = {
        "amount": in_words(left, currency),
        "who": person(order.buyer),
        "what": str(order.price.offer.sellable),
    }
    yield _("Up to %(amount)s goes back to %(who)s, the way it was paid.") % words
    if order.subscription and order.subscription.credit:
        credit = in_words(order.subscription.credit, currency)
        yield _("%(credit)s stands to their credit for bills to come; that much stays.") % {
            "credit": credit
        }
    if invoice != present:
        yield _("The subscription goes on: its present period was paid by a later invoice.")
    else:
        yield in_full(order) % words
        if order.subscription:
            yield _("The subscription then ends at once and charges nothing any more.")
        yield _("In part, everything goes on as it is, unless you say otherwise below.")
    yield from _needs_second(order, invoice, left, actor)
    yield _("It happens once, and cannot be taken back.")


def _needs_second(order: Order, invoice: Invoice | None, left: int, actor: User) -> Iterable[Any]:
    if not refund_requests.is_above_limit(order, invoice, left):
        return
    currency = (invoice or order).currency
    limit = refund_requests.limit(currency)
    alone = refund_requests.is_alone(actor)
    if limit and alone:
        sentence = _(
            "Above %(limit)s it needs a second look: you are alone in finance, so come back "
            "after a day and confirm it yourself."
        )
    elif limit:
        sentence = _("Above %(limit)s a second person of finance has to confirm it.")
    elif alone:
        sentence = _(
            "Every refund in %(currency)s needs a second look: you are alone in finance, so come "
            "back after a day and confirm it yourself."
        )
    else:
        sentence = _("Every refund in %(currency)s has to be confirmed by a second person.")
    yield sentence % {"limit": in_words(limit, currency), "currency": currency}
    if before := went_back.of_bill(invoice) if invoice else went_back.of_order(order):
        yield _("Parts are added up: %(amount)s of this payment went back before.") % {
            "amount": in_words(before, currency)
        }


class RefundForm(ReasonForm):
    """How much of what is left goes back, and why. `seen`: what was left when the page was made;
    sent again from an old page, a part would go back twice."""

    amount = AmountField(widget=forms.NumberInput(attrs={"min": 0}))
    ends_access = forms.BooleanField(
        label=_("End the access too"),
        required=False,
        help_text=_("For a part; what goes back in full always ends it."),
    )
    # Not as `required`: where it is wanting the page comes again with it.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    field_order = ["amount", "ends_access", "reason"]

    def __init__(
        self, *args: Any, order: Order, invoice: Invoice | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        present = refund_requests.last_paid(order)
        self.order, self.invoice = order, invoice or present
        self.currency = (self.invoice or order).currency
        self.left = refund_requests.remaining(order, self.invoice)
        self.fields["amount"].label = _("Amount (%(currency)s)") % {"currency": self.currency}
        before = refund_requests.failed(order, self.invoice)
        again = min(before.amount or self.left, self.left) if before else self.left
        self.fields["amount"].initial = decimal(again, self.currency)
        self.fields["ends_access"].initial = bool(before and before.ends_access)
        self.fields["seen"].initial = self.left
        if self.invoice != present:
            del self.fields["ends_access"]  # it opens nothing any more

    def clean_amount(self) -> int:
        """In the currency's smallest unit."""
        amount = typed_amount(self.cleaned_data["amount"], self.currency)
        if not 0 < amount <= self.left:
            raise forms.ValidationError(
                _("More than nothing, and at most %(left)s.")
                % {"left": in_words(self.left, self.currency)}
            )
        return amount

    def clean_seen(self) -> None:
        if self.cleaned_data["seen"] != str(self.left):
            self.data = dict(self.data.items()) | {"seen": self.left}
            raise forms.ValidationError(
                _("Some went back meanwhile: %(left)s is left. Look again, then send it once more.")
                % {"left": in_words(self.left, self.currency)}
            )


def approve(form: RefundForm, actor: User) -> Any:
    try:
        request = refund_requests.approve(
            order=form.order,
            invoice=form.invoice,
            amount=form.cleaned_data["amount"],
            ends_access=form.cleaned_data.get("ends_access", False),
            reason=form.cleaned_data["reason"],
            actor=actor,
            now=clock.now(),
        )
    except refund_requests.CannotRefund as problem:
        raise NotPossible(why_not(problem)) from None
    if request.status == RefundRequest.Status.PROPOSED and refund_requests.is_alone(actor):
        return _("The refund waits: in a day you can confirm it yourself.")
    if request.status == RefundRequest.Status.PROPOSED:
        return _("The refund waits for a colleague to confirm it.")
    return _("The refund is on its way to Stripe.")


def waits_for(request: RefundRequest, actor: User) -> Any:
    """What confirms a refund that waits: a colleague, or a day for who is alone."""
    if refund_requests.may_confirm(request, actor, now=clock.now()):
        return _("A refund of this payment waits already for you to confirm it.")
    if refund_requests.is_alone(actor):
        return _(
            "A refund of this payment waits already: from %(moment)s on you confirm it yourself, "
            "once you have proved again who you are."
        ) % {"moment": moment(request.alone_from)}
    return _("A refund of this payment waits already for a colleague to confirm it.")


def why_not(problem: refund_requests.CannotRefund) -> Any:
    if isinstance(problem, refund_requests.Disputed):
        return _("The payment is disputed: the bank decides, and Stripe refunds none of it.")
    return _("This payment has been given back, or there is none.")


class OfPayment(Confirmation):
    """A step of giving a payment back; none is made while a bank decides about it, or took it."""

    permission = refund_requests.PERMISSION
    serious = True

    def payment(self, row: Any) -> tuple[Order, Invoice | None]:
        """What was paid for, and by which bill."""
        raise NotImplementedError

    def is_disputed(self, row: Any) -> bool:
        return refund_requests.is_disputed(*self.payment(row))

    def is_possible(self, row: Any) -> bool:
        return not self.is_disputed(row)

    def why_not(self, row: Any) -> Any:
        if self.is_disputed(row):
            return why_not(refund_requests.Disputed())
        return super().why_not(row)


class GivesBack(OfPayment):
    title = _("Refund")
    label = _("Refund")

    def is_possible(self, row: Any) -> bool:
        return is_refundable(*self.payment(row))

    def why_not(self, row: Any) -> Any:
        order, invoice = self.payment(row)
        waiting = under_way(order, invoice or refund_requests.last_paid(order)).first()
        if waiting is None or self.is_disputed(row):
            return super().why_not(row)
        if waiting.status == RefundRequest.Status.PROPOSED:
            return waits_for(waiting, self.actor)
        return _("A refund of this payment is on its way already.")

    def consequences(self, row: Any) -> Iterable[Any]:
        order, invoice = self.payment(row)
        if asked := refund_requests.asked_for(order, invoice):
            words = {"who": person(asked.asked_by), "note": asked.note or "–"}
            yield _("%(who)s asked for it: “%(note)s”. This is the answer to that.") % words
        if before := refund_requests.failed(order, invoice):
            words = {"amount": in_words(*wanted(before)), "why": why_failed(before.refusal) or "–"}
            yield _("%(amount)s could not go back before: %(why)s") % words
        yield from consequences(order, invoice, self.actor)

    def form(self, data: Any = None) -> RefundForm:
        order, invoice = self.payment(self.row)
        return RefundForm(data, order=order, invoice=invoice)

    def carry_out(self, row: Any, form: RefundForm) -> Any:
        return approve(form, self.actor)


class RefundOrderView(GivesBack):
    model = Order
    back = "money-orders"
    related = (
        "buyer",
        "subscription",
        "price__offer__course",
        "price__offer__bundle",
        "price__offer__membership",
    )

    def payment(self, row: Order) -> tuple[Order, Invoice | None]:
        return row, None


class RefundInvoiceView(GivesBack):
    model = Invoice
    back = "money-invoices"
    related = (
        "subscription__order__buyer",
        "subscription__order__price__offer__course",
        "subscription__order__price__offer__bundle",
        "subscription__order__price__offer__membership",
    )

    def is_possible(self, row: Invoice) -> bool:
        return order_of(row) is not None and super().is_possible(row)

    def why_not(self, row: Invoice) -> Any:
        if order_of(row) is not None:
            return super().why_not(row)
        return _("It belongs to no order of this site: refund it at Stripe.")

    def payment(self, row: Invoice) -> tuple[Order, Invoice | None]:
        order = order_of(row)
        assert order is not None  # noqa: S101 — else it is not possible
        return order, row


def order_of(invoice: Invoice) -> Order | None:
    return getattr(invoice.subscription, "order", None)


def is_refundable(order: Order, invoice: Invoice | None = None) -> bool:
    """Whether money was paid for it that neither went back nor is about to."""
    if order.paid_at is None:
        return False
    invoice = invoice or refund_requests.last_paid(order)
    if order.subscription_id and invoice is None:
        return False  # a trial: nothing was paid
    return (
        not under_way(order, invoice).exists()
        and refund_requests.remaining(order, invoice) > 0
        and not refund_requests.is_disputed(order, invoice)
    )


def under_way(order: Order, invoice: Invoice | None) -> QuerySet[RefundRequest]:
    """Decided, and not carried out yet."""
    decided = (RefundRequest.Status.PROPOSED, RefundRequest.Status.APPROVED)
    return RefundRequest.objects.filter(order=order, invoice=invoice, status__in=decided)


def wishes(rows: QuerySet[RefundRequest]) -> Section:
    """Requests for refunds, on the page of what they are about."""
    return Section(
        _("Refund requests"),
        [_("Made"), _("Asked by"), _("Why"), _("Amount"), _("Reason"), _("State")],
        [
            [
                Fact("", moment(row.created_at), detail_url("money-requests", row)),
                person(row.asked_by),
                row.note,
                in_words(*wanted(row)),
                row.reason,
                " · ".join(filter(None, (str(request_state(row)), row.decline_reason))),
            ]
            for row in rows.select_related("asked_by", "refund", "order", "invoice")
        ],
    )


class RefundFilters(WagtailFilterSet):
    status = django_filters.ChoiceFilter(label=_("State"), choices=list(STATES.items()))
    created_at = django_filters.DateFromToRangeFilter(label=_("Made"), widget=period_widget())

    class Meta:
        model = Refund
        fields = ["status", "created_at"]


class RefundIndex(MoneyIndex):
    totals = (("amount", _("Given back"), "currency"),)

    def counted(self, rows: QuerySet[Refund]) -> QuerySet[Refund]:
        return rows.filter(status__in=Refund.STANDING)

    def to_row_dict(self, item: Refund) -> dict[str, Any]:
        request = item.request
        return {
            "stripe_id": item.stripe_id,
            "created_at": item.created_at,
            "order": str(item.order or ""),
            "buyer": item.order.buyer.email if item.order else "",
            "amount": decimal(item.amount, item.currency),
            "currency": item.currency,
            "status": refund_state(item),
            "reason": request.reason if request else "",
        }


class RefundDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: Refund = self.object
        yield stripe_fact("Stripe", row.stripe_id, livemode=row.livemode)
        yield Fact(_("Amount"), in_words(row.amount, row.currency))
        yield Fact(_("State"), refund_state(row))
        yield Fact(_("Stripe's answer"), why_failed(row.why_failed))
        yield Fact(_("Made"), moment(row.created_at))
        yield Fact(
            ORDER_LABEL,
            row.order or "",
            detail_url("money-orders", row.order),
        )
        yield Fact(_("Buyer"), person(row.order.buyer) if row.order else "")
        yield Fact(_("Invoice"), row.invoice or "", detail_url("money-invoices", row.invoice))
        if request := row.request:
            yield Fact(_("Reason"), request.reason, detail_url("money-requests", request))
            yield Fact(_("Decided by"), person(request.decided_by) or _("The site"))


class RefundViewSet(MoneyViewSet):
    model = Refund
    name = "money-refunds"
    url_prefix = "money/refunds"
    icon = "rotate"
    menu_label = _("Refunds")
    index_view_class = RefundIndex
    inspect_view_class = RefundDetail
    related = ("order__buyer", "invoice", "request__decided_by")
    filterset_class = RefundFilters
    order_key = "order__key"
    search_fields = ["stripe_id", "order__buyer__email", "payment_intent_id", "charge_id"]
    list_display = [
        DetailColumn("stripe_id", "money-refunds", label="Stripe"),
        Column("order", label=ORDER_LABEL, accessor="order.number"),
        Column("buyer", label=_("Buyer"), accessor="order.buyer.email"),
        MoneyColumn("amount", label=_("Amount")),
        Column("status", label=_("State"), accessor=refund_state, sort_key="status"),
        MomentColumn("created_at", label=_("Made")),
    ]
    list_export = [
        "stripe_id",
        "created_at",
        "order",
        "buyer",
        "amount",
        "currency",
        "status",
        "reason",
    ]
    export_headings = {
        "buyer": _("Buyer"),
        "order": ORDER_LABEL,
        "reason": _("Reason"),
    }
