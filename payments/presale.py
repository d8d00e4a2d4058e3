"""Sold before it opens: paid at once, open from the course's day on, or all given back.
Or reserved with a card that is charged on the day (`payments.reserving`).

What was paid in advance follows its course: the day that the editor sets is the day it opens.
"""

from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from wagtail.log_actions import log

from accounts.models import User
from courses.models import CoursePage
from operations import clock
from operations.jobs import job
from payments import beginning, entitlement, gateway, letters, redeeming, refund_requests, reserving
from payments.models import Offer, Order, PresaleEnd, RedeemCode, RefundRequest


class NotInAdvance(Exception):
    """Nothing is sold in advance by this offer, or it was given up already."""


def waiting() -> QuerySet[Order]:
    """What was paid in advance and is neither open yet nor given back."""
    return Order.objects.filter(advance=Order.Advance.WAITING, status=Order.Status.FULFILLED)


def begin_waiting(order: Order, *, now: datetime) -> None:
    """What was just paid opens with its course. Saved by the caller."""
    course = order.price.offer.course
    if course is None:
        return
    opens = beginning.opens_at(course, now=now)
    if opens > now:
        order.advance, order.starts_at = Order.Advance.WAITING, opens


def end_of(order: Order) -> PresaleEnd | None:
    """That ended what the order is for: ordered before, it was paid on a page that stood open."""
    ended = PresaleEnd.objects.filter(offer=order.price.offer_id, decided_at__gte=order.created_at)
    return ended.first()


def given_up_courses() -> set[int]:
    """Those sold in advance once that are not any more."""
    again = Offer.objects.filter(is_active=True, course__isnull=False).exclude(presale="")
    ended = PresaleEnd.objects.exclude(offer__course__in=again.values("course"))
    return set(ended.values_list("offer__course_id", flat=True))


def follow_all(*, now: datetime) -> None:
    """Bring every order paid in advance to where its course is; give back what was given up."""
    courses = CoursePage.objects.filter(offers__prices__orders__in=waiting()).distinct()
    for course in courses if waiting().exists() else []:
        opens = beginning.opens_at(course, now=now)
        moved = waiting().filter(price__offer__course=course, price__offer__presale_end=None)
        if opens > now:
            moved = moved.exclude(starts_at=opens)
        for order_id in list(moved.values_list("pk", flat=True)):
            follow(order_id=order_id, now=now)
    _follow_codes(now=now)
    reserving.follow_all(now=now)
    if not PresaleEnd.objects.exists():
        return
    for end in PresaleEnd.objects.filter(offer__prices__orders__in=waiting()).distinct():
        for order_id in list(_to_give_back(end).values_list("pk", flat=True)):
            _give_back(order_id=order_id, end=end, now=now)
    if gateway.is_set_up():
        _close_pages()


def _close_pages() -> None:
    """So that nobody pays any more for what was given up; Stripe's news of it closes the order."""
    to_pay = Order.objects.filter(
        status=Order.Status.OPEN,
        session_id__isnull=False,
        price__offer__presale_end__decided_at__gte=F("created_at"),
        **gateway.ours(),
    )
    for order in to_pay:
        try:
            gateway.expire_session(str(order.session_id))
        except gateway.Refused:
            continue  # it is closed already: paid or expired
        except gateway.GatewayError:
            return  # the next round tries again


@transaction.atomic
def follow(*, order_id: int, now: datetime) -> None:
    """Open one order with its course, and tell the buyer; or move its day. Again it changes
    nothing."""
    order = entitlement.lock(order_id)
    course = order.price.offer.course
    if order.advance != Order.Advance.WAITING or course is None:
        return
    opens = beginning.opens_at(course, now=now)
    if opens <= now and not course.live:
        return  # the day came, the course did not
    if opens <= now:
        order.advance = Order.Advance.OPENED
        opens = min(order.starts_at or now, now)
    order.starts_at = opens
    order.save(update_fields=["advance", "starts_at"])
    entitlement.settle(order, now=now)
    if order.advance == Order.Advance.OPENED and order.status == Order.Status.FULFILLED:
        letters.presale_opened(order, now=now)


def waiting_codes() -> QuerySet[RedeemCode]:
    """What was redeemed before its course opened."""
    return RedeemCode.objects.filter(is_waiting=True)


def _follow_codes(*, now: datetime) -> None:
    courses = CoursePage.objects.filter(pk__in=waiting_codes().values("batch__course"))
    for course in courses if waiting_codes().exists() else []:
        opens = beginning.opens_at(course, now=now)
        moved = waiting_codes().filter(batch__course=course)
        if opens > now:
            moved = moved.exclude(starts_at=opens)
        for code in list(moved):
            _follow_code(code, now=now)


@transaction.atomic
def _follow_code(code: RedeemCode, *, now: datetime) -> None:
    """As `follow` does with an order."""
    code = redeeming.lock_code(code)
    course = code.batch.course
    if not code.is_waiting or course is None:
        return
    opens = beginning.opens_at(course, now=now)
    if opens <= now and not course.live:
        return
    if opens <= now:
        code.is_waiting = False
        opens = min(code.starts_at or now, now)
    code.starts_at = opens
    code.save(update_fields=["is_waiting", "starts_at"])
    redeeming.declare(code, now=now)
    if not code.is_waiting and not code.shut_at:
        letters.redeemed_opened(code, now=now)


@transaction.atomic
def give_up(*, offer: Offer, reason: str, actor: User, now: datetime) -> PresaleEnd:
    """Stop selling in advance; everything paid goes back by a job. Raises NotInAdvance."""
    offer = Offer.objects.select_for_update().get(pk=offer.pk)
    if not is_under_way(offer):
        raise NotInAdvance
    Offer.objects.filter(pk=offer.pk).update(is_active=False, presale="")
    end = PresaleEnd.objects.create(
        offer=offer, reason=reason[:300], decided_by=actor, decided_at=now
    )
    log(instance=offer, action="payments.give_up", user=actor, data={"reason": reason})
    carry_on.enqueue()
    return end


def is_under_way(offer: Offer) -> bool:
    """Whether something can be given up: sold in advance now, or paid and not open."""
    if PresaleEnd.objects.filter(offer=offer).exists():
        return False
    waits = waiting().filter(price__offer=offer).exists()
    return bool(offer.presale) or waits or reserved(offer).exists()


def reserved(offer: Offer) -> QuerySet[Order]:
    """What giving it up would end: reservations whose charge has not begun."""
    return reserving.not_begun().filter(price__offer=offer)


@job
def carry_on() -> None:
    """Killed half-way it goes on where it stopped, at the latest with the next round."""
    follow_all(now=clock.now())


def _to_give_back(end: PresaleEnd) -> QuerySet[Order]:
    """Those about which nothing is under way, nor was decided since."""
    under_way = Q(status__in=[RefundRequest.Status.APPROVED, RefundRequest.Status.PROPOSED])
    since = Q(decided_at__gte=end.decided_at) | Q(declined_at__gte=end.decided_at)
    decided = RefundRequest.objects.filter(under_way | since)
    return waiting().filter(price__offer=end.offer).exclude(refund_requests__in=decided)


@transaction.atomic
def _give_back(*, order_id: int, end: PresaleEnd, now: datetime) -> None:
    order = entitlement.lock(order_id)
    if not _to_give_back(end).filter(pk=order.pk).exists():
        return
    with suppress(refund_requests.CannotRefund):
        request = refund_requests.approve(
            order=order, reason=end.reason, actor=end.decided_by, now=now
        )
        letters.presale_given_up(order, amount=request.amount or 0, reason=end.reason, now=now)
