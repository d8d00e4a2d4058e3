"""Certificates (结业证书): what was earned, in words that no later change of a course rewrites."""

from uuid import UUID, uuid5

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

NUMBER_LENGTH = 16
BADGES = UUID("0d8f6a52-6f0c-4b57-9a3e-2f6f7a1c9be4")


def badge_of(number: str) -> UUID:
    """What its Open Badge is called. The list of revoked ones, which everybody reads, so leads
    nobody to a certificate and the name on it."""
    return uuid5(BADGES, number)


class Credential(models.Model):
    """Who has the number sees it. Only the name on it changes, and once it may be withdrawn."""

    class Kind(models.TextChoices):
        COURSE = "course", _("Course")
        TRACK = "track", _("Track")

    class Ground(models.TextChoices):
        """Why it was withdrawn, as strangers read it."""

        MISTAKE = "mistake", _("It was issued by mistake")
        RULES = "rules", _("The rules of study were not kept")
        WISH = "wish", _("The learner asked for it")

    number = models.CharField(_("Number"), max_length=NUMBER_LENGTH, unique=True)
    learner_id = models.BigIntegerField()
    kind = models.CharField(_("For what"), max_length=6, choices=Kind.choices)
    target_id = models.BigIntegerField()  # of the course or track
    name = models.CharField(_("Name"), max_length=60)
    title = models.CharField(_("Title"), max_length=255)
    instructor = models.CharField(_("Instructor"), max_length=255, blank=True)
    publisher = models.CharField(_("Publisher"), max_length=255)
    # What was asked on that day, in percent; and how many lessons were counted.
    asked_lessons = models.PositiveSmallIntegerField()
    asked_score = models.PositiveSmallIntegerField()
    lessons = models.PositiveIntegerField()
    earned_on = models.DateField(_("Finished"))  # in the zone the learner was in
    issued_at = models.DateTimeField(pgettext_lazy("certificate", "Issued"))
    withdrawn_at = models.DateTimeField(pgettext_lazy("certificate", "Withdrawn"), null=True)
    withdrawn_for = models.CharField(_("Ground"), max_length=8, choices=Ground.choices, blank=True)
    withdrawn_reason = models.CharField(_("Reason"), max_length=300, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        default_permissions = ("view",)
        permissions = [("withdraw_credential", "Can withdraw a certificate")]
        constraints = [
            models.UniqueConstraint(
                fields=["learner_id", "kind", "target_id"], name="credential_once"
            ),
            models.CheckConstraint(
                name="credential_is_of_a_kind", condition=Q(kind__in=["course", "track"])
            ),
            models.CheckConstraint(name="credential_bears_a_name", condition=Q(name__gt="")),
            models.CheckConstraint(
                name="credential_asked_parts",
                condition=Q(
                    asked_lessons__range=(1, 100), asked_score__range=(0, 100), lessons__gt=0
                ),
            ),
            models.CheckConstraint(
                name="credential_is_withdrawn_with_a_reason",
                condition=Q(withdrawn_at=None, withdrawn_for="", withdrawn_reason="")
                | Q(
                    withdrawn_at__isnull=False,
                    withdrawn_for__in=["mistake", "rules", "wish"],
                    withdrawn_reason__gt="",
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "target_id"], name="credentials_of_a_page"),
            models.Index(fields=["issued_at"], name="credentials_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.shown_number} · {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("credential", args=[self.number])

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None

    @property
    def shown_number(self) -> str:
        """In groups of four, as one reads it out."""
        return "-".join(self.number[i : i + 4] for i in range(0, NUMBER_LENGTH, 4))


class CredentialName(models.Model):
    """A name that a certificate bore until the learner corrected it."""

    pk = models.CompositePrimaryKey("learner_id", "number", "until")
    learner_id = models.BigIntegerField()
    number = models.CharField(max_length=NUMBER_LENGTH)
    until = models.DateTimeField()
    name = models.CharField(_("Name"), max_length=60)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("former name on a certificate")
        verbose_name_plural = _("former names on certificates")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.number}: {self.until}"


class RevokedBadge(models.Model):
    """The Open Badge of a certificate that was withdrawn. It stays when the certificate goes with
    its learner's account, else the badge would hold again; it tells of nobody."""

    badge = models.UUIDField(primary_key=True)
    ground = models.CharField(_("Ground"), max_length=8, choices=Credential.Ground.choices)
    at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("revoked badge")
        verbose_name_plural = _("revoked badges")
        default_permissions = ()

    def __str__(self) -> str:
        return self.badge.urn
