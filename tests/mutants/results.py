"""What became of each mutant, kept between runs, and the report."""

import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.mutants.coverage import Coverage, Test, digest, write
from tests.mutants.operators import Mutant

FOUND = {"killed", "timeout", "died"}
EVERY = 25  # answers between two writings


class Results:
    def __init__(self, root: Path, kept: Path) -> None:
        self.root, self.kept = root, kept
        self.rows: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
        self.survived = self.taken = 0

    def holds(self, module: str, mutant: Mutant, tests: list[Test]) -> bool:
        """Whether the module is as it was, and what found the mutant; or, where nothing did, all
        that might have."""
        row = self.rows.get(_key(module, mutant))
        if row is None or row["module"] != digest(self.root, module):
            return False
        if row["outcome"] in FOUND:
            file = str(row["by"]).split("::")[0]
            return row["by_digest"] == digest(self.root, file)
        return bool(row["tests"] == self._all(tests))

    def take(self, module: str, mutant: Mutant, answer: dict[str, Any], tests: list[Test]) -> None:
        by = answer.get("by")
        outcome = answer["outcome"]
        if outcome == "died" and not by:
            outcome = "not planted"
        self.rows[_key(module, mutant)] = {
            "outcome": outcome,
            "by": by,
            "by_digest": digest(self.root, str(by).split("::")[0]),
            "module": digest(self.root, module),
            "tests": self._all(tests),
        }
        self.survived += outcome not in FOUND
        self.taken += 1
        if self.taken % EVERY == 0:
            self.keep()

    def outcome_of(self, module: str, mutant: Mutant) -> str:
        return str(self.rows[_key(module, mutant)]["outcome"])

    def keep(self) -> None:
        write(self.kept, self.rows)

    def _all(self, tests: list[Test]) -> str:
        told = "".join(f"{test.name} {digest(self.root, test.file)}\n" for test in tests)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def tell(self, planned: list[tuple[str, Mutant]], coverage: Coverage) -> float:
        """Per module, then who survived; gives how many of a hundred were found."""
        found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        lines = []
        for module, mutant in planned:
            tests = coverage.of(module, mutant)
            if not self.holds(module, mutant, tests):
                continue
            outcome = self.outcome_of(module, mutant)
            found[module][0] += outcome in FOUND
            found[module][1] += 1
            if outcome not in FOUND:
                why = "no test runs it" if not tests else outcome
                place = f"{module}:{mutant.place.lines[0]} {mutant.place.owner}"
                lines.append(f"{place} ({why})\n    {mutant.before}\n  → {mutant.after}")
        print("\n".join(["", *lines, ""]))
        for module, (killed, of) in sorted(found.items()):
            print(f"{module:<44}{killed:>5} of {of:>4}  {100 * killed / of:5.1f} %")
        killed, of = (sum(each[i] for each in found.values()) for i in (0, 1))
        share = 100 * killed / of if of else 0.0
        print(f"{'killed':<44}{killed:>5} of {of:>4}  {share:5.1f} %")
        if of < len(planned):
            print(f"{len(planned) - of} were not tried")
        return share


def _key(module: str, mutant: Mutant) -> str:
    return f"{module}:{mutant.number}"
