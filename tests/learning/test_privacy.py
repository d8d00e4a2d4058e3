"""What learning holds about a person goes out with them, and away with them."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from accounts import privacy
from accounts.models import User
from courses.models import LessonPage
from learning import goals, progress
from learning.models import LearnerGoals, LessonProgress, PlaySession, StudyDay
from operations import clock as site_clock
from tests.factories import UserFactory
from tests.learning.conftest import Player

pytestmark = pytest.mark.django_db


def study(learner: User, lesson: LessonPage) -> Player:
    player = Player(learner, lesson)
    player.hear(95)
    goals.change(learner=learner, minutes=30, days=4, sentences=5)
    progress.fold()
    return player


def exported(learner: User) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(privacy.export(learner))) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_all_that_was_studied_is_in_the_export(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    at("2026-11-23T12:00+08:00")
    study(learner, first)
    study(UserFactory(), first)
    files = exported(learner)
    [lesson] = files["learning.lessonprogress.json"]
    assert (lesson["lesson_id"], lesson["ranges"]) == (first.pk, [[0, 95]])
    assert lesson["done_how"] == "heard"
    assert [day["day"] for day in files["learning.studyday.json"]] == ["2026-11-23"]
    assert len(files["learning.playsession.json"]) == 1
    assert files["learning.learnergoals.json"] == [{"minutes": 30, "days": 4, "sentences": 5}]


def test_deleting_an_account_takes_its_study_away_and_nobody_elses(
    learner: User, first: LessonPage
) -> None:
    player = study(learner, first)
    other = UserFactory()
    study(other, first)
    privacy.erase(user=learner, now=site_clock.now())
    for model in (PlaySession, LessonProgress, StudyDay):
        assert list(model.objects.values_list("learner_id", flat=True)) == [other.pk]
    assert list(LearnerGoals.objects.values_list("learner_id", flat=True)) == [other.pk]
    player.hear(100)  # a page left open somewhere
    progress.fold()
    assert not LessonProgress.objects.filter(learner_id=learner.pk).exists()
    assert not PlaySession.objects.filter(learner_id=learner.pk).exists()
