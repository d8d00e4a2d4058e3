"""`make bench`: how many requests a second the pages answer, beside two floors on one server.

ROUNDS and SECONDS (of each measurement) and ONLY (names of rows) come from the environment. The
figures are left in var/bench.json; nothing is asserted of them here.
"""

import os
import shutil
import sys

from tests.bench.load import NO_WRK, Generator, LoadFailed, Row
from tests.bench.report import Figures, missed, table, write
from tests.bench.served import Server, cache, database, prepare_environment, server
from tests.operations.processes import ROOT
from tests.proof.served import interruptible

PLACE = ROOT / "var" / "bench"
RESULT = ROOT / "var" / "bench.json"
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS", "2"))
ONLY = os.environ.get("ONLY", "").split()
FLOOR_SECONDS = 1


def main() -> int:
    if not shutil.which("wrk"):
        say(NO_WRK)
        return 1
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    env = prepare_environment(PLACE)
    with (
        database(env["DATABASE_URL"]),
        cache(env["REDIS_URL"], env["BENCH_PREFIX"]),
    ):
        rows = _prepare()
        say("starting the server")
        with server(env, PLACE / "log") as standing:
            try:
                figures = _measure(rows, standing)
            except LoadFailed as problem:
                say(f"The load failed: {problem}")
                return 1
        drained = None if ONLY and "drain" not in ONLY else _drain(env)
    _tell(rows, figures)
    if drained:
        say(str(drained))
    return 0


def _prepare() -> list[tuple[Row, int]]:
    """Django begins here, with the environment that the server will have."""
    sys.path.insert(0, str(ROOT / "platform"))
    import django

    django.setup(set_prefix=False)
    from tests.bench.prepared import prepare

    return prepare(say=say)


def _drain(env: dict[str, str]) -> object:
    from tests.bench import drained
    from tests.bench.wsgi import make

    say(f"draining {drained.EVENTS} events")
    drained.fill(make(), drained.EVENTS)
    return drained.drain(env)


def _measure(rows: list[tuple[Row, int]], standing: Server) -> Figures:
    """Round by round, each row right after its floor."""
    generator = Generator(standing.address, PLACE)
    by_name = {row.name: row for row, _ in rows}
    figures = Figures()

    def take(name: str, seconds: int) -> None:
        requests = by_name[name].requests()
        before = standing.cpu_seconds()
        measured = generator.measure(requests, seconds=seconds)
        figures.add(name, measured, standing.cpu_seconds() - before)

    for row, _ in rows:
        generator.warm(row.requests())
    for turn in range(1, ROUNDS + 1):
        for row, _ in rows:
            if row.name == row.floor or (ONLY and row.name not in ONLY):
                continue
            take(row.floor, FLOOR_SECONDS)
            if row.name == "lesson_paid_beats":
                beats = by_name["heartbeat"].requests()
                capacity = generator.measure(beats, seconds=FLOOR_SECONDS).rps
                with generator.beside(beats, rps=capacity / 2):
                    take(row.name, SECONDS)
            else:
                take(row.name, SECONDS)
            figures.compare(row.name, row.floor)
            say(f"  {turn}/{ROUNDS} {row.name}: {figures.ratios[row.name][-1]:.2f}")
    return figures


def _tell(rows: list[tuple[Row, int]], figures: Figures) -> None:
    told = [figures.row(row, queries) for row, queries in rows if figures.measured[row.name]]
    write(told, RESULT)
    say("")
    say(table(told))
    for each in missed(told, [row for row, _ in rows]):
        say(f"Short: {each}.")
    say(f"All of it: {RESULT.relative_to(ROOT)}")


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(interruptible(main))
