"""Stripe's objects as last fetched. Written by `payments.mirror` only."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from payments import money
from payments.models.stripe_ids import Mirrored


class Subscription(Mirrored):
    """What renews itself. The offer and the learner come from our own order."""

    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="subscriptions",
        verbose_name=_("Learner"),
    )
    offer = models.ForeignKey(
        "payments.Offer",
        on_delete=models.PROTECT,
        null=True,
        related_name="subscriptions",
        verbose_name=_("Offer"),
    )
    status = models.CharField(_("State"), max_length=30, blank=True)
    amount = models.PositiveBigIntegerField(_("Amount"), null=True)
    currency = models.CharField(_("Currency"), max_length=3, blank=True)
    started_at = models.DateTimeField(_("From"), null=True)
    period_start = models.DateTimeField(_("Period from"), null=True)
    period_end = models.DateTimeField(_("Period until"), null=True)
    cancel_at_period_end = models.BooleanField(_("Ends with the period"), default=False)
    cancel_at = models.DateTimeField(_("Ends on"), null=True)
    collection_paused = models.BooleanField(_("Paused"), default=False)
    past_due_since = models.DateTimeField(_("Failing since"), null=True)
    ended_at = models.DateTimeField(_("Ended"), null=True)
    customer_id = models.CharField(max_length=255, blank=True)
    # The card that will be charged: how people name it (visa 4242), the last day of its month.
    card = models.CharField(_("Card"), max_length=40, blank=True, db_default="")
    card_expires_on = models.DateField(_("Card valid until"), null=True)

    class Meta(Mirrored.Meta):
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        ordering = ["-started_at", "-pk"]
        indexes = [
            models.Index(fields=["status", "period_end"], name="subscription_by_period"),
            models.Index(fields=["started_at"], name="subscription_by_start"),
        ]

    LIVE = ("trialing", "active", "past_due")

    @property
    def source_id(self) -> str:
        """The name of this subscription as the source of a grant."""
        return f"subscription-{self.pk}"

    def last_paid_invoice(self) -> "Invoice | None":
        """The newest payment: what the present period was paid with."""
        return self.invoices.filter(status="paid", amount_paid__gt=0).first()

    @property
    def next_amount(self) -> int:
        """What the next renewal takes: a discount may still run then."""
        at = self.period_end
        return self.reduced(self.amount or 0, at=at) if at else self.amount or 0

    def reduced(self, amount: int, *, at: datetime, product: str = "") -> int:
        """What a charge of so much takes at that moment, with the discounts that still run then.

        `product` is Stripe's, where another one is charged than now: a code may be for some.
        """
        for discount in self.object.get("discounts") or []:
            if not isinstance(discount, dict):
                continue
            coupon = discount["source"]["coupon"]
            only = (coupon.get("applies_to") or {}).get("products")
            is_over = discount["end"] is not None and at.timestamp() >= discount["end"]
            if is_over or (only and (product or self.product_id) not in only):
                continue
            amount -= money.taken_off(
                amount,
                self.currency,
                percent=coupon["percent_off"],
                fixed=coupon["amount_off"],
            )
        return amount

    @property
    def credit(self) -> int:
        """What stands to the payer's credit at Stripe: their next bills take it first."""
        customer = self.object.get("customer")
        balance = customer.get("balance") or 0 if isinstance(customer, dict) else 0
        return max(0, -balance)

    @property
    def product_id(self) -> str:
        """What it is for, as Stripe calls it."""
        rows = (self.object.get("items") or {}).get("data") or [{}]
        product = (rows[0].get("price") or {}).get("product") or ""
        return str(product["id"] if isinstance(product, dict) else product)

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE

    @property
    def latest_bill(self) -> dict[str, Any]:
        """Stripe's latest invoice of it, as last fetched."""
        bill = self.object.get("latest_invoice")
        return bill if isinstance(bill, dict) else {}

    @property
    def period_is_unpaid(self) -> bool:
        """Whether the period that runs began in a pause: nobody was asked to pay it."""
        bill = self.latest_bill
        if bill.get("billing_reason") != "subscription_cycle":
            return False
        return bill["status"] == "void" or (self.collection_paused and bill["status"] == "draft")

    @property
    def resumes_at(self) -> datetime | None:
        """When a pause ends by itself."""
        stamp = (self.object.get("pause_collection") or {}).get("resumes_at")
        return datetime.fromtimestamp(stamp, UTC) if stamp else None

    @property
    def schedule_id(self) -> str:
        """Stripe's schedule that leads it, while one does."""
        return str(self.object.get("schedule") or "")

    @property
    def item_id(self) -> str:
        """What a change of its price names at Stripe."""
        return str(self.object["items"]["data"][0]["id"])

    @property
    def price_id(self) -> str:
        return str(self.object["items"]["data"][0]["price"]["id"])

    @property
    def is_first_after_trial(self) -> bool:
        """Whether the period that runs began when the trial ended: its bill is the first."""
        trial_end, start = self.object.get("trial_end"), self.period_start
        return bool(trial_end and start and trial_end == start.timestamp())

    @property
    def ends_by_itself(self) -> bool:
        """Cancelled, and running until its end; it can be resumed."""
        return self.is_live and (self.cancel_at_period_end or self.cancel_at is not None)

    @property
    def change_waits_for_bank(self) -> bool:
        """Another plan was paid for with a card whose bank asks its holder first."""
        return bool(self.object.get("pending_update"))

    @property
    def renews(self) -> bool:
        return self.status in ("trialing", "active") and not (
            self.ends_by_itself or self.collection_paused
        )


