"""Wagtail's report of its log, filtered by anybody in it and not only by who edits pages."""

from typing import Any

from wagtail.admin.views.reports.audit_logging import (
    LogEntriesView,
    SiteHistoryReportFilterSet,
    get_users_for_filter,
)


class Filters(SiteHistoryReportFilterSet):
    def get_users_queryset(self) -> Any:
        return get_users_for_filter(self.request.user)


class SiteHistoryView(LogEntriesView):
    filterset_class = Filters
