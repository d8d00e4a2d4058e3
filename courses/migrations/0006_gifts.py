from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    kept_before_because = "the version before makes no grants of gifts or codes"

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("courses", "0005_name_pictures"),
    ]

    operations = [
        migrations.AlterField(
            model_name="grant",
            name="source_kind",
            field=models.CharField(
                choices=[
                    ("purchase", "Purchase"),
                    ("subscription", "Subscription"),
                    ("gift", "Gift"),
                    ("redeem_code", "Redeem code"),
                    ("scholarship", "Scholarship"),
                    ("staff", "Given by staff"),
                    ("former_membership", "Left the membership in a paid period"),
                ],
                max_length=20,
                verbose_name="Source",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(
                condition=models.Q(("source_kind__in", ["gift", "redeem_code"])),
                fields=("source_kind", "source_id"),
                name="grant_of_a_gift_or_code_is_one_persons",
            ),
        ),
    ]
