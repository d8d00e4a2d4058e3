"""The index itself: Wagtail's own searches stand on it too, and it stays true."""

import importlib

import pytest
from django.apps import apps
from django.db import connection
from wagtail.search.models import IndexEntry

from courses.models import CoursePage, PrivateImage
from courses.search.matching import ALL, Words, matching
from tests import factories


@pytest.fixture
def courses(db):
    factories.course(title="终身学习与认知升级", slug="zhongshen")
    factories.course(title="商业", slug="shangye", subtitle="认知、认知、认知与认知")


def names(results):
    return [page.slug for page in results]


def test_wagtail_s_search_sees_pairs_on_every_database(courses):
    """Pins the hook: modelsearch's indexer and backend go through ours."""
    pages = CoursePage.objects.all()
    assert names(pages.search("认知")) == ["zhongshen", "shangye"]  # a title counts more
    assert names(pages.search("ＲＥＮ知")) == []
    assert names(pages.search("终身学习 升级")) == ["zhongshen"]
    assert len(names(pages.search("终身 商业", operator="or"))) == 2
    assert names(pages.autocomplete("终")) == ["zhongshen"]
    assert set(names(pages.autocomplete("认知"))) == {"zhongshen", "shangye"}


@pytest.mark.parametrize(
    "typed", ['"', 'a"b', "'", "認\"知'", "%", "\\", "* OR NOT", "-", "🍳", ""]
)
def test_no_sign_raises(courses, typed):
    assert list(CoursePage.objects.search(typed)) == []
    assert list(CoursePage.objects.autocomplete(typed)) == []


def test_an_editor_finds_parts_of_chinese_titles(client, editor, courses):
    PrivateImage.objects.create(title="厨房里的铁锅", file="private/x.png", width=1, height=1)
    factories.InstructorFactory(name="周明远")
    for address, typed, shown in (
        ("/admin/pages/search/", "认知", "终身学习与认知升级"),
        ("/admin/pages/search/", '身学"', "终身学习与认知升级"),
        ("/admin/choose-page/search/", "与认知", "终身学习与认知升级"),
        ("/admin/images/", "铁锅", "厨房里的铁锅"),
        ("/admin/images/chooser/results/", "里的", "厨房里的铁锅"),
        ("/admin/snippets/courses/instructor/", "明远", "周明远"),
    ):
        found = client.get(address, {"q": typed})
        assert found.status_code == 200
        assert shown in found.content.decode(), address
        assert shown not in client.get(address, {"q": "火星"}).content.decode(), address


def found_by(typed):
    return names(CoursePage.objects.filter(pk__in=matching(Words((typed,)), ALL, [CoursePage])))


def test_a_course_is_found_by_its_people_and_subjects_of_today(courses, run_jobs):
    course = CoursePage.objects.get(slug="shangye")
    discipline = factories.DisciplineFactory(name="通识")
    course.disciplines = [discipline]
    course.save_revision().publish()
    assert found_by("通识") == ["shangye"]
    discipline.name = "博物"
    discipline.save()
    course.instructor.name = "林岚"
    course.instructor.save()
    run_jobs()
    assert found_by("通识") == []
    assert found_by("博物") == found_by("林岚") == ["shangye"]
    discipline.delete()
    run_jobs()
    assert found_by("博物") == []
    assert found_by("林岚") == ["shangye"]


def test_an_index_of_an_older_version_is_made_anew(courses, run_jobs):
    IndexEntry.objects.exclude(pk=IndexEntry.objects.first().pk).delete()
    assert found_by("认知") == []
    migration = importlib.import_module("courses.migrations.0003_rebuild_search_index")
    migration.queue(apps, None)
    run_jobs()
    assert sorted(found_by("认知")) == ["shangye", "zhongshen"]


@pytest.mark.postgres
def test_postgresql_uses_the_index_of_titles_and_bodies(courses):
    from courses.search.postgresql import entries_with

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = entries_with(Words(("认知升级",)), ALL).explain()
    assert "courses_searched_words" in plan
