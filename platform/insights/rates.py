"""The rates of all subscriptions at some instants, asked of the database once.

Each row looks up one bill per instant; what comes back is how many subscriptions had the same rates
at all of them: as many lines as there are ways to come, change and go, never as subscriptions.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from django.db.models import Count, Q, QuerySet

from insights.spans import Span
from payments import recurring
from payments.models import Subscription


@dataclass(frozen=True)
class Recurring:
    """Who pays at an instant. `yearly`: their rates of a year, added up."""

    yearly: int
    number: int

    @property
    def monthly(self) -> int:
        """MRR: each rate as a month's, a quarter's bill /3 and a year's /12; rounded once."""
        return recurring.a_month(self.yearly)


@dataclass(frozen=True)
class Churn:
    """Of those who paid when a span began, how many had ended when it was over."""

    before: int
    ended: int

    @property
    def share(self) -> Fraction | None:
        return Fraction(self.ended, self.before) if self.before else None


@dataclass(frozen=True)
class Movement:
    """How MRR went from a span's beginning to its end, in rates of a year. Nothing is left over:
    `closing` is what `Rates.recurring` says of the span's end."""

    span: Span
    opening: int = 0
    new: int = 0  # who did not pay when it began: for the first time, or again
    expansion: int = 0  # who pays more
    contraction: int = 0  # who pays less (below zero)
    churned: int = 0  # who pays no more (below zero)

    @property
    def by_kind(self) -> dict[str, int]:
        """As `recurring.MOVES` names them."""
        return {kind: getattr(self, kind) for kind in recurring.MOVES}

    @property
    def gained(self) -> int:
        return self.new + self.expansion

    @property
    def lost(self) -> int:
        return self.contraction + self.churned

    @property
    def closing(self) -> int:
        return self.opening + self.gained + self.lost


class Rates:
    def __init__(self, rows: QuerySet[Subscription], instants: Iterable[datetime]) -> None:
        """Raises KeyError later for an instant that is not among these."""
        asked = sorted(set(instants))
        self._place = {instant: place for place, instant in enumerate(asked)}
        begun = rows.exclude(ended_at__lt=asked[0]).filter(
            Q(started_at=None) | Q(started_at__lt=asked[-1])
        )
        names = {f"at_{place}": recurring.rate_at(at) for at, place in self._place.items()}
        counted = begun.order_by().annotate(**names).values_list(*names).annotate(Count("pk"))
        self._groups: list[tuple[int, ...]] = list(counted)

    def recurring(self, instant: datetime) -> Recurring:
        """Of subscriptions that had paid a bill and had not ended, at the newest one's rate: trials
        are not among them; those whose payment fails or that pause are, until they end."""
        at = self._place[instant]
        paying = [row for row in self._groups if row[at] > 0]
        return Recurring(sum(row[at] * row[-1] for row in paying), sum(row[-1] for row in paying))

    def churn(self, span: Span) -> Churn:
        start, end = self._place[span.start], self._place[span.end]
        before = [row for row in self._groups if row[start] > 0]
        ended = [row for row in before if row[end] == recurring.ENDED]
        return Churn(sum(row[-1] for row in before), sum(row[-1] for row in ended))

    def movement(self, span: Span) -> Movement:
        start, end = self._place[span.start], self._place[span.end]
        sums = dict.fromkeys(("opening", *recurring.MOVES), 0)
        for row in self._groups:
            before, after, number = max(row[start], 0), max(row[end], 0), row[-1]
            sums["opening"] += before * number
            if kind := _kind(before, after):
                sums[kind] += (after - before) * number
        return Movement(span=span, **sums)


def _kind(before: int, after: int) -> str:
    if before == after:
        return ""
    if before == 0:
        return "new"
    if after == 0:
        return "churned"
    return "expansion" if after > before else "contraction"
