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
        assert_the_site_gets_a_role_of_its_own(first)
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


def assert_the_site_gets_a_role_of_its_own(first: Cluster) -> None:
    """As the image runs the script, which has its passwords from files."""
    for name in ("site", "copy"):
        (first.folder / f"{name}_password").write_text(f"{name}'s own \\ word")
    made = subprocess.run(
        ["sh", str(DEPLOY / "database.sh")],
        env={
            "PGDATA": str(first.data),
            "PATH": os.pathsep.join([str(first.programs), os.environ["PATH"]]),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(first.port),
            "POSTGRES_USER": "site",  # the superuser of this cluster
            "SITE_PASSWORD_FILE": str(first.folder / "site_password"),
            "COPY_PASSWORD_FILE": str(first.folder / "copy_password"),
        },
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    assert "host replication copy samenet" in (first.data / "pg_hba.conf").read_text()
    with psycopg.connect(first.address("rizhi"), user="rizhi") as site:
        site.execute("CREATE TABLE own (words text)")
        may = "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb, rolreplication"
        roles = site.execute(f"{may} FROM pg_roles WHERE rolname IN ('rizhi', 'copy') ORDER BY 1")
        assert roles.fetchall() == [("copy", False, True), ("rizhi", False, False)]


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
