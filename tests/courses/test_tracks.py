"""Tracks: what one sees of them, what an editor may make, and what they cost."""

import json
import re
from datetime import timedelta

import pytest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield

from courses import track_views, tracks
from courses.models import CoursePage, LessonPage, TrackIndexPage, TrackPage
from tests import factories
from tests.courses.conftest import give

pytestmark = pytest.mark.django_db

VISITOR, LEARNER = 9, 15  # queries of the page


@pytest.fixture
def other(db):
    return factories.course(lessons=2, free=0, slug="chengshi", title="城市的暗线")


def lessons_of(course):
    return list(LessonPage.objects.child_of(course).order_by("path"))


def shown(client, track):
    answer = client.get(track.get_absolute_url())
    assert answer.status_code == 200
    return answer.content.decode()


def on_path(html):
    """The lessons' addresses, in the order of the page."""
    return re.findall(r'class="lesson-row" href="([^"]+)"', html)


# --- what one sees ------------------------------------------------------------------------------


def test_a_course_stands_for_all_its_lessons_and_a_lesson_for_itself(client, course, other):
    track = factories.track([lessons_of(other)[1]], [course])
    assert on_path(shown(client, track)) == [
        "/courses/chengshi/01/",
        *(f"/courses/yiqun/0{number}/" for number in range(3)),
    ]


def test_a_lesson_that_comes_twice_counts_where_it_comes_first(client, course):
    second = lessons_of(course)[1]
    path = tracks.path(factories.track([second], [course]), _visitor())
    assert [[each.lesson.slug for each in stage.lessons] for stage in path.stages] == [
        ["01"],
        ["00", "02"],
    ]
    whole_first = tracks.path(factories.track([course], [second]), _visitor())
    assert [len(stage.lessons) for stage in whole_first.stages] == [3]


def _visitor():
    from django.contrib.auth.models import AnonymousUser

    return AnonymousUser()


def test_the_path_is_a_picture_with_its_words(client, course, other):
    html = shown(client, factories.track([course], [other]))
    [picture] = re.findall(r'<svg class="path".*?</svg>', html, re.DOTALL)
    assert 'role="img"' in picture
    assert "style=" not in picture
    assert "「阶段1」：共 3 讲，学完 0 讲" in picture
    assert picture.count('class="path-step') == 3  # two stages and the last task


def test_a_draft_is_seen_by_nobody(client, course):
    track = factories.track([course])
    track.unpublish()
    assert client.get(track.get_absolute_url()).status_code == 404
    assert track.title not in client.get("/tracks/").content.decode()
    assert client.get("/tracks/none/").status_code == 404


def test_what_may_not_be_seen_is_left_out_and_breaks_nothing(client, course, other, learner):
    """An unpublished lesson is gone for all; an unpublished course stays with who has it."""
    gone = factories.course(lessons=1, slug="gone")
    track = factories.track([course, other], [gone], [lessons_of(other)[0]])
    lessons_of(course)[1].unpublish()
    other.unpublish()
    CoursePage.objects.get(pk=gone.pk).delete()
    html = shown(client, track)
    assert on_path(html) == ["/courses/yiqun/00/", "/courses/yiqun/02/"]
    assert other.title not in html
    give(learner, other)
    client.force_login(learner)
    assert on_path(shown(client, track))[2:] == ["/courses/chengshi/00/", "/courses/chengshi/01/"]


def test_a_track_of_which_nothing_is_left_says_so(client, course):
    track = factories.track([course])
    course.unpublish()
    html = shown(client, track)
    assert 'class="empty"' in html
    assert course.title not in html


def test_a_planned_course_says_when_it_opens(client, course):
    planned = factories.course(opens_on=timezone.localdate() + timedelta(days=30), title="数字")
    html = shown(client, factories.track([course], [planned]))
    assert "开课" in html
    assert "《数字》" in html


def test_tracks_are_listed(client, course):
    track = factories.track([course])
    html = client.get("/tracks/").content.decode()
    assert track.title in html
    assert track.aim in html
    TrackPage.objects.all().delete()
    TrackIndexPage.objects.get()  # made with the site
    assert 'class="empty"' in client.get("/tracks/").content.decode()


