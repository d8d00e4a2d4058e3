"""What renews itself: fetched with its bill, and everything that follows from both at once."""

import calendar
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from courses import grants
from courses.models import Grant
from operations.jobs import job
from payments import (
    books,
    differences,
    entitlement,
    gateway,
    letters,
    mirror,
    plan_changes,
    promotions,
    rates,
    refund_requests,
    reminders,
    subscription_access,
)
from payments.mirror import Shape, id_of, moment
from payments.models import Invoice, Offer, Order, StripePrice, Subscription, Trial

logger = logging.getLogger("payments")


@dataclass(frozen=True)
class Bill:
    """A fetched invoice, with the payment that paid it."""

    shape: Shape
    ticket: int
    payment: Shape | None


def refresh(subscription_id: str, *, bill: Bill | None = None, now: datetime) -> None:
    """Fetch a subscription and its latest bill; do what follows. Raises GatewayError.

    `bill` is one that was fetched just now: it is not fetched again if it is the latest.
    """
    ticket = mirror.take_ticket(Subscription, subscription_id)
    shape = gateway.retrieve_subscription(subscription_id)
    latest = id_of(shape.get("latest_invoice"))
    bills = [bill] if bill else []
    if latest and not (bill and bill.shape["id"] == latest):
        bills.append(_fetch_bill(latest))
    _apply(shape, ticket, bills, now=now)


def refresh_invoice(invoice_id: str, *, now: datetime) -> None:
    """Fetch a bill and the subscription it is of; do what follows. Raises GatewayError."""
    bill = _fetch_bill(invoice_id)
    details = (bill.shape.get("parent") or {}).get("subscription_details") or {}
    if details.get("subscription"):  # else it is of no subscription: none of ours
        refresh(id_of(details["subscription"]), bill=bill, now=now)


def settle(subscription: Subscription, *, now: datetime) -> None:
    """Declare the access that follows from a subscription. In a transaction, the buyer locked."""
    order: Order | None = getattr(subscription, "order", None)
    if order is None:
        return  # made at Stripe by hand: shown to staff, opens nothing
    if order.fulfilled_at is None and not order.note:
        _begin(order, subscription, now=now)
    given_back_at = _given_back(subscription)
    withdrawn_at = given_back_at or _disputed(subscription)
    if given_back_at and order.status in entitlement.PAID and order.paid_at:
        order.status = Order.Status.REFUNDED
        order.save(update_fields=["status"])
    elif order.status == Order.Status.REFUNDED and order.fulfilled_at and not given_back_at:
        order.status = Order.Status.FULFILLED  # a refund failed at the bank
        order.save(update_fields=["status"])
    if order.fulfilled_at is None or order.starts_at is None:
        return
    opens = (subscription.offer or order.price.offer).sellable
    standing = Grant.objects.filter(
        source_kind=Grant.Source.SUBSCRIPTION,
        source_id=subscription.source_id,
        membership=opens.pk,
    ).first()
    until = subscription_access.until(
        subscription, standing=standing.ends_at if standing else None, now=now
    )
    if not until.known:
        _alert(subscription, now=now)
    if until.ends_at is None:
        return
    grants.sync(
        learner=order.buyer,
        source_kind=Grant.Source.SUBSCRIPTION,
        source_id=subscription.source_id,
        covers=[opens],
        starts_at=order.starts_at,
        ends_at=max(order.starts_at, until.ends_at),
        withdrawn_at=withdrawn_at,
        now=now,
        reason=_reason(subscription, given_back_at, withdrawn_at),
    )
    if subscription.status in ("canceled", "unpaid") and not withdrawn_at:
        letters.membership_ended(subscription, ended_at=until.ends_at, now=now)
    if subscription.status == "past_due" and not withdrawn_at:
        reminders.remind_of_failure(subscription, now=now)


def _reason(
    subscription: Subscription, given_back_at: datetime | None, withdrawn_at: datetime | None
) -> str:
    """Why its access is as it is, for the log of changes."""
    if withdrawn_at is None:
        return subscription.status
    return entitlement.GIVEN_BACK if given_back_at else entitlement.DISPUTED


