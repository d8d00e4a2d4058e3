"""Who pays again and again, and at which rate, at any instant: from the bills that were paid."""

from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    DateTimeField,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _

from payments.models import Invoice, Subscription

# What `rate_at` says of a subscription that had ended.
ENDED = -1
NOTHING = Value(0, output_field=BigIntegerField())
# How a rate went from one instant to another: `opening` and `closing`, or below 1 where nothing is
# paid.
MOVES = {
    "new": (_("Newly won"), Q(opening__lt=1, closing__gt=0)),
    "expansion": (_("Expansion"), Q(opening__gt=0, closing__gt=F("opening"))),
    "contraction": (_("Contraction"), Q(closing__gt=0, closing__lt=F("opening"))),
    "churned": (_("Churned"), Q(opening__gt=0, closing__lt=1)),
}


def paid_bills() -> QuerySet[Invoice]:
    """Those that set a rate."""
    return Invoice.objects.filter(status="paid", yearly_rate__isnull=False)


def rate_at(instant: datetime) -> Case:
    """An expression over subscriptions: the yearly rate in force just before `instant`.

    That is the rate of the newest bill paid before it, 0 where there is none (as in a trial), or
    ENDED. One that fails or is paused counts until it ends.
    """
    newest = (
        paid_bills()
        .filter(subscription=OuterRef("pk"), paid_at__lt=instant)
        .order_by("-paid_at", "-pk")
        .values("yearly_rate")[:1]
    )
    return Case(
        When(ended_at__lt=instant, then=Value(ENDED, output_field=BigIntegerField())),
        default=Coalesce(Subquery(newest, output_field=BigIntegerField()), NOTHING),
        output_field=BigIntegerField(),
    )


def paying(rows: QuerySet[Subscription], instant: datetime) -> QuerySet[Subscription]:
    """Those that pay just before `instant`, each with its `rate` (a year's, in minor units)."""
    begun = rows.filter(Q(started_at=None) | Q(started_at__lt=instant))
    running = begun.filter(Q(ended_at=None) | Q(ended_at__gte=instant))
    return running.annotate(rate=rate_at(instant)).filter(rate__gt=0)


def moved(
    rows: QuerySet[Subscription], kind: str, start: datetime, end: datetime
) -> QuerySet[Subscription]:
    """Those whose rate moved between two instants as one of MOVES says, each with its `rate`: what
    it pays more in a year, or less (below zero)."""
    with_both = rows.annotate(opening=rate_at(start), closing=rate_at(end))
    change = _or_nothing("closing") - _or_nothing("opening")
    return with_both.filter(MOVES[kind][1]).annotate(rate=change)


def _or_nothing(rate: str) -> Greatest:
    return Greatest(F(rate), NOTHING)


def with_first_payment(rows: QuerySet[Subscription]) -> QuerySet[Any]:
    """Each with `first_paid_at`: when its first bill of more than nothing was paid."""
    first = (
        paid_bills()
        .filter(subscription=OuterRef("pk"), yearly_rate__gt=0)
        .values("subscription")
        .annotate(first=Min("paid_at"))
        .values("first")
    )
    return rows.annotate(first_paid_at=Subquery(first, output_field=DateTimeField()))


def a_month(yearly: int) -> int:
    """A year's rate as a month's, rounded half up once: 36500 → 3042."""
    return (yearly * 2 + 12) // 24
