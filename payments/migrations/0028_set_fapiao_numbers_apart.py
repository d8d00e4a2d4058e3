"""Before a digital number stands once: where two stood the same, the later one is told by its mark.

Which of them is right only finance knows; the mark shows which is to be corrected.
"""

from django.db import migrations
from django.db.models.functions import Length

DIGITAL = 20  # digits; the number field takes 40 characters


def set_apart(apps, schema_editor):
    rows = apps.get_model("payments", "Fapiao").objects.using(schema_editor.connection.alias)
    for name in ("number", "reversal_number"):
        seen = set()
        digital = rows.annotate(digits=Length(name)).filter(digits=DIGITAL)
        for row in digital.order_by("asked_at", "pk"):
            number = getattr(row, name)
            if number in seen:
                rows.filter(pk=row.pk).update(**{name: f"{number}-{row.pk}"})
            seen.add(number)


class Migration(migrations.Migration):
    dependencies = [("payments", "0027_how_orders_were_paid")]

    operations = [migrations.RunPython(set_apart, migrations.RunPython.noop, elidable=True)]
