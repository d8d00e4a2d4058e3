"""`expand[]`: ids become the objects they name, and lists that are left out by default appear."""

import copy
from typing import Any

from payments.sandbox import lists, store
from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from payments.sandbox.store import Shape

DEEPEST = 4


def apply(shape: Shape, paths: list[str]) -> Shape:
    """A copy of the shape, expanded along each path."""
    expanded = copy.deepcopy(shape)
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            raise InvalidRequestError(
                f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}",
                param="expand",
            )
        _walk(expanded, steps, path)
    return expanded


def _walk(node: Any, steps: list[str], path: str) -> None:
    if isinstance(node, list):
        for item in node:
            _walk(item, steps, path)
        return
    if not steps or not isinstance(node, dict):
        return
    name = steps[0]
    if name not in node or (node[name] is None and _includable(node, name)):
        node[name] = _left_out(node, name, path)
    value = node[name]
    if isinstance(value, str):
        node[name] = value = _named(value, path)
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        node[name] = value = [_named(item, path) for item in value]
    elif len(steps) == 1 and not isinstance(value, dict | list | None):
        raise _cannot(path)
    _walk(value, steps[1:], path)


def _named(stripe_id: str, path: str) -> Shape:
    record = StripeObject.objects.filter(stripe_id=stripe_id).first()
    if record is None:
        raise _cannot(path)
    return copy.deepcopy(record.data)


def _cannot(path: str) -> InvalidRequestError:
    return InvalidRequestError(f"This property cannot be expanded ({path}).", param="expand")


def _includable(node: Shape, name: str) -> bool:
    return (node.get("object"), name) in {
        ("checkout.session", "line_items"),
        ("charge", "refunds"),
        ("invoice", "payments"),
        ("customer", "subscriptions"),
        ("coupon", "applies_to"),
    }


def _left_out(node: Shape, name: str, path: str) -> Shape:
    """What Stripe shows only when it is asked for."""
    stripe_id = node.get("id", "")
    match node.get("object"), name:
        case "checkout.session", "line_items":
            rows = store.get("checkout.session", stripe_id).private["line_items"]
            return lists.listing(rows, f"/v1/checkout/sessions/{stripe_id}/line_items")
        case "coupon", "applies_to":
            return {"products": store.get("coupon", stripe_id).private["products"]}
        case "charge", "refunds":
            found = store.every("refund").filter(data__charge=stripe_id)
            url = f"/v1/charges/{stripe_id}/refunds"
        case "invoice", "payments":
            found = store.every("invoice_payment").filter(data__invoice=stripe_id)
            url = f"/v1/invoice_payments?invoice={stripe_id}"
        case "customer", "subscriptions":
            found = store.every("subscription").filter(customer=stripe_id)
            found = found.exclude(data__status="canceled")
            url = f"/v1/customers/{stripe_id}/subscriptions"
        case _:
            raise _cannot(path)
    return lists.listing([copy.deepcopy(row.data) for row in found.order_by("-id")], url)
