"""What was decided about a subscription, by the learner or by finance: Stripe does not tell."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class PriceChange(models.Model):
    """An offer's new price, for those who subscribe already too."""

    NOTICE_DAYS = 30

    offer = models.ForeignKey(
        "payments.Offer",
        on_delete=models.PROTECT,
        related_name="price_changes",
        verbose_name=_("Offer"),
    )
    price = models.ForeignKey(
        "payments.Price", on_delete=models.PROTECT, related_name="+", verbose_name=_("Price")
    )
    reason = models.CharField(_("Reason"), max_length=300)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("Decided by"),
    )
    created_at = models.DateTimeField(_("Made"))
    # The last subscription that was looked at: where telling them goes on.
    told_to = models.PositiveBigIntegerField(default=0)
    told_at = models.DateTimeField(_("All were told"), null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("price change")
        verbose_name_plural = _("price changes")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["offer", "price"], name="price_change_once_per_price"),
        ]

    def __str__(self) -> str:
        return f"{self.offer} → {self.price}"


class PlanChange(models.Model):
    """A subscription goes over to another price: at once, or with its next period.

    Its key is what Stripe is told, so that one confirmation is never carried out twice.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("Planned")
        DONE = "done", _("Made")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        FAILED = "failed", _("Not made")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(
        "payments.Subscription", on_delete=models.PROTECT, related_name="changes"
    )
    from_offer = models.ForeignKey("payments.Offer", on_delete=models.PROTECT, related_name="+")
    from_amount = models.PositiveBigIntegerField(_("Amount before"))
    price = models.ForeignKey(
        "payments.Price", on_delete=models.PROTECT, related_name="plan_changes"
    )
    # Set where finance changes the price of what is subscribed to.
    price_change = models.ForeignKey(
        PriceChange, on_delete=models.PROTECT, null=True, blank=True, related_name="changes"
    )
    at_period_end = models.BooleanField(_("With the next period"))
    # As shown before it was confirmed; the moment it was reckoned for.
    due_today = models.PositiveBigIntegerField(_("Paid at once"), default=0)
    prorated_at = models.DateTimeField(null=True, blank=True)
    effective_at = models.DateTimeField(_("From"), null=True, blank=True)
    status = models.CharField(
        _("State"), max_length=10, choices=Status.choices, default=Status.OPEN
    )
    created_at = models.DateTimeField(_("Made"))
    # Stripe has said that it will change the price when the period ends.
    planned_at = models.DateTimeField(null=True, blank=True)
    # The learner wants it no more: written down before Stripe is asked to drop it.
    withdrawing_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(_("Ended"), null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("plan change")
        verbose_name_plural = _("plan changes")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"],
                condition=Q(status="open"),
                name="plan_change_one_open_per_subscription",
            ),
            models.UniqueConstraint(
                fields=["price_change", "subscription"], name="plan_change_once_per_price_change"
            ),
            models.CheckConstraint(
                name="plan_change_open_ones_have_not_ended",
                condition=Q(status="open", ended_at=None)
                | (~Q(status="open") & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="plan_change_is_reckoned_for_a_moment_or_planned",
                condition=Q(at_period_end=False, prorated_at__isnull=False)
                | Q(at_period_end=True, effective_at__isnull=False, due_today=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_offer} → {self.price.offer}"

    def comes_with(self, renewal: datetime) -> bool:
        """Whether it is true of the period that begins then. Months differ by days."""
        return self.effective_at is not None and renewal >= self.effective_at - timedelta(days=3)


class Pause(models.Model):
    """Months in which nothing is charged, after the period that is paid."""

    subscription = models.ForeignKey(
        "payments.Subscription", on_delete=models.PROTECT, related_name="pauses"
    )
    months = models.PositiveSmallIntegerField(_("Months"))
    asked_at = models.DateTimeField(_("Asked for"))
    begins_at = models.DateTimeField(_("From"))
    resumes_at = models.DateTimeField(_("Until"))
    # Stripe told of it: where it tells no more of a pause, this one has ended.
    seen_at = models.DateTimeField(null=True, blank=True)
    # Whoever ends it takes it first, so that a new period is begun once.
    resuming_at = models.DateTimeField(null=True, blank=True)
    resumed_at = models.DateTimeField(_("Ended"), null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"],
                condition=Q(resumed_at=None),
                name="pause_one_open_per_subscription",
            ),
            models.CheckConstraint(
                name="pause_is_one_to_three_months", condition=Q(months__gte=1, months__lte=3)
            ),
            models.CheckConstraint(
                name="pause_begins_before_it_ends", condition=Q(begins_at__lt=F("resumes_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.begins_at:%Y-%m-%d} – {self.resumes_at:%Y-%m-%d}"


class Cancellation(models.Model):
    """A renewal that was cancelled here, and why, where the learner said so."""

    class Reason(models.TextChoices):
        PRICE = "price", _("It costs too much")
        TIME = "time", _("I have no time for it")
        CONTENT = "content", _("I miss subjects")
        QUALITY = "quality", _("I expected it better")
        TROUBLE = "trouble", _("Something does not work")
        DONE = "done", _("I have heard what I wanted")
        OTHER = "other", _("Another reason")

    subscription = models.ForeignKey(
        "payments.Subscription",
        on_delete=models.PROTECT,
        related_name="cancellations",
        verbose_name=_("Subscription"),
    )
    reason = models.CharField(_("Reason"), max_length=10, choices=Reason.choices, blank=True)
    note = models.CharField(_("In their words"), max_length=500, blank=True)
    cancelled_at = models.DateTimeField(_("Cancelled"))
    resumed_at = models.DateTimeField(_("Resumed"), null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("cancellation")
        verbose_name_plural = _("cancellations")
        ordering = ["-cancelled_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription"],
                condition=Q(resumed_at=None),
                name="cancellation_one_standing_per_subscription",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_reason_display() or self.cancelled_at.date())
