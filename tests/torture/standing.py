"""The processes of the site, each of which may be killed at any moment."""

import os
import random
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.operations.processes import GUNICORN, ROOT, wait_until
from tests.torture.cluster import Cluster, children_of

PATIENCE = 120


@dataclass
class Standing:
    """A site with two web processes and some workers (and its own PostgreSQL, if it has one)."""

    port: int
    env: dict[str, str]
    log: Path
    cluster: Cluster | None = None
    many: int = 2  # workers
    web: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)

    def start(self) -> None:
        """And from now on start anew whatever has ended, as systemd or compose would."""
        self.workers = [self._worker() for _ in range(self.many)]
        self.web = self._web()
        self._supervisor.start()

    def break_web(self) -> None:
        """From now on the site says "kept" before it has kept anything (broken/)."""
        self.env["BROKEN"] = "1"
        broken = self.web
        self.kill_web()
        wait_until(lambda: self.web is not broken, seconds=PATIENCE)

    def ways(self) -> dict[str, Callable[[random.Random], None]]:
        """What can be killed; each is followed by a new one."""
        ways: dict[str, Callable[[random.Random], None]] = {
            "a web process": self.kill_one_of_web,
            "the whole web": lambda dice: self.kill_web(),
            "a worker": self.kill_worker,
        }
        if self.cluster:
            ways["a process of the database"] = self.kill_one_of_database
            ways["the whole database"] = lambda dice: self.kill_database()
        return ways

    def kill_one_of_web(self, dice: random.Random) -> None:
        """gunicorn brings another."""
        for child in dice.sample(children := self._children_of_web(), len(children))[:1]:
            _kill_one(child)

    def kill_all_of_web(self) -> None:
        for child in self._children_of_web():
            _kill_one(child)

    def _children_of_web(self) -> list[int]:
        assert self.web
        return children_of(self.web.pid)

    def kill_web(self) -> None:
        assert self.web
        _kill(self.web)

    def kill_worker(self, dice: random.Random) -> None:
        _kill(dice.choice(self.workers))

    def kill_one_of_database(self, dice: random.Random) -> None:
        assert self.cluster
        self.cluster.kill_one(dice.random())

    def kill_database(self) -> None:
        assert self.cluster
        self.cluster.kill()

    def wait(self) -> None:
        """Until everything that was killed is there again."""
        wait_until(self.is_ready, seconds=PATIENCE)

    def is_ready(self) -> bool:
        with (
            suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer,
        ):
            return bool(answer.status == 200)
        return False

    def end(self) -> None:
        self._over.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for process in (self.web, *self.workers):
            if process:
                _kill(process)
        if self.cluster:
            self.cluster.end()

    def _supervise(self) -> None:
        while not self._over.wait(0.2):
            if self.cluster and not self.cluster.is_running():
                self.cluster.start()
            if self.web and self.web.poll() is not None:
                _kill(self.web)  # its children hold the port
                self.web = self._web()
            for place, worker in enumerate(self.workers):
                if worker.poll() is not None:
                    self.workers[place] = self._worker()

    def _web(self) -> subprocess.Popen[bytes]:
        many = ["-w", "2", "--preload", "-b", f"127.0.0.1:{self.port}", "--timeout", "60"]
        return self._begin(*GUNICORN, *many)

    def _worker(self) -> subprocess.Popen[bytes]:
        return self._begin("manage.py", "worker")

    def _begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as said:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def _kill_one(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """It and its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
