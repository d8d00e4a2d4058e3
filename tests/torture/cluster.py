"""A PostgreSQL of one's own, so that killing it hurts nobody."""

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.operations.processes import free_port, wait_until

DEBIAN = Path("/usr/lib/postgresql")
PATIENCE = 60
# What a killed process has written is in the system's cache and stays: syncing it would only show
# what happens when the power fails, which no test can do.
OPTIONS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 32MB
max_connections = 60
fsync = off
restart_after_crash = on
"""


def programs() -> Path | None:
    """Where initdb and postgres are; None where PostgreSQL's server is not installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


def children_of(pid: int) -> list[int]:
    with suppress(OSError):
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    return []


class Cluster:
    """Started, killed, started again. The databases are `site` and `sandbox`."""

    def __init__(self) -> None:
        found = programs()
        assert found, "PostgreSQL's server is not installed"
        self.programs = found
        # postgres refuses root, and must reach the folder: a test's own is closed to it.
        self.user = "postgres" if os.getuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="rizhi-cluster-"))
        self.data = self.folder / "data"
        self.port = free_port()
        if self.user:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "-D", str(self.data), "-A", "trust", "-U", "site", "--no-sync",
                  "-E", "UTF8", "--locale", "C.UTF-8")  # fmt: skip
        conf = self.data / "postgresql.conf"
        conf.write_text(conf.read_text() + OPTIONS + f"port = {self.port}\n")
        self.start()
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            for name in ("site", "sandbox"):
                connection.execute(f"CREATE DATABASE {name}")

    def address(self, name: str) -> str:
        return f"postgres://site@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Until it answers. What the killed one left (its lock, its children) goes by itself."""
        wait_until(self._is_started, seconds=PATIENCE)

    def _is_started(self) -> bool:
        if self.answers():
            return True
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "start", "-D", str(self.data), "-w", "-t", "10", "-l",
                      str(self.data / "log"))  # fmt: skip
        return self.answers()

    def answers(self) -> bool:
        with suppress(psycopg.Error), psycopg.connect(self.address("postgres"), connect_timeout=2):
            return True
        return False

    def kill(self) -> None:
        """The whole server, without a word."""
        with suppress(OSError):
            os.kill(self._main(), signal.SIGKILL)

    def kill_one(self, chance: float) -> None:
        """One of its processes: the server throws everybody out and recovers. If it was one that
        recovers already, the server ends."""
        with suppress(OSError, IndexError):
            listed = children_of(self._main())
            os.kill(listed[int(chance * len(listed))], signal.SIGKILL)

    def is_running(self) -> bool:
        with suppress(OSError):
            return Path(f"/proc/{self._main()}").exists()
        return False

    def _main(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def end(self) -> None:
        with suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "stop", "-D", str(self.data), "-m", "immediate", "-t", "20")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.programs / program), *arguments],
            user=self.user,
            check=True,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
        )