def portal_url(subscription: Subscription, *, back: str) -> str:
    """Stripe's own page to change the card, see receipts, cancel. Raises GatewayError."""
    params = {"customer": subscription.customer_id, "return_url": back}
    return str(gateway.create_portal_session(params)["url"])


@job
def look_again(subscription: str) -> None:
    """After an answer that was lost."""
    from operations import clock

    refresh(subscription, now=clock.now())


@job
def void_open_bills(subscription: str) -> None:
    """What has ended cannot be paid any more: it would open nothing."""
    from operations import clock

    for bill in Invoice.objects.filter(subscription__stripe_id=subscription, status="open"):
        try:
            gateway.void_invoice(bill.stripe_id)
        except gateway.Refused:
            continue  # being paid just now, or not open any more: its own news says so
        refresh_invoice(bill.stripe_id, now=clock.now())


@job
def end_at_once(subscription: str) -> None:
    """End a subscription that should not have begun."""
    from operations import clock

    with suppress(gateway.Refused):  # it has ended already
        gateway.cancel_subscription(subscription)
    refresh(subscription, now=clock.now())


def _fetch_bill(invoice_id: str) -> Bill:
    ticket = mirror.take_ticket(Invoice, invoice_id)
    shape = gateway.retrieve_invoice(invoice_id)
    payment_id = _payment_of(shape)
    payment = gateway.retrieve_payment_intent(payment_id) if payment_id else None
    return Bill(shape, ticket, payment)


def _payment_of(invoice: Shape) -> str:
    """The payment intent that paid an invoice, or would."""
    payments = (invoice.get("payments") or {}).get("data", [])
    paid = [each for each in payments if each["status"] == "paid"] or payments
    return id_of(paid[0]["payment"].get("payment_intent")) if paid else ""


@transaction.atomic
def _apply(shape: Shape, ticket: int, bills: list[Bill], *, now: datetime) -> None:
    key = (shape.get("metadata") or {}).get("order")
    order = Order.objects.filter(key=key, **gateway.ours()).first() if key else None
    if order:
        order = entitlement.lock(order.pk)
    row = mirror.claim(Subscription, shape, ticket=ticket, now=now)
    if row is not None:
        was_live, ended_by_itself = row.is_live, row.ends_by_itself
        _write(row, shape, order)
        # Here, or on a page of Stripe's, or though Stripe's answer to it was lost.
        if was_live and not ended_by_itself and row.ends_by_itself:
            letters.cancelled(row, now=now)
        if ended_by_itself and row.is_live and not row.ends_by_itself:
            row.cancellations.filter(resumed_at=None).update(resumed_at=now)
            letters.resumed(row, now=now)
        _observe_pause(row, now=now)
    else:
        row = Subscription.objects.get(stripe_id=shape["id"], **gateway.ours())
    if order:
        is_known = order.subscription_id is not None
        row.order = order  # and order.subscription
        if not is_known:
            order.save(update_fields=["subscription"])
    for bill in bills:
        _apply_bill(bill, row, now=now)
    plan_changes.observe(row, now=now)
    settle(row, now=now)
    if row.status == "canceled" and row.invoices.filter(status="open").exists():
        void_open_bills.enqueue(subscription=row.stripe_id)


def _write(row: Subscription, shape: Shape, order: Order | None) -> None:
    item = shape["items"]["data"][0]
    row.status = shape["status"]
    row.customer_id = id_of(shape["customer"])
    row.amount = (item["price"]["unit_amount"] or 0) * (item.get("quantity") or 1)
    row.currency = item["price"]["currency"].upper()
    row.started_at = moment(shape["start_date"])
    row.period_start = moment(item["current_period_start"])
    row.period_end = moment(item["current_period_end"])
    row.cancel_at_period_end = bool(shape["cancel_at_period_end"])
    row.cancel_at = moment(shape.get("cancel_at"))
    row.collection_paused = shape.get("pause_collection") is not None
    row.ended_at = moment(shape.get("ended_at"))
    row.past_due_since = _failing_since(row, shape)
    row.card, row.card_expires_on = _card(shape)
    if order:
        row.learner, row.offer = order.buyer, _offer_at(item["price"]["id"], order)
    row.save()


