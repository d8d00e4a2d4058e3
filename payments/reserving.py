"""Reserved before its day: a card is kept at Stripe, nothing is charged (`payments.charging` does).

A reservation follows its course: the day that the editor sets is the day of the charge, but never
sooner than its buyer was told, unless they are told five days before or want to begin at once.
Until the charge has begun its buyer gives it up by one tap.
"""

from contextlib import suppress
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from courses.models import CoursePage
from operations.jobs import job
from pages import dates
from payments import beginning, entitlement, gateway, letters, money, redeeming
from payments.mirror import Shape, id_of
from payments.models import Offer, Order, PresaleEnd, Price, Reservation

TOLD_BEFORE = timedelta(days=5)


class TooLate(Exception):
    """It was paid, has ended, or is being charged just now."""


def reserves(price: Price, *, now: datetime) -> bool:
    """Whether a card is kept for it today, instead of being charged."""
    offer = price.offer
    at_release = offer.presale == Offer.Presale.AT_RELEASE
    return at_release and beginning.is_planned(offer.sellable, now=now)


def standing() -> QuerySet[Order]:
    return Order.objects.filter(status=Order.Status.RESERVED)


def to_be_charged() -> QuerySet[Order]:
    """Those that stand and whose card was not refused: nobody buys beside them."""
    return standing().filter(reservation__refused_at=None)


def not_begun() -> QuerySet[Order]:
    """Of those, the ones about which Stripe is not asked yet."""
    return to_be_charged().filter(reservation__charging_at=None)


@transaction.atomic
def keep(*, order_id: int, session: Shape, now: datetime) -> None:
    """What follows from a fetched session that kept a card: a reservation, once, and a mail."""
    order = entitlement.lock(order_id)
    course = order.price.offer.course
    if hasattr(order, "reservation") or course is None or order.paid_at is not None:
        return
    reservation = Reservation(
        order=order,
        customer_id=id_of(session["customer"]),
        payment_method_id=id_of(session["setup_intent"]["payment_method"]),
        reserved_at=now,
        day=day_of(course, now=now),
    )
    kept = session["setup_intent"]["payment_method"]
    if isinstance(kept, dict) and not kept["customer"]:  # let go since, and the database restored
        _close(order, reservation, Reservation.Ending.GIVEN_UP, now=now)
        return
    others = to_be_charged().filter(buyer=order.buyer, price__offer__course=course)
    if others.exists() or redeeming.owns(order.buyer, course, now=now):
        _close(order, reservation, Reservation.Ending.NOT_NEEDED, now=now)
        return
    if PresaleEnd.objects.filter(offer=order.price.offer).exists() or order.buyer.is_deleted:
        _close(order, reservation, Reservation.Ending.CALLED_OFF, now=now)
        return
    reservation.save()
    order.session_id, order.status = session["id"], Order.Status.RESERVED
    order.save(update_fields=["session_id", "status"])
    letters.reserved(order, now=now)


def day_of(course: CoursePage, *, now: datetime) -> date:
    """The course's day, or today where it is open."""
    return timezone.localdate(beginning.opens_at(course, now=now), timezone.get_default_timezone())


def day_of_charge(reservation: Reservation, course: CoursePage, *, now: datetime) -> date:
    """The course's day; or, where that is sooner than the buyer was told, in five days at most."""
    return max(day_of(course, now=now), min(reservation.day, _in_time(now)))


def _in_time(now: datetime) -> date:
    """The first day of which one is told five days before."""
    return timezone.localdate(now + TOLD_BEFORE, timezone.get_default_timezone())


def words_at_stripe(order: Order, *, now: datetime) -> str:
    """What Stripe's page says over its button, which shows no amount of its own."""
    with translation.override(order.language):
        return _(
            "Nothing is charged today. %(amount)s is charged when the course opens, on %(day)s."
        ) % {
            "amount": money.in_words(order.amount, order.currency),
            "day": dates.day(beginning.opens_at(order.price.offer.sellable, now=now), now=now),
        }


@transaction.atomic
def give_up(*, order: Order, now: datetime) -> None:
    """The buyer does not want it any more. Nothing was charged. Raises TooLate."""
    order = entitlement.lock(order.pk)
    if not order.is_reserved or not order.reservation.can_be_given_up:
        raise TooLate
    _close(order, order.reservation, Reservation.Ending.GIVEN_UP, now=now)


def follow_all(*, now: datetime) -> None:
    """Tell who reserved of a day that moved, and of the charge in five days; end what is over."""
    if not standing().exists():
        return
    for end in PresaleEnd.objects.filter(offer__prices__orders__in=to_be_charged()).distinct():
        for order_id in list(_of(end).values_list("pk", flat=True)):
            _call_off(order_id=order_id, end=end, now=now)
    for course in CoursePage.objects.filter(offers__prices__orders__in=to_be_charged()).distinct():
        to_tell = not_begun().filter(
            _something_to_tell(course, now=now), price__offer__course=course
        )
        for order_id in list(to_tell.values_list("pk", flat=True)):
            _tell(order_id=order_id, now=now)
    lapsed = standing().filter(reservation__pay_until__lte=now, is_confirming=False)
    for order_id in list(lapsed.values_list("pk", flat=True)):
        _lapse(order_id=order_id, now=now)


