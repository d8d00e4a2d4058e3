"""A gift's life after it is paid: a code, sent on its day, claimed or taken back."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from wagtail.log_actions import log

from accounts.models import User
from operations.rows import each
from pages import dates
from payments import codes, entitlement, letters, redeeming, refund_requests
from payments.models import Gift, Order

CLAIM = timedelta(days=365)
NOTICE = timedelta(days=30)
UNPAID_KEPT = timedelta(days=30)
AHEAD = timedelta(days=365)  # a day to send may lie so far ahead
MORNING = time(9)
# What of a gift decides whether something is still to be done about it.
OPEN = {"digest__isnull": False, "redeemed_at": None, "taken_back_at": None, "withdrawn_at": None}


class NotOpen(Exception):
    """It was redeemed, taken back or given up before."""


def bought(order: Order, *, now: datetime) -> None:
    """Mint the code of a gift that is paid, and send it if this is the day. In a transaction."""
    gift, _made = Gift.objects.get_or_create(order=order)  # there is none after a restore
    if gift.to_email:
        gift.send_at = max(_morning_of(gift), now) if gift.send_on else now
    gift.claimable_until = dates.end_of_day(dates.last_day(max(gift.send_at or now, now) + CLAIM))
    _mint(gift)
    letters.gift_bought(gift, now=now)
    if gift.send_at and gift.send_at <= now:
        _send(gift, now=now)


def code_of(gift: Gift) -> str:
    """The code that holds; empty if there is none, or its secret is gone."""
    return codes.again(gift.key, gift.minted, gift.digest) if gift.digest else ""


@transaction.atomic
def send_again(
    gift: Gift, *, to_email: str, reason: str = "", actor: User | None = None, now: datetime
) -> Gift:
    """A new code, by mail or (without an address) to be handed over; the former opens nothing.

    `actor` is of finance, where it is not the giver. Raises NotOpen.
    """
    gift = _open_one(gift, now=now)
    gift.to_email = to_email
    gift.send_at = now if to_email else None
    gift.sent_at = None
    _mint(gift)
    if to_email:
        _send(gift, now=now)
    if actor is not None:
        log(instance=gift, action="payments.send_gift", user=actor, data={"reason": reason})
    return gift


@transaction.atomic
def take_back(gift: Gift, *, actor: User, reason: str, now: datetime) -> Gift:
    """Void an unclaimed gift and give its money back. Raises NotOpen, CannotRefund."""
    order = entitlement.lock(gift.order_id)
    gift = _open_one(gift, now=now)
    gift.taken_back_at = now
    gift.save(update_fields=["taken_back_at"])
    if actor.pk == order.buyer_id:
        refund_requests.keep_promise(order=order, reason=reason, asked_by=actor, now=now)
    else:
        refund_requests.approve(order=order, reason=reason, actor=actor, now=now)
    log(instance=gift, action="payments.take_gift_back", user=actor, data={"reason": reason})
    return gift


def send_due(now: datetime) -> None:
    """Send what has come to its day; run again it sends none twice."""
    due = Gift.objects.filter(send_at__lte=now, sent_at=None, **OPEN)
    for gift in due.only("pk").iterator(chunk_size=500):
        with transaction.atomic():
            gift = redeeming.lock_gift(gift)
            if gift.sent_at is None and gift.may_be_claimed(now):
                _send(gift, now=now)


def remind(now: datetime) -> None:
    """Tell givers whose gift has not been claimed a month before it runs out."""
    ending = Gift.objects.filter(
        claimable_until__gt=now, claimable_until__lte=now + NOTICE, **OPEN
    ).select_related(
        "order__buyer", "order__price__offer__course", "order__price__offer__membership"
    )
    for gift in each(ending, at_a_time=500):
        letters.gift_runs_out(gift, now=now)


def forget_unpaid(now: datetime) -> None:
    """What was written for a friend and never paid is nobody's business after a month."""
    abandoned = Gift.objects.filter(
        digest=None,
        order__status__in=[Order.Status.EXPIRED, Order.Status.FAILED],
        order__created_at__lt=now - UNPAID_KEPT,
    ).exclude(giver_name="", to_email="", message="")
    abandoned.update(giver_name="", to_email="", message="")


def _open_one(gift: Gift, *, now: datetime) -> Gift:
    gift = redeeming.lock_gift(gift)
    if not gift.may_be_claimed(now):
        raise NotOpen
    return gift


def _mint(gift: Gift) -> None:
    gift.minted += 1
    gift.digest = codes.digest(codes.derive(gift.key, gift.minted))
    gift.save()


def _send(gift: Gift, *, now: datetime) -> None:
    letters.gift(gift, code=code_of(gift), now=now)
    gift.sent_at = now
    gift.save(update_fields=["sent_at"])


def _morning_of(gift: Gift) -> datetime:
    """Of the day to send it, where the site is."""
    assert gift.send_on is not None  # noqa: S101 — asked before
    return datetime.combine(gift.send_on, MORNING, ZoneInfo(settings.TIME_ZONE))
