"""The house's own periodic work."""

from datetime import datetime, timedelta

from django.core.management import call_command
from django.tasks import TaskResultStatus
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from operations.jobs import BACKEND
from operations.periodic import periodic

KEPT = timedelta(days=7)


@periodic(minutes=24 * 60)
def forget_finished_jobs(now: datetime) -> None:
    """Deletes done jobs after a week of real time."""
    DBTaskResult.objects.filter(
        backend_name=BACKEND,
        status=TaskResultStatus.SUCCESSFUL,
        finished_at__lt=timezone.now() - KEPT,
    ).delete()


@periodic(minutes=24 * 60)
def forget_expired_sessions(now: datetime) -> None:
    call_command("clearsessions")


@periodic(minutes=1)
def publish_what_is_scheduled(now: datetime) -> None:
    """Wagtail's scheduled publishing and unpublishing."""
    call_command("publish_scheduled")
