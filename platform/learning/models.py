"""What a learner has studied. Plain ids, the learner's first: rows split by learner later."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
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
    seq = models.PositiveIntegerField()
    ranges = models.JSONField()  # [[from, to], …] in seconds of content, a union
    duration = models.FloatField()  # of the content, in seconds; 0 for a text
    position = models.FloatField()
    wall = models.FloatField()  # seconds of study as claimed; what counts: learning.wall_time
    read_to = models.FloatField()  # 0 … 1 of the text
    day = models.DateField()
    started_at = models.DateTimeField()
    updated_at = models.DateTimeField()
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
        indexes = [models.Index(fields=["learner_id", "course_id"], name="progress_in_course")]
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


class StudyDay(models.Model):
    """Wall-clock seconds of study on a date in the learner's zone."""

    pk = models.CompositePrimaryKey("learner_id", "day")
    learner_id = models.BigIntegerField()
    day = models.DateField()
    seconds = models.PositiveIntegerField(default=0)
    goal_reached = models.BooleanField(default=False)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("study day")
        verbose_name_plural = _("study days")
        constraints = [
            # A day of 25 hours is the longest there is: clocks put back.
            models.CheckConstraint(
                name="study_day_has_hours", condition=Q(seconds__lte=25 * 60 * 60)
            )
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}: {self.day}"


class LearnerGoals(models.Model):
    """How much a learner means to study; without a row: 20 minutes on 5 days a week."""

    learner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    minutes = models.PositiveSmallIntegerField(
        _("Minutes a day"), default=20, validators=[MinValueValidator(1), MaxValueValidator(600)]
    )
    days = models.PositiveSmallIntegerField(
        _("Days a week"), default=5, validators=[MinValueValidator(1), MaxValueValidator(7)]
    )

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("learner's goals")
        verbose_name_plural = _("learners' goals")
        constraints = [
            models.CheckConstraint(
                name="goals_can_be_met",
                condition=Q(minutes__gte=1, minutes__lte=600, days__gte=1, days__lte=7),
            )
        ]

    def __str__(self) -> str:
        return f"{self.minutes} × {self.days}"


class ListeningSpeed(models.Model):
    """How fast a learner listens: `course_id` 0 is for every course without one of its own."""

    SLOWEST, FASTEST = 0.5, 3

    pk = models.CompositePrimaryKey("learner_id", "course_id")
    learner_id = models.BigIntegerField()
    course_id = models.BigIntegerField()
    rate = models.DecimalField(max_digits=3, decimal_places=2)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("listening speed")
        verbose_name_plural = _("listening speeds")
        constraints = [
            models.CheckConstraint(
                name="speed_can_be_listened_to", condition=Q(rate__gte=0.5, rate__lte=3)
            )
        ]

    def __str__(self) -> str:
        return f"{self.rate}×"


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
