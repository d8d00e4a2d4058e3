"""Who wants to learn what is only planned: demand gathered before anything is sold."""

from django.conf import settings
from django.db import models


class Wish(models.Model):
    """Kept once it was told that the course is open; taken back before, it is gone."""

    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="wishes"
    )
    course = models.ForeignKey(
        "courses.CoursePage", on_delete=models.CASCADE, related_name="wishes", db_index=False
    )
    wished_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True  # else a course's usage page lists who wants it

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["course", "learner"], name="one_wish_for_a_course")
        ]
        indexes = [models.Index("course", condition=models.Q(told_at=None), name="wish_to_be_told")]

    def __str__(self) -> str:
        return f"{self.learner_id} wants {self.course_id}"
