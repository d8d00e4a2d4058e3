"""Mails about a membership, from its first payment to its end."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from courses.models import Grant
from payments import money, upcoming
from payments.letters import post
from payments.models import Invoice, Offer, Order, Pause, PlanChange, PromotionCode, Subscription
from payments.upcoming import Charge


def membership_begun(order: Order, subscription: Subscription, *, now: datetime) -> bool:
    """The receipt of a first payment, or the terms of a trial that has begun."""
    context = {
        "title": order.price.offer.named,
        "amount": post.amount(order.buyer, order.amount, order.currency),
        "number": order.number,
        "trial": subscription.object.get("trial_end") is not None,
        "full": _full_later(order),
        "renews_on": post.day(order.buyer, subscription.period_end),
        "address": post.address_of(order),
        "order": post.page_of(order),
        **_ways(subscription),
    }
    key = f"membership-begun-{subscription.pk}"
    return post.queue(key, order.buyer, "membership_begun", context, now)


def _full_later(order: Order) -> str:
    """What is charged once the order's code is used up; "" without one, or if it is for good."""
    code = order.promotion
    if code is None or code.duration == PromotionCode.Duration.FOREVER:
        return ""
    return post.amount(order.buyer, order.list_amount, order.currency)


def renewal_receipt(invoice: Invoice, *, now: datetime) -> bool:
    subscription = invoice.subscription
    if subscription is None or subscription.learner is None:
        return False
    before = subscription.invoices.filter(amount_paid__gt=0, created_at__lt=invoice.created_at)
    context = {
        "title": _title(subscription),
        "after_trial": subscription.object.get("trial_end") is not None and not before.exists(),
        "amount": post.amount(subscription.learner, invoice.amount_paid or 0, invoice.currency),
        "renews_on": post.day(subscription.learner, subscription.period_end),
        "goes_on": not subscription.ends_by_itself,
        "receipt": invoice.page_url,
        **_ways(subscription),
    }
    return post.queue(
        f"renewal-receipt-{invoice.pk}", subscription.learner, "renewal_receipt", context, now
    )


def renewal_notice(subscription: Subscription, charge: Charge, *, now: datetime) -> bool:
    """Five days before an automatic renewal: when, how much, and how to stop it."""
    learner = subscription.learner
    if learner is None:
        return False
    change = upcoming.planned(subscription)
    chosen = None  # a changed price has letters of its own
    if change and change.price_change is None and change.comes_with(charge.at):
        chosen = change.price.offer
    context = {
        "title": _title(subscription),
        "chosen": chosen.named if chosen else "",
        "terms": _terms(learner, chosen) if chosen else "",
        "amount": post.amount(learner, charge.amount, charge.currency),
        "credit": post.amount(learner, charge.credit, charge.currency) if charge.credit else "",
        "due": post.amount(learner, charge.due, charge.currency),
        "renews_on": post.day(learner, charge.at),
        "first": subscription.status == "trialing",
        "paused": subscription.collection_paused,
        **_ways(subscription),
    }
    key = f"renewal-notice-{subscription.pk}-{charge.at:%Y%m%d}"
    return post.queue(key, learner, "renewal_notice", context, now)


def cancelled(subscription: Subscription, *, now: datetime) -> bool:
    """Once for each time it is cancelled: its last day, and how to go on after all."""
    learner, ends = subscription.learner, subscription.period_end
    if learner is None or ends is None:
        return False
    context = {
        "title": _title(subscription),
        "last": post.last_day(learner, ends),
        **_ways(subscription),
    }
    key = f"cancelled-{subscription.pk}-{subscription.object.get('canceled_at')}"
    return post.queue(key, learner, "subscription_cancelled", context, now)


def resumed(subscription: Subscription, *, now: datetime) -> bool:
    """Each time a cancellation is taken back: it is charged again, when and how much."""
    learner = subscription.learner
    if learner is None:
        return False
    charge = upcoming.next_charge(subscription)
    context = {
        "title": _title(subscription),
        "amount": post.amount(learner, charge.due, charge.currency) if charge else "",
        "day": post.day(learner, charge.at) if charge else "",
        "trial": subscription.status == "trialing",
        **_ways(subscription),
    }
    key = f"resumed-{subscription.pk}-{now:%Y%m%d%H%M%S}"
    return post.queue(key, learner, "subscription_resumed", context, now)


