"""Beginning to pay: an order of ours, then Stripe's own page."""

import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses.models import CoursePage, Grant
from payments import (
    beginning,
    bundles,
    entitlement,
    for_others,
    fulfilment,
    gateway,
    promotions,
    queries,
    reserving,
    stripe_catalogue,
)
from payments.models import Offer, Order, Price, PromotionCode, Subscription, Trial
from payments.promotions import Reduction

# Where Stripe's page sends the buyer; part of what an order's key stands for.
RETURN_PATH = "/payments/return/"
CANCEL_PATH = "/payments/cancelled/"
# How long a payment page may hold a use of a code that has only so many. Stripe wants 30 minutes
# from the moment it makes the page, which may be a little after the order was made.
HOLDS_FOR = timedelta(hours=1)
MADE_WITHIN = timedelta(minutes=20)
logger = logging.getLogger("payments")


class CannotStart(Exception):
    """No payment can be begun; `message` is for the buyer."""

    message = _("This cannot be bought now. Please try again later.")


class NotForSale(CannotStart):
    message = _("This is not for sale now.")


class PriceChanged(CannotStart):
    message = _("The price has changed. Please look at the new one first.")


class ContentsChanged(CannotStart):
    """`was`: the numbers of the courses that the buyer was shown."""

    message = _("What is in the bundle has changed. Please look at it first.")

    def __init__(self, was: Collection[int]) -> None:
        super().__init__(was)
        self.was = was


class AlreadyOwned(CannotStart):
    message = _("You have this already.")


class OtherCurrency(CannotStart):
    """Stripe bills one customer's subscriptions in one currency."""

    message = _(
        "Your subscription is in another currency. To have this one beside it, choose that "
        "currency at the foot of the page."
    )


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


@dataclass(frozen=True)
class _Seen:
    """What a buyer has seen and agrees to."""

    buyer: User
    price: Price
    attribution: Attribution
    trial_days: int
    reduction: Reduction | None
    inside: Collection[int] | None = None

    @property
    def promotion(self) -> PromotionCode | None:
        return self.reduction.promotion if self.reduction else None


def start(
    *,
    buyer: User,
    price: Price,
    promotion: PromotionCode | None = None,
    attribution: Attribution | None = None,
    wish: for_others.Wish | None = None,
    inside: Collection[int] | None = None,
    now: datetime,
) -> Started:
    """The order and the address of the page where it is paid. Raises CannotStart, CannotUse.

    A buyer has one open order per price: a second tab gets the first one's page. Begun again
    after any failure, nothing is charged twice. With a `wish` it is bought for others: what the
    buyer has is no hindrance, and each wish has an order of its own. `inside`: the courses of a
    bundle as the buyer was shown them.
    """
    check_for_sale(price, now=now)
    if price.is_free:
        raise NotForSale  # nothing is paid for it (payments.enrolment)
    if wish and (price.offer.bundle_id or beginning.is_planned(price.offer.sellable, now=now)):
        raise NotForSale  # a code opens one thing, and at once
    if wish is None and not may_buy(buyer, price.offer, now=now):
        raise AlreadyOwned
    if price.offer.is_recurring and _subscribes_otherwise(buyer, price.currency):
        raise OtherCurrency
    _check_contents(price, inside)
    try:
        gateway.ours()  # Stripe is asked for it once, outside every transaction
        led_by = attribution or Attribution()
        if wish is None:
            seen = replace(_seen(buyer, price, promotion, led_by, now=now), inside=inside)
            _close_others(seen, now=now)
            make = partial(_open_order, seen, now=now)
        else:
            if left := for_others.open_otherwise(buyer=buyer, price=price, wish=wish):
                _close(left, now=now)
            make = partial(
                for_others.order_of,
                buyer=buyer,
                price=price,
                wish=wish,
                from_page_id=led_by.page_id,
                from_block=led_by.block[:64],
                now=now,
            )
        order = make()
        if order.session_id:
            if url := _standing_page(order, now=now):
                return Started(order, url)
            order = make()
        return Started(order, _new_page(order, now=now))
    except for_others.OpenOtherwise as error:  # begun in another window just now
        raise StripeUnavailable from error
    except gateway.GatewayError as error:
        logger.warning("checkout could not be started: %s", type(error).__name__, exc_info=True)
        raise StripeUnavailable from error


def pay_refused(order: Order, *, now: datetime) -> Started:
    """The page where a reservation is paid whose card was refused. Raises CannotStart."""
    if not order.is_reserved or not order.reservation.refused_at:
        raise NotForSale
    before = str(order.session_id)
    try:
        order, session = fulfilment.examine(order, now=now)
        is_on_its_way = (
            session["mode"] == "payment"
            and session["status"] == "complete"
            and not fulfilment.has_failed(session)
        )
        if order.paid_at is not None or is_on_its_way:
            raise AlreadyPaid(order)
        if session["mode"] == "setup" or session["status"] != "open":
            # The same page for two taps, another one once it has closed.
            session = gateway.create_session(_session_params(order), key=f"pay-after-{before}")
    except gateway.GatewayError as error:
        logger.warning("checkout could not be started: %s", type(error).__name__, exc_info=True)
        raise StripeUnavailable from error
    Order.objects.filter(pk=order.pk, session_id=before).update(session_id=session["id"])
    return Started(order, str(session["url"]))


