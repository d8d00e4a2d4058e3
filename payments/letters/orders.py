"""Mails about what was bought once, and about money that went back."""

from datetime import datetime

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import pgettext_lazy

from payments.letters import post
from payments.models import Order, RedeemCode, Refund, RefundRequest


def order_paid(order: Order, *, now: datetime) -> bool:
    """The receipt of what was bought once, with the way in."""
    context = {
        "title": order.price.offer.named,
        "amount": post.amount(order.buyer, order.amount, order.currency),
        "number": order.number,
        "address": post.address_of(order),
        "until": post.day(order.buyer, order.ends_at),
        "free": order.amount == 0,
        "opens_on": post.day(order.buyer, order.starts_at) if order.advance else "",
        "page": post.page_of(order),
        "contents": [each.course.title for each in order.contents.select_related("course")],
    }
    return post.queue(f"order-paid-{order.pk}", order.buyer, "order_paid", context, now)


def order_refused(order: Order, *, payment: str, now: datetime) -> bool:
    """A wallet or a bank said no after Checkout was done."""
    context = {
        "title": order.price.offer.named,
        "amount": post.amount(order.buyer, order.amount, order.currency),
        "number": order.number,
        "page": post.page_of(order),
    }
    key = f"order-refused-{order.pk}-{payment}"
    return post.queue(key, order.buyer, "order_refused", context, now)


def presale_opened(order: Order, *, now: datetime) -> bool:
    """What was bought in advance is open."""
    context = {
        "title": order.price.offer.named,
        "address": post.address_of(order),
        "page": post.page_of(order),
    }
    return post.queue(f"presale-opened-{order.pk}", order.buyer, "presale_opened", context, now)


def redeemed_opened(code: RedeemCode, *, now: datetime) -> bool:
    """What was redeemed before it opened is open."""
    learner, sellable = code.redeemed_by, code.batch.course
    if learner is None or sellable is None:
        return False
    context = {
        "title": format_lazy(pgettext_lazy("course title", "{title}"), title=str(sellable)),
        "address": f"{settings.BASE_URL}{sellable.get_absolute_url()}",
        "redeemed": True,
    }
    return post.queue(f"redeemed-opened-{code.pk}", learner, "presale_opened", context, now)


def presale_given_up(order: Order, *, amount: int, reason: str, now: datetime) -> bool:
    """What was bought in advance will not come; what is left of the money, `amount`, goes back."""
    context = {
        "title": order.price.offer.named,
        "amount": post.amount(order.buyer, amount, order.currency),
        "in_part": amount < order.amount,
        "number": order.number,
        "reason": reason,
        "page": post.page_of(order),
    }
    return post.queue(f"presale-given-up-{order.pk}", order.buyer, "presale_given_up", context, now)


def went_back(order: Order, *, now: datetime) -> bool:
    """To whoever bought something twice, or what was given up; an account that is gone has nobody
    to tell."""
    if order.note == Order.Note.GIVEN_UP:
        reason = order.price.offer.presale_end.reason
        return presale_given_up(order, amount=order.amount, reason=reason, now=now)
    subscription = order.subscription
    paid = subscription.last_paid_invoice() is not None if subscription else order.amount > 0
    context = {
        "title": order.price.offer.named,
        "amount": post.amount(order.buyer, order.amount, order.currency) if paid else "",
        "number": order.number,
        "page": post.page_of(order),
    }
    return post.queue(f"bought-twice-{order.pk}", order.buyer, "bought_twice", context, now)


def refunded(refund: Refund, *, now: datetime) -> bool:
    order = refund.order
    if order is None or order.note == Order.Note.BOUGHT_TWICE:
        return False  # none of ours, or told already
    context = {
        "title": order.price.offer.named,
        "amount": post.amount(order.buyer, refund.amount or 0, refund.currency),
        "number": order.number,
        "for_others": order.is_for_others,
        "page": post.page_of(order),
    }
    return post.queue(f"refunded-{refund.pk}", order.buyer, "refunded", context, now)


def refund_failed(refund: Refund, *, now: datetime) -> bool:
    """What was said to be on its way did not arrive."""
    order = refund.order
    if order is None:
        return False
    context = {
        "title": order.price.offer.named,
        "amount": post.amount(order.buyer, refund.amount or 0, refund.currency),
        "number": order.number,
        "page": post.page_of(order),
    }
    return post.queue(f"refund-failed-{refund.pk}", order.buyer, "refund_failed", context, now)


def order_ended(order: Order, *, reason: str, now: datetime) -> bool:
    """What a code paid whole is shut by finance."""
    context = {
        "title": order.price.offer.named,
        "number": order.number,
        "reason": reason,
        "page": post.page_of(order),
    }
    return post.queue(f"order-ended-{order.pk}", order.buyer, "order_ended", context, now)


def refund_declined(request: RefundRequest, *, now: datetime) -> bool:
    order = request.order
    context = {
        "title": order.price.offer.named,
        "number": order.number,
        "reason": request.decline_reason,
        "page": post.page_of(order),
    }
    return post.queue(f"refund-declined-{request.pk}", order.buyer, "refund_declined", context, now)
