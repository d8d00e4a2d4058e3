"""Parked jobs in the admin: what failed for good, why, and 「再运行」."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from wagtail.admin.ui.tables import Column, DateColumn
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.permission_policies import ModelPermissionPolicy

from operations import jobs
from operations.models import ParkedJob


class ParkedJobPolicy(ModelPermissionPolicy):
    """Nobody adds a parked job, superusers included."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action != "add" and bool(super().user_has_permission(user, action))


class ParkedJobIndex(generic.IndexView):
    default_ordering = "-parked_at"


class ParkedJobInspection(generic.InspectView):
    """Offers to run the job again to those who may."""

    page_title = gettext_lazy("Parked job")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if self.user_has_permission("change"):
            context["run_again_url"] = reverse(f"{viewset.name}:run_again", args=[self.pk])
        return context


class ParkedJobViewSet(ModelViewSet):
    model: type[Model] = ParkedJob
    name = "parked-jobs"
    icon = "warning"
    menu_label = gettext_lazy("Parked jobs")
    menu_order = 900
    add_to_settings_menu = True
    add_to_reference_index = False
    form_fields: list[str] = []
    copy_view_enabled = False
    inspect_view_enabled = True
    index_view_class = ParkedJobIndex
    inspect_view_class = ParkedJobInspection
    template_prefix = "operations/parked_jobs/"
    inspect_view_fields = ["path", "arguments", "attempts", "error", "parked_at", "traceback"]
    search_fields = ["path", "error"]
    list_display = [
        "path",
        Column("error", label=gettext_lazy("Error"), sort_key="error"),
        Column("attempts", label=gettext_lazy("Attempts")),
        DateColumn("parked_at", label=gettext_lazy("Parked"), sort_key="parked_at"),
    ]

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        kwargs = {"add_url_name": None, "edit_url_name": None, **kwargs}
        common: dict[str, Any] = super().get_common_view_kwargs(**kwargs)
        return {**common, "history_url_name": None, "usage_url_name": None}

    def get_urlpatterns(self) -> list[Any]:
        offered = {"index", "index_results", "inspect", "delete"}
        patterns = [each for each in super().get_urlpatterns() if each.name in offered]
        return [*patterns, path("run-again/<int:pk>/", run_again, name="run_again")]


@require_POST
def run_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Queues the job anew and goes back to the list."""
    if not request.user.has_perm("operations.change_parkedjob"):
        raise PermissionDenied
    parked = get_object_or_404(ParkedJob, pk=pk)
    try:
        jobs.run_again(parked=parked)
    except jobs.JobGone:
        messages.error(request, _("This job's code is no longer there; it cannot run."))
    else:
        messages.success(request, _("The job is queued again."))
    return redirect(reverse(f"{viewset.name}:index"))


viewset = ParkedJobViewSet()
