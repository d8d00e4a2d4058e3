"""Moments in the administration: exact, in words, by the clock of whoever looks."""

from datetime import datetime
from typing import Any

from wagtail.admin.ui.tables import Column
from wagtail.admin.views import generic

from pages import dates


class MomentColumn(Column):
    """Wagtail's own says how long ago, also of what is to come."""

    def get_value(self, instance: Any) -> str:
        value = super().get_value(instance)
        return dates.moment(value) if value else ""


class InspectionWithMoments(generic.InspectView):
    """Wagtail's own says them in UTC, and "None" where there is none."""

    def get_field_display_value(self, field_name: str, field: Any) -> Any:
        value = super().get_field_display_value(field_name, field)
        if isinstance(value, datetime):
            return dates.moment(value)
        return "–" if value is None or value == "" else value
