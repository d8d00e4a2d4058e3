"""Which tests run which lines, kept between runs.

A file of tests is run anew when it has changed, or what it shares with its neighbours, or a module
that it ran and that is measured now.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.mutants.operators import Mutant


@dataclass(frozen=True)
class Test:
    name: str
    seconds: float
    by_itself: bool  # leaves the database as it was
    closeness: float = 0.0  # how much it runs of the function that few others run
    lines: int = 0  # of the function; few where it leaves early

    @property
    def file(self) -> str:
        return self.name.split("::")[0]


class Coverage:
    def __init__(self, root: Path, kept: Path, asked: set[str]) -> None:
        self.root, self.kept, self.asked = root, kept, asked
        known: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
        self.files = {name: row for name, row in known.items() if (root / name).exists()}

    def stale(self, files: list[str], asked: set[str]) -> list[str]:
        """Which of these files of tests are to run anew, before `asked` modules are measured."""
        return [file for file in files if not self._is_fresh(file, asked)]

    def _is_fresh(self, file: str, asked: set[str]) -> bool:
        row = self.files.get(file)
        return row is not None and all(
            digest(self.root, name) == kept
            for name, kept in row["digests"].items()
            if name in asked or name in self.shaping(file)
        )

    def take(self, file: str, tests: list[dict[str, Any]]) -> None:
        ran = {module for test in tests for module in test["lines"]}
        digests = {name: digest(self.root, name) for name in {*ran, *self.shaping(file)}}
        self.files[file] = {"digests": digests, "tests": tests}
        write(self.kept, self.files)

    def shaping(self, file: str) -> list[str]:
        """The file of tests and what it shares with its neighbours."""
        folder = (self.root / file).parent
        shared = [each for each in folder.glob("*.py") if not each.name.startswith("test_")]
        return [file, *sorted(str(each.relative_to(self.root)) for each in shared)]

    def failing(self) -> list[str]:
        return [test["test"] for test in self._tests() if test["failed"]]

    def of(self, module: str, mutant: Mutant) -> list[Test]:
        """The tests that run what a mutant changes, those first that end soon."""
        first, last = mutant.place.lines
        lines = set(range(first, last + 1))
        found = [test for test in self._of(module) if lines & test["lines"][module]]
        if mutant.place.function is None and not found:
            found = self._of(module)  # a constant: whoever runs any of its module
        tests = [
            Test(
                row["test"],
                row["seconds"],
                row["by_itself"],
                *self._within(module, mutant, row["lines"][module]),
            )
            for row in found
        ]
        return sorted(tests, key=lambda test: (not test.by_itself, test.seconds))

    def _within(self, module: str, mutant: Mutant, lines: set[int]) -> tuple[float, int]:
        """Of a mutant's function, what a test runs: the rarer its lines, the closer it comes."""
        function = mutant.place.function
        if function is None:
            return 0.0, 0
        rows = self._rows(module)
        within = lines & set(range(function.lineno, (function.end_lineno or 0) + 1))
        return sum(1 / rows[line] for line in within), len(within)

    @cache  # noqa: B019 - one per run
    def _rows(self, module: str) -> Counter[int]:
        """How many tests run each line."""
        return Counter(line for test in self._of(module) for line in test["lines"][module])

    @cache  # noqa: B019 - one per run
    def _of(self, module: str) -> list[dict[str, Any]]:
        return [
            {**test, "lines": {module: set(test["lines"][module])}}
            for test in self._tests()
            if test["passed"] and module in test["lines"]
        ]

    def _tests(self) -> Iterator[dict[str, Any]]:
        for file, row in self.files.items():
            if file in self.asked:
                yield from row["tests"]


@cache
def digest(root: Path, name: str) -> str:
    file = root / name
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16] if file.exists() else ""


def write(file: Path, content: Any) -> None:
    """All of it or nothing, whenever one is interrupted."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps(content, ensure_ascii=False))
    unfinished.replace(file)
