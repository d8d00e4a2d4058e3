from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('learning', '0002_track_enrolment'),
    ]

    operations = [
        migrations.CreateModel(
            name='ListeningSpeed',
            fields=[
                ('pk', models.CompositePrimaryKey('learner_id', 'course_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('learner_id', models.BigIntegerField()),
                ('course_id', models.BigIntegerField()),
                ('rate', models.DecimalField(decimal_places=2, max_digits=3)),
            ],
            options={
                'verbose_name': 'listening speed',
                'verbose_name_plural': 'listening speeds',
                'constraints': [models.CheckConstraint(condition=models.Q(('rate__gte', 0.5), ('rate__lte', 3)), name='speed_can_be_listened_to')],
            },
        ),
    ]
