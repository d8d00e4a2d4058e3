"""No paid word, picture or sound reaches who may not have it, however it is asked for."""

import io
from urllib.parse import quote

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from courses import depicted
from courses.depicted import CARD, Subject
from courses.models import (
    ArticleIndexPage,
    ArticlePage,
    CoursePage,
    LessonPage,
    PrivateDocument,
    PrivateImage,
)
from pages.site_shown import shown_to
from tests import factories
from tests.courses.conftest import give

CANARY = b"canary"


def upload():
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "#A9351F").save(picture, "PNG")
    return PrivateImage.objects.create(
        title="canary-picture", file=ContentFile(picture.getvalue(), "canary-picture.png")
    )


@pytest.fixture
def loaded(course, recording):
    """A paid lesson whose every field bears a canary."""
    image = upload()
    document = PrivateDocument.objects.create(
        title="canary-attachment", file=ContentFile(b"canary-file", "canary-attachment.txt")
    )
    return factories.lesson(
        course,
        slug="09",
        audio=recording,
        body=[
            ("text", "<p>canary-text。</p>"),
            ("quote", {"text": "canary-quote", "source": "canary-source"}),
            ("picture", {"image": image, "alt": "canary-alt", "caption": "canary-caption"}),
            ("callout", {"heading": "canary-heading", "text": "<p>canary-callout</p>"}),
            ("code", {"language": "", "code": "canary-code"}),
            ("question", {"text": "canary-question"}),
        ],
        attachments=[("attachment", {"document": document, "title": "canary-title"})],
        transcript="WEBVTT\n\n00:00:00.000 --> 00:00:02.000\ncanary-cue\n",
    )


@pytest.fixture
def hidden(course, loaded):
    """Pages that are not out and bear canaries in all they say. They stand beside what is out: with
    its instructor, in its discipline, on its track."""
    business = factories.DisciplineFactory(slug="business")
    course.disciplines = [business]
    course.save_revision().publish()
    words = {"slug": "hidden", "live": False, "first_published_at": None, "cover": upload()}
    draft = factories.course(
        **words,
        title="canary-course",
        promise="canary-promise",
        instructor=course.instructor,
        disciplines=[business],
    )
    lesson = factories.lesson(
        course,
        slug="hidden",
        live=False,
        first_published_at=None,
        title="canary-lesson",
        question="canary-question",
    )
    article = factories.ArticleFactory(
        parent=ArticleIndexPage.objects.get(),
        **words,
        title="canary-article",
        summary="canary-summary",
        disciplines=[business],
    )
    factories.track([loaded, lesson, draft], slug="shown")
    track = factories.track([draft], **words, title="canary-track", aim="canary-aim")
    edited = CoursePage.objects.get(pk=course.pk)
    edited.title = edited.promise = "canary-edit"
    edited.save_revision()
    return [draft, lesson, article, track, edited]


def depict(page) -> Subject:
    site = shown_to(None)
    match page:
        case CoursePage():
            return depicted.of_course(page, site)
        case LessonPage():
            return depicted.of_lesson(page, page.get_parent().specific, site)
        case ArticlePage():
            return depicted.of_article(page, site)
    return depicted.of_track(page, site)


def pictures(page) -> list[str]:
    subject = depict(page)
    cover, card = subject.address("132", "webp"), subject.address(CARD, "jpg")
    return [cover, card, card.replace("/pictures/", "/files/pictures/")]


def files(lesson: LessonPage) -> list[str]:
    picture = next(b.value["image"] for b in lesson.body if b.block_type == "picture")
    document = lesson.attachments[0].value["document"]
    names = [f"audio-{lesson.audio_id}", f"image-{picture.pk}", f"file-{document.pk}"]
    return [f"/media/{lesson.pk}/{name}/" for name in names]


def ways(client, address):
    """The same question put in every manner a browser, a script or a proxy may put it."""
    yield client.get(address)
    yield client.head(address)
    yield client.post(address)
    yield client.get(address, headers={"range": "bytes=0-99"})
    yield client.get(address, headers={"hx-request": "true", "hx-boosted": "true"})
    yield client.get(address, headers={"if-none-match": "*", "if-modified-since": "x"})
    yield client.get(address, {"preview": "1", "token": "x", "_": "1"})
    yield client.get(address.rstrip("/"))
    yield client.get(address.upper())


def assert_clean(response):
    assert response.status_code in {200, 301, 302, 403, 404, 405}
    assert not response.streaming, "a file was handed out"
    asked = response.request["PATH_INFO"].encode()  # which an answer may say back
    shown = response.content + repr(sorted(response.headers.items())).encode()
    shown = shown.replace(asked, b"").replace(quote(asked, safe="").encode(), b"")
    assert CANARY not in shown, shown[:400]
    assert b"/media/" not in shown


