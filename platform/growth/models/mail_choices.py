"""Which mails beside those about their own orders and security somebody wants."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class MailChoice(models.Model):
    """Of one person. Without a row they get reminders of their own study, and no offers."""

    class Kind(models.TextChoices):
        REMINDERS = "reminders", _("Reminders of my study")
        OFFERS = "offers", _("Codes and offers")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_choice"
    )
    reminders = models.BooleanField(
        Kind.REMINDERS.label,
        default=True,
        help_text=_("A lesson you began and left for three days. At most one mail a week."),
    )
    offers = models.BooleanField(
        Kind.OFFERS.label,
        default=False,
        help_text=_("For example a code for those who were members. Rarely."),
    )
    offers_wanted_at = models.DateTimeField(null=True, blank=True)  # the proof of the consent
    changed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="offers_by_mail_are_asked_for",
                condition=models.Q(offers=False) | models.Q(offers_wanted_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"reminders {self.reminders:d} offers {self.offers:d}"
