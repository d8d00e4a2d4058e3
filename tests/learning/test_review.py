"""温故: what was collected is asked again on its day, three a day, and counts once."""

import re
import uuid
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import privacy
from accounts.models import User
from courses import access
from courses.models import CoursePage, Grant, LessonPage
from learning.models import Highlight, LedgerEntry, ReviewCard, ReviewLog
from operations import clock
from tests.factories import UserFactory
from tests.factories import lesson as make_lesson
from tests.learning.conftest import audio_course_of, buy
from tests.learning.quiz_of import EVERY_KIND, KEY, TRUE_FALSE, Pupil
from tests.learning.test_privacy import exported

pytestmark = pytest.mark.django_db
QUOTE = "信任是一天天攒下来的，也会一天天花掉。"
HIDDEN = "也会一天天花掉。"
REVIEW = "/study/review/"
MONDAY, TUESDAY = "2026-11-30T23:30+08:00", "2026-12-01T00:30+08:00"


@pytest.fixture(autouse=True)
def monday(at, learner: User) -> None:
    User.objects.filter(pk=learner.pk).update(time_zone="Asia/Shanghai")
    at(MONDAY)


@pytest.fixture
def client(learner: User, client: Client) -> Client:
    client.force_login(learner)
    return client


@pytest.fixture
def page(learner: User, monday: None) -> LessonPage:
    """A paid lesson that the learner bought, with a quiz of every kind."""
    course = audio_course_of(lessons=1, title="一群人的生意")
    buy(learner, course)
    body = [("text", f"<p>{QUOTE}</p>")]
    return make_lesson(course, slug="paid", title="信任", body=body, quiz=EVERY_KIND)


def mark(learner: User, page: LessonPage, quote: str = QUOTE, **fields: Any) -> Highlight:
    now = clock.now()
    given = {"course_id": page.get_parent().pk, "created_at": now, "updated_at": now, **fields}
    given |= {"learner_id": learner.pk, "page_id": page.pk, "quote": quote}
    return Highlight.objects.create(key=uuid.uuid4(), **given)


def collect(client: Client, note: Highlight, card: int = 1) -> Any:
    return client.post(f"/study/notes/{note.key}/review/", {"card": card})


def collected(client: Client, learner: User, page: LessonPage, number: int) -> None:
    for each in range(number):
        assert (
            collect(
                client, mark(learner, page, f"第{each}句的前半，第{each}句的后半。")
            ).status_code
            == 302
        )


def shown(client: Client, query: str = "") -> str:
    answer = client.get(REVIEW + query)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return answer.content.decode()


def form_of(html: str) -> tuple[str, dict[str, str]]:
    """Where the card's rating goes, and what goes with it."""
    form: Any = BeautifulSoup(html, "html.parser").select_one(".review-ratings")
    return form["action"], {each["name"]: each["value"] for each in form.select("input")}


def rate(client: Client, rating: Any = 3, query: str = "") -> Any:
    action, fields = form_of(shown(client, query))
    return client.post(action, fields | {"rating": rating})


def lapse() -> None:
    Grant.objects.update(withdrawn_at=clock.now())


# --- collecting ---------------------------------------------------------------------------------


def test_a_sentence_is_asked_from_the_next_day_on_and_then_when_fsrs_says(
    client, learner, page, at
):
    collect(client, mark(learner, page, thought="信任是存款。"))
    assert not BeautifulSoup(shown(client), "html.parser").select(".review-card")
    at(TUESDAY)  # an hour later, by the learner's clock the next day
    html = shown(client)
    asked, answer = html.split("review-answer")
    assert "信任是一天天攒下来的，" in asked
    assert HIDDEN not in asked
    assert HIDDEN in answer
    assert "信任是存款。" in answer
    assert f"/courses/{page.get_parent().slug}/paid/#note-" in answer
    assert re.findall(r"<small>(\d+ 天)</small>", answer) == ["1 天", "1 天", "2 天", "8 天"]
    assert rate(client, 4).status_code == 302
    card, log = ReviewCard.objects.get(), ReviewLog.objects.get()
    assert (str(card.last_on), str(card.due_on)) == ("2026-12-01", "2026-12-09")
    assert (log.rating, str(log.day)) == (4, "2026-12-01")
    assert (log.elapsed_days, log.expected) == (None, None)
    assert "12 月 9 日" in shown(client)
    at("2026-12-08T12:00+08:00")
    assert "review-ratings" not in shown(client)
    at("2026-12-09T00:01+08:00")
    rate(client, 1)
    second = ReviewLog.objects.get(number=2)
    assert second.elapsed_days == 8
    assert second.expected == pytest.approx(0.9, abs=0.01)
    assert str(ReviewCard.objects.get().due_on) == "2026-12-10"


