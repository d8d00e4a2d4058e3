"""An editor replaces a lesson's sound: places follow their sentences, what was done stays done."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from courses.models import LessonPage
from learning import progress, recordings, states
from learning.models import LessonProgress, LessonRecording
from learning.ranges import seconds, union
from tests.factories import MediaFactory, course, lesson
from tests.learning.conftest import Player

SENTENCES = ["先有人。", "后有货。", "信任要攒。", "账要算清。"]


def vtt(*cues: tuple[float, str]) -> str:
    """Each sentence is heard for 5 seconds from its start."""
    times = "00:00:{:06.3f} --> 00:00:{:06.3f}\n{}\n"
    return "WEBVTT\n\n" + "\n".join(times.format(at, at + 5, words) for at, words in cues)


def spoken(*sentences: str) -> str:
    return vtt(*((10.0 * number, words) for number, words in enumerate(sentences)))


@pytest.fixture
def page(db: None) -> LessonPage:
    """Four sentences, ten seconds each."""
    made = lesson(course(), free_preview=True, audio=MediaFactory(duration=40.0))
    return publish(made, spoken(*SENTENCES))


def publish(page: LessonPage, transcript: str, *, duration: float = 0) -> LessonPage:
    page.transcript = transcript
    if duration:
        page.audio = MediaFactory(duration=duration)
    page.save_revision().publish()
    return LessonPage.objects.get(pk=page.pk)


def row_of(learner: User, page: LessonPage) -> LessonProgress:
    progress.fold()
    return LessonProgress.objects.get(learner_id=learner.pk, lesson_id=page.pk)


def test_the_place_and_what_was_heard_follow_the_sentences(
    learner: User, page: LessonPage, run_jobs: Callable[[], Any]
) -> None:
    Player(learner, page).hear(24)
    row_of(learner, page)
    fresh = ["开场白。", "再一句。", SENTENCES[0], SENTENCES[2], SENTENCES[3]]
    publish(page, spoken(*fresh), duration=50)
    run_jobs()
    row = row_of(learner, page)
    assert row.position == 34  # four seconds into 信任要攒
    assert row.ranges == [[20, 34]]  # the new opening was not heard
    assert (row.duration, row.heard) == (50, 14)


def test_a_place_in_a_sentence_that_is_gone_is_at_the_next_one(
    learner: User, page: LessonPage, run_jobs: Callable[[], Any]
) -> None:
    Player(learner, page).hear(14)
    row_of(learner, page)
    publish(page, spoken(SENTENCES[0], "新的一句。", SENTENCES[2], SENTENCES[3]), duration=40)
    run_jobs()
    assert row_of(learner, page).position == 20


def test_what_was_done_stays_done(
    learner: User, page: LessonPage, run_jobs: Callable[[], Any]
) -> None:
    Player(learner, page).hear(40)
    done = row_of(learner, page)
    assert done.done_at
    publish(page, spoken(*SENTENCES, "新的一句。", "又一句。"), duration=60)
    run_jobs()
    row = row_of(learner, page)
    assert (row.done_at, row.done_how) == (done.done_at, done.done_how)
    assert row.heard == 40


def test_without_sentences_a_place_keeps_its_share(
    learner: User, page: LessonPage, run_jobs: Callable[[], Any]
) -> None:
    Player(learner, page).hear(20)
    row_of(learner, page)
    publish(page, "", duration=80)
    run_jobs()
    assert (row_of(learner, page).position, row_of(learner, page).ranges) == (40, [[0, 40]])


def test_who_still_hears_the_old_sound_is_found_in_the_new_one(
    learner: User, page: LessonPage, run_jobs: Callable[[], Any]
) -> None:
    """A page that stood open reports the seconds of the recording it plays."""
    open_page = Player(learner, page)
    open_page.hear(14)
    row_of(learner, page)
    publish(page, spoken("开场白。", *SENTENCES), duration=50)
    run_jobs()
    open_page.hear(28)
    row = row_of(learner, page)
    assert (row.position, row.ranges) == (38, [[10, 38]])
    replaced = LessonPage.objects.get(pk=page.pk)
    Player(learner, replaced).hear(45, start=40)  # and the new one as it is
    assert row_of(learner, page).ranges == [[10, 38], [40, 45]]


def test_a_beat_of_the_new_sound_may_come_before_the_rows_were_carried_over(
    learner: User, page: LessonPage, run_jobs: Callable[[], Any]
) -> None:
    Player(learner, page).hear(10)
    row_of(learner, page)
    replaced = publish(page, spoken("开场白。", *SENTENCES), duration=50)
    Player(learner, replaced).hear(30, start=25)
    row = row_of(learner, page)
    assert (row.position, row.ranges) == (30, [[10, 20], [25, 30]])
    run_jobs()
    assert row_of(learner, page).ranges == row.ranges


def test_what_was_told_a_moment_before_goes_over_too(
    learner: User, page: LessonPage, run_jobs: Callable[[], Any]
) -> None:
    Player(learner, page).hear(14)
    publish(page, spoken("开场白。", *SENTENCES), duration=50)
    assert states.of_one(learner.pk, page.pk).position == 14
    run_jobs()
    assert states.of_one(learner.pk, page.pk).position == 24
    assert row_of(learner, page).ranges == [[10, 24]]


def test_a_corrected_transcript_of_the_same_sound_moves_nobody(
    learner: User, page: LessonPage, run_jobs: Callable[[], Any]
) -> None:
    Player(learner, page).hear(14)
    row_of(learner, page)
    publish(page, spoken("改了几个字。", *SENTENCES[1:]))
    run_jobs()
    assert row_of(learner, page).position == 14
    assert LessonRecording.objects.get(lesson_id=page.pk).cues[0] == [0.0, "改了几个字。"]


def test_carrying_over_a_hundred_learners_costs_no_query_more(
    page: LessonPage, run_jobs: Callable[[], Any], django_assert_num_queries: Callable[..., Any]
) -> None:
    publish(page, spoken("开场白。", *SENTENCES), duration=50)
    run_jobs()
    for learner_id in range(1, 101):
        LessonProgress.objects.create(
            learner_id=learner_id, lesson_id=page.pk, course_id=1, ranges=[[0, 10]], position=10
        )
    with django_assert_num_queries(8):
        progress.carry_over.call(lesson=page.pk)
    assert set(LessonProgress.objects.values_list("position", flat=True)) == {20.0}


texts = st.lists(st.sampled_from("天地玄黄宇宙洪荒"), min_size=1, max_size=8)
parts = st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)).map(sorted), max_size=4)


def recording(sentences: list[str]) -> LessonRecording:
    cues = [[10.0 * number, words] for number, words in enumerate(sentences)]
    return LessonRecording(duration=10.0 * len(sentences), cues=cues)


def within(heard: list[list[float]], length: float) -> list[list[float]]:
    return union([start, min(end, length)] for start, end in heard if start < min(end, length))


@given(texts, texts, parts, st.floats(0, 80))
def test_nothing_is_heard_that_was_not_and_no_place_is_outside(
    old: list[str], new: list[str], heard: list[list[float]], position: float
) -> None:
    moves = recordings.matched(recording(old), recording(new))
    ours = within(heard, 10.0 * len(old))
    moved = recordings.carried(moves, ours)
    assert seconds(moved) <= seconds(ours) + 0.5
    assert all(0 <= start <= end <= 10.0 * len(new) for start, end in moved)
    assert 0 <= recordings.placed(moves, position) <= 10.0 * len(new)


@given(texts, parts)
def test_the_same_words_keep_every_place(text: list[str], heard: list[list[float]]) -> None:
    ours = within(heard, 10.0 * len(text))
    moves = recordings.matched(recording(text), recording(text))
    assert recordings.carried(moves, ours) == ours
    assert states.LessonState(ranges=ours).heard == seconds(ours)
