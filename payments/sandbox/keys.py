"""Keys that open the sandbox: any test key, never a live one."""

import json

from payments.sandbox.dispatch import Answer
from payments.sandbox.errors import UnauthorizedError


def refusal(authorization: str) -> Answer | None:
    """The 401 that a wrong key earns."""
    if authorization.startswith("Bearer sk_test_"):
        return None
    error = UnauthorizedError(
        "The sandbox takes any key that begins with sk_test_, and this is none."
    )
    return Answer(error.status, json.dumps(error.body(), indent=2), {})
