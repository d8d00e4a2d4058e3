"""The accountant's month: what moved on Stripe's balance, in the currency that it is kept in.

Every money entry booked in the month is in exactly one line and one column, so the statement is
the sum of the entries; its closing is the opening of the next.
"""

from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Q, Sum

from insights.spans import Span
from payments import gateway
from payments.admin.orders import offers
from payments.models import MoneyEntry, Offer
from payments.models.books import MoneyEntryQuerySet

KIND = MoneyEntry.Kind


@dataclass(frozen=True)
class Line:
    """What moved for one offer (None: for none of ours), in minor units; fees are below zero."""

    offer: Offer | None
    charges: int = 0
    refunds: int = 0
    disputes: int = 0
    fees: int = 0
    other: int = 0
    net: int = 0


COLUMNS = tuple(each.name for each in fields(Line) if each.name != "offer")


@dataclass(frozen=True)
class Statement:
    month: Span
    currency: str
    opening: int
    lines: list[Line]

    @property
    def total(self) -> Line:
        sums = {name: sum(getattr(line, name) for line in self.lines) for name in COLUMNS}
        return Line(None, **sums)

    @property
    def closing(self) -> int:
        return self.opening + self.total.net


def entries(currency: str) -> MoneyEntryQuerySet:
    return MoneyEntry.objects.filter(livemode=gateway.is_live(), settled_currency=currency)


def currencies() -> list[str]:
    """Those the balance was ever kept in."""
    rows = MoneyEntry.objects.filter(livemode=gateway.is_live()).order_by()
    return sorted(rows.values_list("settled_currency", flat=True).distinct())


def of_month(month: Span, currency: str) -> Statement:
    """`month` is a whole one. Payouts to the bank are no money entries: the opening is all that
    was ever earned before it, not what lay on the balance."""
    before = entries(currency).filter(booked_at__lt=month.start)
    opening = before.aggregate(net=Sum("settled_net", default=0))["net"]
    within = entries(currency).filter(booked_at__gte=month.start, booked_at__lt=month.end)
    sums = within.by_offer().annotate(
        charges=_of_kind(KIND.CHARGE),
        refunds=_of_kind(KIND.REFUND),
        disputes=_of_kind(KIND.DISPUTE),
        other=_of_kind(KIND.OTHER),
        fees=_of_kind(KIND.FEE) - Sum("settled_fee", default=0),
        net=Sum("settled_net", default=0),
    )
    rows: list[dict[str, Any]] = [dict(row) for row in sums]
    known = offers().in_bulk([row["offer_id"] for row in rows])
    lines = [Line(known.get(row.pop("offer_id")), **row) for row in rows]
    return Statement(month, currency, opening, sorted(lines, key=_place))


def _of_kind(kind: str) -> Sum:
    return Sum("settled_amount", filter=Q(kind=kind), default=0)


def _place(line: Line) -> tuple[bool, int, int]:
    """The most first, what belongs to no offer last."""
    return line.offer is None, -line.net, line.offer.pk if line.offer else 0
