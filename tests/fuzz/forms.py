"""The forms of a page, as a browser would send them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from bs4 import BeautifulSoup


@dataclass(frozen=True)
class Form:
    method: str
    action: str
    fields: tuple[tuple[str, str], ...]  # as they are filled in

    def changed(self, which: int, value: str | None) -> list[tuple[str, str]]:
        """With another value in one field; None leaves it out."""
        given = list(self.fields)
        name, _ = given.pop(which % len(given))
        return given if value is None else [*given, (name, value)]


def forms_of(page: str, address: str) -> list[Form]:
    """Those that have any field; what is chosen by nobody has its first choice."""
    found = BeautifulSoup(page, "html.parser").find_all("form")
    forms = [
        Form(
            str(form.get("method", "get")).upper(),
            urljoin(address, str(form.get("action") or address)),
            tuple(_fields(form)),
        )
        for form in found
    ]
    return [form for form in forms if form.fields]


def _fields(form: Any) -> list[tuple[str, str]]:
    given = []
    for one in form.find_all(["input", "select", "textarea", "button"]):
        name = one.get("name")
        if not name or (one.name == "button" and one.get("type") == "button"):
            continue
        if one.name == "select":
            chosen = one.find("option", selected=True) or one.find("option")
            given.append((name, str(chosen.get("value", "")) if chosen else ""))
        elif one.get("type") not in ("checkbox", "radio") or one.has_attr("checked"):
            given.append((name, str(one.get("value") or one.get_text() or "")))
    return given
