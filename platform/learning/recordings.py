"""When a lesson's recording is replaced, places in the old one are found in the new one by their
sentences: where one stood, and what was heard. What was done stays done.

A recording is cut into tiles, from each sentence's start to the next one's. A tile whose sentence
is spoken in both goes over whole; what only the new one has was not heard yet.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from copy import copy
from datetime import datetime
from difflib import SequenceMatcher
from itertools import batched, pairwise

from django.db import transaction
from django.db.models import QuerySet

from courses import transcripts
from courses.models import LessonPage
from learning import ranges, tokens
from learning.models import LessonProgress, LessonRecording, PlaySession
from learning.ranges import Ranges

AT_ONCE = 200  # rows locked together
FIELDS = ["ranges", "heard", "duration", "position", "recording"]
type Tile = tuple[float, float]
type Move = tuple[Tile, Tile]  # from the old to the new


def note(lesson: LessonPage, *, now: datetime) -> bool:
    """A lesson was published: keep its timing. Gives whether its recording was replaced, so that
    places are to be carried over."""
    key = tokens.recording_of(lesson)
    if not key:
        return False
    cues = transcripts.parse(lesson.transcript) if lesson.transcript else []
    fields = {
        "duration": tokens.duration_of(lesson),
        "cues": [[cue.start, cue.text] for cue in cues],
    }
    before = _known(lesson.pk).last()
    if before and before.key == key:
        LessonRecording.objects.filter(pk=before.pk).update(**fields)
        return False
    LessonRecording.objects.update_or_create(
        lesson_id=lesson.pk, key=key, defaults={**fields, "noted_at": now}
    )
    return before is not None


def carry_over(lesson: int) -> None:
    """Everybody's folded place in a lesson, found in its newest recording. Idempotent."""
    newest = _known(lesson).last()
    if newest is None:
        return
    waiting = LessonProgress.objects.filter(lesson_id=lesson).exclude(recording=newest.key)
    for some in batched(list(waiting.values_list("learner_id", flat=True)), AT_ONCE):
        with transaction.atomic():
            rows = list(waiting.filter(learner_id__in=some).select_for_update())
            moves = _Moves(lesson)
            for row in rows:
                _carry(row, moves, newest.key)
            LessonProgress.objects.bulk_update(rows, FIELDS)


def fit(row: LessonProgress, session: PlaySession) -> PlaySession:
    """A session as it counts for a row, both in the newer of their recordings."""
    if row.studied_at is None:
        row.recording = session.recording
    if session.recording in (0, row.recording):
        return session
    moves = _Moves(row.lesson_id)
    if moves.first_of(row.recording) == session.recording:
        row.recording = session.recording
    elif moves.is_newer(session.recording, than=row.recording):
        _carry(row, moves, session.recording)
    else:
        session = copy(session)
        _carry(session, moves, row.recording)
    return session


def _known(lesson_id: int) -> QuerySet[LessonRecording]:
    return LessonRecording.objects.filter(lesson_id=lesson_id).order_by("noted_at", "pk")


def _carry(row: LessonProgress | PlaySession, moves: "_Moves", key: int) -> None:
    move = moves.between(row.recording, key)
    row.recording = key
    if move is None:
        return
    row.ranges, row.position, row.duration = move(row.ranges, row.position)
    if isinstance(row, LessonProgress):
        row.heard = ranges.seconds(row.ranges)


type Mover = Callable[[Ranges, float], tuple[Ranges, float, float]]


class _Moves:
    """What is known of a lesson's recordings, looked up once."""

    def __init__(self, lesson_id: int) -> None:
        self.known = {each.key: each for each in _known(lesson_id)}

    def first_of(self, key: int) -> int:
        """What was played before anybody noted it was the first that is known."""
        return key or next(iter(self.known), 0)

    def is_newer(self, key: int, *, than: int) -> bool:
        order = list(self.known)
        place = {each: number for number, each in enumerate(order)}
        return place.get(key, -1) > place.get(self.first_of(than), -1)

    def between(self, old: int, new: int) -> Mover | None:
        """None where one of them is not known, or both are one."""
        one, other = self.known.get(self.first_of(old)), self.known.get(new)
        if one is None or other is None or one.key == other.key:
            return None
        tiles = matched(one, other)

        def move(heard: Ranges, position: float) -> tuple[Ranges, float, float]:
            return carried(tiles, heard), placed(tiles, position), other.duration

        return move


def matched(old: LessonRecording, new: LessonRecording) -> list[Move]:
    """The tiles of one recording and where they are in another; without sentences, all in one."""
    if not old.cues or not new.cues:
        return [((0.0, old.duration), (0.0, new.duration))]
    mine, theirs = _tiles(old), _tiles(new)
    matcher = SequenceMatcher(None, _plain(old), _plain(new), autojunk=False)
    return [
        (mine[block.a + number], theirs[block.b + number])
        for block in matcher.get_matching_blocks()
        for number in range(block.size)
    ]


def carried(tiles: list[Move], heard: Ranges) -> Ranges:
    parts = []
    for (start, end), to in tiles:
        for first, last in heard:
            if min(end, last) > max(start, first):
                tile = (start, end)
                parts.append([_at(max(start, first), tile, to), _at(min(end, last), tile, to)])
    return ranges.union(parts)


def placed(tiles: list[Move], position: float) -> float:
    """In the sentence one was in; where it is gone, at the next one that is left."""
    for tile, to in tiles:
        if position < tile[1]:
            return _at(max(position, tile[0]), tile, to)
    return tiles[-1][1][1] if tiles else 0.0


def _at(second: float, tile: Tile, to: Tile) -> float:
    share = (second - tile[0]) / (tile[1] - tile[0]) if tile[1] > tile[0] else 0.0
    return round(to[0] + share * (to[1] - to[0]), 1)


def _tiles(recording: LessonRecording) -> list[Tile]:
    starts = [0.0, *(start for start, _text in recording.cues[1:])]
    return list(pairwise([*starts, max(recording.duration, starts[-1])]))


def _plain(recording: LessonRecording) -> list[str]:
    texts: Iterable[str] = (text for _start, text in recording.cues)
    return [re.sub(r"\W", "", unicodedata.normalize("NFKC", text)).lower() for text in texts]
