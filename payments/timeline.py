"""A subscription's life in plain words: what was, and what is to come, each with its day.

Nothing is kept for it: it is told from what Stripe said, from decisions and from the outbox.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import OutboxMessage
from pages import dates
from payments import money, pausing, reminders, subscription_access, upcoming
from payments.models import Invoice, PlanChange, Price, Refund, Subscription

AT_ONCE = timedelta(minutes=10)  # a bill that falls due is paid so soon, or was refused


@dataclass(frozen=True)
class Event:
    at: datetime
    sentence: str
    kind: str = "past"  # past | next | warn
    label: str = ""  # what is found at `url`
    url: str = ""


def of(row: Subscription, *, now: datetime) -> list[Event]:
    """All events, the earliest first; those to come stand last. As many queries
    whatever happened."""
    past = [
        *_begun(row, now),
        *_bills(row, now),
        *_mails(row),
        *_changes(row, now),
        *_pauses(row, now),
        *_cancellations(row, now),
        *_ended(row),
    ]
    # Stripe's moments are whole seconds: within one, in the order above.
    past.sort(key=lambda event: event.at.replace(microsecond=0))
    return past + sorted(_to_come(row, now), key=lambda event: event.at)


def _amount(amount: int | None, currency: str) -> str:
    return money.in_words(amount or 0, currency or "CNY")


def _begun(row: Subscription, now: datetime) -> Iterator[Event]:
    if row.started_at is None:
        return
    if trial_end := row.object.get("trial_end"):
        ends = datetime.fromtimestamp(trial_end, UTC)
        words = {"day": dates.day(ends, now=now)}
        yield Event(row.started_at, _("Begun, on trial until %(day)s.") % words)
    elif order := getattr(row, "order", None):
        yield Event(row.started_at, _("Begun: %(plan)s.") % {"plan": _priced(order.price)})
    else:
        yield Event(row.started_at, _("Begun."))


def _bills(row: Subscription, now: datetime) -> Iterator[Event]:
    made = row.invoices.filter(created_at__isnull=False)
    for bill in made.prefetch_related("refunds", "disputes"):
        yield from _bill(bill, row, now)
        for refund in bill.refunds.all():
            if refund.created_at and refund.status in Refund.STANDING:
                words = {"amount": _amount(refund.amount, refund.currency)}
                told = _("%(amount)s was given back.")
                if refund.status in Refund.UNDER_WAY:
                    told = _("%(amount)s is on its way back.")
                yield Event(refund.created_at, told % words)
        for dispute in bill.disputes.all():
            if dispute.created_at and dispute.withdraws:
                words = {"amount": _amount(dispute.amount, dispute.currency)}
                told = _("The bank looks into %(amount)s; until it decides, courses are closed.")
                if dispute.status == "lost":
                    told = _("The bank took %(amount)s back.")
                yield Event(dispute.created_at, told % words, "warn")


def _bill(bill: Invoice, row: Subscription, now: datetime) -> Iterator[Event]:
    assert bill.created_at is not None  # noqa: S101 — looked at before
    words = {"amount": _amount(bill.amount_due, bill.currency)}
    if bill.status == "paid" and bill.amount_paid:
        if _was_refused(bill):
            yield Event(bill.created_at, _("%(amount)s could not be charged.") % words, "warn")
        paid = {"amount": _amount(bill.amount_paid, bill.currency)}
        yield Event(
            bill.paid_at or bill.created_at,
            _("%(amount)s charged.") % paid,
            label=_("Receipt"),
            url=bill.page_url,
        )
    elif bill.status == "open" and bill.needs_action:
        yield Event(
            bill.created_at,
            _("%(amount)s not charged yet: the bank asks the payer to confirm it.") % words,
            "warn",
            _("Answer and pay"),
            reverse("subscription_pay", args=[row.pk]),
        )
    elif bill.attempt_count and _is_unpaid(bill):
        may_pay = bill.status == "open" and row.ended_at is None
        yield Event(
            bill.created_at,
            _failure(row, words, now),
            "warn",
            _("Pay now") if may_pay else "",
            reverse("subscription_pay", args=[row.pk]) if may_pay else "",
        )
    elif bill.status == "void" and bill.billing_reason == "subscription_cycle":
        yield Event(bill.created_at, _("Nothing charged: it is paused."))


def _was_refused(bill: Invoice) -> bool:
    """Whether a renewal that is paid by now was not paid when it fell due."""
    due = (bill.object.get("status_transitions") or {}).get("finalized_at")
    paid, renews = bill.paid_at, bill.billing_reason == "subscription_cycle"
    return bool(renews and due and paid and paid.timestamp() - due > AT_ONCE.total_seconds())


def _is_unpaid(bill: Invoice) -> bool:
    """Whether it was to be paid and was not. One of a change of plan says so itself."""
    renews = bill.billing_reason == "subscription_cycle"
    return bill.status in ("open", "uncollectible") or (bill.status == "void" and renews)


def _failure(row: Subscription, words: dict[str, str], now: datetime) -> str:
    grace = subscription_access.grace_ends(row) if row.status == "past_due" else None
    if grace is None or grace <= now:
        return _("%(amount)s could not be charged.") % words
    words = {**words, "last": dates.day(grace - timedelta(seconds=1), now=now)}
    return _("%(amount)s could not be charged. All stays open until %(last)s.") % words


def _mails(row: Subscription) -> Iterator[Event]:
    told = {
        "renewal-notice-": _("Mail sent: a payment is coming."),
        "payment-failed-": _("Mail sent: a payment did not succeed."),
        "card-expiring-": _("Mail sent: the card is about to expire."),
    }
    for kind, sentence in told.items():
        sent = OutboxMessage.objects.filter(
            user=row.learner_id, key__startswith=f"{kind}{row.pk}-"
        ).values_list("created_at", flat=True)
        yield from (Event(at, sentence) for at in sent)


def _changes(row: Subscription, now: datetime) -> Iterator[Event]:
    found = row.changes.select_related("price__offer__membership", "from_offer__membership")
    for change in found:
        if change.price_change_id:
            yield _price_change(change)
            continue
        words = {"to": _plan(change)}
        if change.at_period_end:
            yield Event(change.created_at, _("Chosen for the next period: %(to)s.") % words)
        ended = change.ended_at or now
        if change.status == PlanChange.Status.DONE:
            yield Event(ended, _("From here on: %(to)s.") % words)
        elif change.status == PlanChange.Status.WITHDRAWN:
            yield Event(ended, _("The change to %(to)s was taken back.") % words)
        elif change.status == PlanChange.Status.FAILED:
            yield Event(ended, _("The change to %(to)s was not made; nothing changed.") % words)


def _price_change(change: PlanChange) -> Event:
    words = {
        "before": _amount(change.from_amount, change.price.currency),
        "after": _amount(change.price.amount, change.price.currency),
    }
    return Event(
        change.created_at,
        _("Mail sent: the price changes from %(before)s to %(after)s.") % words,
    )


def _plan(change: PlanChange) -> str:
    return _priced(change.price)


def _priced(price: Price) -> str:
    amount = _amount(price.amount, price.currency)
    return f"{price.offer.sellable} {amount}/{money.per(price.offer.interval or 'month')}"


def _pauses(row: Subscription, now: datetime) -> Iterator[Event]:
    for pause in pausing.known(row, now=now):
        begins, resumes = dates.span(pause.begins_at, pause.resumes_at, now=now)
        words = {"begins": begins, "resumes": resumes}
        yield Event(pause.asked_at, _("Pause chosen: from %(begins)s to %(resumes)s.") % words)
        if pause.resumed_at and pause.resumed_at < pause.begins_at:
            yield Event(pause.resumed_at, _("The pause was called off."))
        elif pause.resumed_at:
            yield Event(pause.resumed_at, _("The pause ended."))


def _cancellations(row: Subscription, now: datetime) -> Iterator[Event]:
    own = list(row.cancellations.all())
    for each in own:
        yield Event(each.cancelled_at, _("The renewal was cancelled."))
        if each.resumed_at:
            yield Event(each.resumed_at, _("The renewal was resumed."))
    stamp = row.object.get("canceled_at")
    if stamp and not any(each.resumed_at is None for each in own):
        at = datetime.fromtimestamp(stamp, UTC)
        ended_with_it = at == row.ended_at  # given back, or ended by hand: no renewal was stopped
        if not ended_with_it and (row.status != "canceled" or row.past_due_since is None):
            yield Event(at, _("The renewal was cancelled."))


def _ended(row: Subscription) -> Iterator[Event]:
    if row.ended_at:
        yield Event(row.ended_at, _("It ended. What you have studied is kept."))


def _to_come(row: Subscription, now: datetime) -> Iterator[Event]:
    if not row.is_live:
        return
    yield from _grace(row, now)
    if row.ends_by_itself and (ends := row.cancel_at or row.period_end):
        yield Event(ends, _("It ends; nothing is charged any more."), "next")
    for pause in pausing.known(row, now=now):
        if pause.resumed_at is None and pause.begins_at > now:
            closes, stays = (
                _("The pause begins: its courses close."),
                _("The pause begins; its courses stay open."),
            )
            yield Event(pause.begins_at, stays if settings.PAUSED_KEEPS_ACCESS else closes, "next")
    change = upcoming.planned(row)
    charge = upcoming.next_charge(row)
    if charge and charge.at > now:
        yield from _charge(row, charge, change, now)
    if change and change.effective_at and not (charge and change.comes_with(charge.at)):
        yield from _later_price(change)


def _grace(row: Subscription, now: datetime) -> Iterator[Event]:
    grace = subscription_access.grace_ends(row) if row.status == "past_due" else None
    if grace and grace > now:
        yield Event(grace, _("Its courses close, if nothing is paid until then."), "warn")


def _charge(
    row: Subscription, charge: upcoming.Charge, change: PlanChange | None, now: datetime
) -> Iterator[Event]:
    if charge.at - reminders.NOTICE > now:
        yield Event(charge.at - reminders.NOTICE, _("A mail before the payment."), "next")
    if change and change.comes_with(charge.at) and change.price_change_id is None:
        just_before = charge.at - timedelta(seconds=1)
        yield Event(just_before, _("From here on: %(to)s.") % {"to": _plan(change)}, "next")
    words = {"amount": _amount(charge.due, charge.currency)}
    if row.collection_paused:
        sentence = _("The pause ends and %(amount)s is charged.") % words
    elif row.status == "trialing":
        sentence = _("The trial ends and %(amount)s is charged.") % words
    else:
        sentence = _("%(amount)s is charged.") % words
    yield Event(charge.at, sentence, "next")


def _later_price(change: PlanChange) -> Iterator[Event]:
    assert change.effective_at is not None  # noqa: S101 — looked at before
    words = {"amount": _amount(change.price.amount, change.price.currency)}
    yield Event(change.effective_at, _("From this renewal on it costs %(amount)s.") % words, "next")
