"""The addresses of pictures: who gets them, which exist, what pages say of them."""

import io
import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image
from wagtail.images.rect import Rect

from courses import depicted
from courses.models import ArticleIndexPage, CoursePage, PrivateImage, Rendition
from pages.models import SiteSettings
from pages.phone_preview import Draft
from pages.site_shown import shown_to
from tests import factories
from tests.courses.conftest import give


@pytest.fixture
def address(client, course):
    """Of a small cover of the course, as the catalogue has it."""
    return small_cover(client.get("/courses/"))


def small_cover(response):
    return re.findall(r"/pictures/course-\d+/\w+-132\.webp", response.content.decode())[0]


def opened(response):
    assert response.status_code == 200
    return Image.open(io.BytesIO(b"".join(response.streaming_content)))


def upload(colour="#A9351F", focus=()):
    """Red, but for a blue right edge."""
    picture, file = Image.new("RGB", (400, 200), colour), io.BytesIO()
    picture.paste("#1F3A5F", (300, 0, 400, 200))
    picture.save(file, "PNG")
    image = PrivateImage(title="p", file=ContentFile(file.getvalue(), "p.png"))
    if focus:
        image.set_focal_point(focus)
    image.save()
    return image


def test_a_cover_is_drawn_once_and_kept_for_ever(client, address):
    response = client.get(address)
    picture = opened(response)
    assert (picture.format, picture.size) == ("WEBP", (132, 176))
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert default_storage.exists("public" + address)
    assert opened(client.get(address.replace("webp", "avif"))).format == "AVIF"
    assert opened(client.get(address.replace("/pictures/", "/files/pictures/")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"/\w+-132", "/0123456789ab-132"),
        ("-132", "-133"),
        ("-132", "-99999999"),
        ("-132", "--1"),
        ("webp", "png"),
        ("webp", "tiff"),
        ("course-", "cours-"),
        (r"course-\d+", "course-99999"),
        (r"course-\d+", "site-1"),
        (r"course-\d+", "lesson-1"),
    ],
)
def test_any_other_address_is_no_picture(client, address, old, new):
    assert client.get(re.sub(old, new, address)).status_code == 404


def test_a_new_title_is_a_new_address_and_the_old_picture_goes(client, course, address):
    opened(client.get(address))
    CoursePage.objects.filter(pk=course.pk).update(title="慢慢变强")
    assert client.get(address).status_code == 404
    new = small_cover(client.get("/courses/"))
    assert new != address
    opened(client.get(new))
    assert not default_storage.exists("public" + address)


def test_the_publishers_seal_is_on_the_cover(client, address):
    settings = SiteSettings.objects.get()
    settings.seal = "志"
    settings.save()
    assert small_cover(client.get("/courses/")) != address


def test_an_unpublished_course_shows_its_cover_to_those_who_have_it(
    client, course, address, learner
):
    course.unpublish()
    assert client.get(address).status_code == 404
    give(learner, course)
    client.force_login(learner)
    assert small_cover(client.get("/courses/yiqun/")) == address
    response = client.get(address)
    assert opened(response)
    assert response["Cache-Control"] == "private, no-store"
    assert default_storage.exists("private" + address)
    assert client.get("/files" + address).status_code == 404


def test_a_draft_has_no_picture_but_in_its_preview(client, course, address, editor):
    course.title = "还没有说"
    course.save_revision()
    preview = client.get(f"/admin/pages/{course.pk}/view_draft/").content.decode()
    assert "data:image/webp;base64," in preview
    assert "/pictures/" not in preview
    draft = depicted.of_course(course, shown_to(None))
    assert client.get(draft.address("132", "webp")).status_code == 404


