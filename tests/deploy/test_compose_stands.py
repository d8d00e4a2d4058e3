"""The site as docker-compose.yml has it, without Docker: nginx before two processes, a worker."""

import json
import re
import ssl
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from courses.models import PrivateMedia
from operations import leases
from tests import factories
from tests.courses import s3
from tests.courses.conftest import give
from tests.deploy import compose, rush
from tests.deploy.front import Front
from tests.operations.processes import url_of, wait_until
from tests.payments.factories import course_price

TOKEN = "seen-from-inside"
CDN = "https://cdn.example.com"

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(scope="module")
def static(tmp_path_factory) -> Path:
    compose.needed()
    return compose.build(tmp_path_factory.mktemp("image"))


@pytest.fixture
def machine(tmp_path: Path, static: Path, settings):
    """Nothing runs yet; `given` is what .env would have besides."""
    settings.MEDIA_ROOT = tmp_path / "data" / "files"
    (tmp_path / "data").mkdir()

    def made(**given: str) -> compose.Machine:
        shared = {"SANDBOX_DATABASE_URL": url_of("sandbox"), "STRIPE_SANDBOX": "1", **given}
        secrets = {
            "database_url": url_of("default"),
            "secret_key": settings.SECRET_KEY,
            "metrics_token": TOKEN,
        }
        return compose.Machine(tmp_path, shared, static=static, secrets=secrets)

    return made


def test_the_site_stands_on_one_machine(machine, tmp_path: Path) -> None:
    one = machine()
    buy = f"/payments/buy/{course_price(factories.course(slug='rush')).offer.key}/"
    one.once("prepare")
    with compose.standing(one, "web1", "web2", "worker", "scheduler", "proxy") as door:
        assert_files_go_by_nginx_to_whom_the_site_lets(door, tmp_path / "data")
        assert_what_is_public_is_sent_without_asking_the_site(door, tmp_path / "data")
        assert_pages_come_over_tls_and_the_site_knows_it(door)
        assert_nobody_notices_that_a_new_version_comes(one, door)
        wait_until(lambda: bool(leases.alive(now=timezone.now())))
        assert_it_is_ready(door)
        assert_figures_are_told_inside_only(one, door)
        rush.assert_readers_do_not_hold_each_other_up(door, buy)
        for web in compose.WEBS:
            one.stop(web)
        assert_the_front_door_says_that_nobody_is_in(door)
    log = tmp_path / "nginx" / "access.log"
    assert not log.exists() or not log.read_text(), "it tells of people"


def assert_files_go_by_nginx_to_whom_the_site_lets(door: Front, data: Path) -> None:
    recording = factories.MediaFactory()
    course = factories.course(slug="yiqun")
    lesson = factories.lesson(course, slug="02", audio=recording)
    sound = (data / "files" / recording.file.name).read_bytes()
    address = f"/media/{lesson.pk}/audio-{recording.pk}/"

    assert door.get(address).status == 404
    assert door.get(f"/accel/{recording.file.name}").status == 404
    assert door.get(f"/files/../{recording.file.name}").status in (400, 404)
    assert door.get(f"/files/..%2f{recording.file.name}").status in (400, 404)

    door.cookie = cookie_of_a_buyer(course)
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


def cookie_of_a_buyer(course) -> str:
    learner, browser = factories.UserFactory(), Client()
    give(learner, course)
    browser.force_login(learner)
    # Over TLS its name binds it to this host.
    return "; ".join(f"__Host-{name}={one.value}" for name, one in browser.cookies.items())


def assert_what_is_public_is_sent_without_asking_the_site(door: Front, data: Path) -> None:
    name = "covers/one.webp"
    path = data / "files" / "public" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"RIFF picture")
    answer = door.get(f"/files/{name}")
    assert (answer.status, answer.body) == (200, b"RIFF picture")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "public, max-age=86400"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert door.get("/files/covers/").status in (403, 404)
    assert door.get(f"/files/{name}", method="POST").status == 403


def assert_pages_come_over_tls_and_the_site_knows_it(door: Front) -> None:
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        door.get_by(ssl.TLSVersion["TLSv1_1"])
    page = door.get_by(ssl.TLSVersion.TLSv1_2)
    assert page.status == 200
    assert page.headers["strict-transport-security"]
    assert page.headers.get("server", "nginx") == "nginx"
    said = {"X_Forwarded_Proto": "http", "X_Forwarded_For": "1.2.3.4", "X_Request_ID": "a" * 32}
    forged = door.get("/", **said)
    assert forged.status == 200  # not led from http to https, as it would be if believed
    assert forged.headers["x-request-id"] != "a" * 32
    moved = door.plainly("/courses/?page=2")
    assert (moved.status, moved.headers["location"]) == (301, "https://localhost/courses/?page=2")
    (style,) = re.findall(rb"/static/css/[\w.-]+\.css", page.body)[:1]
    sheet = door.get(style.decode(), Accept_Encoding="br")
    assert (sheet.status, sheet.headers["content-encoding"]) == (200, "br")
    assert "immutable" in sheet.headers["cache-control"]


