"""Random schedules of people, time and faults: in the end our books and the mirror are Stripe's.

`make fuzz-payments N=200` runs that many, other ones each time, and prints the shortest that fails;
the suite runs a few, always the same.
"""

import contextlib
import itertools
import os
import sys
from collections import Counter
from typing import Any

import hypothesis.strategies as st
import pytest
from django.core.management.base import OutputWrapper
from django.db import transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from operations import clock as site_clock
from operations.progress_bar import Bar
from payments import (
    cancelling,
    checkout,
    fulfilment,
    gateway,
    matching,
    reconciliation,
    refund_requests,
)
from payments.models import (
    Difference,
    Dispute,
    Invoice,
    MoneyEntry,
    Offer,
    Order,
    Refund,
    RefundRequest,
    Subscription,
)
from payments.sandbox import completing, faults
from payments.sandbox.models import StripeObject
from tests.factories import UserFactory, course
from tests.payments.conftest import DECLINED, GOOD, Shop
from tests.payments.factories import (
    PromotionFactory,
    course_price,
    membership_prices,
    sold_in_advance,
)
from tests.payments.wider_schedules import (
    BEGINNINGS,
    WHAT_HAPPENS,
    WiderSchedule,
    expected_open,
    grants_of,
    what_happened,
)

pytestmark = pytest.mark.django_db
# So many schedules come to everything that may happen.
ENOUGH = 200
HOW_MANY = int(os.environ.get("SCHEDULES", "0"))
KINDS = [kind.value for kind in faults.Kind]


def schedules(shop: Shop, reached: Counter[str]) -> type[RuleBasedStateMachine]:
    bar, counted = Bar(OutputWrapper(sys.stderr)), itertools.count(1)

    class Schedule(WiderSchedule):
        @initialize(
            person=st.integers(0, 1),
            price=st.sampled_from([2, 0, 1, 3, 2]),
            heard=st.sampled_from([True, True, False]),
            beginning=st.sampled_from(list(BEGINNINGS)),
        )
        def open_shop(self, person: int, price: int, heard: bool, beginning: str) -> None:
            self.blocks: list[Any] = []
            for alias in ("default", "sandbox"):
                block = transaction.atomic(using=alias)
                block._from_testcase = True  # as the test's own: it is no transaction of ours
                block.__enter__()
                self.blocks.append((alias, block))
            self.shop = shop
            self.people = [UserFactory(), UserFactory()]
            self.prices = [course_price(course()), *membership_prices().values()]
            self.in_advance = sold_in_advance(days=20)
            self.in_advance.offer.presale = Offer.Presale.AT_RELEASE
            self.in_advance.offer.save()
            self.promotions = [PromotionFactory(), PromotionFactory(amount=1000)]
            self.orders: list[Order] = []
            self.begin_and_pay(person, price)
            if heard:
                shop.deliver(rounds=2)
            BEGINNINGS[beginning](self)

        @rule(person=st.integers(0, 1), price=st.integers(0, 3))
        def begin_and_pay(self, person: int, price: int) -> None:
            self.begin(person, price)
            self.pay(len(self.orders) - 1, GOOD)

        @rule(person=st.integers(0, 1), price=st.integers(0, 3))
        def begin(self, person: int, price: int) -> None:
            with contextlib.suppress(checkout.CannotStart):
                order = shop.begin(self.people[person], self.prices[price])
                self.orders.append(order)

        @rule(number=st.integers(0, 9), card=st.sampled_from([GOOD, GOOD, DECLINED]))
        def pay(self, number: int, card: str) -> None:
            if self.orders:
                with contextlib.suppress(completing.SessionClosedError):
                    shop.pay(self.orders[number % len(self.orders)], card)

        @rule(number=st.integers(0, 9))
        def come_back(self, number: int) -> None:
            if self.orders:
                order = self.orders[number % len(self.orders)]
                with contextlib.suppress(gateway.GatewayError):
                    fulfilment.confirm(order, now=site_clock.now())

        @rule(kind=st.sampled_from(KINDS), times=st.integers(1, 4))
        def break_something(self, kind: str, times: int) -> None:
            faults.plan(kind, times=times)

        @rule()
        def hear(self) -> None:
            shop.deliver(rounds=2)

        @rule()
        def give_back_at_stripe(self) -> None:
            paid = StripeObject.objects.filter(kind="charge", data__refunded=False)
            if charge := paid.order_by("pk").last():
                with contextlib.suppress(gateway.GatewayError):
                    gateway.create_refund({"charge": charge.stripe_id}, key=f"hand-{charge.pk}")

        @rule(number=st.integers(0, 9), share=st.integers(1, 3), ends_access=st.booleans())
        def give_back_here(self, number: int, share: int, ends_access: bool) -> None:
            """In full or in part, by two people where one is not enough."""
            if not self.orders:
                return
            order, now = self.orders[number % len(self.orders)], site_clock.now()
            order.refresh_from_db()
            left = refund_requests.remaining(order, refund_requests.last_paid(order))
            with contextlib.suppress(refund_requests.CannotRefund):
                request = refund_requests.approve(
                    order=order,
                    amount=left // share or None,
                    ends_access=ends_access,
                    reason="on request",
                    actor=self.people[0],
                    now=now,
                )
                refund_requests.confirm(request=request, actor=self.people[1], now=now)

        @rule()
        def cancel(self) -> None:
            row = Subscription.objects.filter(status__in=["active", "trialing"]).first()
            if row:
                with contextlib.suppress(gateway.GatewayError):
                    cancelling.cancel(row, now=site_clock.now())

        @rule(hours=st.sampled_from([1, 25, 200, 800]))
        def let_time_pass(self, hours: int) -> None:
            with contextlib.suppress(gateway.GatewayError):
                shop.advance(hours=hours)

        def teardown(self) -> None:
            bar.show("schedules", next(counted), HOW_MANY)
            try:
                self.settle_down()
                assert_equal_to_stripe()
                reached.update(what_happened())
            finally:
                for alias, block in reversed(self.blocks):
                    transaction.set_rollback(True, using=alias)
                    block.__exit__(None, None, None)
                site_clock._file().unlink(missing_ok=True)

        def settle_down(self) -> None:
            """The faults are over, and there is time for everything to arrive or be swept."""
            faults.clear()
            shop.advance(minutes=15)
            for _ in range(2):
                reconciliation.sweep_all(now=site_clock.now())
                DBTaskResult.objects.update(run_after=timezone.now())
                shop.run_jobs()
                shop.deliver()
            shop.advance(minutes=3)
            matching.run(now=site_clock.now(), since=None)

    return Schedule


