"""A refusal was written over what had been decided; what that was, the log still knows."""

from typing import Any

from django.conf import settings
from django.db import migrations

DECIDED = ("payments.propose", "payments.refund")


def tell_apart(apps: Any, schema_editor: Any) -> None:
    requests = apps.get_model("payments", "RefundRequest").objects
    people = apps.get_model(*settings.AUTH_USER_MODEL.split(".")).objects
    logged = apps.get_model("wagtailcore", "ModelLogEntry").objects.filter(
        content_type__app_label="payments",
        content_type__model="refundrequest",
        action__in=DECIDED,
    )
    for row in requests.filter(status="declined", declined_at=None).iterator():
        row.decline_reason, row.reason = row.reason, ""
        row.declined_by_id, row.decided_by_id = row.decided_by_id, None
        row.declined_at, row.decided_at = row.decided_at, None
        if decided := logged.filter(object_id=str(row.pk)).order_by("timestamp", "pk").last():
            row.reason, row.decided_at = decided.data.get("reason", ""), decided.timestamp
            row.decided_by = people.filter(pk=decided.user_id).first()
        row.save()


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0031_refusals_of_refunds"),
        ("wagtailcore", "0097_baselogentry_uuid_action_timestamp_indexes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(tell_apart, migrations.RunPython.noop, elidable=True)]
