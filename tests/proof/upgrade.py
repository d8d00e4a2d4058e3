"""`make test-upgrade REV=v1.4`: that revision's own tests, on the tables of today.

Its code is put in a folder of its own; where its tests look for a fresh database of theirs they
find one that today's migrations made. SQLite; needs git and the revision.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conftest import template_of
from tests.house.files import ROOT

# What must not break while both versions run: buying, renewing, studying, reading, signing in.
TESTS = [
    "tests/payments/test_buying.py",
    "tests/payments/test_subscriptions.py",
    "tests/payments/test_refunds.py",
    "tests/learning/test_beats.py",
    "tests/courses/test_lessons.py",
    "tests/courses/test_catalogue.py",
    "tests/accounts/test_sign_up.py",
]
NAMES = "from tests.conftest import template_of; print(template_of('{}').name)"


def main(revision: str) -> int:
    """The exit code of the old tests."""
    if not revision:
        sys.exit("No version is tagged yet: name a revision (make test-upgrade REV=…).")
    today = fresh_databases()
    with tempfile.TemporaryDirectory(prefix="rizhi-upgrade-") as folder:
        old = Path(folder) / "code"
        unpack(revision, old)
        (old / "var" / "test").mkdir(parents=True)
        for alias, file in today.items():
            shutil.copy(file, old / "var" / "test" / name_there(old, alias))
        there = [test for test in TESTS if (old / test).exists()]
        print(f"{revision}: {len(there)} files of tests on the tables of today")
        return python(old, "-m", "pytest", "-q", "-n", "0", *there).returncode


def fresh_databases() -> dict[str, Path]:
    """As today's migrations make them: the copies that the suite keeps."""
    if not template_of("default").exists():
        python(ROOT, "-m", "pytest", "-q", "-n", "0", "tests/house/test_migrations.py")
    return {alias: template_of(alias) for alias in ("default", "sandbox")}


def unpack(revision: str, folder: Path) -> None:
    folder.mkdir()
    packed = subprocess.run(
        ["git", "archive", revision], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)


def name_there(old: Path, alias: str) -> str:
    """What the old code's tests call a fresh database."""
    code = NAMES.format(alias)
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=old, capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    gone = ("DATABASE_URL", "REDIS_URL", "DATA")
    env = {name: value for name, value in os.environ.items() if name not in gone}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=env, check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
