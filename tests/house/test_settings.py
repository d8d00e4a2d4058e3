"""Settings: documented, refusing to start half set, and clean for production."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from tests.house.files import ROOT
from tests.operations.processes import PRODUCTION, environment, manage

SETTINGS = ROOT / "platform" / "settings.py"


def variables() -> set[str]:
    """What settings.py reads: `env("X")`, `env.bool("X")`, `secret("X")` and its X_FILE."""
    names = set()
    for node in ast.walk(ast.parse(SETTINGS.read_text())):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        asked = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        first = node.args[0]
        if not isinstance(asked, ast.Name) or asked.id not in {"env", "secret"}:
            continue
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            names.add(first.value)
    return names


def documented() -> set[str]:
    rows = (ROOT / "docs" / "settings.md").read_text().splitlines()
    names = " ".join(row.split("|")[1] for row in rows if row.startswith("|"))
    return set(re.findall(r"`([A-Z][A-Z_0-9]+)`", names))


def test_every_variable_is_documented() -> None:
    assert {"SECRET_KEY", "DATABASE_URL", "LOG_LEVEL"} <= variables()
    assert variables() - documented() == set()


def test_nothing_is_documented_that_is_not_read() -> None:
    assert documented() - variables() == set()


def test_without_a_secret_only_debug_starts(tmp_path: Path) -> None:
    bare = environment(DATA=str(tmp_path))
    del bare["SECRET_KEY"]
    refused = manage("check", env=bare)
    assert refused.returncode != 0
    assert "SECRET_KEY is not set" in refused.stderr
    assert manage("check", env={**bare, "DEBUG": "1"}).returncode == 0


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    env = environment(DATA=str(tmp_path), SECRET_KEY_FILE=str(tmp_path / "key"))
    del env["SECRET_KEY"]
    shown = manage(
        "shell", "-c", "from django.conf import settings; print(settings.SECRET_KEY)", env=env
    )
    assert shown.stdout.strip().endswith("from-a-file"), shown.stderr


def test_the_data_folders_env_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("TIME_ZONE=Europe/Paris\nPORT=8100\n")
    code = "from django.conf import settings; print(settings.TIME_ZONE, settings.PORT)"
    shown = manage("shell", "-c", code, env=environment(DATA=str(tmp_path), PORT="8200"))
    assert shown.stdout.strip().endswith("Europe/Paris 8200"), shown.stderr


def test_production_settings_pass_djangos_own_check(tmp_path: Path) -> None:
    env = environment(DATA=str(tmp_path), **PRODUCTION)
    told = manage("check", "--deploy", "--fail-level", "WARNING", env=env)
    assert told.returncode == 0, told.stderr


@pytest.mark.django_db
@pytest.mark.parametrize("alias", ["default", "sandbox"])
def test_sqlite_is_set_so_that_writers_wait_instead_of_failing(alias: str) -> None:
    connection = connections[alias]
    if connection.vendor != "sqlite":
        assert settings.DATABASES[alias]["CONN_HEALTH_CHECKS"]
        return
    with connection.cursor() as cursor:
        found = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        assert cursor.execute("PRAGMA mmap_size").fetchone()[0] > 0
    assert found == {
        "journal_mode": "wal",
        "synchronous": 1,
        "foreign_keys": 1,
        "busy_timeout": 20_000,
    }
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert connection.settings_dict["CONN_MAX_AGE"] is None
