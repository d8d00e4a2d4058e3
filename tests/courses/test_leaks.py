"""What drafts and paid lessons give away in pictures and in search. The whole site: tests/leaks."""

import io

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from courses.depicted import CARD
from courses.models import (
    ArticleIndexPage,
    CoursePage,
    LessonPage,
    PrivateDocument,
    PrivateImage,
)
from tests import factories
from tests.courses.conftest import give
from tests.leaks.addresses import subject_of

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


def pictures(page) -> list[str]:
    subject = subject_of(page)
    cover, card = subject.address("132", "webp"), subject.address(CARD, "jpg")
    return [cover, card, card.replace("/pictures/", "/files/pictures/")]


def test_what_is_not_out_has_no_picture(client, personas, hidden):
    for user in (None, *personas.values()):
        if user:
            client.force_login(user)
        for address in (each for page in hidden for each in pictures(page)):
            assert client.get(address).status_code == 404


def test_pictures_of_a_paid_lesson_say_what_its_sales_page_says(client, loaded, course):
    subject = subject_of(loaded)
    assert "canary" not in repr((subject.words, subject.design))
    page = client.get("/courses/yiqun/09/").content.decode()
    assert subject.address(CARD, "jpg") in page


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
        document.url.removeprefix("/admin"),
    ):
        assert client.get(address).status_code == 404
