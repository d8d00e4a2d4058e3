"""Lists as Stripe pages them: newest first, a cursor, `has_more`."""

from typing import Any

from django.db.models import QuerySet

from payments.sandbox import store
from payments.sandbox.models import StripeObject
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape


def listing(data: list[Shape], url: str, *, has_more: bool = False) -> Shape:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def page(rows: QuerySet[StripeObject], kind: str, params: Params, url: str) -> Shape:
    """One page of `rows` (of one kind), by limit, starting_after and ending_before."""
    limit = params.whole("limit", low=1, high=100) or 10
    after, before = params.text("starting_after"), params.text("ending_before")
    if before:
        cursor = store.get(kind, before, param="ending_before")
        found = list(rows.filter(id__gt=cursor.id).order_by("id")[: limit + 1])
        kept = found[:limit][::-1]
    else:
        if after:
            rows = rows.filter(id__lt=store.get(kind, after, param="starting_after").id)
        found = list(rows.order_by("-id")[: limit + 1])
        kept = found[:limit]
    return listing([row.data for row in kept], url, has_more=len(found) > limit)


def narrow(
    rows: QuerySet[StripeObject], params: Params, *fields: str, created: bool = True
) -> QuerySet[StripeObject]:
    """Filters by equality of top-level fields that the request names, and by `created`."""
    for field in fields:
        if value := params.text(field):
            rows = rows.filter(**_condition(field, value))
    if created:
        for bound, second in params.range("created").items():
            rows = rows.filter(**{f"created__{bound}": second})
    return rows


def _condition(field: str, value: str) -> dict[str, Any]:
    return {"customer": value} if field == "customer" else {f"data__{field}": value}