def test_collected_twice_it_is_one_card_and_goes_with_its_highlight(client, learner, page, at):
    note = mark(learner, page)
    collect(client, note)
    collect(client, note)
    assert ReviewCard.objects.count() == 1
    notes = client.get("/study/notes/").content.decode()
    assert "温故中" in notes
    at(TUESDAY)
    rate(client)
    client.post(f"/study/notes/{note.key}/remove/")
    assert not ReviewCard.objects.exists()
    assert ReviewLog.objects.count() == 1
    again = mark(learner, page)
    collect(client, again)
    collect(client, again, card=0)
    assert not ReviewCard.objects.exists()


def test_the_sheet_of_a_note_knows_of_its_card(client, learner, page):
    note = mark(learner, page)
    data = {"accept": "application/json"}
    told = client.post(f"/study/notes/{note.key}/review/", {"card": 1}, headers=data).json()
    assert told["card"] is True
    [listed] = client.get(f"/study/notes/page/{page.pk}/", headers=data).json()["notes"]
    assert listed == told
    thought = mark(learner, page, quote="", thought="整讲的想法")
    refused = client.post(f"/study/notes/{thought.key}/review/", {"card": 1}, headers=data)
    assert (refused.status_code, bool(refused.json()["error"])) == (422, True)


def test_nobody_collects_or_reviews_what_is_anothers(client, learner, page, at):
    note = mark(learner, page)
    collect(client, note)
    at(TUESDAY)
    action, fields = form_of(shown(client))
    other = Client()
    other.force_login(UserFactory())
    assert collect(other, note).status_code == 404
    assert other.post(action, fields | {"rating": 3}).status_code == 404
    assert other.post(f"{action}remove/").status_code == 404
    assert QUOTE[:6] not in shown(other)
    assert Client().get(REVIEW).status_code == 302
    assert not ReviewLog.objects.exists()


# --- questions of a quiz ------------------------------------------------------------------------


def test_wrong_answers_are_collected_together_and_one_by_one(client, learner, page, at):
    pupil = Pupil(client, page)
    pupil.start()
    assert pupil.post("collect", card=1).status_code == 302  # before it is answered: nothing
    assert not ReviewCard.objects.exists()
    pupil.answer(right=False)
    assert "把答错的 5 题收进温故" in pupil.page()  # the short answer is not judged yet
    pupil.post("collect", card=1)
    pupil.post("collect", card=1)
    assert ReviewCard.objects.count() == 5
    assert "把答错的" not in pupil.page()
    client.post(f"{pupil.address}collect/?question=6", {"attempt": 1, "card": 1})
    assert ReviewCard.objects.count() == 6
    client.post(f"{pupil.address}collect/?question=1", {"attempt": 1, "card": 0})
    client.post(f"{pupil.address}collect/?question=99", {"attempt": 1, "card": 1})
    client.post(f"{pupil.address}collect/", {"attempt": 7, "card": 1})
    assert ReviewCard.objects.count() == 5
    by_front = {card.front.split("\n")[0]: card for card in ReviewCard.objects.all()}
    assert by_front["先有货。"].back == "错"
    assert by_front["缩写是？"].back == f"{KEY}Ａ b"
    assert {*by_front["哪些算信任？"].back.split("\n")} == {"守时", "认错"}
    assert by_front["排一排。"].back == "1. 来信\n2. 回信\n3. 书店"
    assert by_front["说说看。"].back == f"{KEY}六"
    at(TUESDAY)
    asked, answer = shown(client).split("review-answer")
    assert KEY not in asked
    assert "看答案" in answer


def test_a_question_rests_while_its_lesson_is_closed_and_a_quote_does_not(
    client, learner, page, at
):
    pupil = Pupil(client, page)
    pupil.start()
    pupil.answer(right=False)
    pupil.post("collect", card=1)
    at(TUESDAY)
    action, fields = form_of(shown(client))
    lapse()
    assert "未开放的讲" in shown(client)
    assert KEY not in shown(client) + client.get(f"{REVIEW}statistics/").content.decode()
    assert client.post(action, fields | {"rating": 3}).status_code == 404
    assert "5 句等它的讲重新开放" in client.get(f"{REVIEW}statistics/").content.decode()
    assert KEY not in str(exported(learner))
    collect(client, mark(learner, page))
    at("2026-12-02T12:00+08:00")
    html = shown(client)
    assert HIDDEN in html
    assert "#note-" not in html
    rate(client)
    Grant.objects.update(withdrawn_at=None)
    assert "review-ratings" in shown(client)


