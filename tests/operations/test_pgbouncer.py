"""Through PgBouncer in transaction mode: connections are somebody else's after each transaction."""

import os
import shutil
import socket
import subprocess
from typing import Any

import pytest
from django.db import connections
from django_tasks_db.models import DBTaskResult

from learning.models import LessonProgress, PlaySession
from tests import factories
from tests.operations import sample_jobs
from tests.operations.processes import beside, free_port, manage, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

CONFIGURATION = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
ignore_startup_parameters = options
"""
# Reads row by row while another takes the connection that was asked last.
READ = """
import os
import psycopg
from wagtail.models import Page

pages = Page.objects.order_by("pk").iterator(chunk_size=1)
next(pages)
other = psycopg.connect(os.environ["DATABASE_URL"])
other.execute("SELECT 1")
assert len(list(pages)) > 1
other.close()
"""
# Writes as the site does: grants, beats, folding, jobs, leases.
WRITE = (
    READ
    + """
from django.core.management import call_command
from django.utils import timezone
from accounts.models import User
from courses import grants
from courses.models import CoursePage, Grant, LessonPage
from learning import progress
from tests.learning.conftest import Player
from django.test import Client

learner, course = User.objects.get(), CoursePage.objects.get()
grants.sync(learner=learner, source_kind=Grant.Source.GIFT, source_id="1", covers=[course],
            starts_at=timezone.now(), now=timezone.now())
player = Player(learner, LessonPage.objects.get(slug="01"), Client(SERVER_NAME="localhost"))
for read in (0.25, 0.5):
    assert player.send(read_to=read, wall=20).status_code < 300
progress.fold()
call_command("worker", batch=True)
"""
)


@pytest.fixture
def through(tmp_path):
    """The environment of a process whose database is behind PgBouncer."""
    if not shutil.which("pgbouncer"):
        must = pytest.fail if os.environ.get("CI") else pytest.skip
        must("needs pgbouncer (apt-get install pgbouncer)")
    ours = connections["default"].settings_dict
    at: dict[str, Any] = {"host": ours["HOST"] or "127.0.0.1", "port": ours["PORT"] or 5432}
    at |= {"user": ours["USER"], "own": free_port()}
    if ours["PASSWORD"]:
        pytest.skip("PgBouncer would need the password, too")
    file = tmp_path / "pgbouncer.ini"
    file.write_text(CONFIGURATION.format(**at))
    command = ["pgbouncer", str(file)]
    if os.getuid() == 0:  # it refuses to be root
        command[1:1] = ["-u", "nobody"]
        for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
            folder.chmod(0o755)
    with (tmp_path / "pgbouncer.log").open("wb") as log:
        bouncer = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    wait_until(lambda: answers(at["own"]), seconds=10)
    url = f"postgres://{ours['USER']}@127.0.0.1:{at['own']}/{ours['NAME']}"
    yield beside(DATA=str(tmp_path), LOG_LEVEL="WARNING") | {"DATABASE_URL": url}
    bouncer.kill()
    bouncer.wait()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_what_is_written_through_it_is_kept(through, tmp_path) -> None:
    learner = factories.UserFactory()
    factories.course(lessons=2, free=1)
    sample_jobs.note.enqueue(file=str(tmp_path / "log"), line="done")
    done = manage("shell", "-v0", "-c", WRITE, env={**through, "PGBOUNCER": "1"})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "log").read_text() == "done\n"
    assert not DBTaskResult.objects.filter(status__in=["RUNNING", "FAILED"]).exists()
    assert PlaySession.objects.get().seq == 2
    assert LessonProgress.objects.get(learner_id=learner.pk).read_to == 0.5


def test_without_the_setting_a_cursor_is_left_behind(through) -> None:
    failed = manage("shell", "-v0", "-c", READ, env=through)
    assert failed.returncode != 0
    assert "cursor" in failed.stderr
    assert "does not exist" in failed.stderr
