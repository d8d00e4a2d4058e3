"""Stripe's errors, in its own shapes (https://docs.stripe.com/api/errors)."""

from typing import Any


class StripeError(Exception):
    """An answer that is not 2xx."""

    status = 400
    kind = "invalid_request_error"

    def __init__(self, message: str, *, code: str = "", param: str = "", **more: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = {"code": code, "param": param, **more}

    def body(self) -> dict[str, Any]:
        details = {name: value for name, value in self.details.items() if value}
        return {"error": {"type": self.kind, "message": self.message, **details}}


class InvalidRequestError(StripeError):
    """400: a parameter is wrong, or what is asked for cannot be done now."""


class UnauthorizedError(StripeError):
    status = 401


class CardError(StripeError):
    status = 402
    kind = "card_error"


class NotFoundError(StripeError):
    status = 404

    @classmethod
    def of(cls, kind: str, stripe_id: str, param: str = "id") -> "NotFoundError":
        name = kind.removeprefix("checkout.").removeprefix("billing_portal.")
        return cls(f"No such {name}: '{stripe_id}'", code="resource_missing", param=param)


class ConflictError(StripeError):
    """409: another request with the same idempotency key is under way."""

    status = 409
    kind = "idempotency_error"


class IdempotencyError(StripeError):
    kind = "idempotency_error"


class RateLimitError(StripeError):
    status = 429


class ServerError(StripeError):
    status = 500
    kind = "api_error"
