
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0029_fapiao_numbers_stand_once"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(fields=["created_at"], name="refund_by_day"),
        ),
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(fields=["started_at"], name="subscription_by_start"),
        ),
    ]
