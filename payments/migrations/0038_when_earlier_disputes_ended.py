"""Of the disputes that have ended, the day on which Stripe was last asked."""

from typing import Any

from django.db import migrations
from django.db.models import F


def write_down(apps: Any, schema_editor: Any) -> None:
    disputes = apps.get_model("payments", "Dispute").objects
    ended = disputes.filter(status__in=["won", "lost", "warning_closed", "prevented"])
    ended.update(ended_at=F("fetched_at"))


class Migration(migrations.Migration):
    dependencies = [("payments", "0037_when_disputes_ended")]

    operations = [migrations.RunPython(write_down, migrations.RunPython.noop, elidable=True)]
