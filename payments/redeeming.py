"""Redeeming a code: of a batch (`RedeemCode`) or of a gift. Once, by one person.

Locks are taken in this order: the person, then the row of the code. So one person's codes stand in
line, and of many who try the same code one gets it.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses import grants
from courses.models import CoursePage, Grant, Membership
from pages import dates
from payments import beginning, codes, letters, periods, queries
from payments.models import Gift, Offer, Order, Price, RedeemCode

type Voucher = RedeemCode | Gift


class CannotRedeem(Exception):
    """The code opens nothing; `message` is for whoever typed it."""

    message = _("There is no such code. Please compare it character by character.")


class Unknown(CannotRedeem):
    message = _("There is no such code. If you got a newer mail or link since, use that one.")


class Used(CannotRedeem):
    message = _("This code has been redeemed already.")


class UsedByYou(Used):
    message = _("You have redeemed this code already.")


class Void(CannotRedeem):
    message = _("This code was taken back. Please ask whoever gave it to you.")


class Expired(CannotRedeem):
    message = _("The time in which this code could be redeemed is over.")


class AlreadyOwned(CannotRedeem):
    message = _("You have this already. The code has not been used: you can pass it on.")


def find(code: str) -> Voucher:
    """What the code belongs to. Raises Unknown."""
    digests = codes.digests(code)
    found = (
        _codes().filter(digest__in=digests).first() or _gifts().filter(digest__in=digests).first()
    )
    if found is None:
        raise Unknown
    return found


def check(voucher: Voucher, learner: User | None, *, now: datetime) -> None:
    """Raises CannotRedeem if it cannot be redeemed now, or not by this person."""
    if voucher.redeemed_at is not None and voucher.shut_at:
        raise Void  # it was given back after it was redeemed
    if voucher.redeemed_at is not None:
        raise UsedByYou if learner and voucher.redeemed_by_id == learner.pk else Used
    if voucher.is_void:
        raise Void
    if voucher.claimable_until is None or voucher.claimable_until <= now:
        raise Expired
    if learner and owns(learner, voucher.sellable, now=now):
        raise AlreadyOwned


def owns(learner: User, sellable: CoursePage | Membership, *, now: datetime) -> bool:
    """Whether they have it already, or will: a course by a membership alone is not owned."""
    target = {"course": sellable} if isinstance(sellable, CoursePage) else {"membership": sellable}
    return Grant.objects.filter(learner=learner, **target).lasting(now).exists()


@transaction.atomic
def redeem(*, code: str, learner: User, instead: int | None = None, now: datetime) -> Voucher:
    """Open what the code is for. Raises CannotRedeem.

    `instead` is the number of another course, for whoever has what a gift is of.
    """
    User.objects.select_for_update(no_key=True).get(pk=learner.pk)
    voucher = lock(find(code))
    _keeps_its_code(voucher, code)
    try:
        check(voucher, learner, now=now)
    except AlreadyOwned:
        _take_instead(voucher, learner, instead, now=now)
    voucher.redeemed_by, voucher.redeemed_at = learner, now
    if isinstance(voucher, RedeemCode) and beginning.is_planned(voucher.sellable, now=now):
        _wait(voucher, now=now)
    voucher.save(update_fields=voucher.WRITTEN_BY_REDEEMING)
    declare(voucher, now=now)
    if isinstance(voucher, Gift):
        letters.gift_redeemed(voucher, now=now)
    return voucher


def _wait(code: RedeemCode, *, now: datetime) -> None:
    """It opens with its course (payments.presale)."""
    course = code.batch.course
    assert course is not None  # noqa: S101 — no membership is planned
    code.is_waiting, code.starts_at = True, beginning.opens_at(course, now=now)


def alternatives(gift: Gift, learner: User, *, now: datetime) -> list[CoursePage]:
    """What somebody who has it already may choose: other courses of the same regular price."""
    prices = (
        queries.prices_in_force(gift.order.currency, now=now)
        .annotate(regular=Coalesce("regular_amount", "amount"))
        .filter(regular__in=_regular_amounts(gift.order), offer__kind=Offer.Kind.ONE_OFF)
    )
    courses = [price.offer.course for price in prices.select_related("offer__course")]
    owned = set(
        Grant.objects.filter(learner=learner).lasting(now).values_list("course_id", flat=True)
    )
    today = timezone.localdate(now)
    return [
        each for each in courses if each and each.pk not in owned and not each.is_planned(today)
    ]


def _regular_amounts(order: Order) -> set[int]:
    """What it cost when it was bought and what it costs now, whatever an early price or a code
    took off."""
    regular = Price.objects.filter(
        offer=order.price.offer_id, currency=order.currency, ends_at=None
    ).order_by("-created_at", "-pk")
    then, now = regular.filter(created_at__lte=order.created_at), regular.filter(is_active=True)
    found = {each.amount for each in (then.first(), now.first()) if each}
    return found or {order.price.amount}


def _take_instead(voucher: Voucher, learner: User, instead: int | None, *, now: datetime) -> None:
    if not isinstance(voucher, Gift):
        raise AlreadyOwned
    for course in alternatives(voucher, learner, now=now):
        if course.pk == instead:
            voucher.course_instead = course
            return
    raise AlreadyOwned


def _keeps_its_code(voucher: Voucher, code: str) -> None:
    """A gift may have been sent again, with another code, while this one was being looked up."""
    if voucher.digest not in codes.digests(code):
        raise Unknown


def term(voucher: Voucher, *, now: datetime) -> str:
    """How long it opens, in a sentence: from its redemption, or from now."""
    begins = voucher.opens_at or now
    if voucher.redeemed_at is None and beginning.is_planned(voucher.sellable, now=now):
        begins = beginning.opens_at(voucher.sellable, now=now)
    opens = ""
    if begins > now:
        opens = gettext("It opens on %(day)s.") % {"day": dates.day(begins, now=now)} + " "
    if not voucher.months:
        stays = gettext("It stays open to you for good.")
        return opens + (stays if voucher.redeemed_at else gettext("It stays yours for good."))
    ends = periods.add_months(begins, voucher.months)
    return opens + gettext("It is open until %(day)s and does not renew itself.") % {
        "day": dates.day(ends, now=now)
    }


def lock(voucher: Voucher) -> Voucher:
    """The same row as it stands now, and nobody else's until the transaction is over."""
    if isinstance(voucher, Gift):
        return lock_gift(voucher)
    return lock_code(voucher)


