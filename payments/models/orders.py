"""Who wanted to buy what, at which price, and what came of it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from payments.models.stripe_ids import OfAccount

# Not the order in which things stand, which upstream words the same.
ORDER_LABEL = pgettext_lazy("purchase", "Order")


class Customer(OfAccount):
    """A person as one Stripe account knows them."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="stripe_customers"
    )
    stripe_id = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "user"], name="customer_once_per_user"
            ),
            models.UniqueConstraint(
                fields=["account", "livemode", "stripe_id"], name="customer_once_per_account"
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id


class Order(OfAccount):
    """A buyer's wish for one offer at the price they saw. Its key is stable: Stripe never sees two
    wishes where there was one."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        RESERVED = "reserved", _("Reserved")
        PAID = "paid", _("Paid")
        FULFILLED = "fulfilled", pgettext_lazy("order", "Done")
        REFUNDED = "refunded", _("Refunded")
        EXPIRED = "expired", _("Expired")
        FAILED = "failed", _("Payment failed")
        PARKED = "parked", _("Needs a look")

    class Purpose(models.TextChoices):
        OWN = "own", _("For oneself")
        GIFT = "gift", _("For a friend")
        SEATS = "seats", _("For colleagues")

    class Note(models.TextChoices):
        """Why an order that was paid opens nothing."""

        BOUGHT_TWICE = "bought_twice", _("Bought twice: the money goes back")
        ACCOUNT_DELETED = "account_deleted", _("The account was deleted: the money goes back")
        OTHER_AMOUNT = "other_amount", _("Another amount was charged than was shown")
        CODE_USED_UP = "code_used_up", _("Its promotion code had been used up before it was paid")
        GIVEN_UP = "given_up", _("Its presale had been given up: the money goes back")

    class Advance(models.TextChoices):
        """What was bought before it opened."""

        WAITING = "waiting", _("Bought in advance, not open yet")
        OPENED = "opened", _("Bought in advance, open")

    key = models.UUIDField(_("Number"), default=uuid.uuid4, unique=True, editable=False)
    buyer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="orders",
        verbose_name=_("Buyer"),
    )
    price = models.ForeignKey(
        "payments.Price", on_delete=models.PROTECT, related_name="orders", verbose_name=_("Price")
    )
    purpose = models.CharField(
        _("Bought for"),
        max_length=10,
        choices=Purpose.choices,
        default=Purpose.OWN,
        db_default=Purpose.OWN,
    )
    quantity = models.PositiveSmallIntegerField(_("How many"), default=1, db_default=1)
    # As shown to the buyer, whatever becomes of the price: the first payment, for all of them
    # together, and what a promotion code took off it.
    amount = models.PositiveBigIntegerField(_("Amount"))
    discount = models.PositiveBigIntegerField(_("Discount"), default=0, db_default=0)
    promotion = models.ForeignKey(
        "payments.PromotionCode",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("Promotion code"),
    )
    currency = models.CharField(_("Currency"), max_length=3)
    # What of the payment is tax, where Stripe reckons it, and where the buyer is.
    tax = models.PositiveBigIntegerField(_("Tax"), default=0, db_default=0)
    tax_country = models.CharField(
        _("Country"), max_length=2, blank=True, default="", db_default=""
    )
    tax_number = models.CharField(
        _("Tax number"), max_length=60, blank=True, default="", db_default=""
    )
    trial_days = models.PositiveSmallIntegerField(_("Days of trial"), default=0)
    language = models.CharField(max_length=10, default="zh-hans")
    status = models.CharField(
        _("State"), max_length=10, choices=Status.choices, default=Status.OPEN
    )
    note = models.CharField(_("Remark"), max_length=20, choices=Note.choices, blank=True)

    session_id = models.CharField(_("Checkout"), max_length=255, null=True, blank=True)
    payment_intent_id = models.CharField(_("Payment"), max_length=255, null=True, blank=True)
    charge_id = models.CharField(_("Charge"), max_length=255, null=True, blank=True)
    subscription = models.OneToOneField(
        "payments.Subscription",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="order",
        verbose_name=_("Subscription"),
    )

    # What led to it: the page and block it was bought from, the experiment in force.
    from_page = models.ForeignKey(
        "wagtailcore.Page", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    from_block = models.CharField(max_length=64, blank=True)
    experiment = models.CharField(max_length=64, blank=True)

    # Stripe's word for the way it was paid, and the card as people name it (Visa 4242).
    method = models.CharField(
        _("Way of paying"), max_length=40, blank=True, default="", db_default=""
    )
    card = models.CharField(_("Card"), max_length=40, blank=True, default="", db_default="")
    # Checkout is done and the money not there: a wallet or a bank confirms it later.
    is_confirming = models.BooleanField(default=False, db_default=False, editable=False)

    created_at = models.DateTimeField(_("Made"))
    paid_at = models.DateTimeField(_("Paid"), null=True, blank=True)
    # What was bought once and paid is open from … until (never, where empty).
    starts_at = models.DateTimeField(_("From"), null=True, blank=True)
    ends_at = models.DateTimeField(_("Until"), null=True, blank=True)
    fulfilled_at = models.DateTimeField(_("Opened"), null=True, blank=True)
    # By finance, of what cost nothing (payments.ending).
    ended_at = models.DateTimeField(_("Ended"), null=True, blank=True)
    advance = models.CharField(
        _("In advance"),
        max_length=10,
        choices=Advance.choices,
        blank=True,
        default="",
        db_default="",
    )

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-created_at", "-pk"]
        permissions = [("refund_order", "Can refund an order")]
        indexes = [
            models.Index(fields=["status", "created_at"], name="order_by_status"),
            models.Index(fields=["-created_at", "-id"], name="order_by_day"),
            models.Index(fields=["payment_intent_id"], name="order_by_payment"),
            models.Index(fields=["charge_id"], name="order_by_charge"),
            models.Index(
                fields=["price"], condition=Q(advance="waiting"), name="order_waiting_for_its_day"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "buyer", "price"],
                condition=Q(status="open", purpose="own"),
                name="order_one_open_per_buyer_and_price",
            ),
            models.CheckConstraint(
                name="order_of_several_is_of_seats",
                condition=Q(purpose="seats", quantity__gte=2)
                | (~Q(purpose="seats") & Q(quantity=1)),
            ),
            models.UniqueConstraint(
                fields=["account", "livemode", "session_id"], name="order_session_once"
            ),
            models.UniqueConstraint(
                fields=["account", "livemode", "payment_intent_id"], name="order_payment_once"
            ),
            models.CheckConstraint(
                name="order_open_ones_are_unpaid",
                condition=~Q(status__in=["open", "expired", "failed"]) | Q(paid_at=None),
            ),
            models.UniqueConstraint(
                fields=["account", "livemode", "buyer", "price"],
                condition=Q(status="reserved"),
                name="order_one_reserved_per_buyer_and_price",
            ),
            models.CheckConstraint(
                name="order_reserved_ones_are_unpaid",
                condition=~Q(status="reserved") | Q(paid_at=None, purpose="own"),
            ),
            models.CheckConstraint(
                name="order_done_ones_are_paid",
                condition=~Q(status__in=["paid", "fulfilled"]) | Q(paid_at__isnull=False),
            ),
            models.CheckConstraint(
                name="order_waiting_ones_say_for_when",
                condition=~Q(advance="waiting") | Q(starts_at__isnull=False),
            ),
            models.CheckConstraint(
                name="order_fulfilled_ones_say_when",
                condition=~Q(status="fulfilled") | Q(fulfilled_at__isnull=False),
            ),
            models.CheckConstraint(
                name="order_discounts_come_from_codes",
                condition=Q(discount=0) | Q(promotion__isnull=False),
            ),
            models.CheckConstraint(
                name="order_ended_ones_cost_nothing",
                condition=Q(ended_at=None) | Q(amount=0),
            ),
            models.CheckConstraint(
                name="order_costs_nothing_only_by_a_code",
                condition=Q(amount__gt=0) | Q(discount__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What people read out to each other."""
        return self.key.hex[:10].upper()

    @property
    def list_amount(self) -> int:
        """Without the promotion code: what later payments of what renews cost."""
        return self.amount + self.discount

    @property
    def source_id(self) -> str:
        """The name of this order as the source of a grant."""
        return f"order-{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def waits_for_confirmation(self) -> bool:
        """Paid on Stripe's page, and not confirmed yet; also in the place of a refused card."""
        return self.is_confirming and (self.is_open or self.is_reserved)

    @property
    def paid_with(self) -> str:
        """How it was paid, in words: 银行卡 Visa 4242."""
        names = {"card": _("Card"), "alipay": _("Alipay"), "wechat_pay": _("WeChat Pay")}
        return f"{names.get(self.method, self.method)} {self.card}".strip()

    @property
    def is_reserved(self) -> bool:
        return self.status == self.Status.RESERVED

    @property
    def is_for_others(self) -> bool:
        """Whether it opens nothing for the buyer."""
        return self.purpose != self.Purpose.OWN


class OrderedCourse(models.Model):
    """A course that an order of a bundle opens: what was in it when the buyer saw it."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="contents")
    # Kept from being deleted by the grant, as soon as somebody paid (courses.deletion).
    course = models.ForeignKey("courses.CoursePage", on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField()

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["order", "position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "course"], name="ordered_course_once")
        ]

    def __str__(self) -> str:
        return f"{self.order_id} ∋ {self.course_id}"


class Trial(OfAccount):
    """A learner had their trial: once per learner."""

    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="trials"
    )
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="trial")
    began_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "livemode", "learner"], name="trial_once_per_learner"
            )
        ]

    def __str__(self) -> str:
        return f"{self.learner_id} @ {self.began_at:%Y-%m-%d}"
