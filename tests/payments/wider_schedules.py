"""What else people, banks and finance do in a random schedule: reservations, codes, gifts, pauses,
other plans, disputes."""

import contextlib
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Self

import hypothesis.strategies as st
from django.utils import timezone
from hypothesis.stateful import RuleBasedStateMachine, rule

from accounts.models import User
from courses.models import CoursePage, Grant
from operations import clock as site_clock
from payments import (
    checkout,
    for_others,
    gateway,
    gifts,
    pausing,
    promotions,
    redeeming,
    refund_requests,
    reserving,
    switching,
)
from payments.models import (
    Dispute,
    Gift,
    Invoice,
    Order,
    Pause,
    PlanChange,
    Price,
    PromotionCode,
    Reservation,
    Subscription,
)
from payments.sandbox import completing, disputes
from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from tests.payments.conftest import FAILS_WHEN_CHARGED, GOOD, Shop

person_of, price_of = st.integers(0, 1), st.integers(0, 3)
number_of = st.integers(0, 9)


class WiderSchedule(RuleBasedStateMachine):
    shop: Shop
    people: list[User]
    prices: list[Price]
    promotions: list[PromotionCode]
    orders: list[Order]
    in_advance: Price

    @rule(
        person=person_of,
        card=st.sampled_from([GOOD, FAILS_WHEN_CHARGED]),
        then=st.sampled_from(["", "it opens", "it opens and is paid by hand", "it is given up"]),
    )
    def reserve(self, person: int, card: str, then: str) -> None:
        with contextlib.suppress(
            checkout.CannotStart, completing.SessionClosedError, gateway.GatewayError
        ):
            order = self.shop.begin(self.people[person], self.in_advance)
            self.orders.append(order)
            self.shop.pay(order, card)
            self.shop.deliver(rounds=1)
            if then.startswith("it opens"):
                self.shop.advance(days=21)
            if then.endswith("by hand"):
                self.pay_what_was_refused(-1)
            if then.endswith("given up"):
                self.give_the_reservation_up(person)

    @rule(person=person_of)
    def give_the_reservation_up(self, person: int) -> None:
        reserved = reserving.standing().filter(buyer=self.people[person])
        if order := nth(reserved, 0):
            with contextlib.suppress(reserving.TooLate):
                reserving.give_up(order=order, now=site_clock.now())

    @rule(days=st.integers(0, 40))
    def move_the_day(self, days: int) -> None:
        today = timezone.localdate(site_clock.now())
        course = CoursePage.objects.filter(offers=self.in_advance.offer_id)
        course.update(opens_on=today + timedelta(days=days))

    @rule(number=number_of)
    def pay_what_was_refused(self, number: int) -> None:
        refused = reserving.standing().exclude(reservation__refused_at=None)
        if order := nth(refused, number):
            with contextlib.suppress(checkout.CannotStart, completing.SessionClosedError):
                checkout.pay_refused(order, now=site_clock.now())
                self.shop.pay(order, GOOD)

    def subscribe(self) -> Self:
        """By the month."""
        with contextlib.suppress(checkout.CannotStart):
            self.orders.append(self.shop.buy(self.people[1], self.prices[2]))
        return self

    @rule(person=person_of, price=price_of, code=st.integers(0, 1))
    def buy_with_a_code(self, person: int, price: int, code: int) -> None:
        with contextlib.suppress(
            checkout.CannotStart, promotions.CannotUse, completing.SessionClosedError
        ):
            order = self.shop.begin(self.people[person], self.prices[price], self.promotions[code])
            self.orders.append(order)
            self.shop.pay(order, GOOD)
            self.shop.deliver(rounds=1)

    @rule(person=person_of, price=st.sampled_from([0, 3]), then=st.integers(0, 3))
    def give(self, person: int, price: int, then: int) -> None:
        """`then`: who claims it at once; 2: nobody, 3: it is taken back."""
        words = for_others.GiftWords(to_email="friend@example.com")
        with contextlib.suppress(checkout.CannotStart, completing.SessionClosedError):
            order = checkout.start(
                buyer=self.people[person],
                price=self.prices[price],
                wish=for_others.Wish(uuid.uuid4(), gift=words),
                now=site_clock.now(),
            ).order
            self.orders.append(order)
            self.shop.pay(order, GOOD)
            self.shop.deliver(rounds=1)
            latest = Gift.objects.exclude(digest=None).count() - 1
            if then < len(self.people):
                self.claim(latest, then)
            elif then > len(self.people):
                self.take_back(latest)

    @rule(number=number_of, person=person_of)
    def claim(self, number: int, person: int) -> None:
        if gift := nth(Gift.objects.exclude(digest=None), number):
            with contextlib.suppress(redeeming.CannotRedeem):
                redeeming.redeem(
                    code=gifts.code_of(gift), learner=self.people[person], now=site_clock.now()
                )

    @rule(number=number_of)
    def take_back(self, number: int) -> None:
        if gift := nth(Gift.objects.exclude(digest=None), number):
            with contextlib.suppress(gifts.NotOpen, refund_requests.CannotRefund):
                gifts.take_back(
                    gift, actor=gift.order.buyer, reason="no friend", now=site_clock.now()
                )

    @rule(number=number_of, months=st.integers(1, 3), thinks_better=st.booleans())
    def pause(self, number: int, months: int, thinks_better: bool) -> None:
        if row := nth(Subscription.objects, number):
            with contextlib.suppress(pausing.CannotPause, gateway.GatewayError):
                pausing.pause(row, months=months, now=site_clock.now())
                if thinks_better:
                    self.end_the_pause(number)

    @rule(number=number_of)
    def end_the_pause(self, number: int) -> None:
        if row := nth(Subscription.objects, number):
            with contextlib.suppress(pausing.Declined, pausing.UnderWay, gateway.GatewayError):
                pausing.resume(row, now=site_clock.now())

    @rule(number=number_of, price=st.integers(1, 2))
    def change_the_plan(self, number: int, price: int) -> None:
        if row := nth(Subscription.objects, number):
            chosen, now = self.prices[price], site_clock.now()
            with contextlib.suppress(switching.CannotSwitch, gateway.GatewayError):
                shown = switching.show(row, chosen, now=now)
                switching.confirm(row, chosen, switching.sign(row, shown), now=now)

    @rule(number=number_of, ends=st.sampled_from([True, False, None]))
    def dispute(self, number: int, ends: bool | None) -> None:
        if charge := nth(StripeObject.objects.filter(kind="charge", data__paid=True), number):
            with contextlib.suppress(InvalidRequestError):
                disputes.open_dispute(charge.stripe_id, site_clock.now())
                if ends is not None:
                    self.shop.deliver(rounds=1)
                    self.decide_the_dispute(-1, ends)

    @rule(number=number_of, won=st.booleans())
    def decide_the_dispute(self, number: int, won: bool) -> None:
        if case := nth(StripeObject.objects.filter(kind="dispute"), number):
            with contextlib.suppress(InvalidRequestError):
                disputes.close_dispute(case.stripe_id, won=won, now=site_clock.now())


