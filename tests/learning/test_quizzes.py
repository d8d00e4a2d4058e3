"""The server decides; nothing of what is right leaves before an answer; the best is kept."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from accounts import privacy
from accounts.models import User
from courses.models import CoursePage, LessonPage
from learning import marking, progress, quizzes, states
from learning.models import LedgerEntry, LessonProgress, QuizAttempt
from operations import clock as site_clock
from tests.courses.conftest import enter, staff
from tests.factories import UserFactory, course, lesson
from tests.learning.conftest import Player, buy
from tests.learning.quiz_of import (
    EVERY_KIND,
    FILL,
    KEY,
    ORDER,
    SHORT,
    TRUE_FALSE,
    Pupil,
    attempt,
    pool,
    single,
    total,
)
from tests.learning.test_privacy import exported

pytestmark = pytest.mark.django_db


@pytest.fixture
def taught(db: None) -> CoursePage:
    return course()


@pytest.fixture
def asked(taught: CoursePage) -> LessonPage:
    """A paid lesson with a question of every kind."""
    return lesson(taught, quiz=EVERY_KIND)


@pytest.fixture
def pupil(client: Client, learner: User, taught: CoursePage, asked: LessonPage) -> Pupil:
    buy(learner, taught)
    client.force_login(learner)
    return Pupil(client, asked)


def of_one(client: Client, learner: User, page: CoursePage, *quiz: Any) -> Pupil:
    """Signed in, at the quiz of a free lesson of their own."""
    client.force_login(learner)
    return Pupil(client, lesson(page, quiz=list(quiz), free_preview=True))


# --- asking and answering -----------------------------------------------------------------------


def test_nothing_of_what_is_right_is_on_the_page_before_the_answers(
    pupil: Pupil, learner: User, asked: LessonPage
) -> None:
    assert "6 题" in pupil.page()
    html = pupil.start()
    assert "哪一样先来？" in html
    assert "守时" in html
    html += pupil.post("answer", q0="0").content.decode()
    html += pupil.client.get(asked.url).content.decode()
    html += json.dumps(exported(learner), ensure_ascii=False)
    assert KEY not in html


def test_every_kind_is_marked_and_explained(pupil: Pupil) -> None:
    pupil.start()
    assert pupil.answer()["Location"] == pupil.address
    html = pupil.page()
    assert html.count(KEY) >= 10
    assert html.count("badge-ok") == 5
    assert "由你判断" in html
    assert total(html) == ""
    pupil.post("judge", q5="1")
    html = pupil.page()
    assert total(html) == "答对 6 题，共 6 题"
    assert "已通过" in html


def test_every_kind_can_be_wrong(pupil: Pupil) -> None:
    pupil.start()
    pupil.answer(right=False)
    html = pupil.page()
    assert html.count("badge-error") == 5
    assert "你选的" in html
    assert "你排在第" in html
    pupil.post("judge", q5="0")
    html = pupil.page()
    assert total(html) == "答对 0 题，共 6 题"
    assert "还没有通过" in html


def test_what_was_chosen_is_still_there_after_an_error(pupil: Pupil) -> None:
    pupil.start()
    answer = pupil.post(
        "answer", q0="1", q1=["0", "2"], q3="乙", q4_0="1", q4_1="1", q4_2="2", q5="写过的话"
    )
    assert answer.status_code == 422
    html = answer.content.decode()
    assert html.count(" checked") == 3
    assert 'value="乙"' in html
    assert "写过的话" in html
    assert html.count(" selected") == 3
    assert "还有 2 题没有答好" in html
    assert "这一题还没有作答。" in html
    assert "每个位置只能用一次。" in html
    assert not attempt().is_answered


@pytest.mark.parametrize("q0", ["2", "-1", "x", ""])
def test_an_answer_that_was_not_offered_is_refused(
    client: Client, learner: User, taught: CoursePage, q0: str
) -> None:
    pupil = of_one(client, learner, taught, single())
    pupil.start()
    assert pupil.post("answer", q0=q0).status_code == 422


@pytest.mark.parametrize("written", ["Ａｂ", " a B ", "ab", "a　b"])
def test_width_case_and_spaces_make_no_difference(
    client: Client, learner: User, taught: CoursePage, written: str
) -> None:
    pupil = of_one(client, learner, taught, ("fill", FILL[1] | {"accepted": ["Ａ b"]}))
    pupil.start()
    pupil.post("answer", q0=written)
    assert total(pupil.page()) == "答对 1 题，共 1 题"


@given(st.text())
@example("K¸")
def test_what_is_plain_stays_as_it_is(text: str) -> None:
    assert marking.plain(marking.plain(text)) == marking.plain(text)


def test_things_to_put_in_order_never_come_solved(
    client: Client, learner: User, taught: CoursePage
) -> None:
    pupil = of_one(client, learner, taught, *[ORDER] * 12)
    pupil.start()
    for question in attempt().questions:
        assert [option["place"] for option in question["options"]] != [1, 2, 3]


# --- attempts -----------------------------------------------------------------------------------


def test_the_best_attempt_is_kept(client: Client, learner: User, taught: CoursePage) -> None:
    page = lesson(taught, quiz=[single(), TRUE_FALSE], free_preview=True)
    client.force_login(learner)
    pupil = Pupil(client, page)
    for right in (True, False):
        pupil.start()
        pupil.answer(right=right)
    assert total(pupil.page()) == "答对 0 题，共 2 题"
    assert "最好 2/2" in pupil.page()
    assert "以前通过过" in pupil.page()
    assert "最好 2/2" in client.get(page.url).content.decode()


def test_a_pool_draws_some_and_keeps_what_it_drew(
    client: Client, learner: User, taught: CoursePage
) -> None:
    questions = [single(f"第{number}问") for number in range(20)]
    pupil = of_one(client, learner, taught, TRUE_FALSE, pool(3, *questions))
    html = pupil.start()
    drawn = {number for number in range(20) if f"第{number}问" in html}
    assert len(drawn) == 3
    assert "4 题" in html
    assert html == pupil.start() or drawn == {n for n in range(20) if f"第{n}问" in pupil.page()}
    assert QuizAttempt.objects.count() == 1
    pupil.answer()
    again = set()
    for _time in range(5):
        html = pupil.start()
        again |= {number for number in range(20) if f"第{number}问" in html}
        pupil.answer()
    assert len(again) > 3


def test_later_edits_rewrite_nothing(pupil: Pupil, asked: LessonPage) -> None:
    pupil.start()
    page = LessonPage.objects.get(pk=asked.pk)
    page.quiz = [single("改过的问题")]
    page.save_revision().publish()
    pupil.answer()
    pupil.post("judge", q5="1")
    assert total(pupil.page()) == "答对 6 题，共 6 题"
    assert "改过的问题" not in pupil.page()
    assert "改过的问题" in pupil.start()


def test_handing_in_twice_counts_once(pupil: Pupil) -> None:
    pupil.start()
    pupil.answer()
    before = attempt()
    pupil.post("answer", q0="0")
    pupil.post("judge", q5="0")
    pupil.post("judge", q5="1")
    after = attempt()
    assert (after.number, after.answered_at) == (1, before.answered_at)
    assert after.points == 5


def test_a_form_of_an_older_attempt_answers_nothing(
    client: Client, learner: User, taught: CoursePage
) -> None:
    pupil = of_one(client, learner, taught, single())
    pupil.start()
    pupil.answer()
    pupil.start()
    pupil.post("answer", attempt=1, q0="0")
    assert not attempt().is_answered


def test_one_attempt_is_open_at_a_time(learner: User, asked: LessonPage) -> None:
    now = site_clock.now()
    first = quizzes.start(learner=learner, lesson=asked, now=now)
    assert quizzes.start(learner=learner, lesson=asked, now=now).pk == first.pk
    with pytest.raises(IntegrityError), transaction.atomic():
        QuizAttempt.objects.create(
            learner_id=learner.pk,
            lesson_id=asked.pk,
            number=2,
            questions=[],
            out_of=1,
            started_at=now,
        )


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["", "start/", "answer/", "judge/"])
def test_a_quiz_is_shut_where_its_lesson_is(client: Client, asked: LessonPage, what: str) -> None:
    client.force_login(UserFactory())
    ask = client.post if what else client.get
    assert ask(f"/study/quiz/{asked.pk}/{what}").status_code == 404
    assert not QuizAttempt.objects.exists()


def test_a_visitor_of_a_free_lesson_is_invited(client: Client, taught: CoursePage) -> None:
    page = lesson(taught, quiz=[single()], free_preview=True)
    pupil = Pupil(client, page)
    assert f"/account/signup/?next={pupil.address}" in pupil.page()
    answer = client.post(f"{pupil.address}start/")
    assert answer["Location"].endswith(f"?next={pupil.address}")


def test_an_attempt_is_its_learners_alone(pupil: Pupil, taught: CoursePage) -> None:
    pupil.start()
    pupil.answer()
    other = UserFactory()
    buy(other, taught)
    pupil.client.force_login(other)
    assert KEY not in pupil.page()
    assert "我想是这样" not in pupil.page()


def test_a_lesson_without_a_quiz_says_nothing_of_one(
    client: Client, learner: User, taught: CoursePage
) -> None:
    page = lesson(taught, free_preview=True)
    client.force_login(learner)
    assert client.get(f"/study/quiz/{page.pk}/").status_code == 404
    assert client.post(f"/study/quiz/{page.pk}/start/").status_code == 404
    assert "quiz" not in client.get(page.url).content.decode().split("<main")[1].split("</main")[0]


# --- counted towards done -----------------------------------------------------------------------


@pytest.fixture
def strict(db: None) -> LessonPage:
    """A free lesson of a course in which quizzes count."""
    return lesson(course(quizzes_count=True), quiz=[single()], free_preview=True)


def is_done(learner: User, page: LessonPage) -> bool:
    seen = states.of_one(learner.pk, page.pk).is_done
    progress.fold_learner(learner.pk)
    row = LessonProgress.objects.filter(learner_id=learner.pk, lesson_id=page.pk).first()
    assert seen == (row is not None and row.done_at is not None)
    return seen


def read(learner: User, page: LessonPage) -> None:
    Player(learner, page).send(read_to=1, wall=60)


@pytest.mark.parametrize("reads_first", [True, False])
def test_where_quizzes_count_reading_and_passing_make_it_done(
    client: Client, learner: User, strict: LessonPage, reads_first: bool
) -> None:
    client.force_login(learner)
    pupil = Pupil(client, strict)
    steps = [
        lambda: read(learner, strict),
        lambda: (pupil.start(), pupil.answer()),
    ]
    for step in steps if reads_first else reversed(steps):
        assert not is_done(learner, strict)
        step()
    assert is_done(learner, strict)
    assert LessonProgress.objects.get().done_how == "read"


def test_a_quiz_that_was_not_passed_is_not_enough(
    client: Client, learner: User, strict: LessonPage
) -> None:
    client.force_login(learner)
    pupil = Pupil(client, strict)
    read(learner, strict)
    pupil.start()
    pupil.answer(right=False)
    assert not is_done(learner, strict)
    assert "通过测验，这一讲才算学完" in client.get(strict.url).content.decode()


def test_ones_own_word_is_not_enough_where_quizzes_count(
    client: Client, learner: User, strict: LessonPage
) -> None:
    client.force_login(learner)
    answer = client.post(f"/study/done/{strict.pk}/", {"done": "1"}, follow=True)
    assert "先通过这一讲的测验" in answer.content.decode()
    assert not is_done(learner, strict)
    pupil = Pupil(client, strict)
    pupil.start()
    pupil.answer()
    client.post(f"/study/done/{strict.pk}/", {"done": "1"})
    assert is_done(learner, strict)


def test_elsewhere_a_quiz_is_for_oneself(client: Client, learner: User, taught: CoursePage) -> None:
    pupil = of_one(client, learner, taught, single())
    page = LessonPage.objects.get()
    read(learner, page)
    assert is_done(learner, page)
    assert "通过测验" not in pupil.client.get(page.url).content.decode()


def test_what_was_done_stays_done_when_a_course_begins_to_count(
    learner: User, taught: CoursePage
) -> None:
    before = lesson(taught, quiz=[single()], free_preview=True)
    after = lesson(taught, quiz=[single()], free_preview=True)
    read(learner, before)
    assert is_done(learner, before)
    taught.refresh_from_db()
    taught.quizzes_count = True
    taught.save_revision().publish()
    read(learner, before)
    read(learner, after)
    assert is_done(learner, before)
    assert not is_done(learner, after)


# --- how it goes --------------------------------------------------------------------------------


def test_an_editor_reads_how_each_question_is_answered_at_first(
    taught: CoursePage, client: Client
) -> None:
    page = lesson(taught, quiz=[single("谁先？"), TRUE_FALSE], free_preview=True)
    pupils = [UserFactory() for _ in range(2)]
    for learner, right in zip([*pupils, pupils[0]], [True, False, False], strict=True):
        client.force_login(learner)
        pupil = Pupil(client, page)
        pupil.start()
        pupil.answer(right=right)
    address = f"/admin/quizzes/{page.pk}/"
    assert "1/2" not in client.get(address, follow=True).content.decode()
    desk, till = Client(), Client()
    enter(desk, staff("editor"))
    html = desk.get(address).content.decode()
    assert html.count(">1/2<") == 2
    assert "谁先？" in html
    assert address in desk.get(f"/admin/pages/{page.pk}/edit/").content.decode()
    enter(till, staff("finance"))
    assert "谁先？" not in till.get(address, follow=True).content.decode()


# --- one's own data -----------------------------------------------------------------------------


def test_attempts_are_exported_in_words_and_erased(pupil: Pupil, learner: User) -> None:
    pupil.start()
    pupil.answer(right=False)
    text = json.dumps(exported(learner), ensure_ascii=False)
    assert "哪一样先来？" in text
    assert "我想是这样。" in text
    assert KEY not in text
    privacy.erase(user=learner, now=site_clock.now())
    assert not QuizAttempt.objects.exists()


def test_a_short_answer_alone_waits_for_ones_own_word(
    client: Client, learner: User, taught: CoursePage
) -> None:
    pupil = of_one(client, learner, taught, SHORT)
    pupil.start()
    pupil.answer()
    assert pupil.post("judge").status_code == 422
    pupil.post("judge", q0="1")
    assert attempt().is_passed


def test_each_finished_attempt_is_entered_in_the_ledger(pupil: Pupil, asked: LessonPage) -> None:
    entries = LedgerEntry.objects.filter(kind="quiz")
    pupil.start()
    pupil.answer()
    assert not entries.exists()
    pupil.post("judge", q5="0")
    pupil.post("judge", q5="1")
    [entry] = entries
    assert (entry.words, entry.lesson) == ("5/6", asked.title)
