"""Files through nginx: the site decides, nginx sends. Two processes of the site behind it."""

from pathlib import Path

import pytest
from django.test import Client

from courses.models import PrivateMedia
from tests import factories
from tests.courses.conftest import give
from tests.deploy import front
from tests.operations.processes import beside


@pytest.mark.django_db(transaction=True)
def test_nginx_stands_before_the_site(tmp_path: Path, settings) -> None:
    front.needed()
    settings.MEDIA_ROOT = tmp_path / "files"
    with front.standing(tmp_path, beside(DATA=str(tmp_path), ACCEL_REDIRECT="/accel/")) as door:
        assert_files_go_by_nginx_to_whom_the_site_lets(door, tmp_path)
        assert_what_is_public_is_sent_without_asking_the_site(door, tmp_path)
        assert_pages_come_over_tls_and_the_site_knows_it(door)


def assert_files_go_by_nginx_to_whom_the_site_lets(door: front.Front, files: Path) -> None:
    recording = factories.MediaFactory()
    course = factories.course(slug="yiqun")
    lesson = factories.lesson(course, slug="02", audio=recording)
    sound = (files / "files" / recording.file.name).read_bytes()
    address = f"/media/{lesson.pk}/audio-{recording.pk}/"

    assert door.get(address).status == 404
    assert door.get(f"/accel/{recording.file.name}").status == 404
    assert door.get(f"/files/../{recording.file.name}").status in (400, 404)
    assert door.get(f"/files/..%2f{recording.file.name}").status in (400, 404)

    learner = factories.UserFactory()
    give(learner, course)
    browser = Client()
    browser.force_login(learner)
    door.cookie = "; ".join(f"{name}={one.value}" for name, one in browser.cookies.items())
    whole = door.get(address)
    assert (whole.status, whole.body) == (200, sound)
    assert whole.headers["cache-control"] == "private, no-store"
    assert whole.headers["content-type"] == "audio/mpeg"
    assert whole.headers["content-security-policy"].startswith("default-src 'none'")
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert "accept" in whole.headers["vary"].lower()
    assert not any(name.startswith("x-accel") for name in whole.headers)
    part = door.get(address, Range="bytes=100-199")
    assert (part.status, part.body) == (206, sound[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(sound)}"
    assert door.get(address, Range="bytes=999999999-").status == 416
    assert door.get(address, If_None_Match=whole.headers["etag"]).status == 304
    assert door.get(address, method="HEAD").headers["content-length"] == str(len(sound))

    PrivateMedia.objects.get().file.storage.delete(recording.file.name)
    assert door.get(address).status == 404


def assert_what_is_public_is_sent_without_asking_the_site(door: front.Front, files: Path) -> None:
    name = "covers/one.webp"
    path = files / "files" / "public" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"RIFF picture")
    answer = door.get(f"/files/{name}")
    assert (answer.status, answer.body) == (200, b"RIFF picture")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "public, max-age=86400"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert door.get("/files/covers/").status in (403, 404)
    assert door.get(f"/files/{name}", method="POST").status == 403


def assert_pages_come_over_tls_and_the_site_knows_it(door: front.Front) -> None:
    page = door.get("/")
    assert page.status == 200
    assert page.headers["strict-transport-security"]
    assert "server" not in page.headers or page.headers["server"] == "nginx"
    forged = door.get("/", X_Forwarded_Proto="http", X_Forwarded_For="1.2.3.4")
    assert forged.status == 200  # not led from http to https, as it would be if believed
    moved = door.plainly("/courses/?page=2")
    assert (moved.status, moved.headers["location"]) == (
        301,
        f"https://{front.HOST}/courses/?page=2",
    )