def _observe_pause(row: Subscription, *, now: datetime) -> None:
    """The pause that stands is made, or was ended."""
    pause = row.pauses.filter(resumed_at=None).first()
    if pause and row.collection_paused:
        if pause.seen_at is None:
            row.pauses.filter(pk=pause.pk).update(seen_at=now)
        letters.paused(pause, now=now)
    elif pause and pause.seen_at and not row.period_is_unpaid:
        row.pauses.filter(pk=pause.pk).update(resumed_at=now)


def _offer_at(price_id: str, order: Order) -> Offer:
    """What it is for now: another offer than was ordered, where it went over to that."""
    known = StripePrice.objects.filter(stripe_id=price_id, **gateway.ours())
    found = known.select_related("price__offer__membership").first()
    return found.price.offer if found else order.price.offer


def _card(shape: Shape) -> tuple[str, date | None]:
    """The card that will be charged, as people name it, and its last day."""
    customer = shape["customer"] if isinstance(shape["customer"], dict) else {}
    method = shape.get("default_payment_method") or (customer.get("invoice_settings") or {}).get(
        "default_payment_method"
    )
    card = method.get("card") if isinstance(method, dict) else None
    if not card:
        return "", None
    year, month = card["exp_year"], card["exp_month"]
    last = calendar.monthrange(year, month)[1]
    return mirror.card_name(card), date(year, month, last)


def _failing_since(row: Subscription, shape: Shape) -> datetime | None:
    """When the unpaid bill fell due. Kept after the end, so that it still says why."""
    if shape["status"] in ("trialing", "active"):
        return None
    bill = shape.get("latest_invoice")
    if shape["status"] != "past_due" or not isinstance(bill, dict) or bill["status"] == "draft":
        return row.past_due_since
    transitions = bill.get("status_transitions") or {}
    return moment(transitions.get("finalized_at") or bill["created"])


def _apply_bill(bill: Bill, subscription: Subscription, *, now: datetime) -> None:
    shape = bill.shape
    row = mirror.claim(Invoice, shape, ticket=bill.ticket, now=now)
    if row is None:
        return
    row.subscription = subscription
    row.status = shape["status"] or ""
    row.amount_due, row.amount_paid = shape["amount_due"], shape["amount_paid"]
    row.currency = shape["currency"].upper()
    row.billing_reason = shape["billing_reason"] or ""
    row.attempt_count = shape["attempt_count"]
    row.created_at = moment(shape["created"])
    row.paid_at = moment((shape.get("status_transitions") or {}).get("paid_at"))
    row.payment_intent_id = bill.payment["id"] if bill.payment else ""
    row.needs_action = bool(bill.payment and bill.payment["status"] == "requires_action")
    row.tax_country, row.tax_number = _taxed_where(shape)
    row.yearly_rate, row.offer = rates.yearly(shape), rates.offer(shape)
    row.save()
    order: Order | None = getattr(subscription, "order", None)
    if bill.payment:
        charge = bill.payment["latest_charge"]
        books.record_charge(charge, order=order, invoice=row, now=now)
        if order and not order.method and row.billing_reason == "subscription_create":
            order.method, order.card = mirror.paid_with(charge)
            order.save(update_fields=["method", "card"])
    if not (order and row.status == "paid" and row.amount_paid and _is_renewal(row)):
        return
    if _came_too_late(row, subscription):
        reason = _("Paid after the subscription had ended.")
        refund_requests.give_back(order, invoice=row, reason=reason, now=now)
    else:
        letters.renewal_receipt(row, now=now)


def _taxed_where(shape: Shape) -> tuple[str, str]:
    """The payer's country and tax number, where Stripe reckons the tax."""
    if not (shape.get("automatic_tax") or {}).get("enabled"):
        return "", ""
    numbers = shape.get("customer_tax_ids") or []
    country = (shape.get("customer_address") or {}).get("country") or ""
    return country, next((each["value"] for each in numbers), "")[:60]


def _came_too_late(invoice: Invoice, subscription: Subscription) -> bool:
    """Whether it was paid when there was nothing left for it to open."""
    ended = subscription.status == "canceled" and subscription.ended_at
    return bool(ended and invoice.paid_at and invoice.paid_at > ended)


