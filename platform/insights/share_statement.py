"""What an instructor gets of a month: of each course's revenue, net of what went back.

What a membership brings is no course's revenue, so nothing of it is shared; nor of a bundle.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import OuterRef, Subquery, Sum

from courses.models import Instructor
from insights.figures import CHARGE, DISPUTE, REFUND
from insights.spans import Span
from payments import gateway
from payments.models import MoneyEntry, RevenueShare

WHOLE = 10_000  # basis points


@dataclass(frozen=True)
class Line:
    """One course at one rate in one currency; amounts in minor units."""

    share: RevenueShare
    currency: str
    revenue: int
    refunds: int

    @property
    def net(self) -> int:
        return self.revenue + self.refunds

    @property
    def due(self) -> int:
        """Rounded once, a half away from zero. Below zero where more went back than came."""
        exact = Decimal(self.net * self.share.basis_points) / WHOLE
        return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def of_month(month: Span, instructor: Instructor) -> list[Line]:
    """A sale is shared at the rate of the day on which it was paid, and so is its refund, though
    it come later."""
    at_that_time = (
        RevenueShare.objects.filter(
            course=OuterRef("order__price__offer__course"),
            starts_at__lte=OuterRef("order__paid_at"),
        )
        .order_by("-starts_at", "-pk")
        .values("pk")[:1]
    )
    booked = MoneyEntry.objects.filter(
        livemode=gateway.is_live(),
        kind__in=(CHARGE, REFUND, DISPUTE),
        booked_at__gte=month.start,
        booked_at__lt=month.end,
        order__price__offer__course__revenue_shares__instructor=instructor,
    )
    # Joined with its shares, an entry may come up more than once: so it is asked for by number.
    rows = (
        MoneyEntry.objects.filter(pk__in=booked.values("pk"))
        .annotate(share=Subquery(at_that_time))
        .order_by()
        .values("share", "currency", "kind")
        .annotate(total=Sum("amount"))
    )
    sums: dict[tuple[int, str], list[int]] = {}
    for row in rows:
        pair = sums.setdefault((row["share"], row["currency"]), [0, 0])
        pair[row["kind"] != CHARGE] += row["total"]
    shares = RevenueShare.objects.filter(instructor=instructor).select_related("course")
    known = shares.in_bulk([pk for pk, _currency in sums if pk])
    lines = [
        Line(known[pk], currency, revenue, refunds)
        for (pk, currency), (revenue, refunds) in sums.items()
        if pk in known
    ]
    return sorted(lines, key=lambda line: (line.currency, line.share.course.title, line.share.pk))


def due(lines: list[Line]) -> dict[str, int]:
    """What is owed in each currency: the sum of the lines."""
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, 0) + line.due
    return sums
