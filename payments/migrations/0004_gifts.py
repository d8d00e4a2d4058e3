import django.core.validators
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    kept_before_because = "what the version before makes is one, for oneself; the other allows more"

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("courses", "0006_gifts"),
        ("payments", "0003_matching"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="order",
            name="order_one_open_per_buyer_and_price",
        ),
        migrations.AddField(
            model_name="order",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("own", "For oneself"),
                    ("gift", "For a friend"),
                    ("seats", "For colleagues"),
                ],
                db_default="own",
                default="own",
                max_length=10,
                verbose_name="Bought for",
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="quantity",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=1, verbose_name="How many"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                condition=models.Q(("purpose", "own"), ("status", "open")),
                fields=("account", "livemode", "buyer", "price"),
                name="order_one_open_per_buyer_and_price",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("purpose", "seats"), ("quantity__gte", 2)),
                    models.Q(models.Q(("purpose", "seats"), _negated=True), ("quantity", 1)),
                    _connector="OR",
                ),
                name="order_of_several_is_of_seats",
            ),
        ),
        migrations.CreateModel(
            name="RedeemBatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=100, verbose_name="Name")),
                (
                    "for_whom",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="For which company or event"
                    ),
                ),
                (
                    "months",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(120),
                        ],
                        verbose_name="Months of the term",
                    ),
                ),
                (
                    "size",
                    models.PositiveIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10000),
                        ],
                        verbose_name="How many codes",
                    ),
                ),
                ("redeemable_until", models.DateTimeField(verbose_name="Redeemable until")),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="Reason")),
                (
                    "reference",
                    models.CharField(
                        blank=True, max_length=100, verbose_name="Order or invoice it was paid by"
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="Made")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="Revoked")),
                (
                    "withdrawn_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="Withdrawn"),
                ),
                (
                    "course",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="courses.coursepage",
                        verbose_name="Course",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="Made by",
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="courses.membership",
                        verbose_name="Membership",
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batch",
                        to="payments.order",
                        verbose_name="Order of the seats",
                    ),
                ),
            ],
            options={
                "verbose_name": "batch of redeem codes",
                "verbose_name_plural": "batches of redeem codes",
                "ordering": ["-created_at", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("course", None), ("membership", None), _connector="XOR"
                        ),
                        name="redeem_batch_opens_a_course_or_a_membership",
                        violation_error_message="Choose a course or a membership, not both.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("membership", None),
                            models.Q(("months__gt", 0), ("months__isnull", False)),
                            _connector="OR",
                        ),
                        name="redeem_batch_of_a_membership_has_a_term",
                        violation_error_message="A membership needs the number of months.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("size__gte", 1), ("size__lte", 10000)),
                        name="redeem_batch_has_a_size_that_can_be_made",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("order", None), ("made_by", None), _connector="XOR"),
                        name="redeem_batch_is_of_finance_or_of_an_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RedeemCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("serial", models.PositiveIntegerField(verbose_name="Number")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("redeemed_at", models.DateTimeField(null=True, verbose_name="Redeemed")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="Revoked")),
                ("withdrawn_at", models.DateTimeField(null=True, verbose_name="Withdrawn")),
                ("sent_to", models.EmailField(blank=True, max_length=254, verbose_name="Sent to")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="Sent")),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="codes",
                        to="payments.redeembatch",
                        verbose_name="Batch",
                    ),
                ),
                (
                    "redeemed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redeemed_codes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="Redeemed by",
                    ),
                ),
            ],
            options={
                "verbose_name": "redeem code",
                "verbose_name_plural": "redeem codes",
                "ordering": ["-batch", "serial"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("batch", "serial"), name="redeem_code_once_per_batch"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("redeemed_at", None), ("redeemed_by", None)),
                            models.Q(
                                ("redeemed_at__isnull", False), ("redeemed_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="redeem_code_redeemed_by_somebody_sometime",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("revoked_at", None), ("redeemed_at", None), _connector="OR"
                        ),
                        name="redeem_code_revoked_or_redeemed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("withdrawn_at", None), ("redeemed_at__isnull", False), _connector="OR"
                        ),
                        name="redeem_code_withdrawn_after_it_was_redeemed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Gift",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("minted", models.PositiveSmallIntegerField(default=0)),
                ("digest", models.CharField(max_length=64, null=True, unique=True)),
                (
                    "giver_name",
                    models.CharField(blank=True, max_length=60, verbose_name="From whom"),
                ),
                (
                    "to_email",
                    models.EmailField(
                        blank=True, max_length=254, verbose_name="E-mail of the friend"
                    ),
                ),
                ("message", models.CharField(blank=True, max_length=200, verbose_name="Message")),
                ("send_on", models.DateField(blank=True, null=True, verbose_name="Day to send it")),
                ("send_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True, verbose_name="Sent")),
                (
                    "claimable_until",
                    models.DateTimeField(null=True, verbose_name="To be claimed until"),
                ),
                ("redeemed_at", models.DateTimeField(null=True, verbose_name="Redeemed")),
                ("taken_back_at", models.DateTimeField(null=True, verbose_name="Taken back")),
                ("withdrawn_at", models.DateTimeField(null=True, verbose_name="Withdrawn")),
                (
                    "course_instead",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="courses.coursepage",
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gift",
                        to="payments.order",
                        verbose_name="Order",
                    ),
                ),
                (
                    "redeemed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gifts_received",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="Redeemed by",
                    ),
                ),
            ],
            options={
                "verbose_name": "gift",
                "verbose_name_plural": "gifts",
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("sent_at", None)),
                        fields=["send_at"],
                        name="gift_still_to_be_sent",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("redeemed_at", None), ("redeemed_by", None)),
                            models.Q(
                                ("redeemed_at__isnull", False), ("redeemed_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="gift_redeemed_by_somebody_sometime",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("redeemed_at", None), ("taken_back_at", None), _connector="OR"
                        ),
                        name="gift_redeemed_or_taken_back",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("claimable_until", None), ("digest", None)),
                            models.Q(("claimable_until__isnull", False), ("digest__isnull", False)),
                            _connector="OR",
                        ),
                        name="gift_with_a_code_has_a_last_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("redeemed_at", None), ("digest__isnull", False), _connector="OR"
                        ),
                        name="gift_only_with_a_code_is_redeemed",
                    ),
                ],
            },
        ),
    ]
