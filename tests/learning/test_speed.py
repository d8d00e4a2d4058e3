"""POST /study/speed/: how fast somebody listens, in every course or in one."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import privacy
from accounts.models import User
from courses.models import LessonPage
from learning import tokens
from learning.models import ListeningSpeed
from operations import clock
from tests.factories import UserFactory
from tests.learning.conftest import audio_course_of, lessons_of
from tests.learning.test_privacy import exported as exported_of

pytestmark = pytest.mark.django_db
HERE, EVERYWHERE = True, False


def tell(learner: User, lesson: LessonPage, **choice: Any) -> tuple[float | None, bool]:
    token = tokens.issue(learner=learner, lesson=lesson, now=clock.now()).token
    answer = post({"token": token, **choice})
    assert answer.status_code == 200
    told = answer.json()
    return told["rate"], told["of_course"]


def post(body: Any) -> Any:
    body = body if isinstance(body, str) else json.dumps(body)
    client = Client(enforce_csrf_checks=True)
    return client.post("/study/speed/", body, content_type="application/json")


@pytest.fixture
def second(db: None) -> LessonPage:
    return lessons_of(audio_course_of(lessons=1, title="另一门"))[0]


def test_it_is_one_speed_for_every_course(learner, first, second):
    assert tell(learner, first) == (None, EVERYWHERE)
    assert tell(learner, first, rate=1.75, of_course=False) == (1.75, EVERYWHERE)
    assert tell(learner, second) == (1.75, EVERYWHERE)
    assert tell(learner, second, rate=2, of_course=False) == (2, EVERYWHERE)
    assert tell(learner, first) == (2, EVERYWHERE)
    assert tell(UserFactory(), first) == (None, EVERYWHERE)


def test_a_course_may_have_its_own_and_give_it_up(learner, first, second):
    tell(learner, first, rate=1.5, of_course=False)
    assert tell(learner, first, rate=0.75, of_course=True) == (0.75, HERE)
    assert tell(learner, second) == (1.5, EVERYWHERE)
    another = lessons_of(first.get_parent())[1]
    assert tell(learner, another) == (0.75, HERE)
    assert tell(learner, another, of_course=False) == (1.5, EVERYWHERE)
    assert tell(learner, first) == (1.5, EVERYWHERE)


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        [],
        {},
        {"token": 1},
        *({"token": "x", "rate": rate} for rate in (0.4, 3.01, -1, "1", True, [1])),
        {"token": "x", "rate": 1, "of_course": "yes"},
        '{"token": "x", "rate": NaN}',
    ],
)
def test_nonsense_is_refused(body):
    assert post(body).status_code == 400


def test_what_nobody_signed_keeps_nothing(first):
    assert post({"token": "x", "rate": 1}).status_code == 401
    assert not ListeningSpeed.objects.exists()


def test_a_lesson_that_is_gone_has_no_speed(learner, first):
    token = tokens.issue(learner=learner, lesson=first, now=clock.now()).token
    first.delete()
    assert post({"token": token, "rate": 1}).status_code == 404


def test_it_goes_out_with_a_persons_data_and_with_their_account(learner, first):
    tell(learner, first, rate=1.25, of_course=True)
    other = UserFactory()
    tell(other, first, rate=2, of_course=False)
    course_id = first.get_parent().pk
    exported = exported_of(learner)["learning.listeningspeed.json"]
    assert exported == [{"course_id": course_id, "rate": "1.25"}]
    privacy.erase(user=learner, now=clock.now())
    assert [row.learner_id for row in ListeningSpeed.objects.all()] == [other.pk]


@pytest.mark.parametrize("rate", ["0.49", "3.01"])
def test_the_database_keeps_what_can_be_listened_to(rate):
    with pytest.raises(IntegrityError), transaction.atomic():
        ListeningSpeed.objects.create(learner_id=1, course_id=0, rate=rate)
