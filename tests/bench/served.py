"""The bench's own database, corner of Redis and server; gone when it is over."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

from tests.bench.load import pinned, processors
from tests.operations.processes import GUNICORN, ROOT, environment, free_port

START_SECONDS = 120


def prepare_environment(place: Path) -> dict[str, str]:
    """What the server is given, and this process, too: production, but for the sandbox."""
    url = urlsplit(os.environ["DATABASE_URL"])
    port = free_port()
    told = environment(
        DATA=str(place),
        DATABASE_URL=url._replace(path=f"/bench_{url.path.strip('/')}").geturl(),
        REDIS_URL=os.environ["REDIS_URL"],
        RATE_LIMITS="0",  # all of it comes from one address
        BENCH_PREFIX=f"bench-{os.getpid()}",
        BASE_URL=f"http://localhost:{port}",
        PORT=str(port),
        DEBUG="0",
        DJANGO_SETTINGS_MODULE="tests.bench.settings",
    )
    os.environ.update(told, LOG_LEVEL="WARNING")
    return told


@contextmanager
def database(url: str) -> Iterator[None]:
    """An empty one, which is dropped in the end."""
    parts = urlsplit(url)
    name = parts.path.strip("/")
    server = parts._replace(scheme="postgresql", path="/postgres").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def cache(url: str, prefix: str) -> Iterator[None]:
    """Keys with this prefix are ours."""
    try:
        yield
    finally:
        client = redis.Redis.from_url(url)
        for key in client.scan_iter(f"{prefix}:*"):
            client.delete(key)


class Server:
    """gunicorn as docs/operations.md starts it, with the floors beside the site."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self.address = env["BASE_URL"]
        command = [each if each != "wsgi" else "tests.bench.wsgi:make()" for each in GUNICORN]
        with log.open("ab") as said:
            self.process = subprocess.Popen(
                [
                    *pinned(processors()[0]),
                    *(sys.executable, *command, "-w", "2", "-b", f"127.0.0.1:{env['PORT']}"),
                ],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C comes to us, and we end it
            )

    def wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"{self.address}/healthz", timeout=5):
                return
            time.sleep(0.2)
        raise TimeoutError("The server did not start; var/bench/log says why.")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def cpu_seconds(self) -> float:
        """What its workers have taken of the processors; 0 where nobody tells (not on Linux)."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        if not children.exists():
            return 0.0
        ticks = 0
        for pid in children.read_text().split():
            told = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(told[11]) + int(told[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def server(env: dict[str, str], log: Path) -> Iterator[Server]:
    standing = Server(env, log)
    try:
        standing.wait()
        yield standing
    finally:
        standing.stop()
