"""{% quiz_standing lesson as quiz %}: `quiz.standing` (learning.quizzes.Standing), and whether the
lesson is not done before its quiz is passed. One query, and none for visitors or where the lesson
has no quiz."""

from dataclasses import dataclass, field

from django import template
from django.template.context import Context

from courses.models import LessonPage
from learning import quizzes
from learning.quizzes import Standing
from learning.templatetags.learning import learner_of

register = template.Library()


@dataclass(frozen=True)
class LessonQuiz:
    standing: Standing = field(default_factory=Standing)
    is_awaited: bool = False


@register.simple_tag(takes_context=True)
def quiz_standing(context: Context, lesson: LessonPage) -> LessonQuiz:
    learner = learner_of(context)
    if learner is None or not lesson.quiz_questions:
        return LessonQuiz()
    standing = quizzes.standing(learner.pk, lesson.pk)
    return LessonQuiz(standing, lesson.quiz_counts and not standing.is_passed)


@register.filter
def judged(judging: object, number: int) -> object:
    """The field for the learner's own word on the question of this number; None for others."""
    name = f"q{number - 1}"
    return judging[name] if name in getattr(judging, "fields", ()) else None  # type: ignore[index]
