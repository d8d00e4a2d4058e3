"""Mails about gifts, seats and codes: to who gives, and to who gets."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from payments import codes
from payments.letters import post
from payments.models import Gift, Order, RedeemCode
from payments.models.offers import in_a_sentence


def gift_bought(gift: Gift, *, now: datetime) -> bool:
    """To the giver: the receipt, and what becomes of the gift."""
    order, giver = gift.order, gift.order.buyer
    code = codes.again(gift.key, gift.minted, gift.digest or "")
    context = {
        "title": order.price.offer.named,
        "amount": post.amount(giver, order.amount, order.currency),
        "number": order.number,
        "to": gift.to_email,
        "day": post.day(giver, gift.send_at) if gift.send_at and gift.send_at > now else "",
        "until": post.last_day(giver, gift.claimable_until),
        "address": codes.address(code),
        "order": post.page_of(order),
    }
    return post.queue(f"gift-bought-{gift.pk}", giver, "gift_bought", context, now)


def gift(gift: Gift, *, code: str, now: datetime) -> bool:
    """To the friend, who need not have an account. Sent again, it has another code."""
    giver = gift.order.buyer
    address = codes.address(code)
    context = {
        "title": gift.order.price.offer.named,
        "giver": gift.giver_name,
        "message": gift.message,
        "until": post.last_day(giver, gift.claimable_until),
        "card": f"{address}card.png",
        "is_sent_again": gift.minted > 1,
    } | _way_in(code)
    key = f"gift-{gift.pk}-{gift.minted}"
    return post.queue_to(gift.to_email, key, giver, "gift", context, gift.order.language, now)


def gift_redeemed(gift: Gift, *, now: datetime) -> bool:
    taken = in_a_sentence(gift.course_instead) if gift.course_instead else ""
    context = _of_gift(gift) | {"taken": taken}
    return post.queue(f"gift-redeemed-{gift.pk}", gift.order.buyer, "gift_redeemed", context, now)


def gift_runs_out(gift: Gift, *, now: datetime) -> bool:
    return post.queue(
        f"gift-runs-out-{gift.pk}", gift.order.buyer, "gift_runs_out", _of_gift(gift), now
    )


def seats_bought(order: Order, *, now: datetime) -> bool:
    context = {
        "title": order.price.offer.named,
        "amount": post.amount(order.buyer, order.amount, order.currency),
        "seats": order.quantity,
        "number": order.number,
        "until": post.last_day(order.buyer, order.batch.redeemable_until),
        "order": post.page_of(order),
    }
    return post.queue(f"seats-bought-{order.pk}", order.buyer, "seats_bought", context, now)


def seat(row: RedeemCode, *, code: str, now: datetime) -> bool:
    """To a colleague for whom the buyer of seats has one."""
    order = row.batch.order
    if order is None:
        return False
    buyer = order.buyer
    context = {
        "title": order.price.offer.named,
        "giver": buyer.name or buyer.email,
        "until": post.last_day(buyer, row.batch.redeemable_until),
    } | _way_in(code)
    return post.queue_to(row.sent_to, f"seat-{row.pk}", buyer, "seat", context, order.language, now)


def code_shut(row: RedeemCode, *, now: datetime) -> bool:
    """To whoever had redeemed a code whose access was taken back, or is withheld."""
    learner, shut = row.redeemed_by, row.shut_at
    if learner is None or shut is None:
        return False
    context = {"title": in_a_sentence(row.sellable)}
    return post.queue(f"code-shut-{row.pk}-{shut:%Y%m%d%H%M}", learner, "code_shut", context, now)


def _of_gift(gift: Gift) -> dict[str, Any]:
    order = gift.order
    return {
        "title": order.price.offer.named,
        "number": order.number,
        "until": post.last_day(order.buyer, gift.claimable_until),
        "order": post.page_of(order),
    }


def _way_in(code: str) -> dict[str, str]:
    return {
        "code": codes.shown(code),
        "address": codes.address(code),
        "redeem": settings.BASE_URL + reverse("redeem"),
    }
