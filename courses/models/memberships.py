"""What a subscription opens."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Membership(models.Model):
    """A sellable that opens every course that lists it."""

    name = models.CharField(_("Name"), max_length=60)
    slug = models.SlugField(_("Address"), unique=True)
    promise = models.CharField(_("Promise"), max_length=80, blank=True)
    includes = models.TextField(_("What it includes"), blank=True, help_text=_("One line each."))
    excludes = models.TextField(
        _("What it does not include"), blank=True, help_text=_("One line each.")
    )
    sort_order = models.PositiveIntegerField(_("Sort order"), default=0)
    is_for_sale = models.BooleanField(_("For sale"), default=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["sort_order", "pk"]

    def __str__(self) -> str:
        return self.name


class MembershipCourse(models.Model):
    """A published course is open to this membership (kept by `courses.memberships`)."""

    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="included_courses"
    )
    course = models.ForeignKey(
        "courses.CoursePage", on_delete=models.CASCADE, related_name="including_memberships"
    )
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "course"], name="membership_course_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} ∋ {self.course_id}"
