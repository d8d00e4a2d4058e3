from wagtail import hooks
from wagtail.admin.viewsets.base import ViewSet
from wagtail.permissions import register_permission_policy

from operations.models import ParkedJob
from operations.parked_jobs import ParkedJobPolicy, viewset

register_permission_policy(ParkedJob, ParkedJobPolicy(ParkedJob))


@hooks.register("register_admin_viewset")
def parked_jobs() -> ViewSet:
    return viewset
