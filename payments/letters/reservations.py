"""Mails about a card that is kept for the day a course opens."""

from datetime import date, datetime

from payments.letters import post
from payments.models import Order


def reserved(order: Order, *, now: datetime) -> bool:
    """A card is kept: what is charged when, and the way out."""
    return _of_reservation(order, "made", key=f"reserved-{order.pk}", now=now)


def reservation_moved(order: Order, *, now: datetime) -> bool:
    """The course opens on another day, and the charge goes along."""
    key = f"reservation-moved-{order.pk}-{order.reservation.day:%Y%m%d}"
    return _of_reservation(order, "moved", key=key, now=now)


def reservation_opens_sooner(order: Order, *, opens_on: date, now: datetime) -> bool:
    """The course opens before the charge: its day is told, and how to begin at once."""
    key = f"reservation-sooner-{order.pk}-{order.reservation.day:%Y%m%d}"
    opens = post.date_in_words(order.buyer, opens_on)
    return _of_reservation(order, "sooner", key=key, now=now, opens=opens)


def reservation_notice(order: Order, *, now: datetime) -> bool:
    """Five days before the charge."""
    key = f"reservation-notice-{order.pk}-{order.reservation.day:%Y%m%d}"
    return _of_reservation(order, "notice", key=key, now=now)


def reservation_refused(order: Order, *, now: datetime) -> bool:
    """The bank said no: where and until when it can be paid."""
    return _of_reservation(order, "refused", key=f"reservation-refused-{order.pk}", now=now)


def reservation_called_off(order: Order, *, reason: str, now: datetime) -> bool:
    key = f"reservation-called-off-{order.pk}"
    return _of_reservation(order, "called_off", key=key, now=now, reason=reason)


def reservation_lapsed(order: Order, *, now: datetime) -> bool:
    """It was not paid in time."""
    return _of_reservation(order, "lapsed", key=f"reservation-lapsed-{order.pk}", now=now)


def _of_reservation(order: Order, news: str, *, key: str, now: datetime, **more: str) -> bool:
    reservation = order.reservation
    context = {
        "news": news,
        "title": order.price.offer.named,
        "amount": post.amount(order.buyer, order.amount, order.currency),
        "day": post.date_in_words(order.buyer, reservation.day),
        "asks": reservation.needs_action,
        "until": post.last_day(order.buyer, reservation.pay_until),
        "number": order.number,
        "page": post.page_of(order),
        "course": post.address_of(order),
        **more,
    }
    return post.queue(key, order.buyer, "reservation", context, now)
