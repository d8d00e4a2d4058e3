"""What the tests of operations share."""

import logging
from collections.abc import Callable, Iterator
from io import StringIO

import pytest

from operations import logs


@pytest.fixture
def log_of() -> Iterator[Callable[[], str]]:
    """What a log file of a server would hold, from now on."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream.getvalue
    root.removeHandler(handler)
    root.setLevel(level)
