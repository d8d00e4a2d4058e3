"""Several courses sold together."""

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.models import Orderable

from courses.models.course import CoursePage


class Bundle(ClusterableModel):
    """A sellable that opens the courses in it, for good. What was sold keeps the courses it had."""

    title = models.CharField(_("Title"), max_length=60)
    slug = models.SlugField(_("Address"), unique=True)
    promise = models.CharField(_("Promise"), max_length=80, blank=True)
    description = models.TextField(_("Description"), blank=True)
    sort_order = models.PositiveIntegerField(_("Sort order"), default=0)
    is_for_sale = models.BooleanField(_("For sale"), default=True)

    class Meta:
        verbose_name = _("bundle")
        verbose_name_plural = _("bundles")
        ordering = ["sort_order", "pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("bundle", args=[self.slug])

    def courses(self) -> list[CoursePage]:
        """In order. One query."""
        return [each.course for each in self.contents.select_related("course__instructor")]


class BundleCourse(Orderable):
    bundle = ParentalKey(Bundle, on_delete=models.CASCADE, related_name="contents")
    course = models.ForeignKey(
        CoursePage,
        on_delete=models.CASCADE,
        related_name="including_bundles",
        verbose_name=_("Course"),
    )

    class Meta(Orderable.Meta):
        verbose_name = _("course in the bundle")
        verbose_name_plural = _("courses in the bundle")
        constraints = [
            models.UniqueConstraint(
                fields=["bundle", "course"],
                name="bundle_course_unique",
                violation_error_message=_("This course is in the bundle already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.bundle_id} ∋ {self.course_id}"