def may_buy(buyer: User, offer: Offer, *, now: datetime) -> bool:
    """Whether this person does not have it yet. A term may be prolonged in its last days."""
    if offer.course_id is not None:
        lasting = Grant.objects.filter(learner=buyer, course=offer.course).lasting(now)
        reserved = reserving.to_be_charged().filter(buyer=buyer, price__offer__course=offer.course)
        # Also what was bought in advance.
        return not lasting.exists() and not reserved.exists()
    if offer.bundle_id is not None:
        return not queries.ownership(buyer, offer.sellable, now=now)
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


def is_had(order: Order, *, now: datetime) -> bool:
    """Whether its buyer has otherwise what this unpaid order is for. Two queries or more."""
    offer, buyer = order.price.offer, order.buyer
    if order.is_for_others or order.waits_for_confirmation or may_buy(buyer, offer, now=now):
        return False
    return bool(queries.ownership(buyer, offer.sellable, now=now).direct)


def _subscribes_otherwise(buyer: User, currency: str) -> bool:
    live = Subscription.objects.filter(learner=buyer, status__in=Subscription.LIVE)
    return live.exclude(currency__in=[currency, ""]).exists()


def may_have_trial(buyer: User) -> bool:
    """A trial is once per learner. Raises GatewayError."""
    return not Trial.objects.filter(learner=buyer, **gateway.ours()).exists()


def _seen(
    buyer: User,
    price: Price,
    promotion: PromotionCode | None,
    attribution: Attribution,
    *,
    now: datetime,
) -> _Seen:
    trial_days = price.offer.trial_days if may_have_trial(buyer) else 0
    reduction = None
    if promotion and not reserving.reserves(price, now=now):
        # What a code is not for was shown at its full price.
        with suppress(promotions.NotForThis):
            reduction = promotions.reduce(
                promotion, price, trial_days=trial_days, buyer=buyer, now=now
            )
    return _Seen(buyer, price, attribution, trial_days, reduction)


def check_for_sale(price: Price, *, now: datetime) -> None:
    """Raises PriceChanged, NotForSale."""
    if not price.is_in_force(now):
        raise PriceChanged
    if not queries.prices_in_force(price.currency, now=now).filter(pk=price.pk).exists():
        raise NotForSale
    if beginning.is_planned(price.offer.sellable, now=now) and not price.offer.presale:
        raise NotForSale


def _check_contents(price: Price, shown: Collection[int] | None) -> list[CoursePage]:
    """The courses of a bundle now, if they are those that were shown. Raises ContentsChanged."""
    inside = price.offer.bundle.courses() if price.offer.bundle else []
    if shown is not None and set(shown) != {course.pk for course in inside}:
        raise ContentsChanged(shown)
    return inside


@transaction.atomic
def _open_order(seen: _Seen, *, now: datetime) -> Order:
    """The open order of this buyer at this price, made if there is none. Raises CannotUse."""
    ours = gateway.ours()
    buyer, price, reduction = seen.buyer, seen.price, seen.reduction
    User.objects.select_for_update(no_key=True).get(pk=buyer.pk)
    standing = Order.objects.filter(
        buyer=buyer, price=price, purpose=Order.Purpose.OWN, status=Order.Status.OPEN, **ours
    )
    order = standing.first()
    inside = _check_contents(price, seen.inside)
    if order and _is_what_is_wished(order, seen, now) and _holds(order, inside):
        return order
    standing.update(status=Order.Status.EXPIRED)
    order = Order.objects.create(
        buyer=buyer,
        price=price,
        amount=reduction.amount if reduction else price.amount,
        discount=reduction.discount if reduction else 0,
        promotion=seen.promotion,
        currency=price.currency,
        trial_days=seen.trial_days,
        language=buyer.language,
        from_page_id=seen.attribution.page_id,
        from_block=seen.attribution.block[:64],
        experiment=seen.attribution.experiment[:64],
        created_at=now,
        **ours,
    )
    if reduction:
        promotions.reserve(order=order, now=now)
    bundles.keep(order, inside)
    return order


def _is_what_is_wished(order: Order, seen: _Seen, now: datetime) -> bool:
    """Also: whether Stripe would still make its page, where it has none yet."""
    if (order.trial_days, order.promotion_id) != (
        seen.trial_days,
        seen.promotion.pk if seen.promotion else None,
    ):
        return False
    too_late = seen.promotion and now - order.created_at > MADE_WITHIN
    return bool(order.session_id) or not too_late


def _is_the_same(order: Order, seen: _Seen) -> bool:
    offer = seen.price.offer
    return (order.price_id, order.promotion_id, order.trial_days) == (
        seen.price.pk,
        seen.promotion.pk if seen.promotion else None,
        seen.trial_days,
    ) and _holds(order, offer.bundle.courses() if offer.bundle else [])


