"""Whether a text repeats what is paid for."""

import unicodedata

from courses import plain_text, transcripts
from courses.models import CoursePage, LessonPage
from courses.transcripts import BrokenTranscript
from learning.anchors import squeezed

TOO_MUCH = 12  # characters in a row


def repeats_paid_words(text: str, course: CoursePage) -> bool:
    """Of any paid lesson of the course, as it stands now; punctuation hides nothing. One query."""
    lessons = LessonPage.objects.child_of(course).filter(free_preview=False)
    said = _runs(text)
    return bool(said) and any(said & _runs(words) for each in lessons for words in _words_of(each))


def _words_of(lesson: LessonPage) -> list[str]:
    """Its text, and what is heard where that is another one."""
    try:
        heard = "".join(cue.text for cue in transcripts.parse(lesson.transcript))
    except BrokenTranscript:
        heard = lesson.transcript
    return [plain_text.of(lesson), heard]


def _runs(text: str) -> set[str]:
    """All runs of so many characters, with the punctuation and without."""
    whole = squeezed(unicodedata.normalize("NFKC", text)).casefold()
    bare = "".join(each for each in whole if unicodedata.category(each)[0] in "LN")
    return {
        each[start : start + TOO_MUCH]
        for each in (whole, bare)
        for start in range(len(each) - TOO_MUCH + 1)
    }
