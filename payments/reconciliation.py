"""The sweep: looks at Stripe for what should have been told by now, and mends what differs.

It calls the same functions as the webhook. Run twice it does nothing twice; broken off it begins
anew. What had to be mended is written down, with both sides.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from payments import (
    checkout,
    differences,
    fulfilment,
    gateway,
    matching,
    mirror,
    promotions,
    rebuilding,
    refunds,
    subscriptions,
    webhooks,
)
from payments.differences import Side
from payments.models import (
    Dispute,
    Invoice,
    Matching,
    MoneyEntry,
    Order,
    Refund,
    RefundRequest,
    Subscription,
    WebhookEvent,
)

Row = TypeVar("Row", bound=Model)
# (what is swept, how many are done, of how many)
Progress = Callable[[str, int, int], None]

type Facts = dict[str, object]
OF_BILLS = ("status", "amount_due", "amount_paid", "currency")

BATCH = 200
# What is younger than this has its own webhook on the way.
PATIENCE = timedelta(minutes=2)
# An order whose page Stripe never made, or never handed over.
NEVER_BEGUN = timedelta(days=1)
EVENTS_KEPT = timedelta(days=30)
RETRIED_FOR = timedelta(days=3)
SESSIONS_LIVE = timedelta(days=1)


@dataclass
class Report:
    looked_at: int = 0
    mended: int = 0
    missed_events: int = 0
    found_orders: int = 0


def sweep_open(*, now: datetime, progress: Progress | None = None) -> Report:
    """Orders that wait for their payment, refunds that wait for Stripe. Raises GatewayError."""
    sweep = _Sweep(now, progress)
    sweep.orders()
    sweep.refund_requests()
    return sweep.report


def sweep_all(
    *, now: datetime, progress: Progress | None = None, since: datetime | None = None
) -> Report:
    """Everything that is not finished, and every event that was missed. Raises GatewayError.

    `since`: when the backup was made that was restored. What Stripe has told from then on counts
    as missed, and orders that were made and paid from then on are made anew.
    """
    sweep = _Sweep(now, progress)
    if since:
        sweep.lost_orders(since)
    sweep.events(since)
    sweep.orders()
    sweep.refund_requests()
    sweep.subscriptions()
    sweep.pending()
    sweep.books()
    return sweep.report


def compare(
    *,
    now: datetime,
    made_since: datetime | None,
    progress: Progress | None = None,
    restored_from: datetime | None = None,
) -> tuple[Report, Matching]:
    """The sweep, then everything made since (None: ever) beside ours; the comparison counts what
    both did. Raises GatewayError; run again it goes on."""
    shown = progress or (lambda what, done, total: None)
    run = matching.begin(now=now, since=made_since)
    report = sweep_all(now=now, progress=progress, since=restored_from)
    run.looked_at += report.looked_at
    run.mended += report.mended
    run.missed_events += report.missed_events
    run.save()
    matching.go_on(run, now=now, progress=lambda what, done: shown(what, done, done))
    return report, run


def _bills_of(subscription: Subscription) -> dict[str, Facts]:
    """What we have of its bills, by their name at Stripe."""
    found = Invoice.objects.filter(subscription=subscription)
    return {row.pop("stripe_id"): row for row in found.values("stripe_id", *OF_BILLS)}


def _bill_at_stripe(shape: gateway.Shape) -> Facts:
    return {**{name: shape[name] for name in OF_BILLS}, "currency": shape["currency"].upper()}


def _told(ours: Facts | None, theirs: Facts) -> tuple[Facts, Facts]:
    """What is written down of a bill that differs: its state; where more than that differs, all.
    What is paid changes with the state, what is asked does not."""
    if ours is None:
        return {}, {"status": theirs["status"]}
    of_state = ("status", "amount_paid") if ours["status"] != theirs["status"] else ()
    if any(ours[name] != theirs[name] for name in OF_BILLS if name not in of_state):
        return ours, theirs
    return {"status": ours["status"]}, {"status": theirs["status"]}


def _is_news(ours: Facts | None, theirs: Facts) -> bool:
    """Whether a webhook tells it: that a bill was made, or came into another state."""
    return ours is None or ours["status"] != theirs["status"]


class _Sweep:
    def __init__(self, now: datetime, progress: Progress | None) -> None:
        self.now = now
        self.progress = progress or (lambda what, done, total: None)
        self.report = Report()
        self.ours = gateway.ours()

    def orders(self) -> None:
        held = Q(promotion__max_uses__isnull=False, created_at__lt=self.now - checkout.HOLDS_FOR)
        Order.objects.filter(
            held | Q(created_at__lt=self.now - NEVER_BEGUN),
            status=Order.Status.OPEN,
            session_id=None,
            **self.ours,
        ).update(status=Order.Status.EXPIRED)
        waiting = Order.objects.filter(
            Q(status=Order.Status.OPEN)
            | Q(status=Order.Status.RESERVED, reservation__refused_at__isnull=False),
            session_id__isnull=False,
            created_at__lte=self.now - PATIENCE,
            **self.ours,
        )
        for order in self._each("orders", waiting):
            refresh = partial(fulfilment.confirm, order, now=self.now)
            self._compare("order", str(order.key), order, ("status",), refresh)
        promotions.release_closed(now=self.now)

    def refund_requests(self) -> None:
        waiting = RefundRequest.objects.filter(
            status=RefundRequest.Status.APPROVED,
            decided_at__lte=self.now - PATIENCE,
            order__account=self.ours["account"],
            order__livemode=self.ours["livemode"],
        )
        for request in self._each("refunds asked for", waiting):
            refunds.carry_out(request_id=request.pk, now=self.now)

    def subscriptions(self) -> None:
        running = Subscription.objects.filter(**self.ours).exclude(
            status__in=["canceled", "incomplete_expired"]
        )
        shown = ("status", "period_end", "cancel_at_period_end", "cancel_at")
        for row in self._each("subscriptions", running):
            before = _bills_of(row)  # the latest one is taken over with its subscription
            refresh = partial(subscriptions.refresh, row.stripe_id, now=self.now)
            self._compare("subscription", row.stripe_id, row, shown, refresh)
            self._invoices(row, before)

    def _invoices(self, subscription: Subscription, before: dict[str, Facts]) -> None:
        known = _bills_of(subscription)
        for shape in gateway.invoices_of(subscription.stripe_id):
            name, was, theirs = shape["id"], before.get(shape["id"]), _bill_at_stripe(shape)
            if was != theirs and not (_is_news(was, theirs) and self._is_fresh(shape)):
                self._mended("invoice", name, *_told(was, theirs))
            if known.get(name) != theirs:
                subscriptions.refresh_invoice(name, now=self.now)

    def _is_fresh(self, bill: gateway.Shape) -> bool:
        """Whether the webhook of its state may be on the way."""
        days = (bill.get("status_transitions") or {}).values()
        told_at = mirror.moment(max(bill["created"], *(each or 0 for each in days)))
        return told_at > self.now - PATIENCE

    def pending(self) -> None:
        """Refunds and disputes whose end is not known."""
        waiting = Refund.objects.filter(**self.ours).exclude(status__in=Refund.ENDED)
        for refund in self._each("refunds", waiting):
            refresh = partial(refunds.refresh_refund, refund.stripe_id, now=self.now)
            self._compare("refund", refund.stripe_id, refund, ("status",), refresh)
        disputed = Dispute.objects.filter(**self.ours).exclude(status__in=Dispute.ENDED)
        for dispute in self._each("disputes", disputed):
            refresh = partial(refunds.refresh_dispute, dispute.stripe_id, now=self.now)
            self._compare("dispute", dispute.stripe_id, dispute, ("status",), refresh)

    def books(self) -> None:
        """Payments whose balance transaction was not there yet when they were entered."""
        entered = MoneyEntry.objects.filter(kind=MoneyEntry.Kind.CHARGE, order__isnull=False)
        missing = Order.objects.filter(
            payment_intent_id__isnull=False, paid_at__isnull=False, **self.ours
        ).exclude(pk__in=entered.values("order"))
        for order in self._each("payments to enter", missing):
            try:
                webhooks.confirm_by_payment(order, str(order.payment_intent_id), now=self.now)
            except gateway.NotFound:
                self._not_at_stripe("checkout.session", str(order.session_id), {"paid": True})

    def lost_orders(self, since: datetime) -> None:
        """Orders that a restored database does not know. A session may stand open for a day."""
        began = int((since - SESSIONS_LIVE).timestamp())
        for number, session in enumerate(gateway.completed_sessions(since=began), start=1):
            self.progress("payments", number, number)
            if rebuilding.order_of(session, now=self.now):
                fulfilment.apply_session(gateway.retrieve_session(session["id"]), now=self.now)
                self.report.found_orders += 1

    def events(self, restored_from: datetime | None) -> None:
        """What Stripe could not deliver, or told since a backup, as far back as it keeps it."""
        # What was made before a backup may have come after it.
        begin = restored_from - RETRIED_FOR if restored_from else self.now - EVENTS_KEPT
        since = int(begin.timestamp())
        found = gateway.events(since=since, missed=restored_from is None)
        for number, event in enumerate(found, start=1):
            self.progress("events", number, number)
            known = WebhookEvent.objects.filter(stripe_id=event["id"], **self.ours)
            if not known.exists():
                webhooks.store(event, body=json.dumps(event), now=self.now)
                self.report.missed_events += 1

    def _compare(
        self,
        kind: str,
        object_id: str,
        row: Model,
        shown: tuple[str, ...],
        refresh: Callable[[], object],
    ) -> None:
        before = {name: getattr(row, name) for name in shown}
        try:
            refresh()
        except gateway.NotFound:
            self._not_at_stripe(kind, object_id, before)
            return
        row.refresh_from_db()
        after = {name: getattr(row, name) for name in shown}
        if before != after:
            self._mended(kind, object_id, before, after)

    def _not_at_stripe(self, kind: str, object_id: str, ours: Side) -> None:
        differences.found(
            kind=kind,
            object_id=object_id,
            what="not at Stripe",
            ours=ours,
            theirs={},
            now=self.now,
        )

    def _mended(self, kind: str, object_id: str, ours: Side, theirs: Side) -> None:
        differences.mended(kind=kind, object_id=object_id, ours=ours, theirs=theirs, now=self.now)
        self.report.mended += 1

    def _each(self, what: str, rows: "QuerySet[Row]") -> Iterator[Row]:
        """By batches of keys: memory stays bounded, and no cursor waits for the network."""
        total, done, last = rows.count(), 0, 0
        while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
            for row in batch:
                yield row
                done += 1
                self.report.looked_at += 1
                self.progress(what, done, max(total, done))
            last = batch[-1].pk