# What a schedule may begin with: left to chance alone, some of it hardly ever happens.
BEGINNINGS: dict[str, Callable[[WiderSchedule], Any]] = {
    "nothing more": lambda schedule: None,
    "a code": lambda schedule: schedule.buy_with_a_code(0, 0, 0),
    "a gift claimed": lambda schedule: schedule.give(0, 0, 1),
    "a gift taken back": lambda schedule: schedule.give(0, 0, 3),
    "a pause": lambda schedule: schedule.subscribe().pause(-1, 1, False),
    "a pause called off": lambda schedule: schedule.subscribe().pause(-1, 1, True),
    "another plan": lambda schedule: schedule.subscribe().change_the_plan(-1, 1),
    "a reservation": lambda schedule: schedule.reserve(0, GOOD, "it opens"),
    "a refused one": lambda schedule: schedule.reserve(
        0, FAILS_WHEN_CHARGED, "it opens and is paid by hand"
    ),
    "one given up": lambda schedule: schedule.reserve(0, GOOD, "it is given up"),
    "a dispute lost": lambda schedule: schedule.dispute(0, False),
    "a dispute won": lambda schedule: schedule.dispute(0, True),
}


def charged_reservations() -> Any:
    return Reservation.objects.exclude(order__paid_at=None)


WHAT_HAPPENS: dict[str, Callable[[], Any]] = {
    "bought with a code": lambda: Order.objects.exclude(promotion=None).exclude(paid_at=None),
    "gifts claimed": lambda: Gift.objects.exclude(redeemed_by=None),
    "gifts taken back": lambda: Gift.objects.exclude(taken_back_at=None),
    "pauses": Pause.objects.all,
    "pauses ended": lambda: Pause.objects.exclude(resumed_at=None),
    "plans changed": lambda: PlanChange.objects.filter(status=PlanChange.Status.DONE),
    "reservations charged": lambda: charged_reservations().filter(refused_at=None),
    "reservations paid by hand": lambda: charged_reservations().exclude(refused_at=None),
    "reservations given up": lambda: Reservation.objects.filter(ending="given_up"),
    "disputes won": lambda: Dispute.objects.filter(status="won"),
    "disputes lost": lambda: Dispute.objects.filter(status="lost"),
}


def what_happened() -> Counter[str]:
    """How often it came to what it is about: rules that are always refused prove nothing."""
    counted = {what: rows().count() for what, rows in WHAT_HAPPENS.items()}
    return Counter({what: times for what, times in counted.items() if times})


def nth(rows: Any, number: int) -> Any:
    """One of them, counted round and round; None if there is none."""
    found = list(rows.order_by("pk"))
    return found[number % len(found)] if found else None


def expected_open(order: Order) -> int:
    """How many grants an order's facts at Stripe leave open."""
    if order.status != Order.Status.FULFILLED or is_withheld(order):
        return 0
    if order.purpose == Order.Purpose.GIFT:
        return int(order.gift.redeemed_by_id is not None)
    return 1


def is_withheld(order: Order) -> bool:
    """By a bank: the payment, or the last one of the subscription, was taken away by a dispute."""
    payment = order.payment_intent_id
    if order.subscription:
        paid = Invoice.objects.filter(subscription=order.subscription, status="paid")
        last = paid.exclude(amount_paid=0).order_by("created_at", "pk").last()
        payment = last.payment_intent_id if last else ""
    cases = StripeObject.objects.filter(kind="dispute", data__payment_intent=payment)
    return bool(payment) and any(case.data["status"] != "won" for case in cases)


def grants_of(order: Order) -> Any:
    sources = [order.source_id]
    if order.subscription:
        sources.append(order.subscription.source_id)
    if order.purpose == Order.Purpose.GIFT:
        sources = [order.gift.source_id]
    return Grant.objects.filter(source_id__in=sources, withdrawn_at=None)
