"""Private podcast feeds: read by apps, open what is open now, changed when they are shared."""

import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4
from xml.etree import ElementTree

import feedparser  # type: ignore[import-untyped]
import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts import privacy
from accounts.models import OutboxMessage, User
from courses import grants
from courses.models import Chapter, CoursePage, Grant, LessonPage, Membership, MembershipCourse
from learning import feed_watch, upkeep
from learning.models import FeedFetch, PodcastFeed
from operations import clock
from tests.factories import MediaFactory, UserFactory
from tests.factories import lesson as make_lesson
from tests.learning.conftest import audio_course_of, buy, lessons_of
from tests.learning.test_privacy import exported

pytestmark = pytest.mark.django_db
INDEX = "/study/feeds/"
BODY = "<h2>先慢</h2><p>字幕在这里。</p>"


@pytest.fixture
def course(learner: User) -> CoursePage:
    """Three lessons with sound, of which the first is free, and one to read; bought."""
    page = audio_course_of(lessons=3, title="一群人的生意 & 别的", promise="把群变成生意")
    make_lesson(page, slug="read", audio=None)
    buy(learner, page, starts_at=datetime(2026, 1, 1, tzinfo=UTC))
    return page


@pytest.fixture
def client(learner: User, client: Client) -> Client:
    client.force_login(learner)
    return client


def page_of(course: CoursePage) -> str:
    return f"{INDEX}course/{course.pk}/"


def made(client: Client, course: CoursePage) -> str:
    """The path of the feed, as its page shows it."""
    page = page_of(course)
    assert client.post(f"{page}make/").status_code == 302
    return shown(client, page)


def shown(client: Client, page: str) -> str:
    soup: Any = BeautifulSoup(client.get(page).content, "html.parser")
    return urlsplit(soup.select_one(".share-address")["value"]).path


def fetch(address: str, **headers: str) -> Any:
    """The answer, with its `body` read."""
    answer: Any = Client().get(urlsplit(address).path, headers=headers)
    answer.body = answer.getvalue()
    return answer


def read(address: str) -> Any:
    answer = fetch(address)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("application/rss+xml")
    found = feedparser.parse(answer.content)
    assert not found.bozo, found.bozo_exception
    return found


def heard(found: Any) -> list[Any]:
    return [entry for entry in found.entries if entry.enclosures]


def sound_of(entry: Any) -> str:
    return urlsplit(entry.enclosures[0].href).path


def extra(address: str, name: str) -> list[dict[str, str]]:
    """The attributes of elements that the parser keeps only the last of."""
    root = ElementTree.fromstring(fetch(address).content)
    return [each.attrib for each in root.iter(f"{{https://podcastindex.org/namespace/1.0}}{name}")]


def lapse() -> None:
    Grant.objects.update(withdrawn_at=clock.now())


# --- what an app reads ---------------------------------------------------------------------------


def test_a_podcast_app_finds_the_lessons_that_have_sound_in_their_order(client, course):
    chapter = Chapter.objects.create(course=course, title="起步")
    LessonPage.objects.child_of(course).update(chapter_key=chapter.key)
    LessonPage.objects.child_of(course).update(first_published_at=timezone.now())
    found = read(made(client, course))
    assert found.feed.title == "一群人的生意 & 别的"
    assert found.feed.language == "zh-Hans"
    assert found.feed.author == course.instructor.name
    assert found.feed.itunes_type == "serial"
    lessons = lessons_of(course)[:3]
    assert [entry.title for entry in found.entries] == [each.title for each in lessons]
    assert [entry.itunes_episode for entry in found.entries] == ["1", "2", "3"]
    assert {entry.itunes_season for entry in found.entries} == {"1"}
    assert {entry.itunes_duration for entry in found.entries} == {"100"}
    times = [entry.published_parsed for entry in found.entries]
    assert times == sorted(set(times))  # apps order by these
    first = found.entries[0]
    assert first.link.endswith(f"/courses/{course.slug}/{lessons[0].slug}/")
    assert first.enclosures[0].type == "audio/mpeg"
    assert int(first.enclosures[0].length) == lessons[0].audio.file.size > 0  # type: ignore[union-attr]
    assert "正文canary" not in fetch(shown(client, page_of(course))).content.decode()


def test_it_is_kept_from_directories_and_from_caches(client, course):
    address = made(client, course)
    told = read(address).feed
    assert (told.podcast_locked, told.googleplay_block, told.itunes_block) == ("yes", "yes", 1)
    answer = fetch(address)
    assert "no-store" in answer["Cache-Control"]
    assert "noindex" in answer["X-Robots-Tag"]
    assert not answer.cookies


