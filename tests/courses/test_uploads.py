"""What editors may upload: whole files of the kind their name says, and not too large."""

import io
import random
import re
import struct

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from courses import uploads
from courses.models import PrivateDocument, PrivateImage, PrivateMedia
from demo.content import CONTENT
from tests.courses.conftest import enter, staff

SOUND = CONTENT / "courses" / "yiqun-ren" / "00.mp3"


def upload(client, name, data):
    return client.post(
        "/admin/media/audio/add/",
        {"title": name, "file": SimpleUploadedFile(name, data), "collection": "1"},
    )


def test_the_length_of_a_recording_is_read_from_the_file(client, editor):
    assert upload(client, "00.mp3", SOUND.read_bytes()).status_code == 302
    assert PrivateMedia.objects.get().duration == pytest.approx(231, abs=3)


def wav(seconds=1, told=None):
    data = bytes(8000 * seconds)
    size = 8000 * (told or seconds)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, 8000,
                       8000, 1, 8, b"data", size)  # fmt: skip
    return head + data


def picture(kind="PNG"):
    file = io.BytesIO()
    Image.effect_noise((80, 60), 50).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("broken.mp3", b"not a recording" * 99),
        ("noise.mp3", random.Random(7).randbytes(200_000)),
        ("tagged.mp3", b"ID3\x04\0\0\0\0\0\0" + random.Random(7).randbytes(200_000)),
        ("picture.mp3", picture("WEBP")),
        ("empty.mp3", b""),
        ("page.html", b"<script>"),
        ("cut.wav", wav(told=3600)),
        ("no.wav", b"RIFF"),
    ],
)
def test_a_broken_recording_is_refused_and_leaves_nothing(client, editor, name, data):
    response = upload(client, name, data)
    assert response.status_code == 200
    assert response.context["form"].errors["file"]
    assert not PrivateMedia.objects.exists()


def test_what_is_too_large_is_refused(client, editor, monkeypatch):
    monkeypatch.setitem(uploads.LARGEST, "audio", 1000)
    (said,) = upload(client, "00.mp3", wav(2)).context["form"].errors["file"]
    assert "MB" in said
    assert not PrivateMedia.objects.exists()


def test_other_kinds_of_sound_are_taken(client, editor):
    assert upload(client, "a.wav", wav(2)).status_code == 302
    assert PrivateMedia.objects.get().duration == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(
    ("name", "data", "fits"),
    [
        ("paper.pdf", b"%PDF-1.7 ...", True),
        ("paper.pdf", b"<html>", False),
        ("table.xlsx", b"PK", False),
        ("list.csv", "姓名,分数\n".encode(), True),
        ("list.csv", b"\0\1\2", False),
        ("page.html", b"<script>", False),
        ("picture.svg", b"<svg/>", False),
        ("tool.exe", b"MZ", False),
    ],
)
def test_an_attachment_is_what_its_name_says(client, editor, name, data, fits):
    file = SimpleUploadedFile(name, data)
    form = {"title": name, "file": file, "collection": "1"}
    client.post("/admin/documents/multiple/add/", {"title": name, "files[]": file})
    file.seek(0)
    single = client.post("/admin/documents/add/", form)
    assert PrivateDocument.objects.exists() is fits
    assert single.status_code == (302 if fits else 200)


@pytest.mark.parametrize(("cut", "fits"), [(None, True), (-400, False), (40, False)])
def test_a_picture_is_whole(client, editor, cut, fits):
    file = SimpleUploadedFile("p.png", picture()[:cut])
    answer = client.post(
        "/admin/images/add/", {"title": "p", "file": file, "collection": "1", "description": ""}
    )
    assert PrivateImage.objects.exists() is fits
    assert answer.status_code == (302 if fits else 200)


def test_the_admins_api_names_files_to_those_who_may_choose_them(client, editor):
    upload_picture = SimpleUploadedFile("secret-name.png", picture())
    PrivateImage.objects.create(title="secret-name", file=upload_picture)
    address = "/admin/api/main/images/"
    assert "secret-name" in client.get(address).text
    for role in ("moderator", "finance"):
        other = Client()
        enter(other, staff(role))
        answer = other.get(address)
        assert "secret-name" not in answer.text, role


def test_the_chooser_shows_first_why_a_recording_was_refused(client, editor):
    file = SimpleUploadedFile("broken.mp3", b"not a recording" * 99)
    said = client.post(
        reverse("wagtailmedia:chooser_upload", args=["audio"]),
        {
            "media-chooser-upload-title": "坏的",
            "media-chooser-upload-file": file,
            "media-chooser-upload-collection": "1",
        },
    ).json()["html"]
    tabs = re.findall(r'<a id="tab-label-([\w-]+)"[^>]*aria-selected="(\w+)"', said)
    assert tabs == [("search", "false"), ("upload-audio", "true"), ("upload-video", "false")]
    panel = said.split('id="tab-upload-audio"')[1].split('id="tab-upload-video"')[0]
    assert "可能已经损坏" in panel
