"""Where a learner stands in a lesson: what was folded and what was not yet, as one.

`LessonState.after(session)` is the rule by which sessions become progress. It does not matter in
which order sessions come, how often, or from how many devices.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    BooleanField,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Coalesce

from courses.models import LessonPage
from learning.models import LessonProgress, PlaySession, QuizAttempt
from learning.ranges import Ranges, seconds, union
from operations.prepared import Given, Prepared

HEARD_ENOUGH = 0.9
READ_ENOUGH = 0.98
AT_THE_END = 5.0


@dataclass(frozen=True)
class LessonState:
    ranges: Ranges = field(default_factory=list)
    duration: float = 0.0
    position: float = 0.0
    position_at: datetime | None = None
    read_to: float = 0.0
    studied_at: datetime | None = None
    done_at: datetime | None = None
    done_how: str = ""

    @property
    def is_done(self) -> bool:
        return self.done_at is not None

    @property
    def heard(self) -> float:
        return seconds(self.ranges)

    @property
    def resumes_at(self) -> float:
        """The position to go on from; the start again for who had come to the end."""
        at_end = self.duration and self.position > self.duration - AT_THE_END
        return 0.0 if at_end else self.position

    @property
    def part(self) -> float:
        """How much of the lesson, from 0 to 1, for the line that shows it."""
        if self.is_done:
            return 1.0
        return min(self.heard / self.duration, 1.0) if self.duration else self.read_to

    @property
    def comes_to(self) -> str:
        """How the lesson is done by what was heard or read; empty while it is not."""
        if self.duration:
            enough = self.heard >= HEARD_ENOUGH * self.duration
            return LessonProgress.DoneHow.HEARD if enough else ""
        return LessonProgress.DoneHow.READ if self.read_to >= READ_ENOUGH else ""

    def after(self, session: PlaySession, *, awaits_quiz: bool = False) -> "LessonState":
        """With what a session adds.

        It is done when a session brings it over the mark: whoever took the mark away by hand
        keeps it away. While it `awaits_quiz` it is not: passing that brings it there
        (`learning.progress.settle`). The position is the newest of a session that played.
        """
        at = session.studied_at
        studied_at = max(self.studied_at or at, at)
        duration = self.duration
        if self.studied_at is None or (at, session.duration) >= (self.studied_at, duration):
            duration = session.duration
        position, position_at = self.position, self.position_at
        if session.ranges and (
            position_at is None or (at, session.position) > (position_at, position)
        ):
            position, position_at = session.position, at
        state = replace(
            self,
            ranges=union(self.ranges, session.ranges),
            duration=duration,
            position=position,
            position_at=position_at,
            read_to=max(self.read_to, session.read_to),
            studied_at=studied_at,
        )
        if not awaits_quiz and not self.is_done and not self.comes_to and state.comes_to:
            return replace(state, done_at=studied_at, done_how=state.comes_to)
        return state


FIELDS = (
    "ranges",
    "duration",
    "position",
    "position_at",
    "read_to",
    "studied_at",
    "done_at",
    "done_how",
)


def awaits_quiz() -> Q:
    """A condition on rows with a learner and a lesson: its quiz counts, and was not passed yet."""
    counts = LessonPage.objects.filter(pk=OuterRef("lesson_id"), quiz_counts=True)
    passed = QuizAttempt.objects.filter(
        learner_id=OuterRef("learner_id"), lesson_id=OuterRef("lesson_id"), is_passed=True
    )
    return Q(Exists(counts.order_by()), ~Exists(passed))


def of_progress(row: LessonProgress) -> LessonState:
    return LessonState(**{name: getattr(row, name) for name in FIELDS})


def of(learner_id: int, lessons: Iterable[int] | QuerySet[Any]) -> dict[int, LessonState]:
    """By lesson, for those begun; `lessons` are ids or a query of ids. One query."""
    return _merged(_rows(learner_id=learner_id, lesson_id__in=lessons))


def of_one(learner_id: int, lesson_id: int) -> LessonState:
    """In this lesson. One query."""
    rows = ROWS_OF_ONE.rows(learner=learner_id, lesson=lesson_id)
    return _merged(rows).get(lesson_id, LessonState())


def _rows(**mine: Any) -> QuerySet[Any, tuple[Any, ...]]:
    """A lesson's id, what FIELDS name, whether it is of a session that was not yet folded, and then
    whether its lesson awaits its quiz."""
    at = Coalesce("played_at", "updated_at")
    never = Value(None, output_field=DateTimeField())
    folded = LessonProgress.objects.filter(**mine).values_list(
        "lesson_id", *FIELDS, Value(False), Value(False)
    )
    fresh = PlaySession.objects.filter(**mine, is_folded=False).values_list(
        "lesson_id",
        "ranges",
        "duration",
        "position",
        at,
        "read_to",
        at,
        never,
        Value(""),
        Value(True),
        ExpressionWrapper(awaits_quiz(), BooleanField()),
    )
    return folded.union(fresh, all=True)


ROWS_OF_ONE = Prepared(
    lambda: _rows(
        learner_id=Given("learner", BigIntegerField()),
        lesson_id=Given("lesson", BigIntegerField()),
    )
)


def _merged(rows: Iterable[tuple[Any, ...]]) -> dict[int, LessonState]:
    states: dict[int, LessonState] = {}
    sessions: list[PlaySession] = []
    awaiting: set[int] = set()
    for lesson_id, *values, is_session, awaits in rows:
        if awaits:
            awaiting.add(lesson_id)
        found = dict(zip(FIELDS, values, strict=True))
        if is_session:
            sessions.append(
                PlaySession(
                    lesson_id=lesson_id,
                    ranges=found["ranges"],
                    duration=found["duration"],
                    position=found["position"],
                    read_to=found["read_to"],
                    played_at=found["studied_at"],
                )
            )
        else:
            states[lesson_id] = LessonState(**found)
    for session in sorted(sessions, key=lambda each: each.studied_at):
        state = states.get(session.lesson_id, LessonState())
        waits = session.lesson_id in awaiting
        states[session.lesson_id] = state.after(session, awaits_quiz=waits)
    return states
