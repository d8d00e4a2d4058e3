"""What is for sale, and at which price."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length, Upper
from django.db.models.lookups import Exact
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from courses.models import Bundle, CoursePage, Membership
from payments.models.stripe_ids import OfAccount
from payments.money import in_words


class TermsAreFixed(Exception):
    """What was offered at a price keeps its terms: end it and make a new one."""


def in_a_sentence(sellable: Any) -> Any:
    """Its name, a course's as the title that it is, in the language of whoever reads it."""
    if not isinstance(sellable, CoursePage):
        return str(sellable)
    # Translators: the title of a course inside a sentence
    return format_lazy(pgettext_lazy("course title", "{title}"), title=sellable.title)


class Offer(models.Model):
    """One way of buying one sellable. Terms never change once there is a price."""

    class Kind(models.TextChoices):
        ONE_OFF = "one_off", _("Once, for good")
        TERM = "term", _("Once, for a term")
        RECURRING = "recurring", _("Renews itself")

    class Interval(models.TextChoices):
        MONTH = "month", _("Month")
        QUARTER = "quarter", _("Quarter")
        YEAR = "year", _("Year")

    class Presale(models.TextChoices):
        """Whether a course is sold before it opens."""

        AT_ONCE = "at_once", _("Yes: paid at once, open from its day on")
        AT_RELEASE = "at_release", _("Yes: a card is kept, and charged on the day it opens")

    TERMS = (
        "course_id",
        "bundle_id",
        "membership_id",
        "kind",
        "interval",
        "term_months",
        "trial_days",
    )

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    course = models.ForeignKey(
        "courses.CoursePage",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="offers",
        verbose_name=_("Course"),
    )
    bundle = models.ForeignKey(
        "courses.Bundle",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="offers",
        verbose_name=_("Bundle"),
    )
    membership = models.ForeignKey(
        "courses.Membership",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="offers",
        verbose_name=_("Membership"),
    )
    kind = models.CharField(_("Kind"), max_length=10, choices=Kind.choices)
    interval = models.CharField(
        _("Renews every"), max_length=10, choices=Interval.choices, null=True, blank=True
    )
    term_months = models.PositiveSmallIntegerField(
        _("Months of the term"), null=True, blank=True, validators=[MaxValueValidator(120)]
    )
    trial_days = models.PositiveSmallIntegerField(
        _("Days of trial"), default=0, validators=[MaxValueValidator(90)]
    )
    is_active = models.BooleanField(_("For sale"), default=True)
    sort_order = models.PositiveIntegerField(_("Sort order"), default=0)
    presale = models.CharField(
        _("In advance"),
        max_length=10,
        choices=Presale.choices,
        blank=True,
        default="",
        db_default="",
    )

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ["sort_order", "pk"]
        constraints = [
            models.CheckConstraint(
                name="offer_sells_exactly_one",
                condition=Q(course__isnull=False, bundle=None, membership=None)
                | Q(course=None, bundle__isnull=False, membership=None)
                | Q(course=None, bundle=None, membership__isnull=False),
                violation_error_message=_("Choose one: a course, a bundle or a membership."),
            ),
            models.CheckConstraint(
                name="offer_interval_is_of_recurring_ones",
                condition=Q(kind="recurring", interval__isnull=False)
                | (~Q(kind="recurring") & Q(interval=None)),
                violation_error_message=_("What renews itself needs an interval, others none."),
            ),
            models.CheckConstraint(
                name="offer_months_are_of_terms",
                condition=Q(kind="term", term_months__isnull=False, term_months__gt=0)
                | (~Q(kind="term") & Q(term_months=None)),
                violation_error_message=_("A term needs its number of months, others none."),
            ),
            models.CheckConstraint(
                name="offer_trial_is_of_recurring_ones",
                condition=Q(kind="recurring") | Q(trial_days=0),
                violation_error_message=_("Only what renews itself can have a trial."),
            ),
            models.CheckConstraint(
                name="offer_recurring_ones_are_memberships",
                condition=~Q(kind="recurring") | Q(course=None),
                violation_error_message=_("A course is bought once; a membership may renew."),
            ),
            models.CheckConstraint(
                name="offer_presale_is_of_courses",
                condition=Q(presale="") | Q(kind="one_off", course__isnull=False),
                violation_error_message=_("Only a course, bought for good, is sold in advance."),
            ),
            models.CheckConstraint(
                name="offer_bundles_are_bought_for_good",
                condition=Q(bundle=None) | Q(kind="one_off"),
                violation_error_message=_("A bundle is bought once, for good."),
            ),
            models.CheckConstraint(
                name="offer_memberships_on_sale_last_a_time",
                condition=Q(membership=None) | ~Q(kind="one_off") | Q(is_active=False),
                violation_error_message=_(
                    "A membership lasts a time: choose what renews itself, or a term."
                ),
            ),
        ]

    def __str__(self) -> str:
        """Also of one whose form lacks what it sells."""
        return f"{self.course or self.bundle or self.membership or '?'} · {self.terms}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk and self.prices.exists():
            standing = Offer.objects.filter(pk=self.pk).values(*self.TERMS).first()
            if standing and any(getattr(self, name) != standing[name] for name in self.TERMS):
                raise TermsAreFixed(self.pk)
        super().save(*args, **kwargs)

    @property
    def sellable(self) -> CoursePage | Bundle | Membership:
        found = self.course or self.bundle or self.membership
        assert found is not None  # noqa: S101 — a constraint holds it
        return found

    @property
    def named(self) -> Any:
        """The sellable inside a sentence, in the language of whoever reads it: 《一群人的生意》."""
        return in_a_sentence(self.sellable)

    @property
    def terms(self) -> str:
        """Which kind of offer this is, in words."""
        if self.kind == self.Kind.RECURRING:
            return str(self.get_interval_display())
        if self.kind == self.Kind.TERM:
            return str(_("%(months)d months, once") % {"months": self.term_months})
        return str(self.get_kind_display())

    @property
    def is_recurring(self) -> bool:
        return self.kind == self.Kind.RECURRING


