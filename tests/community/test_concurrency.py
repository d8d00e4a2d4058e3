"""A form sent from several tabs at once, on PostgreSQL."""

import uuid
from typing import Any

import pytest

from accounts.models import OutboxMessage
from community import comments, moderation, places
from community.models import Comment, Like, Report
from tests import factories
from tests.learning.test_concurrency import NOW
from tests.learning.test_quizzes_concurrency import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_saying_answering_liking_and_reporting_at_once_counts_once() -> None:
    learner, teacher = factories.UserFactory(), factories.UserFactory()
    course = factories.course(instructor=factories.InstructorFactory(account=teacher))
    lesson = factories.lesson(course, free_preview=True)
    key, answer_key = uuid.uuid4(), uuid.uuid4()

    def say() -> None:
        place = places.of_lesson(learner, lesson.pk)
        said: dict[str, Any] = {"key": key, "kind": "question", "text": "为什么？"}
        comments.say(author=learner, place=place, now=NOW, **said)

    at_once(say)
    question = Comment.objects.get()

    def answer() -> None:
        place = places.of_lesson(teacher, lesson.pk)
        said: dict[str, Any] = {"to": question, "key": answer_key, "text": "因为。"}
        comments.answer(author=teacher, place=place, now=NOW, **said)

    at_once(answer)
    assert Comment.objects.filter(parent=question, by_instructor=True).count() == 1
    assert OutboxMessage.objects.filter(key__startswith="answer:").count() == 1

    def react() -> None:
        comments.like(question, user=teacher, now=NOW)
        moderation.report(question, reporter=teacher, reason="other", now=NOW)

    at_once(react)
    assert (Like.objects.count(), Report.objects.count()) == (1, 1)
