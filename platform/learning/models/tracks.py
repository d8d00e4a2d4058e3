"""Who goes which track."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class TrackEnrolment(models.Model):
    """Who goes a track, and the last task as they did it. How far they are is `LessonProgress`.

    Leaving keeps the row: whoever comes back finds what they wrote.
    """

    pk = models.CompositePrimaryKey("learner_id", "track_id")
    learner_id = models.BigIntegerField()
    track_id = models.BigIntegerField()
    enrolled_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    task_done_at = models.DateTimeField(null=True)
    task_text = models.CharField(max_length=1000, blank=True)  # the learner's own, for themselves

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("track enrolment")
        verbose_name_plural = _("track enrolments")
        constraints = [
            models.CheckConstraint(
                name="enrolment_ends_after_it_begins",
                condition=Q(left_at=None) | Q(left_at__gte=F("enrolled_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}: {self.track_id}"

    @property
    def is_going(self) -> bool:
        return self.left_at is None

    @property
    def is_task_done(self) -> bool:
        return self.task_done_at is not None
