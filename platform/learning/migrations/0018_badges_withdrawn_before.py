"""Certificates that were withdrawn before their badges were listed."""

from uuid import UUID, uuid5

from django.db import migrations

BADGES = UUID("0d8f6a52-6f0c-4b57-9a3e-2f6f7a1c9be4")  # as learning.models.credentials has it


def list_them(apps, schema_editor):
    rows = apps.get_model("learning", "Credential").objects.filter(withdrawn_at__isnull=False)
    revoked = apps.get_model("learning", "RevokedBadge")
    for number, ground, at in rows.values_list("number", "withdrawn_for", "withdrawn_at"):
        badge = uuid5(BADGES, number)
        revoked.objects.get_or_create(badge=badge, defaults={"ground": ground, "at": at})


class Migration(migrations.Migration):
    dependencies = [
        ("learning", "0017_revoked_badges"),
    ]

    operations = [migrations.RunPython(list_them, migrations.RunPython.noop)]
