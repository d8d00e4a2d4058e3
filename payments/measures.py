"""How the money stands, for Prometheus: what Stripe told and what came of it."""

from datetime import timedelta

from django.db.models import Count, F, Max, Min

from operations import clock, counts
from operations.measures import Measure
from payments.models import Difference, Order, WebhookEvent

CHECKOUTS = counts.Count(
    "rizhi_checkouts", "Payments begun, or why one was not begun.", ("outcome",)
)
EVENTS = counts.Count(
    "rizhi_stripe_events", "Events of Stripe, each once, as they first came.", ("type",)
)
WAITING = (WebhookEvent.Outcome.RECEIVED, WebhookEvent.Outcome.FAILED)
SETTLED = (WebhookEvent.Outcome.DONE, WebhookEvent.Outcome.IGNORED)
A_WHILE = timedelta(hours=1)


def orders() -> list[Measure]:
    """By state, those of the last 24 hours: all that were ever made would be counted for long."""
    figures = dict.fromkeys(map(str, Order.Status.values), 0.0)
    made = Order.objects.filter(
        status__in=Order.Status.values, created_at__gte=clock.now() - timedelta(days=1)
    )
    figures |= dict(made.values_list("status").annotate(n=Count("pk")))
    open_ones = Difference.objects.filter(ended_at=None).count()
    about = "Orders made within 24 hours, by state."
    return [
        Measure("rizhi_orders_of_a_day", about, figures, "state"),
        Measure("rizhi_differences", "Where the books and Stripe disagree.", {"": open_ones}),
    ]


def stripe_events() -> list[Measure]:
    """How far the inbox is behind Stripe."""
    now = clock.now()
    unsettled = WebhookEvent.objects.filter(outcome__in=[*WAITING, WebhookEvent.Outcome.PARKED])
    rows = unsettled.values("outcome")
    found = {row["outcome"]: row for row in rows.annotate(n=Count("pk"), oldest=Min("sent_at"))}
    waiting = [found[each] for each in WAITING if each in found]
    oldest = min((row["oldest"] for row in waiting), default=now)
    parked = found.get(WebhookEvent.Outcome.PARKED, {"n": 0})["n"]
    lately = WebhookEvent.objects.filter(
        outcome__in=SETTLED, received_at__gte=now - A_WHILE
    ).aggregate(slowest=Max(F("processed_at") - F("sent_at")))["slowest"]
    return [
        Measure(
            "rizhi_stripe_events_waiting",
            "Events to be worked through.",
            {"": sum(row["n"] for row in waiting)},
        ),
        Measure(
            "rizhi_stripe_events_oldest_seconds",
            "How long ago Stripe made the oldest of them.",
            {"": max((now - oldest).total_seconds(), 0)},
        ),
        Measure("rizhi_stripe_events_parked", "Events that need a look.", {"": parked}),
        Measure(
            "rizhi_stripe_events_slowest_seconds",
            "Of the last hour's events, the longest time from Stripe to done.",
            {"": lately.total_seconds() if lately else 0},
        ),
    ]
