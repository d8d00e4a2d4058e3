"""Idempotency keys as Stripe keeps them (https://docs.stripe.com/api/idempotent_requests).

The same key with the same request is given the first answer again, for a day; with another request
it is refused; while the first is still under way, 409. A request refused for its parameters leaves
no trace, so that it can be mended and sent again under its key.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError
from django.db import transaction as database_transaction

from payments.sandbox import store
from payments.sandbox.errors import ConflictError, IdempotencyError, InvalidRequestError
from payments.sandbox.models import IdempotencyKey

LIFETIME = 24 * 3600
# Real seconds after which a claim without an answer belonged to a process that died.
CLAIM_SECONDS = 60


class Claim:
    """The right to carry a request out once; or, in `answer`, what came of it before."""

    def __init__(self, record: IdempotencyKey | None) -> None:
        self.record = record
        self.answer: tuple[int, str] | None = None
        if record is not None and record.status is not None:
            self.answer = (record.status, record.body)

    def keep(self, status: int, body: str) -> None:
        """Keeps the answer, in the transaction of what it answers for."""
        if self.record is not None:
            self.record.status, self.record.body = status, body
            self.record.save(update_fields=["status", "body"])


@contextmanager
def claim(key: str, fingerprint: str, now: datetime) -> Iterator[Claim]:
    if not key:
        yield Claim(None)
        return
    if len(key) > 255:
        raise InvalidRequestError("Idempotency keys may have up to 255 characters.")
    record = _claim(key, fingerprint, store.stamp(now))
    fresh = record.status is None
    try:
        yield Claim(record)
    except BaseException:
        if fresh:
            IdempotencyKey.objects.filter(pk=record.pk, status=None).delete()
        raise


def _claim(key: str, fingerprint: str, second: int) -> IdempotencyKey:
    """Committed before the request is carried out, so that others see it is under way."""
    stale = IdempotencyKey.objects.filter(key=key)
    stale.filter(created__lt=second - LIFETIME).delete()
    stale.filter(status=None, claimed__lt=time.time() - CLAIM_SECONDS).delete()
    try:
        with database_transaction.atomic(using=store.DATABASE):
            return IdempotencyKey.objects.create(
                key=key, fingerprint=fingerprint, claimed=time.time(), created=second
            )
    except IntegrityError:
        return _existing(key, fingerprint)


def _existing(key: str, fingerprint: str) -> IdempotencyKey:
    record = IdempotencyKey.objects.filter(key=key).first()
    if record is None or record.status is None:
        raise ConflictError(
            "There is currently another in-progress request using this Idempotent Key "
            f"({key[:40]}). Please try again later.",
            code="idempotency_key_in_use",
        )
    if record.fingerprint != fingerprint:
        raise IdempotencyError(
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key[:40]}' if you meant to execute "
            "a different request."
        )
    return record
