"""The learner's ledger (学习账本): what they did, in words that need no page to be read."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class LedgerEntry(models.Model):
    """One thing a learner did. Written by `learning.ledger` and by an import, never changed.

    Titles and disciplines are as they were when it was entered: whatever becomes of a course, its
    entries stay as they are. `key` names the entry for good; `site_address` is empty for what was
    done here, else where the learner brought it from.
    """

    class Kind(models.TextChoices):
        STUDY = "study", _("Studied")
        LESSON_DONE = "lesson_done", _("Lesson done")
        LESSON_UNDONE = "lesson_undone", _("Mark taken back")
        QUIZ = "quiz", _("Quiz finished")
        NOTE = "note", _("Note taken")
        REVIEW = "review", _("Reviewed")
        COURSE_DONE = "course_done", _("Course finished")
        CREDENTIAL = "credential", _("Certificate issued")

    pk = models.CompositePrimaryKey("learner_id", "site_address", "key")
    learner_id = models.BigIntegerField()
    site_address = models.CharField(_("Address of the site"), max_length=200, blank=True)
    key = models.CharField(max_length=150)
    site_name = models.CharField(_("Site"), max_length=255, blank=True)
    kind = models.CharField(_("What"), max_length=20, choices=Kind.choices)
    day = models.DateField(_("Day"))  # in the zone the learner was in
    at = models.DateTimeField(_("Time"))  # of study: when it was entered
    seconds = models.PositiveIntegerField(_("Seconds"), default=0)  # of study, beyond those before
    course_id = models.BigIntegerField(null=True)
    course = models.CharField(_("Course"), max_length=255, blank=True)
    lesson_id = models.BigIntegerField(null=True)
    lesson = models.CharField(_("Title of the lesson"), max_length=255, blank=True)
    disciplines = models.JSONField(_("Disciplines"), default=list)  # [{"slug": …, "name": …}, …]
    words = models.CharField(_("Words"), max_length=500, blank=True)
    # Not entered when it happened, but from what was kept of it.
    is_afterwards = models.BooleanField(_("Entered afterwards"), default=False)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        indexes = [models.Index(fields=["learner_id", "day"], name="ledger_by_day")]
        constraints = [
            models.CheckConstraint(
                name="ledger_study_has_seconds",
                condition=Q(kind="study", seconds__gt=0, seconds__lte=25 * 60 * 60)
                | (~Q(kind="study") & Q(seconds=0)),
            ),
            models.CheckConstraint(name="ledger_entry_has_a_key", condition=Q(key__gt="")),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}: {self.key}"
