"""Staff at their desk, signed in with a second factor."""

import csv
import io
from typing import Any

from django.test import Client

from accounts import roles
from accounts.models import User
from tests.accounts.browser import log_in, second_step
from tests.accounts.factories import PASSWORD, UserFactory, give_app

ROLES = (roles.EDITOR, roles.MODERATOR, roles.FINANCE, roles.OPERATOR)


def at_desk(role: str, *, email: str = "") -> Client:
    """A browser in which somebody of this role is signed in; `.person` is who."""
    person = UserFactory(roles=[role], password=PASSWORD, email=email or f"{role}@example.org")
    give_app(person)
    client = Client()
    log_in(client, person.email)
    second_step(client)
    client.person = person
    return client


def somebody(client: Client) -> User:
    person: User = client.person
    return person


def csv_rows(client: Client, address: str, **query: Any) -> list[dict[str, str]]:
    """The rows of an exported table."""
    answer = client.get(address, {**query, "export": "csv"})
    assert answer.status_code == 200, answer.status_code
    body = b"".join(answer.streaming_content)
    assert body.startswith("\ufeff".encode()), "Excel needs the mark to read Chinese"
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
