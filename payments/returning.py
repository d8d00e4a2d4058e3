"""The buyer is back from Stripe's page: the same look at Stripe that a webhook leads to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import User
from payments import fulfilment, gateway
from payments.models import Order


@dataclass(frozen=True)
class Outcome:
    """`order` as it stands now; `certain` is false where Stripe could not be asked."""

    order: Order
    certain: bool = True

    @property
    def is_open(self) -> bool:
        """Not paid, or the money (a wallet's) is still on its way."""
        return self.order.status == Order.Status.OPEN

    @property
    def is_fulfilled(self) -> bool:
        return self.order.status == Order.Status.FULFILLED


def confirm(*, key: str, buyer: User, now: datetime) -> Outcome:
    """What became of the buyer's own order (its key as in the address).

    Raises Order.DoesNotExist for a wrong key and for other people's orders. Stripe being away is
    no error: the webhook or the sweep will bring the news.
    """
    try:
        number = UUID(key)
    except ValueError as error:
        raise Order.DoesNotExist from error
    order = Order.objects.select_related(
        "price__offer__course",
        "price__offer__bundle",
        "price__offer__membership",
        "subscription",
        "buyer",
    ).get(key=number, buyer=buyer)
    if order.session_id is None or order.fulfilled_at is not None:
        return Outcome(order)
    try:
        return Outcome(fulfilment.confirm(order, now=now))
    except gateway.GatewayError:
        order.refresh_from_db()
        return Outcome(order, certain=False)
