"""Beginning to pay: an order of ours, then Stripe's own page."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses.models import Grant
from payments import (
    beginning,
    entitlement,
    for_others,
    fulfilment,
    gateway,
    queries,
    stripe_catalogue,
)
from payments.models import Offer, Order, Price, Subscription, Trial

# Where Stripe's page sends the buyer; part of what an order's key stands for.
RETURN_PATH = "/payments/return/"
CANCEL_PATH = "/payments/cancelled/"
logger = logging.getLogger("payments")


class CannotStart(Exception):
    """No payment can be begun; `message` is for the buyer."""

    message = _("This cannot be bought now. Please try again later.")


class NotForSale(CannotStart):
    message = _("This is not for sale now.")


class PriceChanged(CannotStart):
    message = _("The price has changed. Please look at the new one first.")


class AlreadyOwned(CannotStart):
    message = _("You have this already.")


class AlreadyPaid(CannotStart):
    """The order was paid in another tab: `order` is what the buyer should see."""

    message = _("You have paid for this already.")

    def __init__(self, order: Order) -> None:
        super().__init__(order)
        self.order = order


class StripeUnavailable(CannotStart):
    message = _(
        "The payment page cannot be reached now. Nothing was charged. Please try again in a moment."
    )


@dataclass(frozen=True)
class Attribution:
    """What led to the purchase: the page and block it was begun from, the experiment in force."""

    page_id: int | None = None
    block: str = ""
    experiment: str = ""


@dataclass(frozen=True)
class Started:
    order: Order
    url: str


def start(
    *,
    buyer: User,
    price: Price,
    attribution: Attribution | None = None,
    wish: for_others.Wish | None = None,
    now: datetime,
) -> Started:
    """The order and the address of the page where it is paid. Raises CannotStart.

    A buyer has one open order per price: a second tab gets the first one's page. Begun again
    after any failure, nothing is charged twice. With a `wish` it is bought for others: what the
    buyer has is no hindrance, and each wish has an order of its own.
    """
    _check_for_sale(price, now)
    if wish is None and not may_buy(buyer, price.offer, now=now):
        raise AlreadyOwned
    try:
        gateway.ours()  # Stripe is asked for it once, outside every transaction
        if wish is None:
            _close_others(buyer, price, now=now)
        order = _open_order(buyer, price, attribution or Attribution(), wish, now=now)
        if order.session_id:
            if url := _standing_page(order, now=now):
                return Started(order, url)
            order = _open_order(buyer, price, attribution or Attribution(), wish, now=now)
        return Started(order, _new_page(order, now=now))
    except gateway.GatewayError as error:
        logger.warning("checkout could not be started: %s", type(error).__name__, exc_info=True)
        raise StripeUnavailable from error


def may_buy(buyer: User, offer: Offer, *, now: datetime) -> bool:
    """Whether this person does not have it yet. A term may be prolonged in its last days."""
    if offer.course_id is not None:
        return not queries.ownership(buyer, offer.sellable, now=now).direct
    if Subscription.objects.filter(
        learner=buyer, offer__membership=offer.membership, status__in=Subscription.LIVE
    ).exists():
        return False  # also where a renewal has failed: it may come yet
    standing = Grant.objects.filter(learner=buyer, membership=offer.membership).lasting(now)
    ends = [grant.ends_at for grant in standing]
    return not ends or (
        offer.kind == Offer.Kind.TERM
        and all(end and end - now <= entitlement.EXTENDABLE_WITHIN for end in ends)
    )


def may_have_trial(buyer: User) -> bool:
    """A trial is once per learner. Raises GatewayError."""
    return not Trial.objects.filter(learner=buyer, **gateway.ours()).exists()


def _check_for_sale(price: Price, now: datetime) -> None:
    if not price.is_active:
        raise PriceChanged
    if not queries.prices_in_force(price.currency).filter(pk=price.pk).exists():
        raise NotForSale
    if beginning.is_planned(price.offer.sellable, now=now):
        raise NotForSale


@transaction.atomic
def _open_order(
    buyer: User,
    price: Price,
    attribution: Attribution,
    wish: for_others.Wish | None,
    *,
    now: datetime,
) -> Order:
    """The open order of this buyer at this price, made if there is none."""
    if wish is not None:
        return for_others.order_of(
            buyer=buyer,
            price=price,
            wish=wish,
            from_page_id=attribution.page_id,
            from_block=attribution.block[:64],
            now=now,
        )
    ours = gateway.ours()
    User.objects.select_for_update(no_key=True).get(pk=buyer.pk)
    trial_days = price.offer.trial_days if may_have_trial(buyer) else 0
    standing = Order.objects.filter(
        buyer=buyer, price=price, purpose=Order.Purpose.OWN, status=Order.Status.OPEN, **ours
    )
    order = standing.first()
    if order and order.trial_days == trial_days:
        return order
    standing.update(status=Order.Status.EXPIRED)
    return Order.objects.create(
        buyer=buyer,
        price=price,
        amount=price.amount,
        currency=price.currency,
        trial_days=trial_days,
        language=buyer.language,
        from_page_id=attribution.page_id,
        from_block=attribution.block[:64],
        experiment=attribution.experiment[:64],
        created_at=now,
        **ours,
    )


def _standing_page(order: Order, *, now: datetime) -> str | None:
    """The page of a checkout that is open still; None where it has expired. Raises AlreadyPaid."""
    order, session = fulfilment.examine(order, now=now)
    if order.is_open:
        if session["status"] == "open":
            return str(session["url"])
        raise AlreadyPaid(order)  # paid by a wallet; the money is on its way
    if order.paid_at is not None:
        raise AlreadyPaid(order)
    return None


def _close_others(buyer: User, price: Price, *, now: datetime) -> None:
    """So that one thing is not paid at two prices: what was begun at another one is closed."""
    offer = price.offer
    others = Order.objects.filter(
        buyer=buyer,
        purpose=Order.Purpose.OWN,
        status=Order.Status.OPEN,
        price__offer__course=offer.course,
        price__offer__membership=offer.membership,
        **gateway.ours(),
    ).exclude(price=price)
    for order in others:
        if order.session_id:
            with suppress(gateway.Refused):  # it is closed already: paid or expired
                gateway.expire_session(order.session_id)
            if fulfilment.confirm(order, now=now).paid_at is not None:
                raise AlreadyPaid(order)
        Order.objects.filter(pk=order.pk, status=Order.Status.OPEN).update(
            status=Order.Status.EXPIRED
        )


def _new_page(order: Order, *, now: datetime) -> str:
    session = gateway.create_session(_session_params(order), key=f"order-{order.key}")
    kept = Order.objects.filter(pk=order.pk, status=Order.Status.OPEN)
    if not kept.update(session_id=session["id"]):
        # Closed in another tab meanwhile: that tab's page is the one to pay on.
        Order.objects.filter(pk=order.pk).update(session_id=session["id"])
        gateway.expire_session(session["id"])
        raise StripeUnavailable
    order.session_id = session["id"]
    return str(session["url"])


def _session_params(order: Order) -> gateway.Shape:
    """The same for the same order, whenever it is asked: its key stands for exactly this."""
    offer = order.price.offer
    metadata = {"order": str(order.key)}
    if order.is_for_others:
        metadata |= {"purpose": order.purpose, "quantity": str(order.quantity)}
    back = {"order": order.key.hex}
    params: gateway.Shape = {
        "line_items": [
            {
                "price": stripe_catalogue.price_at_stripe(order.price),
                "quantity": order.quantity,
            }
        ],
        "customer": stripe_catalogue.customer_of(order.buyer),
        "client_reference_id": str(order.key),
        "metadata": metadata,
        # Stripe replaces the placeholder; urlencode would spoil it.
        "success_url": _address(RETURN_PATH, back) + "&session={CHECKOUT_SESSION_ID}",
        "cancel_url": _address(CANCEL_PATH, back),
        "locale": "zh" if order.language.startswith("zh") else "en",
    }
    if offer.is_recurring:
        subscription: gateway.Shape = {"metadata": metadata}
        if order.trial_days:
            subscription["trial_period_days"] = order.trial_days
        return params | {
            "mode": "subscription",
            "allowed_payment_method_types": ["card"],
            "payment_method_collection": "always",
            "subscription_data": subscription,
        }
    methods = settings.STRIPE_PAYMENT_METHODS
    wechat = {"payment_method_options": {"wechat_pay": {"client": "web"}}}
    return (
        params
        | {
            "mode": "payment",
            "payment_intent_data": {"metadata": metadata},
            # What is charged is what was shown, in that very currency.
            "adaptive_pricing": {"enabled": False},
        }
        | ({"allowed_payment_method_types": methods} if methods else {})
        | (wechat if "wechat_pay" in methods else {})
    )


def _address(path: str, query: dict[str, str]) -> str:
    return f"{settings.BASE_URL}{path}?{urlencode(query)}"
