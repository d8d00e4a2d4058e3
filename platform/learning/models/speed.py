"""How fast a learner listens."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


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
