"""What the end of a lesson offers who came to it: its question, a sentence to mark, what is next.
No offers of anything for sale."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from courses import access, outline
from courses.models import CoursePage, LessonPage
from growth import closing_sentences
from growth.closing_sentences import Sentence
from learning import certificate_offer, states, track_progress
from learning.certificate_offer import Offer
from learning.note_places import Place
from learning.states import LessonState


@dataclass(frozen=True)
class Next:
    """Open to the learner, and not done; `track`: whose it is, where the learner's track leads out
    of the course's order."""

    lesson: LessonPage
    course: CoursePage
    label: str
    track: str = ""
    is_neighbour: bool = False  # the lesson's page leads there by itself


@dataclass(frozen=True)
class Closing:
    lesson: LessonPage
    course: CoursePage
    question: str
    sentence: Sentence | None
    is_marked: bool
    next: Next | None
    certificate: Offer | None  # where there is nothing left to do


def of(learner: User, place: Place, *, now: datetime) -> Closing:
    """Of a lesson that is open to the learner; a constant number of queries. `place` is not an
    article's."""
    lesson, course = place.page, place.course
    if not isinstance(lesson, LessonPage) or course is None:
        raise TypeError(lesson)
    sentence = closing_sentences.of(lesson)
    has_grant = access.to_course(learner, course, now=now).has_grant
    rows = outline.number_rows(course, outline.lessons_of(course), has_grant=has_grant)
    found = states.of(learner.pk, [row.lesson.pk for row in rows])
    upcoming = _on_track(learner, lesson, now=now) or _in_course(course, rows, lesson, found)
    return Closing(
        lesson=lesson,
        course=course,
        question=question_of(lesson),
        sentence=sentence,
        is_marked=sentence is not None
        and closing_sentences.is_marked(sentence, learner.pk, lesson.pk),
        next=upcoming,
        certificate=None if upcoming else _certificate(learner, course, rows, found),
    )


def question_of(lesson: LessonPage) -> str:
    """The last one to ponder."""
    asked = [block["value"] for block in lesson.body.raw_data if block["type"] == "question"]
    return str(asked[-1]["text"]) if asked else ""


def _in_course(
    course: CoursePage,
    rows: list[outline.OutlineRow],
    lesson: LessonPage,
    found: dict[int, LessonState],
) -> Next | None:
    """The first to do after this lesson, if it is open; at the end of the course, what was passed
    over."""
    here = next((place for place, row in enumerate(rows) if row.lesson.pk == lesson.pk), -1)
    around = rows[here + 1 :] + rows[: max(here, 0)]
    row = next((row for row in around if not _is_done(row.lesson, found)), None)
    if row is None or not row.opens:
        return None
    return Next(row.lesson, course, row.name, is_neighbour=row in rows[here + 1 : here + 2])


def _on_track(learner: User, lesson: LessonPage, *, now: datetime) -> Next | None:
    """Of the track joined last in which this lesson stands, where that leads to another course."""
    for going in track_progress.tracks_of(learner, now=now):
        path = going.path.lessons
        here = next((i for i, each in enumerate(path) if each.lesson.pk == lesson.pk), None)
        if here is None:
            continue
        waiting = {each.lesson.pk for s in going.stages if s.waits for each in s.stage.lessons}
        todo = (each for each in path[here + 1 :] if each.row.opens and not going.is_done(each))
        step = next((each for each in todo if each.lesson.pk not in waiting), None)
        if step and step.lesson.path[: -LessonPage.steplen] != lesson.path[: -LessonPage.steplen]:
            return Next(step.lesson, step.course, step.row.name, going.track.title)
        return None
    return None


def _certificate(
    learner: User,
    course: CoursePage,
    rows: list[outline.OutlineRow],
    found: dict[int, LessonState],
) -> Offer | None:
    done = {pk for pk, state in found.items() if state.is_done}
    return certificate_offer.offer(learner, course, [row.lesson for row in rows], done)


def _is_done(lesson: LessonPage, found: dict[int, LessonState]) -> bool:
    return lesson.pk in found and found[lesson.pk].is_done