def lock_code(code: RedeemCode) -> RedeemCode:
    """Its batch is read after the lock was had: what takes a batch back locks its codes first."""
    RedeemCode.objects.select_for_update().get(pk=code.pk)
    return _codes().get(pk=code.pk)


def lock_gift(gift: Gift) -> Gift:
    return _gifts().select_for_update(of=["self"]).get(pk=gift.pk)


def declare(
    voucher: Voucher, *, now: datetime, actor: User | None = None, reason: str = ""
) -> None:
    """Declare the access of a voucher from its facts; nothing if nobody has redeemed it."""
    if voucher.redeemed_by is None or voucher.opens_at is None:
        return
    months = voucher.months
    grants.sync(
        learner=voucher.redeemed_by,
        source_kind=voucher.source_kind,
        source_id=voucher.source_id,
        covers=[voucher.sellable],
        starts_at=voucher.opens_at,
        ends_at=periods.add_months(voucher.opens_at, months) if months else None,
        withdrawn_at=voucher.shut_at,
        now=now,
        actor=actor,
        reason=reason or str(voucher),
    )


def _codes() -> QuerySet[RedeemCode]:
    return RedeemCode.objects.select_related(
        "batch__course", "batch__membership", "batch__order", "redeemed_by"
    )


def _gifts() -> QuerySet[Gift]:
    return Gift.objects.select_related(
        "order__buyer",
        "order__price__offer__course",
        "order__price__offer__membership",
        "course_instead",
        "redeemed_by",
    )
