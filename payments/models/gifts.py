"""A gift (赠礼): one order, for a friend."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from courses.models import CoursePage, Grant, Membership
from payments.models.orders import ORDER_LABEL


class Gift(models.Model):
    """What a friend may claim. Until its order is paid it has no code; sent again it gets another.

    Written by `payments.gifts` and `payments.redeeming`.
    """

    MESSAGE_AT_MOST = 200

    # What its codes are derived from (payments.codes), the one in force under number `minted`.
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    order = models.OneToOneField(
        "payments.Order", on_delete=models.PROTECT, related_name="gift", verbose_name=ORDER_LABEL
    )
    minted = models.PositiveSmallIntegerField(default=0)
    digest = models.CharField(max_length=64, unique=True, null=True)
    giver_name = models.CharField(_("From whom"), max_length=60, blank=True)
    to_email = models.EmailField(_("E-mail of the friend"), blank=True)
    message = models.CharField(_("Message"), max_length=MESSAGE_AT_MOST, blank=True)
    send_on = models.DateField(_("Day to send it"), null=True, blank=True)
    send_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(_("Sent"), null=True)
    claimable_until = models.DateTimeField(_("To be claimed until"), null=True)
    redeemed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="gifts_received",
        verbose_name=_("Redeemed by"),
    )
    redeemed_at = models.DateTimeField(_("Redeemed"), null=True)
    # Another course of the same price, where the friend had this one.
    course_instead = models.ForeignKey(
        "courses.CoursePage", on_delete=models.PROTECT, null=True, related_name="+"
    )
    taken_back_at = models.DateTimeField(_("Taken back"), null=True)
    # By a refund or dispute of its order.
    withdrawn_at = models.DateTimeField(_("Withdrawn"), null=True)

    WRITTEN_BY_REDEEMING = ("redeemed_by", "redeemed_at", "course_instead")
    source_kind = Grant.Source.GIFT
    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("gift")
        verbose_name_plural = _("gifts")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["send_at"], condition=Q(sent_at=None), name="gift_still_to_be_sent"
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="gift_redeemed_by_somebody_sometime",
                condition=Q(redeemed_by=None, redeemed_at=None)
                | Q(redeemed_by__isnull=False, redeemed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="gift_redeemed_or_taken_back",
                condition=Q(redeemed_at=None) | Q(taken_back_at=None),
            ),
            models.CheckConstraint(
                name="gift_with_a_code_has_a_last_day",
                condition=Q(digest=None, claimable_until=None)
                | Q(digest__isnull=False, claimable_until__isnull=False),
            ),
            models.CheckConstraint(
                name="gift_only_with_a_code_is_redeemed",
                condition=Q(redeemed_at=None) | Q(digest__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.order.number

    @property
    def source_id(self) -> str:
        return f"gift-{self.pk}"

    @property
    def given(self) -> CoursePage | Membership:
        """What was bought."""
        return self.order.price.offer.sellable

    @property
    def sellable(self) -> CoursePage | Membership:
        """What it opens."""
        return self.course_instead or self.given

    @property
    def months(self) -> int | None:
        return None if self.course_instead_id else self.order.price.offer.term_months

    @property
    def opens_at(self) -> datetime | None:
        return self.redeemed_at

    @property
    def is_void(self) -> bool:
        return self.taken_back_at is not None or self.withdrawn_at is not None

    @property
    def shut_at(self) -> datetime | None:
        return self.withdrawn_at

    def may_be_claimed(self, now: datetime) -> bool:
        return (
            self.digest is not None
            and self.claimable_until is not None
            and self.claimable_until > now
            and self.redeemed_at is None
            and not self.is_void
        )
