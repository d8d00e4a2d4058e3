"""The mail to who has not come for three days."""

from django.conf import settings
from django.db import models


class AbsenceMail(models.Model):
    """That it was sent: at most one a week."""

    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="absence_mails"
    )
    week = models.DateField()  # its Monday, in the learner's zone
    lesson_id = models.BigIntegerField()
    sent_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["learner", "week"], name="one_absence_mail_a_week"),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}: {self.week}"
