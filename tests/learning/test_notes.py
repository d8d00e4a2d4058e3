"""Highlights and notes: kept once, found again, lost visibly, shared by choice, nobody else's."""

import uuid
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts import privacy
from accounts.models import User
from courses import plain_text
from courses.models import ArticleIndexPage, CoursePage, Grant, LessonPage
from learning import anchors
from learning.models import Highlight
from operations import clock
from tests.factories import ArticleFactory, UserFactory
from tests.factories import lesson as make_lesson
from tests.learning.conftest import audio_course_of, buy, lessons_of
from tests.learning.test_privacy import exported

pytestmark = pytest.mark.django_db
TEXT = "先有人，后有货。一群人聚在一起，是因为信任。信任是一天天攒下来的，也会一天天花掉。"
QUOTE = "信任是一天天攒下来的，也会一天天花掉。"
DATA = {"accept": "application/json"}
NOTES = "/study/notes/"


@pytest.fixture
def page(learner: User) -> LessonPage:
    """A paid lesson that the learner bought."""
    course = audio_course_of(lessons=1, title="一群人的生意")
    buy(learner, course)
    return make_lesson(course, slug="paid", title="信任", body=[("text", f"<p>{TEXT}</p>")])


@pytest.fixture
def client(learner: User, client: Client) -> Client:
    client.force_login(learner)
    return client


def add(client: Client, page: Any, **given: Any) -> Any:
    given = {"key": uuid.uuid4(), "quote": QUOTE, "prefix": "因为信任。", **given}
    return client.post(f"/study/notes/page/{page.pk}/add/", given, headers=DATA)


def kept(client: Client, page: Any, **given: Any) -> Highlight:
    answer = add(client, page, **given)
    assert answer.status_code == 200, answer.content
    return Highlight.objects.get(key=answer.json()["key"])


def found(client: Client, query: str = "") -> list[str]:
    """The quotes, or thoughts, on the page of all notes."""
    soup: Any = BeautifulSoup(client.get(f"{NOTES}{query}").content, "html.parser")
    return [
        (each.select_one(".note-quote") or each.select_one(".note-thought")).get_text(strip=True)
        for each in soup.select(".note")
    ]


def lapse() -> None:
    Grant.objects.update(withdrawn_at=clock.now())


# --- marking ------------------------------------------------------------------------------------


def test_a_mark_sent_twice_is_kept_once(client, page):
    key = uuid.uuid4()
    first = add(
        client, page, key=key, colour=3, thought="先慢后快", tags="信任，社群  信任", start=4
    )
    again = add(client, page, key=key, colour=1)
    assert first.json() == again.json()
    [note] = Highlight.objects.all()
    assert (note.quote, note.colour, note.thought, note.start) == (QUOTE, 3, "先慢后快", 4)
    assert (note.tag_list, note.course_id) == (["信任", "社群"], page.get_parent().pk)
    told = client.get(f"/study/notes/page/{page.pk}/", headers=DATA)
    assert told.json()["notes"] == [first.json()]
    assert "no-store" in told["Cache-Control"]


def test_the_same_sentence_marked_again_is_one_note_until_it_has_two_thoughts(client, page):
    first = kept(client, page, tags="信任")
    assert kept(client, page, colour=3).pk == first.pk
    assert kept(client, page, colour=2, thought="先慢后快").pk == first.pk
    first.refresh_from_db()
    assert (first.colour, first.thought, first.tag_list) == (2, "先慢后快", ["信任"])
    assert kept(client, page, colour=4).thought == "先慢后快"
    assert kept(client, page, thought="再想一想").pk != first.pk
    assert kept(client, page, prefix="别处的").pk != first.pk
    assert Highlight.objects.count() == 3


def test_a_thought_about_a_shared_sentence_is_a_note_of_its_own(client, page):
    first = kept(client, page)
    client.post(f"/study/notes/{first.key}/share/", {"shared": 1})
    assert kept(client, page, thought="只给自己看").pk != first.pk


