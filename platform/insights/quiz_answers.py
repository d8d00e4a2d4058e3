"""How a lesson's quiz is answered at first try: which question teaches, and which misleads."""

from collections import Counter
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from courses.models import LessonPage
from courses.quizzes import Question, all_of
from insights.charts import RowBar
from learning.models import QuizAttempt

NEWEST = 1000  # first attempts that are counted: an older one may be of another text


@require_safe
def quiz_answers(request: HttpRequest, page_id: int) -> HttpResponse:
    """For those who may edit the lesson."""
    lesson = get_object_or_404(LessonPage, id=page_id)  # by pk, numbers too large would raise
    if not lesson.permissions_for_user(request.user).can_edit():
        raise PermissionDenied
    found = first_attempts(lesson)
    context: dict[str, Any] = {
        "page_title": _("How the quiz is answered"),
        "lesson": lesson,
        "attempts": len(found),
        "rows": rows(list(all_of(lesson.quiz)), found),
    }
    return TemplateResponse(request, "insights/quiz_answers.html", context)


type Answers = list[tuple[str, bool]]  # questions by their keys, and whether each was right


def first_attempts(lesson: LessonPage) -> list[Answers]:
    """The finished first attempts, the newest. One query."""
    attempts = QuizAttempt.objects.filter(
        lesson_id=lesson.pk, number=1, finished_at__isnull=False
    ).order_by("-finished_at")
    return [
        [
            (question["key"], answer["is_right"])
            for question, answer in zip(questions, answers, strict=True)
        ]
        for questions, answers in attempts.values_list("questions", "answers")[:NEWEST]
    ]


def rows(questions: list[Question], attempts: list[Answers]) -> list[RowBar]:
    """A row for each question that the quiz has now."""
    asked = Counter(key for attempt in attempts for key, _right in attempt)
    right = Counter(key for attempt in attempts for key, is_right in attempt if is_right)
    return [
        RowBar(
            label=question.prompt,
            shown=(f"{right[question.key]}/{asked[question.key]}", _share(question, asked, right)),
            share=round(100 * right[question.key] / max(asked[question.key], 1)),
        )
        for question in questions
    ]


def _share(question: Question, asked: Counter[str], right: Counter[str]) -> str:
    if not asked[question.key]:
        return "–"
    return f"{round(100 * right[question.key] / asked[question.key])}%"
