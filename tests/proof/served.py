"""The demo's site in a process of its own and a fresh data folder, for what looks at it."""

import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import template_of
from tests.operations.processes import GUNICORN, ROOT, environment, free_port, manage

Say = Callable[[str], None]

# What docs/operations.md says for a server, but for Stripe, mail and Redis.
PREPARING = [
    ("the words", ["compile_translations"]),
    ("the database", ["migrate"]),
    ("the sandbox", ["migrate", "--database", "sandbox"]),
    ("the demo", ["demo"]),
    ("the static files", ["collectstatic", "--no-input"]),
]
START_SECONDS = 900  # on a machine that has much else to do


class SiteFailed(Exception):
    """The site did not start; says what it said last."""


def interruptible(main: Callable[[], int]) -> int:
    """Runs a program; Ctrl-C or being told to end stops the site, too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return main()
    except KeyboardInterrupt:
        print("\nInterrupted; the site is stopped.", file=sys.stderr)
        return 130


@contextmanager
def as_in_production(data: Path, *, say: Say) -> Iterator[str]:
    """Gives the address of the demo's site as a server runs it: gunicorn, DEBUG off, static files
    hashed and compressed."""
    address, port = _begin(data)
    env = environment(DATA=str(data), BASE_URL=address, LOG_LEVEL="WARNING")
    for what, command in PREPARING:
        say(f"preparing {what}")
        done = manage(*command, env=env, timeout=START_SECONDS)
        if done.returncode:
            raise SiteFailed(_last_words(done.stdout + done.stderr))
    say("starting the site")
    with _running([*GUNICORN, "-b", f"127.0.0.1:{port}"], env, address, data / "log"):
        yield address


@contextmanager
def as_on_a_laptop(data: Path, *, say: Say) -> Iterator[str]:
    """Gives the address of the demo's site as `make run` serves it."""
    address, port = _begin(data)
    env = environment(
        DATA=str(data), PORT=str(port), BASE_URL=address, DEBUG="1", DEMO="1", LOG_LEVEL="WARNING"
    )
    say("making the demo")
    command = ["manage.py", "start", "--noreload"]
    with _running(command, env, address, data / "log"):
        yield address


def _begin(data: Path) -> tuple[str, int]:
    """An empty data folder, save for the tables where the tests have left them ready."""
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    for alias, name in (("default", "db"), ("sandbox", "sandbox")):
        if template_of(alias).exists():
            shutil.copy(template_of(alias), data / f"{name}.sqlite3")
    port = free_port()
    return f"http://localhost:{port}", port


@contextmanager
def _running(command: list[str], env: dict[str, str], address: str, log: Path) -> Iterator[None]:
    with log.open("ab") as said:
        serving = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C comes to us, and we end it
        )
    try:
        _wait_for(f"{address}/healthz", serving, log)
        yield
    finally:
        serving.send_signal(signal.SIGTERM)
        try:
            serving.wait(timeout=20)
        except subprocess.TimeoutExpired:
            serving.kill()
            serving.wait()


def _wait_for(address: str, serving: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if serving.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SiteFailed(_last_words(log.read_text(encoding="utf-8", errors="replace")))


def _last_words(said: str) -> str:
    return "\n".join(said.splitlines()[-15:])
