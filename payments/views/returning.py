"""Back from Stripe's page: with or without the webhook, paid or not."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from operations import clock
from payments import beginning, reservation_standing, returning, standing, went_back
from payments.models import Order

LOOKS = 20  # how often the page asks by itself
STATES = {
    Order.Status.FULFILLED: "done",
    Order.Status.FAILED: "failed",
    Order.Status.EXPIRED: "expired",
    Order.Status.RESERVED: "reserved",
    Order.Status.REFUNDED: "refunded",
    Order.Status.PARKED: "parked",
}


@login_required
@require_safe
def returned(request: HttpRequest) -> HttpResponse:
    """Does what follows from the payment if nobody has yet, and says how it stands."""
    now = clock.now()
    try:
        key = _order(request).key.hex
        order = returning.confirm(key=key, buyer=request.user, now=now).order  # type: ignore[arg-type]
    except Order.DoesNotExist:
        raise Http404 from None
    state = STATES.get(Order.Status(order.status), "waiting")
    if order.note == Order.Note.BOUGHT_TWICE:
        state = "twice"
    elif order.note == Order.Note.GIVEN_UP:
        state = "given_up"
    elif order.note and state == "waiting":
        state = "parked"
    elif order.waits_for_confirmation:
        state = "waiting"
    look = _look(request)
    context = {
        "order": order,
        "offer": order.price.offer,
        "state": state,
        "is_under_way": state == "refunded" and went_back.is_under_way(order),
        "given_up": standing.given_up(order),
        "reservation": reservation_standing.of_order(order, now=now),
        "begin": beginning.of_order(order, now=now) if state == "done" else None,
        "again_url": again_url(order),
        "look_url": f"{request.path}?order={order.key.hex}&look={look + 1}",
        "looks_again": state == "waiting" and look < LOOKS,
    }
    return TemplateResponse(request, "payments/return.html", context)


@login_required
@require_safe
def cancelled(request: HttpRequest) -> HttpResponse:
    """Nothing was paid: back to the page that was left."""
    order = _order(request)
    if order.paid_at is not None:
        return redirect(f"{reverse('payments_return')}?order={order.key.hex}")
    messages.info(request, _("Nothing was paid, and nothing has changed."))
    if order.is_for_others:
        return redirect(again_url(order))
    page = order.from_page
    left = page.specific.get_url(request) if page and page.live else None
    return redirect(left or beginning.address(order.price.offer.sellable))


def again_url(order: Order) -> str:
    """Where what was not paid is begun again; what was typed for others is there still."""
    offer = order.price.offer
    if order.purpose == Order.Purpose.GIFT:
        return f"{reverse('give', args=[offer.key])}?order={order.key.hex}"
    if order.purpose == Order.Purpose.SEATS:
        return f"{reverse('buy_seats', args=[offer.key])}?seats={order.quantity}"
    return reverse("payments_buy", args=[offer.key])


def _order(request: HttpRequest) -> Order:
    """The buyer's own order that the address names, by its key, its session or both."""
    orders = Order.objects.filter(buyer_id=request.user.pk).select_related(
        "from_page", "price__offer__course", "price__offer__bundle", "price__offer__membership"
    )
    key = request.GET.get("order")
    session = request.GET.get("session") or request.GET.get("session_id")
    if not key and not session:
        raise Http404
    if session:
        orders = orders.filter(session_id=session)
    try:
        return get_object_or_404(orders, **({"key": uuid.UUID(key)} if key else {}))
    except ValueError:
        raise Http404 from None


def _look(request: HttpRequest) -> int:
    look = request.GET.get("look", "0")
    return min(int(look), LOOKS) if look.isascii() and look.isdigit() and len(look) < 4 else 0