def test_a_lesson_that_is_changed_or_deleted_leaves_the_card_as_it_was(client, learner, page, at):
    pupil = Pupil(client, page)
    pupil.start()
    pupil.answer(right=False)
    pupil.post("collect", card=1)
    collect(client, mark(learner, page))
    page.quiz, page.body = [TRUE_FALSE], [("text", "<p>别的。</p>")]
    page.save_revision().publish()
    at(TUESDAY)
    assert "review-ratings" in shown(client)
    LessonPage.objects.get(pk=page.pk).delete()
    assert HIDDEN in shown(client)
    assert rate(client).status_code == 302


@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize("granted", [True, False])
@pytest.mark.parametrize("course_live", [True, False])
@pytest.mark.parametrize("fate", ["live", "draft", "unpublished"])
def test_many_lessons_are_open_by_the_rule_for_one(learner, free, granted, course_live, fate):
    course = audio_course_of(lessons=0)
    page = make_lesson(course, free_preview=free, live=fate != "draft")
    if fate == "unpublished":
        page.unpublish()
    if not course_live:
        CoursePage.objects.get(pk=course.pk).unpublish()
    if granted:
        buy(learner, course)
    fresh = LessonPage.objects.get(pk=page.pk)
    among = access.open_lessons(learner).filter(pk=page.pk).exists()
    assert among == access.may_open(learner, fresh)


# --- reviewing ----------------------------------------------------------------------------------


def test_three_a_day_unless_more_are_asked_for(client, learner, page, at):
    collected(client, learner, page, 5)
    assert "review-ratings" not in client.get("/study/").content.decode()
    at(TUESDAY)
    study = client.get("/study/").content.decode()
    assert re.search(r'href="/study/review/".*?3 句.*?2 分钟', study, re.DOTALL)
    assert "第 1 句，共 3 句" in shown(client)
    for _each in range(3):
        assert rate(client).url == REVIEW
    html = shown(client)
    assert "今天温了 3 句。" in html
    assert "再来 2 句" in html
    assert "句</span>" not in client.get("/study/").content.decode()
    assert f'href="{REVIEW}?goal=6"' in html
    more = "?goal=6"
    assert rate(client, query=more).url == f"{REVIEW}{more}"
    rate(client, query=more)
    assert "今天温了 5 句。" in shown(client, more)
    client.post("/study/goals/", {"minutes": 20, "days": 5, "sentences": 1})
    collected(client, learner, page, 5)
    at("2026-12-02T00:30+08:00")
    assert "1 句</span>" in client.get("/study/").content.decode()
    assert "第 1 句，共 1 句" in shown(client)
    at(TUESDAY)
    for odd in ("?goal=x", "?goal=99999999999", "?goal=-1", "?goal=²"):
        assert "今天温了 5 句。" in shown(client, odd)


def test_a_review_sent_again_or_too_early_counts_once(client, learner, page, at):
    collect(client, mark(learner, page))
    at(TUESDAY)
    action, fields = form_of(shown(client))
    for rating in (3, 1, 3):
        assert client.post(action, fields | {"rating": rating}).status_code == 302
    ahead = client.post(action, fields | {"rating": 3, "number": 2})  # it is not due
    assert ahead.status_code == 302
    assert [log.rating for log in ReviewLog.objects.all()] == [3]
    assert ReviewCard.objects.get().reviews == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"rating": 0},
        {"rating": 5},
        {"rating": "x"},
        {"number": "x"},
        {"number": ""},
        {"number": "²"},
    ],
)
def test_what_is_no_rating_is_refused(client, learner, page, at, wrong):
    collect(client, mark(learner, page))
    at(TUESDAY)
    action, fields = form_of(shown(client))
    assert client.post(action, fields | {"rating": 3} | wrong).status_code == 400
    assert not ReviewLog.objects.exists()


def test_a_card_can_be_put_away(client, learner, page, at):
    collect(client, mark(learner, page))
    at(TUESDAY)
    action, _fields = form_of(shown(client))
    assert client.post(f"{action}remove/").url == REVIEW
    assert not ReviewCard.objects.exists()
    assert "还没有收进温故的句子" in shown(client)


