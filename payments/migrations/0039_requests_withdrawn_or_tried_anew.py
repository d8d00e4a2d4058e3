from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    kept_before_because = "the version before withdraws nothing"

    dependencies = [
        ('payments', '0038_when_earlier_disputes_ended'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='refundrequest',
            name='withdrawn_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='fapiao',
            name='asked_at',
            field=models.DateTimeField(verbose_name='Asked for on'),
        ),
        migrations.AlterField(
            model_name='fapiao',
            name='issued_on',
            field=models.DateField(blank=True, null=True, verbose_name='Issued on'),
        ),
        migrations.AlterField(
            model_name='fapiao',
            name='reversed_on',
            field=models.DateField(blank=True, null=True, verbose_name='Reversed on'),
        ),
        migrations.AlterField(
            model_name='refundrequest',
            name='note',
            field=models.CharField(blank=True, max_length=500, verbose_name='Why it is asked for'),
        ),
        migrations.AlterField(
            model_name='refundrequest',
            name='reason',
            field=models.CharField(blank=True, max_length=300, verbose_name='Why it is given'),
        ),
        migrations.AlterField(
            model_name='refundrequest',
            name='status',
            field=models.CharField(choices=[('asked', 'Asked for'), ('proposed', 'To be confirmed'), ('approved', 'On its way'), ('done', 'Refunded'), ('declined', 'Declined'), ('failed', 'Could not go back'), ('withdrawn', 'Not wanted any more'), ('replaced', 'Tried anew')], default='asked', max_length=10, verbose_name='State'),
        ),
        migrations.AddConstraint(
            model_name='refundrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('withdrawn_at', None), models.Q(('status', 'withdrawn'), _negated=True)), models.Q(('decided_at', None), ('status', 'withdrawn'), ('withdrawn_at__isnull', False)), _connector='OR'), name='refund_request_withdrawn_undecided'),
        ),
    ]
