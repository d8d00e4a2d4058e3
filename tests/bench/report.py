"""The figures: gathered round by round, told as medians."""

import json
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.load import Measured, Row

# Under which name of the JSON, as the table's head has it, and how it is written there.
COLUMNS = {
    "rps": ("rps", ".0f"),
    "p50_ms": ("p50 ms", ".1f"),
    "p99_ms": ("p99 ms", ".1f"),
    "bytes": ("bytes", ".0f"),
    "queries": ("queries", "d"),
    "cpu_ms": ("cpu ms", ".2f"),
    "cpu_ratio": ("by cpu", ".2f"),
    "ratio": ("ratio", ".2f"),
}


class Figures:
    """Every measurement of every row."""

    def __init__(self) -> None:
        self.measured: dict[str, list[Measured]] = defaultdict(list)
        self.cpu_ms: dict[str, list[float]] = defaultdict(list)
        self.ratios: dict[str, list[float]] = defaultdict(list)
        self.cpu_ratios: dict[str, list[float]] = defaultdict(list)

    def add(self, name: str, measured: Measured, cpu_seconds: float) -> None:
        self.measured[name].append(measured)
        self.cpu_ms[name].append(1000 * cpu_seconds / measured.requests)

    def compare(self, name: str, with_floor: str) -> None:
        """The last measurement with the floor's last one, which was taken right before it."""
        last, floor = self.measured[name][-1], self.measured[with_floor][-1]
        self.ratios[name].append(last.rps / floor.rps)
        if cpu := self.cpu_ms[name][-1]:
            self.cpu_ratios[name].append(self.cpu_ms[with_floor][-1] / cpu)

    def row(self, row: Row, queries: int) -> dict[str, Any]:
        """Of one row, medians: milliseconds, bytes on the wire, times the floor."""
        several = self.measured[row.name]
        return {
            "name": row.name,
            "rps": round(median(each.rps for each in several), 1),
            "p50_ms": round(median(each.p50_ms for each in several), 2),
            "p99_ms": round(median(each.p99_ms for each in several), 2),
            "bytes": round(median(each.bytes for each in several)),
            "queries": queries,
            "ratio": round(median(self.ratios[row.name] or [1.0]), 3),
            "floor": row.floor,
            "cpu_ms": round(median(self.cpu_ms[row.name]), 3),
            "cpu_ratio": round(median(self.cpu_ratios[row.name] or [1.0]), 3),
        }


def table(rows: list[dict[str, Any]]) -> str:
    lines = [["row", *(head for head, _ in COLUMNS.values()), "of"]]
    for row in rows:
        figures = [format(row[name], form) for name, (_, form) in COLUMNS.items()]
        lines.append([row["name"], *figures, row["floor"]])
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at in (0, len(line) - 1) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def missed(rows: list[dict[str, Any]], asked: list[Row]) -> list[str]:
    """What falls short of what was to be reached."""
    by_name = {row["name"]: row for row in rows}
    found = [
        f"{row.name} has {by_name[row.name]['ratio']:.2f} of {row.floor}, {row.least} is wanted"
        for row in asked
        if row.name in by_name and by_name[row.name]["ratio"] < row.least
    ]
    if (beat := by_name.get("heartbeat")) and beat["p99_ms"] > 3 * beat["p50_ms"]:
        found.append("heartbeat's p99 is over three times its p50")
    alone, beside = by_name.get("lesson_paid"), by_name.get("lesson_paid_beats")
    if alone and beside and beside["p99_ms"] > 2 * alone["p99_ms"]:
        found.append("beside heartbeats a lesson's p99 more than doubles")
    return found


def write(rows: list[dict[str, Any]], file: Path) -> None:
    file.write_text(json.dumps({"rows": rows}, ensure_ascii=False, indent=1) + "\n")
