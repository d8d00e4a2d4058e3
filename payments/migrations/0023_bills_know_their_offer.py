import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0022_refund_requests_to_be_confirmed"),
    ]

    operations = [
        migrations.AddField(
            model_name="invoice",
            name="offer",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="payments.offer",
                verbose_name="Offer",
            ),
        ),
    ]
