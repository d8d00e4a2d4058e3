"""Why a learner may open something. Written by `courses.grants` only."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from operations.prepared import Given


class GrantQuerySet(models.QuerySet["Grant"]):
    def active(self, now: datetime | Given) -> "GrantQuerySet":
        return self.lasting(now).filter(starts_at__lte=now)

    def lasting(self, now: datetime | Given) -> "GrantQuerySet":
        """Those that are active, or will be."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=now), withdrawn_at=None)

    def covering(self, course_id: int | Given) -> "GrantQuerySet":
        """Those that open this course: for itself, or by a membership that includes it."""
        return self.filter(
            Q(course_id=course_id) | Q(membership__included_courses__course_id=course_id)
        )


class Grant(models.Model):
    class Source(models.TextChoices):
        PURCHASE = "purchase", _("Purchase")
        SUBSCRIPTION = "subscription", _("Subscription")
        GIFT = "gift", _("Gift")
        REDEEM_CODE = "redeem_code", _("Redeem code")
        SCHOLARSHIP = "scholarship", _("Scholarship")
        STAFF = "staff", _("Given by staff")
        ENROLMENT = "enrolment", _("Free enrolment")
        FORMER_MEMBERSHIP = "former_membership", _("Left the membership in a paid period")

    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="grants"
    )
    course = models.ForeignKey(
        "courses.CoursePage", on_delete=models.PROTECT, null=True, related_name="grants"
    )
    membership = models.ForeignKey(
        "courses.Membership", on_delete=models.PROTECT, null=True, related_name="grants"
    )
    source_kind = models.CharField(_("Source"), max_length=20, choices=Source.choices)
    source_id = models.CharField(_("Number of the source"), max_length=80)
    starts_at = models.DateTimeField(_("From"))
    ends_at = models.DateTimeField(_("Until"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("Withdrawn"), null=True, blank=True)

    objects = GrantQuerySet.as_manager()
    wagtail_reference_index_ignore = True  # else a course's usage page lists its buyers

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.CheckConstraint(
                name="grant_opens_a_course_or_a_membership",
                condition=Q(course=None) ^ Q(membership=None),
            ),
            models.CheckConstraint(
                name="grant_ends_after_it_starts",
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")),
            ),
            models.UniqueConstraint(
                fields=["source_kind", "source_id"],
                condition=Q(source_kind__in=["gift", "redeem_code"]),
                name="grant_of_a_gift_or_code_is_one_persons",
            ),
            models.UniqueConstraint(
                fields=["source_kind", "source_id", "learner", "course"],
                condition=Q(membership=None),
                name="grant_course_once_per_source",
            ),
            models.UniqueConstraint(
                fields=["source_kind", "source_id", "learner", "membership"],
                condition=Q(course=None),
                name="grant_membership_once_per_source",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_kind_display()} {self.source_id}"

    def is_active(self, now: datetime) -> bool:
        return (
            self.withdrawn_at is None
            and self.starts_at <= now
            and (self.ends_at is None or self.ends_at > now)
        )


class GrantChange(models.Model):
    """Append-only: what a grant was changed to, when, by whom and why."""

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="changes")
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=300, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.grant_id} @ {self.at:%Y-%m-%d %H:%M}"
