"""How much the webhook reads, and of whom."""

import io
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import reverse

from payments import webhooks
from payments.models import WebhookEvent
from payments.webhook_view import webhook

pytestmark = pytest.mark.django_db
LIMIT = webhooks.LARGEST_BODY


def asked(body: io.BytesIO, length: str) -> int:
    """The status; what comes after the declared length is another request's."""
    sent: dict[str, Any] = {"wsgi.input": body, "CONTENT_LENGTH": length}
    request = RequestFactory().post(reverse("payments_webhook"), **sent)
    return webhook(request).status_code


@pytest.mark.parametrize(
    ("length", "status", "read"),
    [
        (str(LIMIT), 400, LIMIT),  # not signed
        (str(LIMIT + 1), 413, 0),
        ("-1", 413, 0),
        ("", 400, 0),
        ("many", 400, 0),
    ],
)
def test_no_more_is_read_than_was_declared_and_may_be(length: str, status: int, read: int) -> None:
    body = io.BytesIO(b"x" * (LIMIT + 10))
    assert asked(body, length) == status
    assert body.tell() == read
    assert not WebhookEvent.objects.exists()


def test_a_body_that_breaks_off_is_refused() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError

    assert asked(Broken(), "10") == 400
