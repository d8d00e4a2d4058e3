"""Mails about money. Each has a key of its own, so that it is written once."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import mail
from accounts.models import OutboxMessage, User
from courses.models import Grant
from pages import dates
from payments import codes, money
from payments.models import (
    Fapiao,
    Gift,
    Invoice,
    Offer,
    Order,
    Pause,
    PlanChange,
    PromotionCode,
    RedeemCode,
    Refund,
    RefundRequest,
    Subscription,
)
from payments.models.offers import in_a_sentence
from payments.upcoming import Charge

ORDERS_PATH = "/account/orders/"


def order_paid(order: Order, *, now: datetime) -> bool:
    """The receipt of what was bought once, with the way in."""
    context = {
        "title": order.price.offer.named,
        "amount": _amount(order.buyer, order.amount, order.currency),
        "number": order.number,
        "address": _address_of(order),
        "until": _day(order.buyer, order.ends_at),
        "free": order.amount == 0,
        "opens_on": _day(order.buyer, order.starts_at) if order.advance else "",
        "contents": [each.course.title for each in order.contents.select_related("course")],
    }
    return _queue(f"order-paid-{order.pk}", order.buyer, "order_paid", context, now)


def presale_opened(order: Order, *, now: datetime) -> bool:
    """What was bought in advance is open."""
    context = {"title": order.price.offer.named, "address": _address_of(order)}
    return _queue(f"presale-opened-{order.pk}", order.buyer, "presale_opened", context, now)


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
    return _queue(f"redeemed-opened-{code.pk}", learner, "presale_opened", context, now)


def presale_given_up(order: Order, *, amount: int, reason: str, now: datetime) -> bool:
    """What was bought in advance will not come; what is left of the money, `amount`, goes back."""
    context = {
        "title": order.price.offer.named,
        "amount": _amount(order.buyer, amount, order.currency),
        "in_part": amount < order.amount,
        "number": order.number,
        "reason": reason,
        "page": _page_of(order),
    }
    return _queue(f"presale-given-up-{order.pk}", order.buyer, "presale_given_up", context, now)


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
    opens = _date(order.buyer, opens_on)
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
        "amount": _amount(order.buyer, order.amount, order.currency),
        "day": _date(order.buyer, reservation.day),
        "asks": reservation.needs_action,
        "until": _last_day(order.buyer, reservation.pay_until),
        "number": order.number,
        "page": _page_of(order),
        "course": _address_of(order),
        **more,
    }
    return _queue(key, order.buyer, "reservation", context, now)


def membership_begun(order: Order, subscription: Subscription, *, now: datetime) -> bool:
    """The receipt of a first payment, or the terms of a trial that has begun."""
    context = {
        "title": order.price.offer.named,
        "amount": _amount(order.buyer, order.amount, order.currency),
        "number": order.number,
        "trial": subscription.object.get("trial_end") is not None,
        "full": _full_later(order),
        "renews_on": _day(order.buyer, subscription.period_end),
        "address": _address_of(order),
    }
    key = f"membership-begun-{subscription.pk}"
    return _queue(key, order.buyer, "membership_begun", context, now)


def _full_later(order: Order) -> str:
    """What is charged once the order's code is used up; "" without one, or if it is for good."""
    code = order.promotion
    if code is None or code.duration == PromotionCode.Duration.FOREVER:
        return ""
    return _amount(order.buyer, order.list_amount, order.currency)


def renewal_receipt(invoice: Invoice, *, now: datetime) -> bool:
    subscription = invoice.subscription
    if subscription is None or subscription.learner is None:
        return False
    before = subscription.invoices.filter(amount_paid__gt=0, created_at__lt=invoice.created_at)
    context = {
        "title": _title(subscription),
        "after_trial": subscription.object.get("trial_end") is not None and not before.exists(),
        "amount": _amount(subscription.learner, invoice.amount_paid or 0, invoice.currency),
        "renews_on": _day(subscription.learner, subscription.period_end),
        "goes_on": not subscription.ends_by_itself,
        "receipt": invoice.page_url,
    }
    return _queue(
        f"renewal-receipt-{invoice.pk}", subscription.learner, "renewal_receipt", context, now
    )


