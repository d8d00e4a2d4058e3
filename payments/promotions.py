"""Promotion codes: who may use one, what it takes off, and at most as many uses as it has.

A use is held from the moment an order is made until its payment page has closed; paid, it is kept.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from payments import gateway, money, periods
from payments.models import Offer, Order, Price, PromotionCode, PromotionUse, WinBack

MONTHS = {"month": 1, "quarter": 3, "year": 12}
CLOSED = (Order.Status.EXPIRED, Order.Status.FAILED)


class CannotUse(Exception):
    """The code gives nothing here; `message` is for whoever typed it."""

    message = _("This code cannot be used.")


class Unknown(CannotUse):
    message = _("There is no such code. Please look at its letters and digits again.")


class NotYet(CannotUse):
    message = _("This code is not valid yet.")


class Expired(CannotUse):
    message = _("This code is no longer valid.")


class UsedUp(CannotUse):
    message = _("This code has been used as often as it can be.")


class UsedByYou(CannotUse):
    message = _("You have used this code already.")


class NotForThis(CannotUse):
    message = _("This code is not for this.")


class NotForYou(CannotUse):
    message = _("This code was made for somebody else.")


class FirstPurchaseOnly(CannotUse):
    message = _("This code is for a first purchase only.")


@dataclass(frozen=True)
class Reduction:
    """What a code makes of a price. Amounts in the currency's smallest unit."""

    promotion: PromotionCode
    amount: int  # the first payment
    discount: int  # what is taken off it
    full_from: datetime | None = None  # the first payment that is not reduced, of what renews


def normalized(typed: str) -> str:
    """ｓｐｒｉｎｇ and " Spring " are SPRING."""
    return "".join(unicodedata.normalize("NFKC", typed).upper().split())


def find(typed: str, *, now: datetime) -> PromotionCode:
    """The code that is in force. Raises Unknown, NotYet, Expired."""
    found = PromotionCode.objects.filter(code=normalized(typed)).first()
    if found is None:
        raise Unknown
    _check_in_force(found, now)
    return found


def check_buyer(promotion: PromotionCode, buyer: User | None) -> None:
    """Whether it is for this person, and a use is left (a visitor may yet be anyone). Raises
    UsedByYou, UsedUp, NotForYou, FirstPurchaseOnly."""
    if buyer is not None:
        _check_person(promotion, buyer)
    _check_left(promotion, buyer)


def reduce(
    promotion: PromotionCode, price: Price, *, trial_days: int, buyer: User | None, now: datetime
) -> Reduction:
    """What it makes of a price for this person. Raises CannotUse."""
    _check_in_force(promotion, now)
    offer = price.offer
    chosen = {each.pk for each in promotion.offers.all()}
    if chosen and offer.pk not in chosen:
        raise NotForThis
    if promotion.currency and promotion.currency != price.currency:
        raise NotForThis
    if promotion.duration != PromotionCode.Duration.ONCE and not offer.is_recurring:
        raise NotForThis
    full_from = _full_from(promotion, offer, trial_days, now) if offer.is_recurring else None
    check_buyer(promotion, buyer)
    cut = money.taken_off(
        price.amount, price.currency, percent=promotion.percent, fixed=promotion.amount
    )
    if cut == price.amount and offer.presale:
        raise NotForThis  # where it is given up, there would be nothing to give back
    return Reduction(promotion, price.amount - cut, cut, full_from)


@transaction.atomic
def reserve(*, order: Order, now: datetime) -> PromotionUse:
    """Hold one use for an order that is about to be paid. Raises UsedUp, UsedByYou.

    Buyers of one code stand in line here: the constraints alone would turn some away who could
    have had the next use.
    """
    assert order.promotion_id is not None  # noqa: S101 — the caller looked
    promotion = _lock(order.promotion_id)
    release_closed(now=now, promotion=promotion)
    slot, nth = _free_slot(promotion), _free_turn(promotion, order.buyer_id)
    return PromotionUse.objects.create(
        promotion=promotion,
        learner_id=order.buyer_id,
        order=order,
        slot=slot,
        slots=promotion.max_uses,
        nth=nth,
        per_person=promotion.per_person,
        reserved_at=now,
    )


