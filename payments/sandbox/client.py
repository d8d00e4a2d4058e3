"""The door without a socket: the SDK's HTTP client, answered in this process."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import stripe
from django.utils.datastructures import CaseInsensitiveMapping

from payments.sandbox import dispatch, keys


class SandboxHTTPClient(stripe.HTTPClient):
    """Pass it as `http_client=` to a StripeClient. Works inside a test's transaction, cannot
    deadlock a single worker, and never waits: retries follow each other at once."""

    name = "sandbox"

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        address = urlsplit(url)
        sent: CaseInsensitiveMapping[str] = CaseInsensitiveMapping(dict(headers or {}))
        refusal = keys.refusal(sent.get("Authorization", ""))
        answer = refusal or self._handle(
            dispatch.Request(
                method=method.lower(),
                path=address.path,
                form=address.query if method.lower() != "post" else post_data or "",
                idempotency_key=sent.get("Idempotency-Key", ""),
                version=sent.get("Stripe-Version", ""),
            )
        )
        return answer.body, answer.status, CaseInsensitiveMapping(dict(answer.headers))

    def _handle(self, request: dispatch.Request) -> dispatch.Answer:
        try:
            return dispatch.handle(request)
        except dispatch.NoAnswerError as error:
            raise stripe.APIConnectionError(
                f"Unexpected error communicating with Stripe ({error}).", should_retry=True
            ) from error

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return 0.0

    def close(self) -> None:
        """Nothing is open."""
