"""Whether a learner has done what an editor asks for a certificate."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import ceil

from django.db.models import F, FloatField, Max
from django.db.models.functions import Cast

from courses.models import CoursePage, LessonPage, TrackPage
from learning.models import QuizAttempt

type Target = CoursePage | TrackPage


@dataclass(frozen=True)
class Standing:
    """How far somebody is towards a certificate; percents as asked and as they are."""

    done: int  # of the lessons that count
    of: int
    asked_lessons: int
    asked_score: int  # 0 where no quiz counts
    score: float = 0.0

    @property
    def needed(self) -> int:
        """How many lessons that is."""
        return ceil(self.of * self.asked_lessons / 100)

    @property
    def lessons_left(self) -> int:
        return max(self.needed - self.done, 0)

    @property
    def shown_score(self) -> int:
        return int(self.score)

    @property
    def is_scored(self) -> bool:
        return self.score >= self.asked_score

    @property
    def is_met(self) -> bool:
        return self.of > 0 and self.lessons_left == 0 and self.is_scored


def measure(
    target: Target, lessons: Iterable[LessonPage], done: Collection[int], learner_id: int | None
) -> Standing:
    """By the target's `lessons` that stand, and which of them are `done`.

    One query where a score is asked and quizzes stand; else none. Lessons that are planned but not
    out yet are to be done, too.
    """
    every = list(lessons)
    regular = [each.pk for each in every if each.kind == LessonPage.Kind.REGULAR]
    counted = regular or [each.pk for each in every]
    quizzes = [each.pk for each in every if each.quiz_questions]
    planned = target.lessons_in_all if isinstance(target, CoursePage) else 0
    asks_score = bool(target.certificate_score and quizzes)
    return Standing(
        done=sum(pk in done for pk in counted),
        of=len(counted) + max(planned - len(every), 0),
        asked_lessons=target.certificate_lessons,
        asked_score=target.certificate_score if asks_score else 0,
        score=average(learner_id, quizzes) if asks_score and learner_id else 0.0,
    )


def average(learner_id: int, lesson_ids: Collection[int]) -> float:
    """The best share of each quiz in percent, on average; one that was not tried counts 0."""
    share = Cast("points", FloatField()) * 100 / F("out_of")
    best = (
        QuizAttempt.objects.filter(
            learner_id=learner_id,
            lesson_id__in=lesson_ids,
            finished_at__isnull=False,
            out_of__gt=0,
        )
        .order_by()
        .values("lesson_id")
        .annotate(best=Max(share))
        .values_list("best", flat=True)
    )
    return round(sum(best) / len(lesson_ids), 6) if lesson_ids else 0.0
