"""Logs: one JSON object a line (words under DEBUG), with the request's number.

No personal data and no token: addresses lose their query and whatever the table of addresses
calls a key, and every line loses e-mail addresses, keys and card numbers on its way out.
"""

import json
import logging
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.http import HttpRequest

from operations import request_id

HIDDEN = "…"
SECRET_ARGUMENTS = {"key", "token", "code", "uidb36", "uidb64", "signature", "session_id"}
# Below it a number is a person.
OF_PERSONS = "/admin/users/"
_RULES = [
    # e-mail addresses, plain or percent-encoded
    (re.compile(r"(?<![\w.+-])[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"), HIDDEN),
    # Stripe's keys and secrets, Bearer and Basic credentials
    (re.compile(r"\b((?:sk|rk|pk)_(?:live|test)_|whsec_)\w+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    # name=value and "name": "value" of what must stay secret
    (
        re.compile(
            r"(?i)\b(password|passwd|secret|token|sessionid|csrftoken|csrfmiddlewaretoken|key|code)"
            r"(['\"]?\s*[=:]\s*['\"]?)[^\s'\"&,;)}]+"
        ),
        rf"\1\2{HIDDEN}",
    ),
]
_CARD = re.compile(r"\b(?:\d[ -]?){12,18}\d\b")
# Looked for where a run of such letters begins, and within it: an endless path costs no time.
_SEGMENT = r"(?=[A-Za-z_:.=-]*\d)[A-Za-z0-9_:.=-]{20,}"
_TOKEN_SEGMENT = re.compile(rf"(?<![A-Za-z0-9_:.=-]){_SEGMENT}")
_IN_PATH = re.compile(rf"(?<=/){_SEGMENT}")
_QUERY = re.compile(r"(?<=[\w/])\?[^\s'\"<>?=]+=[^\s'\"<>]*")
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def safe_path(request: HttpRequest) -> str:
    """The path without its query, and without what in it opens something."""
    path = request.path
    match = request.resolver_match
    for name, value in (match.kwargs if match else {}).items():
        if name in SECRET_ARGUMENTS and value:
            path = path.replace(str(value), HIDDEN)
    if path.startswith(OF_PERSONS):
        path = re.sub(r"\d+", HIDDEN, path)
    return _TOKEN_SEGMENT.sub(HIDDEN, path)


def route(request: HttpRequest) -> str:
    """Which line of the table of addresses answered: the same for everybody. May be empty."""
    return request.resolver_match.route if request.resolver_match else ""


@lru_cache(maxsize=256)  # most lines say what others said before
def scrub(text: str) -> str:
    """The text without addresses, keys and card numbers."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    text = _IN_PATH.sub(HIDDEN, _QUERY.sub(f"?{HIDDEN}", text))
    return _CARD.sub(lambda found: HIDDEN if _is_card(found.group()) else found.group(), text)


def _is_card(text: str) -> bool:
    """Luhn's check, so that other long numbers stay."""
    digits = [int(each) for each in text if each.isdigit()]
    doubled = [each * 2 - 9 if each > 4 else each * 2 for each in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def message_of(record: logging.LogRecord) -> str:
    """What the record says; Django's own name the request's path, which may open something."""
    message = record.getMessage()
    if isinstance(request := getattr(record, "request", None), HttpRequest):
        message = message.replace(request.path, safe_path(request))
    return scrub(message)


class JsonFormatter(logging.Formatter):
    """One object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message_of(record),
        }
        if number := request_id.current():
            entry["request_id"] = number
        for name, value in vars(record).items():
            if name not in _STANDARD and isinstance(value, str | int | float | bool):
                entry[name] = scrub(value) if isinstance(value, str) else value
        if record.exc_info:
            entry["error"] = scrub(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


class PlainFormatter(logging.Formatter):
    """A line of words, for the terminal of `make run`."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")  # noqa: DTZ006
        parts = [time, record.levelname.lower() if record.levelno > logging.INFO else ""]
        parts.append(message_of(record))
        if (milliseconds := getattr(record, "ms", None)) is not None:
            parts.append(f"{milliseconds} ms")
        if number := request_id.shown():
            parts.append(number)
        line = "  ".join(part for part in parts if part)
        return (
            f"{line}\n{scrub(self.formatException(record.exc_info))}" if record.exc_info else line
        )


def configuration(*, debug: bool, level: str) -> dict[str, Any]:
    """The LOGGING setting."""
    formatter = PlainFormatter if debug else JsonFormatter
    quiet = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"house": {"()": formatter}},
        "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "house"}},
        "root": {"handlers": ["stream"], "level": level},
        "loggers": {
            "django": {**quiet, "level": "INFO"},
            # Our own line per request stands for these, without the query.
            "django.server": {"handlers": [], "propagate": False, "level": "CRITICAL"},
            # Its warnings say what our line says, and so the path once more.
            "django.request": {**quiet, "level": "ERROR"},
            "django.tasks": {**quiet, "level": "WARNING"},
            "django_tasks_db": {**quiet, "level": "WARNING"},
            "stripe": {**quiet, "level": "WARNING"},
            "wagtail": {**quiet, "level": "WARNING"},
        },
    }