class PresaleEnd(models.Model):
    """What was sold in advance was given up: all that was paid goes back (`payments.presale`)."""

    offer = models.OneToOneField(Offer, on_delete=models.PROTECT, related_name="presale_end")
    reason = models.CharField(_("Reason"), max_length=300)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("Decided"))

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return str(self.offer)


class Price(models.Model):
    """An amount that never changes; a new price replaces it (`payments.offers.set_price`).

    Beside the regular price of an offer there may be an early one, which ends: until then it is
    the one in force. Nothing, for a course: who wants it enrols (`payments.enrolment`).
    """

    FIXED = ("offer_id", "currency", "amount", "ends_at")

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    offer = models.ForeignKey(
        Offer, on_delete=models.PROTECT, related_name="prices", verbose_name=_("Offer")
    )
    currency = models.CharField(_("Currency"), max_length=3)
    amount = models.PositiveBigIntegerField(
        _("Amount"), help_text=_("In the currency's smallest unit.")
    )
    is_active = models.BooleanField(_("In force"), default=True)
    ends_at = models.DateTimeField(_("Early price until"), null=True, blank=True)
    created_at = models.DateTimeField(_("Made"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ["offer", "currency", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["offer", "currency"],
                condition=Q(is_active=True, ends_at=None),
                name="price_one_regular_per_currency",
                violation_error_message=_("There is a price in this currency already."),
            ),
            models.UniqueConstraint(
                fields=["offer", "currency"],
                condition=Q(is_active=True, ends_at__isnull=False),
                name="price_one_early_per_currency",
            ),
            models.CheckConstraint(
                name="price_currency_is_three_capitals",
                condition=Q(currency=Upper("currency")) & Q(Exact(Length("currency"), 3)),
                violation_error_message=_("A currency has three capital letters, such as CNY."),
            ),
        ]

    def __str__(self) -> str:
        return in_words(self.amount, self.currency)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            standing = Price.objects.filter(pk=self.pk).values(*self.FIXED).first()
            if standing and any(getattr(self, name) != standing[name] for name in self.FIXED):
                raise TermsAreFixed(self.pk)
        super().save(*args, **kwargs)

    @property
    def is_free(self) -> bool:
        return self.amount == 0

    def is_in_force(self, now: datetime) -> bool:
        """Whether it was replaced by none, nor has ended. An early one stands before this one."""
        return self.is_active and (self.ends_at is None or now < self.ends_at)


class StripeProduct(OfAccount):
    """An offer as one Stripe account knows it."""

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="stripe_products")
    stripe_id = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "offer"], name="stripe_product_once_per_offer"
            ),
            models.UniqueConstraint(
                fields=["account", "livemode", "stripe_id"], name="stripe_product_once"
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id


class StripePrice(OfAccount):
    """A price as one Stripe account knows it."""

    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="stripe_prices")
    stripe_id = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "price"], name="stripe_price_once_per_price"
            ),
            models.UniqueConstraint(
                fields=["account", "livemode", "stripe_id"], name="stripe_price_once"
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id
