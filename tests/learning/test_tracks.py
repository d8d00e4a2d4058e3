"""Going a track: joining, progress by stage, what is next, the last task."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts import privacy
from accounts.models import User
from courses import tracks as paths
from courses.models import CoursePage, Grant, LessonPage, TrackPage
from learning import progress, track_progress, tracks
from learning.models import LessonProgress, TrackEnrolment
from operations import clock as site_clock
from tests.factories import UserFactory, course, stage, track
from tests.learning.conftest import audio_course_of, buy, lessons_of
from tests.learning.test_privacy import exported
from tests.learning.test_study_page import queries_of, study_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(db: None) -> CoursePage:
    return audio_course_of(lessons=2, slug="other", title="城市的暗线")


@pytest.fixture
def way(audio_course: CoursePage, other: CoursePage) -> TrackPage:
    """A bought-to-be course of three lessons, then the second lesson of another one."""
    return track([audio_course], [lessons_of(other)[1]])


@pytest.fixture
def walker(client: Client, learner: User, way: TrackPage, audio_course: CoursePage) -> User:
    """Signed in, owns the first course, goes the track."""
    buy(learner, audio_course)
    client.force_login(learner)
    tracks.enrol(learner=learner, track=way, now=site_clock.now())
    return learner


def page(client: Client, way: TrackPage) -> str:
    answer = client.get(way.get_absolute_url())
    assert answer.status_code == 200
    return answer.content.decode()


def post(client: Client, way: TrackPage, what: str, **data: str) -> Any:
    return client.post(f"/study/tracks/{way.pk}/{what}/", data)


def finish(learner: User, *lessons: LessonPage) -> None:
    for each in lessons:
        progress.mark(learner=learner, lesson=each, done=True, now=site_clock.now())


def states(html: str) -> list[str]:
    """Of the lessons on the path, in order."""
    return re.findall(r'class="lesson-row"[^>]* data-state="(\w+)"', html)


def steps(html: str) -> list[str]:
    """The stages on the study page: done, now or ahead."""
    found = re.search(r'<ol class="steps">(.*?)</ol>', html, re.DOTALL)
    kinds = re.findall(r'<li( class="is-done"| aria-current="step")?>', found[1] if found else "")
    return ["done" if "done" in kind else "now" if "current" in kind else "ahead" for kind in kinds]


def goes_on_with(html: str) -> str | None:
    found = re.search(r'<a class="button button-primary" href="(/courses/[^"]+)"', html)
    return found[1] if found else None


# --- joining ------------------------------------------------------------------------------------


def test_a_visitor_signs_in_and_is_led_back_to_the_button(client: Client, way: TrackPage) -> None:
    html = page(client, way)
    assert "加入这条路径" in html
    answer = post(client, way, "join")
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"login/?next={way.get_absolute_url()}")
    assert not TrackEnrolment.objects.exists()


def test_whoever_joins_goes_on_with_the_first_lesson(
    client: Client, learner: User, way: TrackPage, audio_course: CoursePage
) -> None:
    client.force_login(learner)
    assert post(client, way, "join")["Location"] == way.get_absolute_url()
    html = page(client, way)
    assert goes_on_with(html) == f"/courses/{audio_course.slug}/00/"
    assert states(html) == ["now", "locked", "locked", "locked"]


def test_joining_twice_is_joining_once(learner: User, way: TrackPage) -> None:
    now = site_clock.now()
    assert tracks.enrol(learner=learner, track=way, now=now)
    assert not tracks.enrol(learner=learner, track=way, now=now)
    assert TrackEnrolment.objects.count() == 1


@pytest.mark.parametrize("what", ["join", "leave", "task"])
def test_a_track_that_is_not_out_cannot_be_gone(
    client: Client, walker: User, way: TrackPage, what: str
) -> None:
    assert client.get(f"/study/tracks/{way.pk}/{what}/").status_code == 405
    way.unpublish()
    assert post(client, way, what).status_code == 404
    assert client.post(f"/study/tracks/{10**30}/{what}/").status_code == 404


def test_leaving_keeps_what_was_done_and_written(
    client: Client, walker: User, way: TrackPage, audio_course: CoursePage
) -> None:
    finish(walker, lessons_of(audio_course)[0])
    post(client, way, "task", text="因为有人守时。")
    post(client, way, "leave")
    assert way.title not in client.get("/study/").content.decode()
    assert "重新走这条路径" in page(client, way)
    post(client, way, "join")
    html = page(client, way)
    assert "因为有人守时。" in html
    assert states(html)[0] == "done"


# --- progress -----------------------------------------------------------------------------------


def test_progress_stands_by_stage_on_the_track_and_the_study_page(
    client: Client, walker: User, way: TrackPage, audio_course: CoursePage
) -> None:
    one, two, three = lessons_of(audio_course)
    finish(walker, one)
    html = page(client, way)
    assert states(html) == ["done", "now", "open", "locked"]
    assert '<progress value="1" max="4"' in html
    assert "「阶段1」：共 3 讲，学完 1 讲" in html
    assert "你在「阶段1」" in html
    study = client.get("/study/").content.decode()
    assert steps(study) == ["now", "ahead"]
    assert f"{audio_course.slug}/01/" in study
    finish(walker, two, three)
    assert steps(client.get("/study/").content.decode()) == ["done", "now"]


def test_when_the_next_lesson_is_shut_it_says_which_course_it_needs(
    client: Client, walker: User, way: TrackPage, audio_course: CoursePage, other: CoursePage
) -> None:
    finish(walker, *lessons_of(audio_course))
    html = page(client, way)
    assert goes_on_with(html) is None
    assert "按次序该学《城市的暗线》" in html
    assert "下一讲在《城市的暗线》里" in client.get("/study/").content.decode()
    buy(walker, other)
    assert goes_on_with(page(client, way)) == "/courses/other/01/"


def test_a_shut_lesson_is_passed_over_by_what_is_open(
    client: Client, learner: User, audio_course: CoursePage, other: CoursePage
) -> None:
    """The free lesson further on can be gone on with; the one in between is named."""
    way = track([lessons_of(audio_course)[1]], [lessons_of(other)[0]])
    client.force_login(learner)
    post(client, way, "join")
    html = page(client, way)
    assert goes_on_with(html) == "/courses/other/00/"
    assert f"按次序该学《{audio_course.title}》" in html


def test_a_track_that_changes_keeps_what_was_done(
    client: Client, walker: User, way: TrackPage, audio_course: CoursePage, other: CoursePage
) -> None:
    one, two, _three = lessons_of(audio_course)
    free = lessons_of(other)[0]
    finish(walker, one, two)
    post(client, way, "task", text="我写的。")
    way = TrackPage.objects.get(pk=way.pk)
    way.stages = [stage("新的", [two, free])]
    way.save_revision().publish()
    html = page(client, way)
    assert states(html) == ["done", "now"]
    assert '<progress value="1" max="2"' in html
    assert "我写的。" in html
    way.stages = [stage("旧的", [audio_course]), stage("新的", [free])]
    way.save_revision().publish()
    assert states(page(client, way)) == ["done", "done", "now", "free"]
    assert LessonProgress.objects.filter(learner_id=walker.pk, done_at__isnull=False).count() == 2


def test_a_lesson_taken_back_is_left_out_and_stays_done(
    client: Client, walker: User, way: TrackPage, audio_course: CoursePage
) -> None:
    one, two, _three = lessons_of(audio_course)
    finish(walker, one, two)
    two.unpublish()
    assert states(page(client, way)) == ["done", "now", "locked"]
    LessonPage.objects.get(pk=two.pk).save_revision().publish()
    assert states(page(client, way)) == ["done", "done", "now", "locked"]


# --- the last task ------------------------------------------------------------------------------


def test_the_last_task_ends_the_track_quietly(
    client: Client, walker: User, way: TrackPage, audio_course: CoursePage, other: CoursePage
) -> None:
    buy(walker, other)
    finish(walker, *lessons_of(audio_course), lessons_of(other)[1])
    html = page(client, way)
    assert re.search(r"<details open><summary>现在就写", html)
    study = client.get("/study/").content.decode()
    assert f'{way.get_absolute_url()}#last-task"' in study
    assert post(client, way, "task", text="一行。\r\n两行。").status_code == 302
    row = TrackEnrolment.objects.get()
    assert (row.task_text, row.is_task_done) == ("一行。\n两行。", True)
    assert "这条路径你走完了" in page(client, way)
    study = client.get("/study/").content.decode()
    assert '<ol class="steps">' not in study
    assert way.title in study
    done_at = row.task_done_at
    post(client, way, "task", text="改过。")
    row.refresh_from_db()
    assert (row.task_text, row.task_done_at) == ("改过。", done_at)


def test_it_can_be_marked_without_a_word(client: Client, walker: User, way: TrackPage) -> None:
    post(client, way, "task")
    assert TrackEnrolment.objects.get().is_task_done


def test_it_can_be_taken_back_and_the_words_stay(
    client: Client, walker: User, way: TrackPage
) -> None:
    assert "还没做完" not in page(client, way)
    post(client, way, "task", text="写到一半。")
    assert "还没做完" in page(client, way)
    post(client, way, "task", text="写到一半，再想想。", undone="yes")
    row = TrackEnrolment.objects.get()
    assert (row.task_text, row.is_task_done) == ("写到一半，再想想。", False)
    html = page(client, way)
    assert "写到一半，再想想。" in html
    assert "还没做完" not in html


def test_a_text_too_long_is_refused_and_stays_typed(
    client: Client, walker: User, way: TrackPage
) -> None:
    answer = post(client, way, "task", text="长" * 1001)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "长" * 1001 in html
    assert 'aria-invalid="true"' in html
    assert not TrackEnrolment.objects.get().is_task_done
    assert post(client, way, "task", text="\r\n" * 499 + "完").status_code == 302


def test_what_was_written_is_nobody_elses(client: Client, walker: User, way: TrackPage) -> None:
    post(client, way, "task", text="只给自己看。")
    client.force_login(UserFactory())
    post(client, way, "join")
    assert "只给自己看" not in page(client, way)


def test_a_track_goes_out_and_away_with_its_learner(
    client: Client, walker: User, way: TrackPage
) -> None:
    post(client, way, "task", text="带得走。")
    other = UserFactory()
    tracks.enrol(learner=other, track=way, now=site_clock.now())
    [row] = exported(walker)["learning.trackenrolment.json"]
    assert (row["track"], row["task"]) == (way.title, way.last_task_title)
    assert row["task_text"] == "带得走。"
    privacy.erase(user=walker, now=site_clock.now())
    assert [row.learner_id for row in TrackEnrolment.objects.all()] == [other.pk]


# --- what it costs ------------------------------------------------------------------------------


def test_the_study_page_costs_the_same_for_1_and_6_tracks(client: Client) -> None:
    small, large = UserFactory(), UserFactory()
    for who, number in ((small, 1), (large, 6)):
        client.force_login(who)
        pages = [course(lessons=3) for _ in range(2)]
        for each in pages:
            buy(who, each)
            study_all(who, each)
        for _ in range(number):
            post(client, track(pages, [lessons_of(course(lessons=2))[0]]), "join")
        assert len(track_progress.tracks_of(who, now=site_clock.now())) == number
    client.force_login(small)
    few = queries_of(client, "/study/")
    client.force_login(large)
    assert queries_of(client, "/study/") == few


# --- stages in order ------------------------------------------------------------------------------


def in_order(way: TrackPage) -> None:
    TrackPage.objects.filter(pk=way.pk).update(in_order=True)


def test_in_order_a_stage_waits_for_the_one_before_it(
    client: Client, walker: User, way: TrackPage, audio_course: CoursePage, other: CoursePage
) -> None:
    in_order(way)
    buy(walker, other)
    last = lessons_of(other)[1]
    link = f'href="/courses/{other.slug}/{last.slug}/"'
    html = page(client, way)
    assert states(html)[-1] == "waits"
    assert "完成上一阶段后开始" in html
    assert link not in html
    assert client.get(f"/courses/{other.slug}/{last.slug}/").status_code == 200  # it is theirs
    finish(walker, *lessons_of(audio_course))
    html = page(client, way)
    assert states(html)[-1] == "now"
    assert "完成上一阶段后开始" not in html
    assert link in html


def test_in_order_nothing_beyond_the_stage_is_gone_on_with(
    client: Client, walker: User, way: TrackPage, other: CoursePage, audio_course: CoursePage
) -> None:
    """Where the next one of this stage is not open, it says so instead of leading past it."""
    in_order(way)
    buy(walker, other)
    LessonPage.objects.filter(pk__in=[each.pk for each in lessons_of(audio_course)]).update(
        free_preview=False
    )
    Grant.objects.filter(learner=walker, course=audio_course).update(ends_at=site_clock.now())
    going = track_progress.of(walker, [paths.path(TrackPage.objects.get(pk=way.pk), walker)])[0]
    assert going.next is None
    assert going.shut is not None


def test_to_who_does_not_go_it_the_order_is_only_told(client: Client, way: TrackPage) -> None:
    in_order(way)
    html = page(client, way)
    assert "按顺序" in html
    assert "waits" not in states(html)
