"""The house stands as ARCHITECTURE says: platform/ is a place on sys.path, never a package."""

import os
import subprocess
import sys

import pytest

from tests.house.files import ROOT, find

NOT_CODE = {"locale", "static", "templates", "bin"}


def modules_of_platform() -> list[str]:
    files = [path.relative_to(ROOT / "platform") for path in find("*.py", below=("platform",))]
    return sorted({part.removesuffix(".py") for file in files for part in file.parts} - NOT_CODE)


def test_platform_is_no_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_no_module_in_platform_is_named_like_the_standard_librarys() -> None:
    names = modules_of_platform()
    assert {"settings", "operations", "clock"} <= set(names)
    assert [name for name in names if name in sys.stdlib_module_names] == []


@pytest.mark.parametrize("path", [".", os.pathsep.join([".", "platform"])])
def test_the_standard_librarys_platform_is_still_there(path: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import platform; print(platform.python_version())"],
        cwd=ROOT,
        env={"PYTHONPATH": path, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.startswith("3.")


def test_nobody_imports_upwards() -> None:
    told = subprocess.run(
        [os.path.join(os.path.dirname(sys.executable), "lint-imports"), "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": ".:platform"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