def test_many_tracks_come_in_pages(client, course, monkeypatch):
    monkeypatch.setattr(track_views, "PER_PAGE", 2)
    made = [factories.track([course]) for _number in range(3)]
    html = client.get("/tracks/").content.decode()
    assert 'rel="next" href="?page=2"' in html
    assert made[0].title not in html
    assert made[0].title in client.get("/tracks/?page=2").content.decode()


# --- what it costs ------------------------------------------------------------------------------


def count(client, address):
    from django.db import connection

    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured), [query["sql"][:200] for query in captured]


def large_track():
    return factories.track(
        [factories.course(lessons=8) for _ in range(4)],
        [lessons_of(factories.course(lessons=8))[number] for number in (2, 4, 6)],
    )


@pytest.mark.parametrize("who", ["visitor", "learner"])
def test_a_track_costs_the_same_with_many_courses_and_lessons(client, learner, who):
    small = factories.track([factories.course(lessons=2)])
    large = large_track()
    if who == "learner":
        client.force_login(learner)
    few, sql = count(client, small.get_absolute_url())
    assert few <= (VISITOR if who == "visitor" else LEARNER), sql
    many, sql = count(client, large.get_absolute_url())
    assert many == few, sql


def test_the_list_costs_the_same_with_many_tracks(client, learner):
    client.force_login(learner)
    large_track()
    few, _sql = count(client, "/tracks/")
    for _ in range(3):
        large_track()
    many, sql = count(client, "/tracks/")
    assert many == few, sql


# --- what an editor may make --------------------------------------------------------------------


def form(*stages, **fields):
    return nested_form_data(
        {
            "title": "从一个人到一群人",
            "slug": "yiren",
            "aim": "看得懂一个群的聚散。",
            "introduction": rich_text("<p>介绍</p>"),
            "stages": streamfield(
                [
                    (
                        "stage",
                        {
                            "title": f"阶段{number}",
                            "line": "",
                            "items": {
                                "count": str(len(pages)),
                                **{
                                    str(place): {
                                        "value": str(page.pk),
                                        "deleted": "",
                                        "order": str(place),
                                    }
                                    for place, page in enumerate(pages)
                                },
                            },
                        },
                    )
                    for number, pages in enumerate(stages, 1)
                ]
            ),
            "last_task_title": "凭什么还在",
            "last_task": "写三百个字。",
            "certificate_lessons": 100,
            "certificate_score": 0,
            "comments": inline_formset([]),
            **fields,
        }
    )


def add(client, *stages, **fields):
    index = TrackIndexPage.objects.get()
    address = f"/admin/pages/add/courses/trackpage/{index.pk}/"
    return client.post(address, form(*stages, **fields, **{"action-publish": "1"}))


def test_an_editor_publishes_a_track(client, editor, course, other):
    answer = add(client, [course], [lessons_of(other)[0]])
    assert answer.status_code == 302, answer.context["form"].errors
    html = client.get("/tracks/yiren/").content.decode()
    assert len(on_path(html)) == 4


def test_a_stage_without_anything_and_a_page_chosen_twice_are_refused(client, editor, course):
    lesson = lessons_of(course)[0]
    answer = add(client, [lesson], [])
    assert json.dumps("至少选一门课或一讲。")[1:-1] in answer.content.decode()
    for stages in ([lesson, lesson],), ([lesson], [lesson]):
        answer = add(client, *stages)
        assert answer.status_code == 200
        assert json.dumps("这一项在路径里已经有了。")[1:-1] in answer.content.decode()
    assert not TrackPage.objects.exists()


@pytest.mark.parametrize(("mode", "opens"), [("buyer", True), ("member", True), ("visitor", False)])
def test_a_track_is_previewed_as_a_buyer_a_member_or_a_visitor(client, editor, course, mode, opens):
    track = factories.track([course])
    address = f"/admin/pages/{track.pk}/edit/preview/"
    assert client.post(address, form([course])).json()["is_valid"]
    html = client.get(address, {"mode": mode}).content.decode()
    assert "从一个人到一群人" in html
    assert ('data-state="locked"' not in html) is opens


def test_a_track_is_copied_never_mirrored(client, editor, course):
    track = factories.track([course])
    page = client.get(f"/admin/pages/{track.pk}/copy/")
    assert "alias" not in page.context["form"].fields
