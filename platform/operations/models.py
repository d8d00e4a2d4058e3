"""What keeps background work honest: who is alive, what ran when, what has given up."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class WorkerBeat(models.Model):
    """A worker at work. A job whose worker has stopped beating is run again."""

    worker_id = models.CharField(max_length=64, unique=True)
    host = models.CharField(max_length=255)
    beat_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.worker_id} on {self.host}"


class PeriodicRun(models.Model):
    """The last slot for which a periodic function was queued."""

    name = models.CharField(max_length=200, unique=True)
    slot = models.BigIntegerField()

    def __str__(self) -> str:
        return self.name


class ParkedJob(models.Model):
    """A job that failed at every attempt and waits for a person."""

    path = models.CharField(_("Job"), max_length=200)
    arguments = models.JSONField(_("Arguments"))
    fingerprint = models.CharField(max_length=64, unique=True)
    attempts = models.PositiveIntegerField(_("Attempts"))
    error = models.CharField(_("Error"), max_length=300)
    traceback = models.TextField(_("Details"), blank=True)
    parked_at = models.DateTimeField(_("Parked"))

    class Meta:
        verbose_name = _("parked job")
        verbose_name_plural = _("parked jobs")
        ordering = ["-parked_at", "-pk"]
        default_permissions = ("view", "change", "delete")

    def __str__(self) -> str:
        return self.path
