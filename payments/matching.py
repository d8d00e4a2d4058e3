"""Everything at Stripe beside what we have of it, page by page.

The sweep (`reconciliation`) looks at what is not finished; this looks at all that was made between
two instants, both ways round. What differs is fetched anew by the same functions as the webhook's;
what differs still is a difference. Broken off, it goes on with the page it had come to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model, Q

from payments import differences, gateway, payers, webhooks
from payments.mirror import Shape, id_of, moment
from payments.models import (
    Dispute,
    Invoice,
    Matching,
    MoneyEntry,
    Order,
    Refund,
    Subscription,
)

# (what is looked at, how many are done)
Progress = Callable[[str, int], None]
# What is younger has its own webhook on the way.
PATIENCE = timedelta(minutes=2)
Facts = dict[str, object]


@dataclass(frozen=True)
class Kind:
    """One kind of object, and what of it must be equal."""

    name: str  # Stripe's
    model: type[Model]
    key: str  # our field with Stripe's id
    made: str  # our field of when Stripe made it
    theirs: Callable[[Shape], Facts]
    ours: Callable[[Any], Facts]
    concerns_us: Callable[[Shape], bool] = lambda shape: True
    kept: Q | None = None  # which of our rows are at Stripe; None: all


def _paid(session: Shape) -> Facts:
    return {"paid": session["payment_status"] != "unpaid"}


def _running(subscription: Shape) -> Facts:
    ends = subscription["items"]["data"][0]["current_period_end"]
    return {
        "status": subscription["status"],
        "cancel_at_period_end": subscription["cancel_at_period_end"],
        "period_end": moment(ends),
    }


def _sums(shape: Shape, *names: str, ours: str = "") -> Facts:
    """Amounts of Stripe's, by the names of our fields."""
    found: Facts = {ours + name: shape[name] for name in names}
    return found | {ours + "currency": shape["currency"].upper()}


def _ours(*names: str) -> Callable[[Any], Facts]:
    return lambda row: {name: getattr(row, name) for name in names}


