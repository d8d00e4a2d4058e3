"""One's own reservation: giving it up, paying it at once, or where the card was refused."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.limits import limited
from operations import clock
from payments import charging, checkout, gateway, reserving
from payments.views.orders import own_order


@login_required
@require_POST
def give_up(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    order, now = own_order(request, key), clock.now()
    try:
        charging.give_up(order, now=now)
    except gateway.GatewayError:
        words = _("Stripe cannot be reached now; nothing has changed. Try again soon.")
        messages.error(request, words)
    except reserving.TooLate:
        messages.warning(request, _("It is being charged now, or was ended already."))
    else:
        messages.success(request, _("The reservation is given up. Nothing was charged."))
    return redirect("order", key)


@login_required
@require_POST
@limited("checkout")
def pay(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Leads to Stripe's page, where the kept card was refused."""
    try:
        started = checkout.pay_refused(own_order(request, key), now=clock.now())
    except checkout.AlreadyPaid as paid:
        return redirect(f"{reverse('payments_return')}?order={paid.order.key.hex}")
    except checkout.CannotStart as problem:
        messages.warning(request, problem.message)
        return redirect("order", key)
    return HttpResponseRedirect(started.url, status=303)


@login_required
@require_POST
@limited("checkout")
def begin(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Charges the kept card of a course that opened sooner than its buyer was told."""
    order = own_order(request, key)
    try:
        charging.charge(order_id=order.pk, at_once=True, now=clock.now())
    except gateway.GatewayError:
        words = _("Stripe does not answer now. It is charged once, and opens, as soon as it does.")
        messages.warning(request, words)
    return redirect("order", key)
