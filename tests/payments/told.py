"""A Stripe of shapes: it tells what a test has written down, and remembers what it was asked."""

from collections.abc import Callable
from typing import Any

import pytest

from payments import gateway
from payments.models import Order, PlanChange, Price, StripePrice, Subscription
from tests.payments.factories import ACCOUNT, NOW, OrderFactory, SubscriptionFactory

ASKED = (
    "update_subscription",
    "preview_invoice",
    "create_schedule",
    "update_schedule",
    "release_schedule",
    "void_invoice",
    "charge_kept_card",
    "payments_of",
)
TOLD = ("retrieve_subscription", "retrieve_invoice", "retrieve_payment_intent")


class Stripe:
    """`answers` by the name of the call: a shape, an error, a function, or a list of them for one
    call after the other. `asked` is what was wanted of it; looking is not written down."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        gateway.ours()  # asked once, outside every transaction
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[Any, ...]] = []
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.looked_at: list[str] = []
        for name in (*ASKED, *TOLD):
            patch.setattr(gateway, name, self._door(name))

    def _door(self, name: str) -> Callable[..., Any]:
        def ask(*args: Any, **options: Any) -> Any:
            if name in ASKED:
                self.asked.append((name, *args, *options.values()))
            answer = self.answers.get(name, {})
            if name == "retrieve_subscription":
                self.looked_at.append(args[0])
                answer = self.answers.get(name) or self.subscriptions[args[0]]
            if isinstance(answer, list):
                answer = answer.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer(*args) if callable(answer) else answer

        return ask

    def runs(self, price: Price, **fields: Any) -> Subscription:
        """A subscription at this price, its order, and what Stripe tells of it."""
        fields = dict[str, Any](amount=price.amount, currency=price.currency) | fields
        shape: dict[str, Any] = fields.pop("shape", {})
        row: Subscription = SubscriptionFactory(offer=price.offer, **fields)
        order: Order = OrderFactory(
            fulfilled=True, price=price, buyer=row.learner, subscription=row, starts_at=NOW
        )
        row.object = {
            "id": row.stripe_id,
            "object": "subscription",
            "status": row.status,
            "customer": "cus_1",
            "items": {"data": [self.item(row, price)]},
            "start_date": seconds(row.started_at),
            "cancel_at_period_end": row.cancel_at_period_end,
            "cancel_at": row.cancel_at and seconds(row.cancel_at),
            "pause_collection": {"resumes_at": None} if row.collection_paused else None,
            "schedule": None,
            "trial_end": None,
            "discounts": [],
            "latest_invoice": None,
            "metadata": {"order": str(order.key)},
            **shape,
        }
        row.save()
        self.subscriptions[row.stripe_id] = dict(row.object)
        return row

    def item(self, row: Subscription, price: Price) -> dict[str, Any]:
        return {
            "id": f"si_{row.pk}",
            "quantity": 1,
            "price": {
                "id": at_stripe(price),
                "unit_amount": price.amount,
                "currency": price.currency.lower(),
                "product": "prod_1",
            },
            "current_period_start": seconds(row.period_start),
            "current_period_end": seconds(row.period_end),
        }

    def goes_over(self, row: Subscription, price: Price, **shape: Any) -> None:
        """From now on it tells of this price."""
        items = {"items": {"data": [self.item(row, price)]}}
        self.subscriptions[row.stripe_id] |= items | shape


def seconds(moment: Any) -> int:
    return int(moment.timestamp())


def at_stripe(price: Price) -> str:
    """Stripe's id of a price, known here."""
    row, _ = StripePrice.objects.get_or_create(
        price=price, account=ACCOUNT, defaults={"stripe_id": f"price_{price.pk}"}
    )
    return row.stripe_id


def change_of(row: Subscription, price: Price, **fields: Any) -> PlanChange:
    """A change that was confirmed at NOW: with the next period, unless it says otherwise."""
    if fields.get("at_period_end", True):
        fields = {"at_period_end": True, "effective_at": row.period_end, "planned_at": NOW} | fields
    else:
        fields = {"prorated_at": NOW, "effective_at": NOW} | fields
    if fields.get("status", "open") != "open":
        fields = {"ended_at": NOW} | fields
    return PlanChange.objects.create(
        subscription=row,
        price=price,
        **{"from_offer": row.offer, "from_amount": row.amount, "created_at": NOW} | fields,
    )