def renewal_notice(subscription: Subscription, charge: Charge, *, now: datetime) -> bool:
    """Five days before an automatic renewal: when, how much, and how to stop it."""
    learner = subscription.learner
    if learner is None:
        return False
    context = {
        "title": _title(subscription),
        "amount": _amount(learner, charge.amount, charge.currency),
        "credit": _amount(learner, charge.credit, charge.currency) if charge.credit else "",
        "due": _amount(learner, charge.due, charge.currency),
        "renews_on": _day(learner, charge.at),
        "first": subscription.status == "trialing",
        "paused": subscription.collection_paused,
        **_ways(subscription),
    }
    key = f"renewal-notice-{subscription.pk}-{charge.at:%Y%m%d}"
    return _queue(key, learner, "renewal_notice", context, now)


def cancelled(subscription: Subscription, *, now: datetime) -> bool:
    """Once for each time it is cancelled: its last day, and how to go on after all."""
    learner, ends = subscription.learner, subscription.period_end
    if learner is None or ends is None:
        return False
    context = {
        "title": _title(subscription),
        "last": _last_day(learner, ends),
        **_ways(subscription),
    }
    key = f"cancelled-{subscription.pk}-{subscription.object.get('canceled_at')}"
    return _queue(key, learner, "subscription_cancelled", context, now)


def card_expiring(subscription: Subscription, charge: Charge, *, now: datetime) -> bool:
    """Once for each card: it will not be good any more when the renewal comes."""
    learner, last = subscription.learner, subscription.card_expires_on
    if learner is None or last is None:
        return False
    context = {
        "title": _title(subscription),
        "card": subscription.card,
        "amount": _amount(learner, charge.due, charge.currency),
        "renews_on": _day(learner, charge.at),
        "last": _date(learner, last),
        "expired": last < now.date(),
        **_ways(subscription),
    }
    key = f"card-expiring-{subscription.pk}-{last:%Y%m}"
    return _queue(key, learner, "card_expiring", context, now)


def plan_changed(subscription: Subscription, change: PlanChange, *, now: datetime) -> bool:
    """It is for another thing, or another interval, from now on."""
    learner = subscription.learner
    if learner is None:
        return False
    bill = subscription.latest_bill if not change.at_period_end else {}
    context = {
        "title": _title(subscription),
        "terms": _terms(learner, change.price.offer),
        "amount": _amount(learner, change.price.amount, change.price.currency),
        "paid": _amount(learner, change.due_today, change.price.currency)
        if change.due_today
        else "",
        "receipt": (bill.get("hosted_invoice_url") or "") if change.due_today else "",
        "renews_on": _day(learner, subscription.period_end),
        **_ways(subscription),
    }
    return _queue(f"plan-changed-{change.pk}", learner, "plan_changed", context, now)


def price_changes(subscription: Subscription, change: PlanChange, *, now: datetime) -> bool:
    """At least thirty days before: the price before and after, from when, and the way out."""
    learner = subscription.learner
    if learner is None:
        return False
    currency = change.price.currency
    context = {
        "title": _title(subscription),
        "before": _amount(learner, change.from_amount, currency),
        "after": _amount(learner, change.price.amount, currency),
        "per": _per(learner, change.price.offer),
        "starts_on": _day(learner, change.effective_at),
        **_ways(subscription),
    }
    return _queue(price_change_key(change), learner, "price_changes", context, now)


def price_change_key(change: PlanChange) -> str:
    """Under which the notice of a price change stands in the outbox."""
    return f"price-changes-{change.pk}"


