"""Of the pauses that stand, those that Stripe is known to have made."""

from typing import Any

from django.db import migrations
from django.db.models import F


def write_down(apps: Any, schema_editor: Any) -> None:
    pauses = apps.get_model("payments", "Pause").objects
    pauses.filter(resumed_at=None, subscription__collection_paused=True).update(
        seen_at=F("asked_at")
    )


class Migration(migrations.Migration):
    dependencies = [("payments", "0033_wishes_and_pauses_that_stripe_knows")]

    operations = [migrations.RunPython(write_down, migrations.RunPython.noop, elidable=True)]
