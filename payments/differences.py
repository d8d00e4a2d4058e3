"""Where our tables and Stripe's disagree: written down once, until it has ended."""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime

from django.db import transaction

from payments import concerned, gateway
from payments.models import Difference

logger = logging.getLogger("payments")
# What one side says: names of facts (fields of ours), and what they are there. {}: nothing.
type Side = Mapping[str, object]
BETWEEN = "; "


@transaction.atomic
def found(
    *, kind: str, object_id: str, what: str, ours: Side, theirs: Side, now: datetime
) -> Difference:
    """Write down a difference, or that an open one is still there."""
    sides = {"ours": _written(ours), "theirs": _written(theirs)}
    row, created = Difference.objects.get_or_create(
        object_kind=kind,
        object_id=object_id,
        what=what,
        ended_at=None,
        **gateway.ours(),
        defaults={"since": now, "seen_at": now, **sides},
    )
    if created:
        logger.error("difference: %s %s: %s", kind, object_id, what)
    else:
        Difference.objects.filter(pk=row.pk).update(seen_at=now, **sides)
    return row


def mended(*, kind: str, object_id: str, ours: Side, theirs: Side, now: datetime) -> None:
    """Write down what differed until a moment ago, and that it has ended."""
    row = found(kind=kind, object_id=object_id, what="state", ours=ours, theirs=theirs, now=now)
    Difference.objects.filter(pk=row.pk).update(ended_at=now, ending=Difference.Ending.MENDED)


def still_open() -> Iterator[str]:
    """Each by name, with both sides, and what of ours it is about."""
    rows = Difference.objects.filter(ended_at=None, **gateway.ours()).iterator()
    for row, thing in concerned.with_things(rows):
        yield (
            f"{row.object_kind} {row.object_id}: {row.what} "
            f"(ours: {row.ours}; Stripe's: {row.theirs})"
            + (f" of {concerned.in_plain(thing)}" if thing else "")
        )


def ended(*, kind: str, object_id: str, ending: Difference.Ending, now: datetime) -> int:
    """Close the open differences of an object."""
    return Difference.objects.filter(
        object_kind=kind, object_id=object_id, ended_at=None, **gateway.ours()
    ).update(ended_at=now, ending=ending)


def facts_of(side: str) -> dict[str, str] | None:
    """What a side says, as it was written down; None of a text in words."""
    pairs = [each.partition("=") for each in side.split(BETWEEN)] if side else []
    if not all(name.isidentifier() and between for name, between, _value in pairs):
        return None
    return {name: value for name, _between, value in pairs}


def _written(side: Side) -> str:
    """status=paid; amount_paid=9900; currency=CNY"""
    return BETWEEN.join(f"{name}={_plain(value)}" for name, value in side.items())[:300]


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