def card_expiring(subscription: Subscription, charge: Charge, *, now: datetime) -> bool:
    """Once for each card: it will not be good any more when the renewal comes."""
    learner, last = subscription.learner, subscription.card_expires_on
    if learner is None or last is None:
        return False
    context = {
        "title": _title(subscription),
        "card": subscription.card,
        "amount": post.amount(learner, charge.due, charge.currency),
        "renews_on": post.day(learner, charge.at),
        "last": post.date_in_words(learner, last),
        "expired": last < now.date(),
        **_ways(subscription),
    }
    key = f"card-expiring-{subscription.pk}-{last:%Y%m}"
    return post.queue(key, learner, "card_expiring", context, now)


def plan_changed(subscription: Subscription, change: PlanChange, *, now: datetime) -> bool:
    """It is for another thing, or another interval, from now on."""
    learner = subscription.learner
    if learner is None:
        return False
    bill = subscription.latest_bill if not change.at_period_end else {}
    context = {
        "title": _title(subscription),
        "terms": _terms(learner, change.price.offer),
        "amount": post.amount(learner, change.price.amount, change.price.currency),
        "paid": post.amount(learner, change.due_today, change.price.currency)
        if change.due_today
        else "",
        "receipt": (bill.get("hosted_invoice_url") or "") if change.due_today else "",
        "renews_on": post.day(learner, subscription.period_end),
        **_ways(subscription),
    }
    return post.queue(f"plan-changed-{change.pk}", learner, "plan_changed", context, now)


def price_changes(subscription: Subscription, change: PlanChange, *, now: datetime) -> bool:
    """At least thirty days before: the price before and after, from when, and the way out."""
    learner = subscription.learner
    if learner is None:
        return False
    currency = change.price.currency
    context = {
        "title": _title(subscription),
        "before": post.amount(learner, change.from_amount, currency),
        "after": post.amount(learner, change.price.amount, currency),
        "per": _per(learner, change.price.offer),
        "starts_on": post.day(learner, change.effective_at),
        **_ways(subscription),
    }
    return post.queue(price_change_key(change), learner, "price_changes", context, now)


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
        "begins_on": post.day(learner, pause.begins_at),
        "resumes_on": post.day(learner, pause.resumes_at),
        "amount": post.amount(
            learner,
            subscription.reduced(subscription.amount or 0, at=pause.resumes_at),
            subscription.currency,
        ),
        "keeps_access": settings.PAUSED_KEEPS_ACCESS,
        **_ways(subscription),
    }
    return post.queue(f"paused-{pause.pk}", learner, "paused", context, now)


def not_paused(pause: Pause, *, now: datetime) -> bool:
    """Stripe had not answered, and never made it."""
    subscription = pause.subscription
    learner = subscription.learner
    if learner is None:
        return False
    ends = not subscription.renews
    context = {
        "title": _title(subscription),
        "renews_on": "" if ends else post.day(learner, subscription.period_end),
        **_ways(subscription),
    }
    return post.queue(f"not-paused-{pause.pk}", learner, "not_paused", context, now)


def payment_failed(
    subscription: Subscription, *, day: int, grace_ends: datetime, now: datetime
) -> bool:
    """On days 0, 3 and 6 after a failed renewal."""
    learner, since = subscription.learner, subscription.past_due_since
    if learner is None or since is None:
        return False
    context = {
        "title": _title(subscription),
        "amount": post.amount(learner, _failed_amount(subscription), subscription.currency),
        "failed_on": post.day(learner, since),
        "until": post.last_day(learner, grace_ends),
        "day": day,
        "asks": subscription.invoices.filter(status="open", needs_action=True).exists(),
        "is_first": subscription.is_first_after_trial,
        **_ways(subscription),
    }
    key = f"payment-failed-{subscription.pk}-{since:%Y%m%d}-{day}"
    return post.queue(key, learner, "payment_failed", context, now)


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
    has_bill = subscription.invoices.filter(status="open").exists()
    is_over = subscription.status == "canceled"
    context = {
        "title": _title(subscription),
        "ended_on": post.day(learner, ended_at),
        "is_bill_dropped": has_bill and is_over,  # `subscriptions.void_open_bills` follows
        "to_pay": post.amount(learner, _failed_amount(subscription), subscription.currency)
        if has_bill and not is_over
        else "",
        **_ways(subscription),
    }
    key = f"membership-ended-{subscription.pk}-{since:%Y%m%d}"
    return post.queue(key, learner, "membership_ended", context, now)


def term_ending(grant: Grant, *, now: datetime) -> bool:
    """Before a membership ends that does not renew itself."""
    context = {
        "title": str(grant.membership),
        "last_day": post.last_day(grant.learner, grant.ends_at),
    }
    key = f"term-ending-{grant.pk}-{grant.ends_at:%Y%m%d}"
    return post.queue(key, grant.learner, "term_ending", context, now)


def _title(subscription: Subscription) -> Any:
    return subscription.offer.named if subscription.offer else _("Membership")


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
