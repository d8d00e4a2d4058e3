"""Reading from a copy that is late: only what may be, and never by whoever has just written."""

from types import SimpleNamespace

import psycopg
import pytest
from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses import grants
from courses.models import CoursePage, Grant
from operations import clock, replicas
from operations.replicas import ReplicaMiddleware
from tests import factories
from tests.operations.processes import free_port

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

ALIAS = "replica1"
PAGES = ["/", "/courses/", "/courses/yiqun/", "/search/?q=课程", "/study/"]


@pytest.fixture
def learner() -> User:
    return factories.UserFactory()


@pytest.fixture
def replica(settings, learner, monkeypatch):
    """A copy that stays as the database is now: a course, which the learner has bought."""
    give(learner, factories.course(lessons=2, free=1, slug="yiqun", title="旧题"))
    settings.REPLICAS = [ALIAS]
    settings.DATABASE_ROUTERS = [*settings.DATABASE_ROUTERS, "operations.replicas.ReplicaRouter"]
    settings.MIDDLEWARE = ["operations.replicas.ReplicaMiddleware", *settings.MIDDLEWARE]
    # The tests would refuse a database that is not named in the settings.
    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", connect)
    connections.settings[ALIAS] = {
        **connections["default"].settings_dict,
        "OPTIONS": {"isolation_level": psycopg.IsolationLevel.REPEATABLE_READ},
    }
    connections[ALIAS].set_autocommit(False)
    assert CoursePage.objects.using(ALIAS).exists()  # from now on it sees nothing new
    yield
    connections[ALIAS].close()
    del connections[ALIAS], connections.settings[ALIAS]
    replicas._down_until.clear()


def connect(self: BaseDatabaseWrapper) -> None:
    if self.connection is None:
        with self.wrap_database_errors:
            self.connect()


def give(learner: User, course: CoursePage, **state) -> None:
    grants.sync(
        learner=learner,
        source_kind=Grant.Source.PURCHASE,
        source_id="order-1",
        covers=[course],
        now=clock.now(),
        **{"starts_at": clock.now()} | state,
    )


def rename() -> None:
    """In the database; the copy is late."""
    CoursePage.objects.update(title="新题")


def read(client, address="/courses/yiqun/") -> str:
    return client.get(address).content.decode()


def test_a_visitor_reads_the_copy_and_whoever_wrote_does_not(client, replica) -> None:
    rename()
    assert "旧题" in read(client)
    answer = client.post("/account/language/", {"language": "en"})
    assert answer.cookies[replicas.COOKIE]["max-age"] == 10
    assert answer.cookies[replicas.COOKIE]["httponly"]
    assert "新题" in read(client)
    assert replicas.COOKIE not in client.get("/courses/yiqun/").cookies
    del client.cookies[replicas.COOKIE]  # as time does
    assert "旧题" in read(client)


def test_what_decides_is_never_late(client, replica, learner) -> None:
    client.force_login(learner)
    with CaptureQueriesContext(connections[ALIAS]) as late:
        for address in PAGES:
            assert client.get(address).status_code == 200, address
    told = [query["sql"].split(" WHERE ")[0] for query in late]
    assert len(told) > len(PAGES)
    for kept in ("django_session", "accounts_user", "payments_", "courses_grant"):
        assert [sql for sql in told if f'FROM "{kept}' in sql] == [], kept
    with CaptureQueriesContext(connections[ALIAS]) as late:
        for address in ("/courses/yiqun/01/", "/account/", "/account/orders/", "/membership/"):
            assert client.get(address).status_code == 200, address
    assert len(late) == 0
    assert "canary01" in read(client, "/courses/yiqun/01/")
    give(learner, CoursePage.objects.get(), withdrawn_at=clock.now())
    assert "canary01" not in read(client, "/courses/yiqun/01/")


def test_what_was_read_from_the_copy_is_written_to_the_database(replica, rf) -> None:
    def view(request):
        middleware.process_view(request)
        course = CoursePage.objects.get()
        assert (course._state.db, course.title) == (ALIAS, "旧题")
        assert course.grants.db == "default"
        with transaction.atomic():
            assert CoursePage.objects.get()._state.db == "default"
        course.subtitle = "写下了"
        course.save(update_fields=["subtitle"])
        assert CoursePage.objects.get()._state.db == "default"
        return HttpResponse()

    middleware = ReplicaMiddleware(view)
    request = rf.get("/courses/yiqun/")
    request.resolver_match = SimpleNamespace(route="courses/<str:slug>/")
    assert replicas.COOKIE in middleware(request).cookies
    # Commands and jobs read the database, and no copy is migrated.
    assert CoursePage.objects.get().subtitle == "写下了"
    assert not router.allow_migrate(ALIAS, "courses")


def test_a_copy_that_does_not_answer_is_done_without(client, replica, settings) -> None:
    connections[ALIAS].close()
    connections[ALIAS].settings_dict |= {"HOST": "127.0.0.1", "PORT": str(free_port())}
    rename()
    assert "新题" in read(client)
    assert replicas.one_that_answers() == "default"
