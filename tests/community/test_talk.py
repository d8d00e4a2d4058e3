"""What is said under a lesson: who reads it, who says it, how it looks."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import OutboxMessage, User
from community import moderation
from community.models import Comment, Like
from courses.models import CoursePage, LessonPage
from tests import factories
from tests.accounts.browser import text_of
from tests.community.conftest import QUOTE, answer, as_, post_of, say, talk

pytestmark = pytest.mark.django_db
AS_PART = {"HX-Request": "true"}


# --- who reads -----------------------------------------------------------------------------------


def test_who_may_open_the_lesson_reads_what_is_said_there(
    learner: User, other: User, paid: LessonPage
) -> None:
    say(learner, paid, "三百人的群更难带。", quote=QUOTE)
    answer_ = as_(other).get(talk(paid))
    assert answer_.status_code == 200
    assert "no-store" in answer_["Cache-Control"]
    assert "private" in answer_["Cache-Control"]
    page = text_of(answer_)
    assert "三百人的群更难带。" in page
    assert QUOTE in page
    assert "林岚" in page
    assert learner.email not in answer_.content.decode()


def test_nobody_else_does_and_is_led_to_the_sales_page(
    learner: User, teacher: User, paid: LessonPage
) -> None:
    comment = say(learner, paid, "三百人的群更难带。")
    for client in (Client(), as_(factories.UserFactory())):
        whole = client.get(talk(paid))
        assert (whole.status_code, whole["Location"]) == (302, "/courses/yiqun/01/")
        assert client.get(talk(paid), headers=AS_PART).status_code == 404
        assert client.post(f"{talk(paid)}say/", post_of()).status_code in (302, 404)
        for act in ("like", "report", "change", "remove"):
            way = f"/community/comments/{comment.pk}/{act}/"
            assert client.post(way, {"liked": "1", "reason": "abuse"}).status_code in (302, 404)
    assert Comment.objects.count() == 1
    assert not Like.objects.exists()


def test_a_lesson_that_is_not_out_is_not_even_named(course: CoursePage) -> None:
    draft = factories.lesson(course, slug="draft", live=False, first_published_at=None)
    assert Client().get(talk(draft)).status_code == 404
    assert Client().get("/community/lessons/99999999999999999999/").status_code == 404


def test_a_visitor_reads_on_a_free_lesson_and_is_asked_to_log_in(
    learner: User, free: LessonPage
) -> None:
    say(learner, free, "第一次听。")
    page = Client().get(talk(free)).content.decode()
    assert "第一次听。" in page
    assert "/account/login/?next=/courses/yiqun/00/" in page
    assert "<form" not in page.split('id="talk"')[1].split("</section>")[0]


def test_the_lesson_asks_for_it_as_a_part(learner: User, paid: LessonPage) -> None:
    lesson = as_(learner).get("/courses/yiqun/01/").content.decode()
    assert f'hx-get="{talk(paid)}"' in lesson
    end = lesson[lesson.index("lesson-end") :]
    assert end.index('id="talk"') < end.index("lesson-turn")
    part = as_(learner).get(talk(paid), headers=AS_PART).content.decode()
    assert part.lstrip().startswith('<section class="talk"')
    whole = as_(learner).get(talk(paid), headers=AS_PART | {"HX-Boosted": "true"})
    assert "<html" in whole.content.decode()


def test_featured_ones_stand_first_then_the_newest(learner: User, paid: LessonPage) -> None:
    for text in ("第一条", "第二条", "第三条"):
        say(learner, paid, text)
    first = Comment.objects.get(text="第一条")
    moderation.feature(first, by=learner, now=timezone.now())
    page = text_of(as_(learner).get(talk(paid)))
    assert page.index("第一条") < page.index("第三条") < page.index("第二条")


def test_questions_are_shown_alone_and_twenty_to_a_page(learner: User, paid: LessonPage) -> None:
    for number in range(21):
        say(learner, paid, f"问题{number:02d}", kind="question")
    say(learner, paid, "一条留言")
    client = as_(learner)
    page = client.get(talk(paid), {"shown": "question"})
    assert "一条留言" not in text_of(page)
    assert "问题00" not in text_of(page)
    assert f"{talk(paid)}?shown=question&amp;page=2" in page.content.decode()
    assert "问题00" in text_of(client.get(talk(paid), {"shown": "question", "page": "2"}))


def test_a_comments_address_leads_to_the_page_it_stands_on(learner: User, paid: LessonPage) -> None:
    old = say(learner, paid, "最早的一条")
    for number in range(20):
        say(learner, paid, f"后来的{number:02d}")
    client = as_(learner)
    assert "最早的一条" not in text_of(client.get(talk(paid)))
    there = client.get(old.talk_url.split("#")[0])
    assert f'id="comment-{old.pk}"' in there.content.decode()
    newest = Comment.objects.order_by("-created_at", "-pk")[0]
    assert "最早的一条" not in text_of(client.get(newest.talk_url.split("#")[0]))
    for nowhere in ("0", "第一条", str(10**30)):
        assert "最早的一条" not in text_of(client.get(talk(paid), {"to": nowhere}))


def test_more_comments_cost_no_more_queries(learner: User, other: User, paid: LessonPage) -> None:
    client = as_(learner)

    def cost() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(talk(paid)).status_code == 200
        return len(found)

    def more(number: int) -> None:
        for _ in range(number):
            answer(other, say(learner, paid, quote=QUOTE))

    more(1)
    cost()
    few = cost()
    more(8)
    assert cost() == few
    assert few <= 12


# --- saying --------------------------------------------------------------------------------------


def test_a_moment_is_attached_and_leads_there(learner: User, paid: LessonPage) -> None:
    client = as_(learner)
    done = client.post(f"{talk(paid)}say/", post_of("这里没听懂。", at="1：18", kind="question"))
    assert (done.status_code, done["Location"]) == (302, talk(paid))
    row = Comment.objects.get()
    assert (row.at_seconds, row.kind, row.course.slug) == (78, "question", "yiqun")
    assert 'data-at="78.0"' in client.get(talk(paid)).content.decode()


def test_a_doubled_post_makes_no_twin(learner: User, paid: LessonPage) -> None:
    said = post_of()
    for _ in range(2):
        assert as_(learner).post(f"{talk(paid)}say/", said).status_code == 302
    assert Comment.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"text": " "}, "请填写这一项"),
        ({"text": "字" * 1001}, "1000"),
        ({"at": "下午"}, "4:18"),
        ({"at": "9:59"}, "没有这么长"),
        ({"quote": "从来没有说过的一句话"}, "这一句在文中找不到了"),
    ],
)
def test_what_was_typed_stays_when_something_is_wrong(
    wrong: dict[str, str], told: str, learner: User, paid: LessonPage
) -> None:
    answer_ = as_(learner).post(f"{talk(paid)}say/", post_of("写了很久的话。") | wrong)
    page = answer_.content.decode()
    assert answer_.status_code == 422
    assert told in page
    assert wrong.get("text", "写了很久的话。").strip() in page
    assert not Comment.objects.exists()


def test_a_sentence_that_is_gone_is_told_so(learner: User, paid: LessonPage) -> None:
    say(learner, paid, quote=QUOTE, prefix="", suffix="")
    assert 'data-quote="' in as_(learner).get(talk(paid)).content.decode()
    paid.body = [("text", "<p>整段重写了。</p>")]
    paid.save_revision().publish()
    page = as_(learner).get(talk(paid)).content.decode()
    assert 'data-quote="' not in page
    assert "原文后来改过" in page
    assert QUOTE in page


def test_somebody_without_a_name_is_a_learner(paid: LessonPage, learner: User) -> None:
    User.objects.filter(pk=learner.pk).update(name="")
    say(User.objects.get(pk=learner.pk), paid)
    page = as_(learner).get(talk(paid)).content.decode()
    assert "学员" in page
    assert "linlan" not in page.split('id="talk"')[1].split("</section>")[0]


def test_nothing_said_is_markup(learner: User, paid: LessonPage) -> None:
    say(learner, paid, "<script>x</script> https://example.com")
    page = as_(learner).get(talk(paid)).content.decode()
    assert "&lt;script&gt;" in page
    assert 'href="https://example.com"' not in page


def test_a_session_that_ended_leads_over_the_log_in_to_the_talk(
    learner: User, other: User, paid: LessonPage
) -> None:
    told = Client().post(f"{talk(paid)}say/", post_of())
    assert (told.status_code, told["Location"]) == (302, f"/account/login/?next={talk(paid)}")
    said = say(other, paid)
    like = f"/community/comments/{said.pk}/like/"
    assert Client().post(like)["Location"] == f"/account/login/?next={like}"
    client = as_(learner)
    assert client.get(f"{talk(paid)}say/")["Location"] == talk(paid)
    assert client.get(like)["Location"] == said.talk_url
    assert not Like.objects.exists()
    assert Comment.objects.count() == 1


# --- answering -----------------------------------------------------------------------------------


def test_the_instructor_answers_with_a_mark_and_the_asker_gets_one_mail(
    learner: User, teacher: User, paid: LessonPage
) -> None:
    question = say(learner, paid, "为什么更难？", kind="question", at_seconds=4)
    client = as_(teacher)
    assert "为什么更难？" in text_of(client.get("/community/questions/"))
    said = post_of("因为认得人。", next="/community/questions/")
    for _ in range(2):
        done = client.post(f"/community/comments/{question.pk}/answer/", said)
        assert (done.status_code, done["Location"]) == (302, "/community/questions/")
    reply = Comment.objects.get(parent=question)
    assert reply.by_instructor
    page = text_of(as_(learner).get(talk(paid)))
    assert "周明远 讲师" in " ".join(page.split())
    letter = OutboxMessage.objects.get(key=f"answer:{reply.pk}")
    assert letter.to == learner.email
    assert f"{talk(paid)}?to={question.pk}#comment-{question.pk}" in letter.text
    assert "因为认得人" not in letter.text


def test_answered_questions_stand_below_a_heading_and_one_lands_at_them(
    learner: User, teacher: User, paid: LessonPage
) -> None:
    say(learner, paid, "还没有人答。", kind="question")
    question = say(learner, paid, "已经答过。", kind="question")
    answer(teacher, question)
    page = as_(teacher).get("/community/questions/").content.decode()
    assert page.index("还没有人答。") < page.index('id="answered"') < page.index("已经答过。")
    assert f'/comments/{question.pk}/answer/#comment-{question.pk}"' in page


def test_a_learner_answers_without_a_mark_or_a_mail(
    learner: User, other: User, paid: LessonPage
) -> None:
    question = say(learner, paid, kind="question")
    done = as_(other).post(f"/community/comments/{question.pk}/answer/", post_of("我猜是。"))
    assert done["Location"] == talk(paid)
    assert not Comment.objects.get(parent=question).by_instructor
    assert not OutboxMessage.objects.filter(key__startswith="answer:").exists()


def test_an_answer_is_not_answered(learner: User, other: User, paid: LessonPage) -> None:
    reply = answer(other, say(learner, paid))
    way = f"/community/comments/{reply.pk}/answer/"
    assert as_(learner).get(way).status_code == 404
    assert as_(learner).post(way, post_of()).status_code == 404
    assert Comment.objects.count() == 2


def test_an_answer_that_says_nothing_is_asked_for_again(
    learner: User, teacher: User, paid: LessonPage
) -> None:
    question = say(learner, paid, kind="question")
    way = f"/community/comments/{question.pk}/answer/"
    wrong = as_(teacher).post(way, post_of("", next="/community/questions/"))
    assert wrong.status_code == 422
    assert "以讲师身份回复" in wrong.content.decode()
    assert 'value="/community/questions/"' in wrong.content.decode()


# --- one's own -----------------------------------------------------------------------------------


def test_words_are_changed_until_somebody_answers(
    learner: User, other: User, paid: LessonPage
) -> None:
    comment = say(learner, paid, "写错了")
    way = f"/community/comments/{comment.pk}/change/"
    assert "写错了" in as_(learner).get(way).content.decode()
    assert as_(learner).post(way, {"text": " "}).status_code == 422
    assert as_(learner).post(way, {"text": "写对了"}).status_code == 302
    comment.refresh_from_db()
    assert (comment.text, comment.edited_at is None) == ("写对了", False)
    assert as_(other).get(way).status_code == 404
    answer(other, comment)
    assert as_(learner).get(way).status_code == 404
    assert way not in as_(learner).get(talk(paid)).content.decode()


def test_what_is_removed_goes_or_leaves_its_place_to_the_answers(
    learner: User, other: User, paid: LessonPage
) -> None:
    alone, answered = say(learner, paid, "没人理"), say(learner, paid, "有人理", quote=QUOTE)
    reply = answer(other, answered, "我来理。")
    for each in (alone, answered):
        way = f"/community/comments/{each.pk}/remove/"
        assert as_(other).post(way).status_code == 404
        assert "彻底删除" in as_(learner).get(way).content.decode()
        assert as_(learner).post(way).status_code == 302
    assert not Comment.objects.filter(pk=alone.pk).exists()
    page = text_of(as_(other).get(talk(paid)))
    assert "有人理" not in page
    assert QUOTE not in page
    assert "作者已删除" in page
    assert "我来理。" in page
    assert as_(other).post(f"/community/comments/{reply.pk}/remove/").status_code == 302
    assert not Comment.objects.exists()


def test_liking_twice_counts_once_and_is_taken_back(
    learner: User, other: User, paid: LessonPage
) -> None:
    comment = say(learner, paid)
    way = f"/community/comments/{comment.pk}/like/"
    for _ in range(2):
        assert as_(other).post(way, {"liked": "1", "next": talk(paid)}).status_code == 302
    assert "赞 1" in text_of(as_(other).get(talk(paid)))
    assert as_(learner).post(way, {"liked": "1"}).status_code == 404
    as_(other).post(way, {"liked": "0"})
    assert not Like.objects.exists()


def test_a_report_reaches_the_moderators_once_and_hides_nothing(
    learner: User, other: User, paid: LessonPage
) -> None:
    comment = say(learner, paid, "加我微信")
    way = f"/community/comments/{comment.pk}/report/"
    client = as_(other)
    assert client.post(way, {}).status_code == 422
    for _ in range(2):
        told = client.post(way, {"reason": "advertising", "words": "卖课的"}, follow=True)
    assert "版主会来看" in text_of(told)
    assert comment.reports.count() == 1
    for _ in range(3):
        person = factories.UserFactory()
        moderation.report(comment, reporter=person, reason="abuse", now=timezone.now())
    page = text_of(client.get(talk(paid)))
    assert "加我微信" in page
    assert "你已举报" in page
    assert as_(learner).get(way).status_code == 404


# --- hidden --------------------------------------------------------------------------------------


def test_what_is_hidden_is_there_for_its_author_alone_with_the_reason(
    learner: User, other: User, paid: LessonPage
) -> None:
    comment = say(learner, paid, "骂人的话")
    moderation.hide(comment, by=other, reason="请不要骂人。", now=timezone.now())
    own = text_of(as_(learner).get(talk(paid)))
    assert "请不要骂人。" in own
    assert "骂人的话" in own
    assert "骂人的话" not in text_of(as_(other).get(talk(paid)))
    for act in ("answer", "like", "report"):
        assert as_(other).post(f"/community/comments/{comment.pk}/{act}/").status_code == 404
    assert as_(learner).get(f"/community/comments/{comment.pk}/change/").status_code == 404


# --- limits --------------------------------------------------------------------------------------


def test_nobody_says_more_than_anybody_types(
    learner: User, paid: LessonPage, settings: Any
) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "comment": "2/m/user"}
    client = as_(learner)
    got = [client.post(f"{talk(paid)}say/", post_of()).status_code for _ in range(3)]
    assert got == [302, 302, 429]
