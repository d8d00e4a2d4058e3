"""How a reservation, or a payment on its way, stands in the learner's words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import CoursePage
from pages import dates
from payments import money, notices, queries, reserving
from payments.models import Order, Reservation


@dataclass(frozen=True)
class Reserved:
    """How a reservation stands, in a sentence, and what its buyer can do."""

    sentence: str
    may_give_up: bool
    must_pay: bool
    may_begin: bool = False  # it is open, and is charged on a later day


def of_order(order: Order, *, now: datetime) -> Reserved | None:
    """None where it was none, or is paid, or its payment is on its way."""
    if not hasattr(order, "reservation") or order.paid_at is not None:
        return None
    if order.waits_for_confirmation:
        return None
    row, words = order.reservation, {"amount": money.in_words(order.amount, order.currency)}
    if row.ended_at:
        return Reserved(_ended(row), False, False)
    if row.pay_until:
        words["last"] = dates.day(row.pay_until - timedelta(seconds=1), now=now)
        sentence = (
            _("Your bank asks whether it is you. Pay %(amount)s until %(last)s, and it is open.")
            if row.needs_action
            else _("Your card was refused. Pay %(amount)s until %(last)s, and it is open.")
        )
        return Reserved(sentence % words, True, True)
    if row.charging_at:
        return Reserved(_("%(amount)s is being charged now.") % words, False, False)
    words["day"] = dates.day(row.day, now=now)
    course = order.price.offer.course
    if course and reserving.is_open(course, now=now) and reserving.is_early(row, now=now):
        sentence = _("It is open already. %(amount)s is charged on %(day)s, as you were told.")
        return Reserved(sentence % words, True, False, may_begin=True)
    sentence = _("Reserved: %(amount)s is charged when it opens, on %(day)s.")
    return Reserved(sentence % words, True, False)


def _ended(row: Reservation) -> str:
    return {
        Reservation.Ending.GIVEN_UP: _("You gave the reservation up. Nothing was charged."),
        Reservation.Ending.CALLED_OFF: _("The course will not come. Nothing was charged."),
        Reservation.Ending.LAPSED: _("The bank's question was not answered in time.")
        if row.needs_action
        else _("The card was refused and it was not paid in time."),
        Reservation.Ending.NOT_NEEDED: _("You had the course already. Nothing was charged."),
    }[Reservation.Ending(row.ending)]


def notice(learner: User, course: CoursePage, *, now: datetime) -> notices.Notice | None:
    """Of a course that is reserved with a card, or whose payment is on its way. One query."""
    order = _order_for(learner, course)
    if order and order.waits_for_confirmation:
        return on_its_way(order)
    found = of_order(order, now=now) if order else None
    if order is None or found is None:
        return None
    kind = "warn" if found.must_pay else "ok"
    return notices.Notice(found.sentence, kind, _label(found), reverse("order", args=[order.key]))


def on_its_way(order: Order) -> notices.Notice:
    """Instead of an offer to buy again what a wallet is still to confirm."""
    words = _(
        "Your payment of %(amount)s waits for its confirmation. Nothing needs to be paid again."
    ) % {"amount": money.in_words(order.amount, order.currency)}
    address = reverse("order", args=[order.key])
    return notices.Notice(words, "info", _("See the order"), address)


@dataclass(frozen=True)
class InBar:
    """In the place of the price and the button to buy."""

    amount: str
    label: str
    url: str


def in_bar(learner: User, course: CoursePage, *, now: datetime) -> InBar | None:
    """Of a course that is reserved with a card, or whose payment is on its way. One query."""
    order = _order_for(learner, course)
    if order and order.waits_for_confirmation:
        amount = money.in_words(order.amount, order.currency)
        return InBar(amount, _("See the order"), reverse("order", args=[order.key]))
    found = of_order(order, now=now) if order else None
    if order is None or found is None:
        return None
    amount = money.in_words(order.amount, order.currency)
    return InBar(amount, _label(found), reverse("order", args=[order.key]))


def _order_for(learner: User, course: CoursePage) -> Order | None:
    found = reserving.standing().filter(
        buyer=learner, price__offer__course=course
    ) | queries.confirming(learner, course)
    return found.select_related("reservation", "price__offer__course").order_by("pk").last()


def _label(found: Reserved) -> str:
    return _("Pay now") if found.must_pay or found.may_begin else _("See the order")
