"""From one plan to another: what it costs is shown first, and what was shown is charged.

What costs more begins at once; what costs less begins with the next period (docs/adr/0014).
"""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from courses.models import CoursePage, Grant, MembershipCourse
from operations import clock
from operations.rows import each
from payments import gateway, plan_changes, queries, stripe_catalogue, subscriptions, upcoming
from payments.mirror import Shape, moment
from payments.models import PlanChange, Price, Subscription
from payments.plans import MONTHS

Status = PlanChange.Status
# A confirmation is good for so long: its sums are of the moment it was shown.
GOOD_FOR = timedelta(minutes=15)
# What is younger may have its answer on the way.
PATIENCE = timedelta(minutes=2)
SALT = "payments.switching"


class CannotSwitch(Exception):
    """Not now, or not to this."""


class Stale(CannotSwitch):
    """What was shown is not the case any more: it has to be shown anew."""


class UnderWay(CannotSwitch):
    """Another change is open."""


class Declined(CannotSwitch):
    """The bank said no; nothing has changed."""


@dataclass(frozen=True)
class Shown:
    """What is said before it is confirmed. Amounts in the currency's smallest unit."""

    key: uuid.UUID
    price: Price
    at: datetime  # what it is reckoned for
    at_once: bool
    credit: int  # for the time that was paid and not used
    discount: int  # what codes take off the new period
    due_today: int
    left_over: int  # credit that pays renewals to come
    begins_at: datetime
    renews_at: datetime
    next_amount: int  # what the renewal takes then


@dataclass(frozen=True)
class Outcome:
    """What became of it; `address`: where the payer answers their bank."""

    change: PlanChange
    address: str = ""


def may_switch(row: Subscription) -> bool:
    return row.renews and row.offer_id is not None and bool(row.object)


def stands_in_the_way(row: Subscription) -> bool:
    """Whether another change of plan is open, which has to be taken back first."""
    change = upcoming.open_change(row)
    return change is not None and change.price_change_id is None


def options(row: Subscription) -> list[Price]:
    """The prices that this subscription can go over to: its own membership's first, cheapest per
    month first."""
    if not may_switch(row):
        return []
    found = (
        queries.prices_in_force(row.currency)
        .filter(offer__kind="recurring")
        .exclude(offer=row.offer_id)
        .exclude(offer__membership__in=_held_otherwise(row))
    )
    own = row.offer.membership_id if row.offer else None
    return sorted(found, key=lambda each: (each.offer.membership_id != own, by_month(each)))


def by_month(price: Price) -> float:
    return price.amount / MONTHS[price.offer.interval or "month"]


def begins_at_once(row: Subscription, price: Price) -> bool:
    """Dearer by the month, or the same thing for longer: paid now, and open now. During a trial
    nothing is paid, so that everything is at once."""
    if row.status == "trialing" or row.offer is None:
        return True
    months = MONTHS[row.offer.interval or "month"]
    if price.offer.membership_id == row.offer.membership_id:
        return MONTHS[price.offer.interval or "month"] > months
    return by_month(price) > (row.amount or 0) / months


def closing(row: Subscription, price: Price) -> list[CoursePage]:
    """The courses that close with the change: only the present membership opens them, and they are
    open by then."""
    if row.offer is None or row.learner_id is None:
        return []
    now = clock.now()
    at = now if begins_at_once(row, price) else row.period_end or now
    kept = Grant.objects.filter(learner_id=row.learner_id).lasting(now)
    others = kept.exclude(source_kind=Grant.Source.SUBSCRIPTION, source_id=row.source_id)
    of_present = MembershipCourse.objects.filter(membership=row.offer.membership_id)
    still = MembershipCourse.objects.filter(
        Q(membership=price.offer.membership_id) | Q(membership__in=others.values("membership"))
    )
    found = CoursePage.objects.live().filter(pk__in=of_present.values("course"))
    found = found.exclude(pk__in=still.values("course")).exclude(
        opens_on__gt=timezone.localdate(at)
    )
    return list(found.exclude(grants__in=others).order_by("title"))


def from_which(buyer: User, price: Price) -> Subscription | None:
    """The subscription that could go over to `price` at once, rather than a second one being
    bought beside it."""
    for row in queries.subscriptions_of(buyer):
        if price in options(row) and begins_at_once(row, price):
            return row
    return None


def _next_amount(row: Subscription, price: Price, at: datetime) -> int:
    return row.reduced(price.amount, at=at, product=upcoming.product_of(price))


