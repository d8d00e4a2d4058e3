"""What every row that knows a Stripe id has: whose it is, and whether it is real money."""

from django.db import models


class OfAccount(models.Model):
    """Belongs to one Stripe account in one mode, so that sandbox ids never mix with real ones."""

    account = models.CharField(max_length=64)
    livemode = models.BooleanField(default=False)

    wagtail_reference_index_ignore = True

    class Meta:
        abstract = True


class Mirrored(OfAccount):
    """A Stripe object as last fetched.

    Whoever is about to fetch takes a ticket; what was fetched is applied only if its ticket is
    newer than the one applied last, so that a slow answer never overwrites a later one.
    """

    stripe_id = models.CharField("Stripe", max_length=255)
    object = models.JSONField(default=dict, blank=True)
    fetched_at = models.DateTimeField(null=True)
    ticket = models.PositiveBigIntegerField(default=0)
    applied_ticket = models.PositiveBigIntegerField(default=0)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "stripe_id"], name="%(class)s_once_per_account"
            ),
            models.CheckConstraint(
                name="%(class)s_applies_only_tickets_taken",
                condition=models.Q(applied_ticket__lte=models.F("ticket")),
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id
