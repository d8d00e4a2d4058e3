import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    kept_before_because = "it fills none of the new columns"
    dependencies = [
        ("payments", "0030_days_of_subscriptions_and_refunds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="refundrequest",
            name="decline_reason",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=300,
                verbose_name="Why declined",
            ),
        ),
        migrations.AddField(
            model_name="refundrequest",
            name="declined_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="Declined on"),
        ),
        migrations.AddField(
            model_name="refundrequest",
            name="declined_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="Declined by",
            ),
        ),
        migrations.AddConstraint(
            model_name="refundrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status", "declined"),
                    models.Q(("decline_reason", ""), ("declined_at", None), ("declined_by", None)),
                    _connector="OR",
                ),
                name="refund_request_declined_says_so",
            ),
        ),
    ]
