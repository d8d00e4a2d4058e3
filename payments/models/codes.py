"""Redeem codes (兑换码): made in batches by finance, or bought as seats for colleagues."""

import uuid
from datetime import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courses.models import CoursePage, Grant, Membership

LARGEST_BATCH = 10_000


class RedeemBatch(models.Model):
    """Codes that were made together and open the same."""

    # What its codes are derived from (payments.codes).
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("Name"), max_length=100)
    for_whom = models.CharField(_("For which company or event"), max_length=200, blank=True)
    course = models.ForeignKey(
        "courses.CoursePage",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Course"),
    )
    membership = models.ForeignKey(
        "courses.Membership",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Membership"),
    )
    months = models.PositiveSmallIntegerField(
        _("Months of the term"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
    )
    size = models.PositiveIntegerField(
        _("How many codes"), validators=[MinValueValidator(1), MaxValueValidator(LARGEST_BATCH)]
    )
    redeemable_until = models.DateTimeField(_("Redeemable until"))
    note = models.CharField(_("Reason"), max_length=500, blank=True)
    reference = models.CharField(_("Order or invoice it was paid by"), max_length=100, blank=True)
    order = models.OneToOneField(
        "payments.Order",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="batch",
        verbose_name=_("Order of the seats"),
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("Made by"),
    )
    created_at = models.DateTimeField(_("Made"))
    # By hand: what is not redeemed yet can no longer be.
    revoked_at = models.DateTimeField(_("Revoked"), null=True, blank=True)
    # By a refund or dispute of its order: what was redeemed is shut too.
    withdrawn_at = models.DateTimeField(_("Withdrawn"), null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("batch of redeem codes")
        verbose_name_plural = _("batches of redeem codes")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="redeem_batch_opens_a_course_or_a_membership",
                condition=Q(course=None) ^ Q(membership=None),
                violation_error_message=_("Choose a course or a membership, not both."),
            ),
            models.CheckConstraint(
                name="redeem_batch_of_a_membership_has_a_term",
                condition=Q(membership=None) | Q(months__isnull=False, months__gt=0),
                violation_error_message=_("A membership needs the number of months."),
            ),
            models.CheckConstraint(
                name="redeem_batch_has_a_size_that_can_be_made",
                condition=Q(size__gte=1, size__lte=LARGEST_BATCH),
            ),
            models.CheckConstraint(
                name="redeem_batch_is_of_finance_or_of_an_order",
                condition=Q(order=None) ^ Q(made_by=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def sellable(self) -> CoursePage | Membership:
        found = self.course or self.membership
        assert found is not None  # noqa: S101 — a constraint holds it
        return found

    @property
    def is_void(self) -> bool:
        return self.revoked_at is not None or self.withdrawn_at is not None


class RedeemCode(models.Model):
    """One code: redeemed once, by one person. Written by `payments.redeeming` and `batches`."""

    batch = models.ForeignKey(
        RedeemBatch, on_delete=models.PROTECT, related_name="codes", verbose_name=_("Batch")
    )
    serial = models.PositiveIntegerField(_("Number"))
    digest = models.CharField(max_length=64, unique=True)
    redeemed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="redeemed_codes",
        verbose_name=_("Redeemed by"),
    )
    redeemed_at = models.DateTimeField(_("Redeemed"), null=True)
    # Redeemed before its course opened: since when it is open, or will be.
    starts_at = models.DateTimeField(_("From"), null=True)
    is_waiting = models.BooleanField(default=False, db_default=False)
    revoked_at = models.DateTimeField(_("Revoked"), null=True)
    # By hand, of a code that was redeemed.
    withdrawn_at = models.DateTimeField(_("Withdrawn"), null=True)
    # To which colleague the buyer of seats had it mailed.
    sent_to = models.EmailField(_("Sent to"), blank=True)
    sent_at = models.DateTimeField(_("Sent"), null=True)

    WRITTEN_BY_REDEEMING = ("redeemed_by", "redeemed_at", "starts_at", "is_waiting")
    source_kind = Grant.Source.REDEEM_CODE
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("redeem code")
        verbose_name_plural = _("redeem codes")
        ordering = ["-batch", "serial"]
        indexes = [
            models.Index(
                fields=["batch"],
                condition=Q(is_waiting=True),
                name="redeem_code_waits_for_its_day",
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="redeem_code_waiting_ones_say_for_when",
                condition=Q(is_waiting=False)
                | Q(redeemed_at__isnull=False, starts_at__isnull=False),
            ),
            models.UniqueConstraint(fields=["batch", "serial"], name="redeem_code_once_per_batch"),
            models.CheckConstraint(
                name="redeem_code_redeemed_by_somebody_sometime",
                condition=Q(redeemed_by=None, redeemed_at=None)
                | Q(redeemed_by__isnull=False, redeemed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="redeem_code_revoked_or_redeemed",
                condition=Q(revoked_at=None) | Q(redeemed_at=None),
            ),
            models.CheckConstraint(
                name="redeem_code_withdrawn_after_it_was_redeemed",
                condition=Q(withdrawn_at=None) | Q(redeemed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch} · {self.serial}"

    @property
    def source_id(self) -> str:
        return f"code-{self.pk}"

    @property
    def sellable(self) -> CoursePage | Membership:
        return self.batch.sellable

    @property
    def months(self) -> int | None:
        return self.batch.months

    @property
    def opens_at(self) -> datetime | None:
        """Since when it opens what it opens, once it is redeemed."""
        return self.starts_at or self.redeemed_at

    @property
    def claimable_until(self) -> datetime:
        return self.batch.redeemable_until

    @property
    def is_void(self) -> bool:
        """Whether it can no longer be redeemed, whatever the day."""
        return self.revoked_at is not None or self.batch.is_void

    @property
    def shut_at(self) -> datetime | None:
        """Since when what was redeemed is shut again."""
        found = [at for at in (self.withdrawn_at, self.batch.withdrawn_at) if at]
        return min(found, default=None)
