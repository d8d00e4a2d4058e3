"""What of ours a difference with Stripe is about: how much it is, and of whom."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import batched
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Model
from django.urls import reverse

from accounts.models import User
from payments import money
from payments.models import (
    Difference,
    Dispute,
    Invoice,
    MoneyEntry,
    Order,
    Refund,
    Subscription,
)

AT_ONCE = 1000
OF_A_PAYMENT = ("order__buyer", "invoice__subscription__learner")


@dataclass(frozen=True)
class Kind:
    model: type[Model]
    listing: str  # whose detail page is that of the thing
    people: tuple[str, ...]  # ways to whom it is of: the first that leads to somebody
    key: str = "stripe_id"
    amount: str = "amount"


ORDER = ("money-orders", ("buyer",))
KINDS = {
    "order": Kind(Order, *ORDER, key="key"),
    "session": Kind(Order, *ORDER, key="session_id"),
    "checkout.session": Kind(Order, *ORDER, key="session_id"),
    "subscription": Kind(Subscription, "money-subscriptions", ("learner",)),
    "invoice": Kind(Invoice, "money-invoices", ("subscription__learner",), amount="amount_due"),
    "refund": Kind(Refund, "money-refunds", OF_A_PAYMENT),
    "dispute": Kind(Dispute, "money-disputes", OF_A_PAYMENT),
    "balance_transaction": Kind(MoneyEntry, "money-entries", OF_A_PAYMENT),
}


@dataclass(frozen=True)
class Thing:
    row: Any
    kind: Kind

    @property
    def status(self) -> str:
        """Empty of what has none: an entry in the books."""
        return str(getattr(self.row, "status", ""))

    @property
    def amount(self) -> str:
        """¥39; empty where Stripe has not told yet."""
        amount = getattr(self.row, self.kind.amount)
        return "" if amount is None else money.in_words(amount, self.row.currency)

    @property
    def person(self) -> User | None:
        people = (_follow(self.row, way) for way in self.kind.people)
        return next((person for person in people if person), None)

    @property
    def address(self) -> str:
        return reverse(f"{self.kind.listing}:inspect", args=[self.row.pk])


def of(difference: Difference) -> Thing | None:
    return next(found for _row, found in with_things([difference]))


def with_things(
    differences: Iterable[Difference],
) -> Iterator[tuple[Difference, Thing | None]]:
    """Each with what it is about (None: we have nothing of it), at a query per kind and batch."""
    for batch in batched(differences, AT_ONCE):
        found = _things(batch)
        for row in batch:
            yield row, found.get(_name(row))


def in_plain(thing: Thing) -> str:
    """For a terminal: ¥39, lan@example.org, https://…/admin/money/subscriptions/1/"""
    person = thing.person
    told = (thing.amount, person.email if person else "", settings.BASE_URL + thing.address)
    return ", ".join(filter(None, told))


def _things(differences: Iterable[Difference]) -> dict[tuple[Any, ...], Thing]:
    asked: dict[tuple[Any, ...], list[str]] = {}
    for each in differences:
        if each.object_kind in KINDS:
            asked.setdefault(_name(each)[:-1], []).append(each.object_id)
    found: dict[tuple[Any, ...], Thing] = {}
    for (name, account, livemode), ids in asked.items():
        kind = KINDS[name]
        keys = {f"{kind.key}__in": list(filter(_is_uuid, ids)) if kind.key == "key" else ids}
        rows = kind.model._default_manager.filter(account=account, livemode=livemode, **keys)
        for row in rows.select_related(*kind.people):
            found[name, account, livemode, str(getattr(row, kind.key))] = Thing(row, kind)
    return found


def _name(row: Difference) -> tuple[str, str, bool, str]:
    return row.object_kind, row.account, row.livemode, row.object_id


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _follow(row: Any, way: str) -> Any:
    return reduce(lambda found, name: found and getattr(found, name), way.split("__"), row)
