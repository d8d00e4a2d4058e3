"""What follows from a payment: access, the books, a mail. Once, whoever brings the news.

Webhook, return page and sweep all come here. Facts are fetched first, with no lock held; then one
transaction does everything that follows from them, or nothing.
"""

from datetime import datetime

from django.db import transaction

from payments import (
    books,
    differences,
    entitlement,
    gateway,
    gifts,
    letters,
    periods,
    presale,
    promotions,
    refund_requests,
    reserving,
    seats,
    subscriptions,
)
from payments.mirror import Shape, id_of, moment, paid_with
from payments.models import Offer, Order

# The second: a code brought the price to nothing, and there is no payment.
PAID = ("paid", "no_payment_required")
UNPAID = (
    Order.Status.OPEN,
    Order.Status.RESERVED,
    Order.Status.EXPIRED,
    Order.Status.FAILED,
)


def confirm(order: Order, *, now: datetime) -> Order:
    """Look at Stripe how the order stands, and do what follows. Raises GatewayError."""
    return examine(order, now=now)[0]


def examine(order: Order, *, now: datetime) -> tuple[Order, Shape]:
    """The same, giving the Checkout session too."""
    session = gateway.retrieve_session(str(order.session_id))
    apply_session(session, now=now)
    order.refresh_from_db()
    return order, session


def apply_session(session: Shape, *, now: datetime) -> None:
    """Do what follows from a fetched Checkout session; nothing if it is none of ours."""
    order = _order_of(session)
    if order is None:
        return
    if session["status"] == "expired":
        Order.objects.filter(pk=order.pk, status=Order.Status.OPEN).update(
            status=Order.Status.EXPIRED
        )
    elif session["status"] == "complete" and session["mode"] == "setup":
        reserving.keep(order_id=order.pk, session=session, now=now)
    elif session["status"] == "complete" and session["mode"] == "subscription":
        _keep_session(order, session)
        subscriptions.refresh(id_of(session["subscription"]), now=now)
    elif session["status"] == "complete" and session["payment_status"] in PAID:
        fulfil(order_id=order.pk, session=session, now=now)
    elif session["status"] == "complete" and has_failed(session):
        _fail(order, session, now=now)
    elif session["status"] == "complete":
        Order.objects.filter(pk=order.pk).update(is_confirming=True)


def apply_payment(payment: Shape, *, now: datetime) -> None:
    """The same from a fetched payment behind which no Checkout session stands: a card that was
    kept and charged on its day."""
    order = _order_of(payment)
    if order is None or payment["status"] != "succeeded":
        return
    told = {
        "id": order.session_id,
        "payment_intent": payment,
        "amount_total": payment["amount"],
        "currency": payment["currency"],
        "total_details": {"amount_tax": 0},
        "automatic_tax": {"enabled": False},
    }
    fulfil(order_id=order.pk, session=told, now=now)


def confirm_payment(payment_intent_id: str, *, now: datetime) -> None:
    """Look at Stripe at a payment, or the Checkout session behind it. Raises GatewayError."""
    sessions = gateway.find_sessions(payment_intent_id=payment_intent_id)
    for session in sessions:
        apply_session(gateway.retrieve_session(session["id"]), now=now)
    if not sessions:
        apply_payment(gateway.retrieve_payment_intent(payment_intent_id), now=now)


def _order_of(shape: Shape) -> Order | None:
    key = (shape.get("metadata") or {}).get("order")
    return Order.objects.filter(key=key, **gateway.ours()).first() if key else None