def keep(order: Order, *, now: datetime) -> bool:
    """The order is paid: its use stays for good. False where it was given up and no other is left.
    In a transaction, the order locked."""
    if order.promotion_id is None:
        return True
    promotion = _lock(order.promotion_id)
    use = PromotionUse.objects.select_for_update().filter(order=order).first()
    if use is None:
        return True  # made anew after a restore: what it was held by is lost
    if use.released_at is not None:
        release_closed(now=now, promotion=promotion)
        try:
            use.slot, use.nth = _free_slot(promotion), _free_turn(promotion, order.buyer_id)
        except CannotUse:
            return False
    use.used_at, use.released_at = now, None
    use.save()
    return True


def release_closed(*, now: datetime, promotion: PromotionCode | None = None) -> int:
    """Give up the uses of orders whose payment page has closed; of one code or of all."""
    closed = PromotionUse.objects.filter(released_at=None, used_at=None, order__status__in=CLOSED)
    if promotion:
        closed = closed.filter(promotion=promotion)
    found = PromotionUse.objects.filter(pk__in=list(closed.values_list("pk", flat=True)))
    # One may have been paid after all between the two.
    return found.filter(released_at=None, used_at=None).update(released_at=now)


def standing(promotion: PromotionCode) -> QuerySet[PromotionUse]:
    """Uses that count: paid, or held by a payment page that is open."""
    return promotion.uses.filter(released_at=None).filter(
        Q(used_at__isnull=False) | ~Q(order__status__in=CLOSED)
    )


def _lock(promotion_id: int) -> PromotionCode:
    return PromotionCode.objects.select_for_update(no_key=True).get(pk=promotion_id)


def _free_slot(promotion: PromotionCode) -> int | None:
    """The lowest number that nobody holds; None where there is no limit. Raises UsedUp."""
    if promotion.max_uses is None:
        return None
    held = promotion.uses.filter(released_at=None)
    number = _lowest_free(set(held.values_list("slot", flat=True)))
    if number > promotion.max_uses:
        raise UsedUp
    return number


def _free_turn(promotion: PromotionCode, learner_id: int) -> int:
    held = promotion.uses.filter(released_at=None, learner_id=learner_id)
    number = _lowest_free(set(held.values_list("nth", flat=True)))
    if number > promotion.per_person:
        raise UsedByYou
    return number


def _lowest_free(held: set[int | None]) -> int:
    number = 1
    while number in held:
        number += 1
    return number


def _check_in_force(promotion: PromotionCode, now: datetime) -> None:
    if promotion.starts_at and now < promotion.starts_at:
        raise NotYet
    if not promotion.is_active or (promotion.ends_at and promotion.ends_at <= now):
        raise Expired


def _check_person(promotion: PromotionCode, buyer: User) -> None:
    """What the buyer's own open payment page holds is no use of it yet."""
    own: WinBack | None = getattr(promotion, "win_back", None)
    if own and own.learner_id != buyer.pk:
        raise NotForYou
    used = promotion.uses.filter(learner=buyer, used_at__isnull=False)
    if used.count() >= promotion.per_person:
        raise UsedByYou
    if not promotion.first_purchase_only:
        return
    if Order.objects.filter(buyer=buyer, paid_at__isnull=False, **gateway.ours()).exists():
        raise FirstPurchaseOnly


def _check_left(promotion: PromotionCode, buyer: User | None) -> None:
    if promotion.max_uses is None:
        return
    held = standing(promotion)
    if buyer:
        held = held.exclude(learner=buyer, used_at=None)
    if held.count() >= promotion.max_uses:
        raise UsedUp


def _full_from(
    promotion: PromotionCode, offer: Offer, trial_days: int, now: datetime
) -> datetime | None:
    """When the first payment falls due that is not reduced; None: never. Raises NotForThis where
    the trial outlasts the discount."""
    if promotion.duration == PromotionCode.Duration.FOREVER:
        return None
    first = now + timedelta(days=trial_days)
    step = MONTHS[offer.interval or "month"]
    if promotion.duration == PromotionCode.Duration.ONCE:
        return periods.add_months(first, step)
    ends = periods.add_months(now, promotion.months or 0)
    if first >= ends:
        raise NotForThis
    count = 1  # the first one is reduced
    while (due := periods.add_months(first, count * step)) < ends:
        count += 1
    return due
