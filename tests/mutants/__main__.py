"""`python -m tests.mutants`: plants faults one by one, tells which no test notices; 1 below 90 %.

From the environment: ONLY (modules or folders), BY (files of tests, no others are asked), N (a
random sample of so many), SEED, JOBS (2).
"""

import ast
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

from tests.mutants.coverage import Coverage, Test
from tests.mutants.operators import Mutant, mutants_of
from tests.mutants.pool import Pool
from tests.mutants.results import FOUND, Results

ROOT = Path(__file__).resolve().parent.parent.parent
GOAL = 90  # percent
BUDGET = 60  # seconds of tests for one fault
AT_LEAST = 12  # tests, however long they take
OF_ITS_OWN = 0.05  # seconds that any test takes
LEFT_OUT = {"payments/sandbox", "payments/migrations"}
BESIDES = ["courses/grants.py", "courses/access.py"]
TESTS = [
    *("tests/courses", "tests/payments", "tests/sandbox", "tests/insights", "tests/leaks"),
    *(f"tests/accounts/test_{name}.py" for name in ("audit", "matrix", "proofs")),
]
WIDTH = 30


def main(asked: Mapping[str, str]) -> int:
    only, seed = (asked.get("ONLY") or "").split(), int(asked.get("SEED") or 0)
    modules = [name for name in modules_of(ROOT) if not only or _is_within(name, only)]
    planned = [(module, mutant) for module in modules for mutant in mutants_in(ROOT, module)]
    if not planned:
        print(f"there is nothing in {' '.join(only)}")
        return 1
    if asked.get("N"):
        planned = random.Random(seed).sample(planned, min(int(asked["N"]), len(planned)))
        print(f"{len(planned)} mutants drawn, SEED={seed}", flush=True)
    kept = ROOT / "var" / "mutants"
    by = (asked.get("BY") or "").split()
    files = [name for place in TESTS for name in _names(ROOT, _tests_in(ROOT / place))]
    files = [name for name in files if not by or _is_within(name, by)]
    coverage = Coverage(ROOT, kept / "coverage.json", set(files))
    results = Results(ROOT, kept / "results.json")
    pool = Pool(ROOT, files, int(asked.get("JOBS") or 2))
    try:
        hunt(pool, coverage, results, files, modules_of(ROOT), planned)
    except KeyboardInterrupt:
        print("\ninterrupted; the next run goes on from here")
    return 0 if results.tell(planned, coverage) >= GOAL else 1


def modules_of(root: Path) -> list[str]:
    names = [*_names(root, root.glob("payments/**/*.py")), *BESIDES]
    return [name for name in names if not _is_within(name, LEFT_OUT)]


def mutants_in(root: Path, module: str) -> list[Mutant]:
    found = mutants_of(ast.parse((root / module).read_text()))
    return [each for each in found if each.place.function or not _is_of_schema(module, each)]


def _is_of_schema(module: str, mutant: Mutant) -> bool:
    """Fields and constraints: the database has them from migrations."""
    return module.startswith("payments/models/") and bool(mutant.place.owner)


def _is_within(name: str, places: Any) -> bool:
    return any(name == place or name.startswith(f"{place.rstrip('/')}/") for place in places)


def _tests_in(place: Path) -> Iterable[Path]:
    return [place] if place.is_file() else place.glob("**/test_*.py")


def _names(root: Path, files: Iterable[Path]) -> list[str]:
    return sorted(str(each.relative_to(root)) for each in files)


def hunt(
    pool: Pool,
    coverage: Coverage,
    results: Results,
    files: list[str],
    modules: list[str],
    planned: list[tuple[str, Mutant]],
) -> None:
    try:
        stale = coverage.stale(files, {module for module, _ in planned})
        _cover(pool, coverage, stale, modules)
        left = [
            (module, mutant)
            for module, mutant in planned
            if not results.holds(module, mutant, coverage.of(module, mutant))
        ]
        _try(pool, coverage, results, left)
    finally:
        results.keep()
        pool.close()


