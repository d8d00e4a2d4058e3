"""`make run`, `make reset` and what stands before them, as someone at a terminal meets them."""

import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from operations.preparation import lock_data_folder
from tests.operations.processes import ROOT

BIN = ROOT / "platform" / "bin"


def run(*command: str | Path, said: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**kept, **env},
        input=said,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def preflight(port: int | str, data: Path, demo: str = "1") -> subprocess.CompletedProcess[str]:
    return run(sys.executable, BIN / "preflight", str(port), data, demo)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def test_a_taken_port_is_said_before_anything_slow(taken_port: int, tmp_path: Path) -> None:
    told = preflight(taken_port, tmp_path / "data")
    assert told.returncode == 1
    assert f"Port {taken_port} is taken" in told.stderr
    assert f"make run PORT={taken_port + 1}" in told.stderr
    assert not (tmp_path / "data").exists()


def test_one_data_folder_is_one_sites(settings: Any, tmp_path: Path) -> None:
    settings.DATA = tmp_path
    lock = lock_data_folder()
    with pytest.raises(CommandError, match="runs in"):
        lock_data_folder()
    lock.close()
    lock_data_folder().close()


@pytest.mark.parametrize("port", ["0", "70000", "http", ""])
def test_a_strange_port_is_refused(port: str, tmp_path: Path) -> None:
    told = preflight(port, tmp_path)
    assert told.returncode == 1
    assert "is not a port" in told.stderr


def test_secrets_are_made_once_and_for_their_owner_only(free_port: int, tmp_path: Path) -> None:
    assert preflight(free_port, tmp_path, "0").returncode == 0
    first = (tmp_path / "env").read_text()
    assert re.search(r"^SECRET_KEY=\S{50,}$", first, re.M)
    assert "STRIPE_SANDBOX=1" in first
    assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600
    assert preflight(free_port, tmp_path, "0").returncode == 0
    assert (tmp_path / "env").read_text() == first


def test_the_demo_needs_no_secrets(free_port: int, tmp_path: Path) -> None:
    assert preflight(free_port, tmp_path, "1").returncode == 0
    assert not (tmp_path / "env").exists()


def test_a_site_of_ones_own_is_not_started_on_the_demos_data(
    free_port: int, tmp_path: Path
) -> None:
    (tmp_path / "demo.json").write_text("{}")
    told = preflight(free_port, tmp_path, "0")
    assert told.returncode == 1
    assert "make reset" in told.stderr
    assert not (tmp_path / "env").exists()


def test_reset_asks_and_keeps_everything_without_a_yes(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").touch()
    told = run("make", "reset", f"DATA={tmp_path}", said="no\n")
    assert told.returncode != 0
    assert (tmp_path / "db.sqlite3").exists()


@pytest.mark.parametrize(("words", "said"), [([], "yes\n"), (["RESET=yes"], "")])
def test_reset_empties_the_data_folder(tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "db.sqlite3").touch()
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.mp3").touch()
    told = run("make", "reset", f"DATA={tmp_path}", *words, said=said)
    assert told.returncode == 0, told.stderr
    assert list(tmp_path.iterdir()) == []


def test_reset_leaves_folders_alone_that_are_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").touch()
    for folder in (tmp_path, ROOT, ROOT.parent):
        told = run("make", "reset", f"DATA={folder}", "RESET=yes")
        assert told.returncode != 0
        assert "nothing was deleted" in told.stderr
    assert (tmp_path / "thesis.odt").exists()


def stub(folder: Path, name: str, script: str) -> None:
    """A program on a PATH of our own."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def found(tmp_path: Path):
    """The Python that would be taken with this PATH, in a clone without .venv."""
    clone, path = tmp_path / "clone" / "platform" / "bin", tmp_path / "path"
    clone.mkdir(parents=True)
    path.mkdir()
    script = clone / "venv"
    script.write_text((BIN / "venv").read_text())
    script.chmod(0o755)
    for tool in ("sh", "sed", "cat", "cksum", "dirname", "rm"):
        source = next(Path(d) / tool for d in ("/bin", "/usr/bin") if (Path(d) / tool).exists())
        (path / tool).symlink_to(source)

    def find(**env: str) -> subprocess.CompletedProcess[str]:
        return run(script, "--find", **{"PATH": str(path), "HOME": str(tmp_path), **env})

    find.path = path
    return find


def test_a_shim_that_does_not_run_is_passed_over(found) -> None:
    stub(found.path, "python3.13", "echo 'pyenv: not installed' >&2; exit 127")
    stub(found.path, "python3", f'exec {sys.executable} "$@"')
    told = found()
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() != "python3.13"


def test_the_named_python_is_taken_or_refused(found) -> None:
    assert found(PYTHON=sys.executable).stdout.strip() == sys.executable
    stub(found.path, "old", "exit 1")
    told = found(PYTHON=str(found.path / "old"))
    assert told.returncode == 1
    assert "from 3.12 to 3.14" in told.stderr