def assert_nobody_notices_that_a_new_version_comes(one: compose.Machine, door: Front) -> None:
    """As platform/bin/roll-out does it, while people read.

    Docker looks at a new one after five seconds; nginx comes back to it after two.
    """
    seen: list[int] = []
    beats: list[int] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            seen.append(door.get("/courses/").status)

    def report() -> None:
        while not over.is_set():
            beats.append(door.get("/study/beat/", method="POST").status)

    readers = [threading.Thread(target=each) for each in (read, read, read, report)]
    for each in readers:
        each.start()
    try:
        for name in compose.WEBS:
            one.stop(name)
            one.start(name)
            wait_until(partial(one.healthy, name))
            wait_until(partial(passed, time.monotonic() + 2))
    finally:
        over.set()
        for each in readers:
            each.join()
    assert len(seen) > 20
    assert set(seen) == {200}
    assert set(beats) == {400}, "an empty one is none, and each was looked at"


def passed(moment: float) -> bool:
    return time.monotonic() > moment


def assert_it_is_ready(door: Front) -> None:
    answer = door.get("/readyz")
    assert (answer.status, json.loads(answer.body)["ready"]) == (200, True)


def assert_figures_are_told_inside_only(one: compose.Machine, door: Front) -> None:
    asked = {"Authorization": f"Bearer {TOKEN}"}
    assert door.get("/metrics", **asked).status == 404
    told = [Front.plain(one.ports[web], "/metrics", **asked) for web in compose.WEBS]
    assert [each.status for each in told] == [200, 200]
    assert all(b'rizhi_ready{check="database"} 1.0' in each.body for each in told)
    assert all(b"rizhi_requests_total{" in each.body for each in told)


def assert_the_front_door_says_that_nobody_is_in(door: Front) -> None:
    page = door.get("/courses/")
    assert (page.status, page.headers["retry-after"]) == (503, "5")
    assert "请稍等" in page.body.decode()
    beat = door.get("/study/beat/", method="POST")
    assert (beat.status, beat.headers["retry-after"]) == (503, "5")
    assert "请稍等" not in beat.body.decode()


@pytest.mark.parametrize("balancer", ["127.0.0.1", ""])
def test_a_balancer_is_believed_and_nobody_else(machine, balancer: str) -> None:
    """Ten tries a minute from one address: the limit tells whom the site takes a visitor for."""
    one = machine(BALANCER=balancer)
    one.once("prepare")
    with compose.standing(one, "web1", "web2", "proxy") as door:
        told = [
            door.get("/account/first-operator/guessed/", X_Forwarded_For=f"6.6.6.6, 9.9.9.{last}")
            for last in (1, *[2] * 10, 3)
        ]
        stopped = [each.status == 429 for each in told]
    assert stopped == [False] * 12 if balancer else [False] * 10 + [True] * 2


def test_files_may_lie_in_an_object_store(machine, settings) -> None:
    with s3.standing() as store:
        given = {
            "S3_BUCKET": s3.BUCKET,
            "S3_ENDPOINT": store,
            "STORE": store,
            "S3_ACCESS_KEY": s3.KEY,
        }
        one = machine(**given, CDN_URL=CDN)
        one.once("prepare")
        s3.use(settings, endpoint=store, public=f"https://localhost:{one.front.port}")
        with compose.standing(one, "web1", "web2", "proxy") as door:
            assert_a_recording_comes_through_the_front_door(door)
            assert_a_content_network_may_fetch_what_all_see(door)


def assert_a_recording_comes_through_the_front_door(door: Front) -> None:
    recording = factories.MediaFactory()
    course = factories.course(slug="yiqun")
    lesson = factories.lesson(course, slug="02", audio=recording)
    address = f"/media/{lesson.pk}/audio-{recording.pk}/"
    assert door.get(address).status == 404
    assert door.get(f"/{s3.BUCKET}/{recording.file.name}").status == 403

    door.cookie = cookie_of_a_buyer(course)
    answer = door.get(address)
    assert answer.status == 302
    place = answer.headers["location"]
    assert place.startswith(f"https://localhost:{door.port}/{s3.BUCKET}/private/")
    assert "X-Amz-Expires=3600" in place
    path = place.removeprefix(f"https://localhost:{door.port}")
    whole = door.get(path)
    assert (whole.status, whole.body) == (200, recording.file.open().read())
    assert whole.headers["content-type"] == "audio/mpeg"
    assert whole.headers["cache-control"] == "private, no-store"
    assert whole.headers["x-content-type-options"] == "nosniff"
    part = door.get(path, Range="bytes=100-199")
    assert (part.status, len(part.body)) == (206, 100)
    assert door.get(path, method="POST").status == 403


def assert_a_content_network_may_fetch_what_all_see(door: Front) -> None:
    page = door.get("/")
    named = re.findall(rf'(?:src|href)="({CDN}/static/[^"]+)"', page.body.decode())
    assert {each.rpartition(".")[2] for each in named} >= {"css", "js"}
    assert b'="/static/' not in page.body
    rules = dict(
        rule.split(maxsplit=1) for rule in page.headers["content-security-policy"].split("; ")
    )
    for kind in ("script-src", "style-src", "img-src", "font-src"):
        assert CDN in rules[kind]
    for address in named:
        kept = door.get(address.removeprefix(CDN))
        assert kept.status == 200
        assert "immutable" in kept.headers["cache-control"]
        assert kept.headers["access-control-allow-origin"] == "*"  # fonts and modules want it