def everything(lesson: LessonPage) -> list[str]:
    """Every kind of page that stands around the lesson and the drafts, and the lesson's files."""
    course, *_ = CoursePage.objects.parent_of(lesson).select_related("instructor")
    return [
        "/",
        "/courses/",
        "/courses/yiqun/",
        "/courses/yiqun/09/",
        "/courses/yiqun/hidden/",
        "/courses/hidden/",
        course.instructor.get_absolute_url(),
        "/disciplines/business/",
        "/articles/",
        "/articles/hidden/",
        "/tracks/",
        "/tracks/shown/",
        "/tracks/hidden/",
        "/membership/",
        "/sitemap-pages.xml",
        f"/media/{lesson.pk}/captions-{lesson.pk}/",
        *files(lesson),
    ]


def test_a_visitor_sees_no_canary(client, loaded, hidden):
    for address in everything(loaded):
        for response in ways(client, address):
            assert_clean(response)


def test_no_persona_sees_a_canary(client, personas, loaded, hidden):
    for user in personas.values():
        client.force_login(user)
        for address in everything(loaded):
            for response in ways(client, address):
                assert_clean(response)


def test_what_is_not_out_has_no_picture(client, personas, hidden):
    for user in (None, *personas.values()):
        if user:
            client.force_login(user)
        for address in (each for page in hidden for each in pictures(page)):
            assert client.get(address).status_code == 404


def test_pictures_of_a_paid_lesson_say_what_its_sales_page_says(client, loaded, course):
    subject = depict(loaded)
    assert "canary" not in repr((subject.words, subject.design))
    page = client.get("/courses/yiqun/09/").content.decode()
    assert subject.address(CARD, "jpg") in page


def test_a_page_warmed_by_a_buyer_gives_nothing_away(client, loaded, course, learner):
    give(learner, course)
    client.force_login(learner)
    page = client.get("/courses/yiqun/09/")
    assert page.content.count(CANARY) >= 7
    assert page["Cache-Control"] == "private, no-store"
    client.logout()
    assert_clean(client.get("/courses/yiqun/09/"))


def test_who_may_gets_every_file(client, loaded, course, learner):
    give(learner, course)
    client.force_login(learner)
    for address in files(loaded):
        response = client.get(address)
        assert response.status_code == 200
        assert b"".join(response.streaming_content)
        assert response["Cache-Control"] == "private, no-store"


def test_a_lesson_under_another_course_does_not_exist(client, loaded):
    factories.course(lessons=1, slug="other")
    assert client.get("/courses/other/09/").status_code == 404
    assert client.get("/courses/nowhere/09/").status_code == 404
    assert client.get("/courses/yiqun/nowhere/").status_code == 404


def test_paid_text_is_in_no_search_index(loaded):
    for way in ("search", "autocomplete"):
        assert not getattr(LessonPage.objects.all(), way)("canary").results()
        assert not getattr(LessonPage.objects.all(), way)("正文").results()
    assert loaded.pk in [page.pk for page in LessonPage.objects.all().search("09")]


@pytest.mark.parametrize("address", ["/search/", "/search/suggest/"])
def test_search_tells_nothing_of_paid_text(client, loaded, hidden, course, learner, address):
    give(learner, course)
    for user in (None, learner):
        if user:
            client.force_login(user)
        # Words of the body, the picture, the transcript, the attachment: as if they were not.
        for asked in ("canar", "text", "正文", "cue", "attachment", "quote heading", "字幕"):
            nowhere = client.get(address, {"q": "火星"}).content.replace("火星".encode(), b"")
            shown = client.get(address, {"q": asked}).content.replace(asked.encode(), b"")
            assert CANARY not in shown
            assert (b"/courses/yiqun/09/" in shown) == (b"/courses/yiqun/09/" in nowhere)
            assert b"<mark>" not in shown
        shown = client.get(address, {"q": "09"}).content
        assert b"/courses/yiqun/09/" in shown
        assert CANARY not in shown


def test_wagtails_own_routes_to_documents_and_pages_are_shut(client, loaded):
    document = loaded.attachments[0].value["document"]
    for address in (
        f"/documents/{document.pk}/{document.filename}",
        "/api/v2/pages/",
        f"/admin/pages/{loaded.pk}/view_draft/",
        f"/admin/api/main/pages/{loaded.pk}/",
        document.url,
        loaded.audio.url,
    ):
        assert_clean(client.get(address))
