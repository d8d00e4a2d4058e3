"""Wanting a payment back: who asked, who decided, who confirmed or declined."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from payments.models.orders import ORDER_LABEL, Order


class RefundRequest(models.Model):
    """Somebody wants a payment back: the learner asks, or finance begins it. Decided once; above a
    limit by two people, or by one who is alone and sleeps on it."""

    class Status(models.TextChoices):
        ASKED = "asked", _("Asked for")
        PROPOSED = "proposed", _("To be confirmed")
        APPROVED = "approved", _("On its way")
        DONE = "done", _("Refunded")
        DECLINED = "declined", _("Declined")
        FAILED = "failed", _("Could not go back")
        WITHDRAWN = "withdrawn", _("Not wanted any more")
        REPLACED = "replaced", _("Tried anew")

    # Of which a payment has one at most.
    PENDING = (Status.ASKED, Status.PROPOSED, Status.APPROVED)
    UNSETTLED = (*PENDING, Status.FAILED)
    DECLINABLE = (Status.ASKED, Status.PROPOSED, Status.FAILED)

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    order = models.ForeignKey(
        Order,
        on_delete=models.PROTECT,
        related_name="refund_requests",
        verbose_name=ORDER_LABEL,
    )
    invoice = models.ForeignKey(
        "payments.Invoice",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="refund_requests",
        verbose_name=_("Invoice"),
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="refund_requests",
        verbose_name=_("Asked by"),
    )
    note = models.CharField(_("Why it is asked for"), max_length=500, blank=True)
    refusal = models.CharField(_("Stripe's answer"), max_length=300, default="", db_default="")
    status = models.CharField(
        _("State"), max_length=10, choices=Status.choices, default=Status.ASKED
    )
    reason = models.CharField(_("Why it is given"), max_length=300, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Decided by"),
    )
    created_at = models.DateTimeField(_("Made"))
    decided_at = models.DateTimeField(_("Decided"), null=True, blank=True)
    # As decided, in the currency's smallest unit; empty: all that has not gone back yet.
    amount = models.PositiveBigIntegerField(_("Amount"), null=True, blank=True)
    # What goes back in full always ends what it paid for.
    ends_access = models.BooleanField(_("Ends the access"), default=False, db_default=False)
    needs_second = models.BooleanField(default=False, db_default=False)
    # From when on who decided may confirm it too, where there is nobody else.
    alone_from = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Confirmed by"),
    )
    confirmed_at = models.DateTimeField(_("Confirmed"), null=True, blank=True)
    # Apart from the decision: one person may propose what another declines.
    decline_reason = models.CharField(
        _("Why declined"), max_length=300, blank=True, default="", db_default=""
    )
    declined_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Declined by"),
    )
    declined_at = models.DateTimeField(_("Declined on"), null=True, blank=True)
    # By whoever asked, before anybody decided.
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("refund request")
        verbose_name_plural = _("refund requests")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(status__in=["asked", "proposed", "approved"], invoice=None),
                name="refund_request_one_pending_per_order",
            ),
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(status__in=["asked", "proposed", "approved"], invoice__isnull=False),
                name="refund_request_one_pending_per_invoice",
            ),
            models.CheckConstraint(
                name="refund_request_amount_is_positive",
                condition=Q(amount=None) | Q(amount__gt=0),
            ),
            models.CheckConstraint(
                name="refund_request_proposed_by_somebody",
                condition=~Q(status="proposed") | Q(needs_second=True, decided_by__isnull=False),
            ),
            models.CheckConstraint(
                name="refund_request_above_the_limit_is_confirmed",
                condition=Q(needs_second=False)
                | Q(status__in=["asked", "proposed", "declined"])
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="refund_request_confirmed_by_another_or_later",
                condition=~Q(confirmed_by=F("decided_by"))
                | Q(alone_from__isnull=False, confirmed_at__gte=F("alone_from")),
            ),
            models.CheckConstraint(
                name="refund_request_declined_says_so",
                condition=Q(status="declined")
                | Q(declined_at=None, declined_by=None, decline_reason=""),
            ),
            models.CheckConstraint(
                name="refund_request_withdrawn_undecided",
                condition=(Q(withdrawn_at=None) & ~Q(status="withdrawn"))
                | Q(withdrawn_at__isnull=False, status="withdrawn", decided_at=None),
            ),
        ]

    def __str__(self) -> str:
        return str(self.order)