def _cover(pool: Pool, coverage: Coverage, files: list[str], modules: list[str]) -> None:
    questions = [{"cover": file, "modules": modules} for file in files]
    bar = Bar("which tests run what", len(questions))
    for question, tests in pool.answers(questions):
        coverage.take(question["cover"], tests)
        bar.step()
    for name in coverage.failing():
        print(f"not asked, for it fails without a fault: {name}")


def _try(
    pool: Pool,
    coverage: Coverage,
    results: Results,
    left: list[tuple[str, Mutant]],
) -> None:
    unsteady: set[str] = set()
    finders: dict[str, list[str]] = {}  # what found the neighbours is asked first
    by_number = {(module, mutant.number): mutant for module, mutant in left}
    bar = Bar("mutants", len(left))

    def questions() -> Iterator[dict[str, Any]]:
        for module, mutant in left:
            tests = [t for t in coverage.of(module, mutant) if t.name not in unsteady]
            if not tests:
                results.take(module, mutant, {"outcome": "survived"}, [])
                bar.step(results.survived)
                continue
            early = finders.get(module, [])[-12:]
            tests = in_turn(tests, early, about=f"test_{Path(module).stem}")
            yield {
                "module": module,
                "number": mutant.number,
                "at_import": mutant.place.function is None,
                "tests": asked_of(chosen(tests)),
            }

    for question, answer in pool.answers(questions()):
        module = question["module"]
        mutant = by_number[module, question["number"]]
        if answer["outcome"] == "unsteady":
            unsteady.add(answer["by"])
        else:
            results.take(module, mutant, answer, coverage.of(module, mutant))
        if answer["outcome"] in FOUND and answer.get("by"):
            finders.setdefault(module, []).append(answer["by"])
        bar.step(results.survived)
    for name in sorted(unsteady):
        print(f"not asked any more, for it fails at times without a fault: {name}")


def in_turn(tests: list[Test], early: list[str], *, about: str) -> list[Test]:
    """Those of the file that is named after the module, then the early ones. Then by turns: the one
    of each file that comes closest for its seconds, before the second of any, for neighbours look
    at the same things; and the one that leaves the function earliest, as who is refused does."""
    seen: Counter[str] = Counter()
    turns = {}
    for test in sorted(tests, key=lambda each: -each.closeness / (each.seconds + OF_ITS_OWN)):
        turns[test.name] = seen[test.file]
        seen[test.file] += 1
    closest = sorted(tests, key=lambda each: turns[each.name])
    earliest = sorted(tests, key=lambda each: (each.lines, each.seconds))
    mixed = {test.name: test for pair in zip(closest, earliest, strict=True) for test in pair}

    def rank(test: Test) -> int:
        return 0 if Path(test.file).name.startswith(about) else 1 if test.name in early else 2

    return sorted(mixed.values(), key=lambda t: (not t.by_itself, rank(t)))


def chosen(tests: list[Test]) -> list[Test]:
    """As many as the budget allows, a few in any case."""
    ends = list(accumulate(test.seconds for test in tests))
    return tests[: max(AT_LEAST, sum(end <= BUDGET for end in ends))]


def asked_of(tests: list[Test]) -> list[tuple[str, float]]:
    return [(test.name, test.seconds) for test in tests]


class Bar:
    def __init__(self, what: str, whole: int) -> None:
        self.what, self.whole, self.done, self.began = what, whole, 0, time.monotonic()
        self.wide = sys.stdout.isatty()

    def step(self, survived: int | None = None) -> None:
        self.done += 1
        if not self.wide and self.done % 20 and self.done != self.whole:
            return
        filled = "#" * (WIDTH * self.done // self.whole)
        seconds = (time.monotonic() - self.began) / self.done * (self.whole - self.done)
        told = "" if survived is None else f", {survived} survived"
        line = f"{self.what} [{filled:<{WIDTH}}] {self.done}/{self.whole}{told}"
        line += f", about {seconds / 60:.0f} min left"
        end = "\n" if not self.wide or self.done == self.whole else ""
        print(f"\r{line:<110}" if self.wide else line, end=end, flush=True)


if __name__ == "__main__":
    sys.exit(main(os.environ))
