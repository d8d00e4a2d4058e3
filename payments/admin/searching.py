"""What finance types over a listing: an order's number, an id of Stripe's, an e-mail, or words.

Each is looked for where it can stand. A million rows are not read through for an address: people,
courses and so on are found in their own tables first.
"""

import re
import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import Model, Q, QuerySet

NUMBER = re.compile(r"#?([0-9a-fA-F]{6,32})")
STRIPE_ID = re.compile(r"[a-z]{2,8}(_[0-9A-Za-z]+)+")
SHOWN = 11  # of an order's number, with its #
FEW = 500
ADDRESSES = ("email", "to", "sent_to", "to_email")


def search(
    rows: QuerySet[Any], typed: str, *, fields: Iterable[str], order_key: str = ""
) -> QuerySet[Any]:
    """`fields`: where words may stand (`buyer__email`); `order_key`: the way to an order's key."""
    typed = typed.strip()
    found = of_number(rows, typed, order_key) if order_key else None
    # A tax number may look like an order's.
    if found is not None and (len(typed) <= SHOWN or found.exists()):
        return found
    if STRIPE_ID.fullmatch(typed):
        exact = Q()
        for name in fields:
            if name.endswith("_id"):
                exact |= Q(**{name: typed})
        if exact and rows.filter(exact).exists():
            return rows.filter(exact)
    names = [name for name in fields if "@" not in typed or name.split("__")[-1] in ADDRESSES]
    return rows.filter(_having(rows.model, names, typed)) if names else rows.none()


def of_number(rows: QuerySet[Any], typed: str, order_key: str) -> QuerySet[Any] | None:
    """Those whose order's number begins with what was typed; None if that is no number."""
    if not (found := NUMBER.fullmatch(typed)):
        return None
    digits = found[1].lower()
    first, last = (uuid.UUID(digits.ljust(32, end)) for end in "0f")
    return rows.filter(**{f"{order_key}__gte": first, f"{order_key}__lte": last})


def _having(model: type[Model], names: list[str], typed: str) -> Q:
    """Those with `typed` in one of the fields; what is in another table is looked for there."""
    condition = Q()
    beyond: dict[str, list[str]] = {}
    for name in names:
        here, _separator, rest = name.partition("__")
        if rest:
            beyond.setdefault(here, []).append(rest)
        else:
            condition |= Q(**{f"{name}__icontains": typed})
    for relation, fields in beyond.items():
        other: Any = model._meta.get_field(relation).related_model
        inside = other._default_manager.filter(_having(other, fields, typed)).order_by()
        condition |= Q(**{f"{relation}__in": _few_or_all(inside.values_list("pk", flat=True))})
    return condition


def _few_or_all(keys: QuerySet[Any, Any]) -> Any:
    """A few are named: of a subquery PostgreSQL thinks that it finds many, and reads every row."""
    found = list(keys[: FEW + 1])
    return found if len(found) <= FEW else keys
