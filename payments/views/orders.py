"""One's own orders: what was bought, what comes next, receipts, asking for money back."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.models import User
from operations import clock, errors
from payments import (
    attribution,
    beginning,
    checkout,
    fapiao,
    gateway,
    given_away,
    queries,
    refund_requests,
    refund_standing,
    reservation_standing,
    standing,
)
from payments.models import Invoice, Order, RefundRequest
from payments.views.returning import again_url

NOT_PAID = (Order.Status.EXPIRED, Order.Status.FAILED)


class RefundForm(forms.Form):
    note = forms.CharField(
        label=_("Why"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("It helps us; you need not say."),
    )


@login_required
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """Subscriptions with what comes next, then orders, then what renewals were billed."""
    now = clock.now()
    user = _user(request)
    subscriptions = [
        standing.of_subscription(row, now=now) for row in queries.subscriptions_of(user)
    ]
    lists: dict[str, list[dict[str, Any]]] = {"unpaid": [], "not_paid": [], "orders": []}
    for order in queries.orders_of(user):
        had = order.is_open and checkout.is_had(order, now=now)
        name = "not_paid" if had else _list_of(order)
        lists[name].append(_line(order, had=had, now=now))
    context = {
        "subscriptions": subscriptions,
        "memberships": queries.memberships_of(user, now=now),
        "now": now,
        **lists,
        "bills": _bills(queries.invoices_of(user)),
    }
    return TemplateResponse(request, "payments/orders.html", context)


@login_required
@require_safe
def order(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Everything that an accountant wants to know of one order."""
    row = own_order(request, key)
    invoices = row.subscription.invoices.prefetch_related("refunds") if row.subscription else []
    reserved = reservation_standing.of_order(row, now=clock.now())
    may_pay = (row.is_open or row.status in NOT_PAID) and not reserved
    had = may_pay and checkout.is_had(row, now=clock.now())
    can_ask, _invoice = refund_standing.payment_to_refund(row)
    dispute = standing.dispute_of(row)
    context = {
        "order": row,
        "reservation": reserved,
        "had": had,
        "pay_url": again_url(row) if may_pay and not had else "",
        "offer": row.price.offer,
        "contents": [each.course for each in row.contents.select_related("course")],
        "state": _("Not paid") if had and row.is_open else standing.of_order(row),
        "given_up": standing.given_up(row),
        "dispute": standing.of_dispute(dispute) if dispute else "",
        "standing": standing.of_subscription(row.subscription, now=clock.now())
        if row.subscription
        else None,
        "bills": _bills(each for each in invoices if each.status not in ("", "draft", "void")),
        "requests": refund_standing.of_order(row),
        "refunds": row.refunds.all(),
        "can_ask": can_ask,
        "fapiaos": fapiao.of_order(row),
        "in_wechat": attribution.is_in_wechat(request),
        "sellable_url": beginning.address(row.price.offer.sellable),
    }
    if row.is_for_others and row.fulfilled_at:
        context |= given_away.shown(row, page=request.GET.get("page"), now=clock.now())
    return TemplateResponse(request, "payments/order.html", context)


@login_required
@require_safe
def receipt(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Leads to Stripe's own receipt of a payment."""
    row = own_order(request, key)
    if not row.payment_intent_id:
        raise Http404
    try:
        payment = gateway.retrieve_payment_intent(row.payment_intent_id)
    except gateway.GatewayError:
        messages.warning(request, _("The receipt cannot be fetched now. Please try again later."))
        return redirect("order", key)
    url = (payment.get("latest_charge") or {}).get("receipt_url")
    if not url:
        messages.warning(request, _("There is no receipt for this payment."))
        return redirect("order", key)
    return HttpResponseRedirect(url)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """The learner asks for money back; finance decides."""
    row = own_order(request, key)
    can_ask, invoice = refund_standing.payment_to_refund(row)
    if not can_ask:
        messages.info(request, _("There is nothing to give back, or you have asked already."))
        return redirect("order", key)
    if request.method == "POST" and not limits.consume(request, "ask_refund"):
        return errors.too_many(request, after=limits.longest_wait("ask_refund"))
    form = RefundForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        refund_requests.ask(
            order=row,
            learner=_user(request),
            note=form.cleaned_data["note"],
            invoice=invoice,
            now=clock.now(),
        )
        messages.success(request, _("You have asked for a refund. We answer by mail."))
        return redirect("order", key)
    context = {
        "order": row,
        "offer": row.price.offer,
        "form": form,
        "amount": refund_requests.remaining(row, invoice),
        "currency": (invoice or row).currency,
        "seats_in_use": given_away.seats_in_use(row),
    }
    return TemplateResponse(request, "payments/refund.html", context)


@login_required
@require_POST
def withdraw_refund(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """The learner does not want it any more, before anybody decided."""
    wish = get_object_or_404(RefundRequest, key=key, asked_by=_user(request))
    try:
        refund_requests.withdraw(request=wish, now=clock.now())
    except refund_requests.CannotRefund:
        messages.warning(request, _("It is decided already."))
    else:
        messages.success(request, _("Nothing goes back; what you bought stays open."))
    return redirect("order", wish.order.key)


def own_order(request: HttpRequest, key: uuid.UUID) -> Order:
    """The buyer's own order; another's is not found."""
    found = (
        Order.objects.filter(buyer=_user(request))
        .select_related(
            "buyer",
            "subscription__offer__membership",
            "price__offer__course",
            "price__offer__bundle",
            "price__offer__membership",
            "reservation",
        )
        .prefetch_related("disputes", "refunds__invoice")
    )
    return get_object_or_404(found, key=key)


def _list_of(order: Order) -> str:
    """To be paid; came to no payment; bought."""
    if order.status in NOT_PAID:
        return "not_paid"
    is_unpaid = order.is_open or order.is_reserved
    return "unpaid" if is_unpaid and not order.waits_for_confirmation else "orders"


def _line(order: Order, *, had: bool, now: datetime) -> dict[str, Any]:
    wanted = next(iter(refund_standing.of_order(order)), None)
    # The unpaid ones stand under a heading that says it.
    state = "" if order.is_open and not order.waits_for_confirmation else standing.of_order(order)
    is_pending = wanted and wanted.request.status != RefundRequest.Status.DONE
    return {
        "order": order,
        "what": order.price.offer.named,
        "state": _("You have it") if had else state,
        "gift": given_away.gift_word(order.gift, now=now)
        if order.fulfilled_at and hasattr(order, "gift")
        else "",
        "request": wanted.words
        if wanted and is_pending and order.status != Order.Status.REFUNDED
        else "",
    }


def _bills(invoices: Iterable[Invoice]) -> list[tuple[Invoice, str]]:
    """Each with its state in words."""
    return [(each, standing.of_bill(each)) for each in invoices]


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 — signed in
    return request.user
