"""A handful of kills; five hundred are `make torture`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.operations.processes import ROOT, beside
from tests.torture import cluster

KILLS = "5"


@pytest.mark.django_db(transaction=True)
def test_killed_under_load_nothing_acknowledged_is_lost_and_nothing_happens_twice() -> None:
    """On SQLite web and workers are killed, on PostgreSQL a database of the test's own, too."""
    on = connection.vendor
    if on == "postgresql" and cluster.programs() is None:
        pytest.skip("needs PostgreSQL's server, not only one that answers")
    site = beside()
    asked = {
        "KILLS": KILLS,
        "SEED": "8",
        "ON": on,
        "WORKERS": "1",
        "LIKE_DEFAULT": site["DATABASE_URL"],
        "LIKE_SANDBOX": site["SANDBOX_DATABASE_URL"],
    }
    ended = subprocess.run(
        [sys.executable, "-m", "tests.torture"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(Path.home()), **asked},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "the broken site was caught" in ended.stdout
