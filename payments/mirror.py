"""Stripe's objects, fetched and kept.

A ticket is committed, the object is fetched with no lock held, and what came is applied only if no
later ticket was applied before: in whatever order answers and events arrive, the newest stays.
"""

from datetime import UTC, datetime
from typing import Any, TypeVar, overload

from django.db import transaction
from django.db.models import F

from payments import gateway
from payments.models.stripe_ids import Mirrored

Row = TypeVar("Row", bound=Mirrored)
type Shape = dict[str, Any]
# What says who somebody is: anywhere, and in a customer.
PERSONAL = (
    "billing_details",
    "customer_address",
    "customer_details",
    "customer_email",
    "customer_name",
    "customer_phone",
    "customer_shipping",
    "customer_tax_ids",
    "receipt_email",
    "shipping",
)
PERSON = ("address", "email", "name", "phone")
BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "eftpos_au": "Eftpos",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}  # whose names are not the code with a capital


@transaction.atomic
def take_ticket(model: type[Row], stripe_id: str) -> int:
    """To be taken before the object is fetched."""
    row, _ = model._default_manager.get_or_create(stripe_id=stripe_id, **gateway.ours())
    model._default_manager.filter(pk=row.pk).update(ticket=F("ticket") + 1)
    return int(model._default_manager.values_list("ticket", flat=True).get(pk=row.pk))


def claim(model: type[Row], shape: Shape, *, ticket: int, now: datetime) -> Row | None:
    """The locked row to write to, or None where something newer was applied. In a transaction."""
    row = model._default_manager.select_for_update().get(stripe_id=shape["id"], **gateway.ours())
    if ticket <= row.applied_ticket:
        return None
    row.applied_ticket = ticket
    row.object = without_names(shape)
    row.fetched_at = now
    return row


def without_names(value: Any) -> Any:
    """What Stripe gave, save who the payer is: that stays at Stripe, where it can be looked up."""
    if isinstance(value, list):
        return [without_names(each) for each in value]
    if not isinstance(value, dict):
        return value
    names = {*PERSONAL, *(PERSON if value.get("object") == "customer" else ())}
    return {key: None if key in names else without_names(inner) for key, inner in value.items()}


@overload
def moment(stamp: int) -> datetime: ...
@overload
def moment(stamp: int | None) -> datetime | None: ...
def moment(stamp: int | None) -> datetime | None:
    """Stripe's seconds as an instant."""
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC)


def id_of(value: Any) -> str:
    """The id where Stripe gives either an id or the object itself."""
    if isinstance(value, dict):
        return str(value["id"])
    return str(value or "")


def card_name(card: Shape) -> str:
    """A card as people name it: Visa 4242."""
    brand = BRANDS.get(card["brand"], card["brand"].capitalize())
    return f"{brand} {card['last4']}"[:40]


def paid_with(charge: Any) -> tuple[str, str]:
    """Stripe's word for the way a succeeded charge was paid, and the card's name if by card."""
    if not isinstance(charge, dict) or charge["status"] != "succeeded":
        return "", ""
    details = charge.get("payment_method_details") or {}
    card = details.get("card") or {}
    named = card_name(card) if card.get("brand") and card.get("last4") else ""
    return str(details.get("type") or "")[:40], named
