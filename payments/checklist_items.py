"""What a publisher still has to set about money."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from pages.checklist import register

register(
    "stripe",
    label=_("Stripe"),
    hint=_(
        "Until a key is set the sandbox takes the payments: no money moves. See docs/stripe.md."
    ),
    is_done=lambda: bool(settings.STRIPE_SECRET_KEY and settings.STRIPE_WEBHOOK_SECRETS),
)
