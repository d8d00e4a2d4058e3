"""Going over to another plan: what there is, what it costs, then the change itself."""

import logging
import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import reauthentication
from accounts.limits import limited
from operations import clock
from payments import gateway, standing, switching
from payments.models import Price, Subscription
from payments.views.subscriptions import own, unreachable

logger = logging.getLogger("payments")


@login_required
@require_safe
def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """The plans that this subscription can go over to."""
    row, now = own(request, pk), clock.now()
    if switching.stands_in_the_way(row):
        return _under_way(request, row)
    context = {
        "subscription": row,
        "standing": standing.of_subscription(row, now=now),
        "options": [
            (price, switching.begins_at_once(row, price)) for price in switching.options(row)
        ],
    }
    return TemplateResponse(request, "payments/switch.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited("checkout")
def switch_to(request: HttpRequest, pk: int, key: uuid.UUID) -> HttpResponse:
    """GET shows what it costs, POST does exactly that."""
    row = own(request, pk)
    if request.method != "POST" and switching.stands_in_the_way(row):
        return _under_way(request, row)
    price = next((each for each in switching.options(row) if each.offer.key == key), None)
    if price is None:
        return _not_possible(request, row, key)
    return _confirm(request, row, price) if request.method == "POST" else _page(request, row, price)


@reauthentication.required
def _confirm(request: HttpRequest, row: Subscription, price: Price) -> HttpResponse:
    try:
        done = switching.confirm(row, price, request.POST.get("shown", ""), now=clock.now())
    except switching.Stale:
        return _page(request, row, price, _("The sums have changed. Please look once more."))
    except switching.Declined:
        problem = _("The bank did not agree; nothing was charged, nothing changed.")
        return _page(request, row, price, problem)
    except switching.CannotSwitch:
        return _under_way(request, row)
    except gateway.Refused:
        logger.warning("a change of plan was refused", exc_info=True)
        messages.error(request, _("Stripe did not take this change; nothing has changed."))
        return redirect("subscription", row.pk)
    except gateway.GatewayError:
        logger.warning("the answer to a change of plan was lost", exc_info=True)
        words = _(
            "Stripe has not answered, so it is not known yet whether the change was made. We are "
            "looking into it: this page will tell. You will not pay twice."
        )
        messages.warning(request, words)
        return redirect("subscription", row.pk)
    return _done(request, row, done)


def _done(request: HttpRequest, row: Subscription, done: switching.Outcome) -> HttpResponse:
    if done.address:
        return HttpResponseRedirect(done.address, status=303)
    words = _("Changed.")
    if done.change.at_period_end:
        words = _("Planned: it changes with the next period.")
    messages.success(request, words)
    return redirect("subscription", row.pk)


def _under_way(request: HttpRequest, row: Subscription) -> HttpResponse:
    messages.info(request, _("Another change is under way. Take it back first."))
    return redirect("subscription", row.pk)


def _not_possible(request: HttpRequest, row: Subscription, key: uuid.UUID) -> HttpResponse:
    """A second tap comes when the change is made; a plan nobody knows is not found."""
    if row.offer is not None and row.offer.key == key:
        return redirect("subscription", row.pk)
    if not Price.objects.filter(offer__key=key).exists():
        raise Http404
    messages.info(request, _("This change is not possible now."))
    return redirect("subscription", row.pk)


def _page(request: HttpRequest, row: Subscription, price: Price, problem: str = "") -> HttpResponse:
    try:
        row.refresh_from_db()
        shown = switching.show(row, price, now=clock.now())
    except switching.CannotSwitch:
        return _not_possible(request, row, price.offer.key)
    except gateway.GatewayError:
        return unreachable(request, row)
    context: dict[str, Any] = {
        "subscription": row,
        "standing": standing.of_subscription(row, now=clock.now()),
        "price": price,
        "shown": shown,
        "closing": switching.closing(row, price),
        "token": switching.sign(row, shown),
        "problem": problem,
    }
    return TemplateResponse(request, "payments/switch_to.html", context)
