"""At which rate a bill lets a subscription go on: the ground of everything recurring.

Rates are kept per year, so that months, quarters and years are whole numbers in every currency.
"""

from payments import gateway
from payments.mirror import Shape, id_of, moment
from payments.models import Offer, Price, StripePrice
from payments.periods import add_months

MONTHS_A_YEAR = 12
DAYS_A_MONTH = 365.25 / 12
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def yearly(invoice: Shape) -> int | None:
    """What a year at this rate brings, in minor units, discounts taken off; 0 for a trial.

    None where the bill says nothing of what renews. A bill of a change in mid-period holds parts
    of periods only: then the new price is the rate, less the discount that is in its part
    (https://docs.stripe.com/billing/subscriptions/prorations).
    """
    lines = [line for line in invoice["lines"]["data"] if _of_subscription(line)]
    whole = [line for line in lines if not _of_subscription(line).get("proration")]
    if whole:
        return sum(_of_whole_period(line) for line in whole)
    charged = [line for line in lines if line["amount"] > 0]
    return sum(_of_price(line) for line in charged) if charged else None


def offer(invoice: Shape) -> Offer | None:
    """What it charges for: the offer whose price is not credited in it, if that is one of ours."""
    lines = [line for line in invoice["lines"]["data"] if _of_subscription(line)]
    prices = [_price(line) for line in lines if line["amount"] >= 0]
    return next((price.offer for price in reversed(prices) if price), None)


def is_of_whole_periods(invoice: Shape) -> bool:
    """Whether nothing in it is a part of a period, as there is in a change of plan."""
    return not any(_of_subscription(line).get("proration") for line in invoice["lines"]["data"])


def _of_subscription(line: Shape) -> Shape:
    found: Shape = (line.get("parent") or {}).get("subscription_item_details") or {}
    return found


def _of_whole_period(line: Shape) -> int:
    taken_off = sum(each["amount"] for each in line.get("discount_amounts") or [])
    days = (moment(line["period"]["end"]) - moment(line["period"]["start"])).total_seconds() / 86400
    months = round(days / DAYS_A_MONTH)
    paid = line["amount"] - taken_off
    return round(paid * MONTHS_A_YEAR / months) if months else 0


def _of_price(line: Shape) -> int:
    price = _price(line)
    if price is None:
        return 0
    months = MONTHS[price.offer.interval or "year"]
    end = moment(line["period"]["end"])
    whole = (end - add_months(end, -months)).total_seconds()
    share = (end - moment(line["period"]["start"])).total_seconds() / whole
    undiscounted = price.amount * share
    amount = price.amount
    if undiscounted and abs(line["amount"] - undiscounted) > 1:
        amount = round(amount * line["amount"] / undiscounted)
    return amount * MONTHS_A_YEAR // months


def _price(line: Shape) -> Price | None:
    details = (line.get("pricing") or {}).get("price_details") or {}
    known = StripePrice.objects.filter(stripe_id=id_of(details.get("price")), **gateway.ours())
    found = known.select_related("price__offer").first()
    return found.price if found else None