def test_the_picture_is_square_and_large_enough(client, course):
    picture = read(made(client, course)).feed.image.href
    answer = fetch(picture)
    assert answer.status_code == 200
    with Image.open(io.BytesIO(answer.body)) as image:
        assert image.size == (1400, 1400)


def test_nothing_changed_is_told_by_a_tag(client, course):
    address = made(client, course)
    tag = fetch(address)["ETag"]
    assert fetch(address, if_none_match=tag).status_code == 304
    make_lesson(course, slug="new", audio=MediaFactory(duration=9))
    assert fetch(address, if_none_match=tag).status_code == 200


def test_sound_comes_whole_in_parts_and_as_headers_alone(client, course):
    sound = sound_of(read(made(client, course)).entries[1])
    assert sound.endswith(".mp3")
    whole = fetch(sound)
    body = whole.body
    assert whole["Cache-Control"] == "private, no-store"
    part = fetch(sound, range="bytes=1-3")
    assert (part.status_code, part.body) == (206, body[1:4])
    head = Client().head(sound)
    assert (head.status_code, head["Content-Length"]) == (200, str(len(body)))


def test_transcript_and_chapters_go_along(client, course):
    lesson = lessons_of(course)[1]
    text = "WEBVTT\n\n00:00:03.000 --> 00:00:04.000\n字幕在这里。\n"
    lesson.transcript, lesson.body = text, [("text", BODY)]
    lesson.save_revision().publish()
    address = made(client, course)
    transcript = extra(address, "transcript")[1]
    assert (transcript["type"], transcript["language"]) == ("text/vtt", "zh-Hans")
    assert fetch(transcript["url"]).content.decode() == text
    link = extra(address, "chapters")[1]
    assert link["type"] == "application/json+chapters"
    assert chapters_at(link["url"]) == [(0, lesson.title), (3, "先慢")]
    LessonPage.objects.filter(pk=lesson.pk).update(markers="0:00 开头\n1:05 信任")
    assert chapters_at(link["url"]) == [(0, "开头"), (65, "信任")]


def chapters_at(address: str) -> list[tuple[float, str]]:
    """As version 1.2.0 wants them."""
    answer = fetch(address)
    assert answer["Content-Type"].startswith("application/json+chapters")
    told = json.loads(answer.content)
    assert set(told) == {"version", "chapters"}
    assert told["version"] == "1.2.0"
    for each in told["chapters"]:
        assert set(each) == {"startTime", "title"}
        assert each["startTime"] >= 0
        assert each["title"]
    return [(each["startTime"], each["title"]) for each in told["chapters"]]


def test_more_lessons_ask_nothing_more(client, course, django_assert_max_num_queries):
    address = made(client, course)
    fetch(address)
    with django_assert_max_num_queries(100) as few:
        fetch(address)
    for number in range(6):
        make_lesson(course, slug=f"more{number}", audio=MediaFactory(duration=9))
    with django_assert_max_num_queries(len(few)):
        assert len(read(address).entries) == 9
    assert len(few) < 20, [each["sql"] for each in few]


# --- access --------------------------------------------------------------------------------------


def test_when_access_ends_sound_stops_at_once_and_the_feed_says_so(client, course):
    address = made(client, course)
    before = read(address)
    free, paid = sound_of(before.entries[0]), sound_of(before.entries[1])
    assert fetch(paid).status_code == 200
    lapse()
    assert fetch(paid).status_code == 403
    assert fetch(free).status_code == 200
    after = read(address)
    assert [entry.title for entry in after.entries] == ["访问已结束", before.entries[0].title]
    assert f"/courses/{course.slug}/" in after.entries[0].summary
    assert "已结束" in after.feed.subtitle
    Grant.objects.update(withdrawn_at=None)
    again = heard(read(address))
    assert [entry.id for entry in again] == [entry.id for entry in before.entries]
    assert fetch(paid).status_code == 200


def test_a_link_lasts_a_day_and_is_the_same_for_hours(client, course, at):
    at("2026-11-23T12:10+00:00")
    address = made(client, course)
    first = sound_of(read(address).entries[1])
    at("2026-11-23T17:50+00:00")
    assert sound_of(read(address).entries[1]) == first
    at("2026-11-24T17:40+00:00")
    assert fetch(first).status_code == 200
    at("2026-11-24T18:10+00:00")
    assert fetch(first).status_code == 410
    again = read(address).entries[1]
    assert sound_of(again) != first
    assert fetch(sound_of(again)).status_code == 200


