"""How far a learner is in a lesson."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class LessonProgress(models.Model):
    """How far a learner is in a lesson: the union of the sessions folded into it."""

    class DoneHow(models.TextChoices):
        HEARD = "heard", _("By hearing")
        READ = "read", _("By reading")
        HAND = "hand", _("By hand")

    pk = models.CompositePrimaryKey("learner_id", "lesson_id")
    learner_id = models.BigIntegerField()
    lesson_id = models.BigIntegerField()
    course_id = models.BigIntegerField()
    # What the seconds below are of: learning.recordings; 0: the first one known.
    recording = models.BigIntegerField(default=0, db_default=0)
    ranges = models.JSONField(default=list)
    heard = models.FloatField(default=0.0)  # seconds of content, each counted once
    duration = models.FloatField(default=0.0)
    position = models.FloatField(default=0.0)
    position_at = models.DateTimeField(null=True)
    read_to = models.FloatField(default=0.0)
    studied_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    done_how = models.CharField(max_length=5, choices=DoneHow.choices, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("lesson progress")
        verbose_name_plural = _("lesson progress")
        indexes = [
            models.Index(fields=["learner_id", "course_id"], name="progress_in_course"),
            models.Index(fields=["studied_at"], name="progress_studied_last"),
        ]
        constraints = [
            models.CheckConstraint(
                name="progress_counts_nothing_negative",
                condition=Q(heard__gte=0, position__gte=0, duration__gte=0),
            ),
            models.CheckConstraint(
                name="progress_reads_a_part", condition=Q(read_to__gte=0, read_to__lte=1)
            ),
            models.CheckConstraint(
                name="progress_done_somehow",
                condition=Q(done_at=None, done_how="") | Q(done_at__isnull=False, done_how__gt=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}: {self.lesson_id}"