def _of_subscription(invoice: Shape) -> bool:
    """Of one, and final: a draft is none yet."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return bool(details.get("subscription")) and invoice["status"] != "draft"


KINDS = (
    Kind(
        "checkout.session",
        Order,
        "session_id",
        "created_at",
        theirs=_paid,
        ours=lambda order: {"paid": order.paid_at is not None},
        # What kept a card paid nothing: the payment on the course's day is in the books.
        concerns_us=lambda session: (
            bool((session.get("metadata") or {}).get("order")) and session["mode"] != "setup"
        ),
        kept=Q(paid_at__isnull=False, session_id__isnull=False),
    ),
    Kind(
        "subscription",
        Subscription,
        "stripe_id",
        "started_at",
        theirs=_running,
        ours=_ours("status", "cancel_at_period_end", "period_end"),
    ),
    Kind(
        "invoice",
        Invoice,
        "stripe_id",
        "created_at",
        theirs=lambda shape: {
            "status": shape["status"],
            **_sums(shape, "amount_due", "amount_paid"),
        },
        ours=_ours("status", "amount_due", "amount_paid", "currency"),
        concerns_us=_of_subscription,
    ),
    Kind(
        "refund",
        Refund,
        "stripe_id",
        "created_at",
        theirs=lambda shape: {"status": shape["status"], **_sums(shape, "amount")},
        ours=_ours("status", "amount", "currency"),
    ),
    Kind(
        "dispute",
        Dispute,
        "stripe_id",
        "created_at",
        theirs=lambda shape: {"status": shape["status"], **_sums(shape, "amount")},
        ours=_ours("status", "amount", "currency"),
    ),
    Kind(
        "balance_transaction",
        MoneyEntry,
        "stripe_id",
        "booked_at",
        theirs=lambda shape: _sums(shape, "amount", "fee", "net", ours="settled_"),
        ours=_ours("settled_amount", "settled_fee", "settled_net", "settled_currency"),
        # Payouts and Stripe's own fees are of no payment.
        concerns_us=lambda shape: (
            isinstance(shape.get("source"), dict)
            and shape["source"]["object"] in ("charge", "refund", "dispute")
        ),
    ),
)


def run(*, now: datetime, since: datetime | None, progress: Progress | None = None) -> Matching:
    """Compare all that was made since (None: ever), or go on with what was broken off.

    Raises GatewayError; run again it goes on from there.
    """
    return go_on(begin(now=now, since=since), now=now, progress=progress)


def begin(*, now: datetime, since: datetime | None) -> Matching:
    """A new one, or the one that was broken off."""
    begun = {"made_from": since, "made_until": now - PATIENCE, "began_at": now}
    run, _ = Matching.objects.get_or_create(ended_at=None, **gateway.ours(), defaults=begun)
    return run


def go_on(run: Matching, *, now: datetime, progress: Progress | None = None) -> Matching:
    names = [kind.name for kind in KINDS]
    for kind in KINDS[names.index(run.kind) if run.kind else 0 :]:
        if run.kind != kind.name:
            run.kind, run.cursor, run.cursor_at = kind.name, "", None
        _walk(run, kind, progress or (lambda what, done: None), now=now)
    run.ended_at = now
    run.save(update_fields=["ended_at"])
    return run


def _walk(run: Matching, kind: Kind, progress: Progress, *, now: datetime) -> None:
    since = int(run.made_from.timestamp()) if run.made_from else None
    until = int(run.made_until.timestamp())
    done = 0
    while True:
        page = gateway.page_of(kind.name, since=since, until=until, after=run.cursor)
        is_last = len(page) < gateway.PAGE
        _compare_page(run, kind, page, now=now)
        span = {"lte": run.cursor_at or run.made_until}
        if not is_last:
            span["gt"] = moment(page[-1]["created"])
        elif run.made_from:
            span["gte"] = run.made_from
        _look_for_strangers(run, kind, page, span, now=now)
        if page:
            run.cursor, run.cursor_at = page[-1]["id"], moment(page[-1]["created"])
        run.looked_at += len(page)
        run.save()
        done += len(page)
        progress(kind.name, done)
        if is_last:
            return


def _compare_page(run: Matching, kind: Kind, page: list[Shape], *, now: datetime) -> None:
    concerned = [shape for shape in page if kind.concerns_us(shape)]
    known = _rows(kind, [shape["id"] for shape in concerned])
    for shape in concerned:
        row = known.get(shape["id"])
        if row is None or kind.ours(row) != kind.theirs(shape):
            _settle(run, kind, shape, row, now=now)


def _settle(run: Matching, kind: Kind, shape: Shape, row: Any, *, now: datetime) -> None:
    """Fetch it anew as if its news had just come; say what that mended, and what differs still."""
    before = kind.ours(row) if row else {}
    webhooks.follow(shape["source"] if kind.model is MoneyEntry else shape, now=now)
    theirs = kind.theirs(gateway.object_of(kind.name, shape["id"]))
    row = _rows(kind, [shape["id"]]).get(shape["id"])
    after = kind.ours(row) if row else {}
    if after != theirs:
        if row or kind.model is not MoneyEntry or _is_of_ours(shape["source"], now=now):
            what = "values" if row else "missing here"
            _found(run, kind, shape["id"], what, after, theirs, now=now)
    elif before != after:  # else only the page was old
        differences.mended(
            kind=kind.name, object_id=shape["id"], ours=before, theirs=theirs, now=now
        )
        run.mended += 1


def _is_of_ours(source: Shape, *, now: datetime) -> bool:
    """Whether what moved the balance belongs to a payment made here: others may use the account."""
    payer = payers.of_payment(id_of(source.get("payment_intent")), now=now)
    return bool(payer.order or payer.invoice)


def _look_for_strangers(
    run: Matching, kind: Kind, page: list[Shape], span: dict[str, datetime], *, now: datetime
) -> None:
    """What we have of this span of time and the page has not. What was made in the last second of
    the page before may stand there: it is asked for.

    Whose account a row is of is not asked of the database: SQLite would walk all rows of the
    account for each page, rather than those of the days.
    """
    made = {f"{kind.made}__{lookup}": at for lookup, at in span.items()}
    listed = {f"{kind.key}__in": [shape["id"] for shape in page]}
    found = kind.model._default_manager.filter(kind.kept or Q(), **made).exclude(**listed)
    ours = gateway.ours()
    for row in found.iterator():
        if any(getattr(row, name) != value for name, value in ours.items()):
            continue
        stripe_id = getattr(row, kind.key)
        try:
            gateway.object_of(kind.name, stripe_id)
        except gateway.NotFound:
            _found(run, kind, stripe_id, "not at Stripe", kind.ours(row), {}, now=now)


def _rows(kind: Kind, stripe_ids: list[str]) -> dict[str, Any]:
    found = kind.model._default_manager.filter(**{f"{kind.key}__in": stripe_ids}, **gateway.ours())
    return {getattr(row, kind.key): row for row in found}


def _found(
    run: Matching,
    kind: Kind,
    stripe_id: str,
    what: str,
    ours: Facts,
    theirs: Facts,
    *,
    now: datetime,
) -> None:
    differences.found(
        kind=kind.name, object_id=stripe_id, what=what, ours=ours, theirs=theirs, now=now
    )
    run.differing += 1
