"""Finance's day: what waits for a decision, and what came in."""

from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, QuerySet, Sum
from django.urls import reverse
from django.utils.formats import time_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from operations.dashboard import Panel, Row, Tile
from payments import fapiao
from payments.admin.disputes import TO_ANSWER
from payments.admin.listing import detail_url, in_words
from payments.admin.orders import RELATED
from payments.models import Difference, Dispute, Order, RefundRequest, Subscription, WebhookEvent

SHOWN = 8


def waiting() -> Panel:
    """What somebody must look at: numbers that lead to the very rows they count."""
    asked = RefundRequest.objects.filter(status=RefundRequest.Status.ASKED).count()
    proposed = RefundRequest.objects.filter(status=RefundRequest.Status.PROPOSED).count()
    refused = RefundRequest.objects.filter(status=RefundRequest.Status.FAILED).count()
    disputed = Dispute.objects.filter(status__in=TO_ANSWER).count()
    failing = Subscription.objects.filter(status="past_due").count()
    open_ones = Difference.objects.filter(ended_at=None).count()
    parked = WebhookEvent.objects.filter(outcome=WebhookEvent.Outcome.PARKED).count()
    asked_for = fapiao.number_in("asked")
    to_reverse = fapiao.number_in("to_reverse")
    stuck = Order.objects.filter(status=Order.Status.PARKED).count()
    return Panel(
        "money-waiting",
        order=20,
        heading=_("Waiting for finance"),
        tiles=[
            Tile(
                ngettext("refund request to decide", "refund requests to decide", asked),
                asked,
                _rows("requests", status=RefundRequest.Status.ASKED),
            ),
            Tile(
                ngettext("refund to confirm", "refunds to confirm", proposed),
                proposed,
                _rows("requests", status=RefundRequest.Status.PROPOSED),
            ),
            Tile(
                ngettext("refund that did not arrive", "refunds that did not arrive", refused),
                refused,
                _rows("requests", status=RefundRequest.Status.FAILED),
            ),
            Tile(
                ngettext("dispute to answer", "disputes to answer", disputed),
                disputed,
                _rows("disputes", to_answer="true"),
            ),
            Tile(
                ngettext("renewal that failed", "renewals that failed", failing),
                failing,
                _rows("subscriptions", status="past_due"),
            ),
            Tile(
                ngettext("difference with Stripe", "differences with Stripe", open_ones),
                open_ones,
                _rows("differences", open="true"),
            ),
            Tile(
                ngettext("webhook event that failed", "webhook events that failed", parked),
                parked,
                _rows("events", outcome=WebhookEvent.Outcome.PARKED),
            ),
            Tile(
                ngettext("order that needs a look", "orders that need a look", stuck),
                stuck,
                _rows("orders", status=Order.Status.PARKED),
            ),
            Tile(
                ngettext("fapiao to issue", "fapiaos to issue", asked_for),
                asked_for,
                _rows("fapiao", state="asked"),
            ),
            Tile(
                ngettext("fapiao to reverse", "fapiaos to reverse", to_reverse),
                to_reverse,
                _rows("fapiao", state="to_reverse"),
            ),
        ],
    )


def today(now: datetime) -> Panel:
    """The orders paid since midnight, in the reader's time zone, and what they add up to."""
    midnight = localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    paid = Order.objects.filter(paid_at__gte=midnight).order_by("-paid_at", "-pk")
    rows = [
        Row(
            str(order.price.offer),
            detail_url("money-orders", order),
            about=f"{order.buyer.email} · {time_format(localtime(order.paid_at))}",
            aside=_("trial") if order.trial_days else in_words(order.amount, order.currency),
        )
        for order in paid.select_related(*RELATED)[:SHOWN]
    ]
    return Panel(
        "money-today",
        order=30,
        heading=_("Orders of today"),
        note=_sums(paid) or _("Nothing came in yet."),
        rows=rows,
        more=_rows("orders"),
    )


def _sums(paid: QuerySet[Order]) -> str:
    """3 orders, ¥297. Trials are orders of which nothing is received."""
    sums = (
        paid.filter(trial_days=0)
        .order_by("currency")
        .values("currency")
        .annotate(orders=Count("pk"), total=Sum("amount"))
    )
    return " · ".join(
        ngettext("%(number)d order, %(total)s", "%(number)d orders, %(total)s", row["orders"])
        % {"number": row["orders"], "total": in_words(row["total"], row["currency"])}
        for row in sums
    )


def _rows(listing: str, **chosen: str) -> str:
    address = reverse(f"money-{listing}:index")
    return f"{address}?{urlencode(chosen)}" if chosen else address
