"""How long a learner studies, and means to."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class StudyDay(models.Model):
    """Wall-clock seconds of study on a date in the learner's zone."""

    pk = models.CompositePrimaryKey("learner_id", "day")
    learner_id = models.BigIntegerField()
    day = models.DateField()
    seconds = models.PositiveIntegerField(default=0)
    goal_reached = models.BooleanField(default=False)
    entered = models.PositiveIntegerField(default=0, db_default=0)  # of the seconds: in the ledger

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("study day")
        verbose_name_plural = _("study days")
        indexes = [
            models.Index(
                fields=["day"], name="study_day_to_enter", condition=Q(seconds__gt=F("entered"))
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="study_day_enters_what_it_has", condition=Q(entered__lte=F("seconds"))
            ),
            # A day of 25 hours is the longest there is: clocks put back.
            models.CheckConstraint(
                name="study_day_has_hours", condition=Q(seconds__lte=25 * 60 * 60)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}: {self.day}"


class LearnerGoals(models.Model):
    """How much a learner means to study; without a row: 20 minutes on 5 days a week, and three
    sentences to review on any."""

    learner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    minutes = models.PositiveSmallIntegerField(
        _("Minutes a day"), default=20, validators=[MinValueValidator(1), MaxValueValidator(600)]
    )
    days = models.PositiveSmallIntegerField(
        _("Days a week"), default=5, validators=[MinValueValidator(1), MaxValueValidator(7)]
    )
    sentences = models.PositiveSmallIntegerField(
        _("Sentences to review a day"),
        default=3,
        db_default=3,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
    )

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("learner's goals")
        verbose_name_plural = _("learners' goals")
        constraints = [
            models.CheckConstraint(
                name="goals_can_be_met",
                condition=Q(minutes__gte=1, minutes__lte=600, days__gte=1, days__lte=7),
            ),
            models.CheckConstraint(
                name="goals_ask_something", condition=Q(sentences__gte=1, sentences__lte=50)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.minutes} × {self.days}"
