"""The load: wrk, kept off the server's processors as far as the machine has several."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("load.lua")
TRIES = 3
CONNECTIONS = 8  # as many as the server has threads
NO_WRK = (
    "The load comes from wrk, which is not installed: `apt-get install wrk`, `brew install wrk`."
)


class LoadFailed(Exception):
    """What was measured is not what was asked for; says why."""


@dataclass(frozen=True)
class Request:
    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    @property
    def line(self) -> str:
        """As load.lua reads it."""
        told = "|".join(f"{name}|{value}" for name, value in self.headers)
        return "\t".join((self.method, self.path, told, self.body))


@dataclass(frozen=True)
class Row:
    """`requests` are made anew for each round: what is signed grows old."""

    name: str
    floor: str  # the row it is compared with
    requests: Callable[[], list[Request]]
    least: float = 0.0  # the ratio to reach; 0: none is set


@dataclass(frozen=True)
class Measured:
    rps: float
    p50_ms: float
    p99_ms: float
    bytes: float  # of an answer, its head included
    requests: int


class Generator:
    """Asks one address; counts its requests on, so that no number comes twice."""

    def __init__(self, address: str, place: Path) -> None:
        self.address, self.place = address, place
        self.number = 0

    def measure(self, requests: list[Request], *, seconds: int) -> Measured:
        """As many as the server answers. Raises LoadFailed."""
        for _ in range(TRIES):
            done = subprocess.run(
                self._command(requests, seconds=seconds),
                capture_output=True,
                text=True,
                timeout=seconds + 60,
                check=False,
            )
            if done.returncode:
                raise LoadFailed(done.stderr.strip() or done.stdout.strip())
            if measured := read(done.stdout):
                self.number += measured.requests + CONNECTIONS
                return measured
        raise LoadFailed("the machine had no time for a single request")

    def warm(self, requests: list[Request]) -> None:
        """Lets every process of the server answer them, measured by nobody."""
        subprocess.run(self._command(requests, seconds=1), capture_output=True, check=False)
        self.number += 100_000

    @contextmanager
    def beside(self, requests: list[Request], *, rps: float) -> Iterator[None]:
        """So many requests a second while something else is measured."""
        wait = 1000 * CONNECTIONS / rps
        command = self._command(requests, seconds=600, wait=wait)
        self.number += 600 * round(rps)
        sending = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            sending.kill()
            sending.wait()

    def _command(self, requests: list[Request], *, seconds: int, wait: float = 0) -> list[str]:
        file = self.place / f"requests-{self.number}.txt"
        file.write_text("".join(f"{each.line}\n" for each in requests), encoding="utf-8")
        return [
            *pinned(processors()[1]),
            *("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "--timeout", "20s"),
            *("-s", str(SCRIPT), self.address, "--", str(file), str(self.number), f"{wait:.1f}"),
        ]


def read(said: str) -> Measured | None:
    """wrk's answer; None where nothing was answered in time, on a machine with much else to do.
    Raises LoadFailed where some of the requests were not answered well."""
    line = next((each for each in said.splitlines() if each.startswith("MEASURED ")), "")
    if not line:
        raise LoadFailed(f"wrk said nothing of what it measured:\n{said}")
    told = json.loads(line.removeprefix("MEASURED "))
    if told["refused"] or told["lost"]:
        raise LoadFailed(f"of {told['requests']} requests {told['refused']} were refused")
    if not told["requests"]:
        return None
    return Measured(
        rps=told["requests"] / (told["microseconds"] / 1e6),
        p50_ms=told["p50"],
        p99_ms=told["p99"],
        bytes=told["bytes"] / told["requests"],
        requests=told["requests"],
    )


def processors() -> tuple[set[int], set[int]]:
    """The server's and the load's: the last one is the load's; of one alone, both take it."""
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    every = sorted(os.sched_getaffinity(0))
    return set(every[:-1] or every), set(every[-1:])


def pinned(to: set[int]) -> list[str]:
    """The beginning of a command that stays on these processors."""
    if not to or not shutil.which("taskset"):
        return []
    return ["taskset", "-c", ",".join(map(str, sorted(to)))]
