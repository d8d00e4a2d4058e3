"""Of the changes that stand, those that Stripe is known to have planned."""

from typing import Any

from django.db import migrations
from django.db.models import F


def write_down(apps: Any, schema_editor: Any) -> None:
    changes = apps.get_model("payments", "PlanChange").objects.filter(
        status="open", at_period_end=True, price_change=None
    )
    changes.exclude(subscription__object__schedule=None).update(planned_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("payments", "0035_changes_that_stripe_has_planned")]

    operations = [migrations.RunPython(write_down, migrations.RunPython.noop, elidable=True)]
