"""What other pages show of study."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import Client, RequestFactory

from accounts.models import User
from courses.models import CoursePage, LessonPage
from learning import progress, tokens
from tests.learning.conftest import Player, audio_course_of, lessons_of

pytestmark = pytest.mark.django_db


def context(user: User | AnonymousUser, **more: Any) -> Context:
    request = RequestFactory().get("/")
    request.user = user
    return Context({"request": request, **more})


def render(text: str, where: Context) -> str:
    return Template("{% load learning %}" + text).render(where)


STUDY = "{% lesson_study lesson as study %}"
PROGRESS = "{% course_progress course lessons as progress %}"


def test_a_visitor_gets_no_token(first: LessonPage) -> None:
    where = context(AnonymousUser(), lesson=first)
    assert render(STUDY + "[{{ study.token }}]", where) == "[]"
    assert render(STUDY + "{{ study.position }} {{ study.done }}", where) == "0.0 False"


def test_a_learner_gets_a_token_for_this_lesson_and_the_place_to_go_on(
    learner: User, first: LessonPage, django_assert_num_queries: Callable[..., Any]
) -> None:
    Player(learner, first).hear(42)
    with django_assert_num_queries(1):
        text = render(
            STUDY + STUDY + "{{ study.token }} {{ study.position }} {{ study.day_ends }}",
            context(learner, lesson=first),
        )
    token, position, day_ends = text.split(" ")
    read = tokens.read(token)
    assert (read.learner_id, read.lesson_id, read.duration) == (learner.pk, first.pk, 100)
    assert position == "42.0"
    assert int(day_ends) > 1_700_000_000_000


def test_a_course_shows_how_far_one_is(
    learner: User,
    audio_course: CoursePage,
    first: LessonPage,
    django_assert_num_queries: Callable[..., Any],
) -> None:
    lessons = lessons_of(audio_course)
    Player(learner, first).hear(100)
    Player(learner, lessons[1]).hear(50)
    where = context(learner, course=audio_course, lessons=lessons)
    with django_assert_num_queries(1):
        text = render(
            PROGRESS
            + PROGRESS
            + "{{ progress.done_count }} {{ progress.next_lesson.slug }} "
            + "{% for each in lessons %}{% with state=progress|of_lesson:each %}"
            + "{{ state.is_done }} {{ state.part }};{% endwith %}{% endfor %}",
            where,
        )
    assert text == "1 01 True 1.0;False 0.5;False 0.0;"


def test_a_course_without_its_lessons_at_hand_costs_one_query_too(
    learner: User, audio_course: CoursePage, first: LessonPage, django_assert_num_queries: Any
) -> None:
    Player(learner, first).hear(100)
    where = context(learner, course=audio_course)
    with django_assert_num_queries(1):
        text = render("{% course_progress course as p %}{{ p.done_count }}", where)
    assert text == "1"


def test_a_visitor_begins_at_the_beginning(audio_course: CoursePage) -> None:
    where = context(AnonymousUser(), course=audio_course, lessons=lessons_of(audio_course))
    assert render(
        PROGRESS + "{{ progress.done_count }} {{ progress.next_lesson.slug }}", where
    ) == ("0 00")


def test_a_course_of_many_lessons_costs_one_query(
    learner: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    from tests.factories import course
    from tests.learning.test_study_page import bulk, study_all

    page = course()
    bulk(page, 60)
    study_all(learner, page)
    Player(learner, lessons_of(page)[3]).send(read_to=1, wall=60)
    where = context(learner, course=page, lessons=lessons_of(page))
    with django_assert_num_queries(1):
        assert render(PROGRESS + "{{ progress.done_count }}", where) == "1"
    progress.fold()


def test_a_finished_course_has_no_next_lesson(learner: User) -> None:
    page = audio_course_of(lessons=1)
    lessons = lessons_of(page)
    Player(learner, lessons[0]).hear(100)
    where = context(learner, course=page, lessons=lessons)
    assert render(PROGRESS + "{{ progress.next_lesson }}", where) == "None"


def test_the_front_page_goes_on_for_learners_only(
    client: Client, learner: User, first: LessonPage
) -> None:
    assert "going-on" not in client.get("/").content.decode()
    client.force_login(learner)
    assert "going-on" not in client.get("/").content.decode()
    Player(learner, first).hear(40)
    assert "going-on" in client.get("/").content.decode()