class Invoice(Mirrored):
    """One period's bill of a subscription."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, null=True, related_name="invoices"
    )
    # What it charges for: after a change of plan another one than was ordered.
    offer = models.ForeignKey(
        "payments.Offer",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("Offer"),
    )
    status = models.CharField(_("State"), max_length=30, blank=True)
    amount_due = models.BigIntegerField(_("Amount"), null=True)
    amount_paid = models.BigIntegerField(_("Paid"), null=True)
    currency = models.CharField(_("Currency"), max_length=3, blank=True)
    billing_reason = models.CharField(max_length=40, blank=True)
    attempt_count = models.PositiveIntegerField(_("Attempts"), default=0)
    created_at = models.DateTimeField(_("Made"), null=True)
    paid_at = models.DateTimeField(_("Paid on"), null=True)
    payment_intent_id = models.CharField(max_length=255, blank=True)
    # The payer's bank wants to know whether it is them.
    needs_action = models.BooleanField(_("Waits for the payer"), default=False, db_default=False)
    # Where its payer is and their tax number, where Stripe reckons the tax.
    tax_country = models.CharField(
        _("Country"), max_length=2, blank=True, default="", db_default=""
    )
    tax_number = models.CharField(
        _("Tax number"), max_length=60, blank=True, default="", db_default=""
    )
    # What a year at the rate that this bill begins would bring (`payments.rates`).
    yearly_rate = models.BigIntegerField(null=True, blank=True, editable=False)

    class Meta(Mirrored.Meta):
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["payment_intent_id"], name="invoice_by_payment"),
            models.Index(fields=["-created_at", "-id"], name="invoice_by_day"),
            # The newest rate at an instant, without reading the row (payments.recurring).
            models.Index(
                fields=["subscription", "-paid_at", "-id", "yearly_rate"],
                condition=models.Q(status="paid", yearly_rate__isnull=False),
                name="invoice_that_sets_a_rate",
            ),
        ]

    @property
    def tax(self) -> int:
        """What of the amount is tax, where Stripe reckons it."""
        return sum(each["amount"] for each in self.object.get("total_taxes") or [])

    @property
    def page_url(self) -> str:
        """Stripe's own page of this invoice, where it can be paid and printed."""
        return str(self.object.get("hosted_invoice_url") or "")


class Refund(Mirrored):
    """Money given back. Its request, where there was one, says who wanted it and why."""

    order = models.ForeignKey(
        "payments.Order", on_delete=models.PROTECT, null=True, related_name="refunds"
    )
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, related_name="refunds"
    )
    request = models.OneToOneField(
        "payments.RefundRequest", on_delete=models.PROTECT, null=True, related_name="refund"
    )
    payment_intent_id = models.CharField(max_length=255, blank=True)
    charge_id = models.CharField(max_length=255, blank=True)
    status = models.CharField(_("State"), max_length=30, blank=True)
    amount = models.PositiveBigIntegerField(_("Amount"), null=True)
    currency = models.CharField(_("Currency"), max_length=3, blank=True)
    created_at = models.DateTimeField(_("Made"), null=True)

    STANDING = ("pending", "requires_action", "succeeded")
    UNDER_WAY = ("pending", "requires_action")  # a wallet takes its time
    FAILED = ("failed", "canceled")
    ENDED = ("succeeded", *FAILED)

    class Meta(Mirrored.Meta):
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["created_at"], name="refund_by_day")]

    @property
    def why_failed(self) -> str:
        """Stripe's word, such as `expired_or_canceled_card`; "" where it did not fail."""
        return str((self.object or {}).get("failure_reason") or "")


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def withdrawing(self) -> "DisputeQuerySet":
        """Those for which access is withheld, as `Dispute.withdraws`."""
        spared = Q(status__startswith="warning_") | Q(status__in=Dispute.SPARED)
        return self.exclude(spared)

    def undecided(self) -> "DisputeQuerySet":
        """Of those, the ones that may yet end either way."""
        return self.withdrawing().exclude(status__in=Dispute.ENDED)

    def lost(self) -> "DisputeQuerySet":
        return self.filter(status="lost")


class Dispute(Mirrored):
    """A payer's bank takes money back, or asks to."""

    order = models.ForeignKey(
        "payments.Order", on_delete=models.PROTECT, null=True, related_name="disputes"
    )
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, related_name="disputes"
    )
    payment_intent_id = models.CharField(max_length=255, blank=True)
    charge_id = models.CharField(max_length=255, blank=True)
    status = models.CharField(_("State"), max_length=40, blank=True)
    reason = models.CharField(_("Reason"), max_length=60, blank=True)
    amount = models.PositiveBigIntegerField(_("Amount"), null=True)
    currency = models.CharField(_("Currency"), max_length=3, blank=True)
    created_at = models.DateTimeField(_("Made"), null=True)
    ended_at = models.DateTimeField(null=True, editable=False)  # when Stripe told of it

    ENDED = ("won", "lost", "warning_closed", "prevented")
    SPARED = ("", "won", "prevented")

    objects = DisputeQuerySet.as_manager()

    class Meta(Mirrored.Meta):
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-created_at", "-pk"]

    @property
    def withdraws(self) -> bool:
        """Whether access is withheld: unless it was won, or is only an early inquiry."""
        return not (self.status.startswith("warning_") or self.status in self.SPARED)

    @property
    def is_of_part(self) -> bool:
        """Whether less than the payment was disputed."""
        if self.order is None:
            return False
        paid = self.invoice.amount_paid if self.invoice else self.order.amount
        return (self.amount or 0) < (paid or 0)
