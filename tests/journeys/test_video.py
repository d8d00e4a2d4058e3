"""A lesson that is a film: it plays, its sentences follow, and what was watched counts."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from courses.models import LessonPage
from learning import progress
from learning.models import LessonProgress
from tests import factories
from tests.journeys import first_day as day

FILM = Path(__file__).parent.parent / "data/film.mp4"
VIDEO = "document.querySelector('.lesson-video')"
TRANSCRIPT = """WEBVTT

00:00:00.000 --> 00:00:05.000
管子往低处走。

00:00:05.000 --> 00:00:20.000
水也往低处走。
"""


@pytest.fixture
def film(live_server):
    recording = factories.MediaFactory(
        title="影片", type="video", duration=20, file=ContentFile(FILM.read_bytes(), "film.mp4")
    )
    course = factories.course(slug="pipes", title="管子")
    return factories.lesson(
        course,
        slug="00",
        video=recording,
        free_preview=True,
        body=[("text", "<p>管子往低处走。水也往低处走。</p>")],
        transcript=TRANSCRIPT,
    )


def test_a_film_is_watched_followed_and_counted(open_page, film, look, client):
    learner = factories.UserFactory()
    client.force_login(learner)
    cookie = client.cookies["sessionid"].value
    page = open_page("/courses/")
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": page.url}])
    page.goto("/courses/pipes/00/")
    look(page, "lesson-video")
    page.wait_for_function(f"() => {VIDEO}.readyState > 0")
    page.click("text=水也往低处走。")  # a tap on a sentence plays from there
    page.wait_for_function(f"() => !{VIDEO}.paused && {VIDEO}.currentTime > 5.5")
    assert page.inner_text(".sentence.is-heard") == "水也往低处走。"
    assert not page.is_visible("rz-player")
    with page.expect_response(lambda answer: day.address_of(answer.url) == "/study/beat/"):
        page.evaluate(f"{VIDEO}.pause()")
    left_at = page.evaluate(f"{VIDEO}.currentTime")
    page.reload()
    page.wait_for_function(f"() => {VIDEO}.currentTime > 0")
    assert page.evaluate(f"{VIDEO}.currentTime") == pytest.approx(left_at, abs=5)
    progress.fold()
    row = LessonProgress.objects.get(learner_id=learner.pk, lesson_id=film.pk)
    assert row.ranges[0][0] == pytest.approx(5, abs=0.5)
    assert row.done_at is None


def test_captions_come_with_the_film_to_those_who_may_see_it(client, film):
    page = client.get("/courses/pipes/00/").content.decode()
    address = f"/media/{film.pk}/captions-{film.pk}/"
    assert f'src="{address}"' in page
    answer = client.get(address)
    assert answer["Content-Type"] == "text/vtt; charset=utf-8"
    assert "管子往低处走" in answer.content.decode()
    LessonPage.objects.filter(pk=film.pk).update(free_preview=False)
    assert client.get(address).status_code == 404
