"""Real processes of the site: its command line, beside the test's own process."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connections

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")

# The site as docs/operations.md runs it.
GUNICORN = ["-m", "gunicorn", "-c", "platform/deploy/gunicorn.conf.py", "--pythonpath", "platform"]
GUNICORN += ["wsgi", "-k", "gthread", "--threads", "4", "--no-control-socket"]

# What a server is given, Stripe's key included.
PRODUCTION = {
    "BASE_URL": "https://learn.example.com",
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "STRIPE_SANDBOX": "0",
    "STRIPE_SECRET_KEY": "sk_live_not_a_real_key",
    "STRIPE_WEBHOOK_SECRETS": "whsec_not_a_real_secret",
    "EMAIL_URL": "smtp+tls://mail:password@mail.example.com:587",
    "REDIS_URL": "redis://redis.example.com:6379/0",
    "TRUSTED_PROXIES": "1",
}


def environment(**extra: str) -> dict[str, str]:
    """What a process of the site is given: nothing of the test's own settings."""
    return {
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
        "DJANGO_SETTINGS_MODULE": "settings",
        "SECRET_KEY": "only-for-the-tests",
        "STRIPE_SANDBOX": "1",
        "LOG_LEVEL": "INFO",
        **extra,
    }


def beside(**extra: str) -> dict[str, str]:
    """The environment of a process that shares this test's databases, and its cache."""
    shared = {"DATABASE_URL": url_of("default"), "SANDBOX_DATABASE_URL": url_of("sandbox")}
    if settings.REDIS_URL:
        shared["REDIS_URL"] = settings.CACHES["default"]["LOCATION"]
    return environment(**{**shared, **extra})


def manage(
    *arguments: str, env: dict[str, str], timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Runs `manage.py …` to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
        check=False,
    )


def start(*arguments: str, env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Starts `manage.py …`; what it says goes to the log.

    Ctrl-C ends it, although a shell has what it runs behind `&` (these tests, say) ignore that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with log.open("ab") as said:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )


def lines(file: Path) -> list[str]:
    """What a process has written there so far."""
    return file.read_text().splitlines() if file.exists() else []


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_until(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    """Waits for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def url_of(alias: str) -> str:
    """The address of this test's own database, for a process beside it."""
    connection = connections[alias]
    if connection.vendor == "sqlite":
        return f"sqlite:///{connection.settings_dict['NAME']}"
    at = connection.settings_dict
    login = at["USER"] + (f":{at['PASSWORD']}" if at["PASSWORD"] else "")
    host = f"{at['HOST'] or '127.0.0.1'}:{at['PORT'] or 5432}"
    return f"postgres://{login + '@' if login else ''}{host}/{at['NAME']}"
