"""Joining a track from several tabs at once, on PostgreSQL."""

import threading
from collections.abc import Callable

import pytest
from django.db import IntegrityError

from accounts.models import User
from courses.models import TrackPage
from learning import tracks
from learning.models import TrackEnrolment
from tests.factories import UserFactory, course, track
from tests.learning.test_concurrency import NOW, PATIENCE, in_thread

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

TABS = 8
Join = Callable[[User, TrackPage], bool]


def enrol(learner: User, way: TrackPage) -> bool:
    return tracks.enrol(learner=learner, track=way, now=NOW)


def enrol_naively(learner: User, way: TrackPage) -> bool:
    """What one would write without thinking: look, then write."""
    key = {"learner_id": learner.pk, "track_id": way.pk}
    if TrackEnrolment.objects.filter(**key).exists():
        return False
    LOOKED.wait(PATIENCE)
    TrackEnrolment.objects.create(**key, enrolled_at=NOW)
    return True


LOOKED = threading.Barrier(TABS)


@pytest.mark.parametrize(("join", "refused"), [(enrol, 0), (enrol_naively, TABS - 1)])
def test_joining_from_many_tabs_is_joining_once(join: Join, refused: int) -> None:
    """Looking before writing (control) fails in every tab but one."""
    learner, way = UserFactory(), track([course(lessons=1)])
    start, told = threading.Barrier(TABS), []

    def run() -> None:
        start.wait(PATIENCE)
        try:
            told.append("new" if join(learner, way) else "known")
        except IntegrityError:
            told.append("refused")

    for thread in [in_thread(run) for _ in range(TABS)]:
        thread.join(PATIENCE)
    assert TrackEnrolment.objects.count() == 1
    assert told.count("new") == 1
    assert told.count("refused") == refused