def test_a_link_is_of_one_lesson_and_cannot_be_made_up(client, course):
    link = sound_of(read(made(client, course)).entries[1])
    other = lessons_of(course)[2]
    feed = PodcastFeed.objects.get()
    forged = re.sub(r"/\d+-\d+-", f"/{feed.pk}-{other.pk}-", link)
    assert forged != link
    assert fetch(forged).status_code == 404
    assert fetch(link.replace(".mp3", ".exe")).status_code == 404
    assert fetch("/feeds/media/x/audio.mp3").status_code == 404
    assert fetch(f"/feeds/{uuid4().hex}/").status_code == 404


def test_only_the_secret_counts_not_who_is_signed_in(client, course):
    address = made(client, course)
    stranger = Client()
    stranger.force_login(UserFactory())
    assert stranger.get(address).content == fetch(address).content
    lapse()
    buyer = UserFactory()
    Grant.objects.update(learner=buyer, withdrawn_at=None)
    stranger.force_login(buyer)
    assert len(heard(feedparser.parse(stranger.get(address).content))) == 1  # what is free


def test_an_account_that_was_closed_has_no_feed(client, learner, course):
    address = made(client, course)
    sound = sound_of(read(address).entries[1])
    User.objects.filter(pk=learner.pk).update(is_active=False)
    assert fetch(address).status_code == 410
    assert fetch(sound).status_code == 410


# --- a membership's ------------------------------------------------------------------------------


def test_a_membership_has_one_feed_of_all_its_courses(client, learner, course):
    lapse()
    membership = Membership.objects.create(name="会员", slug="all")
    other = audio_course_of(lessons=2, title="另一门")
    for page in (course, other):
        row = {"membership": membership, "course": page, "added_at": timezone.now()}
        MembershipCourse.objects.create(**row)
    grants.sync(
        learner=learner,
        source_kind=Grant.Source.SUBSCRIPTION,
        source_id="sub",
        covers=[membership],
        starts_at=timezone.now(),
        now=timezone.now(),
    )
    page = f"{INDEX}membership/{membership.pk}/"
    assert page in client.get(INDEX).content.decode()
    client.post(f"{page}make/")
    address = shown(client, page)
    found = read(address)
    assert len(found.entries) == 5
    assert found.entries[0].title.startswith("另一门 · ")
    paid = sound_of(found.entries[0])
    assert fetch(paid).status_code == 200
    lapse()
    assert fetch(paid).status_code == 403
    titles = [entry.title for entry in read(address).entries]
    assert titles[0] == "访问已结束"
    assert len(titles) == 3  # and what is free in either course
    assert all(fetch(sound_of(entry)).status_code == 200 for entry in read(address).entries[1:])


# --- made and ended ------------------------------------------------------------------------------


def test_a_feed_is_made_once_and_ended_for_good(client, course):
    address = made(client, course)
    assert made(client, course) == address
    sound = sound_of(read(address).entries[1])
    page = page_of(course)
    assert client.post(f"{page}end/", {"anew": "1"}).url == page
    fresh = shown(client, page)
    assert fresh != address
    gone = fetch(address)
    assert (gone.status_code, gone["Content-Type"]) == (410, "text/plain; charset=utf-8")
    assert fetch(sound).status_code == 410
    assert read(fresh).entries[1].title
    client.post(f"{page}end/")
    assert fetch(fresh).status_code == 410
    assert "生成我的地址" in client.get(page).content.decode()


def test_nobody_makes_or_ends_what_is_not_theirs(client, course):
    address = made(client, course)
    stranger = Client()
    stranger.force_login(UserFactory())
    page = page_of(course)
    assert stranger.get(page).status_code == 404
    assert stranger.post(f"{page}make/").status_code == 404
    assert stranger.post(f"{page}end/").status_code == 404
    assert Client().post(f"{page}make/").status_code == 302
    assert fetch(address).status_code == 200
    assert client.get(f"{page}end/").status_code == 405
    assert client.get(f"{INDEX}lesson/1/").status_code == 404
    assert client.get(f"{INDEX}course/{2**70}/").status_code == 404


def test_after_access_has_ended_a_feed_can_be_ended_and_not_be_made(client, course):
    made(client, course)
    lapse()
    page = page_of(course)
    assert page in client.get(INDEX).content.decode()
    answer = client.get(page).content.decode()
    assert "续上以后" in answer
    assert "停用并换一个新的" not in answer
    client.post(f"{page}end/", {"anew": "1"})
    assert client.get(page).status_code == 404
    assert client.post(f"{page}make/").status_code == 404


