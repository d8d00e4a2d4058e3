from typing import Any

from django.db import migrations


def take_off_sale(apps: Any, schema_editor: Any) -> None:
    """Finance could once sell a membership for good. What was sold of it stays."""
    offers = apps.get_model("payments", "Offer").objects
    offers.filter(membership__isnull=False, kind="one_off").update(is_active=False)


class Migration(migrations.Migration):
    dependencies = [("payments", "0019_missed_events_of_a_comparison")]

    operations = [migrations.RunPython(take_off_sale, migrations.RunPython.noop, elidable=True)]
