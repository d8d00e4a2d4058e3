import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    kept_before_because = (
        "no code before took anything off an amount, and none made a price that ends: each order "
        "cost its price, and each offer had one price in force"
    )

    dependencies = [
        ("accounts", "__first__"),
        ("payments", "0005_subscription_life"),
        ("wagtailcore", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="PromotionCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "code",
                    models.CharField(
                        max_length=40,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[0-9A-Z-]{3,}\\Z", "Latin letters, digits and dashes; at least 3."
                            )
                        ],
                        verbose_name="Promotion code",
                    ),
                ),
                (
                    "remark",
                    models.CharField(blank=True, max_length=200, verbose_name="What it is for"),
                ),
                (
                    "percent",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="Percent off",
                    ),
                ),
                (
                    "amount",
                    models.PositiveBigIntegerField(
                        blank=True, null=True, verbose_name="Amount off"
                    ),
                ),
                ("currency", models.CharField(blank=True, max_length=3, verbose_name="Currency")),
                (
                    "duration",
                    models.CharField(
                        choices=[
                            ("once", "The first payment"),
                            ("repeating", "Every payment of some months"),
                            ("forever", "Every payment"),
                        ],
                        default="once",
                        max_length=10,
                        verbose_name="Reduces",
                    ),
                ),
                (
                    "months",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(36),
                        ],
                        verbose_name="For how many months",
                    ),
                ),
                (
                    "starts_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="Valid from"),
                ),
                (
                    "ends_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="Valid until"),
                ),
                (
                    "max_uses",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="Uses in all",
                    ),
                ),
                (
                    "per_person",
                    models.PositiveSmallIntegerField(
                        default=1,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="Uses per person",
                    ),
                ),
                (
                    "first_purchase_only",
                    models.BooleanField(default=False, verbose_name="Only for a first purchase"),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="In force")),
                ("created_at", models.DateTimeField(verbose_name="Made")),
                (
                    "offers",
                    models.ManyToManyField(
                        blank=True, to="payments.offer", verbose_name="Good for"
                    ),
                ),
            ],
            options={
                "verbose_name": "promotion code",
                "verbose_name_plural": "promotion codes",
                "ordering": ["-created_at", "-pk"],
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code", django.db.models.functions.text.Upper("code"))),
                        name="promotion_code_is_in_capitals",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("percent", None), ("amount", None), _connector="XOR"),
                        name="promotion_takes_a_percent_or_an_amount",
                        violation_error_message="Percent off or amount off: one of them.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("percent", None),
                            models.Q(("percent__gte", 1), ("percent__lte", 100)),
                            _connector="OR",
                        ),
                        name="promotion_percent_is_one_to_hundred",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount", None), ("currency", "")),
                            models.Q(
                                ("amount__gt", 0),
                                ("currency", django.db.models.functions.text.Upper("currency")),
                                models.Q(("currency", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="promotion_amount_has_a_currency",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("duration", "repeating"),
                                ("months__gt", 0),
                                ("months__isnull", False),
                            ),
                            models.Q(
                                models.Q(("duration", "repeating"), _negated=True), ("months", None)
                            ),
                            _connector="OR",
                        ),
                        name="promotion_months_are_of_repeating_ones",
                        violation_error_message="Say for how many months where it reduces every payment of some months, and only there.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("max_uses", None), ("max_uses__gt", 0), _connector="OR"),
                            ("per_person__gt", 0),
                        ),
                        name="promotion_has_uses",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("starts_at", None),
                            ("ends_at", None),
                            ("ends_at__gt", models.F("starts_at")),
                            _connector="OR",
                        ),
                        name="promotion_ends_after_it_starts",
                        violation_error_message="It ends before it begins.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StripePromotion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("account", models.CharField(max_length=64)),
                ("livemode", models.BooleanField(default=False)),
                ("stripe_id", models.CharField(max_length=255)),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="stripe_promotions",
                        to="payments.promotioncode",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "livemode", "promotion"),
                        name="stripe_promotion_once_per_code",
                    ),
                    models.UniqueConstraint(
                        fields=("account", "livemode", "stripe_id"), name="stripe_promotion_once"
                    ),
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name="price",
            name="price_one_in_force_per_currency",
        ),
        migrations.AddField(
            model_name="order",
            name="discount",
            field=models.PositiveBigIntegerField(db_default=0, default=0, verbose_name="Discount"),
        ),
        migrations.AddField(
            model_name="price",
            name="ends_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="Early price until"),
        ),
        migrations.AlterField(
            model_name="order",
            name="note",
            field=models.CharField(
                blank=True,
                choices=[
                    ("bought_twice", "Bought twice: the money goes back"),
                    ("account_deleted", "The account was deleted: the money goes back"),
                    ("other_amount", "Another amount was charged than was shown"),
                    ("code_used_up", "Its promotion code had been used up before it was paid"),
                ],
                max_length=20,
                verbose_name="Remark",
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ends_at", None), ("is_active", True)),
                fields=("offer", "currency"),
                name="price_one_regular_per_currency",
                violation_error_message="There is a price in this currency already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ends_at__isnull", False), ("is_active", True)),
                fields=("offer", "currency"),
                name="price_one_early_per_currency",
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="promotion",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="orders",
                to="payments.promotioncode",
                verbose_name="Promotion code",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("discount", 0), ("promotion__isnull", False), _connector="OR"),
                name="order_discounts_come_from_codes",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0), ("discount__gt", 0), _connector="OR"),
                name="order_costs_nothing_only_by_a_code",
            ),
        ),
        migrations.CreateModel(
            name="PromotionUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slot", models.PositiveIntegerField(null=True)),
                ("slots", models.PositiveIntegerField(null=True)),
                ("nth", models.PositiveSmallIntegerField()),
                ("per_person", models.PositiveSmallIntegerField()),
                ("reserved_at", models.DateTimeField(verbose_name="Made")),
                ("used_at", models.DateTimeField(null=True, verbose_name="Used")),
                ("released_at", models.DateTimeField(null=True, verbose_name="Given up")),
                (
                    "learner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="promotion_uses",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="promotion_use",
                        to="payments.order",
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="payments.promotioncode",
                    ),
                ),
            ],
            options={
                "verbose_name": "use of a promotion code",
                "verbose_name_plural": "uses of promotion codes",
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("released_at", None)),
                        fields=("promotion", "slot"),
                        name="promotion_slot_taken_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("released_at", None)),
                        fields=("promotion", "learner", "nth"),
                        name="promotion_turn_taken_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("slot", None), ("slots", None)),
                            models.Q(("slot__gte", 1), ("slot__lte", models.F("slots"))),
                            _connector="OR",
                        ),
                        name="promotion_slot_is_within_the_limit",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("nth__gte", 1), ("nth__lte", models.F("per_person"))),
                        name="promotion_turn_is_within_the_limit",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("used_at", None), ("released_at", None), _connector="OR"
                        ),
                        name="promotion_use_is_paid_or_given_up",
                    ),
                ],
            },
        ),
    ]
