"""The brokers of the tests: a queue of one's own on RabbitMQ, on Redis, or in this process."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings

from operations import broker

RABBITMQ = os.environ.get("RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")


def url_of(kind: str) -> str:
    return RABBITMQ if kind == "rabbitmq" else str(settings.CACHES["default"]["LOCATION"])


@contextmanager
def through(settings, url: str) -> Iterator[None]:
    """Jobs go through this broker, in a queue of their own that is gone afterwards."""
    settings.CELERY_BROKER_URL, settings.CELERY_QUEUE = url, f"test-{uuid.uuid4().hex}"
    settings.TASKS = {
        **settings.TASKS,
        "jobs": {"BACKEND": "operations.broker.BrokeredBackend", "QUEUES": []},
    }
    queue = settings.CELERY_QUEUE
    with broker.app(url, queue).connection_for_write() as connection:
        try:
            connection.ensure_connection(max_retries=1, timeout=2)
        except connection.connection_errors:
            must = pytest.fail if os.environ.get("CI") else pytest.skip
            must("needs the broker: make test-services")
        yield
        with connection.channel() as channel:
            channel.queue_delete(queue)
    broker.app(url, queue).close()


def messages(settings) -> list[tuple[list[str], dict]]:
    """Takes what waits in the queue: arguments and headers of each message."""
    found: list[tuple[list[str], dict]] = []
    with (
        broker.ours().connection_for_read() as connection,
        connection.SimpleQueue(settings.CELERY_QUEUE) as queue,
    ):
        while True:
            try:
                message = queue.get_nowait()
            except queue.Empty:
                return found
            message.ack()
            found.append((message.payload[0], message.headers))
