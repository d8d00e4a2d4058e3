"""What of a course's revenue goes to who teaches it: percentages with their history."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class RevenueShare(models.Model):
    """From `starts_at` on, of sales made since, until a later row. Never changed or removed."""

    course = models.ForeignKey(
        "courses.CoursePage",
        on_delete=models.PROTECT,
        related_name="revenue_shares",
        verbose_name=_("Course"),
    )
    # Whoever taught it when the share was agreed on: another name on the course changes no past.
    instructor = models.ForeignKey(
        "courses.Instructor",
        on_delete=models.PROTECT,
        related_name="revenue_shares",
        verbose_name=_("Instructor"),
    )
    # Hundredths of a percent: 3000 is 30 %.
    basis_points = models.PositiveSmallIntegerField(_("Share in percent"))
    starts_at = models.DateTimeField(_("From"))
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("Made"))

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("revenue share")
        verbose_name_plural = _("revenue shares")
        ordering = ["course", "-starts_at", "-pk"]
        default_permissions = ("add",)
        constraints = [
            models.CheckConstraint(
                name="revenue_share_is_at_most_all", condition=Q(basis_points__lte=10_000)
            )
        ]

    def __str__(self) -> str:
        return f"{self.course} {self.percent}%"

    @property
    def percent(self) -> str:
        """30, or 12.5."""
        return f"{self.basis_points / 100:g}"
