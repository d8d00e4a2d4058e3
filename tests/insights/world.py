"""A small business whose figures are worked out by hand, in the comments.

Days are the site's (Asia/Shanghai, eight hours ahead of UTC). It is 20 November 2026, noon.
Amounts in fen: a month ¥39.00, a quarter ¥99.00, a year ¥365.00, the course ¥99.00.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from payments.models import Invoice, MoneyEntry, Offer, Order, Price, Subscription
from tests.factories import MembershipFactory, course
from tests.payments.factories import (
    ACCOUNT,
    DisputeFactory,
    InvoiceFactory,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    SubscriptionFactory,
    course_price,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
TIMES = {"month": 12, "quarter": 4, "year": 1}


def at(text: str) -> datetime:
    """2026-11-01 00:30, in the site's time zone."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


NOW = at("2026-11-20 12:00")


def entry(
    when: str,
    amount: int,
    *,
    kind: str = "charge",
    order: Order | None = None,
    invoice: Invoice | None = None,
    fee: int = 0,
    currency: str = "CNY",
    **fields: Any,
) -> MoneyEntry:
    settled = {"settled_amount": amount, "settled_fee": fee, "settled_net": amount - fee}
    return MoneyEntry.objects.create(
        account=ACCOUNT,
        stripe_id=f"txn_{MoneyEntry.objects.count()}",
        kind=kind,
        order=order,
        invoice=invoice,
        source="ch_1",
        amount=amount,
        currency=currency,
        settled_currency=currency,
        booked_at=at(when),
        recorded_at=NOW,
        **(settled | fields),
    )


def sale(price: Price, when: str, *, fee: int = 0) -> Order:
    """Something bought once, and its payment in the books."""
    order = OrderFactory(fulfilled=True, price=price, created_at=at(when), paid_at=at(when))
    entry(when, price.amount, order=order, fee=fee, currency=price.currency)
    return order


def subscribe(offer: Offer, began: str, *bills: tuple[str, int], **fields: Any) -> Subscription:
    """A subscription with its order and its paid bills (when, how much)."""
    currency = fields.pop("currency", "CNY")
    price = offer.prices.filter(currency=currency).first() or PriceFactory(
        offer=offer, amount=max(amount for _when, amount in bills), currency=currency
    )
    row = SubscriptionFactory(
        offer=offer, started_at=at(began), currency=currency, amount=price.amount, **fields
    )
    order = OrderFactory(
        fulfilled=True,
        price=price,
        buyer=row.learner,
        created_at=at(began),
        paid_at=at(began),
        subscription=row,
    )
    for when, amount in bills:
        pay_bill(row, order, when, amount, TIMES[offer.interval or ""])
    return row


def pay_bill(row: Subscription, order: Order, when: str, amount: int, times: int) -> Invoice:
    bill = InvoiceFactory(
        subscription=row,
        amount_due=amount,
        amount_paid=amount,
        currency=row.currency,
        created_at=at(when),
        paid_at=at(when),
        yearly_rate=amount * times,
    )
    if amount:
        entry(when, amount, order=order, invoice=bill, currency=row.currency)
    return bill


def business() -> dict[str, Any]:
    """Everything that happened, in yuan; who is who by name."""
    library = MembershipFactory()
    month = OfferFactory(membership=library, interval="month")
    quarter = OfferFactory(membership=library, interval="quarter")
    year = OfferFactory(membership=library, interval="year", trial_days=7)
    book = course_price(course(title="城市的暗线"))
    # Pays ¥39 in September, October and November.
    amy = subscribe(
        month,
        "2026-09-05 10:00",
        ("2026-09-05 10:00", 3900),
        ("2026-10-05 10:00", 3900),
        ("2026-11-05 10:00", 3900),
    )
    # ¥99 a quarter since October.
    bob = subscribe(quarter, "2026-10-10 09:00", ("2026-10-10 09:00", 9900))
    # A trial of 7 days in October, then ¥365 a year: the first bill is of nothing.
    cat = subscribe(year, "2026-10-20 09:00", ("2026-10-20 09:00", 0), ("2026-10-27 09:00", 36500))
    # In trial still: pays nothing.
    dan = subscribe(year, "2026-11-18 09:00", ("2026-11-18 09:00", 0), status="trialing")
    # Paid ¥39 in September and October; ended on 5 November: churned.
    eve = subscribe(
        month,
        "2026-09-05 11:00",
        ("2026-09-05 11:00", 3900),
        ("2026-10-05 11:00", 3900),
        status="canceled",
        ended_at=at("2026-11-05 11:00"),
    )
    # Paid ¥39 on 12 October; the renewal fails since 12 November.
    fay = subscribe(month, "2026-10-12 08:00", ("2026-10-12 08:00", 3900), status="past_due")
    # Half an hour after midnight on 1 November in Shanghai: October still in UTC. ¥39.
    gus = subscribe(month, "2026-11-01 00:30", ("2026-11-01 00:30", 3900))
    # The course, three times: the last minute of October, and twice in November, fee ¥3 each.
    old_sale = sale(book, "2026-10-31 23:59", fee=300)
    sale(book, "2026-11-02 12:00", fee=300)
    kept = sale(book, "2026-11-03 12:00", fee=300)
    # October's sale goes back on 4 November. ¥20 of another are disputed on the 4th, too; Stripe
    # takes them on the 6th.
    DisputeFactory(order=kept, amount=2000, created_at=at("2026-11-04 13:00"))
    entry("2026-11-04 12:00", -9900, kind="refund", order=old_sale)
    entry("2026-11-06 12:00", -2000, kind="dispute", order=kept, fee=1500)
    # Begun and never paid, in November.
    OrderFactory(price=book, created_at=at("2026-11-07 12:00"))
    # Another currency, and money of the sandbox's other mode: none of it is yuan's.
    entry("2026-11-08 12:00", 1200, currency="JPY")
    entry("2026-11-08 12:00", 77700, livemode=True)
    return {
        "book": book,
        "month": month,
        "quarter": quarter,
        "year": year,
        "amy": amy,
        "bob": bob,
        "cat": cat,
        "dan": dan,
        "eve": eve,
        "fay": fay,
        "gus": gus,
    }
