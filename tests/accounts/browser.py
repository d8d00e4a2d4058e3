"""A person at a browser without JavaScript: pages, forms, and the mailbox."""

import re
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from accounts.models import OutboxMessage
from tests.accounts.factories import PASSWORD, app_code


def browser(**kwargs: Any) -> Any:
    """Another one, with nothing in it."""
    return Client(**kwargs)


def latest_mail(to: str) -> OutboxMessage:
    found = OutboxMessage.objects.filter(to=to).order_by("pk").last()
    assert found is not None, f"no mail to {to}"
    return found


def code_in(mail: OutboxMessage) -> str:
    found = re.search(r"^(\d{6})$", mail.text, re.MULTILINE)
    assert found, mail.text
    return found[1]


def sign_up(client: Client, email: str, **more: Any) -> Any:
    """The first page, the code, and where that leads."""
    client.post("/account/signup/", {"email": email, **more})
    return client.post("/account/confirm-email/", {"code": code_in(latest_mail(email)), **more})


def log_in(client: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/account/login/", {"login": email, "password": password, **more})


def log_in_by_code(client: Client, email: str, **more: Any) -> Any:
    client.post("/account/login/", {"login": email, "by_code": "yes", **more})
    return client.post(
        "/account/login/code/confirm/", {"code": code_in(latest_mail(email)), **more}
    )


def second_step(client: Client, code: str | None = None) -> Any:
    return client.post("/account/2fa/authenticate/", {"code": code or app_code()})


def is_in(client: Client) -> bool:
    """Whether the site knows this browser's person."""
    return client.get("/account/").status_code == 200


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def text_of(response: Any) -> str:
    parser = _Text()
    parser.feed(response.content.decode())
    return " ".join(" ".join(parser.words).split())
