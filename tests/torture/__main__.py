"""`python -m tests.torture`: rounds of kills, a report, 1 where something was lost or doubled.

From the environment: KILLS (500), SEED (drawn), ON (postgresql or sqlite), WORKERS (2).
"""

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.operations.processes import ROOT, environment, free_port
from tests.torture.cluster import Cluster
from tests.torture.standing import Standing

A_ROUND = 10  # kills
WIDTH = 30


def main(asked: Mapping[str, str]) -> int:
    kills, seed = int(asked.get("KILLS") or 500), int(asked.get("SEED") or time.time_ns() % 10**6)
    on = asked.get("ON") or "postgresql"
    (ROOT / "var").mkdir(exist_ok=True)
    print(f"{kills} kills on {on}, SEED={seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="rizhi-torture-"))
    standing = _build(folder, on, int(asked.get("WORKERS") or 2))
    try:
        report = _torture(standing, kills, random.Random(seed))
    finally:
        standing.end()
        with suppress(OSError):
            shutil.copy(standing.log, ROOT / "var" / "torture.log")
        shutil.rmtree(folder, ignore_errors=True)
    report = {"seed": seed, "on": on, **report}
    (ROOT / "var" / "torture.json").write_text(json.dumps(report, indent=2, ensure_ascii=False))
    return _tell(report)


def _build(folder: Path, on: str, workers: int) -> Standing:
    """The processes' environment becomes our own, too: what they have kept is looked at here."""
    cluster = Cluster() if on == "postgresql" else None
    port = free_port()
    env = environment(
        DATA=str(folder),
        DJANGO_SETTINGS_MODULE="tests.torture.settings",
        BASE_URL=f"http://127.0.0.1:{port}",
        LOG_LEVEL="WARNING",
        WORKER_STALE_SECONDS="3",
    )
    if cluster:
        env["DATABASE_URL"] = cluster.address("site")
        env["SANDBOX_DATABASE_URL"] = cluster.address("sandbox")
    for name in ("REDIS_URL", "DATABASE_URL", "SANDBOX_DATABASE_URL", "DEBUG"):
        os.environ.pop(name, None)
    os.environ.update(env, LOG_LEVEL="CRITICAL")
    sys.path[:0] = env["PYTHONPATH"].split(os.pathsep)
    return Standing(port, env, folder / "log", cluster, workers)


def _torture(standing: Standing, kills: int, dice: random.Random) -> dict[str, object]:
    import django

    django.setup()
    from tests.torture.rounds import Rounds

    rounds = Rounds(standing, dice, _show)
    done = 0
    try:
        rounds.prepare()
        while done < kills and not rounds.violations:
            some = min(A_ROUND, kills - done)
            rounds.play(some, of=kills)
            done += some
        if not rounds.violations:
            rounds.control()
    except KeyboardInterrupt:
        print("\nBroken off; what was done until here:")
    return rounds.report()


def _show(done: int, of: int, what: str) -> None:
    """A line that grows in a terminal, one line a round elsewhere."""
    if not sys.stdout.isatty():
        if done % A_ROUND == 0:
            print(f"{done}/{of}", flush=True)
        return
    filled = WIDTH * done // max(of, 1)
    print(f"\r{'█' * filled}{'·' * (WIDTH - filled)} {done}/{of} {what:<40}", end="", flush=True)


def _tell(report: dict[str, object]) -> int:
    print()
    for name, value in report.items():
        if isinstance(value, dict):
            value = ", ".join(f"{key}: {number}" for key, number in sorted(value.items()))
        if isinstance(value, list):
            value = "none" if not value else "".join(f"\n  {each}" for each in value)
        print(f"{name:<14} {value}")
    return 1 if report["violations"] or not report["control"] else 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
