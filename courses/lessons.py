"""What must be kept true of lessons when they change."""

import math

from courses.models import CoursePage, LessonPage
from courses.transcripts import BrokenTranscript, parse

CHARACTERS_PER_MINUTE = 400


def count_characters(lesson: LessonPage) -> int:
    """How long the text is: the body's characters, or the transcript's when there is no body."""
    if lesson.body:
        return sum(
            len(text) for text in lesson.body.stream_block.get_searchable_content(lesson.body)
        )
    try:
        return sum(len(cue.text) for cue in parse(lesson.transcript)) if lesson.transcript else 0
    except BrokenTranscript:
        return 0  # the field's validator says what is wrong with it


def measure(lesson: LessonPage) -> tuple[int, int]:
    """Length in seconds and in characters, from the recording, the editor's word or the text."""
    characters = count_characters(lesson)
    if recording := lesson.video or lesson.audio:
        return round(recording.duration), characters
    return 60 * (lesson.minutes or math.ceil(characters / CHARACTERS_PER_MINUTE)), characters


def note_published(lesson: LessonPage) -> None:
    LessonPage.objects.filter(pk=lesson.pk).update(unpublished_alone=False)


def note_unpublished(lesson: LessonPage) -> None:
    """A lesson taken out of a live course is gone for all; one that goes with its course stays
    readable to those who have the course."""
    course = CoursePage.objects.parent_of(lesson).get()
    LessonPage.objects.filter(pk=lesson.pk).update(unpublished_alone=course.live)
