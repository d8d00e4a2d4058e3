"""A course with an instructor who signs in, a learner who has it, and what they say."""

import uuid
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from community import comments, places
from community.models import Comment
from courses.models import CoursePage, LessonPage
from tests import factories
from tests.courses.conftest import give

TEXT = "先有人，后有货。一群人聚在一起，是因为信任。信任是一天天攒下来的，也会一天天花掉。"
QUOTE = "信任是一天天攒下来的"


@pytest.fixture
def teacher(db: None) -> User:
    return factories.UserFactory(name="周明远", email="zhou@example.com")


@pytest.fixture
def course(teacher: User) -> CoursePage:
    instructor = factories.InstructorFactory(name="周明远", account=teacher)
    page = factories.course(slug="yiqun", title="一群人的生意", instructor=instructor)
    factories.lesson(page, slug="00", title="免费的一讲", free_preview=True)
    factories.lesson(
        page,
        slug="01",
        title="信任",
        free_preview=False,
        audio=factories.MediaFactory(),
        body=[("text", f"<p>{TEXT}</p>")],
        transcript="",
    )
    return CoursePage.objects.get(pk=page.pk)


@pytest.fixture
def free(course: CoursePage) -> LessonPage:
    return LessonPage.objects.get(slug="00")


@pytest.fixture
def paid(course: CoursePage) -> LessonPage:
    return LessonPage.objects.get(slug="01")


@pytest.fixture
def learner(course: CoursePage) -> User:
    person = factories.UserFactory(name="林岚", email="linlan@example.com")
    give(person, course)
    return person


@pytest.fixture
def other(course: CoursePage) -> User:
    person = factories.UserFactory(name="陈一舟")
    give(person, course)
    return person


def as_(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def say(author: User, lesson: LessonPage, text: str = "说得对。", **more: Any) -> Comment:
    now: datetime = more.pop("now", timezone.now())
    return comments.say(
        author=author,
        place=places.of_lesson(author, lesson.pk),
        key=uuid.uuid4(),
        kind=more.pop("kind", "comment"),
        text=text,
        anchor=comments.Anchor(**more),
        now=now,
    )


def answer(author: User, to: Comment, text: str = "是这样。", **more: Any) -> Comment:
    return comments.answer(
        author=author,
        to=to,
        place=places.of_lesson(author, to.lesson_id),
        key=uuid.uuid4(),
        text=text,
        now=more.pop("now", timezone.now()),
    )


def post_of(text: str = "说得对。", **more: Any) -> dict[str, Any]:
    return {"key": str(uuid.uuid4()), "kind": "comment", "text": text, **more}


def talk(lesson: LessonPage) -> str:
    return f"/community/lessons/{lesson.pk}/"
