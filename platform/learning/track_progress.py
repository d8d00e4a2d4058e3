"""How far a learner is on a track: by stage, and what is next. Counted, never copied, so a track
that changes keeps what was done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from accounts.models import User
from courses import queries as catalogue
from courses import tracks
from courses.models import TrackPage
from courses.tracks import Path, PathLesson, Stage
from learning import states
from learning.models import TrackEnrolment
from learning.states import LessonState

type StepState = Literal["done", "now", "ahead"]


@dataclass(frozen=True)
class StageProgress:
    stage: Stage
    done: int
    state: StepState
    waits: bool = False  # for the one before it: its track goes in order

    @property
    def of(self) -> int:
        return len(self.stage.lessons)

    @property
    def label(self) -> str:
        return self.stage.title


@dataclass(frozen=True)
class TrackProgress:
    path: Path
    enrolment: TrackEnrolment | None
    lessons: dict[int, LessonState]  # those begun, by id

    @property
    def track(self) -> TrackPage:
        return self.path.track

    @property
    def is_enrolled(self) -> bool:
        return self.enrolment is not None and self.enrolment.is_going

    @property
    def is_task_done(self) -> bool:
        return self.enrolment is not None and self.enrolment.is_task_done

    @cached_property
    def stages(self) -> list[StageProgress]:
        """The first one that is not done is the one where an enrolled learner is."""
        found: list[StageProgress] = []
        is_here = self.is_enrolled
        in_order = self.is_enrolled and self.track.in_order
        for stage in self.path.stages:
            done = sum(self.is_done(each) for each in stage.lessons)
            state: StepState = "done" if stage.lessons and done == len(stage.lessons) else "ahead"
            if state == "ahead" and is_here:
                state, is_here = "now", False
            waits = in_order and state == "ahead"
            found.append(StageProgress(stage, done, state, waits))
        return found

    @property
    def done(self) -> int:
        return sum(stage.done for stage in self.stages)

    @property
    def of(self) -> int:
        return len(self.path.lessons)

    @property
    def are_lessons_done(self) -> bool:
        return self.of > 0 and all(stage.state == "done" for stage in self.stages)

    @property
    def task_state(self) -> StepState:
        if self.is_task_done:
            return "done"
        return "now" if self.is_enrolled and self.are_lessons_done else "ahead"

    @property
    def is_finished(self) -> bool:
        return self.is_task_done and self.are_lessons_done

    @cached_property
    def next(self) -> PathLesson | None:
        """The first lesson to do that is open to the learner, and whose stage is reached."""
        waiting = {each.lesson.pk for s in self.stages if s.waits for each in s.stage.lessons}
        reached = (each for each in self._to_do() if each.lesson.pk not in waiting)
        return next((each for each in reached if each.row.opens), None)

    @cached_property
    def shut(self) -> PathLesson | None:
        """The first lesson to do, if it is not open to the learner."""
        first = next(iter(self._to_do()), None)
        return first if first and not first.row.opens else None

    def is_done(self, each: PathLesson) -> bool:
        state = self.lessons.get(each.lesson.pk)
        return state is not None and state.is_done

    def _to_do(self) -> Iterable[PathLesson]:
        return (each for each in self.path.lessons if not self.is_done(each))


def of(learner: User | None, paths: Sequence[Path]) -> list[TrackProgress]:
    """On each of these paths. Two queries; none for visitors."""
    if learner is None:
        return [TrackProgress(path, None, {}) for path in paths]
    ids = [path.track.pk for path in paths]
    rows = TrackEnrolment.objects.filter(learner_id=learner.pk, track_id__in=ids)
    enrolments = {row.track_id: row for row in rows}
    found = _states(learner, paths)
    return [TrackProgress(path, enrolments.get(path.track.pk), found) for path in paths]


def tracks_of(learner: User, *, now: datetime) -> list[TrackProgress]:
    """The published tracks that a learner goes, the one joined last first. Constant queries."""
    rows = TrackEnrolment.objects.filter(learner_id=learner.pk, left_at=None)
    enrolments = {row.track_id: row for row in rows.order_by("-enrolled_at", "-track_id")}
    if not enrolments:
        return []
    pages = {page.pk: page for page in catalogue.live_tracks().filter(pk__in=enrolments)}
    going = [pages[pk] for pk in enrolments if pk in pages]
    paths = tracks.paths(going, learner, now=now)
    found = _states(learner, paths)
    return [TrackProgress(path, enrolments[path.track.pk], found) for path in paths if path.stages]


def _states(learner: User, paths: Sequence[Path]) -> dict[int, LessonState]:
    ids = {each.lesson.pk for path in paths for each in path.lessons}
    return states.of(learner.pk, ids) if ids else {}
