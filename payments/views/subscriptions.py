"""What a learner does about a subscription: cancel, resume, change the card."""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import reauthentication
from accounts.limits import limited
from operations import clock
from payments import gateway, standing, subscriptions
from payments.models import Subscription

logger = logging.getLogger("payments")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says until when it stays open, POST cancels: two taps from the orders."""
    row = _own(request, pk)
    stands = standing.of_subscription(row, now=clock.now())
    if not stands.may_cancel:
        messages.info(request, _("This subscription does not renew itself."))
        return redirect("orders")
    if request.method != "POST":
        context = {"standing": stands, "subscription": row}
        return TemplateResponse(request, "payments/cancel.html", context)
    return _do(request, row, subscriptions.cancel, _("Cancelled. What is paid stays yours."))


@login_required
@require_POST
@reauthentication.required
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    row = _own(request, pk)
    if not row.ends_by_itself:
        messages.info(request, _("There is nothing to resume."))
        return redirect("orders")
    return _do(request, row, subscriptions.resume, _("It goes on and renews itself again."))


@login_required
@require_http_methods(["GET", "POST"])
@limited("checkout")
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """Leads to Stripe's page where the card is changed. Nothing changes on the way, so a notice
    may link here: one tap, without a proof of who one is."""
    row = _own(request, pk)
    back = f"{settings.BASE_URL}{reverse('orders')}"
    try:
        return HttpResponseRedirect(subscriptions.portal_url(row, back=back), status=303)
    except gateway.GatewayError:
        return _unreachable(request)


def _do(
    request: HttpRequest, row: Subscription, change: Callable[..., Any], done: str
) -> HttpResponse:
    try:
        change(row, now=clock.now())
    except gateway.GatewayError:
        return _unreachable(request)
    messages.success(request, done)
    return redirect("orders")


def _unreachable(request: HttpRequest) -> HttpResponse:
    logger.warning("a subscription could not be changed", exc_info=True)
    messages.error(request, _("Stripe cannot be reached now; nothing has changed. Try again soon."))
    return redirect("orders")


def _own(request: HttpRequest, pk: int) -> Subscription:
    found = Subscription.objects.filter(learner_id=request.user.pk).select_related(
        "offer__membership"
    )
    return get_object_or_404(found, pk=pk)