def _something_to_tell(course: CoursePage, *, now: datetime) -> Q:
    if not beginning.is_planned(course, now=now):
        return Q(reservation__day__gt=_in_time(now)) if course.live else Q(pk=None)
    day = day_of(course, now=now)
    if beginning.opens_at(course, now=now) - now > TOLD_BEFORE:
        return ~Q(reservation__day=day)
    return ~Q(reservation__day=day, reservation__noticed_day=day)


def _of(end: PresaleEnd) -> QuerySet[Order]:
    return not_begun().filter(price__offer=end.offer_id)


@transaction.atomic
def _tell(*, order_id: int, now: datetime) -> None:
    order = entitlement.lock(order_id)
    course = order.price.offer.course
    if not order.is_reserved or course is None or order.reservation.charging_at:
        return
    reservation, opens_on = order.reservation, day_of(course, now=now)
    day = day_of_charge(reservation, course, now=now)
    moved, reservation.day = reservation.day != day, day
    if moved and opens_on < day:
        letters.reservation_opens_sooner(order, opens_on=opens_on, now=now)
    elif moved:
        letters.reservation_moved(order, now=now)
    if beginning.opens_at(course, now=now) - now <= TOLD_BEFORE:
        if reservation.noticed_day != day and not moved:
            letters.reservation_notice(order, now=now)
        reservation.noticed_day = day
    reservation.save(update_fields=["day", "noticed_day"])


@transaction.atomic
def _call_off(*, order_id: int, end: PresaleEnd, now: datetime) -> None:
    order = entitlement.lock(order_id)
    if not _of(end).filter(pk=order.pk).exists():
        return
    _close(order, order.reservation, Reservation.Ending.CALLED_OFF, now=now)
    letters.reservation_called_off(order, reason=end.reason, now=now)


@transaction.atomic
def _lapse(*, order_id: int, now: datetime) -> None:
    order = entitlement.lock(order_id)
    if order.is_reserved and not order.is_confirming:
        _close(order, order.reservation, Reservation.Ending.LAPSED, now=now)
        letters.reservation_lapsed(order, now=now)


@transaction.atomic
def begin_charge(*, order_id: int, at_once: bool, now: datetime) -> tuple[Order, bool] | None:
    """Claim a reservation for its charge: from now on it cannot be given up. Also says whether one
    was begun before; None: there is nothing to charge. `at_once`: its buyer does not wait."""
    order = entitlement.lock(order_id)
    if not order.is_reserved or order.reservation.refused_at:
        return None
    reservation = order.reservation
    begun = reservation.charging_at is not None
    if not begun:
        course = order.price.offer.course
        if course is None or not is_open(course, now=now) or _is_called_off(order):
            return None
        if not at_once and is_early(reservation, now=now):
            return None
        if redeeming.owns(order.buyer, course, now=now):
            _close(order, reservation, Reservation.Ending.NOT_NEEDED, now=now)
            return None
        reservation.charging_at = now
        reservation.save(update_fields=["charging_at"])
    return order, begun


def is_early(reservation: Reservation, *, now: datetime) -> bool:
    """Whether the day of which its buyer was told has not come."""
    return reservation.day > timezone.localdate(now, timezone.get_default_timezone())


def is_open(course: CoursePage, *, now: datetime) -> bool:
    return course.live and not beginning.is_planned(course, now=now)


def _is_called_off(order: Order) -> bool:
    return PresaleEnd.objects.filter(offer=order.price.offer_id).exists()


@transaction.atomic
def refused(*, order_id: int, needs_action: bool, now: datetime) -> None:
    """The bank said no, or asks first whether it is the buyer (`needs_action`): they may pay it
    themselves for some days, and are told so once."""
    order = entitlement.lock(order_id)
    if not order.is_reserved or order.reservation.refused_at:
        return
    reservation = order.reservation
    reservation.refused_at, reservation.needs_action = now, needs_action
    reservation.pay_until = now + timedelta(days=settings.RESERVATION_PAY_DAYS)
    reservation.save(update_fields=["refused_at", "needs_action", "pay_until"])
    letters.reservation_refused(order, now=now)


def _close(
    order: Order, reservation: Reservation, ending: Reservation.Ending, *, now: datetime
) -> None:
    order.status = Order.Status.EXPIRED
    order.save(update_fields=["status"])
    reservation.ended_at, reservation.ending = now, ending
    reservation.save()
    let_card_go.enqueue(order=order.pk)


@job
def let_card_go(order: int) -> None:
    """Nobody can charge or pay it any more, not even by mistake."""
    reservation = Reservation.objects.select_related("order").get(order=order)
    if reservation.refused_at:
        with suppress(gateway.Refused):  # no page is open
            gateway.expire_session(str(reservation.order.session_id))
    with suppress(gateway.Refused):  # it was let go before
        gateway.let_card_go(reservation.payment_method_id)