def paused(pause: Pause, *, now: datetime) -> bool:
    subscription = pause.subscription
    learner = subscription.learner
    if learner is None:
        return False
    context = {
        "title": _title(subscription),
        "begins_on": _day(learner, pause.begins_at),
        "resumes_on": _day(learner, pause.resumes_at),
        "amount": _amount(
            learner,
            subscription.reduced(subscription.amount or 0, at=pause.resumes_at),
            subscription.currency,
        ),
        "keeps_access": settings.PAUSED_KEEPS_ACCESS,
        **_ways(subscription),
    }
    return _queue(f"paused-{pause.pk}", learner, "paused", context, now)


def not_paused(pause: Pause, *, now: datetime) -> bool:
    """Stripe had not answered, and never made it."""
    subscription = pause.subscription
    learner = subscription.learner
    if learner is None:
        return False
    ends = not subscription.renews
    context = {
        "title": _title(subscription),
        "renews_on": "" if ends else _day(learner, subscription.period_end),
        **_ways(subscription),
    }
    return _queue(f"not-paused-{pause.pk}", learner, "not_paused", context, now)


def payment_failed(
    subscription: Subscription, *, day: int, grace_ends: datetime, now: datetime
) -> bool:
    """On days 0, 3 and 6 after a failed renewal."""
    learner, since = subscription.learner, subscription.past_due_since
    if learner is None or since is None:
        return False
    context = {
        "title": _title(subscription),
        "amount": _amount(learner, _failed_amount(subscription), subscription.currency),
        "failed_on": _day(learner, since),
        "until": _last_day(learner, grace_ends),
        "day": day,
        "asks": subscription.invoices.filter(status="open", needs_action=True).exists(),
        "is_first": subscription.is_first_after_trial,
        **_ways(subscription),
    }
    key = f"payment-failed-{subscription.pk}-{since:%Y%m%d}-{day}"
    return _queue(key, learner, "payment_failed", context, now)


def _failed_amount(subscription: Subscription) -> int:
    """Of the bill that was not paid."""
    failed = subscription.invoices.filter(status="open").first()
    return (failed and failed.amount_due) or subscription.amount or 0


def membership_ended(subscription: Subscription, *, ended_at: datetime, now: datetime) -> bool:
    """Once for each end, whether grace ran out first or Stripe closed it."""
    learner = subscription.learner
    if learner is None:
        return False
    since = subscription.past_due_since or ended_at
    context = {"title": _title(subscription), "ended_on": _day(learner, ended_at)}
    key = f"membership-ended-{subscription.pk}-{since:%Y%m%d}"
    return _queue(key, learner, "membership_ended", context, now)


def term_ending(grant: Grant, *, now: datetime) -> bool:
    """Before a membership ends that does not renew itself."""
    context = {"title": str(grant.membership), "last_day": _last_day(grant.learner, grant.ends_at)}
    key = f"term-ending-{grant.pk}-{grant.ends_at:%Y%m%d}"
    return _queue(key, grant.learner, "term_ending", context, now)


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
        "amount": _amount(order.buyer, order.amount, order.currency) if paid else "",
        "number": order.number,
        "page": _page_of(order),
    }
    return _queue(f"bought-twice-{order.pk}", order.buyer, "bought_twice", context, now)


def refunded(refund: Refund, *, now: datetime) -> bool:
    order = refund.order
    if order is None or order.note == Order.Note.BOUGHT_TWICE:
        return False  # none of ours, or told already
    context = {
        "title": order.price.offer.named,
        "amount": _amount(order.buyer, refund.amount or 0, refund.currency),
        "number": order.number,
        "for_others": order.is_for_others,
        "page": _page_of(order),
    }
    return _queue(f"refunded-{refund.pk}", order.buyer, "refunded", context, now)


def order_ended(order: Order, *, reason: str, now: datetime) -> bool:
    """What a code paid whole is shut by finance."""
    context = {
        "title": order.price.offer.named,
        "number": order.number,
        "reason": reason,
        "page": _page_of(order),
    }
    return _queue(f"order-ended-{order.pk}", order.buyer, "order_ended", context, now)


