"""The world of the crawl, built once for each module and undone after it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test.utils import override_settings

from tests.leaks.world import World, build, rolled_back


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    from django.core.cache import cache
    from django_tasks_db.management.commands import db_worker

    from operations import worker

    def run_jobs() -> None:
        worker.make(worker_id="the-crawl", batch=True, interval=0).run()

    with (
        django_db_blocker.unblock(),
        pytest.MonkeyPatch.context() as patch,
        override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("files")),
        rolled_back(),
    ):
        # The worker closes what it takes for a stale connection: the one with our transaction.
        patch.setattr(db_worker, "close_old_connections", lambda: None)
        cache.clear()
        yield build(run_jobs)