def at_stripe(kind: str) -> dict[str, dict[str, Any]]:
    return {row.stripe_id: row.data for row in StripeObject.objects.filter(kind=kind)}


def assert_equal_to_stripe() -> None:
    assert not Difference.objects.filter(ended_at=None).exists()
    assert not RefundRequest.objects.filter(status=RefundRequest.Status.APPROVED).exists()
    theirs = at_stripe("subscription")
    assert dict(Subscription.objects.values_list("stripe_id", "status")) == {
        stripe_id: shape["status"] for stripe_id, shape in theirs.items()
    }
    assert dict(Invoice.objects.values_list("stripe_id", "status")) == {
        stripe_id: shape["status"] for stripe_id, shape in at_stripe("invoice").items()
    }
    assert dict(Dispute.objects.values_list("stripe_id", "status")) == {
        stripe_id: shape["status"] for stripe_id, shape in at_stripe("dispute").items()
    }
    assert dict(Refund.objects.values_list("stripe_id", "status")) == {
        stripe_id: shape["status"] for stripe_id, shape in at_stripe("refund").items()
    }
    booked = {row["id"]: row["net"] for row in at_stripe("balance_transaction").values()}
    assert dict(MoneyEntry.objects.values_list("stripe_id", "settled_net")) == booked
    for session in at_stripe("checkout.session").values():
        assert_order_follows(session)


def assert_order_follows(session: dict[str, Any]) -> None:
    """Who paid has it once or got the money back; who did not pay has nothing."""
    order = Order.objects.get(key=session["metadata"]["order"])
    if hasattr(order, "reservation"):
        assert_reservation_follows(order)
    elif session["status"] == "complete":
        assert order.status in ("fulfilled", "refunded") or order.note == Order.Note.BOUGHT_TWICE, (
            order
        )
    else:
        assert order.status in ("open", "expired")
    assert grants_of(order).count() == expected_open(order), order


def assert_reservation_follows(order: Order) -> None:
    """Charged once and open, or not charged at all: whoever gave it up above all."""
    charged = StripeObject.objects.filter(
        kind="charge", data__metadata__order=str(order.key), data__paid=True
    )
    if order.status in ("reserved", "expired"):
        assert not charged.exists(), order
    else:
        assert order.status in ("fulfilled", "refunded"), order
        assert charged.count() == 1, order


def test_every_schedule_ends_with_our_books_equal_to_stripes(shop):
    reached: Counter[str] = Counter()
    run_state_machine_as_test(
        schedules(shop, reached),
        settings=settings(
            max_examples=HOW_MANY or 10,
            stateful_step_count=10 if HOW_MANY else 8,
            deadline=None,
            phases=[Phase.generate, Phase.shrink] if HOW_MANY else [Phase.generate],
            derandomize=not HOW_MANY,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(", ".join(f"{what} {times}" for what, times in sorted(reached.items())))
    if HOW_MANY >= ENOUGH:
        assert set(reached) == set(WHAT_HAPPENS)
