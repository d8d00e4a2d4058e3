"""Who follows whom: a free relation, before anything is bought."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Follow(models.Model):
    """Of an instructor, or of the publisher (no instructor). Ended, the row is gone."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="follows"
    )
    instructor = models.ForeignKey(
        "courses.Instructor",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="followers",
    )
    followed_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("follow")
        verbose_name_plural = _("follows")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "instructor"], name="instructor_followed_once"),
            models.UniqueConstraint(
                fields=["user"], condition=Q(instructor=None), name="publisher_followed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.instructor_id or 'publisher'}"
