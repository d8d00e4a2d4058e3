"""The end of a lesson: its question, a sentence to mark, what is next, and when one goes on."""

import html
import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses.models import CoursePage, LessonPage
from learning import progress, tracks
from learning.models import Highlight
from operations import clock
from tests.factories import UserFactory, course, lesson, track
from tests.learning.conftest import buy

pytestmark = pytest.mark.django_db
BODY = [
    ("text", "<h2>小标题</h2><p>先有人，后有货。信任是一天天攒下来的。</p>"),
    ("question", {"text": "你最近一次被谁说服？"}),
    ("text", "<p>问题后面的句子不算。</p>"),
]


@pytest.fixture
def learner(client: Client) -> User:
    user = UserFactory(email="lin@example.com")
    client.force_login(user)
    return user


@pytest.fixture
def taught(learner: User) -> CoursePage:
    page = course(title="一群人的生意")
    lesson(page, slug="00", title="第一课", body=BODY)
    lesson(page, slug="01", title="第二课")
    lesson(page, slug="02", title="第三课")
    buy(learner, page)
    return page


def nth(page: CoursePage, number: int) -> LessonPage:
    return LessonPage.objects.child_of(page).order_by("path")[number]


def closing(client: Client, page: LessonPage, **headers: Any) -> str:
    answer = client.get(f"/study/closing/{page.pk}/", headers=headers)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def part(client: Client, page: LessonPage) -> str:
    return closing(client, page, HX_Request="true")


def marked_by(page: LessonPage, quote: str, number: int) -> None:
    for each in [UserFactory() for _each in range(number)]:
        client = Client()
        client.force_login(each)
        buy(each, CoursePage.objects.get(path=page.path[:-4]))
        mark(client, page, quote)


def mark(client: Client, page: LessonPage, quote: str, **more: str) -> Any:
    form = {"key": str(uuid4()), "quote": quote} | more
    return client.post(f"/study/notes/page/{page.pk}/add/", form)


