"""Keeping objects: one change at a time, in the sandbox's own database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction as database_transaction
from django.db.models import QuerySet

from payments.sandbox.errors import NotFoundError
from payments.sandbox.models import (
    Delivery,
    Fault,
    IdempotencyKey,
    StripeObject,
    Timer,
    World,
)

Shape = dict[str, Any]
DATABASE = "sandbox"


def stamp(now: datetime) -> int:
    return int(now.timestamp())


@contextmanager
def transaction() -> Iterator[World]:
    """All or nothing, and nobody else meanwhile: the one row is locked where the database has row
    locks (PostgreSQL); SQLite's transactions are IMMEDIATE and lock the file."""
    with database_transaction.atomic(using=DATABASE):
        yield World.objects.select_for_update().get_or_create(pk=1)[0]


def add(data: Shape, *, private: Shape | None = None) -> StripeObject:
    """Keeps a new object. `data` has at least id and object."""
    return StripeObject.objects.create(
        stripe_id=data["id"],
        kind=data["object"],
        customer=data.get("customer") or "",
        created=data.get("created", 0),
        data=data,
        private=private or {},
    )


def every(kind: str) -> QuerySet[StripeObject]:
    return StripeObject.objects.filter(kind=kind)


def get(kind: str, stripe_id: str, *, param: str = "id") -> StripeObject:
    """Raises NotFoundError, as Stripe answers it."""
    record = every(kind).filter(stripe_id=stripe_id).first()
    if record is None:
        raise NotFoundError.of(kind, stripe_id, param)
    return record


def change(record: StripeObject, **fields: Any) -> Shape:
    """Sets fields of the object and gives what they were, those that differ."""
    previous = {
        name: record.data.get(name)
        for name, value in fields.items()
        if record.data.get(name) != value
    }
    record.data.update(fields)
    record.customer = record.data.get("customer") or ""
    record.save()
    return previous


def note(record: StripeObject, **private: Any) -> None:
    """Remembers what the API does not show."""
    record.private.update(private)
    record.save(update_fields=["private"])


def set_timer(action: str, target: str, due: int) -> None:
    Timer.objects.update_or_create(action=action, target=target, defaults={"due": due})


def stop_timer(action: str, target: str) -> None:
    Timer.objects.filter(action=action, target=target).delete()


def reset() -> None:
    """Forgets everything; the clock stays."""
    with database_transaction.atomic(using=DATABASE):
        for model in (Timer, Delivery, Fault, IdempotencyKey, StripeObject, World):
            model.objects.all().delete()
