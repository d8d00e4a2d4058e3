"""What players report."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class PlaySession(models.Model):
    """One sitting with one lesson on one device, as its player last reported it.

    Written by `learning.progress.record` only. `day` is the date in the learner's zone; a new
    session begins at the learner's midnight.
    """

    pk = models.CompositePrimaryKey("learner_id", "lesson_id", "session")
    learner_id = models.BigIntegerField()
    lesson_id = models.BigIntegerField()
    session = models.UUIDField()
    # What its seconds are of: learning.recordings; 0 where nobody said.
    recording = models.BigIntegerField(default=0, db_default=0)
    seq = models.PositiveIntegerField()
    ranges = models.JSONField()  # [[from, to], …] in seconds of content, a union
    duration = models.FloatField()  # of the content, in seconds; 0 for a text
    position = models.FloatField()
    wall = models.FloatField()  # seconds of study as claimed; what counts: learning.wall_time
    read_to = models.FloatField()  # 0 … 1 of the text
    day = models.DateField()
    started_at = models.DateTimeField()
    updated_at = models.DateTimeField()  # its end, as far as its token vouches for it
    # When the last of it was studied, as the player says; none said it before 0004.
    played_at = models.DateTimeField(null=True)
    is_folded = models.BooleanField(default=False)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("play session")
        verbose_name_plural = _("play sessions")
        indexes = [
            models.Index(
                fields=["learner_id"], name="session_to_fold", condition=Q(is_folded=False)
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="session_counts_nothing_negative",
                condition=Q(wall__gte=0, position__gte=0, duration__gte=0),
            ),
            models.CheckConstraint(
                name="session_reads_a_part", condition=Q(read_to__gte=0, read_to__lte=1)
            ),
            models.CheckConstraint(
                name="session_starts_first", condition=Q(updated_at__gte=F("started_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session} #{self.seq}"

    @property
    def studied_at(self) -> datetime:
        return self.played_at or self.updated_at
