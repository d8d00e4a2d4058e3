from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0017_refusals'),
    ]

    operations = [
        migrations.AddField(
            model_name='reservation',
            name='needs_action',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
