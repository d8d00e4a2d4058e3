"""What a visitor finds: on both databases the same, in the same order."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.models import ArticleIndexPage, CoursePage, LessonPage
from tests import factories

TAG = re.compile(r"<[^>]+>")


def search(client, typed, **more):
    return client.get("/search/", {"q": typed, **more})


def titles(response, kind=None):
    """The titles on the page, of one kind or of all in order."""
    assert response.status_code == 200
    if response.context.get("kind"):
        found = response.context["results"]
    else:
        groups = [group for group, _ in response.context.get("groups", [])]
        found = [r for group in groups if kind in (None, group.kind.key) for r in group.results]
    return [TAG.sub("", result.title) for result in found]


def article(**fields):
    return factories.ArticleFactory(parent=ArticleIndexPage.objects.get(), **fields)


@pytest.fixture
def library(db):
    """Made oldest first; each a day younger."""
    day = iter(timezone.now() - timedelta(days=100 - n) for n in range(100))
    teacher = factories.InstructorFactory(name="周明远", line="研究终身学习的人")
    course = factories.course(
        title="终身学习与认知升级",
        slug="zhongshen",
        promise="把 ＡＩ 时代当成一次开学",
        instructor=teacher,
        first_published_at=next(day),
    )
    for title, question in (
        ("信任是怎么一天天攒下来的", "信任从哪里来？"),
        ("认知", "我们怎样知道自己知道？"),
        ("一口锅的生意", "三百人的群为什么比三万人的难带？"),
    ):
        factories.lesson(
            course,
            title=title,
            question=question,
            summary="给终身学习的人",
            first_published_at=next(day),
        )
    factories.course(
        title="经济学讲义：ＧＤＰ增长 100%",
        slug="jingji",
        introduction="<p>价格与<b>信任</b>，it is simple.</p>",
        # Not the hundredth of a run: 「讲师100」 would be found by 100%.
        instructor=factories.InstructorFactory(name="李某"),
        first_published_at=next(day),
    )
    article(title="认知的代价", summary="“It's” 里说：信任", first_published_at=next(day))
    article(
        title="厨房笔记",
        body=[("text", "<p>好<b>锅</b>不怕火。</p>")],
        first_published_at=next(day),
    )


# What is typed → what is found. Stored, not computed: SQLite and PostgreSQL must both say this.
EXPECTED = {
    "认知": ["终身学习与认知升级", "认知", "认知的代价"],
    "终身": ["终身学习与认知升级", "一口锅的生意", "认知", "信任是怎么一天天攒下来的", "周明远"],
    "终身学习": [
        "终身学习与认知升级",
        "一口锅的生意",
        "认知",
        "信任是怎么一天天攒下来的",
        "周明远",
    ],
    "锅": ["一口锅的生意", "厨房笔记"],
    "信任": ["经济学讲义：ＧＤＰ增长 100%", "信任是怎么一天天攒下来的", "认知的代价"],
    "AI 时代": ["终身学习与认知升级"],
    "ａｉ时代": ["终身学习与认知升级"],
    "gdp增长": ["经济学讲义：ＧＤＰ增长 100%"],
    "Ｇｄｐ": ["经济学讲义：ＧＤＰ增长 100%"],
    "100%": ["经济学讲义：ＧＤＰ增长 100%"],
    "sim": ["经济学讲义：ＧＤＰ增长 100%"],
    "it": ["经济学讲义：ＧＤＰ增长 100%", "认知的代价"],
    '"认知" \'': ["终身学习与认知升级", "认知", "认知的代价"],
    "认知 OR NOT (": ["终身学习与认知升级", "认知", "认知的代价"],
    "\\认知' : * ^": ["终身学习与认知升级", "认知", "认知的代价"],
    "认知🍳": ["终身学习与认知升级", "认知", "认知的代价"],
    "周明远": ["终身学习与认知升级", "周明远"],
    "认知 代价": ["认知的代价"],
    "认知 火星": ["终身学习与认知升级", "认知", "认知的代价"],
    "火星": [],
    "🍳": [],
    '"': [],
    "认身": [],
}


def test_the_same_is_found_everywhere(client, library):
    assert {typed: titles(search(client, typed)) for typed in EXPECTED} == EXPECTED


def test_title_goes_before_what_is_near_it_and_that_before_the_rest(client, db):
    now = timezone.now()
    nearest_first: list[dict[str, Any]] = [
        {"title": "谈判"},
        {"title": "谈判的艺术"},
        {"title": "说服", "subtitle": "谈判之外"},
        {"title": "生意", "introduction": "<p>谈判。</p>"},
    ]
    for place, fields in enumerate(nearest_first):
        # The nearer, the older: age alone would turn them round.
        factories.course(first_published_at=now - timedelta(days=9 - place), **fields)
    assert titles(search(client, "谈判")) == ["谈判", "谈判的艺术", "说服", "生意"]


def test_results_are_grouped_with_what_one_wants_to_know(client, library):
    page = search(client, "终身学习").content.decode()
    heads = re.findall(r'<h2 class="search-label" id="(\w+)">([^<]+)</h2>', page)
    assert heads == [("courses", "课程"), ("lessons", "讲"), ("instructors", "讲师")]
    assert '<a href="/courses/zhongshen/"><mark>终身学习</mark>与认知升级</a>' in page
    assert "研究<mark>终身学习</mark>的人" in page
    lessons = page.split('id="lessons"')[1]
    assert "<span><mark>终身学习</mark>与认知升级</span><span>第 3 讲</span><span>1 分" in lessons
    assert "给<mark>终身学习</mark>的人" in lessons


def test_free_is_said_of_free_lessons(client, library):
    LessonPage.objects.filter(title="认知").update(free_preview=True)
    page = search(client, "认知", kind="lessons").content.decode()
    assert page.count('<span class="finding-free">免费</span>') == 1


def test_a_planned_course_is_found_with_its_day(client, db):
    factories.course(title="慢慢变强", opens_on=timezone.localdate() + timedelta(days=30))
    page = search(client, "变强").content.decode()
    assert "开课" in page or "开放" in page


def test_one_kind_comes_in_pages(client, course):
    for number in range(45):
        factories.lesson(course, title=f"信任 {number:02d}", slug=f"x{number}")
    first = search(client, "信任")
    assert len(titles(first, "lessons")) == 4
    assert '<a href="?q=%E4%BF%A1%E4%BB%BB&amp;kind=lessons">全部 45 项</a>' in (
        first.content.decode()
    )
    seen = []
    for number in (1, 2, 3):
        seen += titles(search(client, "信任", kind="lessons", page=number))
    assert len(set(seen)) == 45
    assert len(titles(search(client, "信任", kind="lessons", page=3))) == 5
    assert titles(search(client, "信任", kind="lessons", page="x")) == seen[:20]
    assert titles(search(client, "信任", kind="lessons", page=99)) == seen[40:]
    assert titles(search(client, "信任", kind="articles")) == []
    assert 'rel="next" href="?q=%E4%BF%A1%E4%BB%BB&amp;kind=lessons&amp;page=2' in (
        search(client, "信任", kind="lessons").content.decode()
    )


def test_only_what_is_published_is_found(client, course, editor):
    factories.lesson(course, title="草稿里的锅", live=False)
    factories.lesson(course, title="书架上的锅")
    assert titles(search(client, "的锅")) == ["书架上的锅"]
    CoursePage.objects.get(pk=course.pk).unpublish()
    assert titles(search(client, "的锅")) == []
    assert titles(search(client, course.title)) == []


def test_publishing_and_editing_keep_the_index(client, course):
    lesson = factories.lesson(course, title="旧题目")
    lesson.title = "崭新题目"
    revision = lesson.save_revision()
    assert titles(search(client, "崭新")) == []
    revision.publish()
    assert titles(search(client, "崭新")) == ["崭新题目"]
    assert titles(search(client, "旧题")) == []
    lesson.delete()
    assert titles(search(client, "崭新")) == []


def test_some_of_the_words_are_said_to_be_some(client, library):
    assert "没有同时含有这些词的内容" in search(client, "认知 火星").content.decode()
    assert "没有同时含有" not in search(client, "认知 代价").content.decode()


def test_nothing_found_says_what_may_be_meant_and_where_to_go(client, library):
    renzhi = factories.DisciplineFactory(name="认知", slug="renzhi")
    factories.course(lessons=1, title="一群人的生意", disciplines=[renzhi])
    page = search(client, "认之").content.decode()
    assert '没有找到「认之」。要找「<a href="?q=%E8%AE%A4%E7%9F%A5">认知</a>」吗？' in page
    assert '<a href="/disciplines/renzhi/">认知</a>' in page
    assert "先听一讲免费的" in page
    assert "没有找到「🍳」。" in search(client, "🍳").content.decode()
    assert "要找「" not in search(client, "🍳").content.decode()


def test_it_speaks_english_too(client, library):
    client.cookies["django_language"] = "en"
    assert (
        "Nothing was found for “认之”. Do you mean “<a" in search(client, "认之").content.decode()
    )
    assert "1 minute</span>" in search(client, "认知", kind="lessons").content.decode()


def test_the_page_without_a_question_offers_a_beginning(client, library):
    shangye = factories.DisciplineFactory(name="商业", slug="shangye")
    factories.course(slug="shengyi", disciplines=[shangye])
    page = client.get("/search/").content.decode()
    assert "autofocus" in page
    assert '<a href="/disciplines/shangye/">商业</a>' in page
    assert '<a href="/courses/jingji/">' in page
    assert "没有找到" not in page
    assert client.get("/search/?q=+&kind=x&page=y").status_code == 200


def test_what_is_too_long_is_cut_and_said(client, library):
    page = search(client, "好" * 3000).content.decode()
    assert "只按前 60 个字查找。" in page
    assert "好" * 61 not in page


def test_what_was_typed_is_never_markup(client, library):
    page = search(client, '"><script>alert(1)</script>').content.decode()
    assert "<script>alert" not in page
    factories.course(title="<script>alert(2)</script>课")
    for address in ("/search/", "/search/suggest/"):
        page = client.get(address, {"q": "alert"}).content.decode()
        assert "&lt;script&gt;<mark>alert</mark>(2)" in page
        assert "<script>alert" not in page


def test_suggestions_are_a_few_titles_and_what_stands_near_them(client, library):
    for number in range(9):
        factories.course(title=f"终身 {number}")
    suggested = re.compile(r'<a href="[^"]+"><span>(.+?)</span><span [^>]+kind">(\w+)</span></a>')
    page = client.get("/search/suggest/", {"q": "终身"}).content.decode()
    found = suggested.findall(page)
    assert [kind for _, kind in found] == ["课程"] * 3 + ["讲"] * 3 + ["讲师"]
    assert found[0][0] == "<mark>终身</mark> 8"
    line = '<span class="search-suggestion-line">'
    assert found[-1][0] == f"周明远{line}研究<mark>终身</mark>学习的人</span>"
    page = client.get("/search/suggest/", {"q": "认知"}).content.decode()
    assert [kind for _, kind in suggested.findall(page)] == ["课程", "讲", "文章"]
    assert "<html" not in page
    for nothing in ("", "火星", "价格"):  # that one stands in an introduction only
        assert "<a" not in client.get("/search/suggest/", {"q": nothing}).content.decode()


def test_every_result_shows_why_it_is_found(client, library):
    """By whom, in which discipline, in which sentence of an article or stage of a track."""
    subject = factories.DisciplineFactory(name="商业")
    for page in (factories.course(title="一群人"), article(title="摊子", author="林岚")):
        page.disciplines = [subject]
        page.save_revision().publish()
    factories.track([CoursePage.objects.get(slug="jingji")], title="路")
    for typed, shown in (
        ("商业", ["<span><mark>商业</mark></span>"] * 2),
        ("周明远", ["<span><mark>周明远</mark></span>"]),
        ("林岚", ["<span><mark>林岚</mark></span>"]),
        ("不怕火", ['<p class="finding-snippet">好锅<mark>不怕火</mark>。</p>']),
        ("阶段1", ["<mark>阶段1</mark>的一句话"]),
    ):
        found = search(client, typed).content.decode()
        assert [found.count(each) for each in shown] == [len(shown)] * len(shown), typed
    assert "商业" not in search(client, "一群人").content.decode().split('class="findings"')[1]


def test_it_costs_three_queries_however_much_there_is(client, course):
    def grow(number):
        for _ in range(number):
            factories.lesson(course, title="认知与信任", slug=f"n{course.numchild}")
            article(title="认知与商业")
            factories.InstructorFactory(name="认知先生")

    def costs():
        found = {}
        for address in (
            "/search/?q=认知",
            "/search/?q=认知 火星",
            "/search/?q=认知&kind=lessons",
            "/search/?q=认知&kind=instructors",
            "/search/?q=认之",
            "/search/?q=",
            "/search/suggest/?q=认知",
        ):
            client.get(address)
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            asked = [query["sql"] for query in captured]
            found[address] = len(asked), sum("indexentry" in sql for sql in asked)
        return found

    grow(3)
    few = costs()
    grow(20)
    assert costs() == few
    page, suggestions = few["/search/?q=认知"], few["/search/suggest/?q=认知"]
    assert suggestions == (3, 2)
    assert page[0] <= 4  # one of them is the shell's
    assert few["/search/?q=认之"][0] <= 7  # and three for where else to go
