"""/study/: what to go on with, the time studied, one's courses."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from courses.models import CoursePage, LessonPage
from learning.models import LearnerGoals, LessonProgress, StudyDay
from tests.factories import UserFactory, course, lesson
from tests.learning.conftest import Player, audio_course_of, buy, lessons_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client, learner: User) -> Callable[..., str]:
    """The page as the learner sees it."""
    client.force_login(learner)

    def get(tab: str = "") -> str:
        answer = client.get("/study/", {"tab": tab} if tab else {})
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def address(lesson: LessonPage) -> str:
    return f"/courses/{lesson.get_parent().slug}/{lesson.slug}/"


def goes_on_with(html: str) -> str | None:
    found = re.search(r'class="going-on".*?<a href="([^"]+)"', html, re.DOTALL)
    return found[1] if found else None


def plays_at(html: str) -> float:
    """Where the button beside it begins."""
    found = re.search(r'class="going-on".*?data-hear [^>]*data-position="([^"]+)"', html, re.DOTALL)
    assert found
    return float(found[1])


def listed(html: str) -> list[str]:
    """The courses in the list under the tabs."""
    below = html.split('class="tabs"')[1]
    return re.findall(r'class="course-card-title"><a [^>]*>([^<]+)<', below)


def finish(learner: User, *lessons: LessonPage) -> None:
    for each in lessons:
        Player(learner, each).hear(100)


def test_a_visitor_is_led_to_log_in_and_back(client: Client) -> None:
    answer = client.get("/study/?tab=done")
    assert answer.status_code == 302
    assert "login" in answer["Location"]
    assert "next=/study/" in answer["Location"]


def test_the_page_is_nobody_elses(client: Client, learner: User, first: LessonPage) -> None:
    finish(learner, first)
    client.force_login(UserFactory())
    answer = client.get("/study/")
    assert address(first) not in answer.content.decode()
    assert "private" in answer["Cache-Control"]
    assert "no-store" in answer["Cache-Control"]


def test_it_goes_on_with_the_lesson_begun(
    page: Callable[..., str], learner: User, audio_course: CoursePage
) -> None:
    second = lessons_of(audio_course)[1]
    buy(learner, audio_course)
    Player(learner, second).hear(40)
    assert goes_on_with(page()) == address(second)  # at once, not after the next tick


def test_after_a_lesson_is_done_it_goes_on_with_the_next(
    page: Callable[..., str], learner: User, audio_course: CoursePage
) -> None:
    one, two, three = lessons_of(audio_course)
    buy(learner, audio_course)
    finish(learner, one)
    assert goes_on_with(page()) == address(two)
    finish(learner, two)
    assert goes_on_with(page()) == address(three)


def test_it_says_how_much_is_left(
    page: Callable[..., str], learner: User, client: Client, settings: Any
) -> None:
    from tests.factories import MediaFactory

    User.objects.filter(pk=learner.pk).update(language="en")
    long = lesson(course(), audio=MediaFactory(duration=700.0), free_preview=True)
    Player(learner, long).hear(278)
    html = page()
    assert "7 minutes left" in html  # of 422 seconds, as the outline rounds
    assert plays_at(html) == pytest.approx(278, abs=5)


def test_a_lesson_that_is_shut_is_not_gone_on_with(
    page: Callable[..., str], learner: User, audio_course: CoursePage, first: LessonPage
) -> None:
    """The free lesson is done, the next one not bought: another course that is open comes first."""
    finish(learner, first)
    assert goes_on_with(page()) is None
    other = audio_course_of(lessons=2)
    buy(learner, other)
    assert goes_on_with(page()) == address(lessons_of(other)[0])


def test_after_access_ends_progress_stays_but_the_lesson_is_shut(
    page: Callable[..., str], learner: User, audio_course: CoursePage
) -> None:
    second = lessons_of(audio_course)[1]
    yesterday = timezone.now() - timedelta(days=1)
    buy(learner, audio_course, starts_at=yesterday)
    Player(learner, second).hear(40)
    assert goes_on_with(page()) == address(second)
    buy(learner, audio_course, starts_at=yesterday, ends_at=timezone.now())
    html = page()
    assert goes_on_with(html) != address(second)
    assert audio_course.title in listed(html)


def test_who_has_bought_and_not_begun_begins_with_the_first_lesson(
    page: Callable[..., str], learner: User, audio_course: CoursePage, first: LessonPage
) -> None:
    buy(learner, audio_course)
    html = page()
    assert goes_on_with(html) == address(first)
    assert audio_course.title in listed(page("bought"))


def test_an_unpublished_course_stays_with_who_bought_it_only(
    page: Callable[..., str], learner: User, audio_course: CoursePage, first: LessonPage
) -> None:
    Player(learner, first).hear(40)
    audio_course.unpublish()
    assert audio_course.title not in listed(page())
    buy(learner, audio_course)
    html = page()
    assert audio_course.title in listed(html)
    assert goes_on_with(html) == address(first)


def test_a_course_moves_from_in_study_to_done(
    page: Callable[..., str], learner: User, audio_course: CoursePage
) -> None:
    buy(learner, audio_course)
    lessons = lessons_of(audio_course)
    finish(learner, *lessons[:2])
    assert audio_course.title in listed(page())
    assert audio_course.title not in listed(page("done"))
    finish(learner, lessons[2])
    assert audio_course.title not in listed(page())
    assert audio_course.title in listed(page("done"))


def test_a_course_that_still_grows_is_not_done(page: Callable[..., str], learner: User) -> None:
    growing = audio_course_of(lessons=1, planned_lessons=4)
    finish(learner, *lessons_of(growing))
    assert growing.title in listed(page())
    assert growing.title not in listed(page("done"))


def test_a_withdrawn_lesson_leaves_a_course_that_can_be_done(
    page: Callable[..., str], learner: User, client: Client
) -> None:
    bought = audio_course_of(lessons=3, planned_lessons=3)
    buy(learner, bought)
    lessons = lessons_of(bought)
    finish(learner, *lessons[:2])
    lessons[1].unpublish()
    assert bought.title not in listed(page("done"))  # one of the two that stand is done
    finish(learner, lessons[2])
    assert bought.title in listed(page("done"))
    for place in (bought.get_absolute_url(), "/courses/", f"/search/?q={bought.title}"):
        assert "共 2 讲" in client.get(place).content.decode(), place


def test_what_a_membership_opens_is_not_bought(
    page: Callable[..., str], learner: User, audio_course: CoursePage
) -> None:
    from courses import grants
    from courses.models import Grant, MembershipCourse
    from tests.factories import MembershipFactory

    membership = MembershipFactory()
    now = timezone.now()
    MembershipCourse.objects.create(membership=membership, course=audio_course, added_at=now)
    grants.sync(
        learner=learner,
        source_kind=Grant.Source.SUBSCRIPTION,
        source_id="sub",
        covers=[membership],
        starts_at=now,
        now=now,
    )
    second = lessons_of(audio_course)[1]
    Player(learner, second).hear(40)
    assert goes_on_with(page()) == address(second)
    assert audio_course.title not in listed(page("bought"))


def test_with_nothing_in_study_it_offers_a_free_preface(
    page: Callable[..., str], audio_course: CoursePage, first: LessonPage
) -> None:
    assert address(first) not in page()
    first.kind = LessonPage.Kind.PREFACE
    first.save_revision().publish()
    assert address(first) in page()


@pytest.mark.parametrize("tab", ["study", "done", "bought"])
def test_every_list_says_what_to_do_when_it_is_empty(page: Callable[..., str], tab: str) -> None:
    assert 'class="empty"' in page(tab)


@pytest.mark.parametrize("tab", ["nonsense", "<script>", "study\x00", "九"])
def test_an_unknown_tab_is_the_first(page: Callable[..., str], tab: str) -> None:
    html = page(tab)
    assert re.search(r'href="/study/" aria-current="page"', html)


def test_it_shows_today_the_week_and_the_streak(
    page: Callable[..., str], learner: User, at: Callable[[str], datetime], settings: Any
) -> None:
    User.objects.filter(pk=learner.pk).update(language="en")
    at("2026-11-26T12:00+08:00")  # a Thursday
    for day, minutes in {24: 25, 25: 1, 26: 12}.items():
        StudyDay.objects.create(
            learner_id=learner.pk, day=date(2026, 11, day), seconds=minutes * 60 + 5
        )
    html = page()
    assert "12/20 min" in html
    assert "3/5 days" in html
    assert "3 days running" in html
    assert html.count('class="is-studied') == 3
    assert html.count("is-ahead") == 3


# --- goals -------------------------------------------------------------------------------------


def test_goals_can_be_changed(
    client: Client, page: Callable[..., str], learner: User, settings: Any
) -> None:
    User.objects.filter(pk=learner.pk).update(language="en")
    answer = client.post("/study/goals/", {"minutes": "45", "days": "3", "sentences": "5"})
    assert answer.status_code == 302
    html = page()
    assert "0/45 min" in html
    assert "0/3 days" in html
    client.post("/study/goals/", {"minutes": "30", "days": "7", "sentences": "5"})
    assert LearnerGoals.objects.get(learner=learner).minutes == 30


@pytest.mark.parametrize(
    "wrong",
    [
        {"minutes": "0", "days": "5", "sentences": "3"},
        {"minutes": "601", "days": "5", "sentences": "3"},
        {"minutes": "20", "days": "8", "sentences": "3"},
        {"minutes": "20", "days": "5", "sentences": "51"},
        {"minutes": "20", "days": "5", "sentences": "0"},
        {"minutes": "20", "days": "-1", "sentences": "3"},
        {"minutes": "much", "days": "5", "sentences": "3"},
        {"minutes": "20"},
        {"minutes": "9" * 400, "days": "5", "sentences": "3"},
    ],
    ids=str,
)
def test_goals_that_cannot_be_are_refused_by_their_field_and_stay_typed(
    client: Client, learner: User, wrong: dict[str, str]
) -> None:
    client.force_login(learner)
    answer = client.post("/study/goals/", wrong)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert 'aria-invalid="true"' in html
    assert f'value="{wrong["minutes"]}"' in html
    assert not LearnerGoals.objects.exists()


def test_a_visitor_has_no_goals(client: Client) -> None:
    assert (
        client.post("/study/goals/", {"minutes": "45", "days": "3", "sentences": "5"}).status_code
        == 302
    )
    assert not LearnerGoals.objects.exists()


def test_the_goal_of_the_day_is_the_learners(
    learner: User, first: LessonPage, at: Callable[[str], datetime]
) -> None:
    from learning import progress

    LearnerGoals.objects.create(learner=learner, minutes=1, days=5)
    at("2026-11-23T08:00+08:00")
    player = Player(learner, first)
    at("2026-11-23T08:01+08:00")
    player.send(wall=59)
    progress.fold()
    assert not StudyDay.objects.get().goal_reached
    at("2026-11-23T08:02+08:00")
    player.send(wall=61)
    progress.fold()
    assert StudyDay.objects.get().goal_reached


# --- what it costs -----------------------------------------------------------------------------


def queries_of(client: Client, path: str) -> int:
    from django.db import connection

    client.get(path)  # what is made once, such as a rendition, is not counted
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(path).status_code == 200
    return len(found)


def bulk(page: CoursePage, lessons: int) -> None:
    """Many lessons quickly: nothing here reads more of them than their rows."""
    for number in range(lessons):
        lesson(page, slug=f"{number:03d}", body=[], transcript="")


def study_all(learner: User, page: CoursePage) -> None:
    LessonProgress.objects.bulk_create(
        LessonProgress(
            learner_id=learner.pk,
            lesson_id=pk,
            course_id=page.pk,
            ranges=[[0, 50]],
            studied_at=timezone.now(),
        )
        for pk in LessonPage.objects.child_of(page).values_list("pk", flat=True)
    )


def test_the_page_costs_the_same_for_10_and_500_lessons(client: Client) -> None:
    small, large = UserFactory(), UserFactory()
    for who, count in ((small, 10), (large, 500)):
        page = course()
        bulk(page, count)
        buy(who, page)
        study_all(who, page)
    client.force_login(small)
    few = queries_of(client, "/study/")
    client.force_login(large)
    assert queries_of(client, "/study/") == few
    assert few <= 24


def test_the_page_costs_the_same_for_2_and_12_courses(client: Client) -> None:
    small, large = UserFactory(), UserFactory()
    for who, count in ((small, 2), (large, 12)):
        for _number in range(count):
            page = audio_course_of(lessons=2)
            buy(who, page)
            study_all(who, page)
    client.force_login(small)
    few = queries_of(client, "/study/")
    client.force_login(large)
    assert queries_of(client, "/study/") == few
