"""Form encoding as Stripe's SDK writes it: `a[b][0][c]=1`."""

import re
from typing import Any
from urllib.parse import parse_qsl

from payments.sandbox.errors import InvalidRequestError

_KEY = re.compile(r"^[^\[\]]+(\[[^\[\]]*\])*$")
MAX_FIELDS = 2000


def decode(text: str) -> dict[str, Any]:
    """Nested dicts and lists of strings. Raises InvalidRequestError on a malformed key."""
    tree: dict[str, Any] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise InvalidRequestError("The request could not be decoded.") from error
    for key, value in pairs:
        if not _KEY.match(key):
            raise InvalidRequestError(f"Invalid parameter name: {key[:80]}")
        steps = [key.split("[")[0], *re.findall(r"\[([^\[\]]*)\]", key)]
        _put(tree, steps, value, key)
    return {key: _with_lists(value) for key, value in tree.items()}


def _put(tree: dict[str, Any], steps: list[str], value: str, key: str) -> None:
    for step in steps[:-1]:
        tree = tree.setdefault(step or str(len(tree)), {})
        if not isinstance(tree, dict):
            raise InvalidRequestError(f"Invalid parameter: {key[:80]}", param=key[:80])
    tree[steps[-1] or str(len(tree))] = value


def _with_lists(value: Any) -> Any:
    """Dicts whose keys count 0, 1, 2, … become lists."""
    if not isinstance(value, dict):
        return value
    if value and all(key == str(index) for index, key in enumerate(value)):
        return [_with_lists(item) for item in value.values()]
    return {key: _with_lists(item) for key, item in value.items()}
