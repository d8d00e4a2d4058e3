"""How a subscription and an order stand, in the learner's words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import CoursePage, Grant, Membership, MembershipCourse
from pages import dates
from payments import (
    money,
    presale,
    queries,
    reminders,
    subscription_access,
    upcoming,
    went_back,
)
from payments.models import Dispute, Invoice, Order, Refund, Subscription

# So long one is told that a membership ended.
LAPSED_OF_LATE = timedelta(days=30)


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
    bills = _open_bills(row) if live else []
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


def _open_bills(row: Subscription) -> list[Invoice]:
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
    sentence, kind = _state(row, now)
    charge = upcoming.next_charge(row)
    if charge and charge.credit:
        sentence += _(" %(credit)s of it is paid by your credit; %(due)s is charged.") % {
            "credit": money.in_words(charge.credit, charge.currency),
            "due": money.in_words(charge.due, charge.currency),
        }
    return sentence, kind


def _state(row: Subscription, now: datetime) -> tuple[str, str]:
    words = {}
    if charge := upcoming.next_charge(row):
        words["amount"] = money.in_words(charge.amount, charge.currency)
        words["day"] = dates.day(charge.at, now=now)
    if row.status == "past_due":
        return _failing(row, now), "warn"
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


def _failing(row: Subscription, now: datetime) -> str:
    failed, grace = row.past_due_since, subscription_access.grace_ends(row)
    if failed is None or grace is None:
        return _("The payment did not succeed. Please update the way you pay.")
    last = grace - timedelta(seconds=1)
    words = {"day": dates.day(failed, now=now), "last": dates.day(last, now=now)}
    if any(bill.needs_action for bill in _open_bills(row)):
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


@dataclass(frozen=True)
class Notice:
    """What a learner should know of their membership, and where something can be done."""

    sentence: str
    kind: str  # of a callout: info, warn
    label: str = ""
    url: str = ""


def notice(learner: User, *, now: datetime) -> Notice | None:
    """Of a renewal that failed, a pause, or a membership that ended of late. Two queries at most
    where nothing is paused."""
    if found := subscription_notice(learner, now=now):
        return found
    of_memberships = Grant.objects.filter(
        learner=learner, membership__isnull=False, withdrawn_at=None
    )
    ends = [grant.ends_at for grant in of_memberships]
    if not ends or None in ends:
        return None
    last = max(end for end in ends if end is not None)
    if not now - LAPSED_OF_LATE < last <= now:
        return None
    day = dates.day(last - timedelta(seconds=1), now=now)
    return Notice(
        _("Your membership ended on %(day)s. What you have studied is kept.") % {"day": day},
        "info",
        _("See the membership"),
        reverse("membership"),
    )


def subscription_notice(learner: User, *, now: datetime) -> Notice | None:
    """Of a subscription that goes on, and by which nothing is open or soon will not be."""
    halted = Q(status="past_due") | Q(status__in=Subscription.LIVE, collection_paused=True)
    rows = queries.subscriptions_of(learner).filter(halted).order_by("-status")  # a failure first
    for row in rows:
        if row.status == "past_due":
            page, label = "subscription_card", _("Change the card")
            if _open_bills(row):
                page, label = "subscription_pay", _("Pay now")
            return Notice(_failing(row, now), "warn", label, reverse(page, args=[row.pk]))
        if row.period_is_unpaid:
            page = reverse("subscription", args=[row.pk])
            return Notice(_state(row, now)[0], "info", _("See the subscription"), page)
    return None


def refund_notice(learner: User, course: CoursePage, *, now: datetime) -> Notice | None:
    """Of a course whose payment went back, the last one. One query."""
    order = (
        Order.objects.filter(
            Q(price__offer__course=course) | Q(contents__course=course),
            buyer=learner,
            purpose=Order.Purpose.OWN,
            status=Order.Status.REFUNDED,
        )
        .filter(refunds__status__in=Refund.STANDING)
        .annotate(
            refunded_at=Max("refunds__created_at"),
            went_back=Sum("refunds__amount"),
            arrived=Sum("refunds__amount", filter=Q(refunds__status="succeeded"), default=0),
        )
        .order_by("-refunded_at")
        .first()
    )
    if order is None:
        return None
    words = {
        "amount": money.in_words(order.went_back, order.currency),
        "day": dates.day(order.refunded_at, now=now),
    }
    if order.arrived < order.went_back:
        told = _("%(amount)s is on its way back. What you have studied is kept.") % words
    else:
        told = _("%(amount)s went back on %(day)s. What you have studied is kept.") % words
    return Notice(
        given_up(order) or told,
        "info",
        _("See the order"),
        reverse("order", args=[order.key]),
    )


def dispute_notice(learner: User, course: CoursePage) -> Notice | None:
    """Of a course whose payment the learner's bank disputes or has taken back. One query."""
    memberships = MembershipCourse.objects.filter(course=course).values("membership")
    opening = (
        Q(order__price__offer__course=course)
        | Q(order__gift__course_instead=course)
        | Q(order__contents__course=course)
        | Q(order__price__offer__membership__in=memberships)
    )
    return _disputed_notice(learner, opening)