def _holds(order: Order, inside: list[CoursePage]) -> bool:
    """Whether these very courses are what it would open: shown = bought."""
    kept = set(order.contents.values_list("course_id", flat=True))
    return kept == {course.pk for course in inside}


def _standing_page(order: Order, *, now: datetime) -> str | None:
    """The page of a checkout that is open still; None where it has expired. Raises AlreadyPaid."""
    order, session = fulfilment.examine(order, now=now)
    if order.is_open:
        if session["status"] == "open":
            if (session["mode"] == "setup") == reserving.reserves(order.price, now=now):
                return str(session["url"])
            _close(order, now=now)  # the course's day came, or was put off
            return None
        raise AlreadyPaid(order)  # paid by a wallet; the money is on its way
    if order.paid_at is not None or order.is_reserved:
        raise AlreadyPaid(order)
    return None


def _close_others(seen: _Seen, *, now: datetime) -> None:
    """So that one thing is not paid at two prices, nor one code used for two things: what was
    begun otherwise is closed."""
    offer = seen.price.offer
    same_thing = Q(
        price__offer__course=offer.course,
        price__offer__bundle=offer.bundle,
        price__offer__membership=offer.membership,
    )
    same_code = Q(promotion=seen.promotion) if seen.promotion else Q(pk=None)
    others = Order.objects.filter(
        same_thing | same_code,
        buyer=seen.buyer,
        purpose=Order.Purpose.OWN,
        status=Order.Status.OPEN,
        **gateway.ours(),
    )
    for order in others:
        if not _is_the_same(order, seen):
            _close(order, now=now)


def _close(order: Order, *, now: datetime) -> None:
    """So that it can no longer be paid. Raises AlreadyPaid."""
    if order.session_id:
        with suppress(gateway.Refused):  # it is closed already: paid or expired
            gateway.expire_session(order.session_id)
        found = fulfilment.confirm(order, now=now)
        if found.paid_at is not None or found.is_reserved:
            raise AlreadyPaid(found)
    Order.objects.filter(pk=order.pk, status=Order.Status.OPEN).update(status=Order.Status.EXPIRED)


def _new_page(order: Order, *, now: datetime) -> str:
    if reserving.reserves(order.price, now=now):
        day = beginning.opens_at(order.price.offer.sellable, now=now)
        params, key = _setup_params(order, now=now), f"order-{order.key}-card-{day:%Y%m%d}"
    else:
        params, key = _session_params(order), f"order-{order.key}"
    session = gateway.create_session(params, key=key)
    if (
        session["mode"] != "setup"
        and session["amount_subtotal"] - session["total_details"]["amount_discount"] != order.amount
    ):
        gateway.expire_session(session["id"])
        logger.error("Stripe would charge another amount than was shown: %s", session["id"])
        raise StripeUnavailable
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
    metadata = {"order": str(order.key), **bundles.as_told(order)}
    if order.is_for_others:
        metadata |= {"purpose": order.purpose, "quantity": str(order.quantity)}
    params: gateway.Shape = {
        "line_items": [
            {
                "price": stripe_catalogue.price_at_stripe(order.price),
                "quantity": order.quantity,
            }
        ],
        **_buyer_params(order, metadata),
    }
    if order.promotion:
        code = stripe_catalogue.promotion_at_stripe(order.promotion)
        params["discounts"] = [{"promotion_code": code}]
        if order.promotion.max_uses is not None:
            params["expires_at"] = int((order.created_at + HOLDS_FOR).timestamp())
    if settings.STRIPE_TAX:
        params |= {
            "automatic_tax": {"enabled": True},
            "tax_id_collection": {"enabled": True},
            "customer_update": {"address": "auto", "name": "auto"},
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


def _buyer_params(order: Order, metadata: dict[str, str]) -> gateway.Shape:
    """Who it is, and the way back."""
    back = {"order": order.key.hex}
    return {
        "customer": stripe_catalogue.customer_of(order.buyer),
        "client_reference_id": str(order.key),
        "metadata": metadata,
        # Stripe replaces the placeholder; urlencode would spoil it.
        "success_url": _address(RETURN_PATH, back) + "&session={CHECKOUT_SESSION_ID}",
        "cancel_url": _address(CANCEL_PATH, back),
        "locale": "zh" if order.language.startswith("zh") else "en",
    }


def _setup_params(order: Order, *, now: datetime) -> gateway.Shape:
    """A card is kept, nothing is charged: Stripe's page says what will be, and when. The price goes
    along, as a restored database could not learn it otherwise."""
    metadata = {"order": str(order.key), "price": str(order.price.key)}
    return {
        "mode": "setup",
        "currency": order.currency.lower(),
        "allowed_payment_method_types": ["card"],
        "setup_intent_data": {"metadata": metadata},
        "custom_text": {"submit": {"message": reserving.words_at_stripe(order, now=now)}},
        **_buyer_params(order, metadata),
    }


def _address(path: str, query: dict[str, str]) -> str:
    return f"{settings.BASE_URL}{path}?{urlencode(query)}"