def test_the_ledger_tells_of_notes_and_reviews_once_a_day(client, learner, page, at):
    for suffix in ("，也会", "，也"):
        key, data = uuid.uuid4(), {"accept": "application/json"}
        add = f"/study/notes/page/{page.pk}/add/"
        marked = {"key": key, "quote": QUOTE, "suffix": suffix}
        assert client.post(add, marked, headers=data).status_code == 200
        collect(client, Highlight.objects.get(key=key))
    at(TUESDAY)
    rate(client)
    rate(client)
    told = LedgerEntry.objects.order_by("at").values_list("kind", "day", "lesson", "seconds")
    assert [(kind, str(day), lesson, n) for kind, day, lesson, n in told] == [
        ("note", "2026-11-30", "信任", 0),
        ("review", "2026-12-01", "", 0),
    ]
    assert "写下笔记" in client.get("/study/ledger/days/2026-11-30/").content.decode()


# --- looking back -------------------------------------------------------------------------------


def test_what_was_recalled_stands_beside_what_was_foreseen(client, learner, page, at):
    page_of = f"{REVIEW}statistics/"
    assert "还没有可比的" in client.get(page_of).content.decode()
    collected(client, learner, page, 4)
    at(TUESDAY)
    for _each in range(4):
        rate(client, 1, "?goal=9")
    at("2026-12-02T12:00+08:00")
    for rating in (1, 2, 3, 4):
        rate(client, rating, "?goal=9")
    html = client.get(page_of).content.decode()
    assert html.count("3/4，75%") == 2
    expected = round(100 * (ReviewLog.objects.filter(number=2)[0].expected or 0))
    assert html.count(f"{expected}%") >= 2
    assert "温故里有 4 句" in html
    figures = BeautifulSoup(html, "html.parser").select(".chart tbody td")
    assert sum(int(each.text) for each in figures) == 4
    at("2027-01-15T12:00+08:00")
    client.force_login(learner)  # that was long ago
    html = client.get(page_of).content.decode()
    assert html.count("3/4，75%") == 1  # of the last 90 days only


def test_more_cards_cost_no_more_queries(client, learner, page, at):
    def cost(path: str) -> int:
        from django.db import connection

        client.get(path)
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        return len(found)

    pupil = Pupil(client, page)
    pupil.start()
    pupil.answer(right=False)
    pupil.post("collect", card=1)
    collected(client, learner, page, 2)
    at(TUESDAY)
    paths = (REVIEW, f"{REVIEW}statistics/", "/study/", "/study/notes/")
    few = [cost(path) for path in paths]
    collected(client, learner, page, 10)
    at("2026-12-03T12:00+08:00")
    assert [cost(path) for path in paths] == few


# --- what is held -------------------------------------------------------------------------------


def test_cards_and_reviews_go_out_with_their_learner_and_away_with_them(client, learner, page, at):
    collect(client, mark(learner, page))
    at(TUESDAY)
    rate(client)
    files = exported(learner)
    [card], [log] = files["learning.reviewcard.json"], files["learning.reviewlog.json"]
    assert card["front"] + card["back"] == QUOTE
    assert (log["rating"], log["day"]) == (3, "2026-12-01")
    privacy.erase(user=learner, now=clock.now())
    assert not ReviewCard.objects.exists()
    assert not ReviewLog.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"stability": 0.0},
        {"stability": None},
        {"difficulty": 0.5},
        {"difficulty": 11.0},
        {"last_on": None},
        {"due_on": "2026-12-01"},
        {"front": ""},
        {"reviews": 0},
    ],
)
def test_the_database_refuses_what_no_card_is(client, learner, page, at, wrong):
    collect(client, mark(learner, page))
    at(TUESDAY)
    rate(client)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewCard.objects.update(**wrong)


def test_a_review_never_changes(client, learner, page, at):
    collect(client, mark(learner, page))
    at(TUESDAY)
    rate(client)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewLog.objects.update(rating=4)
    log = ReviewLog.objects.get()
    for wrong in ({"rating": 5}, {"number": 2}, {"number": 1, "expected": 0.5}):
        given = {"learner_id": learner.pk, "card_key": uuid.uuid4(), "number": 1, "rating": 3}
        with pytest.raises(IntegrityError), transaction.atomic():
            ReviewLog.objects.create(**(given | {"at": log.at, "day": log.day} | wrong))