def show(row: Subscription, price: Price, *, now: datetime) -> Shown:
    """What going over to `price` would cost. Raises GatewayError, CannotSwitch."""
    if price not in options(row) or row.period_end is None:
        raise CannotSwitch
    at = now.replace(microsecond=0)
    if not begins_at_once(row, price):
        return Shown(
            key=uuid.uuid4(),
            price=price,
            at=at,
            at_once=False,
            credit=0,
            discount=0,
            due_today=0,
            left_over=0,
            begins_at=row.period_end,
            renews_at=row.period_end,
            next_amount=_next_amount(row, price, row.period_end),
        )
    params = {"subscription": row.stripe_id, "subscription_details": _change(row, price, at)}
    bill = gateway.preview_invoice(params)
    lines = bill["lines"]["data"]
    ends = [each["period"]["end"] for each in lines if each["amount"] > 0]
    renews_at = moment(max(ends)) if ends else row.period_end
    return Shown(
        key=uuid.uuid4(),
        price=price,
        at=at,
        at_once=True,
        credit=-sum(each["amount"] for each in lines if each["amount"] < 0),
        discount=sum(each["amount"] for each in bill["total_discount_amounts"] or []),
        due_today=bill["amount_due"],
        left_over=max(0, -bill["total"]),
        begins_at=at,
        renews_at=renews_at,
        next_amount=_next_amount(row, price, renews_at),
    )


def sign(row: Subscription, shown: Shown) -> str:
    """What the form carries: exactly what was shown, for whom."""
    told = {
        "key": str(shown.key),
        "subscription": row.pk,
        "from": [row.offer_id, row.amount, int(row.period_end.timestamp())],  # type: ignore[union-attr]
        "price": str(shown.price.key),
        "at": int(shown.at.timestamp()),
        "due": shown.due_today,
        "at_once": shown.at_once,
    }
    return signing.dumps(told, salt=SALT)


def confirm(row: Subscription, price: Price, token: str, *, now: datetime) -> Outcome:
    """Do what was shown, once. Raises CannotSwitch (Stale, UnderWay, Declined), GatewayError."""
    try:
        told = signing.loads(token, salt=SALT)
    except signing.BadSignature as error:
        raise Stale from error
    if (told["subscription"], told["price"]) != (row.pk, str(price.key)):
        raise Stale
    change = _claim(row, price, told, now=now)
    if change.status == Status.OPEN:
        try:
            _carry_out(change, now=now)
        except gateway.Unreachable:  # what was seen afterwards may tell
            change.refresh_from_db()
            if change.status == Status.OPEN and not change.subscription.change_waits_for_bank:
                raise
    return outcome(change)


def outcome(change: PlanChange) -> Outcome:
    change.refresh_from_db()
    row = change.subscription
    if change.status == Status.FAILED:
        raise Declined
    if change.status == Status.OPEN and row.change_waits_for_bank:
        return Outcome(change, str(row.latest_bill.get("hosted_invoice_url") or ""))
    return Outcome(change)


@transaction.atomic
def _claim(row: Subscription, price: Price, told: Shape, *, now: datetime) -> PlanChange:
    """The one change of this confirmation; a second tap gets the first one's."""
    User.objects.select_for_update(no_key=True).get(subscriptions=row)
    row.refresh_from_db()
    if made := PlanChange.objects.filter(key=told["key"]).first():
        return made
    at = moment(told["at"])
    assert row.period_end is not None  # noqa: S101 — it was shown
    assert row.amount is not None  # noqa: S101 — what runs has an amount
    assert row.offer is not None  # noqa: S101 — `may_switch` looked
    here = [row.offer_id, row.amount, int(row.period_end.timestamp())]
    if told["from"] != here or at + GOOD_FOR < now or price not in options(row):
        raise Stale
    standing = upcoming.open_change(row)
    if stands_in_the_way(row):
        raise UnderWay
    if standing:
        plan_changes.end(standing, Status.WITHDRAWN, now=now)
    return PlanChange.objects.create(
        key=told["key"],
        subscription=row,
        from_offer=row.offer,
        from_amount=row.amount,
        price=price,
        at_period_end=not told["at_once"],
        due_today=told["due"],
        prorated_at=at if told["at_once"] else None,
        effective_at=at if told["at_once"] else row.period_end,
        created_at=now,
    )


