"""The inbox: every event Stripe sent, stored before it was acknowledged."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from payments.models.stripe_ids import OfAccount


class WebhookEvent(OfAccount):
    class Outcome(models.TextChoices):
        RECEIVED = "received", _("Waiting")
        DONE = "done", pgettext_lazy("webhook event", "Done")
        IGNORED = "ignored", _("Not ours")
        FAILED = "failed", _("Will be tried again")
        PARKED = "parked", _("Needs a look")

    stripe_id = models.CharField(_("Event"), max_length=255)
    type = models.CharField(_("Type"), max_length=80)
    object_id = models.CharField(_("Object"), max_length=255, blank=True)
    body = models.TextField(_("Body"))
    sent_at = models.DateTimeField(_("Sent"))
    received_at = models.DateTimeField(_("Received"))
    attempts = models.PositiveIntegerField(_("Attempts"), default=0)
    outcome = models.CharField(
        _("Outcome"), max_length=10, choices=Outcome.choices, default=Outcome.RECEIVED
    )
    error = models.CharField(_("Error"), max_length=300, blank=True)
    processed_at = models.DateTimeField(_("Processed"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        ordering = ["-received_at", "-pk"]
        permissions = [("replay_webhookevent", "Can replay a webhook event")]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "stripe_id"], name="webhook_event_once"
            )
        ]
        indexes = [models.Index(fields=["outcome", "received_at"], name="event_by_outcome")]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"
