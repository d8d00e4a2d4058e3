"""明天几点继续？"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy


class ContinueAt(models.Model):
    """When somebody means to go on, and with which lesson. One each: a new choice takes the place
    of the old one, and one that is taken back is gone."""

    class By(models.TextChoices):
        MAIL = "mail", pgettext_lazy("reminder", "By mail")
        CALENDAR = "calendar", pgettext_lazy("reminder", "In the calendar")

    learner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    lesson_id = models.BigIntegerField()  # no database key: a lesson that goes takes nothing along
    by = models.CharField(max_length=8, choices=By.choices)
    chosen_at = models.DateTimeField()
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index("due_at", condition=Q(by="mail", sent_at=None), name="reminder_to_send")
        ]
        constraints = [
            models.CheckConstraint(
                name="reminder_is_for_later", condition=Q(due_at__gt=models.F("chosen_at"))
            ),
            models.CheckConstraint(
                name="reminder_in_a_calendar_is_not_sent", condition=Q(by="mail") | Q(sent_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}: {self.lesson_id} at {self.due_at}"