def _carry_out(change: PlanChange, *, anew: bool = False, now: datetime) -> None:
    """Again after any failure it does nothing twice: Stripe knows the change by its key. `anew`
    where Stripe made it and dropped it, or failed: under the old key it would only tell of that
    again."""
    row = change.subscription
    try:
        if change.at_period_end:
            _plan(change, f"plan-change-{change.key}" + (f"-{now.timestamp()}" if anew else ""))
            PlanChange.objects.filter(pk=change.pk).update(planned_at=now)
        else:
            _make(change)
    except gateway.CardDeclined:
        plan_changes.fail(change, now=now)
    except gateway.Refused:
        plan_changes.fail(change, now=now)
        raise
    finally:
        subscriptions.refresh(row.stripe_id, now=now)


def _make(change: PlanChange) -> None:
    assert change.prorated_at is not None  # noqa: S101 — a constraint holds it
    row, key = change.subscription, f"plan-change-{change.key}"
    params = _change(row, change.price, change.prorated_at)
    strict = {**params, "payment_behavior": "error_if_incomplete"}
    try:
        gateway.update_subscription(row.stripe_id, strict, key=key)
    except gateway.NeedsAction:
        waiting = {**params, "payment_behavior": "pending_if_incomplete"}
        gateway.update_subscription(row.stripe_id, waiting, key=f"{key}-waits")


def _change(row: Subscription, price: Price, at: datetime) -> Shape:
    return {
        "items": [{"id": row.item_id, "price": stripe_catalogue.price_at_stripe(price)}],
        "proration_behavior": "always_invoice",
        "proration_date": int(at.timestamp()),
    }


def _plan(change: PlanChange, key: str) -> None:
    """Stripe itself changes the price when the period ends, whether we are there or not."""
    row = change.subscription
    schedule = row.schedule_id or gateway.create_schedule(row.stripe_id, key=key)["id"]
    assert row.period_start is not None  # noqa: S101 — it renews
    assert row.period_end is not None  # noqa: S101 — as above
    interval, count = stripe_catalogue.INTERVALS[change.price.offer.interval]  # type: ignore[index]
    start, end = int(row.period_start.timestamp()), int(row.period_end.timestamp())
    to = stripe_catalogue.price_at_stripe(change.price)
    phases = [
        {
            "items": [{"price": row.price_id, "quantity": 1}],
            "start_date": start,
            "end_date": end,
        },
        {
            "items": [{"price": to, "quantity": 1}],
            "duration": {"interval": interval, "interval_count": count},
            "proration_behavior": "none",
        },
    ]
    params = {"end_behavior": "release", "proration_behavior": "none", "phases": phases}
    gateway.update_schedule(schedule, params, key=f"{key}-phases")


def settle_open(*, now: datetime) -> None:
    """Changes whose answer was lost, or that nobody paid: made after all, or not made; and what was
    being taken back is."""
    waiting = PlanChange.objects.filter(
        status=Status.OPEN,
        price_change=None,
        created_at__lte=now - PATIENCE,
        subscription__account=gateway.account_id(),
        subscription__livemode=gateway.is_live(),
    ).filter(
        Q(planned_at=None)
        | Q(subscription__object__schedule=None)
        | Q(withdrawing_at__isnull=False)
    )
    for change in each(waiting.select_related("subscription", "price__offer")):
        row = change.subscription
        subscriptions.refresh(row.stripe_id, now=now)
        change.refresh_from_db()
        row.refresh_from_db()
        if change.status == Status.OPEN and change.withdrawing_at:
            with suppress(plan_changes.TooLate):
                plan_changes.withdraw(row, now=now)
            subscriptions.refresh(row.stripe_id, now=now)
            continue
        if change.status != Status.OPEN or row.change_waits_for_bank:
            continue
        is_planned = row.schedule_id and change.planned_at
        if change.at_period_end and row.renews and not is_planned:
            _carry_out(change, anew=True, now=now)
        elif not change.at_period_end:
            plan_changes.fail(change, now=now)


def _held_otherwise(row: Subscription) -> list[int | None]:
    """Memberships that the learner has by another way than this subscription."""
    held = Grant.objects.filter(learner=row.learner_id).exclude(
        source_kind=Grant.Source.SUBSCRIPTION, source_id=row.source_id
    )
    others = Subscription.objects.filter(
        learner=row.learner_id, status__in=Subscription.LIVE
    ).exclude(pk=row.pk)
    return [
        *held.filter(withdrawn_at=None, ends_at=None).values_list("membership", flat=True),
        *others.values_list("offer__membership", flat=True),
    ]
