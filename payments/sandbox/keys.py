"""The key that opens the sandbox: SANDBOX_KEY. Over HTTP it would else be open to everyone."""

import json

from django.conf import settings
from django.utils.crypto import constant_time_compare

from payments.sandbox.dispatch import Answer
from payments.sandbox.errors import UnauthorizedError


def refusal(authorization: str) -> Answer | None:
    """The 401 that a wrong key earns."""
    if constant_time_compare(authorization, f"Bearer {settings.SANDBOX_KEY}"):
        return None
    error = UnauthorizedError(
        "Invalid API Key provided. The sandbox takes the one that its setting SANDBOX_KEY names."
    )
    return Answer(error.status, json.dumps(error.body(), indent=2), {})
