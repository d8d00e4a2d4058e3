"""What must hold before the site faces the world."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def limits_are_shared(**kwargs: Any) -> list[CheckMessage]:
    """Each process with a memory of its own multiplies the tries that a thief has."""
    if not settings.RATE_LIMITS:
        return [
            Warning("Nobody's tries are counted.", hint="Unset RATE_LIMITS.", id="accounts.W002")
        ]
    if "locmem" not in settings.CACHES["default"]["BACKEND"]:
        return []
    return [
        Warning(
            "The limits on log-in attempts are kept by each process for itself.",
            hint="Set REDIS_URL.",
            id="accounts.W001",
        )
    ]
