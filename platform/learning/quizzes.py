"""Trying a lesson's quiz: one attempt at a time, answered once; the best one is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import SystemRandom

from django.db import transaction
from django.db.models import F, FloatField, Max
from django.db.models.functions import Cast

from accounts.models import User
from courses import quizzes
from courses.models import CoursePage, LessonPage
from courses.quizzes import Kind, Question
from learning import ledger, marking, progress
from learning.marking import Answered, Given
from learning.models import LedgerEntry, QuizAttempt


class NoQuiz(Exception):
    """The lesson has no quiz any more."""


@dataclass(frozen=True)
class Standing:
    """How a learner stands in a lesson's quiz."""

    points: int = 0  # of the best attempt
    out_of: int = 0
    is_passed: bool = False

    @property
    def has_finished(self) -> bool:
        return self.out_of > 0


def standing(learner_id: int, lesson_id: int) -> Standing:
    """By the best attempt: one that passed, then the one with most right. One query."""
    share = Cast("points", FloatField()) / F("out_of")
    finished = QuizAttempt.objects.filter(
        learner_id=learner_id, lesson_id=lesson_id, finished_at__isnull=False
    ).annotate(share=share)
    best = finished.order_by("-is_passed", "-share", "number").values_list(
        "points", "out_of", "is_passed"
    )
    found = best.first()
    return Standing(*found) if found else Standing()


def latest(learner_id: int, lesson_id: int) -> QuizAttempt | None:
    rows = QuizAttempt.objects.filter(learner_id=learner_id, lesson_id=lesson_id)
    return rows.order_by("-number").first()


def questions_of(attempt: QuizAttempt) -> list[Question]:
    return [Question.read(row) for row in attempt.questions]


def answers_of(attempt: QuizAttempt) -> list[Answered]:
    return [Answered(**row) for row in attempt.answers]


def start(*, learner: User, lesson: LessonPage, now: datetime) -> QuizAttempt:
    """A new attempt, or the one that is open. Raises NoQuiz."""
    mine = QuizAttempt.objects.filter(learner_id=learner.pk, lesson_id=lesson.pk)
    if found := mine.filter(finished_at=None).first():
        return found
    drawn = quizzes.draw(lesson.quiz, SystemRandom())
    if not drawn:
        raise NoQuiz
    attempt = QuizAttempt(
        learner_id=learner.pk,
        lesson_id=lesson.pk,
        number=(mine.aggregate(last=Max("number"))["last"] or 0) + 1,
        questions=[question.written for question in drawn],
        out_of=len(drawn),
        started_at=now,
    )
    # Whoever taps twice gets one: the second row would be open beside the first.
    QuizAttempt.objects.bulk_create([attempt], ignore_conflicts=True)
    return mine.latest("number")


def answer(
    *,
    learner: User,
    lesson: LessonPage,
    course: CoursePage,
    number: int,
    given: Sequence[Given],
    now: datetime,
) -> None:
    """Hand in the answers, one for each question. What was handed in before stays."""
    progress.fold_learner(learner.pk)
    with transaction.atomic():
        attempt = _locked(learner, lesson, number, answered_at=None)
        if attempt is None:
            return
        asked = questions_of(attempt)
        answers = [marking.mark(*each) for each in zip(asked, given, strict=True)]
        attempt.answered_at = now
        _keep(attempt, answers, learner=learner, lesson=lesson, course=course, now=now)


def judge(
    *,
    learner: User,
    lesson: LessonPage,
    course: CoursePage,
    number: int,
    right: Sequence[bool],
    now: datetime,
) -> None:
    """The learner's own word on each short answer, in order. It is given once."""
    progress.fold_learner(learner.pk)
    with transaction.atomic():
        attempt = _locked(learner, lesson, number, answered_at__isnull=False, finished_at=None)
        if attempt is None:
            return
        words = iter(right)
        answers = [
            Answered(each.given, next(words)) if each.is_right is None else each
            for each in answers_of(attempt)
        ]
        _keep(attempt, answers, learner=learner, lesson=lesson, course=course, now=now)


def _locked(learner: User, lesson: LessonPage, number: int, **still: object) -> QuizAttempt | None:
    mine = QuizAttempt.objects.filter(learner_id=learner.pk, lesson_id=lesson.pk, number=number)
    return mine.filter(**still).select_for_update().first()


def _keep(
    attempt: QuizAttempt,
    answers: list[Answered],
    *,
    learner: User,
    lesson: LessonPage,
    course: CoursePage,
    now: datetime,
) -> None:
    """With nothing left to judge the attempt is finished, and counts."""
    attempt.answers = [each.written for each in answers]
    if any(each.is_right is None for each in answers):
        attempt.save()
        return
    passed_before = standing(learner.pk, lesson.pk).is_passed
    attempt.finished_at = now
    attempt.points = sum(each.is_right is True for each in answers)
    attempt.is_passed = attempt.points * 100 >= course.pass_percent * attempt.out_of
    attempt.save()
    ledger.append(
        learner=learner,
        kind=LedgerEntry.Kind.QUIZ,
        key=f"quiz:{lesson.pk}:{attempt.number}",
        at=now,
        course_id=course.pk,
        lesson_id=lesson.pk,
        words=f"{attempt.points}/{attempt.out_of}",
    )
    if lesson.quiz_counts and attempt.is_passed and not passed_before:
        progress.settle(learner=learner, lesson=lesson, now=now)


def needs_judging(attempt: QuizAttempt) -> list[int]:
    """The places of the short answers."""
    return [place for place, each in enumerate(questions_of(attempt)) if each.kind is Kind.SHORT]
