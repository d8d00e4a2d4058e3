"""What payments holds about a person. Invoices and what they stand on stay, as the law wants."""

import json
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.privacy import hold, hold_more, refuse_when
from payments import mirror
from payments.models import Customer, Order, Subscription, WebhookEvent

LAW = _("Orders, invoices and refunds stay as the law asks, without your name.")

hold("payments.Customer", "user", erase="keep", stays=LAW)
hold(
    "payments.Order",
    "buyer",
    erase="keep",
    export=("key", "amount", "currency", "status", "created_at", "paid_at", "starts_at", "ends_at"),
    stays=LAW,
)
hold("payments.Trial", "learner", erase="keep", export=("began_at",), stays=LAW)
hold(
    "payments.Subscription",
    "learner",
    erase="keep",
    export=("status", "amount", "currency", "started_at", "period_end", "ended_at"),
    stays=LAW,
)
hold(
    "payments.RefundRequest",
    "asked_by",
    erase="keep",
    export=("created_at", "note", "status", "reason", "decided_at"),
    stays=LAW,
)
hold("payments.RefundRequest", "decided_by", erase="keep")
hold("payments.RefundRequest", "confirmed_by", erase="keep")
hold("payments.RedeemBatch", "made_by", erase="keep")
hold(
    "payments.RedeemCode",
    "redeemed_by",
    erase="keep",
    export=("batch__course__title", "batch__membership__name", "redeemed_at", "withdrawn_at"),
    stays=LAW,
)


def _forget_names_in_events(user: User, now: datetime) -> int:
    """Stripe's events name the payer; replayed, they need no more than what they are about."""
    forgotten = 0
    for customer in Customer.objects.filter(user=user):
        for event in WebhookEvent.objects.filter(body__contains=customer.stripe_id):
            event.body = json.dumps(mirror.without_names(json.loads(event.body)))
            event.save(update_fields=["body"])
            forgotten += 1
    return forgotten


hold_more("payments.webhookevent", erase=_forget_names_in_events)


def _a_subscription_renews(user: User) -> str | None:
    live = Subscription.objects.filter(learner=user, status__in=Subscription.LIVE)
    if any(not subscription.ends_by_itself for subscription in live):
        return str(_("Your membership renews itself. Cancel it first, then delete the account."))
    return None


def _a_payment_is_under_way(user: User) -> str | None:
    paid = Order.objects.filter(buyer=user, status=Order.Status.PAID)
    if paid.filter(note="").exists():
        return str(_("A payment is under way. Wait a few minutes, then delete the account."))
    return None


refuse_when(_a_subscription_renews)
refuse_when(_a_payment_is_under_way)
