"""What a request carries, read one parameter at a time and refused where it is not understood."""

import re
from collections.abc import Collection
from typing import Any

from payments.sandbox.errors import InvalidRequestError

_LARGEST = 99_999_999


class Params:
    """The decoded parameters of a request. Whatever an operation has not read by its end is
    refused (`refuse_unread`), so that the sandbox never silently ignores what Stripe would do."""

    def __init__(self, values: dict[str, Any] | None = None, prefix: str = "") -> None:
        self._values = values or {}
        self._prefix = prefix
        self._read: set[str] = set()
        self._children: list[Params] = []

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def path(self, name: str) -> str:
        return f"{self._prefix}[{name}]" if self._prefix else name

    def _take(self, name: str, *, required: bool = False) -> Any:
        self._read.add(name)
        value = self._values.get(name)
        if required and value in (None, "", [], {}):
            raise InvalidRequestError(
                f"Missing required param: {self.path(name)}.",
                code="parameter_missing",
                param=self.path(name),
            )
        return value

    def _invalid(self, name: str, what: str, code: str = "") -> InvalidRequestError:
        return InvalidRequestError(f"Invalid {what}", code=code, param=self.path(name))

    def text(
        self,
        name: str,
        *,
        required: bool = False,
        choices: Collection[str] = (),
        longest: int = 5000,
    ) -> str | None:
        """The text, or None where it is absent or emptied."""
        value = self._take(name, required=required)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self._invalid(name, f"string: {name}", "parameter_invalid_string")
        if len(value) > longest:
            raise self._invalid(name, f"string: {name} is longer than {longest} characters")
        if choices and value not in choices:
            options = ", ".join(choices)
            raise self._invalid(name, f"{self.path(name)}: must be one of {options}")
        return value

    def must(self, name: str, *, choices: Collection[str] = (), longest: int = 5000) -> str:
        return self.text(name, required=True, choices=choices, longest=longest) or ""

    def link(self, name: str, *, required: bool = False) -> str | None:
        """An absolute web address."""
        value = self.text(name, required=required)
        if value is not None and not re.match(r"https?://[^/\s]", value):
            raise self._invalid(name, f"URL: {self.path(name)}: not a valid URL", "url_invalid")
        return value

    def whole(
        self, name: str, *, required: bool = False, low: int = 0, high: int = _LARGEST
    ) -> int | None:
        value = self._take(name, required=required)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,15}", value):
            raise self._invalid(name, f"integer: {value}", "parameter_invalid_integer")
        number = int(value)
        if not low <= number <= high:
            raise self._invalid(name, f"{self.path(name)}: must be from {low} to {high}")
        return number

    def moment(self, name: str) -> int | None:
        """A time in epoch seconds."""
        return self.whole(name, high=99_999_999_999)

    def flag(self, name: str) -> bool | None:
        value = self._take(name)
        if value is None:
            return None
        if value not in {"true", "false"}:
            raise self._invalid(name, f"boolean: {value}")
        return bool(value == "true")

    def texts(self, name: str) -> list[str]:
        value = self._take(name)
        if value is None or value == "":
            return []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._invalid(name, "array")
        return value

    def metadata(self, old: dict[str, str] | None = None, name: str = "metadata") -> dict[str, str]:
        """The old metadata with the request's laid over it; empty values take keys away."""
        value = self._take(name)
        if value is None:
            return dict(old or {})
        if value == "":
            return {}
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise self._invalid(name, "hash")
        merged = {k: v for k, v in {**(old or {}), **value}.items() if v != ""}
        if len(merged) > 50 or any(len(k) > 40 or len(v) > 500 for k, v in merged.items()):
            raise self._invalid(name, "metadata: at most 50 keys of 40, values of 500 characters")
        return merged

    def nested(self, name: str) -> "Params":
        """The parameters below `name`; none of them where it is absent."""
        value = self._take(name)
        if value not in (None, "") and not isinstance(value, dict):
            raise self._invalid(name, "hash")
        return self._child(value or {}, self.path(name))

    def rows(self, name: str, *, required: bool = False) -> list["Params"]:
        value = self._take(name, required=required) or []
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise self._invalid(name, "array")
        return [self._child(row, f"{self.path(name)}[{i}]") for i, row in enumerate(value)]

    def _child(self, values: dict[str, Any], prefix: str) -> "Params":
        child = Params(values, prefix)
        self._children.append(child)
        return child

    def range(self, name: str) -> dict[str, int]:
        """`created=5` or `created[gte]=5`, as {"gte": 5}; also gt, lt, lte."""
        if isinstance(self._values.get(name), str):
            exact = self.moment(name)
            return {} if exact is None else {"gte": exact, "lte": exact}
        bounds = self.nested(name)
        read = {bound: bounds.moment(bound) for bound in ("gt", "gte", "lt", "lte")}
        return {bound: value for bound, value in read.items() if value is not None}

    def refuse_unread(self) -> None:
        for name in self._values:
            if name not in self._read:
                raise InvalidRequestError(
                    f"Received unknown parameter: {self.path(name)}",
                    code="parameter_unknown",
                    param=self.path(name),
                )
        for child in self._children:
            child.refuse_unread()
