"""An index made before words were kept in pairs finds no Chinese: a job makes it anew.

A new site has no entries yet and needs none of it.
"""

from typing import Any

from django.db import migrations


def queue(apps: Any, schema_editor: Any) -> None:
    if apps.get_model("wagtailsearch", "IndexEntry").objects.exists():
        from courses.search.indexing import rebuild

        rebuild.enqueue()


class Migration(migrations.Migration):
    dependencies = [
        ("courses", "0002_index_searched_words"),
        ("django_tasks_database", "0021_conditional_partial_index_ordering"),
    ]
    operations = [migrations.RunPython(queue, migrations.RunPython.noop)]