def membership_dispute(learner: User, membership: Membership) -> Notice | None:
    """Of a membership whose payment the learner's bank disputes or has taken back. One query."""
    return _disputed_notice(learner, Q(order__price__offer__membership=membership))


def _disputed_notice(learner: User, opening: Q) -> Notice | None:
    row = (
        Dispute.objects.withdrawing()
        .filter(
            opening,
            Q(order__subscription=None) | Q(order__subscription__status__in=Subscription.LIVE),
            Q(order__buyer=learner, order__purpose=Order.Purpose.OWN)
            | Q(order__gift__redeemed_by=learner),
        )
        .select_related("order")
        .first()
    )
    if row is None or row.order is None:
        return None
    if row.order.purpose == Order.Purpose.GIFT:
        return Notice(_of_a_gifts_dispute(row), "warn")
    address = reverse("order", args=[row.order.key])
    return Notice(of_dispute(row), "warn", _("See the order"), address)


def dispute_of(order: Order) -> Dispute | None:
    """That withholds what this order opened: of a subscription, one of its present bill."""
    bill = order.subscription.last_paid_invoice() if order.subscription else None
    disputes = bill.disputes if bill else order.disputes
    return next((each for each in disputes.all() if each.withdraws), None)


def of_dispute(row: Dispute) -> str:
    if row.status == "lost":
        return _("The bank took this payment back; it opens nothing more. Your progress is kept.")
    return _(
        "The bank is looking into this payment; until it decides, what it opened is closed. Your "
        "progress is kept."
    )


def _of_a_gifts_dispute(row: Dispute) -> str:
    if row.status == "lost":
        return _(
            "The bank took the payment of your gift back; it opens nothing more. Your progress is "
            "kept."
        )
    return _(
        "The bank is looking into the payment of your gift; until it decides, what it opened is "
        "closed. Your progress is kept."
    )


def waiting_notice(learner: User, course: CoursePage) -> Notice | None:
    """Of a planned course that was bought or redeemed in advance. Two queries at most."""
    bought = presale.waiting().filter(buyer=learner, price__offer__course=course)
    order = bought.select_related("price__offer__presale_end").first()
    if order is None or order.starts_at is None:
        return _redeemed_notice(learner, course)
    if hasattr(order.price.offer, "presale_end"):
        address = reverse("order", args=[order.key])
        return Notice(given_up(order), "info", _("See the order"), address)
    return Notice(
        _("Bought in advance. It opens on %(day)s; we write to you then.")
        % {"day": dates.day(order.starts_at)},
        "ok",
        _("See the order"),
        reverse("order", args=[order.key]),
    )


def _redeemed_notice(learner: User, course: CoursePage) -> Notice | None:
    codes = presale.waiting_codes().filter(redeemed_by=learner, batch__course=course)
    code = codes.filter(withdrawn_at=None, batch__withdrawn_at=None).first()
    if code is None or code.starts_at is None:
        return None
    words = {"day": dates.day(code.starts_at)}
    return Notice(_("Redeemed. It opens on %(day)s; we write to you then.") % words, "ok")


def given_up(order: Order) -> str:
    """Why what was ordered before it opened will not come; "" where it was not given up. A query
    at most."""
    if order.note != Order.Note.GIVEN_UP and order.advance != Order.Advance.WAITING:
        return ""
    end = presale.end_of(order)
    if end is None:
        return ""
    words = {"reason": end.reason}
    if not order.amount:
        return _("It was given up and will not come: “%(reason)s” Nothing was charged.") % words
    return _("It was given up and will not come: “%(reason)s” What you paid goes back.") % words


def of_order(order: Order) -> str:
    """One word or two about an order."""
    if order.status == Order.Status.PAID and order.note:
        return _("Paid, goes back")
    if order.ended_at:
        return _("Ended")
    if hasattr(order, "reservation") and not order.paid_at:
        if order.reservation.ended_at:
            return _("Reservation ended")
        if order.reservation.needs_action:
            return _("Waits for your answer to your bank")
        return _("The card was refused") if order.reservation.refused_at else _("Reserved")
    if order.subscription is None and (dispute := dispute_of(order)):
        return _("Taken back by the bank") if dispute.status == "lost" else _("Disputed")
    if order.advance == Order.Advance.WAITING and order.status == Order.Status.FULFILLED:
        return _("Paid in advance")
    if order.waits_for_confirmation:
        return _("Waits for confirmation")
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
