"""The lock files: exact, hashed, the same at runtime as in development, and of no one index."""

import re

import pytest

from tests.house.files import ROOT

LOCKS = ["requirements.txt", "requirements-scale.txt", "requirements-dev.txt"]
WANTED = ["requirements.in", "requirements-scale.in", "requirements-dev.in"]


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    found = [re.match(r"([a-z0-9._-]+)==([^ ;\\]+)", line) for line in lines]
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_hashes(name: str) -> None:
    text = (ROOT / name).read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text)
    assert len(blocks) == len(pins(name)) > 40
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("name", [*LOCKS, *WANTED])
def test_no_address_of_an_index_is_named(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"https?://|file:|--(?:extra-)?index|--find-links|--trusted-host", text)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-scale.txt"])
def test_what_runs_is_what_was_tested(name: str) -> None:
    runtime, development = pins(name), pins("requirements-dev.txt")
    assert {
        name: (version, development.get(name))
        for name, version in runtime.items()
        if development.get(name) != version
    } == {}


@pytest.mark.parametrize("name", WANTED)
def test_each_dependency_is_explained(name: str) -> None:
    explained = (ROOT / "docs" / "dependencies.md").read_text().lower()
    lines = (ROOT / name).read_text().splitlines()
    wanted = [re.match(r"[a-zA-Z0-9._]+(?:-[a-zA-Z0-9._]+)*", line) for line in lines]
    names = [each[0].lower() for each in wanted if each]
    assert names
    assert [each for each in names if f"`{each}`" not in explained] == []