def refund_declined(request: RefundRequest, *, now: datetime) -> bool:
    order = request.order
    context = {
        "title": order.price.offer.named,
        "number": order.number,
        "reason": request.reason,
        "page": _page_of(order),
    }
    return _queue(f"refund-declined-{request.pk}", order.buyer, "refund_declined", context, now)


def fapiao_issued(row: Fapiao, *, now: datetime) -> bool:
    return _of_fapiao(row, "fapiao_issued", key=f"fapiao-issued-{row.pk}", now=now)


def fapiao_reversed(row: Fapiao, *, now: datetime) -> bool:
    """After money went back; what is left can have another."""
    return _of_fapiao(row, "fapiao_reversed", key=f"fapiao-reversed-{row.pk}", now=now)


def fapiao_corrected(row: Fapiao, *, now: datetime) -> bool:
    key = f"fapiao-corrected-{row.pk}-{now.timestamp():.0f}"
    return _of_fapiao(row, "fapiao_corrected", key=key, now=now)


def _of_fapiao(row: Fapiao, template: str, *, key: str, now: datetime) -> bool:
    order = row.order
    context = {
        "title": order.price.offer.named,
        "name": row.title,
        "number": row.number,
        "reversal": row.reversal_number,
        "has_file": bool(row.file),
        "email": row.email,
        "order": _page_of(order),
    }
    return _queue(key, order.buyer, template, context, now)


def gift_bought(gift: Gift, *, now: datetime) -> bool:
    """To the giver: the receipt, and what becomes of the gift."""
    order, giver = gift.order, gift.order.buyer
    code = codes.again(gift.key, gift.minted, gift.digest or "")
    context = {
        "title": order.price.offer.named,
        "amount": _amount(giver, order.amount, order.currency),
        "number": order.number,
        "to": gift.to_email,
        "day": _day(giver, gift.send_at) if gift.send_at and gift.send_at > now else "",
        "until": _last_day(giver, gift.claimable_until),
        "address": codes.address(code),
        "order": _page_of(order),
    }
    return _queue(f"gift-bought-{gift.pk}", giver, "gift_bought", context, now)


def gift(gift: Gift, *, code: str, now: datetime) -> bool:
    """To the friend, who need not have an account. Sent again, it has another code."""
    giver = gift.order.buyer
    address = codes.address(code)
    context = {
        "title": gift.order.price.offer.named,
        "giver": gift.giver_name,
        "message": gift.message,
        "until": _last_day(giver, gift.claimable_until),
        "card": f"{address}card.png",
        "is_sent_again": gift.minted > 1,
    } | _way_in(code)
    key = f"gift-{gift.pk}-{gift.minted}"
    return _queue_to(gift.to_email, key, giver, "gift", context, gift.order.language, now)


def gift_redeemed(gift: Gift, *, now: datetime) -> bool:
    return _queue(
        f"gift-redeemed-{gift.pk}", gift.order.buyer, "gift_redeemed", _of_gift(gift), now
    )


def gift_runs_out(gift: Gift, *, now: datetime) -> bool:
    return _queue(
        f"gift-runs-out-{gift.pk}", gift.order.buyer, "gift_runs_out", _of_gift(gift), now
    )


def seats_bought(order: Order, *, now: datetime) -> bool:
    context = {
        "title": order.price.offer.named,
        "amount": _amount(order.buyer, order.amount, order.currency),
        "seats": order.quantity,
        "number": order.number,
        "until": _last_day(order.buyer, order.batch.redeemable_until),
        "order": _page_of(order),
    }
    return _queue(f"seats-bought-{order.pk}", order.buyer, "seats_bought", context, now)


