"""The books: what moved on Stripe's balance, and where our tables and Stripe's disagreed."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from payments.models.offers import Offer
from payments.models.stripe_ids import OfAccount
from payments.money import in_words


class BooksAreAppendOnly(Exception):
    """A money entry is never changed or removed."""


class MoneyEntryQuerySet(models.QuerySet["MoneyEntry"]):
    def by_offer(self) -> Any:
        """In groups of `offer_id`: what was paid for; None where no order of ours began it."""
        paid_for = Coalesce("invoice__offer", "order__price__offer")
        return self.order_by().values(offer_id=paid_for)

    def of_offer(self, offer: Offer) -> "MoneyEntryQuerySet":
        ordered = Q(invoice__offer=None, order__price__offer=offer)
        return self.filter(Q(invoice__offer=offer) | ordered)

    def update(self, **kwargs: Any) -> int:
        raise BooksAreAppendOnly

    def delete(self) -> tuple[int, dict[str, int]]:
        raise BooksAreAppendOnly


class MoneyEntry(OfAccount):
    """One balance transaction of Stripe's. Amounts are signed, in minor units."""

    class Kind(models.TextChoices):
        CHARGE = "charge", _("Payment")
        REFUND = "refund", _("Refund")
        DISPUTE = "dispute", _("Dispute")
        FEE = "fee", _("Fee")
        OTHER = "other", _("Other")

    stripe_id = models.CharField("Stripe", max_length=255)
    kind = models.CharField(_("Kind"), max_length=10, choices=Kind.choices)
    order = models.ForeignKey(
        "payments.Order", on_delete=models.PROTECT, null=True, related_name="money_entries"
    )
    invoice = models.ForeignKey(
        "payments.Invoice", on_delete=models.PROTECT, null=True, related_name="money_entries"
    )
    source = models.CharField(
        _("Of"), max_length=255, help_text=_("The charge, refund or dispute.")
    )
    # What the payer's statement shows, and what the balance is kept in.
    amount = models.BigIntegerField(_("Amount"))
    currency = models.CharField(_("Currency"), max_length=3)
    settled_amount = models.BigIntegerField(_("Settled"))
    settled_fee = models.BigIntegerField(_("Fee"))
    settled_net = models.BigIntegerField(_("Net"))
    settled_currency = models.CharField(_("Settled in"), max_length=3)
    booked_at = models.DateTimeField(_("Booked"))
    recorded_at = models.DateTimeField(_("Recorded"))

    objects = MoneyEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("money entry")
        verbose_name_plural = _("money entries")
        ordering = ["-booked_at", "-pk"]
        default_permissions = ("view",)
        permissions = [("read_business", "Can read how the business goes")]
        indexes = [models.Index(fields=["booked_at"], name="money_entry_by_day")]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "stripe_id"], name="money_entry_once"
            ),
            models.CheckConstraint(
                name="money_entry_adds_up",
                condition=Q(settled_net=models.F("settled_amount") - models.F("settled_fee")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {in_words(self.amount, self.currency)}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise BooksAreAppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise BooksAreAppendOnly


class Difference(OfAccount):
    """What a comparison with Stripe found, and how it ended."""

    class Ending(models.TextChoices):
        MENDED = "mended", _("Mended")
        GONE = "gone", _("No longer there")
        SETTLED = "settled", _("Settled by a person")

    object_kind = models.CharField(_("Object"), max_length=40)
    object_id = models.CharField(_("Number"), max_length=255)
    what = models.CharField(_("What"), max_length=80)
    ours = models.CharField(_("Ours"), max_length=300, blank=True)
    theirs = models.CharField(_("Stripe's"), max_length=300, blank=True)
    since = models.DateTimeField(_("Since"))
    seen_at = models.DateTimeField(_("Last seen"))
    ended_at = models.DateTimeField(_("Ended"), null=True, blank=True)
    ending = models.CharField(_("How it ended"), max_length=10, choices=Ending.choices, blank=True)

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering = ["-since", "-pk"]
        default_permissions = ("view", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "object_kind", "object_id", "what"],
                condition=Q(ended_at=None),
                name="difference_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.object_kind} {self.object_id}: {self.what}"


class Matching(OfAccount):
    """A walk over everything at Stripe that was made between two instants, and how far it came."""

    made_from = models.DateTimeField(_("Made from"), null=True)  # empty: from the beginning
    made_until = models.DateTimeField(_("Made until"))
    began_at = models.DateTimeField(_("Begun"))
    ended_at = models.DateTimeField(_("Ended"), null=True)
    # What is walked over now, the last object of it that was looked at, and when that was made.
    kind = models.CharField(_("Object"), max_length=40, blank=True)
    cursor = models.CharField(max_length=255, blank=True)
    cursor_at = models.DateTimeField(null=True)
    looked_at = models.PositiveBigIntegerField(_("Looked at"), default=0)
    mended = models.PositiveBigIntegerField(_("Mended"), default=0)
    missed_events = models.PositiveBigIntegerField(_("Missed events"), default=0, db_default=0)
    differing = models.PositiveBigIntegerField(_("Differences"), default=0)

    class Meta:
        verbose_name = _("comparison with Stripe")
        verbose_name_plural = _("comparisons with Stripe")
        ordering = ["-began_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode"],
                condition=Q(ended_at=None),
                name="matching_one_under_way",
            )
        ]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M}"
