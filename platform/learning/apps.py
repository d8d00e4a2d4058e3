from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class LearningConfig(AppConfig):
    name = "learning"
    verbose_name = _("Learning")

    def ready(self) -> None:
        from learning import badge_keys, holdings, receivers, upkeep  # noqa: F401

        badge_keys.check()
        post_migrate.connect(fix_rows, sender=self, dispatch_uid="learning.fix_rows")


def fix_rows(using: str, **kwargs: Any) -> None:
    """What was entered never changes, nor what a certificate says but for its name and its
    withdrawal. It goes only with its learner's account."""
    from learning.models import (
        Credential,
        CredentialName,
        LedgerEntry,
        ReviewLog,
        RevokedBadge,
    )
    from operations.fixed_rows import fix

    if using == "default":
        fix(using, LedgerEntry)
        fix(using, ReviewLog)
        fix(using, CredentialName)
        fix(using, RevokedBadge)
        changing = ("name", "withdrawn_at", "withdrawn_for", "withdrawn_reason")
        fix(using, Credential, but=changing)
