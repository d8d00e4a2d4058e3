"""Wagtail's report of its log, filtered by anybody in it and not only by who edits pages."""

from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail.admin.views.reports.audit_logging import (
    LogEntriesView,
    SiteHistoryReportFilterSet,
    get_users_for_filter,
)

from accounts.exports import Spreadsheets
from accounts.models import User


class Filters(SiteHistoryReportFilterSet):
    def get_users_queryset(self) -> Any:
        return get_users_for_filter(self.request.user)


class SiteHistoryView(Spreadsheets, LogEntriesView):
    filterset_class = Filters
    # With the reasons, as the page has them.
    list_export = (*LogEntriesView.list_export, "message")
    export_headings = MappingProxyType({**LogEntriesView.export_headings, "message": _("Details")})

    def decorate_paginated_queryset(self, queryset: Any) -> Any:
        """Those of a learner with that person, in one query."""
        entries = super().decorate_paginated_queryset(queryset)
        named = {entry.data.get("learner") for entry in entries} - {None}
        people = User.objects.in_bulk(named)
        for entry in entries:
            entry.learner = people.get(entry.data.get("learner"))
        return entries

    def get_heading(self, queryset: Any, field: str) -> str:
        return str(self.export_headings[field])
