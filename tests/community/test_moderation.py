"""Featuring, hiding, settling: who does it, what is kept of it, what everybody sees."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import ModelLogEntry

from accounts import roles
from accounts.models import User
from community import moderation
from community.models import Comment
from courses.models import CoursePage, LessonPage
from tests.accounts.browser import text_of
from tests.community.conftest import QUOTE, answer, as_, say, talk
from tests.payments.staff import ROLES, at_desk, somebody

pytestmark = pytest.mark.django_db
DESK = "/admin/talk/"
COURSE = "/courses/yiqun/"


@pytest.mark.parametrize("role", ROLES)
def test_editors_moderators_and_operators_moderate_and_nobody_else(
    role: str, learner: User, paid: LessonPage
) -> None:
    comment = say(learner, paid, "骂人的话")
    client = at_desk(role)
    may = role != roles.FINANCE
    page = client.get(f"{DESK}inspect/{comment.pk}/")
    assert (page.status_code == 200) is may
    assert ">None<" not in re.sub(r"\s", "", page.content.decode())
    assert ("骂人的话" in text_of(client.get(DESK))) is may
    client.post(f"{DESK}hide/{comment.pk}/", {"reason": "请不要骂人。"})
    comment.refresh_from_db()
    assert comment.is_hidden is may
    if may:
        assert comment.hidden_by == somebody(client)
        entry = ModelLogEntry.objects.get(action="community.hide_comment")
        assert (entry.user, entry.data) == (somebody(client), {"reason": "请不要骂人。"})
        assert "骂人的话" not in entry.label
        client.post(f"{DESK}show/{comment.pk}/")
        assert ModelLogEntry.objects.filter(action="community.show_comment").exists()
        assert "骂人的话" in text_of(as_(learner).get(talk(paid)))


def test_every_row_of_the_list_has_a_cell_for_each_column(
    learner: User, other: User, paid: LessonPage
) -> None:
    comment = say(learner, paid, "骂人的话")
    say(other, paid, "说得对")
    moderation.hide(comment, by=other, reason="请不要骂人。", now=timezone.now())
    html = at_desk(roles.MODERATOR).get(DESK).text
    [table] = re.findall(r'<table class="listing.*?</table>', html, re.S)
    assert "&lt;td" not in table
    heads = len(re.findall(r"<th[ >]", table.split("</thead>")[0]))
    rows = re.findall(r"<tr.*?</tr>", table.split("</thead>")[1], re.S)
    assert [len(re.findall(r"<t[dh][ >]", row)) for row in rows] == [heads, heads]
    assert ["已隐藏" in row for row in rows] == [False, True]


def test_what_a_moderator_hid_its_author_does_not_show_again_by_removing_it(
    learner: User, other: User, paid: LessonPage
) -> None:
    comment = say(learner, paid, "骂人的话")
    answer(other, comment, "也骂人")
    moderation.hide(comment, by=other, reason="请不要骂人。", now=timezone.now())
    as_(learner).post(f"/community/comments/{comment.pk}/remove/")
    comment.refresh_from_db()
    assert (comment.text, comment.is_removed, comment.is_hidden) == ("", True, True)
    assert "也骂人" not in text_of(as_(other).get(talk(paid)))


def test_a_moderators_day_begins_with_what_was_reported(
    learner: User, other: User, paid: LessonPage
) -> None:
    desk = at_desk(roles.MODERATOR)
    assert "被举报的留言" in text_of(desk.get("/admin/"))
    comment = say(learner, paid, "骂人的话")
    say(learner, paid, "怎么办？", kind="question")
    as_(other).post(f"/community/comments/{comment.pk}/report/", {"reason": "abuse"})
    home = desk.get("/admin/").content.decode()
    tiles = re.findall(r'href="([^"]*talk/\?state=[^"]*)"[^>]*>(.*?)</a>', home, re.S)
    numbers = {url.split("=")[1]: re.findall(r">(\d+)<", told) for url, told in tiles}
    assert numbers == {"reported": ["1"], "unanswered": ["1"]}
    assert "被举报的留言" not in text_of(at_desk(roles.FINANCE).get("/admin/"))


def test_nothing_is_hidden_without_a_reason(learner: User, paid: LessonPage) -> None:
    comment = say(learner, paid)
    desk = at_desk(roles.MODERATOR)
    asked = desk.get(f"{DESK}hide/{comment.pk}/").content.decode()
    assert "只有作者自己看得到" in asked
    assert comment.text in asked
    assert desk.post(f"{DESK}hide/{comment.pk}/", {"reason": " "}).status_code == 200
    assert not Comment.objects.get().is_hidden


def test_a_featured_one_stands_on_the_course_page_without_its_quote(
    learner: User, paid: LessonPage
) -> None:
    comment = say(learner, paid, "听完去谢了一个人。", quote=QUOTE)
    assert "精选留言" not in Client().get(COURSE).content.decode()
    told = at_desk(roles.MODERATOR).post(f"{DESK}feature/{comment.pk}/", follow=True)
    assert "也显示在课程页" in text_of(told)
    page = Client().get(COURSE).content.decode()
    assert "听完去谢了一个人。" in page
    assert "林岚" in page
    assert QUOTE not in page
    assert f'href="{comment.talk_url}"' in page, "with its answers, for whom they are open"
    at_desk(roles.EDITOR).post(f"{DESK}unfeature/{comment.pk}/")
    assert "听完去谢了一个人。" not in Client().get(COURSE).content.decode()
    actions = ModelLogEntry.objects.filter(action__startswith="community.")
    assert {each.action for each in actions} == {
        "community.feature_comment",
        "community.unfeature_comment",
    }


@pytest.mark.parametrize(
    "text", ["他说：信任是一天天攒下来的，也会一天天花掉。", "信任 是一天天攒下来的——也会一天天"]
)
def test_what_repeats_paid_words_is_featured_in_its_lesson_alone(
    text: str, learner: User, paid: LessonPage, free: LessonPage
) -> None:
    """Also where it was said under a free one."""
    comment = say(learner, free, text)
    told = at_desk(roles.EDITOR).post(f"{DESK}feature/{comment.pk}/", follow=True)
    assert "只在这一讲里显示" in text_of(told)
    assert "信任" not in text_of(Client().get(COURSE)).split("精选留言")[-1][:80]
    assert Comment.objects.get().is_featured
    assert not Comment.objects.get().is_public_safe


def test_words_that_become_paid_leave_the_course_page(
    learner: User, free: LessonPage, paid: LessonPage
) -> None:
    comment = say(learner, free, "三百个人比三万个人更费神，这话我记住了。")
    moderation.feature(comment, by=learner, now=timezone.now())
    assert Comment.objects.get().is_public_safe
    paid.body = [("text", "<p>三百个人比三万个人更费神，这话我记住了。</p>")]
    paid.save_revision().publish()
    assert not Comment.objects.get().is_public_safe
    assert "更费神" not in Client().get(COURSE).content.decode()


def test_at_most_six_stand_there_the_newest_featured_first_for_one_query(
    learner: User, course: CoursePage, paid: LessonPage
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as found:
            Client().get(COURSE)
        return len(found)

    cost()
    few = cost()
    for number in range(8):
        row = say(learner, paid, f"感想{number}")
        moderation.feature(row, by=learner, now=timezone.now())
    assert cost() == few
    page = text_of(Client().get(COURSE))
    assert re.findall(r"感想\d", page) == [f"感想{n}" for n in (7, 6, 5, 4, 3, 2)]


def test_what_is_hidden_or_an_answer_is_not_featured(
    learner: User, other: User, paid: LessonPage
) -> None:
    comment = say(learner, paid)
    reply = answer(other, comment)
    moderation.hide(comment, by=other, reason="x", now=timezone.now())
    for each in (comment, reply):
        told = at_desk(roles.EDITOR, email=f"e{each.pk}@example.org").post(
            f"{DESK}feature/{each.pk}/", follow=True
        )
        assert "不能精选" in text_of(told)
    assert not Comment.objects.filter(featured_at__isnull=False).exists()


def test_reported_ones_top_the_queue_until_they_are_settled(
    learner: User, other: User, paid: LessonPage
) -> None:
    bad = say(learner, paid, "被举报的")
    say(learner, paid, "后来写的")
    moderation.report(bad, reporter=other, reason="abuse", words="攻击人", now=timezone.now())
    desk = at_desk(roles.MODERATOR)
    page = text_of(desk.get(DESK))
    assert page.index("被举报的") < page.index("后来写的")
    assert "后来写的" not in text_of(desk.get(DESK, {"state": "reported"}))
    assert "攻击人" in text_of(desk.get(f"{DESK}inspect/{bad.pk}/"))
    desk.post(f"{DESK}keep/{bad.pk}/")
    assert bad.reports.get().outcome == "kept"
    page = text_of(desk.get(DESK))
    assert page.index("后来写的") < page.index("被举报的")


def test_the_listing_and_the_page_of_one_say_what_was_done_with_it(
    learner: User, other: User, paid: LessonPage
) -> None:
    row = say(learner, paid, "听完去谢了一个人。", kind="question")
    moderation.hide(say(learner, paid), by=other, reason="x", now=timezone.now())
    moderation.feature(row, by=other, now=timezone.now())
    desk = at_desk(roles.MODERATOR)
    tags = re.findall(r'class="w-status[^>]*>(.*?)</span>', desk.get(DESK).content.decode(), re.S)
    assert [each.strip() for each in tags] == ["精选", "已隐藏"] or [
        each.strip() for each in tags
    ] == ["已隐藏", "精选"]
    page = desk.get(f"{DESK}inspect/{row.pk}/").content.decode()
    assert not re.search(r"<dd>\s*(True|False)", page)
    assert re.search(r"<dd>\s*是\s*</dd>", page)
    assert ">提问<" in Client().get(COURSE).content.decode().split('id="featured"')[1]


def test_hiding_settles_the_reports(learner: User, other: User, paid: LessonPage) -> None:
    bad = say(learner, paid)
    moderation.report(bad, reporter=other, reason="abuse", now=timezone.now())
    moderation.hide(bad, by=other, reason="x", now=timezone.now())
    assert bad.reports.get().outcome == "hidden"


def test_the_listing_is_narrowed_and_searched(
    learner: User, teacher: User, paid: LessonPage
) -> None:
    say(learner, paid, "只是一条留言")
    answer(teacher, say(learner, paid, "回答过的问题", kind="question"), "讲师的话")
    say(learner, paid, "没人回答的问题", kind="question")
    desk = at_desk(roles.EDITOR)

    def found(**query: Any) -> str:
        return text_of(desk.get(DESK, query))

    assert "只是一条留言" not in found(kind="question")
    unanswered = found(state="unanswered")
    assert "没人回答的问题" in unanswered
    assert "回答过的问题" not in unanswered
    assert "没人回答的问题" not in found(state="featured")
    assert "没人回答的问题" not in found(state="hidden")
    searched = found(q="只是一")
    assert "只是一条留言" in searched
    assert "讲师的话" not in searched


def test_a_moderator_reads_no_quote_of_a_paid_lesson(learner: User, paid: LessonPage) -> None:
    comment = say(learner, paid, quote=QUOTE)
    way = f"{DESK}inspect/{comment.pk}/"
    told = at_desk(roles.MODERATOR).get(way).content.decode()
    assert QUOTE not in told
    assert "能打开这一讲的人才看得到" in told
    assert QUOTE in at_desk(roles.EDITOR).get(way).content.decode()


def test_more_comments_cost_staff_no_more_queries(learner: User, paid: LessonPage) -> None:
    desk = at_desk(roles.MODERATOR)

    def cost() -> int:
        with CaptureQueriesContext(connection) as found:
            assert desk.get(DESK).status_code == 200
        return len(found)

    say(learner, paid)
    cost()
    few = cost()
    for _ in range(10):
        say(learner, paid)
    assert cost() == few


def test_nobody_writes_or_rewrites_one(learner: User, paid: LessonPage) -> None:
    comment = say(learner, paid)
    desk = at_desk(roles.OPERATOR)
    for way in ("new/", f"edit/{comment.pk}/", f"delete/{comment.pk}/"):
        assert desk.get(DESK + way).status_code == 404
