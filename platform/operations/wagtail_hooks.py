from django.http import HttpRequest
from wagtail import hooks
from wagtail.admin.ui.components import Component
from wagtail.admin.viewsets.base import ViewSet
from wagtail.permissions import register_permission_policy

from operations import dashboard
from operations.models import ParkedJob
from operations.parked_jobs import ParkedJobPolicy, viewset

register_permission_policy(ParkedJob, ParkedJobPolicy(ParkedJob))


@hooks.register("register_admin_viewset")
def parked_jobs() -> ViewSet:
    return viewset


@hooks.register("construct_homepage_panels")
def show_whether_it_runs(request: HttpRequest, panels: list[Component]) -> None:
    if request.user.has_perm("operations.view_parkedjob"):
        panels.append(dashboard.running())
