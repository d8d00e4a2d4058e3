"""Following an instructor or the publisher: free, ended at will, told as a number only."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import Page

from accounts.models import User
from courses.models import ArticlePage, CoursePage, Instructor
from growth import follows, news
from growth.models import Follow
from operations import clock
from tests.factories import ArticleFactory, InstructorFactory, UserFactory, course, lesson

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin() -> Instructor:
    return InstructorFactory(name="林若谷", slug="lin")


@pytest.fixture
def learner(client: Client) -> User:
    user = UserFactory()
    client.force_login(user)
    return user


def page(client: Client, address: str = "/instructors/lin/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def published(each: Page, days_ago: int) -> None:
    at = clock.now() - timedelta(days=days_ago)
    Page.objects.filter(pk=each.pk).update(first_published_at=at)


def test_one_tap_follows_and_one_ends_it(client: Client, learner: User, lin: Instructor) -> None:
    assert ">关注<" in page(client)
    for _twice in range(2):
        client.post("/following/instructors/lin/", {"wanted": "1"})
    assert Follow.objects.filter(user=learner, instructor=lin).count() == 1
    assert "取消关注" in page(client)
    client.post("/following/instructors/lin/", {"wanted": "0"})
    assert not Follow.objects.exists()
    assert ">关注<" in page(client)


def test_a_visitor_signs_in_first_and_is_led_back(client: Client, lin: Instructor) -> None:
    assert "/account/login/?next=/following/instructors/lin/" in page(client)
    client.force_login(UserFactory())
    assert client.get("/following/instructors/lin/")["Location"] == "/instructors/lin/"
    assert not Follow.objects.exists()  # looking there follows nobody


def test_nobody_unknown_is_followed(client: Client, learner: User) -> None:
    assert client.post("/following/instructors/nobody/", {"wanted": "1"}).status_code == 404


def test_the_publisher_is_followed_once(client: Client, learner: User) -> None:
    for _twice in range(2):
        client.post("/following/publisher/", {"wanted": "1"})
    assert Follow.objects.filter(user=learner, instructor=None).count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Follow.objects.create(user=learner, instructor=None, followed_at=clock.now())
    assert "取消关注" in page(client, "/letters/")


def test_how_many_follow_is_told_from_three_on(client: Client, lin: Instructor) -> None:
    for number in range(1, 4):
        follows.follow(user=UserFactory(), source=lin, now=clock.now())
        assert (f"{number} 人关注" in page(client)) is (number >= 3)


def test_what_is_new_of_those_one_follows_stands_on_a_page(
    client: Client, learner: User, lin: Instructor
) -> None:
    assert "还没有关注任何人" in page(client, "/following/")
    mine = course(title="慢慢变强", instructor=lin)
    old, new = lesson(mine, title="很久以前"), lesson(mine, title="换一门学科")
    others = lesson(course(title="别人的课"), title="别人的讲")
    hidden = lesson(mine, title="还没发布", live=False)
    for each, days_ago in ((mine, 90), (old, 60), (new, 2), (others, 2), (hidden, 1)):
        published(each, days_ago)
    client.post("/following/instructors/lin/", {"wanted": "1"})
    shown = page(client, "/following/")
    assert "换一门学科" in shown
    for text in ("很久以前", "别人的讲", "还没发布"):
        assert text not in shown


def test_the_publishers_news_are_everybodys_and_the_articles(learner: User) -> None:
    made = course(title="城市的暗线", lessons=1)
    published(made.get_children().get(), 1)
    article: ArticlePage = ArticleFactory(
        parent=Page.objects.get(slug="articles"), title="一口锅是怎么卖出去的"
    )
    published(made, 1)
    published(article, 2)
    now = clock.now()
    titles = [each.title for each in news.since([None], now - timedelta(days=7), now)]
    assert titles == ["城市的暗线", "一口锅是怎么卖出去的"]


def test_lessons_that_came_with_their_course_are_told_by_the_course(lin: Instructor) -> None:
    made = course(title="慢慢变强", instructor=lin, lessons=3)
    for each in (made, *made.get_children()):
        published(each, 1)
    now = clock.now()
    assert [each.title for each in news.since([lin], now - timedelta(days=7), now)] == ["慢慢变强"]


def test_more_follows_and_more_news_cost_no_more_queries(client: Client, learner: User) -> None:
    def grow() -> int:
        teacher = InstructorFactory()
        made: CoursePage = course(instructor=teacher, lessons=4)
        published(made, 60)
        follows.follow(user=learner, source=teacher, now=clock.now())
        with CaptureQueriesContext(connection) as asked:
            page(client, "/following/")
        return len(asked)

    grow()
    few = grow()
    for _more in range(4):
        many = grow()
    assert many == few


def test_what_is_planned_is_news_on_its_day_and_not_before(lin: Instructor) -> None:
    now = clock.now()
    today = timezone.localdate(now)
    planned = course(instructor=lin, opens_on=today + timedelta(days=3), lessons=1)
    empty = course(instructor=lin)
    for each in (planned, *planned.get_children(), empty):
        published(each, 30)

    def told(days: int) -> list[str]:
        at = now + timedelta(days=days)
        return [each.title for each in news.since([lin], at - timedelta(days=7), at)]

    assert told(0) == []
    assert told(4) == [planned.title]
    assert told(11) == []
