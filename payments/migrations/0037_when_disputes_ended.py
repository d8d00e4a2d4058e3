from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0036_earlier_changes_that_stripe_planned")]

    operations = [
        migrations.AddField(
            model_name="dispute",
            name="ended_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
