"""What the database holds of what is said; whose it is; who answers as the instructor."""

import io
import json
import uuid
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import privacy, roles
from accounts.models import User
from community import comments, moderation
from community.models import Comment, Like, Report
from courses.models import CoursePage, Instructor, LessonPage
from tests import factories
from tests.accounts.browser import text_of
from tests.community.conftest import QUOTE, answer, as_, say
from tests.payments.staff import at_desk

pytestmark = pytest.mark.django_db
QUESTIONS = "/community/questions/"


# --- constraints ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "praise"},
        {"text": ""},
        {"at_seconds": -1},
        {"at_seconds": 4, "quote": QUOTE},
        {"hidden_reason": "没有隐藏"},
        {"is_public_safe": True},
    ],
    ids=lambda wrong: "+".join(wrong),
)
def test_the_database_refuses_nonsense(
    wrong: dict[str, Any], learner: User, paid: LessonPage
) -> None:
    comment = say(learner, paid)
    with pytest.raises(IntegrityError), transaction.atomic():
        Comment.objects.filter(pk=comment.pk).update(**wrong)


def test_an_answer_has_no_place_of_its_own_and_is_not_featured(
    learner: User, other: User, paid: LessonPage
) -> None:
    reply = answer(other, say(learner, paid))
    for wrong in ({"at_seconds": 4}, {"quote": QUOTE}, {"featured_at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Comment.objects.filter(pk=reply.pk).update(**wrong)


def test_an_open_report_has_no_outcome(learner: User, other: User, paid: LessonPage) -> None:
    comment = say(learner, paid)
    moderation.report(comment, reporter=other, reason="abuse", now=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.update(outcome="kept")


# --- one's own data ------------------------------------------------------------------------------


def test_what_one_said_goes_along(learner: User, other: User, paid: LessonPage) -> None:
    say(learner, paid, "我说的", quote=QUOTE)
    theirs = say(other, paid, "别人说的")
    comments.like(theirs, user=learner, now=timezone.now())
    moderation.report(theirs, reporter=learner, reason="other", words="x", now=timezone.now())
    with zipfile.ZipFile(io.BytesIO(privacy.export(learner))) as archive:
        told = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    [own] = told["community.comment.json"]
    assert (own["text"], own["quote"], own["lesson__title"]) == ("我说的", QUOTE, "信任")
    assert [row["comment_id"] for row in told["community.like.json"]] == [theirs.pk]
    assert [row["words"] for row in told["community.report.json"]] == ["x"]
    assert "别人说的" not in json.dumps(told, ensure_ascii=False)


def test_deleting_the_account_leaves_no_word_and_keeps_the_thread(
    learner: User, other: User, paid: LessonPage
) -> None:
    say(learner, paid, "没人理")
    mine = say(learner, paid, "有人理", quote=QUOTE)
    answer(other, mine, "我来理。")
    own_answer = answer(learner, say(other, paid, "别人起的头"), "我接的话")
    comments.like(Comment.objects.get(text="别人起的头"), user=learner, now=timezone.now())
    privacy.erase(user=learner, now=timezone.now())
    mine.refresh_from_db()
    assert (mine.author, mine.text, mine.quote, mine.is_removed) == (None, "", "", True)
    assert not Comment.objects.filter(pk=own_answer.pk).exists()
    assert {row.text for row in Comment.objects.all()} == {"", "我来理。", "别人起的头"}
    assert not Like.objects.exists()


def test_a_deleted_instructors_account_is_no_longer_linked(
    teacher: User, course: CoursePage
) -> None:
    privacy.erase(user=teacher, now=timezone.now())
    assert Instructor.objects.get(name="周明远").account is None


# --- the instructor's account --------------------------------------------------------------------


def test_an_editor_links_an_account_by_its_whole_e_mail(db: None) -> None:
    person, taken = factories.UserFactory(email="ruogu@example.com"), factories.UserFactory()
    gone = factories.UserFactory(is_active=False)
    factories.InstructorFactory(account=taken)
    row = factories.InstructorFactory(name="林若谷", slug="ruogu")
    desk = at_desk(roles.EDITOR)
    way = f"/admin/snippets/courses/instructor/edit/{row.pk}/"
    said = {"name": "林若谷", "slug": "ruogu", "line": "", "biography": "", "portrait": ""}
    for wrong, told in (
        ("nobody@example.com", "没有用这个邮箱登录的人"),
        (gone.email, "没有用这个邮箱登录的人"),
        (taken.email, "已属于另一位讲师"),
    ):
        page = desk.post(way, said | {"account_email": wrong})
        assert told in page.content.decode()
    row.refresh_from_db()
    assert row.account is None
    assert desk.post(way, said | {"account_email": "Ruogu@example.com"}).status_code == 302
    row.refresh_from_db()
    assert row.account == person
    assert "ruogu@example.com" in desk.get(way).content.decode()
    desk.post(way, said | {"account_email": ""})
    row.refresh_from_db()
    assert row.account is None


def test_who_teaches_nothing_has_no_such_page(learner: User) -> None:
    assert as_(learner).get(QUESTIONS).status_code == 404
    assert "问我的问题" not in as_(learner).get("/account/").content.decode()


def test_what_waits_for_long_stands_first_then_the_newest(
    learner: User, teacher: User, paid: LessonPage
) -> None:
    now = timezone.now()
    for text, hours in (("前天问的", 40), ("昨天问的", 20), ("刚刚问的", 1), ("上周问的", 150)):
        say(learner, paid, text, kind="question", now=now - timedelta(hours=hours))
    answer(teacher, Comment.objects.get(text="上周问的"))
    say(learner, paid, "不是提问")
    elsewhere = factories.lesson(factories.course(), free_preview=True)
    say(learner, elsewhere, "别人课里问的", kind="question")
    client = as_(teacher)
    page = text_of(client.get(QUESTIONS))
    places = [page.index(f"{day}问的") for day in ("前天", "昨天", "刚刚", "上周")]
    assert places == sorted(places)
    assert "不是提问" not in page
    assert "别人课里问的" not in page
    assert "问我的问题" in client.get("/account/").content.decode()


def test_more_questions_cost_no_more_queries(
    learner: User, teacher: User, paid: LessonPage
) -> None:
    client = as_(teacher)

    def cost() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(QUESTIONS).status_code == 200
        return len(found)

    answer(teacher, say(learner, paid, kind="question"))
    cost()
    few = cost()
    for _ in range(6):
        answer(teacher, say(learner, paid, kind="question"))
    assert cost() == few


def test_the_same_key_of_two_people_is_two_comments(
    learner: User, other: User, paid: LessonPage
) -> None:
    key = str(uuid.uuid4())
    for person in (learner, other):
        said = {"key": key, "kind": "comment", "text": "同一把钥匙"}
        as_(person).post(f"/community/lessons/{paid.pk}/say/", said)
    assert Comment.objects.count() == 2
