"""Orders that were made and paid after the backup from which the database was restored.

Stripe has kept what they were: whose (the customer names the account), for which of our prices,
under which key. So the same order is made anew, and goes the way of every other. Where its buyer
or price is not here, nothing is guessed: a person is told.
"""

import uuid
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.models import User
from payments import bundles, differences, gateway
from payments.mirror import Shape, id_of, moment
from payments.models import (
    Customer,
    Difference,
    Order,
    Price,
    PromotionCode,
    StripePrice,
    StripePromotion,
)


def order_of(session: Shape, *, now: datetime) -> Order | None:
    """The order of a completed session, made anew; None where it is here or cannot be made.
    Raises GatewayError."""
    key = _key_of(session)
    if key is None or Order.objects.filter(key=key).exists():
        return None
    price = _price_of(session)
    if price is None:
        return None  # none of our prices: another site's, of the same account
    buyer = _buyer_of(session)
    if buyer is None:
        differences.found(
            kind="session",
            object_id=session["id"],
            what="the buyer is not here",
            ours={},
            theirs={"customer": id_of(session.get("customer"))},
            now=now,
        )
        return None
    differences.ended(
        kind="session", object_id=session["id"], ending=Difference.Ending.MENDED, now=now
    )
    trial_days = price.offer.trial_days if _has_trial(session) else 0
    return _make(key, session, buyer=buyer, price=price, trial_days=trial_days)


def _for_whom(session: Shape) -> dict[str, Any]:
    """What a gift or seats were bought as; its words are gone with the database."""
    told = session.get("metadata") or {}
    quantity = str(told.get("quantity", ""))
    if told.get("purpose") not in Order.Purpose.values or not quantity.isdigit():
        return {}
    return {"purpose": told["purpose"], "quantity": int(quantity)}


def _key_of(session: Shape) -> uuid.UUID | None:
    try:
        return uuid.UUID((session.get("metadata") or {})["order"])
    except (KeyError, ValueError, TypeError):
        return None


def _price_of(session: Shape) -> Price | None:
    if session["mode"] == "setup":  # it has no lines; our own words name the price
        return _named(session)
    theirs = gateway.price_of_session(session["id"])
    known = StripePrice.objects.filter(stripe_id=theirs.get("id"), **gateway.ours()).first()
    if known:
        return known.price
    return _named(theirs)


def _named(shape: Shape) -> Price | None:
    try:
        key = uuid.UUID((shape.get("metadata") or {})["price"])
    except (KeyError, ValueError, TypeError):
        return None
    return Price.objects.filter(key=key).first()


def _buyer_of(session: Shape) -> User | None:
    """Whom the customer at Stripe is. A number alone does not say: after a restore it may be
    somebody else's. Who signed up after the backup is known by their address, once it is theirs
    again."""
    customer_id = id_of(session.get("customer"))
    known = Customer.objects.filter(stripe_id=customer_id, **gateway.ours()).first()
    if known:
        return None if known.user.is_deleted else known.user
    try:
        customer = gateway.retrieve_customer(customer_id)
    except gateway.NotFound:
        return None
    told = customer.get("metadata") or {}
    number = str(told.get("user", ""))
    found = User.objects.filter(pk=number, deletion=None).first() if number.isdigit() else None
    if found is None or found.date_joined.isoformat() != told.get("joined"):
        verified = EmailAddress.objects.filter(email=customer.get("email") or "", verified=True)
        address = verified.select_related("user").first()
        found = address.user if address else None
    return found


def _has_trial(session: Shape) -> bool:
    subscription = id_of(session.get("subscription"))
    return bool(subscription and gateway.retrieve_subscription(subscription).get("trial_end"))


def _promotion_of(session: Shape) -> PromotionCode | None:
    """The code it was bought with. Where it is not here, the other amount is told to a person."""
    named = [id_of(each.get("promotion_code")) for each in session.get("discounts") or []]
    known = StripePromotion.objects.filter(stripe_id__in=named, **gateway.ours())
    found = known.select_related("promotion").first()
    return found.promotion if found else None


@transaction.atomic
def _make(key: uuid.UUID, session: Shape, *, buyer: User, price: Price, trial_days: int) -> Order:
    Customer.objects.get_or_create(
        user=buyer, **gateway.ours(), defaults={"stripe_id": id_of(session["customer"])}
    )
    for_whom = _for_whom(session)
    promotion = _promotion_of(session)
    discount = session["total_details"]["amount_discount"] if promotion else 0
    order = Order.objects.create(
        key=key,
        buyer=buyer,
        price=price,
        amount=price.amount * for_whom.get("quantity", 1) - discount,
        discount=discount,
        promotion=promotion,
        **for_whom,
        currency=price.currency,
        trial_days=trial_days,
        language=buyer.language,
        # Another one may be open at this price; what is paid is opened nevertheless.
        status=Order.Status.EXPIRED,
        session_id=session["id"],
        created_at=moment(session["created"]),
        **gateway.ours(),
    )
    if price.offer.bundle:
        bundles.keep(order, bundles.told(session["metadata"], price.offer.bundle))
    return order
