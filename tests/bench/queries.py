"""How many queries an answer takes: asked of the very application that the server runs."""

from dataclasses import dataclass, field

from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from tests.bench.load import Request, Row
from tests.bench.wsgi import Application


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def count(row: Row, application: Application) -> int:
    """Of the row's first requests, once everything is warm."""
    requests = row.requests()
    for number in range(3):
        with CaptureQueriesContext(connection) as captured:
            answer(application, requests[number % len(requests)], number)
    return len(captured)


def answer(application: Application, request: Request, number: int = 0) -> Answer:
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.headers}
    asked = RequestFactory(SERVER_NAME="localhost").generic(
        request.method,
        request.path.replace("NUMBER", str(number)),
        request.body.replace("NUMBER", str(number)),
        content_type=headers.pop("HTTP_CONTENT_TYPE", ""),
        **headers,
    )
    got = Answer()

    def start(status: str, told: list[tuple[str, str]], *_: object) -> None:
        got.status, got.headers = int(status.split()[0]), dict(told)

    request_started.disconnect(close_old_connections)  # ours stays, as in Django's test client
    request_finished.disconnect(close_old_connections)
    try:
        body = application(asked.environ, start)
        got.body = b"".join(body)
        body.close()  # type: ignore[attr-defined]
    finally:
        request_started.connect(close_old_connections)
        request_finished.connect(close_old_connections)
    return got