def field(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found
    return found[1]


# --- the card ------------------------------------------------------------------------------------


def test_it_shows_the_question_and_leads_to_a_note(client: Client, taught: CoursePage) -> None:
    page = nth(taught, 0)
    shown = closing(client, page)
    assert "你最近一次被谁说服？" in shown
    assert f'href="/study/notes/page/{page.pk}/"' in shown


def test_on_the_lessons_own_page_nothing_stands_a_second_time(
    client: Client, taught: CoursePage
) -> None:
    """The question stands in its text, and the neighbouring lesson below the card."""
    page = nth(taught, 0)
    shown, whole = part(client, page), closing(client, page)
    for twice in ("你最近一次被谁说服？", nth(taught, 1).title):
        assert f">{twice}<" in whole
        assert f">{twice}<" not in shown
    assert "明天几点继续？" in shown


def test_the_last_sentence_before_the_question_is_marked_by_one_tap(
    client: Client, learner: User, taught: CoursePage
) -> None:
    page = nth(taught, 0)
    shown = closing(client, page)
    assert field(shown, "quote") == "信任是一天天攒下来的。"
    form = {name: field(shown, name) for name in ("key", "quote", "prefix", "suffix", "next")}
    for _tap in range(2):
        assert client.post(f"/study/notes/page/{page.pk}/add/", form).url == form["next"]
    note = Highlight.objects.get()
    assert (note.prefix, note.suffix) == (
        "小标题先有人，后有货。",
        "你最近一次被谁说服？问题后面的句子不算。",
    )
    after = closing(client, page)
    assert "data-marked" in after
    assert 'name="quote"' not in after


def test_what_three_have_marked_is_offered_first(client: Client, taught: CoursePage) -> None:
    page = nth(taught, 0)
    marked_by(page, "先有人，后有货。", 2)
    assert field(closing(client, page), "quote") == "信任是一天天攒下来的。"
    marked_by(page, "先有人， 后有货。", 1)
    shown = closing(client, page)
    assert "3 人划过" in shown
    assert field(shown, "quote").replace(" ", "") == "先有人，后有货。"


def test_what_does_not_stand_in_the_text_is_never_offered(
    client: Client, taught: CoursePage
) -> None:
    page = nth(taught, 0)
    marked_by(page, "这是有人硬塞进来的广告。", 4)
    assert "广告" not in closing(client, page)


def test_a_longer_mark_counts_as_this_one(client: Client, taught: CoursePage) -> None:
    page = nth(taught, 0)
    mark(client, page, "后有货。信任是一天天攒下来的。")
    assert "data-marked" in closing(client, page)


def test_the_next_lesson_is_the_first_that_is_not_done(
    client: Client, learner: User, taught: CoursePage
) -> None:
    assert "第二课" in closing(client, nth(taught, 0))
    progress.mark(learner=learner, lesson=nth(taught, 1), done=True, now=clock.now())
    assert "第三课" in closing(client, nth(taught, 0))
    assert "第一课" in part(client, nth(taught, 2)).split("接下来")[1]


def test_a_track_that_leads_elsewhere_leads_on(
    client: Client, learner: User, taught: CoursePage
) -> None:
    other = course(lessons=1, title="另一门课")
    path = track([nth(taught, 0)], [nth(other, 0)], title="看懂一群人")
    assert "另一门课" not in closing(client, nth(taught, 0))
    tracks.enrol(learner=learner, track=path, now=clock.now())
    shown = closing(client, nth(taught, 0))
    assert "看懂一群人" in shown
    assert "另一门课" in shown


def test_what_is_closed_is_not_offered(client: Client, learner: User) -> None:
    page = course(lessons=2, free=1)
    shown = part(client, nth(page, 0))
    assert "接下来" not in shown
    assert "明天几点继续" not in shown


def test_the_end_of_a_course_leads_to_its_certificate(client: Client, learner: User) -> None:
    page = course(gives_certificate=True)
    for number in range(2):
        lesson(page, slug=f"{number:02d}")
    buy(learner, page)
    for number in range(2):
        progress.mark(learner=learner, lesson=nth(page, number), done=True, now=clock.now())
    shown = closing(client, nth(page, 1))
    assert f"/study/certificates/course/{page.pk}/" in shown
    assert "明天几点继续" not in shown


# --- who sees it, and how ------------------------------------------------------------------------


def test_only_who_may_open_the_lesson_sees_its_end(client: Client, taught: CoursePage) -> None:
    page = nth(taught, 0)
    address = f"/study/closing/{page.pk}/"
    assert Client().get(address).url.startswith("/account/login/")
    stranger = Client()
    stranger.force_login(UserFactory())
    assert stranger.get(address).status_code == 404
    choice = {"at": "21:30", "by": "mail"}
    assert stranger.post(f"/study/continue/{page.pk}/", choice).status_code == 404
    assert "no-store" in client.get(address)["Cache-Control"]


def test_the_lesson_fetches_a_part_and_a_link_gives_a_page(
    client: Client, taught: CoursePage
) -> None:
    page = nth(taught, 0)
    text = client.get(f"/courses/{taught.slug}/00/").content.decode()
    assert f'hx-get="/study/closing/{page.pk}/"' in text
    assert f'href="/study/closing/{page.pk}/"' in text
    assert "<main" not in closing(client, page, HX_Request="true")
    assert "<main" in closing(client, page)
    assert "<main" in closing(client, page, HX_Request="true", HX_Boosted="true")


def test_visitors_are_not_asked(taught: CoursePage) -> None:
    LessonPage.objects.filter(pk=nth(taught, 0).pk).update(free_preview=True)
    assert "/study/closing/" not in Client().get(f"/courses/{taught.slug}/00/").content.decode()


def test_more_lessons_and_marks_ask_no_more(client: Client, taught: CoursePage) -> None:
    page = nth(taught, 0)
    with CaptureQueriesContext(connection) as few:
        closing(client, page)
    for number in range(3, 8):
        lesson(taught, slug=f"{number:02d}")
    marked_by(page, "先有人，后有货。", 4)
    with CaptureQueriesContext(connection) as many:
        closing(client, page)
    assert len(many) == len(few)
