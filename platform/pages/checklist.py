"""开站清单: what a publisher still has to set. Floors above register their items too."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Item:
    key: str
    label: Any
    hint: Any
    url: Callable[[], str]
    is_done: Callable[[], bool]


_items: dict[str, Item] = {}


def register(
    key: str,
    *,
    label: Any,
    hint: Any,
    is_done: Callable[[], bool],
    url: Callable[[], str] = lambda: "",
) -> None:
    _items[key] = Item(key, label, hint, url, is_done)


def items() -> list[dict[str, Any]]:
    """[{key, label, hint, url, done}], in the order of registration."""
    return [
        {
            "key": item.key,
            "label": item.label,
            "hint": item.hint,
            "url": item.url(),
            "done": item.is_done(),
        }
        for item in _items.values()
    ]
