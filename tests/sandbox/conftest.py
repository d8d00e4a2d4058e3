"""The SDK on the sandbox, and the sandbox's time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from payments.sandbox import time
from payments.sandbox.models import StripeObject
from tests.sandbox import factories


@pytest.fixture
def api(db: None, clock: Any) -> Any:
    return factories.client()


@pytest.fixture
def advance(clock: Any) -> Callable[..., datetime]:
    """advance(days=7): moves time, and everything due on the way happens."""

    def move(**by: float) -> datetime:
        return time.advance(by=timedelta(**by))

    return move


@pytest.fixture
def events(db: None) -> Callable[..., list[str]]:
    """events("invoice."): the types of the events so far that begin so, oldest first; and no more
    of them the next time."""
    seen: set[int] = set()

    def types(*prefixes: str) -> list[str]:
        found = StripeObject.objects.filter(kind="event").exclude(pk__in=seen).order_by("id")
        rows = list(found)
        seen.update(row.pk for row in rows)
        return [row.data["type"] for row in rows if row.data["type"].startswith(prefixes or "")]

    return types
