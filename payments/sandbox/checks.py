"""The sandbox refuses to stand beside real money."""

from collections.abc import Callable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.utils.translation import gettext as _

# Each says whether the site's database holds orders of Stripe's live mode. Filled by payments.
live_order_probes: list[Callable[[], bool]] = []


@register(Tags.security)
def no_key_beside_the_sandbox(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    if not settings.STRIPE_SECRET_KEY:
        return []
    return [
        Error(
            _("STRIPE_SANDBOX is on although there is a STRIPE_SECRET_KEY."),
            hint=_("Take one of the two away."),
            id="sandbox.E001",
        )
    ]


@register(Tags.database)
def no_live_orders_beside_the_sandbox(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Asked by `migrate`, hence at every start."""
    if "default" not in (databases or ()) or not any(probe() for probe in live_order_probes):
        return []
    return [
        Error(
            _("STRIPE_SANDBOX is on although there are orders of Stripe's live mode."),
            hint=_("Set STRIPE_SANDBOX=0, or use another database."),
            id="sandbox.E002",
        )
    ]
