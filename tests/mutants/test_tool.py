"""The tool itself, on a module of five lines: what is found, what is not, and what never ends."""

from pathlib import Path

import pytest

from tests.mutants.__main__ import hunt, mutants_in
from tests.mutants.coverage import Coverage, digest
from tests.mutants.pool import Pool
from tests.mutants.results import Results

TILL = """
from functools import lru_cache

FEE = 2


@lru_cache
def price(amount: int) -> int:
    return amount + FEE


def paid(sums: list[int]) -> int:
    whole = 0
    while sums:
        whole += sums.pop()
    return whole


def is_large(amount: int) -> bool:
    return amount > 100


def unseen(amount: int) -> int:
    return amount * 2
"""
TESTS = """
from till import is_large, paid, price

def test_price():
    assert price(5) == 7

def test_paid():
    assert paid([1, 2]) == 3

def test_large():
    assert is_large(200) and not is_large(5)

def test_that_fails_anyway():
    assert is_large(5)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "till.py").write_text(TILL)
    (tmp_path / "test_till.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\naddopts = -p no:django\n")
    return tmp_path


def outcomes_of(shop: Path) -> tuple[dict[str, str], Results, float]:
    kept = shop / "var"
    coverage = Coverage(shop, kept / "coverage.json", {"test_till.py"})
    results = Results(shop, kept / "results.json")
    planned = [("till.py", mutant) for mutant in mutants_in(shop, "till.py")]
    hunt(Pool(shop, ["test_till.py"], 1), coverage, results, ["test_till.py"], ["till.py"], planned)
    told = {
        f"{mutant.place.owner}: {mutant.before} → {mutant.after}": results.rows[
            f"till.py:{mutant.number}"
        ]["outcome"]
        for _, mutant in planned
    }
    return told, results, results.tell(planned, coverage)


def test_what_becomes_of_each_mutant(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told, _, share = outcomes_of(shop)

    assert told == {
        ": 2 → 3": "killed",  # a constant
        "price: amount + FEE → amount - FEE": "killed",  # decorated
        "paid: 0 → 1": "killed",
        "paid: sums → not sums": "killed",
        "paid: whole += sums.pop() → whole -= sums.pop()": "killed",
        "paid: whole += sums.pop() → pass": "timeout",
        "is_large: amount > 100 → amount >= 100": "survived",
        "is_large: 100 → 101": "survived",
        "unseen: amount * 2 → amount // 2": "survived",
        "unseen: 2 → 3": "survived",
    }
    said = capsys.readouterr().out
    assert "not asked, for it fails without a fault: test_till.py::test_that_fails_anyway" in said
    assert "till.py:24 unseen (no test runs it)" in said
    assert share == 60


def test_what_is_known_is_not_asked_again_until_a_test_changes(shop: Path) -> None:
    before, first, _ = outcomes_of(shop)
    again, second, _ = outcomes_of(shop)
    assert (again, first.taken, second.taken) == (before, 10, 0)

    tests = shop / "test_till.py"
    tests.write_text(tests.read_text().replace("is_large(200)", "not is_large(100)"))
    digest.cache_clear()
    told, _, _ = outcomes_of(shop)
    assert told["is_large: amount > 100 → amount >= 100"] == "killed"
