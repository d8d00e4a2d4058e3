"""How a subscription and an order stand, in the learner's words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from courses.models import Grant
from pages import dates
from payments import (
    money,
    presale,
    reminders,
    subscription_access,
    upcoming,
    went_back,
)
from payments.models import Dispute, Invoice, Order, Subscription


@dataclass(frozen=True)
class Standing:
    """What is the case and what comes next; what the learner may do about it."""

    subscription: Subscription
    name: str
    amount: str
    sentence: str
    kind: str  # of a callout: info, ok, warn
    may_cancel: bool
    may_resume: bool
    may_change_card: bool
    must_pay: bool  # a bill of it is open, and Stripe's page takes it
    asks: bool  # the bank wants an answer first
    old_card: str  # that the card is not good any more at the next charge


def of_subscription(row: Subscription, *, now: datetime) -> Standing:
    """How it stands. As many queries for one as for many of `queries.subscriptions_of`."""
    sentence, kind = _sentence(row, now)
    live = row.is_live
    bills = open_bills(row) if live else []
    return Standing(
        subscription=row,
        name=str(row.offer.sellable) if row.offer else "",
        amount=_rate(row),
        sentence=sentence,
        kind=kind,
        may_cancel=live and not row.ends_by_itself,
        may_resume=row.ends_by_itself,
        may_change_card=live,
        must_pay=bool(bills),
        asks=any(bill.needs_action for bill in bills),
        old_card=_old_card(row, now),
    )


def _old_card(row: Subscription, now: datetime) -> str:
    charge, last = upcoming.charge_after_card(row), row.card_expires_on
    if charge is None or last is None or last > (now + reminders.CARD_NOTICE).date():
        return ""
    words = {
        "card": row.card,
        "last": dates.day(last, now=now),
        "day": dates.day(charge.at, now=now),
        "amount": money.in_words(charge.due, charge.currency),
    }
    if last < now.date():
        return (
            _(
                "The card %(card)s expired on %(last)s. On %(day)s %(amount)s will be charged: "
                "please change the card before."
            )
            % words
        )
    return (
        _(
            "The card %(card)s expires on %(last)s. On %(day)s %(amount)s will be charged: please "
            "change the card before."
        )
        % words
    )


def open_bills(row: Subscription) -> list[Invoice]:
    """Bills that wait for their payment and have a page at Stripe."""
    known: list[Invoice] | None = getattr(row, "open_bills", None)
    found = list(row.invoices.filter(status="open")) if known is None else known
    return [bill for bill in found if bill.page_url]


def _rate(row: Subscription) -> str:
    if row.amount is None or not row.currency:
        return ""
    amount = money.in_words(row.amount, row.currency)
    interval = row.offer.interval if row.offer else None
    return f"{amount}/{money.per(interval)}" if interval else amount


def _sentence(row: Subscription, now: datetime) -> tuple[str, str]:
    sentence, kind = state_of(row, now)
    charge = upcoming.next_charge(row)
    if charge and charge.credit:
        sentence += _(" %(credit)s of it is paid by your credit; %(due)s is charged.") % {
            "credit": money.in_words(charge.credit, charge.currency),
            "due": money.in_words(charge.due, charge.currency),
        }
    return sentence, kind


def state_of(row: Subscription, now: datetime) -> tuple[str, str]:
    words = {}
    if charge := upcoming.next_charge(row):
        words["amount"] = money.in_words(charge.amount, charge.currency)
        words["day"] = dates.day(charge.at, now=now)
    if row.status == "past_due":
        return failing(row, now), "warn"
    if row.ends_by_itself:
        words["last"] = dates.day(last_instant(row), now=now)
        return _("Cancelled. %(last)s is the last day; until then all stays open.") % words, "info"
    if row.is_live and (row.collection_paused or row.period_is_unpaid):
        if row.resumes_at is None:
            return _("Payments are paused."), "info"
        if row.period_end and not row.period_is_unpaid and now < row.period_end:
            words["begins"], words["day"] = dates.span(row.period_end, row.resumes_at, now=now)
            return _(
                "A pause begins on %(begins)s; until then all is as it was. It goes on by itself "
                "on %(day)s; then %(amount)s is charged."
            ) % words, "info"
        return _("Paused. It goes on by itself on %(day)s; then %(amount)s is charged.") % words, (
            "info"
        )
    if row.status == "trialing":
        return _("The trial ends on %(day)s; then %(amount)s is charged.") % words, "ok"
    if row.status == "active":
        return _("It renews on %(day)s for %(amount)s.") % words, "ok"
    if row.ended_at:
        words["ended"] = dates.day(row.ended_at, now=now)
        if _is_held_otherwise(row, now):
            return _("This subscription ended on %(ended)s; you are a member still.") % words, "ok"
        return _("It ended on %(ended)s. What you have studied is kept.") % words, "info"
    return _("It is not in force."), "info"


def _is_held_otherwise(row: Subscription, now: datetime) -> bool:
    """Whether what an ended one was for is held by another way, or by one begun since."""
    known: bool | None = getattr(row, "held_otherwise", None)
    if known is not None:
        return known
    if row.offer_id is None:
        return False
    held = Grant.objects.filter(learner_id=row.learner_id, membership__offers=row.offer_id)
    return held.active(now).exists()


def last_instant(row: Subscription) -> datetime:
    """Just before it ends, so that the day named is one that is still paid."""
    ends = row.cancel_at or row.period_end or row.ended_at
    assert ends is not None  # noqa: S101 — a running subscription has a period
    return ends - timedelta(seconds=1)


def failing(row: Subscription, now: datetime) -> str:
    failed, grace = row.past_due_since, subscription_access.grace_ends(row)
    if failed is None or grace is None:
        return _("The payment did not succeed. Please update the way you pay.")
    last = grace - timedelta(seconds=1)
    words = {"day": dates.day(failed, now=now), "last": dates.day(last, now=now)}
    if any(bill.needs_action for bill in open_bills(row)):
        if grace <= now:
            return _("Your bank asks whether it is you. Answer it, and you go on.")
        return _("Your bank asks whether it is you. Until %(last)s you study as always.") % words
    if row.is_first_after_trial:
        told = _("The first payment after the trial, on %(day)s, did not succeed.") % words
    else:
        told = _("The renewal on %(day)s did not succeed.") % words
    if grace <= now:
        return told + _(" Please update the way you pay to go on.")
    return told + (_(" Until %(last)s you study as always; please update the way you pay.") % words)


def dispute_of(order: Order) -> Dispute | None:
    """That withholds what this order opened: of a subscription, one of its present bill."""
    bill = order.subscription.last_paid_invoice() if order.subscription else None
    disputes = bill.disputes if bill else order.disputes
    return next((each for each in disputes.all() if each.withdraws), None)


def of_dispute(row: Dispute) -> str:
    if row.status == "lost" and row.is_of_part:
        return _(
            "The bank took %(amount)s of this payment back; it opens nothing more. Your progress "
            "is kept."
        ) % {"amount": money.in_words(row.amount or 0, row.currency)}
    if row.status == "lost":
        return _("The bank took this payment back; it opens nothing more. Your progress is kept.")
    return _(
        "The bank is looking into this payment; until it decides, what it opened is closed. Your "
        "progress is kept."
    )


def lost(row: Dispute) -> str:
    """In a word or two."""
    return _("Partly taken back by the bank") if row.is_of_part else _("Taken back by the bank")


def given_up(order: Order) -> str:
    """Why what was ordered before it opened will not come; "" where it was not given up. A query
    at most."""
    if order.note != Order.Note.GIVEN_UP and order.advance != Order.Advance.WAITING:
        return ""
    end = presale.end_of(order)
    if end is None:
        return ""
    words = {"reason": end.reason.rstrip("。.")}  # the sentence has its own
    if not order.amount:
        return _("It was given up and will not come: “%(reason)s” Nothing was charged.") % words
    if order.status == Order.Status.REFUNDED and not went_back.is_under_way(order):
        return _("It was given up and will not come: “%(reason)s” What you paid went back.") % words
    return _("It was given up and will not come: “%(reason)s” What you paid goes back.") % words


def of_order(order: Order) -> str:
    """One word or two about an order."""
    if order.status == Order.Status.PAID and order.note:
        return _("Paid, goes back")
    if order.ended_at:
        return _("Ended")
    if order.waits_for_confirmation:
        return _("Waits for confirmation")
    if hasattr(order, "reservation") and not order.paid_at:
        if order.reservation.ended_at:
            return _("Reservation ended")
        if order.reservation.needs_action:
            return _("Waits for your answer to your bank")
        return _("The card was refused") if order.reservation.refused_at else _("Reserved")
    if order.subscription is None and (dispute := dispute_of(order)):
        return lost(dispute) if dispute.status == "lost" else _("Disputed")
    if order.advance == Order.Advance.WAITING and order.status == Order.Status.FULFILLED:
        return _("Paid in advance")
    state = went_back.state(order, went_back.of_order(order))
    if state in (went_back.PARTLY, Order.Status.REFUNDED) and went_back.is_under_way(order):
        return _("Refund on its way")
    if state == Order.Status.FULFILLED and order.trial_days:
        return _("Begun with a trial")  # nothing was paid; what was later is on the bills
    return {
        went_back.PARTLY: _("Partly refunded"),
        Order.Status.PAID: _("Paid, being opened"),
        Order.Status.FULFILLED: _("Paid"),
        Order.Status.REFUNDED: _("Refunded"),
        Order.Status.FAILED: _("Payment failed"),
        Order.Status.PARKED: _("We are looking at it"),
        Order.Status.OPEN: _("To be paid"),
        Order.Status.RESERVED: _("Reserved"),
        Order.Status.EXPIRED: _("Expired"),
    }[state]


def of_bill(bill: Invoice) -> str:
    """A word or two about a bill that is final."""
    state = went_back.bill_state(bill, went_back.of_bill(bill))
    if state in (went_back.PARTLY, "refunded") and went_back.is_bill_under_way(bill):
        return _("Refund on its way")
    words = {
        "open": _("To be paid"),
        "paid": _("Paid"),
        "refunded": _("Refunded"),
        went_back.PARTLY: _("Partly refunded"),
    }
    return words.get(state, _("Not collected"))
