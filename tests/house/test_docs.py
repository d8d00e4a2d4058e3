"""The docs are true: their commands run, their decisions are short.

A fence marked `sh` is run line by line in a fresh data folder. `sh needs: docker` (or stripe,
root, services, browser …) is only looked at: the command and its options must exist. `sh serves`
is started until it answers, then stopped.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.conftest import template_of
from tests.house.files import ROOT
from tests.operations.processes import PRODUCTION, environment

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```sh\b([^\n]*)\n(.*?)^```", re.M | re.S)
KNOWN = {"git", "cd", "docker", "curl", "psql", "createdb", "stripe", "cp", "pg_dump", "systemctl"}
KNOWN |= {"secrets", "roll-out"}
# CI runs these whole; here only their name is looked at.
ONLY_NAMED = {"test", "check", "test-services", "test-browser", "lock", "reset", "lint", "fmt"}


@dataclass(frozen=True)
class Said:
    """A command as a document gives it."""

    document: str
    kind: str
    line: str

    def __str__(self) -> str:
        return f"{self.document}: {self.line}"


def commands() -> list[Said]:
    found = []
    for path in DOCUMENTS:
        for kind, body in FENCE.findall(path.read_text()):
            joined = body.replace("\\\n", " ")
            lines = [line.split(" #")[0].strip() for line in joined.splitlines()]
            document = str(path.relative_to(ROOT))
            found += [Said(document, kind.strip(), line) for line in lines if line]
    return [said for said in found if not said.line.startswith("#")]


EVERY = commands()
MAKE = [said for said in EVERY if said.line.startswith("make")]
MANAGE = [said for said in EVERY if "manage.py" in said.line]
RUN = [said for said in MANAGE if not said.kind]
SERVES = [said for said in EVERY if said.kind == "serves" or said.line == "make run"]


def test_there_is_something_to_try() -> None:
    assert len(EVERY) > 5
    assert RUN


@pytest.mark.parametrize("said", EVERY, ids=str)
def test_a_command_is_of_a_known_kind(said: Said) -> None:
    first = Path(shlex.split(said.line)[0])
    program = first.name
    if said in MAKE or said in MANAGE:
        return
    assert first.parent == Path() or (ROOT / first).exists(), said.line
    assert program in KNOWN, f"mark the fence with `needs: …`, or use make: {said.line}"
    assert said.kind.startswith("needs:") or program in {"git", "cd"}, said.line


@pytest.mark.parametrize("said", MAKE, ids=str)
def test_make_knows_its_targets(said: Said) -> None:
    command = shlex.split(said.line)
    tried = subprocess.run(
        [*command, "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert tried.returncode == 0, tried.stderr


@pytest.mark.parametrize("said", MANAGE, ids=str)
def test_manage_knows_its_commands_and_options(said: Said) -> None:
    _, name, *arguments = _manage(said.line)
    assert name in get_commands()
    command = load_command_class(get_commands()[name], name)
    command.create_parser("manage.py", name).parse_args(arguments)


@pytest.mark.parametrize("document", sorted({said.document for said in RUN}))
def test_the_commands_of_a_document_run_in_their_order(document: str, tmp_path: Path) -> None:
    # Migrating from nothing is what every run of the suite does; here it is already done.
    for alias, name in (("default", "db"), ("sandbox", "sandbox")):
        if template_of(alias).exists():
            shutil.copy(template_of(alias), tmp_path / f"{name}.sqlite3")
    server = {**PRODUCTION, "STRIPE_SECRET_KEY": "", "STRIPE_SANDBOX": "1", "REDIS_URL": ""}
    env = environment(DATA=str(tmp_path), **server)
    for said in RUN:
        if said.document != document:
            continue
        told = subprocess.run(
            [sys.executable, *_manage(said.line)],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
            check=False,
        )
        assert told.returncode == 0, f"{said.line}\n{told.stderr}"


@pytest.mark.parametrize("line", sorted({said.line for said in SERVES}))
def test_what_serves_answers(line: str, tmp_path: Path) -> None:
    """The command runs as it stands, but for a port and a data folder of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [part for part in shlex.split(line) if not part.startswith(("PORT=", "DATA="))]
    log = tmp_path / "said"
    with log.open("wb") as output:
        serving = subprocess.Popen(
            [*command, f"PORT={port}", f"DATA={tmp_path / 'data'}"],
            cwd=ROOT,
            env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for_answer(f"http://localhost:{port}/healthz", serving, log)
        assert f"http://localhost:{port}/" in log.read_text()
    finally:
        os.killpg(serving.pid, signal.SIGTERM)
        serving.wait(timeout=30)


def test_editors_and_learners_can_read_what_changed() -> None:
    assert (ROOT / "CHANGELOG.md").exists()


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "adr").glob("*.md")), ids=lambda p: p.name)
def test_a_decision_is_told_in_200_words(path: Path) -> None:
    assert len(re.findall(r"[\w'-]+", path.read_text())) <= 200


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text)
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_everything_that_is_asked_of_stripe_is_told() -> None:
    """Whoever makes a restricted key reads it there."""
    asked = set(re.findall(r"client\.v1\.(\w+)", (ROOT / "payments" / "gateway.py").read_text()))
    table = (ROOT / "docs" / "stripe.md").read_text().split("### What the site asks Stripe")[1]
    rows = re.findall(r"^\| (`[^|]*`) \|", table, flags=re.M)
    assert {name.strip("` ") for row in rows for name in row.split(",")} == asked


def _manage(line: str) -> list[str]:
    words = shlex.split(line)
    return words[[Path(word).name for word in words].index("manage.py") :]


def _wait_for_answer(address: str, serving: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 300
    while time.monotonic() < end:
        assert serving.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(log.read_text())
