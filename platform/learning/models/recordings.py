"""What was spoken when, in each recording that a lesson has had."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LessonRecording(models.Model):
    """A recording as it was published with its transcript; the newest noted is the one that plays.

    Nobody's data: it lets a place in one recording be found in another (`learning.recordings`).
    """

    lesson_id = models.BigIntegerField()
    key = models.BigIntegerField()  # of the file: learning.tokens.recording_of
    duration = models.FloatField()
    cues = models.JSONField()  # [[start in seconds, sentence], …]
    noted_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("recording of a lesson")
        verbose_name_plural = _("recordings of lessons")
        constraints = [
            models.UniqueConstraint(fields=["lesson_id", "key"], name="recording_noted_once")
        ]

    def __str__(self) -> str:
        return f"{self.lesson_id}: {self.key}"
