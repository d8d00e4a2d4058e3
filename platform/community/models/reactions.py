"""What others make of a comment: they like it, or report it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from community.models.comments import LONGEST_REASON, Comment


class Like(models.Model):
    comment = models.ForeignKey(Comment, models.CASCADE, related_name="likes")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = pgettext_lazy("community", "like")
        verbose_name_plural = pgettext_lazy("community", "likes")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["comment", "user"], name="like_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.comment_id}"


class Report(models.Model):
    """Somebody asks a moderator to look at a comment. However many do, only a moderator hides."""

    class Reason(models.TextChoices):
        ADVERTISING = "advertising", pgettext_lazy("report", "Advertising")
        ABUSE = "abuse", pgettext_lazy("report", "It attacks somebody")
        PAID = "paid", pgettext_lazy("report", "It gives away what is paid for")
        OTHER = "other", pgettext_lazy("report", "Something else")

    class Outcome(models.TextChoices):
        HIDDEN = "hidden", pgettext_lazy("report", "The comment was hidden")
        KEPT = "kept", pgettext_lazy("report", "The comment stays")

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="reports")
    reporter = models.ForeignKey(User, models.CASCADE, related_name="+")
    reason = models.CharField(_("Reason"), max_length=11, choices=Reason.choices)
    words = models.CharField(
        pgettext_lazy("report", "In your words"), max_length=LONGEST_REASON, blank=True
    )
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(max_length=6, choices=Outcome.choices, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = pgettext_lazy("community", "report")
        verbose_name_plural = pgettext_lazy("community", "reports")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["comment", "reporter"], name="report_once"),
            models.CheckConstraint(
                name="report_has_a_reason",
                condition=Q(reason__in=["advertising", "abuse", "paid", "other"]),
            ),
            models.CheckConstraint(
                name="report_is_settled_one_way",
                condition=Q(settled_at=None, outcome="")
                | Q(settled_at__isnull=False, outcome__in=["hidden", "kept"]),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.comment_id}"
