"""A subscription in its learner's hands: its life, cancelling, pausing, paying, the card."""

import logging
from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import reauthentication
from accounts.limits import limited
from accounts.models import User
from operations import clock
from payments import (
    cancelling,
    gateway,
    pausing,
    periods,
    plan_changes,
    queries,
    retention,
    standing,
    subscriptions,
    switching,
    timeline,
    upcoming,
    win_back,
)
from payments.models import Cancellation, Subscription
from payments.views import unanswered

logger = logging.getLogger("payments")


class CancelForm(forms.Form):
    reason = forms.ChoiceField(
        label=gettext_lazy("Why"),
        required=False,
        choices=[("", gettext_lazy("I would rather not say")), *Cancellation.Reason.choices],
        widget=forms.Select,
    )
    note = forms.CharField(
        label=gettext_lazy("In your words"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Both help us; you need not say."),
    )


@login_required
@require_safe
def subscription(request: HttpRequest, pk: int) -> HttpResponse:
    """Its whole life on one page, and everything that may be done."""
    row, now = own(request, pk), clock.now()
    events = timeline.of(row, now=now)
    paused = next((each for each in pausing.known(row, now=now) if not each.resumed_at), None)
    context = {
        "subscription": row,
        "standing": standing.of_subscription(row, now=now),
        "unanswered": unanswered.sentence(request, row, now=now),
        "past": [event for event in events if event.at <= now],
        "to_come": [event for event in events if event.at > now],
        "may_pause": pausing.may_pause(row, now=now),
        "may_switch": bool(switching.options(row)) and not switching.stands_in_the_way(row),
        "pause": paused,
        "charges_now": pausing.charged(row, at=now) if paused and row.period_is_unpaid else None,
        "planned": upcoming.open_change(row),
        "is_unanswered": plan_changes.is_unanswered(row),
        "win_back": None if row.is_live else win_back.standing(row.learner, now=now),
    }
    return TemplateResponse(request, "payments/subscription_page.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says until when it stays open, POST cancels: two taps from the orders."""
    row, now = own(request, pk), clock.now()
    stands = standing.of_subscription(row, now=now)
    if not stands.may_cancel:
        messages.info(request, _("This subscription does not renew itself."))
        return redirect("subscription", pk)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        context = {
            "standing": stands,
            "subscription": row,
            "last": standing.last_instant(row),
            "form": form,
            "instead": retention.instead(row, now=now),
        }
        return TemplateResponse(request, "payments/cancel.html", context)
    return do(
        request,
        row,
        "cancel",
        lambda: cancelling.cancel(row, **form.cleaned_data, now=now),
        _("Cancelled. What is paid stays yours."),
    )


@login_required
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a cancellation back, by the same means as it was made: nothing is charged at once."""
    row = own(request, pk)
    if not row.ends_by_itself:
        messages.info(request, _("There is nothing to resume."))
        return redirect("subscription", pk)
    return do(
        request,
        row,
        "resume",
        lambda: cancelling.resume(row, now=clock.now()),
        _("It goes on and renews itself again."),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says for each length until when it is open and when it charges again; POST pauses."""
    row, now = own(request, pk), clock.now()
    if not pausing.may_pause(row, now=now) or row.period_end is None:
        if not all(each in pausing.known(row, now=now) for each in row.pauses.all()):
            messages.info(request, _("Stripe has not answered yet whether the pause is made."))
        elif row.pauses.exists():
            messages.info(request, _("A pause is possible once a year."))
        else:
            messages.info(request, _("This cannot be paused as it stands now."))
        return redirect("subscription", pk)
    months = request.POST.get("months", "")
    if request.method == "POST" and months in map(str, pausing.MONTHS):
        return do(
            request,
            row,
            "pause",
            lambda: pausing.pause(row, months=int(months), now=now),
            _("The pause is set. It goes on by itself; we write to you five days before."),
        )
    context = {
        "subscription": row,
        "standing": standing.of_subscription(row, now=now),
        "choices": [
            (count, day, pausing.charged(row, at=day))
            for count in pausing.MONTHS
            for day in [periods.add_months_here(row.period_end, count)]
        ],
        "keeps_access": settings.PAUSED_KEEPS_ACCESS,
        "missing": request.method == "POST",
    }
    return TemplateResponse(request, "payments/pause.html", context)


@login_required
@require_POST
@reauthentication.required
def unpause(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a pause early: the page said what is charged."""
    row = own(request, pk)
    return do(
        request,
        row,
        "unpause" if row.period_is_unpaid else "call_off",
        lambda: pausing.resume(row, now=clock.now()),
        _("The pause is over; it goes on."),
    )


@login_required
@require_POST
def withdraw_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes back a change of plan that has not come true."""
    row, now = own(request, pk), clock.now()
    done = _("Taken back. All stays as it is.")
    return do(request, row, "withdraw", lambda: _withdraw(row, now), done)


def _withdraw(row: Subscription, now: Any) -> None:
    try:
        plan_changes.withdraw(row, now=now)
    finally:
        subscriptions.refresh(row.stripe_id, now=now)


@login_required
@require_safe
@limited("checkout")
def pay(request: HttpRequest, pk: int) -> HttpResponse:
    """Leads to Stripe's page of the bill that is open: to pay it with any card, or to answer the
    bank. One tap from a mail."""
    row = own(request, pk)
    bill = row.invoices.filter(status="open").first()
    if bill is None or row.ended_at:
        messages.info(request, _("There is nothing to pay."))
        return redirect("subscription", pk)
    try:
        url = gateway.retrieve_invoice(bill.stripe_id).get("hosted_invoice_url")
    except gateway.GatewayError:
        return unreachable(request, row)
    return HttpResponseRedirect(url) if url else redirect("subscription_card", pk)


@login_required
@require_http_methods(["GET", "POST"])
@limited("checkout")
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """Leads to Stripe's page where the card is changed. Nothing changes on the way, so a notice
    may link here: one tap, without a proof of who one is."""
    row = own(request, pk)
    back = f"{settings.BASE_URL}{reverse('subscription', args=[row.pk])}"
    try:
        return HttpResponseRedirect(subscriptions.portal_url(row, back=back), status=303)
    except gateway.GatewayError:
        return unreachable(request, row)


def do(
    request: HttpRequest, row: Subscription, act: str, change: Callable[[], Any], done: str
) -> HttpResponse:
    """Carry out a change, and say what became of it on the subscription's page. `act` is one of
    `unanswered.ACTS`."""
    now = clock.now()
    try:
        change()
    except (pausing.CannotPause, pausing.UnderWay):
        if not unanswered.sentence(request, row, now=now):  # else the page says it
            messages.info(request, _("This was done already, or is not possible now."))
        return redirect("subscription", row.pk)
    except gateway.Unreachable:
        logger.warning("the answer to a change was lost", exc_info=True)
        unanswered.keep(request, row, act, now=now)
        subscriptions.look_again.enqueue(subscription=row.stripe_id)
        words = _(
            "Stripe has not answered, so it is not known yet whether this was done. We are looking "
            "into it: look at this page again in a minute."
        )
        messages.warning(request, words)
        return redirect("subscription", row.pk)
    except plan_changes.TooLate:
        messages.info(request, _("This cannot be taken back any more. Below is how it stands."))
    except pausing.Declined:
        messages.error(request, _("The bank did not agree; nothing was charged, nothing changed."))
    except gateway.GatewayError:
        logger.warning("a change was refused", exc_info=True)
        messages.error(request, _("Stripe did not take this change; nothing has changed."))
    else:
        messages.success(request, done)
    unanswered.forget(request, row)
    return redirect("subscription", row.pk)


def unreachable(request: HttpRequest, row: Subscription) -> HttpResponse:
    """Where nothing was to be changed yet."""
    logger.warning("Stripe could not be asked about a subscription", exc_info=True)
    messages.error(request, _("Stripe cannot be reached now; nothing has changed. Try again soon."))
    return redirect("subscription", row.pk)


def own(request: HttpRequest, pk: int) -> Subscription:
    """The learner's own; another's is not found."""
    assert isinstance(request.user, User)  # noqa: S101 — signed in
    return get_object_or_404(queries.subscriptions_of(request.user), pk=pk)
