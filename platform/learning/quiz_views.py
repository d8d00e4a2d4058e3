"""The page of a lesson's quiz: what it asks, then, once answered, what is right and why.

Who may open the lesson may try it, signed in; visitors of a free one are invited to.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.limits import limited
from accounts.models import User
from courses.models import CoursePage, LessonPage
from learning import cards, quiz_shown, quizzes
from learning.models import QuizAttempt
from learning.quiz_forms import JudgeForm, QuizForm
from learning.views import open_lesson
from operations import clock

type Step = Callable[[HttpRequest, User, LessonPage, CoursePage], HttpResponse]


@never_cache
@require_safe
def quiz(request: HttpRequest, lesson_id: int) -> HttpResponse:
    lesson, course = open_lesson(request, lesson_id)
    attempt = None
    if request.user.is_authenticated:
        attempt = quizzes.latest(request.user.pk, lesson.pk)
    if attempt is None and not lesson.quiz_questions:
        raise Http404
    return _page(request, lesson, course, attempt)


def step(act: Step) -> Callable[[HttpRequest, int], HttpResponse]:
    """Something a learner does in a quiz that is open to them; a visitor signs in first."""

    act = limited("quiz")(act)

    @never_cache
    @require_POST
    @wraps(act)
    def view(request: HttpRequest, lesson_id: int) -> HttpResponse:
        lesson, course = open_lesson(request, lesson_id)
        if not request.user.is_authenticated:
            return redirect_to_login(reverse("study_quiz", args=[lesson.pk]))
        return act(request, request.user, lesson, course)

    return view


@step
def start(
    request: HttpRequest, learner: User, lesson: LessonPage, course: CoursePage
) -> HttpResponse:
    """Draws the questions of a new attempt, if none is open."""
    try:
        quizzes.start(learner=learner, lesson=lesson, now=clock.now())
    except quizzes.NoQuiz as no_quiz:
        raise Http404 from no_quiz
    return redirect("study_quiz", lesson.pk)


@step
def answer(
    request: HttpRequest, learner: User, lesson: LessonPage, course: CoursePage
) -> HttpResponse:
    """POST `attempt`, its number, and an answer for each question."""
    attempt = _posted_to(request, learner, lesson)
    if attempt and not attempt.is_answered:
        form = QuizForm(quizzes.questions_of(attempt), request.POST)
        if not form.is_valid():
            return _page(request, lesson, course, attempt, form=form, status=422)
        quizzes.answer(
            learner=learner,
            lesson=lesson,
            course=course,
            number=attempt.number,
            given=form.given,
            now=clock.now(),
        )
    return redirect("study_quiz", lesson.pk)


@step
def judge(
    request: HttpRequest, learner: User, lesson: LessonPage, course: CoursePage
) -> HttpResponse:
    """POST `attempt` and whether each of its short answers is right, by the learner's own word."""
    attempt = _posted_to(request, learner, lesson)
    if attempt and attempt.is_answered and not attempt.is_finished:
        form = JudgeForm(quizzes.needs_judging(attempt), request.POST)
        if not form.is_valid():
            return _page(request, lesson, course, attempt, judging=form, status=422)
        quizzes.judge(
            learner=learner,
            lesson=lesson,
            course=course,
            number=attempt.number,
            right=form.right,
            now=clock.now(),
        )
    return redirect("study_quiz", lesson.pk)


@step
def collect(
    request: HttpRequest, learner: User, lesson: LessonPage, course: CoursePage
) -> HttpResponse:
    """POST `attempt` and `card`: 1 makes review cards of its questions, 0 takes them away.
    `?question=` is the number of one; else it is about all that were answered wrong."""
    attempt = _posted_to(request, learner, lesson)
    if attempt and attempt.is_answered:
        named = request.GET.get("question")
        chosen = [
            each.question
            for each in quiz_shown.results(attempt)
            if (str(each.number) == named if named else each.is_right is False)
        ]
        if request.POST.get("card") != "1":
            cards.drop_questions(attempt, chosen)
            return redirect("study_quiz", lesson.pk)
        try:
            cards.collect_questions(
                attempt, chosen, learner=learner, course_id=course.pk, now=clock.now()
            )
        except cards.TooMany as refused:
            messages.error(request, str(refused))
    return redirect("study_quiz", lesson.pk)


def _posted_to(request: HttpRequest, learner: User, lesson: LessonPage) -> QuizAttempt | None:
    """The latest attempt, if the form is of that one: an older tab answers nothing."""
    attempt = quizzes.latest(learner.pk, lesson.pk)
    is_it = attempt is not None and request.POST.get("attempt") == str(attempt.number)
    return attempt if is_it else None


def _page(
    request: HttpRequest,
    lesson: LessonPage,
    course: CoursePage,
    attempt: QuizAttempt | None,
    *,
    form: QuizForm | None = None,
    judging: JudgeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {"lesson": lesson, "course": course, "attempt": attempt}
    if attempt is None:
        return render(request, "learning/quiz.html", context)
    context["standing"] = quizzes.standing(attempt.learner_id, lesson.pk)
    if not attempt.is_answered:
        form = form or QuizForm(quizzes.questions_of(attempt))
        context |= {"form": form, "asked": quiz_shown.asked(attempt, form)}
        return render(request, "learning/quiz.html", context, status=status)
    if not attempt.is_finished:
        context["judging"] = judging or JudgeForm(quizzes.needs_judging(attempt))
    results = quiz_shown.results(attempt)
    collected = cards.questions_of(attempt.learner_id, lesson.pk)
    wrong = [each for each in results if each.is_right is False]
    context |= {
        "results": results,
        "collected": collected,
        "wrong": [each for each in wrong if each.question.key not in collected],
    }
    return render(request, "learning/quiz.html", context, status=status)
