"""What is taken off a price for whoever brings a code, and who brought it."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from payments import money
from payments.models.offers import TermsAreFixed
from payments.models.stripe_ids import OfAccount


class PromotionCode(models.Model):
    """A code and what it gives. Its terms never change once somebody has used it."""

    class Duration(models.TextChoices):
        ONCE = "once", _("The first payment")
        REPEATING = "repeating", _("Every payment of some months")
        FOREVER = "forever", _("Every payment")

    TERMS = (
        "code", "percent", "amount", "currency", "duration", "months", "starts_at", "ends_at",
        "max_uses", "per_person", "first_purchase_only",
    )  # fmt: skip

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.CharField(
        _("Promotion code"),
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(r"^[0-9A-Z-]{3,}\Z", _("Latin letters, digits and dashes; at least 3."))
        ],
    )
    remark = models.CharField(_("What it is for"), max_length=200, blank=True)
    percent = models.PositiveSmallIntegerField(
        _("Percent off"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    amount = models.PositiveBigIntegerField(_("Amount off"), null=True, blank=True)
    currency = models.CharField(_("Currency"), max_length=3, blank=True)
    duration = models.CharField(
        _("Reduces"), max_length=10, choices=Duration.choices, default=Duration.ONCE
    )
    months = models.PositiveSmallIntegerField(
        _("For how many months"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(36)],
    )
    offers = models.ManyToManyField("payments.Offer", blank=True, verbose_name=_("Good for"))
    starts_at = models.DateTimeField(_("Valid from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("Valid until"), null=True, blank=True)
    max_uses = models.PositiveIntegerField(
        _("Uses in all"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    per_person = models.PositiveSmallIntegerField(
        _("Uses per person"), default=1, validators=[MinValueValidator(1)]
    )
    first_purchase_only = models.BooleanField(_("Only for a first purchase"), default=False)
    is_active = models.BooleanField(_("In force"), default=True)
    created_at = models.DateTimeField(_("Made"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("promotion code")
        verbose_name_plural = _("promotion codes")
        ordering = ["-created_at", "-pk"]
        default_permissions = ("add", "change", "view")
        constraints = [
            models.CheckConstraint(
                name="promotion_code_is_in_capitals", condition=Q(code=Upper("code"))
            ),
            models.CheckConstraint(
                name="promotion_takes_a_percent_or_an_amount",
                condition=Q(percent=None) ^ Q(amount=None),
                violation_error_message=_("Percent off or amount off: one of them."),
            ),
            models.CheckConstraint(
                name="promotion_percent_is_one_to_hundred",
                condition=Q(percent=None) | Q(percent__gte=1, percent__lte=100),
            ),
            models.CheckConstraint(
                name="promotion_amount_has_a_currency",
                condition=Q(amount=None, currency="")
                | (Q(amount__gt=0, currency=Upper("currency")) & ~Q(currency="")),
            ),
            models.CheckConstraint(
                name="promotion_months_are_of_repeating_ones",
                condition=Q(duration="repeating", months__isnull=False, months__gt=0)
                | (~Q(duration="repeating") & Q(months=None)),
                violation_error_message=_(
                    "Say for how many months where it reduces every payment of some months, and "
                    "only there."
                ),
            ),
            models.CheckConstraint(
                name="promotion_has_uses",
                condition=(Q(max_uses=None) | Q(max_uses__gt=0)) & Q(per_person__gt=0),
            ),
            models.CheckConstraint(
                name="promotion_ends_after_it_starts",
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("It ends before it begins."),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk and self.is_used:
            standing = PromotionCode.objects.filter(pk=self.pk).values(*self.TERMS).first()
            if standing and any(getattr(self, name) != standing[name] for name in self.TERMS):
                raise TermsAreFixed(self.pk)
        super().save(*args, **kwargs)

    @property
    def is_used(self) -> bool:
        """Whether somebody has seen a price reduced by it on the payment page."""
        return self.uses.exists()

    @property
    def gives(self) -> str:
        """25 %, or ¥20."""
        if self.amount is None:
            return f"{self.percent}%"
        return money.in_words(self.amount, self.currency)


class PromotionUse(models.Model):
    """One use of a code by one order: held while its payment page is open, kept once it is paid.

    The numbers make the limits the database's own: among the uses that stand, `slot` counts those
    of the code (where it has a limit), `nth` those of the person, and neither passes its limit.
    """

    promotion = models.ForeignKey(PromotionCode, on_delete=models.PROTECT, related_name="uses")
    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="promotion_uses"
    )
    order = models.OneToOneField(
        "payments.Order", on_delete=models.PROTECT, related_name="promotion_use"
    )
    slot = models.PositiveIntegerField(null=True)
    slots = models.PositiveIntegerField(null=True)
    nth = models.PositiveSmallIntegerField()
    per_person = models.PositiveSmallIntegerField()
    reserved_at = models.DateTimeField(_("Made"))
    used_at = models.DateTimeField(_("Used"), null=True)
    released_at = models.DateTimeField(_("Given up"), null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("use of a promotion code")
        verbose_name_plural = _("uses of promotion codes")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "slot"],
                condition=Q(released_at=None),
                name="promotion_slot_taken_once",
            ),
            models.UniqueConstraint(
                fields=["promotion", "learner", "nth"],
                condition=Q(released_at=None),
                name="promotion_turn_taken_once",
            ),
            models.CheckConstraint(
                name="promotion_slot_is_within_the_limit",
                condition=Q(slot=None, slots=None) | Q(slot__gte=1, slot__lte=F("slots")),
            ),
            models.CheckConstraint(
                name="promotion_turn_is_within_the_limit",
                condition=Q(nth__gte=1, nth__lte=F("per_person")),
            ),
            models.CheckConstraint(
                name="promotion_use_is_paid_or_given_up",
                condition=Q(used_at=None) | Q(released_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id} · {self.order_id}"


class WinBack(models.Model):
    """A code of their own for somebody whose subscription has ended; nobody else can use it."""

    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="win_backs"
    )
    subscription = models.OneToOneField(
        "payments.Subscription", on_delete=models.PROTECT, related_name="win_back"
    )
    promotion = models.OneToOneField(
        PromotionCode, on_delete=models.PROTECT, related_name="win_back"
    )
    made_at = models.DateTimeField(_("Made"))
    # Of `made_at`. Twelve months lie between two, so that no calendar year has both.
    year = models.PositiveSmallIntegerField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("win-back code")
        verbose_name_plural = _("win-back codes")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["learner", "year"], name="win_back_once_a_year"),
        ]

    def __str__(self) -> str:
        return f"{self.promotion}"

    @property
    def last_instant(self) -> datetime:
        """Just before it ends, so that the day named is one on which it is good."""
        ends = self.promotion.ends_at
        assert ends is not None  # noqa: S101 — made with one
        return ends - timedelta(seconds=1)


class StripePromotion(OfAccount):
    """A promotion code as one Stripe account knows it."""

    promotion = models.ForeignKey(
        PromotionCode, on_delete=models.PROTECT, related_name="stripe_promotions"
    )
    stripe_id = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "promotion"], name="stripe_promotion_once_per_code"
            ),
            models.UniqueConstraint(
                fields=["account", "livemode", "stripe_id"], name="stripe_promotion_once"
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id
