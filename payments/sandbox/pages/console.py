"""The console: what is in the sandbox, its clock, and its faults as switches."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.dateparse import parse_date
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from operations import clock
from payments.sandbox import disputes, faults, outbox, periods, store, subscriptions, time
from payments.sandbox.cards import Behaviour
from payments.sandbox.errors import StripeError
from payments.sandbox.models import Delivery, Fault, StripeObject, Timer
from payments.sandbox.pages.layout import guarded, page
from payments.sandbox.store import Shape

STEPS = {
    "hour": gettext_lazy("+1 hour"),
    "day": gettext_lazy("+1 day"),
    "week": gettext_lazy("+7 days"),
    "month": gettext_lazy("+1 month"),
    "year": gettext_lazy("+1 year"),
}
FAULTS = {
    "rate_limit": gettext_lazy("API: too many requests (429)"),
    "server_error": gettext_lazy("API: error at Stripe (500)"),
    "no_connection": gettext_lazy("API: no connection"),
    "answer_lost": gettext_lazy("API: done, but the answer is lost"),
    "timeout": gettext_lazy("API: done, but too slow"),
    "broken_answer": gettext_lazy("API: done, but the answer is broken"),
    "drop": gettext_lazy("Webhook: not delivered (until the retry)"),
    "duplicate": gettext_lazy("Webhook: delivered twice"),
    "delay": gettext_lazy("Webhook: ten minutes late"),
    "reorder": gettext_lazy("Webhook: in reverse order"),
    "old_signature": gettext_lazy("Webhook: again, with an old signature"),
}
ENDINGS = {
    "cancel": gettext_lazy("cancel the subscription"),
    "unpaid": gettext_lazy("leave it unpaid"),
    "past_due": gettext_lazy("leave it past due"),
}


@require_safe
def console(request: HttpRequest) -> HttpResponse:
    guarded(request)
    with store.transaction() as world:
        context = {
            "now": store.stamp(clock.now()),
            "days_ahead": round(clock.offset() / timedelta(days=1)),
            "steps": STEPS,
            "faults": FAULTS,
            "planned": [
                {"words": FAULTS[row.kind], "times": row.times, "match": row.match}
                for row in Fault.objects.order_by("id")
            ],
            "endings": ENDINGS,
            "ending": world.after_last_retry,
            "sessions": _latest("checkout.session", 10),
            "customers": _latest("customer", 20),
            "subscriptions": [_subscription(row) for row in _rows("subscription", 20)],
            "charges": _latest("charge", 20),
            "disputes": _latest("dispute", 10),
            "events": _events(40),
            "timers": Timer.objects.order_by("due", "id")[:20],
        }
    return page(request, "console.html", context)


def _rows(kind: str, count: int) -> list[StripeObject]:
    return list(store.every(kind).order_by("-id")[:count])


def _latest(kind: str, count: int) -> list[Shape]:
    return [row.data for row in _rows(kind, count)]


def _subscription(row: StripeObject) -> Shape:
    held = row.data["default_payment_method"]
    method = store.get("payment_method", held) if held else None
    return {
        "data": row.data,
        "item": subscriptions.rows(row)[0],
        "email": store.get("customer", row.customer).data["email"] or "",
        "live": row.data["status"] in subscriptions.LIVE,
        "fails": bool(method and method.private["behaviour"] == Behaviour.FAILS_WHEN_CHARGED),
    }


def _events(count: int) -> list[Shape]:
    rows = _rows("event", count)
    found: dict[int, list[Delivery]] = {}
    for delivery in Delivery.objects.filter(event__in=rows).select_related("endpoint"):
        found.setdefault(delivery.event_id, []).append(delivery)
    return [{"data": row.data, "deliveries": found.get(row.pk, [])} for row in rows]


FARTHEST = timedelta(days=2 * 366)  # the clock cannot go back from a year that was mistyped


@require_POST
def act(request: HttpRequest, action: str) -> HttpResponse:
    guarded(request)
    if action not in ACTIONS:
        raise Http404
    try:
        messages.success(request, ACTIONS[action](request))
    except StripeError as error:
        messages.error(request, error.message)
    return redirect("sandbox:console")


def _advance(request: HttpRequest) -> str:
    now = clock.now()
    target = _target(request, now)
    if target is None or target <= now:
        raise StripeError(_("The clock only goes forward: choose a later day."))
    if target - now > FARTHEST:
        raise StripeError(
            _("At most two years at once: all that falls due until then happens meanwhile.")
        )
    time.advance(to=target)
    return _("The clock is moved, and all that was due has happened.")


def _target(request: HttpRequest, now: datetime) -> datetime | None:
    if text := request.POST.get("date"):
        try:
            chosen = parse_date(text)
        except ValueError:
            return None
        return make_aware(datetime.combine(chosen, datetime.min.time())) if chosen else None
    match request.POST.get("step"):
        case "hour":
            return now + timedelta(hours=1)
        case "day":
            return now + timedelta(days=1)
        case "week":
            return now + timedelta(weeks=1)
        case "month":
            return periods.add_months(now, 1)
        case "year":
            return periods.add_months(now, 12)
    return None


def _plan_fault(request: HttpRequest) -> str:
    kind, times = request.POST.get("kind", ""), request.POST.get("times", "1")
    if kind not in FAULTS or not times.isdigit() or not 1 <= int(times) <= 1000:
        raise StripeError(_("Choose a fault, and how often it strikes."))
    faults.plan(kind, times=int(times), match=request.POST.get("match", "").strip()[:100])
    return _("The fault will strike.")


def _clear_faults(request: HttpRequest) -> str:
    faults.clear()
    return _("No faults any more.")


def _set_ending(request: HttpRequest) -> str:
    wanted = request.POST.get("ending", "")
    if wanted not in ENDINGS:
        raise StripeError(_("Choose what follows the last retry."))
    with store.transaction() as world:
        world.after_last_retry = wanted
        world.save()
    return _("Saved.")


def _deliver(request: HttpRequest) -> str:
    attempts = outbox.deliver_over_http(clock.now())
    return _("Deliveries made: %(count)s.") % {"count": len(attempts)}


def _deliver_again(request: HttpRequest) -> str:
    outbox.deliver_again(request.POST.get("event", ""), clock.now())
    return _("The event goes out again.")


def _toggle_card(request: HttpRequest) -> str:
    """The card of a subscription begins to fail, or works again."""
    with store.transaction():
        subscription = store.get("subscription", request.POST.get("subscription", ""))
        method = store.get("payment_method", subscription.data["default_payment_method"] or "")
        fails = method.private["behaviour"] == Behaviour.FAILS_WHEN_CHARGED
        wanted = Behaviour.SUCCEEDS if fails else Behaviour.FAILS_WHEN_CHARGED
        store.note(method, behaviour=wanted)
    return _("The card works again.") if fails else _("The card fails from now on.")


def _dispute(request: HttpRequest) -> str:
    disputes.open_dispute(request.POST.get("charge", ""), clock.now())
    return _("The payment is disputed.")


def _close_dispute(request: HttpRequest) -> str:
    won = request.POST.get("outcome") == "won"
    disputes.close_dispute(request.POST.get("dispute", ""), won=won, now=clock.now())
    return _("The dispute is closed.")


def _reset(request: HttpRequest) -> str:
    store.reset()
    return _("The sandbox is empty. The clock stays where it is.")


ACTIONS: dict[str, Callable[[HttpRequest], str]] = {
    "advance": _advance,
    "plan-fault": _plan_fault,
    "clear-faults": _clear_faults,
    "set-ending": _set_ending,
    "deliver": _deliver,
    "deliver-again": _deliver_again,
    "toggle-card": _toggle_card,
    "dispute": _dispute,
    "close-dispute": _close_dispute,
    "reset": _reset,
}