def _is_renewal(invoice: Invoice) -> bool:
    """Also the new period that begins when a pause ends; a change of plan has its own letter."""
    begins = invoice.billing_reason == "subscription_update" and rates.is_of_whole_periods(
        invoice.object
    )
    return begins or invoice.billing_reason == "subscription_cycle"


def _begin(order: Order, subscription: Subscription, *, now: datetime) -> None:
    """The first news of a subscription that was paid for, or began its trial."""
    if subscription.status not in Subscription.LIVE:
        return
    order.paid_at = min(subscription.started_at or now, now)
    order.status = Order.Status.PAID
    trial = _has_trial(subscription)
    if not _is_as_shown(order, subscription, now=now):
        order.status, order.note = Order.Status.PARKED, Order.Note.OTHER_AMOUNT
    elif not promotions.keep(order, now=now):
        order.status, order.note = Order.Status.PARKED, Order.Note.CODE_USED_UP
    elif entitlement.is_ownerless(order):
        order.note = Order.Note.ACCOUNT_DELETED
        _undo(order, subscription, now=now)
    elif entitlement.has_already(order) or (trial and _had_trial(order)):
        order.note = Order.Note.BOUGHT_TWICE
        _undo(order, subscription, now=now)
    else:
        order.status = Order.Status.FULFILLED
        order.fulfilled_at, order.starts_at = now, order.paid_at
        if trial:
            Trial.objects.create(
                learner=order.buyer, order=order, began_at=order.paid_at, **gateway.ours()
            )
        letters.membership_begun(order, subscription, now=now)
    order.save()


def _had_trial(order: Order) -> bool:
    return Trial.objects.filter(learner=order.buyer, **gateway.ours()).exists()


def _undo(order: Order, subscription: Subscription, *, now: datetime) -> None:
    if invoice := subscription.last_paid_invoice():
        refund_requests.give_back(order, invoice=invoice, now=now)
    else:
        order.status = Order.Status.REFUNDED  # nothing was charged
        end_at_once.enqueue(subscription=subscription.stripe_id)
        letters.went_back(order, now=now)


def _is_as_shown(order: Order, subscription: Subscription, *, now: datetime) -> bool:
    """What renews, and what was paid at the beginning, are as shown; else it is written down."""
    trial = _has_trial(subscription)
    theirs = {"amount": subscription.amount, "currency": subscription.currency, "trial": trial}
    ours = {
        "amount": order.list_amount,
        "currency": order.currency,
        "trial": bool(order.trial_days),
    }
    if trial:  # a code takes its discount off what is paid after the trial
        theirs["next_amount"] = subscription.next_amount
        ours["next_amount"] = order.amount
    # Where the news comes so late that a renewal is the latest bill, the sweep brings the first.
    if first := subscription.invoices.filter(billing_reason="subscription_create").first():
        theirs["amount_paid"] = first.amount_paid
        ours["amount_paid"] = 0 if order.trial_days else order.amount
    if theirs == ours:
        return True
    differences.found(
        kind="order", object_id=str(order.key), what="amount", ours=ours, theirs=theirs, now=now
    )
    return False


def _has_trial(subscription: Subscription) -> bool:
    return subscription.object.get("trial_end") is not None


def _given_back(subscription: Subscription) -> datetime | None:
    """Since when the payment of the present period is given back, in full or with the access."""
    invoice = subscription.last_paid_invoice()
    return entitlement.given_back(invoice) if invoice else None


def _disputed(subscription: Subscription) -> datetime | None:
    """Since when the payment of the present period is disputed, if it is."""
    invoice = subscription.last_paid_invoice()
    standing = [each for each in invoice.disputes.all() if each.withdraws] if invoice else []
    return min((each.created_at for each in standing if each.created_at), default=None)


def _alert(subscription: Subscription, *, now: datetime) -> None:
    logger.error("subscription in a state that is not known: %s", subscription.status)
    differences.found(
        kind="subscription",
        object_id=subscription.stripe_id,
        what="status",
        ours={},
        theirs={"status": subscription.status},
        now=now,
    )
