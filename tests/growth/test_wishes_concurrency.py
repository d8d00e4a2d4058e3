"""Wishes made and told from many sides at once, on PostgreSQL."""

import pytest
from django.utils import timezone

from accounts.models import OutboxMessage
from courses.models import CoursePage
from growth import wishes
from growth.models import Wish
from operations import clock
from tests.factories import UserFactory
from tests.learning.test_quizzes_concurrency import at_once
from tests.payments.factories import planned_course

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_doubled_tap_is_one_wish_and_two_runs_are_one_mail() -> None:
    page, learner, now = planned_course(), UserFactory(), clock.now()
    at_once(lambda: wishes.make(learner=learner, course=page, now=now))
    assert Wish.objects.count() == 1
    CoursePage.objects.filter(pk=page.pk).update(opens_on=timezone.localdate(now))
    at_once(lambda: wishes.tell_all(now=now))
    assert OutboxMessage.objects.filter(key__startswith="wish-open-").count() == 1
