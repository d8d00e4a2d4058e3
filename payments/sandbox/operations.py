"""The table of operations that the sandbox knows, filled by the modules that carry them out."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from payments.sandbox import lists, store
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape

# (params, now, *ids out of the path) -> the object
Handler = Callable[..., Shape]


@dataclass(frozen=True)
class Operation:
    method: str
    template: str  # with the placeholders' names as in the SDK
    handler: Handler

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\\{\w+\\\}", r"([^/]+)", re.escape(self.template)))


TABLE: list[Operation] = []


def operation(method: str, template: str) -> Callable[[Handler], Handler]:
    """Enters the decorated function into the table."""

    def enter(handler: Handler) -> Handler:
        TABLE.append(Operation(method, template, handler))
        return handler

    return enter


def readable(kind: str, url: str, placeholder: str, *filters: str, created: bool = True) -> None:
    """Enters "retrieve" and "list" for a kind of object with nothing special about them."""

    def retrieve(params: Params, now: datetime, stripe_id: str) -> Shape:
        return store.get(kind, stripe_id, param=placeholder).data

    def page(params: Params, now: datetime) -> Shape:
        rows = lists.narrow(store.every(kind), params, *filters, created=created)
        return lists.page(rows, kind, params, url)

    TABLE.append(Operation("get", f"{url}/{{{placeholder}}}", retrieve))
    TABLE.append(Operation("get", url, page))


def match(method: str, path: str) -> tuple[Operation, tuple[Any, ...]] | None:
    """The operation at a path, with the ids in it. Fixed paths win over placeholders."""
    for known in sorted(TABLE, key=lambda entry: entry.template.count("{")):
        if known.method == method and (found := known.pattern.fullmatch(path)):
            return known, found.groups()
    return None
