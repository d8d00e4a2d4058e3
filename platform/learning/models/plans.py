"""How a learner means to go a track."""

from datetime import date

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class TrackPlan(models.Model):
    """How many minutes, on which days, until when. What is planned for a day is never kept: it is
    counted anew from what is left (`learning.plans`), so that nothing is ever overdue."""

    EVERY_DAY = 0b1111111

    pk = models.CompositePrimaryKey("learner_id", "track_id")
    learner_id = models.BigIntegerField()
    track_id = models.BigIntegerField()
    minutes = models.PositiveSmallIntegerField(
        _("Minutes a day"), validators=[MinValueValidator(5), MaxValueValidator(240)]
    )
    weekdays = models.PositiveSmallIntegerField()  # one bit a day, Monday the lowest
    at = models.TimeField(_("At"), null=True, blank=True)  # by the learner's clock
    until = models.DateField(_("Done by"), null=True, blank=True)  # as wished

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("plan for a track")
        verbose_name_plural = _("plans for tracks")
        constraints = [
            models.CheckConstraint(
                name="plan_can_be_kept",
                condition=Q(minutes__gte=5, minutes__lte=240, weekdays__gte=1, weekdays__lte=127),
            )
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}: {self.track_id}"

    def is_on(self, day: date) -> bool:
        return bool(self.weekdays >> day.weekday() & 1)


class StudyCalendar(models.Model):
    """The address under which a learner's plans are read by their calendar. Whoever has it reads
    titles and times; a new one makes the old one unknown."""

    learner_id = models.BigIntegerField(primary_key=True)
    token = models.CharField(max_length=43, unique=True)
    made_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("study calendar")
        verbose_name_plural = _("study calendars")

    def __str__(self) -> str:
        return str(self.learner_id)
