from django.db import migrations, models


class Migration(migrations.Migration):
    kept_before_because = "it enters nothing, and a day's seconds never become fewer"

    dependencies = [
        ('learning', '0004_session_played_at'),
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('pk', models.CompositePrimaryKey('learner_id', 'site_address', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('learner_id', models.BigIntegerField()),
                ('site_address', models.CharField(blank=True, max_length=200, verbose_name='Address of the site')),
                ('key', models.CharField(max_length=150)),
                ('site_name', models.CharField(blank=True, max_length=255, verbose_name='Site')),
                ('kind', models.CharField(choices=[('study', 'Studied'), ('lesson_done', 'Lesson done'), ('lesson_undone', 'Mark taken back'), ('course_done', 'Course finished')], max_length=20, verbose_name='What')),
                ('day', models.DateField(verbose_name='Day')),
                ('at', models.DateTimeField(verbose_name='Time')),
                ('seconds', models.PositiveIntegerField(default=0, verbose_name='Seconds')),
                ('course_id', models.BigIntegerField(null=True)),
                ('course', models.CharField(blank=True, max_length=255, verbose_name='Course')),
                ('lesson_id', models.BigIntegerField(null=True)),
                ('lesson', models.CharField(blank=True, max_length=255, verbose_name='Title of the lesson')),
                ('disciplines', models.JSONField(default=list, verbose_name='Disciplines')),
                ('words', models.CharField(blank=True, max_length=500, verbose_name='Words')),
                ('is_afterwards', models.BooleanField(default=False, verbose_name='Entered afterwards')),
            ],
            options={
                'verbose_name': 'ledger entry',
                'verbose_name_plural': 'ledger entries',
            },
        ),
        migrations.AddField(
            model_name='studyday',
            name='entered',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name='studyday',
            index=models.Index(condition=models.Q(('seconds__gt', models.F('entered'))), fields=['day'], name='study_day_to_enter'),
        ),
        migrations.AddConstraint(
            model_name='studyday',
            constraint=models.CheckConstraint(condition=models.Q(('entered__lte', models.F('seconds'))), name='study_day_enters_what_it_has'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(fields=['learner_id', 'day'], name='ledger_by_day'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'study'), ('seconds__gt', 0), ('seconds__lte', 90000)), models.Q(models.Q(('kind', 'study'), _negated=True), ('seconds', 0)), _connector='OR'), name='ledger_study_has_seconds'),
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(('key__gt', '')), name='ledger_entry_has_a_key'),
        ),
    ]
