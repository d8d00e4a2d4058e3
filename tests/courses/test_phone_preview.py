"""A draft on the editor's own phone: what its address opens, and what it does not."""

import io
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from courses.models import LessonPage, PrivateImage
from pages.models import PlainPage
from pages.phone_preview import LASTS, Draft
from tests import factories


@pytest.fixture
def lesson(course):
    """A paid lesson whose draft has a new body with a picture, and a new recording."""
    page = LessonPage.objects.get(slug="02")
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), "#A9351F").save(drawn, "PNG")
    file = ContentFile(drawn.getvalue(), "drawn.png")
    image = PrivateImage.objects.create(title="图", file=file)
    page.body = [("text", "<p>草稿里的一句。</p>"), ("picture", {"image": image})]
    page.audio, page.transcript = factories.MediaFactory(), ""
    page.save_revision()
    return page


def address(client, page, mode="buyer"):
    """What the QR code says."""
    shown = client.get(f"/admin/phone/{page.pk}/", {"mode": mode})
    soup = BeautifulSoup(shown.content, "html.parser")
    assert soup.select_one(".phone-code-square svg path")
    (link,) = soup.select("#phone-address")
    return urlsplit(str(link["href"])).path


def test_a_phone_sees_the_draft_without_signing_in(client, editor, lesson, settings):
    settings.BASE_URL = "https://read.example"
    shown = client.get(f"/admin/phone/{lesson.pk}/").content.decode()
    assert "https://read.example/preview/" in shown
    phone = Client()
    answer = phone.get(address(client, lesson))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "草稿里的一句。" in text
    assert "草稿预览，30 分钟内有效" in text
    assert "用邮箱注册" not in text
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert not answer.cookies
    assert "草稿里的一句。" not in phone.get("/courses/yiqun/02/").content.decode()


def test_the_drafts_files_come_by_the_same_signature(client, editor, lesson):
    path, phone = address(client, lesson), Client()
    picture = f"{path}image-{PrivateImage.objects.get().pk}/"
    assert f'src="{picture}"' in phone.get(path).content.decode()
    assert phone.head(picture)["Content-Type"] == "image/webp"
    sound = f"{path}audio-{lesson.audio_id}/"
    assert sound in phone.get(path).content.decode()
    answer = phone.get(sound, headers={"Range": "bytes=0-2"})
    assert (answer.status_code, b"".join(answer)) == (206, b"ID3")
    assert answer["Cache-Control"] == "private, no-store"
    assert phone.get(f"/media/{lesson.pk}/audio-{lesson.audio_id}/").status_code == 404


def test_a_visitor_mode_opens_neither_text_nor_sound(client, editor, lesson):
    path, phone = address(client, lesson, mode="visitor"), Client()
    assert "草稿里的一句。" not in phone.get(path).content.decode()
    assert phone.get(f"{path}audio-{lesson.audio_id}/").status_code == 404


def test_an_address_opens_no_other_page_and_no_other_file(client, editor, lesson):
    path, phone = address(client, lesson), Client()
    other = factories.MediaFactory()
    for name in (
        f"audio-{other.pk}",
        f"image-{other.pk + 99}",
        f"file-{lesson.audio_id}",
        "audio-",
        "x",
    ):
        assert phone.get(f"{path}{name}/").status_code == 404, name
    plain = PlainPage.objects.get(slug="terms")
    assert phone.get(f"{address(client, plain)}audio-{lesson.audio_id}/").status_code == 404
    stolen = Draft(plain.pk, lesson.latest_revision_id, "", editor.pk)
    assert phone.get(f"/preview/{stolen.token}/").status_code == 404


def test_an_address_shows_what_was_saved_when_it_was_made(client, editor, lesson):
    path = address(client, lesson)
    lesson.body = [("text", "<p>后来的一句。</p>")]
    lesson.save_revision()
    assert "后来的一句。" not in Client().get(path).content.decode()
    assert "后来的一句。" in Client().get(address(client, lesson)).content.decode()


@pytest.mark.parametrize("spoil", [str.upper, lambda token: token[:-1], lambda token: "x" * 40])
def test_a_forged_address_is_told_that_it_is_over(client, editor, lesson, spoil):
    token = address(client, lesson).split("/")[2]
    answer = Client().get(f"/preview/{spoil(token)}/")
    assert answer.status_code == 404
    assert "预览已结束" in answer.content.decode()
    assert answer["Cache-Control"] == "private, no-store"


def test_an_address_is_over_after_half_an_hour(client, editor, lesson):
    path = address(client, lesson)
    for seconds, status in ((LASTS - 5, 200), (LASTS + 5, 404)):
        with time_machine.travel(timezone.now() + timedelta(seconds=seconds)):
            assert Client().get(path).status_code == status
            assert Client().head(f"{path}audio-{lesson.audio_id}/").status_code == status


def test_who_loses_the_role_loses_what_their_codes_opened(client, editor, lesson):
    path = address(client, lesson)
    editor.groups.clear()
    assert Client().get(path).status_code == 404
    assert Client().get(f"{path}audio-{lesson.audio_id}/").status_code == 404


def test_only_who_edits_gets_a_code(client, editor, lesson):
    path = f"/admin/phone/{lesson.pk}/"
    assert path in client.get(f"/admin/pages/{lesson.pk}/edit/").content.decode()
    editor.groups.clear()
    assert client.get(path).status_code in (302, 403)
    assert Client().get(path).status_code == 302
    assert Client().post(f"/preview/{Draft(lesson.pk, 0, '', editor.pk).token}/").status_code == 405