def seat(row: RedeemCode, *, code: str, now: datetime) -> bool:
    """To a colleague for whom the buyer of seats has one."""
    order = row.batch.order
    if order is None:
        return False
    buyer = order.buyer
    context = {
        "title": order.price.offer.named,
        "giver": buyer.name or buyer.email,
        "until": _last_day(buyer, row.batch.redeemable_until),
    } | _way_in(code)
    return _queue_to(row.sent_to, f"seat-{row.pk}", buyer, "seat", context, order.language, now)


def code_shut(row: RedeemCode, *, now: datetime) -> bool:
    """To whoever had redeemed a code whose access was taken back, or is withheld."""
    learner, shut = row.redeemed_by, row.shut_at
    if learner is None or shut is None:
        return False
    context = {"title": in_a_sentence(row.sellable)}
    return _queue(f"code-shut-{row.pk}-{shut:%Y%m%d%H%M}", learner, "code_shut", context, now)


def _of_gift(gift: Gift) -> dict[str, Any]:
    order = gift.order
    return {
        "title": order.price.offer.named,
        "number": order.number,
        "until": _last_day(order.buyer, gift.claimable_until),
        "order": _page_of(order),
    }


def _way_in(code: str) -> dict[str, str]:
    return {
        "code": codes.shown(code),
        "address": codes.address(code),
        "redeem": settings.BASE_URL + reverse("redeem"),
    }


def _page_of(order: Order) -> str:
    return settings.BASE_URL + reverse("order", args=[order.key])


def _last_day(to: User, ends: datetime | None) -> str:
    return _day(to, ends - timedelta(seconds=1) if ends else None)


def _queue_to(
    email: str,
    key: str,
    giver: User,
    template: str,
    context: dict[str, Any],
    language: str,
    now: datetime,
) -> bool:
    """To somebody who may have no account: the mail is the giver's, in data and deletion."""
    return mail.queue(
        key=key,
        to=email,
        template=template,
        context=context,
        language=language,
        now=now,
        user=giver,
        about=OutboxMessage.About.PRESENT,
    )


def _queue(key: str, to: User, template: str, context: dict[str, Any], now: datetime) -> bool:
    if not to.is_active:
        return False
    return mail.queue(
        key=key,
        to=to.email,
        template=template,
        context={
            **context,
            "orders": settings.BASE_URL + ORDERS_PATH,
        },
        language=to.language,
        now=now,
        user=to,
        about=OutboxMessage.About.MONEY,
    )


def _title(subscription: Subscription) -> Any:
    return subscription.offer.named if subscription.offer else _("Membership")


def _address_of(order: Order) -> str:
    offer = order.price.offer
    if offer.course is not None:
        return str(offer.course.full_url or settings.BASE_URL)
    if offer.bundle is not None:
        return settings.BASE_URL + offer.bundle.get_absolute_url()
    return settings.BASE_URL + "/courses/"


def _ways(subscription: Subscription) -> dict[str, str]:
    """Where it is kept, cancelled, paid, and given another card; each by one tap."""
    page = f"{settings.BASE_URL}/account/subscriptions/{subscription.pk}/"
    return {
        "page": page,
        "cancel": f"{page}cancel/",
        "card_page": f"{page}card/",
        "pay": f"{page}pay/",
    }


def _terms(to: User, offer: Offer) -> str:
    with translation.override(to.language):
        return offer.terms


def _per(to: User, offer: Offer) -> str:
    with translation.override(to.language):
        return money.per(offer.interval or "month")


def _amount(to: User, amount: int, currency: str) -> str:
    return money.in_words(amount, currency, to.language)


def _day(to: User, at: datetime | None) -> str:
    """The day as the person's calendar has it, in their language."""
    if at is None:
        return ""
    zone = ZoneInfo(to.time_zone)
    with translation.override(to.language), timezone.override(zone):
        return dates.day(at)


def _date(to: User, day: date) -> str:
    with translation.override(to.language):
        return dates.day(day)
