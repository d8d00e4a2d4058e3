"""What payments holds about a person. Invoices and what they stand on stay, as the law wants."""

import json
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.privacy import hold, hold_more, refuse_when
from payments import mirror, reserving
from payments.models import (
    Cancellation,
    Customer,
    Fapiao,
    Gift,
    Invoice,
    Order,
    RedeemCode,
    Subscription,
    WebhookEvent,
)

LAW = _("Orders, invoices and refunds stay as the law asks, without your name.")

hold("payments.Customer", "user", erase="keep", stays=LAW)
hold(
    "payments.Order",
    "buyer",
    erase="keep",
    export=(
        "key",
        "amount",
        "discount",
        "tax",
        "tax_country",
        "tax_number",
        "currency",
        "status",
        "created_at",
        "paid_at",
        "starts_at",
        "ends_at",
    ),
    stays=LAW,
)
hold(
    "payments.PromotionUse",
    "learner",
    erase="keep",
    export=("promotion__code", "reserved_at", "used_at", "released_at"),
    stays=LAW,
)
hold(
    "payments.WinBack",
    "learner",
    erase="keep",
    export=("promotion__code", "made_at", "promotion__ends_at"),
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
    export=(
        "created_at",
        "note",
        "status",
        "reason",
        "decided_at",
        "decline_reason",
        "declined_at",
        "withdrawn_at",
    ),
    stays=LAW,
)
hold("payments.RefundRequest", "decided_by", erase="keep")
hold("payments.RefundRequest", "confirmed_by", erase="keep")
hold("payments.RefundRequest", "declined_by", erase="keep")
hold("payments.RedeemBatch", "made_by", erase="keep")
hold(
    "payments.Gift",
    "redeemed_by",
    erase="keep",
    export=(
        "giver_name",
        "message",
        "order__price__offer__course__title",
        "order__price__offer__membership__name",
        "redeemed_at",
    ),
    stays=LAW,
)
hold(
    "payments.RedeemCode",
    "redeemed_by",
    erase="keep",
    export=("batch__course__title", "batch__membership__name", "redeemed_at", "withdrawn_at"),
    stays=LAW,
)
hold("payments.PriceChange", "created_by", erase="keep")


def _why_they_cancelled(user: User) -> list[dict[str, Any]]:
    found = Cancellation.objects.filter(subscription__learner=user).order_by("pk")
    return [dict(row) for row in found.values("cancelled_at", "reason", "note", "resumed_at")]


def _forget_why_they_cancelled(user: User, now: datetime) -> int:
    """The reason that was chosen stays, to be counted; their own words go."""
    found = Cancellation.objects.filter(subscription__learner=user).exclude(note="")
    return found.update(note="")


hold_more("payments.cancellation", export=_why_they_cancelled, erase=_forget_why_they_cancelled)


def _bills(user: User) -> list[dict[str, Any]]:
    fields = ("created_at", "paid_at", "amount_paid", "currency", "tax_country", "tax_number")
    return list(Invoice.objects.filter(subscription__learner=user).order_by("pk").values(*fields))


hold_more("payments.invoice", export=_bills)
hold("payments.RevenueShare", "set_by", erase="keep")
hold("payments.PresaleEnd", "decided_by", erase="keep")
hold("payments.Fapiao", "issued_by", erase="keep")


def _fapiaos(user: User) -> list[dict[str, Any]]:
    fields = ("order__key", "kind", "title", "tax_number", "email", "asked_at", "number")
    return list(Fapiao.objects.filter(order__buyer=user).values(*fields))


def _forget_fapiaos_not_issued(user: User, now: datetime) -> int:
    """Those that were issued stay, as the law wants."""
    return Fapiao.objects.filter(order__buyer=user, issued_at=None).delete()[0]


hold_more("payments.fapiao", export=_fapiaos, erase=_forget_fapiaos_not_issued)


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


def _gifts_given(user: User) -> list[dict[str, Any]]:
    names = ("order__key", "giver_name", "to_email", "message", "sent_at", "redeemed_at")
    gifts = Gift.objects.filter(order__buyer=user).order_by("pk")
    return [dict(zip(names, row, strict=True)) for row in gifts.values_list(*names)]


def _forget_words_of_gifts(user: User, now: datetime) -> int:
    """The friend keeps the gift; who it was for and what was written goes."""
    given = Gift.objects.filter(order__buyer=user)
    return given.update(giver_name="", to_email="", message="")


def _colleagues_mailed(user: User) -> list[dict[str, Any]]:
    codes = RedeemCode.objects.filter(batch__order__buyer=user).exclude(sent_to="")
    names = ("batch__order__key", "sent_to", "sent_at")
    return [dict(zip(names, row, strict=True)) for row in codes.order_by("pk").values_list(*names)]


def _forget_colleagues(user: User, now: datetime) -> int:
    return RedeemCode.objects.filter(batch__order__buyer=user).update(sent_to="")


hold_more("payments.gifts_given", export=_gifts_given, erase=_forget_words_of_gifts)
hold_more("payments.seats_mailed", export=_colleagues_mailed, erase=_forget_colleagues)


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


def _a_card_is_kept(user: User) -> str | None:
    if reserving.standing().filter(buyer=user).exists():
        return str(_("A course is reserved with your card. Give it up first, then delete."))
    return None


def _a_gift_is_to_be_sent(user: User) -> str | None:
    waiting = Gift.objects.filter(order__buyer=user, send_at__isnull=False, sent_at=None)
    if waiting.filter(redeemed_at=None, taken_back_at=None, withdrawn_at=None).exists():
        return str(
            _("A gift of yours has not been sent yet. Send it now or take it back, then delete.")
        )
    return None


refuse_when(_a_card_is_kept)
refuse_when(_a_gift_is_to_be_sent)
refuse_when(_a_subscription_renews)
refuse_when(_a_payment_is_under_way)
