"""Editors write a quiz in the admin; what cannot be answered is refused at its place."""

import re
from typing import Any

import pytest
from wagtail.test.utils.form_data import streamfield

from courses import quizzes
from courses.models import LessonPage
from tests.courses.test_admin import add, lesson_form


def listed(*values: Any) -> dict[str, Any]:
    """A list of blocks as the admin posts it."""
    rows = {
        str(place): {"deleted": "", "order": str(place), "id": "", "value": value}
        for place, value in enumerate(values)
    }
    return {"count": str(len(values)), **rows}


def choices(*right: bool) -> dict[str, Any]:
    texts = enumerate(right)
    made = [
        {"text": f"选项{n}", "why": ""} | ({"is_right": "on"} if is_right else {})
        for n, is_right in texts
    ]
    return listed(*made)


def single(*right: bool) -> tuple[str, dict[str, Any]]:
    return "single", {"prompt": "哪一个？", "choices": choices(*right), "why": ""}


def order(*items: str) -> tuple[str, dict[str, Any]]:
    return "order", {"prompt": "排一排。", "items": listed(*items), "why": ""}


def fill(*accepted: str) -> tuple[str, dict[str, Any]]:
    return "fill", {"prompt": "填一填。", "accepted": listed(*accepted), "why": ""}


def pool(ask: int, *questions: Any) -> tuple[str, dict[str, Any]]:
    return "pool", {"ask": str(ask), "questions": streamfield(list(questions))}


def multiple(*right: bool) -> tuple[str, dict[str, Any]]:
    return "multiple", single(*right)[1]


def same() -> tuple[str, dict[str, Any]]:
    return order("甲", " 甲 ")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (single(False, False), "单选题要有且只有一个正确选项。"),
        (single(True, True), "单选题要有且只有一个正确选项。"),
        (single(True), "至少要有两条。"),
        (multiple(False, False), "至少要有一个正确选项。"),
        (order("甲"), "至少要有两条。"),
        (same(), "有两条写得一样。"),
        (order("甲", ""), "请填写这一项。"),
        (fill(), "至少写一个答案。"),
        (pool(2, single(True, False)), "题库里没有这么多题。"),
        (pool(1, single(True, True)), "单选题要有且只有一个正确选项。"),
    ],
)
def test_what_cannot_be_answered_is_refused(client, editor, course, wrong, said):
    answer = add(client, course, **{"quiz": streamfield([wrong]), "action-publish": "1"})
    assert answer.status_code == 200
    html = answer.content.decode()
    assert said in re.sub(r"\\+u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), html)
    assert not LessonPage.objects.filter(slug="10").exists()


def test_a_draft_may_be_unfinished(client, editor, course):
    add(client, course, quiz=streamfield([single(True), pool(3)]))
    assert LessonPage.objects.get(slug="10").quiz_questions == 1


def test_a_quiz_is_published_and_previewed_with_its_answers(client, editor, course):
    quiz = streamfield([single(True, False), pool(1, order("来信", "回信"), fill("三万"))])
    answer = add(client, course, **{"quiz": quiz, "action-publish": "1"})
    assert answer.status_code == 302
    lesson = LessonPage.objects.get(slug="10")
    assert lesson.quiz_questions == 2
    assert "三万" not in client.get(lesson.url).content.decode()
    client.post(f"/admin/pages/{lesson.pk}/edit/preview/", lesson_form(quiz=quiz))
    shown = client.get(f"/admin/pages/{lesson.pk}/edit/preview/?mode=buyer").content.decode()
    assert "三万" in shown
    assert "来信" in shown


def test_a_copy_brings_its_quiz_and_the_ids_of_its_questions(client, editor, course):
    add(client, course, **{"quiz": streamfield([single(True, False)]), "action-publish": "1"})
    lesson = LessonPage.objects.get(slug="10")
    copy = lesson.copy(update_attrs={"slug": "11"})
    assert [*quizzes.all_of(copy.quiz)] == [*quizzes.all_of(lesson.quiz)]
    assert copy.quiz_questions == 1
