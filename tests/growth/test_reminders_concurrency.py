"""Reminders whose jobs run twice at once, on PostgreSQL."""

from datetime import time, timedelta

import pytest
from django.utils import timezone

from accounts.models import OutboxMessage
from growth import absences, continuing
from growth.models import AbsenceMail
from learning.models import LessonProgress
from operations import clock
from tests.factories import UserFactory, course, lesson
from tests.learning.test_quizzes_concurrency import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_chosen_reminder_is_one_mail_however_many_send_it() -> None:
    learner, page = UserFactory(), lesson(course(), free_preview=True)
    by = continuing.By.MAIL
    at_once(
        lambda: continuing.choose(
            learner=learner, lesson=page, at=time(21, 30), by=by, now=clock.now()
        )
    )
    due_at = continuing.due(learner, time(21, 30), now=clock.now())
    at_once(lambda: continuing.send_due(now=due_at))
    assert OutboxMessage.objects.filter(key__startswith="continue-").count() == 1


def test_who_is_absent_gets_one_mail_however_many_send_it() -> None:
    learner, page = UserFactory(), lesson(course(), free_preview=True)
    evening = timezone.localtime(clock.now()).replace(hour=20, minute=30)
    LessonProgress.objects.create(
        learner_id=learner.pk,
        lesson_id=page.pk,
        course_id=page.get_parent().pk,
        read_to=0.5,
        studied_at=evening - timedelta(hours=73),
    )
    at_once(lambda: absences.remind_all(now=evening))
    assert AbsenceMail.objects.count() == 1
    assert OutboxMessage.objects.filter(key__startswith="absence-").count() == 1
