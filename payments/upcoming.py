"""What a subscription will charge next: when, and how much."""

from dataclasses import dataclass
from datetime import datetime

from payments import gateway
from payments.models import PlanChange, Price, StripeProduct, Subscription


@dataclass(frozen=True)
class Charge:
    """`amount` is what it costs; `credit` of it is paid by what stands to the payer's credit."""

    at: datetime
    amount: int
    currency: str
    interval: str
    credit: int = 0

    @property
    def due(self) -> int:
        """What the card is charged."""
        return self.amount - self.credit


def open_change(row: Subscription) -> PlanChange | None:
    """The change that is under way or planned. One query, none where they were prefetched."""
    if "changes" in getattr(row, "_prefetched_objects_cache", {}):
        found = [each for each in row.changes.all() if each.status == PlanChange.Status.OPEN]
        return found[0] if found else None
    standing = row.changes.filter(status=PlanChange.Status.OPEN)
    return standing.select_related("price__offer__membership").first()


def planned(row: Subscription) -> PlanChange | None:
    """The change that comes with the next period, if one does."""
    change = open_change(row)
    return change if change and change.at_period_end else None


def product_of(price: Price) -> str:
    """What its offer is at Stripe. One query."""
    known = StripeProduct.objects.filter(offer=price.offer_id, **gateway.ours())
    return known.values_list("stripe_id", flat=True).first() or "none yet"


def next_charge(row: Subscription) -> Charge | None:
    """None where nothing will be charged by itself."""
    at = row.resumes_at if row.collection_paused else row.period_end
    if at is None or row.status not in ("trialing", "active") or row.ends_by_itself:
        return None
    change = planned(row)
    if change and change.comes_with(at):
        price: Price = change.price
        amount = row.reduced(price.amount, at=at, product=product_of(price))
        currency, interval = price.currency, price.offer.interval or ""
    else:
        amount = row.reduced(row.amount or 0, at=at)
        currency, interval = row.currency, (row.offer.interval if row.offer else None) or ""
    return Charge(at, amount, currency, interval, credit=min(amount, row.credit))


def charge_after_card(row: Subscription) -> Charge | None:
    """The next charge, where the card is no longer good when it comes."""
    charge, last = next_charge(row), row.card_expires_on
    return charge if charge and charge.due and last and last < charge.at.date() else None
