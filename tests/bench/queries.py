"""How many queries an answer takes: asked of the very application that the server runs."""

from dataclasses import dataclass, field

from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from tests.bench.load import Request, Row
from tests.bench.wsgi import Application

WARMING = 25  # more than there are different addresses in a row


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def count(row: Row, application: Application) -> int:
    """Of one request, once its like have warmed what can be."""
    requests = row.requests()
    for number in range(WARMING):
        with CaptureQueriesContext(connection) as captured:
            answer(application, requests[number % len(requests)], number)
    return len(captured)


def answer(application: Application, request: Request, number: int = 0) -> Answer:
    asked = RequestFactory(SERVER_NAME="localhost").generic(
        request.method,
        request.path.replace("NUMBER", str(number)),
        request.body.replace("NUMBER", str(number)),
        headers=dict(request.headers),
    )
    got = Answer()

    def start(status: str, told: list[tuple[str, str]], *_: object) -> None:
        got.status, got.headers = int(status.split()[0]), dict(told)

    request_started.disconnect(close_old_connections)  # ours stays, as in Django's test client
    request_finished.disconnect(close_old_connections)
    try:
        body = application(asked.environ, start)
        got.body = b"".join(body)
        body.close()
    finally:
        request_started.connect(close_old_connections)
        request_finished.connect(close_old_connections)
    return got
