"""Private files: who gets them, and in which parts."""

import pytest
from django.utils import timezone

from courses import grants
from courses.models import Grant
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def recording():
    return factories.MediaFactory()


@pytest.fixture
def course():
    return factories.course(slug="yiqun")


@pytest.fixture
def paid(course, recording):
    return factories.lesson(course, slug="02", audio=recording)


@pytest.fixture
def address(paid, recording):
    return f"/media/{paid.pk}/audio-{recording.pk}/"


@pytest.fixture
def buyer(course):
    learner = factories.UserFactory()
    now = timezone.now()
    grants.sync(
        learner=learner,
        source_kind=Grant.Source.PURCHASE,
        source_id="order-1",
        covers=[course],
        starts_at=now,
        now=now,
    )
    return learner


def content(response):
    return b"".join(response.streaming_content)


def original(recording):
    with recording.file.open() as file:
        return file.read()


def status(response):
    content(response)
    return response.status_code


def test_a_visitor_gets_nothing_in_any_way(client, address):
    for ask in (
        client.get(address),
        client.head(address),
        client.get(address, headers={"range": "bytes=0-10"}),
        client.get(address, headers={"hx-request": "true"}),
    ):
        assert ask.status_code == 404
        assert b"ID3" not in ask.content


def test_a_buyer_gets_the_whole_file_and_no_cache_keeps_it(client, address, buyer, recording):
    client.force_login(buyer)
    response = client.get(address)
    assert response.status_code == 200
    assert content(response) == original(recording)
    assert response["Content-Type"] == "audio/mpeg"
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-3", 0, 3),
        ("bytes=10-", 10, None),
        ("bytes=-5", -5, None),
        ("bytes=4-99999", 4, None),
    ],
)
def test_a_part_is_given_as_asked(client, address, buyer, recording, asked, start, end):
    client.force_login(buyer)
    whole = original(recording)
    expected = whole[start:] if end is None else whole[start : end + 1]
    response = client.get(address, headers={"range": asked})
    assert response.status_code == 206
    assert content(response) == expected
    first = start if start >= 0 else len(whole) + start
    assert response["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(whole)}"
    assert response["Content-Length"] == str(len(expected))


@pytest.mark.parametrize("asked", ["bytes=99999-", "bytes=-0"])
def test_a_part_outside_the_file_is_refused(client, address, buyer, recording, asked):
    client.force_login(buyer)
    response = client.get(address, headers={"range": asked})
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{recording.file.size}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=a-b", "bytes=0-1,5-6", "lines=1-2", "bytes=0-" + "9" * 5000]
)
def test_a_malformed_range_gets_the_whole(client, address, buyer, asked):
    client.force_login(buyer)
    assert status(client.get(address, headers={"range": asked})) == 200


def test_a_range_of_an_older_file_gets_the_whole_of_the_new(client, address, buyer):
    client.force_login(buyer)
    etag = client.head(address)["ETag"]
    part = {"range": "bytes=0-3"}
    assert status(client.get(address, headers=part | {"if-range": etag})) == 206
    assert status(client.get(address, headers=part | {"if-range": '"older"'})) == 200
    assert client.get(address, headers={"if-none-match": etag}).status_code == 304


def test_a_page_hands_out_only_files_it_uses(client, paid, buyer, course):
    client.force_login(buyer)
    other = factories.MediaFactory()
    for name in (f"audio-{other.pk}", "audio-0", "audio-x", "original-1", "..", "file-1"):
        assert client.get(f"/media/{paid.pk}/{name}/").status_code == 404
    assert client.get(f"/media/{course.pk}/audio-{other.pk}/").status_code == 404
    for number in (999999, 10**30):
        assert client.get(f"/media/{number}/audio-1/").status_code == 404


@pytest.mark.parametrize("name", ["%00", "a%00b.webp", "大" * 200, "one.webp/two", "..", "x/../y"])
def test_what_cannot_be_a_file_is_not_found(client, settings, tmp_path, name):
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "one.webp").write_bytes(b"RIFF")
    there = client.get("/files/one.webp")
    assert (there.status_code, there.getvalue()) == (200, b"RIFF")
    assert client.get(f"/files/{name}").status_code == 404


def test_originals_have_no_public_address(client, recording):
    assert recording.file.name.startswith("private/")
    assert client.get(f"/files/{recording.file.name}").status_code == 404
    assert client.get(f"/files/../{recording.file.name}").status_code == 404
    assert client.get(recording.url).status_code in {302, 403}


def test_a_free_lesson_is_heard_by_everyone(client, course, recording):
    lesson = factories.lesson(course, slug="00", audio=recording, free_preview=True)
    address = f"/media/{lesson.pk}/audio-{recording.pk}/"
    assert status(client.get(address)) == 200
    course.unpublish()
    assert client.get(address).status_code == 404