def test_nobody_marks_what_they_may_not_open(client, page):
    lapse()
    assert add(client, page).status_code == 404
    assert client.get(f"/study/notes/page/{page.pk}/", headers=DATA).status_code == 404
    assert add(client, page.get_parent()).status_code == 404
    assert client.get(f"/study/notes/page/{2**70}/").status_code == 404
    assert add(Client(), page).status_code == 302
    assert not Highlight.objects.exists()


def test_an_article_can_be_marked(client):
    article = ArticleFactory(
        parent=ArticleIndexPage.objects.get(), body=[("text", f"<p>{TEXT}</p>")]
    )
    note = kept(client, article)
    assert (note.page_id, note.course_id) == (article.pk, 0)
    article.unpublish()
    assert add(client, article).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"quote": "", "thought": " "},
        {"quote": "字" * 501},
        {"thought": "字" * 2001},
        {"colour": 5},
        {"key": "x"},
        {"start": -1},
        {"tags": "一 二 三 四 五 六 七 八 九 十 百"},
        {"tags": "字" * 21},
    ],
)
def test_what_cannot_be_kept_is_said_and_nothing_is(client, page, wrong):
    answer = add(client, page, **wrong)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert not Highlight.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"quote": "", "thought": ""},
        {"colour": 5},
        {"start": -1},
        {"shared_at": clock.now()},
        {"share_token": "x"},
    ],
)
def test_the_database_keeps_what_a_note_is(wrong):
    now = clock.now()
    row = {"learner_id": 1, "key": uuid.uuid4(), "page_id": 1, "quote": "一句"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Highlight.objects.create(**row | {"created_at": now, "updated_at": now} | wrong)


def test_without_a_script_a_thought_is_kept_and_none_is_lost_to_an_error(client, page):
    form = client.get(f"/study/notes/page/{page.pk}/")
    soup: Any = BeautifulSoup(form.content, "html.parser")
    key = soup.select_one("#main [name=key]")["value"]
    address = f"/study/notes/page/{page.pk}/add/"
    refused = client.post(address, {"key": key, "thought": "想了很久", "tags": "字" * 21})
    assert refused.status_code == 422
    assert "想了很久" in refused.content.decode()
    answer = client.post(address, {"key": key, "thought": "想了很久"}, follow=True)
    assert answer.redirect_chain == [(f"/study/notes/page/{page.pk}/", 302)]
    assert "想了很久" in answer.content.decode()
    note = Highlight.objects.get()
    emptied = client.post(f"/study/notes/{note.key}/", {"thought": "", "colour": 1})
    assert emptied.status_code == 422


def test_the_lesson_leads_to_ones_notes_and_asks_no_query_for_them(client, page, learner):
    address = f"/courses/{page.get_parent().slug}/paid/"
    html = client.get(address).content.decode()
    assert f'<rz-notes data-url="/study/notes/page/{page.pk}/"' in html
    assert QUOTE not in html.split("<rz-notes")[1]
    assert "rz-notes" not in Client().get(address).content.decode()


# --- one's own ----------------------------------------------------------------------------------


def test_a_note_is_changed_and_removed_by_its_learner_alone(client, page):
    note = kept(client, page)
    stranger = Client()
    stranger.force_login(UserFactory())
    words = {"thought": "改过", "colour": 2, "tags": "新"}
    for way in ("", "share/", "remove/"):
        address = f"/study/notes/{note.key}/{way}"
        assert stranger.post(address, {**words, "shared": 1}).status_code == 404
    assert stranger.get(f"/study/notes/{note.key}/").status_code == 404
    assert client.post(f"/study/notes/{note.key}/", words, headers=DATA).json()["thought"] == "改过"
    note.refresh_from_db()
    assert (note.colour, note.tags) == (2, " 新 ")
    back = client.post(f"/study/notes/{note.key}/remove/", {"next": f"{NOTES}?tag=x"})
    assert back.url == f"{NOTES}?tag=x"
    assert not Highlight.objects.exists()


def test_notes_outlast_the_right_to_open_the_lesson(client, page):
    kept(client, page, thought="还在")
    lapse()
    html = client.get(NOTES).content.decode()
    assert "还在" in html
    assert QUOTE in html
    assert "现在没有对你开放" in html
    assert "#note-" not in html
    page.delete()
    assert "本站已没有这一篇" in client.get(NOTES).content.decode()


def test_they_go_out_with_a_persons_data_and_with_their_account(client, page, learner):
    kept(client, page, thought="我的")
    other = UserFactory()
    Highlight.objects.create(
        learner_id=other.pk,
        key=uuid.uuid4(),
        page_id=page.pk,
        thought="别人的",
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    [row] = exported(learner)["learning.highlight.json"]
    assert (row["quote"], row["thought"]) == (QUOTE, "我的")
    privacy.erase(user=learner, now=clock.now())
    assert [note.learner_id for note in Highlight.objects.all()] == [other.pk]


# --- found again --------------------------------------------------------------------------------


def test_notes_are_searched_in_chinese_and_narrowed_down(client, page, learner, time_machine):
    other = lessons_of(page.get_parent())[0]
    time_machine.move_to("2026-11-20T15:59:00Z", tick=False)  # 23:59 in Shanghai
    buy(learner, page.get_parent())
    kept(client, page, tags="信任", colour=2)
    time_machine.move_to("2026-11-20T16:01:00Z", tick=False)
    kept(client, other, quote="", thought="认知是慢慢长出来的", tags="认知 长大")
    assert found(client) == ["认知是慢慢长出来的", QUOTE]
    assert found(client, "?q=认知") == ["认知是慢慢长出来的"]
    assert found(client, "?q=攒下 信任") == [QUOTE]
    assert found(client, "?q=没有") == []
    assert found(client, "?tag=信任") == [QUOTE]
    assert found(client, "?tag=长") == found(client)  # no tag of theirs narrows nothing down
    assert found(client, "?colour=2") == [QUOTE]
    assert found(client, f"?course={page.get_parent().pk}") == found(client)
    assert found(client, "?until=2026-11-20") == [QUOTE]
    assert found(client, "?since=2026-11-21") == ["认知是慢慢长出来的"]
    assert found(client, "?since=nonsense&course=x&colour=9") == found(client)


def test_more_notes_ask_no_more(client, page, django_assert_max_num_queries, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "note": "1000/m/user"}

    def queries() -> int:
        with django_assert_max_num_queries(40) as asked:
            assert client.get(NOTES).status_code == 200
        return len(asked)

    kept(client, page)
    few = queries()
    for number in range(25):
        lesson = make_lesson(CoursePage.objects.get(pk=page.get_parent().pk), slug=f"m{number}")
        kept(client, lesson, quote=f"正文canarym{number}。", tags=f"标签{number}")
    assert queries() == few
    assert len(found(client)) == 20
    assert len(found(client, "?page=2")) == 6


# --- where it stands ----------------------------------------------------------------------------


def test_a_mark_survives_small_edits_and_is_shown_as_lost_after_large_ones(client, page):
    kept(client, page)
    lost = "已经找不到"

    def told_after(text: str) -> str:
        page.body = [("text", f"<p>{text}</p>")]
        page.save_revision().publish()
        return client.get(NOTES).content.decode()

    assert lost not in client.get(NOTES).content.decode()
    assert lost not in told_after(
        TEXT.replace("一天天攒", "<b>一天一天</b>攒").replace("先有", "总是先有")
    )
    html = told_after("这一讲重写过了，说的是另一件事。")
    assert lost in html
    assert QUOTE in html


def test_the_plain_text_is_what_the_page_shows(client, learner, page):
    page.body = [
        ("text", "<h2>小 节</h2><p>一段 <b>重</b>点 &amp; more words here</p><ul><li>条</li></ul>"),
        ("quote", {"text": "引文\n两行", "source": "论语"}),
        ("callout", {"heading": "提示", "text": "<p>说明</p>"}),
        ("code", {"language": "py", "code": "a < b > c"}),
        (
            "table",
            {
                "data": [["甲", None], ["乙", "1"]],
                "first_row_is_table_header": True,
                "table_caption": "表",
            },
        ),
        ("question", {"text": "为什么？"}),
    ]
    page.save_revision().publish()
    address = f"/courses/{page.get_parent().slug}/paid/"
    soup: Any = BeautifulSoup(client.get(address).content, "html.parser")
    prose = soup.select_one("article.prose")
    for part in prose.select(
        ".lesson-head, .lesson-end, .lesson-listen, .lesson-tools, .ponder-label"
    ):
        part.decompose()
    assert anchors.squeezed(prose.get_text()) == anchors.squeezed(plain_text.of(page))


words = st.text("一二三四五六七八九十", min_size=12, max_size=60)


@given(before=words, quote=words, after=words, data=st.data())
def test_whatever_is_changed_within_bounds_is_found_where_it_was(before, quote, after, data):
    """One character in five; the place is right to as many characters."""
    changed = quote
    for _ in range(data.draw(st.integers(0, len(quote) // 5))):
        place = data.draw(st.integers(0, len(changed) - 1))
        with_ = data.draw(st.sampled_from(["", "新", "新" + changed[place]]))
        changed = changed[:place] + with_ + changed[place + 1 :]
    found = anchors.find(before + changed + after, quote, before[-32:], after[:32])
    assert found is not None


def test_of_equal_passages_the_one_among_its_neighbours_is_meant():
    text = "甲说：慢慢来。乙说：慢慢来。丙说：慢慢来。"
    assert anchors.find(text, "慢慢来", "乙说：", "") == (10, 13)
    assert anchors.find(text, "慢 慢\n来", "", "") == (3, 6)
    assert anchors.find(text, "完全另一句话在这里", "乙说：", "") is None


# --- shared -------------------------------------------------------------------------------------


def test_a_note_is_private_until_it_is_shared_and_again_afterwards(client, page, learner):
    note = kept(client, page, thought="给朋友看")
    address = client.post(f"/study/notes/{note.key}/share/", {"shared": 1}, headers=DATA).json()[
        "shared"
    ]
    again = client.post(f"/study/notes/{note.key}/share/", {"shared": 1}, headers=DATA)
    assert again.json()["shared"] == address
    answer = Client().get(address)
    html = answer.content.decode()
    assert all(each in html for each in (QUOTE, "给朋友看", learner.name, "一群人的生意"))
    assert learner.email not in html
    assert answer["X-Robots-Tag"] == "noindex"
    client.post(f"/study/notes/{note.key}/share/", {"shared": 0})
    assert Client().get(address).status_code == 404


def test_of_a_shared_passage_at_most_200_characters_are_shown(client, page, learner):
    long = "".join(chr(0x4E00 + number) for number in range(300))
    page.body = [("text", f"<p>{long}</p>")]
    page.save_revision().publish()
    learner.name = ""
    learner.save()
    note = kept(client, page, quote=long)
    client.post(f"/study/notes/{note.key}/share/", {"shared": 1})
    note.refresh_from_db()
    html = Client().get(f"/study/shared-notes/{note.share_token}/").content.decode()
    assert f"{long[:200]}……</blockquote>" in html
    assert "一位学员" in html
    assert learner.email not in html


def test_only_what_stands_in_an_open_published_page_is_shared(client, page):
    made_up = kept(client, page, quote="这里从来没有说过的一句完全不同的话")
    address = f"/study/notes/{made_up.key}/share/"
    assert client.post(address, {"shared": 1}, headers=DATA).status_code == 422
    note = kept(client, page)
    client.post(f"/study/notes/{note.key}/share/", {"shared": 1})
    note.refresh_from_db()
    page.unpublish()
    assert Client().get(f"/study/shared-notes/{note.share_token}/").status_code == 404
    lapse()
    assert client.post(address, {"shared": 1}, headers=DATA).status_code == 422
