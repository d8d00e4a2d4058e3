"""Every address the resolver knows, with something in its blanks; and a session that has aged."""

import re
import time
from typing import Any

from django.urls import get_resolver

from operations.url_classes import UrlClass, class_of, routes

BLANKS = {
    "int": "1",
    "str": "x",
    "slug": "x",
    "path": "x",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def filled(route: str) -> str:
    """The address of a route as the resolver writes it, whatever stands in its blanks."""
    plain = re.sub(r"<(\w+):\w+>", lambda blank: BLANKS[blank[1]], route)
    plain = re.sub(r"\(\?P<\w+>([^()|]*)(\|[^()]*)?\)", r"\1", plain)
    return "/" + plain.replace("^.*", "x").replace("^", "").replace("$", "")


def addresses(*classes: UrlClass) -> list[str]:
    """Of every route of these classes."""
    known = {route for route, _ in routes(get_resolver()) if class_of(route) in classes}
    return sorted(filled(route) for route in known)


def grow_old(client: Any, hours: float = 1) -> None:
    """So much time passes since this browser's person last proved who they are."""
    session = client.session
    for record in session.get("account_authentication_methods", []):
        record["at"] = time.time() - hours * 3600
    session.save()


def prove_now(client: Any, user: Any) -> None:
    """This browser's person proved a moment ago who they are."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
