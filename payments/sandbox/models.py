"""The sandbox's tables. They live in a database of their own (router.py): what the site rolls
back must not undo what "Stripe" has done."""

from django.db import models


class StripeObject(models.Model):
    """One object of the API. `data` is what Stripe would show; `private` is what only the sandbox
    knows of it (how a card behaves, the line items of a session)."""

    stripe_id = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=40)
    customer = models.CharField(max_length=100, blank=True, db_index=True)
    created = models.BigIntegerField()
    data = models.JSONField()
    private = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["kind", "-id"], name="sandbox_object_by_kind")]

    def __str__(self) -> str:
        return self.stripe_id


class Timer(models.Model):
    """Something that will happen by itself: `action` on `target` at the second `due`."""

    due = models.BigIntegerField(db_index=True)
    action = models.CharField(max_length=40)
    target = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["action", "target"], name="sandbox_one_timer_each")
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target} at {self.due}"


class Delivery(models.Model):
    """An event on its way to a webhook endpoint."""

    event = models.ForeignKey(StripeObject, models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(StripeObject, models.CASCADE, related_name="+")
    due = models.BigIntegerField()
    first_due = models.BigIntegerField()
    attempts = models.PositiveIntegerField(default=0)
    status = models.IntegerField(null=True)  # of the last answer; 0: no answer
    delivered = models.BooleanField(default=False)
    given_up = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["event", "endpoint"], name="sandbox_one_delivery_per_endpoint"
            )
        ]
        indexes = [
            models.Index(
                fields=["due"],
                condition=models.Q(delivered=False, given_up=False),
                name="sandbox_delivery_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.endpoint_id}"


class IdempotencyKey(models.Model):
    """A key that a request came with, and its answer once there is one (`status`)."""

    key = models.CharField(max_length=255, unique=True)
    fingerprint = models.CharField(max_length=64)
    claimed = models.FloatField()  # real time: a claim outlives its process by a minute at most
    created = models.BigIntegerField()
    status = models.IntegerField(null=True)
    body = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.key


class Fault(models.Model):
    """A fault that will strike `times` more times (faults.py)."""

    kind = models.CharField(max_length=20)
    times = models.PositiveIntegerField()
    match = models.CharField(max_length=100, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} ×{self.times} {self.match}"


class World(models.Model):
    """One row: every change locks it, so that the sandbox does one thing at a time."""

    after_last_retry = models.CharField(max_length=10, default="cancel")
    invoice_number = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return "the sandbox"
