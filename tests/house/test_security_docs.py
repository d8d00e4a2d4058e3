"""docs/security.md answers every requirement it must, and what it names is there."""

import ast
import re

import pytest

from tests.house.files import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
# OWASP ASVS 5.0.0: section → how many requirements of levels 1 and 2. They come first in each.
REQUIREMENTS = {
    **{"1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2},
    **{"2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1},
    **{"3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2},
    **{"4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4},
    **{"5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3},
    **{"6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4},
    **{"7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2},
    **{"8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1},
    **{"9.1": 3, "9.2": 4},
    **{"11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1},
    **{"12.1": 3, "12.2": 2, "12.3": 4},
    **{"13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5},
    **{"14.1": 2, "14.2": 4, "14.3": 3},
    **{"15.1": 3, "15.2": 3, "15.3": 7},
    **{"16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3},
}
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEXT)))


def test_every_requirement_is_answered_once() -> None:
    answered = re.findall(r"^\| V([\d.]+) \| .+ \| .+ \|$", TEXT, re.M)
    wanted = [f"{each}.{n}" for each, count in REQUIREMENTS.items() for n in range(1, count + 1)]
    assert answered == wanted


@pytest.mark.parametrize("chapter", ["V10", "V17"])
def test_a_chapter_left_out_says_why(chapter: str) -> None:
    assert re.search(rf"^### {chapter} [^\n]+\n\nNot applicable, whole: \w", TEXT, re.M)


@pytest.mark.parametrize(("path", "test"), NAMED, ids=lambda part: str(part))
def test_what_it_names_is_there(path: str, test: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert not test or test in {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef)
    }


def test_it_names_many() -> None:
    assert len(NAMED) > 60
