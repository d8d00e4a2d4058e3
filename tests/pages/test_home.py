"""The front page, made of blocks."""

import pytest

from accounts.models import User
from courses.models import LessonPage
from pages.home import HomePage
from tests import factories
from tests.courses.conftest import give
from tests.courses.test_queries import count

pytestmark = pytest.mark.django_db
HERO = {"heading": "日知其所亡", "text": "每天一讲。", "page": None, "label": ""}


def put(*blocks) -> None:
    home = HomePage.objects.get()
    home.body = list(blocks)
    home.save_revision().publish()


@pytest.fixture
def course(db):
    discipline = factories.DisciplineFactory(name="商业", slug="business", ground="business")
    return factories.course(lessons=2, slug="yiqun", disciplines=[discipline])


@pytest.fixture
def learner(client, course) -> User:
    user = factories.UserFactory()
    give(user, course)
    client.force_login(user)
    return user


def test_a_bare_front_page_shows_the_newest_courses(client, course):
    page = client.get("/").content.decode()
    assert course.title in page


def test_the_opening_is_for_visitors_unless_told_otherwise(client, course):
    put(("hero", HERO | {"visitors_only": True}))
    assert "日知其所亡" in client.get("/").content.decode()
    client.force_login(factories.UserFactory())
    assert "日知其所亡" not in client.get("/").content.decode()
    put(("hero", HERO | {"visitors_only": False}))
    assert "日知其所亡" in client.get("/").content.decode()


def test_the_opening_leads_to_a_published_page_only(client, course):
    put(("hero", HERO | {"visitors_only": True, "page": course, "label": "去听"}))
    assert ">去听</a>" in client.get("/").content.decode()
    course.unpublish()
    assert "去听" not in client.get("/").content.decode()


def test_going_on_stands_where_the_editor_puts_it_else_first(client, learner):
    put(("articles", {"heading": "文章"}), ("courses", {"heading": "新课", "courses": []}))
    page = client.get("/").content.decode()
    assert page.index("going-on-title") < page.index("新课")
    put(("courses", {"heading": "新课", "courses": []}), ("going_on", None))
    page = client.get("/").content.decode()
    assert page.index("新课") < page.index("going-on-title")
    assert page.count("going-on-title") == 1


def test_disciplines_with_something_in_them_stand_on_the_shelf(client, course):
    factories.DisciplineFactory(name="无课的学科")
    put(("disciplines", {"heading": "按学科"}))
    page = client.get("/").content.decode()
    assert 'href="/disciplines/business/" data-ground="business"' in page
    assert "无课的学科" not in page


def test_a_heading_left_empty_speaks_the_readers_language(client, course):
    put(("disciplines", {"heading": ""}), ("courses", {"heading": "上新", "courses": []}))
    assert "<h2>按学科</h2>" in client.get("/").content.decode()
    client.cookies["django_language"] = "en"
    page = client.get("/").content.decode()
    assert "<h2>By discipline</h2>" in page
    assert '<h2 lang="zh-Hans">上新</h2>' in page


def test_the_free_lesson_sounds_at_once_and_only_while_it_is_free(client, course):
    lesson = LessonPage.objects.get(slug="00")
    LessonPage.objects.filter(pk=lesson.pk).update(audio=factories.MediaFactory())
    put(("free_lesson", {"lesson": lesson, "line": ""}))
    assert f'data-media="/media/{lesson.pk}/audio-' in client.get("/").content.decode()
    LessonPage.objects.filter(pk=lesson.pk).update(free_preview=False)
    page = client.get("/").content.decode()
    assert "data-hear" not in page
    assert lesson.title not in page


def test_the_front_page_costs_the_same_for_more_of_everything(client, learner, course):
    put(
        ("going_on", None),
        ("courses", {"heading": "新课", "courses": []}),
        ("disciplines", {"heading": "按学科"}),
        ("articles", {"heading": "文章"}),
    )
    factories.course(lessons=2)
    client.get("/")
    few, _ = count(client, "/")
    for number in range(4):
        discipline = factories.DisciplineFactory(name=f"学科 {number}")
        give(learner, factories.course(lessons=3, disciplines=[discipline]))
    many, sql = count(client, "/")
    assert many == few, sql
