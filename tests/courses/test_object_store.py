"""Files in an S3-compatible store: the site decides, and signs an address for a while."""

import io
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from courses.models import PrivateDocument, PrivateImage
from tests import factories
from tests.courses import s3
from tests.courses.conftest import give

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def endpoint():
    with s3.standing() as address:
        yield address


@pytest.fixture
def store(settings, endpoint):
    s3.use(settings, endpoint=endpoint, public=endpoint)
    return default_storage


@pytest.fixture
def lesson(store):
    document = PrivateDocument(title="讲义", file=ContentFile(b"paid notes", "讲义.pdf"))
    document.save()
    return factories.lesson(
        factories.course(slug="yiqun"),
        slug="02",
        audio=factories.MediaFactory(),
        attachments=[("attachment", {"document": document, "title": "讲义"})],
    )


@pytest.fixture
def buyer(client, lesson):
    learner = factories.UserFactory()
    give(learner, lesson.get_parent().specific)
    client.force_login(learner)
    return client


def fetched(address, method="GET", **headers):
    request = Request(address, method=method, headers=headers)
    with urlopen(request, timeout=10) as answer:
        return answer.status, answer.headers, answer.read()


def test_who_may_have_a_recording_is_led_to_where_it_lies(buyer, lesson):
    kept = lesson.audio.file
    assert kept.name.startswith("private/")
    answer = buyer.get(f"/media/{lesson.pk}/audio-{lesson.audio_id}/")
    assert (answer.status_code, answer["Cache-Control"]) == (302, "private, no-store")

    told = parse_qs(urlsplit(answer["Location"]).query)
    assert told["X-Amz-Expires"] == ["3600"]
    assert told["X-Amz-Signature"]
    assert s3.SECRET not in answer["Location"]
    status, headers, sound = fetched(answer["Location"])
    assert (status, sound) == (200, kept.open().read())
    assert headers["Content-Type"] == "audio/mpeg"
    assert headers["Cache-Control"] == "private, no-store"
    status, _, part = fetched(answer["Location"], Range="bytes=10-19")
    assert (status, part) == (206, sound[10:20])


def test_a_head_request_is_signed_as_one(buyer, lesson):
    answer = buyer.head(f"/media/{lesson.pk}/audio-{lesson.audio_id}/")
    status, headers, _ = fetched(answer["Location"], method="HEAD")
    assert (status, headers["Content-Length"]) == (200, str(lesson.audio.file.size))


def test_a_download_keeps_its_name(buyer, lesson):
    document = PrivateDocument.objects.get()
    answer = buyer.get(f"/media/{lesson.pk}/file-{document.pk}/")
    _, headers, text = fetched(answer["Location"])
    assert text == b"paid notes"
    assert headers["Content-Disposition"].startswith("attachment; filename*=utf-8''")


def test_nobody_else_is_led_there(client, lesson):
    assert client.get(f"/media/{lesson.pk}/audio-{lesson.audio_id}/").status_code == 404


def test_the_store_gives_nothing_without_a_signature(endpoint, lesson):
    with pytest.raises(HTTPError, match="403"):
        fetched(f"{endpoint}/{s3.BUCKET}/{lesson.audio.file.name}")


def test_pictures_are_drawn_once_and_answered_by_the_site(client, store):
    factories.course(slug="yiqun")
    shown = client.get("/courses/").content.decode()
    address = shown.split('src="/pictures/')[1].split('"')[0]
    first = client.get(f"/pictures/{address}")
    assert first["Cache-Control"].startswith("public")
    assert store.exists(f"public/pictures/{address}")
    again = client.get(f"/pictures/{address}")
    assert b"".join(first.streaming_content) == b"".join(again.streaming_content)
    assert client.get(f"/files/pictures/{address}").status_code == 200


def test_what_is_not_there_is_said_to_be_so(client, store):
    assert client.get("/files/nothing.webp").status_code == 404
    assert client.get("/files/../private/x.mp3").status_code == 404


def test_wagtail_makes_its_sizes_from_what_lies_there(store):
    drawn = io.BytesIO()
    Image.new("RGB", (400, 200)).save(drawn, "PNG")
    image = PrivateImage(title="p", file=ContentFile(drawn.getvalue(), "p.png"))
    image.save()
    rendition = image.get_rendition("max-50x50")
    assert store.exists(rendition.file.name)
    assert default_storage.url("public/a b.webp") == "/files/a%20b.webp"
