"""What the buyer of a gift or of seats sees of it, in words."""

from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.urls import reverse
from django.utils.translation import gettext as _

from pages import dates
from payments import batches, codes, gifts
from payments.models import Gift, Order, RedeemBatch, RedeemCode

ON_A_PAGE = 50


def shown(order: Order, *, page: str | None, now: datetime) -> dict[str, Any]:
    """The context of payments/order_gift.html, or of payments/order_seats.html."""
    if order.purpose == Order.Purpose.GIFT:
        gift = Gift.objects.select_related("order").get(order=order)
        return _gift(gift, now=now)
    return _seats(order.batch, page=page, now=now)


def seats_in_use(order: Order) -> int:
    return RedeemCode.objects.filter(batch__order=order, redeemed_at__isnull=False).count()


def gift_state(gift: Gift, *, now: datetime) -> str:
    """How it stands, in a sentence."""
    if gift.taken_back_at:
        return _("You took it back on %(day)s.") % {"day": _day(gift.taken_back_at, now)}
    if gift.redeemed_at:
        day = {"day": _day(gift.redeemed_at, now)}
        if gift.withdrawn_at:
            return _("Claimed on %(day)s; shut again, since the order was refunded.") % day
        return _("Your friend claimed it on %(day)s.") % day
    if gift.withdrawn_at:
        return _("It is void, since the order was refunded.")
    if gift.claimable_until and gift.claimable_until <= now:
        return _("Nobody claimed it until %(day)s; it is void.") % {
            "day": last_day(gift.claimable_until, now)
        }
    if gift.sent_at:
        return _("Sent on %(day)s, not claimed yet.") % {"day": _day(gift.sent_at, now)}
    if gift.send_at:
        return _("It will be sent on %(day)s.") % {"day": _day(gift.send_at, now)}
    return _("Not claimed yet. Hand the link to your friend.")


def gift_word(gift: Gift, *, now: datetime) -> str:
    """The same in a word, for a list."""
    if gift.taken_back_at:
        return _("Taken back")
    if gift.withdrawn_at:
        return _("Void")
    if gift.redeemed_at:
        return _("Claimed")
    if not gift.may_be_claimed(now):
        return _("Time is over")
    if gift.sent_at:
        return _("Sent, not claimed")
    return _("To be sent") if gift.send_at else _("Not claimed")


def last_day(ends: datetime | None, now: datetime) -> str:
    return _day(ends - timedelta(seconds=1), now) if ends else ""


def _day(at: datetime, now: datetime) -> str:
    return dates.day(at, now=now)


def _gift(gift: Gift, *, now: datetime) -> dict[str, Any]:
    code = gifts.code_of(gift)
    return {
        "gift": gift,
        "state_of_gift": gift_state(gift, now=now),
        "is_open": gift.may_be_claimed(now),
        "last_day": last_day(gift.claimable_until, now),
        "address": codes.address(code) if code else "",
        "card": reverse("gift_card", args=[codes.shown(code)]) if code else "",
    }


def _seats(batch: RedeemBatch, *, page: str | None, now: datetime) -> dict[str, Any]:
    rows = batch.codes.select_related("batch__course", "batch__membership", "redeemed_by")
    found = Paginator(rows, ON_A_PAGE).get_page(page)
    return {
        "batch": batch,
        "page": found,
        "seats": [_seat(row, now=now) for row in found],
        "redeemed": batch.codes.filter(redeemed_at__isnull=False).count(),
        "is_open": not batch.is_void and batch.redeemable_until > now,
        "last_day": last_day(batch.redeemable_until, now),
    }


def _seat(row: RedeemCode, *, now: datetime) -> dict[str, Any]:
    code = batches.code_of(row)
    is_free = row.redeemed_at is None and not row.is_void and row.claimable_until > now
    return {
        "row": row,
        "code": codes.shown(code),
        "address": codes.address(code) if code and is_free else "",
        "state": batches.state(row, now=now),
        "name": batches.redeemer(row),
    }
