"""The copy of the database as docker-compose.yml makes it: filled once, then following."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from tests.house.files import ROOT
from tests.operations.processes import free_port, wait_until
from tests.torture.cluster import Cluster, programs

DEPLOY = ROOT / "platform" / "deploy"


@pytest.fixture
def first() -> Iterator[Cluster]:
    if programs() is None:
        pytest.skip("needs PostgreSQL's server")
    one = Cluster()
    yield one
    one.end()


def test_a_copy_is_made_once_and_follows(first: Cluster) -> None:
    with psycopg.connect(first.address("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE rizhi SUPERUSER LOGIN")
        told = subprocess.run(
            ["sh", str(DEPLOY / "replication.sh")],
            env={"PGDATA": str(first.data), "PATH": os.environ["PATH"]},
            check=False,
        )
        assert told.returncode == 0
        assert "host replication all samenet" in (first.data / "pg_hba.conf").read_text()
        connection.execute("CREATE TABLE kept (words text)")
        connection.execute("INSERT INTO kept VALUES ('before')")

        port = free_port()
        for late in ("while it followed", "after it was started again"):
            copy = start_copy(first, port)
            try:
                wait_until(lambda: "before" in rows(port))
                connection.execute("INSERT INTO kept VALUES (%s)", [late])
                wait_until(lambda late=late: late in rows(port))  # type: ignore[misc]
                with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                    write(port)
            finally:
                copy.terminate()
                copy.wait(timeout=30)


def start_copy(first: Cluster, port: int) -> subprocess.Popen[bytes]:
    password = first.folder / "password"
    password.write_text("trusted anyway")
    if first.user:
        shutil.chown(password, first.user)
    with (first.folder / "copy.log").open("ab") as log:
        return subprocess.Popen(
            # Its text: this user may not enter the folder where the script lies.
            ["sh", "-c", (DEPLOY / "replica").read_text(), "replica", "-p", str(port)],
            env={
                "PATH": os.pathsep.join([str(first.programs), os.environ["PATH"]]),
                "PRIMARY": "127.0.0.1",
                "PRIMARY_PORT": str(first.port),
                "PRIMARY_PASSWORD_FILE": str(password),
                "PGDATA": str(first.folder / "copy"),
            },
            user=first.user,
            cwd=first.folder,
            stdout=log,
            stderr=log,
        )


def rows(port: int) -> set[str]:
    try:
        with psycopg.connect(f"postgres://site@127.0.0.1:{port}/postgres") as connection:
            return {row[0] for row in connection.execute("SELECT words FROM kept")}
    except psycopg.OperationalError:
        return set()


def write(port: int) -> None:
    with psycopg.connect(f"postgres://site@127.0.0.1:{port}/postgres") as connection:
        connection.execute("INSERT INTO kept VALUES ('no')")
