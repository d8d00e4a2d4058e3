"""What each figure about the business means: here and nowhere else.

Everything is of one currency (amounts of two are never added) and of the mode in force: what was
tried in test mode counts no more once real money comes in. Amounts are whole numbers of the
currency's smallest unit. The database adds up; what comes back grows with days, offers and months,
never with orders.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek
from django.db.models.functions.datetime import TruncBase

from insights.rates import Rates
from insights.spans import Span, midnight, month_of, zone
from payments import gateway, recurring
from payments.admin.orders import offers
from payments.models import MoneyEntry, Offer, Order, Subscription
from payments.models.books import MoneyEntryQuerySet
from payments.periods import add_months

CHARGE, REFUND, DISPUTE = MoneyEntry.Kind.CHARGE, MoneyEntry.Kind.REFUND, MoneyEntry.Kind.DISPUTE
# Below so many days each is a bar; then each week, then each month.
DAYS_SHOWN, WEEKS_SHOWN = 31, 200
MONTHS_TO_KNOW = 6
COHORTS = 12


def entries(currency: str) -> MoneyEntryQuerySet:
    """The money entries that figures are made of."""
    return MoneyEntry.objects.filter(livemode=gateway.is_live(), currency=currency)


def subscriptions(currency: str) -> QuerySet[Subscription]:
    return Subscription.objects.filter(livemode=gateway.is_live(), currency=currency)


def orders(currency: str) -> QuerySet[Order]:
    return Order.objects.filter(livemode=gateway.is_live(), currency=currency)


def currencies() -> list[str]:
    """Those in which anything was ever booked, subscribed or ordered, in order."""
    mode = Q(livemode=gateway.is_live())
    found: set[str] = set()
    for model in (MoneyEntry, Subscription, Order):
        rows = model._default_manager.filter(mode).exclude(currency="").order_by()
        found.update(rows.values_list("currency", flat=True).distinct())
    return sorted(found)


# --- what came in --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Takings:
    """What was booked: payments above zero, refunds and disputes below, failed refunds back."""

    paid: int = 0
    refunded: int = 0
    disputed: int = 0
    number: int = 0

    @property
    def revenue(self) -> int:
        """Every payment, whatever became of it later. Fees and tax are in it."""
        return self.paid

    @property
    def net(self) -> int:
        """Revenue, less what went back in the same days by refund or dispute, of whichever sale."""
        return self.paid + self.refunded + self.disputed


SUMS = {
    "paid": Sum("amount", filter=Q(kind=CHARGE), default=0),
    "refunded": Sum("amount", filter=Q(kind=REFUND), default=0),
    "disputed": Sum("amount", filter=Q(kind=DISPUTE), default=0),
    "number": Count("pk", filter=Q(kind=CHARGE)),
}


def booked(currency: str, span: Span) -> MoneyEntryQuerySet:
    return entries(currency).filter(booked_at__gte=span.start, booked_at__lt=span.end)


def takings(currency: str, span: Span) -> Takings:
    return Takings(**booked(currency, span).aggregate(**SUMS))


def revenue_by_day(currency: str, span: Span) -> list[tuple[Span, int]]:
    """Revenue of every day, or of every week from its Monday, or month, where there are many."""
    cut: type[TruncBase]
    if span.days <= DAYS_SHOWN:
        cut, begin_of = TruncDay, _itself
    elif span.days <= WEEKS_SHOWN:
        cut, begin_of = TruncWeek, _monday_of
    else:
        cut, begin_of = TruncMonth, month_of
    rows = booked(currency, span).filter(kind=CHARGE).order_by()
    pieces = rows.annotate(piece=cut("booked_at", tzinfo=zone())).values("piece")
    sums = {row["piece"].date(): row["total"] for row in pieces.annotate(total=Sum("amount"))}
    return [(piece, sums.get(begin_of(piece.first), 0)) for piece in pieces_of(span)]


def pieces_of(span: Span) -> list[Span]:
    """The days, weeks or months of a span that its bars stand for."""
    days = [span.first + timedelta(days=n) for n in range(span.days)]
    if span.days <= DAYS_SHOWN:
        return [Span(day, day) for day in days]
    if span.days > WEEKS_SHOWN:
        return list(span.months())
    begins = [day for day in days if day.weekday() == 0 or day == span.first]
    ends = [*(day - timedelta(days=1) for day in begins[1:]), span.last]
    return [Span(begin, end) for begin, end in zip(begins, ends, strict=True)]


def _itself(day: date) -> date:
    return day


def _monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def takings_by_offer(currency: str, span: Span) -> list[tuple[Offer | None, Takings]]:
    """The best first; None: no order of ours, made at Stripe by hand."""
    rows = booked(currency, span).filter(kind__in=(CHARGE, REFUND, DISPUTE))
    found = rows.by_offer().annotate(**SUMS)
    sums: list[dict[str, Any]] = [dict(row) for row in found]
    known = offers().in_bulk([row["offer_id"] for row in sums])
    lines = [(known.get(row.pop("offer_id")), Takings(**row)) for row in sums]
    return sorted(lines, key=lambda each: (-each[1].net, each[0].pk if each[0] else 0))


# --- what comes again ----------------------------------------------------------------------------


def past_due(currency: str) -> int:
    """Subscriptions whose renewal failed and is being tried again, now."""
    return subscriptions(currency).filter(status="past_due").count()


@dataclass(frozen=True)
class Cohort:
    """Who first paid for a subscription in one month, and how many still had it later."""

    month: date
    size: int
    # At the end of that month, of the next …; the last one so far.
    kept: list[int] = field(default_factory=list)

    @property
    def shares(self) -> list[Fraction]:
        return [Fraction(number, self.size) for number in self.kept]


def cohorts(currency: str, until: date) -> list[Cohort]:
    """Of the twelve months up to that of `until`; a month in which nobody began is left out."""
    newest = month_of(until)
    oldest = month_of(newest, later=1 - COHORTS)
    end = midnight(month_of(newest, later=1))
    first = recurring.with_first_payment(subscriptions(currency)).filter(
        first_paid_at__gte=midnight(oldest), first_paid_at__lt=end
    )
    rows = (
        first.order_by()
        .annotate(
            begun=TruncMonth("first_paid_at", tzinfo=zone()),
            gone=TruncMonth("ended_at", tzinfo=zone()),
        )
        .values("begun", "gone")
        .annotate(number=Count("pk"))
    )
    sizes: dict[date, list[tuple[date | None, int]]] = {}
    for row in rows:
        gone = row["gone"].date() if row["gone"] else None
        sizes.setdefault(row["begun"].date(), []).append((gone, row["number"]))
    return [_cohort(month, sizes[month], newest) for month in sorted(sizes)]


def _cohort(month: date, groups: list[tuple[date | None, int]], newest: date) -> Cohort:
    ages = (newest.year - month.year) * 12 + newest.month - month.month
    kept = [
        sum(n for gone, n in groups if gone is None or gone > month_of(month, later=age))
        for age in range(ages + 1)
    ]
    return Cohort(month, sum(n for _, n in groups), kept)


# --- who buys ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Conversion:
    """Of the orders begun in a span, those that were paid, whenever: a trial that began is one."""

    started: int
    paid: int

    @property
    def share(self) -> Fraction | None:
        return Fraction(self.paid, self.started) if self.started else None


def conversion(currency: str, span: Span) -> Conversion:
    begun = orders(currency).filter(created_at__gte=span.start, created_at__lt=span.end)
    counts = begun.aggregate(started=Count("pk"), paid=Count("pk", filter=Q(paid_at__isnull=False)))
    return Conversion(**counts)


@dataclass(frozen=True)
class Worth:
    """What one who subscribes brings: a month (ARPU), and until they leave (LTV).

    ARPU is MRR by the number of those who pay; LTV is ARPU by the share that leaves in a month, on
    the average of the last six. None where nobody pays, or nobody left.
    """

    arpu: int | None
    ltv: int | None


def worth(rates: Rates, currency: str, until: date) -> Worth | None:
    """`rates` at `instants_of_worth(until)`. None before there are six months of payments: before,
    it would be a guess."""
    end = Span(until, until).end
    since = add_months(end, -MONTHS_TO_KNOW)
    if not entries(currency).filter(kind=CHARGE, booked_at__lte=since).exists():
        return None
    now = rates.recurring(end)
    if not now.number:
        return Worth(None, None)
    months = [rates.churn(month) for month in _months_to_know(until)]
    ended, before = sum(each.ended for each in months), sum(each.before for each in months)
    arpu = Fraction(now.yearly, 12 * now.number)
    return Worth(_rounded(arpu), _rounded(arpu * before / ended) if ended else None)


def instants_of_worth(until: date) -> list[datetime]:
    months = _months_to_know(until)
    return [Span(until, until).end, *(at for each in months for at in (each.start, each.end))]


def _months_to_know(until: date) -> list[Span]:
    month = month_of(until)
    later = range(-MONTHS_TO_KNOW, 0)
    return [Span.of_month(month_of(month, later=number)) for number in later]


def _rounded(value: Fraction) -> int:
    """To a whole unit, a half upwards."""
    return int(value + Fraction(1, 2))
