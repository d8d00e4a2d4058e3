"""What a learner answered."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class QuizAttempt(models.Model):
    """One go at a lesson's quiz, with the questions as they were drawn for it.

    `questions` holds what was right at that time: later edits rewrite nothing. It is for the
    server alone until `answered_at`. Short answers wait for the learner's own word between then
    and `finished_at`.
    """

    pk = models.CompositePrimaryKey("learner_id", "lesson_id", "number")
    learner_id = models.BigIntegerField()
    lesson_id = models.BigIntegerField()
    number = models.PositiveIntegerField()  # 1 for the first
    questions = models.JSONField()  # as courses.quizzes.Question writes them
    answers = models.JSONField(default=list)  # learning.marking.Answered, one for each question
    points = models.PositiveSmallIntegerField(default=0)
    out_of = models.PositiveSmallIntegerField()
    is_passed = models.BooleanField(default=False)  # by the course's mark of that day
    started_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("quiz attempt")
        verbose_name_plural = _("quiz attempts")
        indexes = [models.Index(fields=["lesson_id", "number"], name="attempts_at_a_lesson")]
        constraints = [
            models.UniqueConstraint(
                fields=["learner_id", "lesson_id"],
                condition=Q(finished_at=None),
                name="attempts_one_at_a_time",
            ),
            models.CheckConstraint(
                name="attempt_has_no_more_than_all", condition=Q(points__lte=F("out_of"))
            ),
            models.CheckConstraint(
                name="attempt_counts_once_finished",
                condition=Q(finished_at__isnull=False) | Q(points=0, is_passed=False),
            ),
            models.CheckConstraint(
                name="attempt_is_answered_before_finished",
                condition=Q(finished_at=None) | Q(answered_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}: {self.lesson_id} #{self.number}"

    @property
    def is_answered(self) -> bool:
        return self.answered_at is not None

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None