def test_a_draft_of_an_article_makes_nothing_public(client, editor):
    article = factories.ArticleFactory(
        parent=ArticleIndexPage.objects.get(),
        live=False,
        cover=upload(),
        body=[("picture", {"image": upload(), "alt": "图", "caption": ""})],
    )
    address = f"/admin/pages/{article.pk}/view_draft/"
    for _time in ("made", "kept"):
        assert client.get(address).content.decode().count("data:image/webp;base64,") == 2
    phone = f"/preview/{Draft(article.pk, 0, '', editor.pk).token}/"
    assert Client().get(phone).content.decode().count("data:image/webp;base64,") == 2
    assert {each.file.name.split("/")[0] for each in Rendition.objects.all()} == {"private"}


@pytest.mark.parametrize(("focus", "colour"), [((0, 0, 60, 60), 0), ((340, 100, 399, 199), 2)])
def test_an_uploaded_cover_is_cut_around_its_focal_point(client, course, focus, colour):
    CoursePage.objects.filter(pk=course.pk).update(cover=upload(focus=Rect(*focus)))
    picture = opened(client.get(small_cover(client.get("/courses/"))))
    assert picture.size == (132, 176)
    pixel = picture.getpixel((66, 88))
    assert pixel[colour] == max(pixel)


def meta(page, name):
    return re.findall(rf'<meta (?:property|name)="{name}" content="([^"]*)"', page)[0]


def test_pages_tell_chats_what_they_are(client, course, settings):
    articles = ArticleIndexPage.objects.get()
    factories.ArticleFactory(parent=articles, title="一口锅", slug="guo", cover=upload())
    for path, kind in {
        "/": "website",
        "/courses/": "website",
        "/courses/yiqun/": "website",
        "/courses/yiqun/00/": "article",
        "/courses/yiqun/02/": "article",  # behind the paywall
        "/articles/guo/": "article",
    }.items():
        page = client.get(path).content.decode()
        assert meta(page, "og:type") == kind
        assert meta(page, "og:url") == settings.BASE_URL + path
        assert f'<link rel="canonical" href="{settings.BASE_URL}{path}">' in page
        image = meta(page, "og:image")
        assert image.startswith(f"{settings.BASE_URL}/pictures/")
        picture = opened(client.get(image.removeprefix(settings.BASE_URL)))
        assert (picture.format, picture.size) == ("JPEG", (1200, 630))
        assert meta(page, "og:image:alt") == meta(page, "og:title")


def test_the_poster_is_asked_for_only_when_the_sheet_is_open(client, course):
    page = client.get("/courses/yiqun/02/").content.decode()
    picture = re.compile(r'<img src="(/pictures/lesson-\d+/\w+-poster\.png)"[^>]* loading="lazy"')
    assert opened(client.get(picture.findall(page)[0])).size == (1080, 1440)
    assert '<div class="share-sheet" id="share" popover' in page


def test_what_is_drawn_of_a_lesson_is_public(course, paid):
    """The words on its pictures are those of the sales page."""
    paid.question, paid.summary = "问题", "提要"
    words = depicted.of_lesson(paid, course, shown_to(None)).words
    assert (words.title, words.over, words.line) == (paid.title, course.title, "问题")


def test_an_unpublished_lesson_shares_nothing(client, course, paid):
    page = client.get("/courses/yiqun/02/").content.decode()
    image = meta(page, "og:image").partition("/pictures/")[2]
    assert opened(client.get(f"/pictures/{image}"))
    paid.unpublish()
    assert client.get(f"/pictures/{image}").status_code == 404


def test_a_learner_gets_a_picture_in_the_format_they_take(client, course, learner):
    image = upload()
    lesson = factories.lesson(
        course, slug="08", body=[("picture", {"image": image, "alt": "", "caption": ""})]
    )
    give(learner, course)
    client.force_login(learner)
    where = f"/media/{lesson.pk}/image-{image.pk}/"
    for accept, kind in {"image/avif,image/webp,*/*": "AVIF", "*/*": "WEBP"}.items():
        response = client.get(where, headers={"accept": accept})
        assert opened(response).format == kind
        assert "Accept" in response["Vary"]
