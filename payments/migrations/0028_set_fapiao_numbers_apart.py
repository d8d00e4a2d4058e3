"""Before each number stands once: where two stood the same, the later one is told by its mark.

Which of them is right only finance knows; the mark shows which is to be corrected.
"""

from django.db import migrations

LONGEST = 30  # of 40, so that the mark has room


def set_apart(apps, schema_editor):
    rows = apps.get_model("payments", "Fapiao").objects.using(schema_editor.connection.alias)
    for name in ("number", "reversal_number"):
        seen = set()
        for row in rows.exclude(**{name: ""}).order_by("asked_at", "pk"):
            number = getattr(row, name)
            if number in seen:
                rows.filter(pk=row.pk).update(**{name: f"{number[:LONGEST]}-{row.pk}"})
            seen.add(number)


class Migration(migrations.Migration):
    dependencies = [("payments", "0027_how_orders_were_paid")]

    operations = [migrations.RunPython(set_apart, migrations.RunPython.noop, elidable=True)]