@transaction.atomic
def fulfil(*, order_id: int, session: Shape, now: datetime) -> None:
    """Enter the payment of an order that is paid once, and open what was bought."""
    order = entitlement.lock(order_id)
    payment = session["payment_intent"]
    if payment:
        books.record_charge(payment["latest_charge"], order=order, now=now)
        order.method, order.card = paid_with(payment["latest_charge"])
        order.save(update_fields=["method", "card"])
    if order.status not in UNPAID:
        return
    order.session_id = session["id"]
    order.paid_at = now
    if payment:
        order.payment_intent_id = payment["id"]
        order.charge_id = id_of(payment["latest_charge"])
        # Stripe's clock may be a little ahead of ours: what is paid is open at once.
        order.paid_at = min(moment(payment["latest_charge"]["created"]) or now, now)
    order.status = Order.Status.PAID
    _keep_tax(order, session)
    if not _is_as_shown(order, session, now=now):
        order.status, order.note = Order.Status.PARKED, Order.Note.OTHER_AMOUNT
    elif not promotions.keep(order, now=now):
        order.status, order.note = Order.Status.PARKED, Order.Note.CODE_USED_UP
    elif entitlement.given_back(order):
        order.status = Order.Status.REFUNDED  # given back before the news of the payment came
    elif entitlement.is_ownerless(order):
        order.note = Order.Note.ACCOUNT_DELETED
        _give_back(order, now=now)
    elif entitlement.has_already(order):
        order.note = Order.Note.BOUGHT_TWICE
        _give_back(order, now=now)
    elif presale.end_of(order):
        order.note = Order.Note.GIVEN_UP
        _give_back(order, now=now)
    else:
        _open(order, now=now)
    order.save()
    entitlement.settle(order, now=now)


def _give_back(order: Order, *, now: datetime) -> None:
    if order.amount:
        refund_requests.give_back(order, now=now)
    else:
        order.status = Order.Status.REFUNDED  # nothing was charged
        letters.went_back(order, now=now)


def _open(order: Order, *, now: datetime) -> None:
    offer = order.price.offer
    order.status = Order.Status.FULFILLED
    order.fulfilled_at = now
    order.starts_at = order.paid_at
    if order.purpose == Order.Purpose.GIFT:
        gifts.bought(order, now=now)
        return
    if order.purpose == Order.Purpose.SEATS:
        seats.bought(order, now=now)
        return
    if offer.kind == Offer.Kind.TERM:
        assert order.paid_at is not None  # noqa: S101 — it was paid
        standing = entitlement.end_of_standing_term(order.buyer, offer, at=order.paid_at)
        order.starts_at = standing or order.paid_at
        order.ends_at = periods.add_months(order.starts_at, offer.term_months or 0)
    presale.begin_waiting(order, now=now)
    letters.order_paid(order, now=now)


def _is_as_shown(order: Order, session: Shape, *, now: datetime) -> bool:
    """Charged = shown; else it is written down for a person to look at."""
    charged = (session["amount_total"], session["currency"].upper())
    payment = session["payment_intent"]
    received = (payment["amount_received"], payment["currency"].upper()) if payment else charged
    shown = (order.amount, order.currency)
    if charged == received == shown:
        return True
    differences.found(
        kind="order",
        object_id=str(order.key),
        what="amount",
        ours=dict(zip(("amount", "currency"), shown, strict=True)),
        theirs=dict(zip(("amount", "currency"), received, strict=True)),
        now=now,
    )
    return False


def _keep_tax(order: Order, session: Shape) -> None:
    """What of it is tax, by which country, for whose tax number."""
    order.tax = session["total_details"]["amount_tax"]
    told = session.get("customer_details") or {}
    if order.tax or session["automatic_tax"]["enabled"]:
        order.tax_country = (told.get("address") or {}).get("country") or ""
    order.tax_number = next((each["value"] for each in told.get("tax_ids") or []), "")[:60]


def has_failed(session: Shape) -> bool:
    """A wallet or a bank said no after Checkout was done."""
    payment = session.get("payment_intent")
    return isinstance(payment, dict) and payment["status"] in (
        "requires_payment_method",
        "canceled",
    )


@transaction.atomic
def _fail(order: Order, session: Shape, *, now: datetime) -> None:
    """The wallet or the bank said no after all; what was reserved can be paid again."""
    order = entitlement.lock(order.pk)
    if order.is_open:
        order.status = Order.Status.FAILED
    elif not order.is_reserved or order.session_id != session["id"]:
        return
    order.is_confirming = False
    order.save(update_fields=["status", "is_confirming"])
    letters.order_refused(order, payment=id_of(session["payment_intent"]), now=now)


def _keep_session(order: Order, session: Shape) -> None:
    Order.objects.filter(pk=order.pk, session_id=None).update(session_id=session["id"])
