from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0021_memberships_on_sale_last_a_time")]

    operations = [
        migrations.AlterField(
            model_name="refundrequest",
            name="status",
            field=models.CharField(
                choices=[
                    ("asked", "Asked for"),
                    ("proposed", "To be confirmed"),
                    ("approved", "On its way"),
                    ("done", "Refunded"),
                    ("declined", "Declined"),
                    ("failed", "Refused by Stripe"),
                ],
                default="asked",
                max_length=10,
                verbose_name="State",
            ),
        ),
    ]