def test_the_database_keeps_one_living_feed_of_one_thing(learner, course):
    def keep(**fields: Any) -> None:
        fields = {"learner_id": learner.pk, "made_at": clock.now(), **fields}
        with transaction.atomic():
            PodcastFeed.objects.create(secret=uuid4().hex, **fields)

    keep(course_id=1, ended_at=clock.now(), ended_because="asked")
    keep(course_id=1)
    keep(membership_id=1)
    for wrong in (
        {"course_id": 1},
        {"membership_id": 1},
        {},
        {"course_id": 2, "membership_id": 2},
        {"course_id": 3, "ended_at": clock.now()},
    ):
        with pytest.raises(IntegrityError):
            keep(**wrong)


def test_the_pages_lead_to_it_and_more_courses_ask_nothing_more(
    client, learner, course, django_assert_max_num_queries
):
    assert page_of(course) in client.get(course.get_absolute_url()).content.decode()
    assert page_of(course) not in Client().get(course.get_absolute_url()).content.decode()
    assert INDEX in client.get("/study/").content.decode()
    with django_assert_max_num_queries(100) as few:
        client.get(INDEX)
    for _ in range(3):
        buy(learner, audio_course_of(lessons=1))
    silent = audio_course_of(lessons=0)
    buy(learner, silent)
    with django_assert_max_num_queries(len(few)):
        answer = client.get(INDEX).content.decode()
    assert answer.count('href="/study/feeds/course/') == 4


# --- shared --------------------------------------------------------------------------------------


def from_place(number: int, address: str, app: str = "Pocket Casts/7") -> int:
    client = Client(REMOTE_ADDR=f"203.0.{number}.7", headers={"user-agent": app})
    return client.get(address).status_code


def test_an_address_fetched_from_too_many_places_is_changed_and_its_owner_is_told(client, course):
    address = made(client, course)
    for number in range(feed_watch.MOST):
        assert from_place(number, address) == 200
        assert from_place(number, address, "Pocket Casts/8") == 200  # the same one, newer
    assert from_place(99, address) == 410
    assert from_place(0, address) == 410
    page = page_of(course)
    fresh = shown(client, page)
    assert fresh != address
    assert "在太多地方使用" in client.get(page).content.decode()
    [mail] = OutboxMessage.objects.all()
    assert page in mail.text
    assert fresh.split("/")[2] not in mail.text
    assert from_place(0, fresh) == 200


def test_places_are_counted_by_day_and_forgotten_after_a_week(client, course, at):
    at("2026-11-23T12:00+00:00")
    address = made(client, course)
    for number in range(feed_watch.MOST):
        from_place(number, address)
    day = set(FeedFetch.objects.values_list("place", flat=True))
    at("2026-11-24T12:00+00:00")
    assert from_place(99, address) == 200
    from_place(0, address)
    assert not day & set(FeedFetch.objects.filter(day="2026-11-24").values_list("place", flat=True))
    assert "203.0" not in str([*FeedFetch.objects.values()])
    at("2026-12-01T12:00+00:00")
    upkeep.forget_fetches(clock.now())
    assert {str(each.day) for each in FeedFetch.objects.all()} == {"2026-11-24"}


def test_a_feed_asked_without_end_waits(client, course, settings):
    settings.RATE_LIMITS = {"feed": "2/m/key"}
    address = made(client, course)
    assert [fetch(address).status_code for _ in range(3)] == [200, 200, 429]


# --- privacy -------------------------------------------------------------------------------------


def test_it_goes_out_without_its_secret_and_away_with_the_account(client, learner, course):
    address = made(client, course)
    fetch(address)
    files = exported(learner)
    [feed] = files["learning.podcastfeed.json"]
    assert feed["course_id"] == course.pk
    assert "secret" not in feed
    [place] = files["learning.feedfetch.json"]
    assert place["times"] == 1
    privacy.erase(user=learner, now=clock.now() + timedelta(minutes=1))
    assert not FeedFetch.objects.exists()
    assert fetch(address).status_code == 404


def test_no_log_holds_the_secret(client, course, caplog):
    from operations import logs

    address = made(client, course)
    answer = fetch(address)
    assert logs.safe_path(answer.wsgi_request) == "/feeds/…/"
    sound = fetch(sound_of(read(address).entries[0]))
    assert logs.safe_path(sound.wsgi_request) == "/feeds/media/…/audio.mp3"
