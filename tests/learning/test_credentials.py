"""Certificates: claimed when all is done, looked up by anybody, withdrawn for a reason."""

import io
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from PIL import Image
from pypdf import PdfReader

from accounts import privacy
from accounts.models import OutboxMessage, User
from courses.models import CoursePage, LessonPage
from learning import credentials, progress
from learning.models import Credential, CredentialName, LedgerEntry
from operations import clock as site_clock
from tests.factories import UserFactory, lesson, track
from tests.learning.conftest import audio_course_of, buy, lessons_of
from tests.learning.test_privacy import exported
from tests.learning.test_study_page import queries_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def taught(db: None) -> CoursePage:
    """A preface and three regular lessons."""
    page = audio_course_of(lessons=3, slug="taught", title="慢慢变强", gives_certificate=True)
    lesson(page, slug="preface", kind=LessonPage.Kind.PREFACE, free_preview=True)
    return page


@pytest.fixture
def graduate(client: Client, learner: User, taught: CoursePage) -> Credential:
    """Signed in, with a certificate."""
    client.force_login(learner)
    buy(learner, taught)
    finish(learner, *regular(taught))
    return issued(client, taught)


def regular(page: CoursePage) -> list[LessonPage]:
    return [each for each in lessons_of(page) if each.kind == LessonPage.Kind.REGULAR]


def finish(learner: User, *lessons: LessonPage) -> None:
    for each in lessons:
        progress.mark(learner=learner, lesson=each, done=True, now=site_clock.now())


def claim(client: Client, page: Any, name: str = "林岚") -> Any:
    kind = "course" if isinstance(page, CoursePage) else "track"
    return client.post(f"/study/certificates/{kind}/{page.pk}/", {"name": name})


def issued(client: Client, page: Any, name: str = "林岚") -> Credential:
    answer = claim(client, page, name)
    assert answer.status_code == 302, answer.content.decode()
    return Credential.objects.get(number=answer["Location"].split("/")[2])


def read(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


# --- claiming -----------------------------------------------------------------------------------


def test_whoever_finished_the_regular_lessons_claims_it_once(
    client: Client, learner: User, taught: CoursePage
) -> None:
    client.force_login(learner)
    buy(learner, taught)
    assert "学完可以领取结业证书" in read(client, "/courses/taught/")
    first, second, third = regular(taught)
    finish(learner, first, second)
    assert "再学完 1 讲，就能领取结业证书" in read(client, "/courses/taught/")
    early = claim(client, taught)
    assert early.status_code == 422
    assert "证书没有颁发" in early.content.decode()
    finish(learner, third)
    assert "领取证书" in read(client, "/courses/taught/")
    row = issued(client, taught, "  林　岚 ")
    assert (row.name, row.title, row.asked_lessons, row.lessons) == ("林 岚", "慢慢变强", 100, 3)
    assert issued(client, taught, "别人") == row
    assert Credential.objects.get().name == "林 岚"
    assert LedgerEntry.objects.get(kind="credential").course == "慢慢变强"
    assert row.get_absolute_url() in read(client, "/courses/taught/")
    assert row.get_absolute_url() in read(client, "/study/certificates/")


@pytest.mark.parametrize("name", ["", " 　", "\u202e", "123", "x" * 61])
def test_a_name_that_cannot_be_read_is_refused(
    client: Client, learner: User, taught: CoursePage, name: str
) -> None:
    client.force_login(learner)
    finish(learner, *regular(taught))
    answer = claim(client, taught, name)
    assert answer.status_code == 422
    assert not Credential.objects.exists()


def test_a_course_without_certificates_gives_none(
    client: Client, learner: User, audio_course: CoursePage
) -> None:
    client.force_login(learner)
    finish(learner, *lessons_of(audio_course))
    assert claim(client, audio_course).status_code == 404
    assert "证书" not in read(client, audio_course.get_absolute_url())


def test_a_part_of_the_lessons_is_enough_where_the_editor_says_so(
    client: Client, learner: User, taught: CoursePage
) -> None:
    CoursePage.objects.filter(pk=taught.pk).update(certificate_lessons=60)
    client.force_login(learner)
    finish(learner, regular(taught)[0])
    assert claim(client, taught).status_code == 422
    finish(learner, regular(taught)[2])
    assert "学完 3 讲的 60% 以上" in read(client, issued(client, taught).get_absolute_url())


def test_lessons_that_are_still_to_come_are_to_be_done_too(
    client: Client, learner: User, taught: CoursePage
) -> None:
    CoursePage.objects.filter(pk=taught.pk).update(planned_lessons=5)
    client.force_login(learner)
    finish(learner, *regular(taught))
    assert claim(client, taught).status_code == 422


def test_a_score_is_the_average_of_the_best_attempts(
    client: Client, learner: User, taught: CoursePage
) -> None:
    from learning.models import QuizAttempt

    CoursePage.objects.filter(pk=taught.pk).update(certificate_score=75)
    first, second, _third = regular(taught)
    LessonPage.objects.filter(pk__in=[first.pk, second.pk]).update(quiz_questions=2)
    client.force_login(learner)
    buy(learner, taught)
    finish(learner, *regular(taught))

    def answered(page: LessonPage, number: int, points: int) -> None:
        now = site_clock.now()
        times = {"started_at": now, "answered_at": now, "finished_at": now}
        QuizAttempt.objects.create(
            learner_id=learner.pk,
            lesson_id=page.pk,
            number=number,
            questions=[],
            points=points,
            out_of=2,
            **times,
        )

    answered(first, 1, 2)
    answered(first, 2, 0)
    assert "你现在是 50%" in read(client, "/courses/taught/")
    assert claim(client, taught).status_code == 422
    answered(second, 1, 1)
    assert issued(client, taught).asked_score == 75


def test_a_track_gives_one_for_its_lessons(
    client: Client, learner: User, taught: CoursePage, audio_course: CoursePage
) -> None:
    way = track([lessons_of(audio_course)[0]], regular(taught)[:1], gives_certificate=True)
    client.force_login(learner)
    finish(learner, lessons_of(audio_course)[0])
    assert claim(client, way).status_code == 422
    finish(learner, regular(taught)[0])
    assert "领取证书" in read(client, way.get_absolute_url())
    row = issued(client, way)
    assert (row.kind, row.title, row.lessons) == ("track", way.title, 2)


def test_what_was_earned_stays_whatever_becomes_of_the_course(
    client: Client, graduate: Credential, taught: CoursePage
) -> None:
    lesson(taught, slug="new")
    taught.title = "改了名字"
    taught.gives_certificate = False
    taught.save_revision().publish()
    shown = read(Client(), graduate.get_absolute_url())
    assert "慢慢变强" in shown
    assert "证书有效" in shown
    taught.refresh_from_db()
    taught.unpublish()
    assert "/courses/taught/" not in read(Client(), graduate.get_absolute_url())


# --- looking it up ------------------------------------------------------------------------------


def test_a_stranger_reads_what_it_says_and_nothing_else(
    graduate: Credential, learner: User
) -> None:
    answer = Client().get(graduate.get_absolute_url())
    shown = answer.content.decode()
    for told in ("林岚", "慢慢变强", "证书有效", graduate.shown_number, "学完全部 3 讲"):
        assert told in shown
    assert answer["X-Robots-Tag"] == "noindex"
    assert "no-store" in answer["Cache-Control"]
    assert learner.email not in shown
    assert "更正" not in shown
    assert 'href="/courses/taught/"' in shown


def test_a_number_read_off_paper_leads_there(client: Client, graduate: Credential) -> None:
    answer = client.get(f"/credentials/{graduate.shown_number.lower()}/")
    assert answer["Location"] == graduate.get_absolute_url()
    assert "查不到这份证书" in read(client, "/credentials/guessed/", 404)


def test_only_its_owner_takes_it_along(client: Client, graduate: Credential) -> None:
    stranger = Client()
    stranger.force_login(UserFactory())
    for name in ("certificate.png", "certificate.pdf", "poster.png"):
        address = graduate.get_absolute_url() + name
        assert client.get(address).status_code == 200
        assert stranger.get(address).status_code == 404
        assert "/account/login/" in Client().get(address)["Location"]
    assert stranger.post(f"{graduate.get_absolute_url()}name/", {"name": "我"}).status_code == 404


def test_the_pdf_says_it_in_words_and_carries_its_font(
    client: Client, graduate: Credential
) -> None:
    answer = client.get(f"{graduate.get_absolute_url()}certificate.pdf")
    pdf = PdfReader(io.BytesIO(answer.content))
    text = pdf.pages[0].extract_text()
    for told in ("结业证书", "林岚", "学完了", "慢慢变强", graduate.shown_number):
        assert told in text
    font: Any = pdf.pages[0]["/Resources"]["/Font"]["/F"]  # type: ignore[index]
    below = font["/DescendantFonts"][0].get_object()
    assert below["/FontDescriptor"]["/FontFile3"]["/Subtype"] == "/CIDFontType0C"
    assert len(answer.content) < 100_000  # a part of the font, not all of it


def test_the_picture_and_the_poster_are_pictures(client: Client, graduate: Credential) -> None:
    for name, size in (("certificate.png", (2000, 1414)), ("poster.png", (1080, 1440))):
        answer = client.get(graduate.get_absolute_url() + name)
        assert Image.open(io.BytesIO(answer.content)).size == size


def test_a_name_that_pictures_cannot_write_is_told_so(client: Client, graduate: Credential) -> None:
    client.post(f"{graduate.get_absolute_url()}name/", {"name": "林𠮷"})
    shown = read(client, graduate.get_absolute_url())
    assert "图片里写不出「𠮷」" in shown
    assert "certificate.pdf" not in shown
    answer = client.get(f"{graduate.get_absolute_url()}certificate.png")
    assert answer["Location"] == graduate.get_absolute_url()


# --- changing it --------------------------------------------------------------------------------


def test_the_learner_corrects_the_name_and_what_stood_there_is_kept(
    client: Client, graduate: Credential
) -> None:
    address = f"{graduate.get_absolute_url()}name/"
    assert client.post(address, {"name": ""}).status_code == 422
    client.post(address, {"name": "林岚岚"})
    shown = read(Client(), graduate.get_absolute_url())
    assert "林岚岚" in shown
    assert "更正过姓名" in shown
    assert CredentialName.objects.get().name == "林岚"
    for number in range(4):
        assert client.post(address, {"name": f"名字{number}"}).status_code == 302
    refused = client.post(address, {"name": "再改一次"})
    assert refused.status_code == 422
    assert "五次" in refused.content.decode()


def test_the_database_lets_nothing_else_change(graduate: Credential) -> None:
    rows = Credential.objects.filter(pk=graduate.pk)
    changes: list[dict[str, Any]] = [
        {"title": "别的课"},
        {"learner_id": 987654},
        {"number": "A" * 16},
        {"withdrawn_at": site_clock.now()},
        {"withdrawn_reason": "没有日期"},
        {"name": ""},
    ]
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)


def test_certificates_go_out_and_away_with_the_learner(
    client: Client, graduate: Credential, learner: User
) -> None:
    client.post(f"{graduate.get_absolute_url()}name/", {"name": "林岚岚"})
    files = exported(learner)
    assert [row["name"] for row in files["learning.credential.json"]] == ["林岚岚"]
    assert [row["name"] for row in files["learning.credentialname.json"]] == ["林岚"]
    privacy.erase(user=learner, now=site_clock.now())
    assert "查不到这份证书" in read(Client(), graduate.get_absolute_url(), 404)
    assert not CredentialName.objects.exists()


# --- withdrawing --------------------------------------------------------------------------------

WITHDRAWAL = {"ground": "mistake", "reason": "测验答案是别人给的。"}


def test_withdrawn_it_says_so_to_strangers_and_why_to_the_learner(
    client: Client, graduate: Credential, learner: User
) -> None:
    by = UserFactory()
    now = site_clock.now()
    assert credentials.withdraw(graduate, by=by, now=now, **WITHDRAWAL)
    assert not credentials.withdraw(graduate, by=by, now=now, **WITHDRAWAL)
    shown = read(Client(), graduate.get_absolute_url())
    assert "这份证书已撤销" in shown
    assert "颁发有误" in shown
    assert WITHDRAWAL["reason"] not in shown
    assert "证书有效" not in shown
    mail = OutboxMessage.objects.get(key=f"credential_withdrawn:{graduate.number}")
    assert (mail.to, WITHDRAWAL["reason"] in mail.text) == (learner.email, True)
    assert client.get(f"{graduate.get_absolute_url()}certificate.pdf").status_code == 404
    assert "已撤销" in read(client, "/study/certificates/")
    course = CoursePage.objects.get(pk=graduate.target_id)
    assert "你的证书已撤销" in read(client, course.get_absolute_url())


def test_more_certificates_cost_no_more_queries(
    client: Client, graduate: Credential, learner: User
) -> None:
    few = queries_of(client, "/study/certificates/")
    for number in range(10):
        graduate.pk, graduate.number = None, f"{number}".rjust(16, "D")
        graduate.target_id += 1
        graduate.save(force_insert=True)
    assert queries_of(client, "/study/certificates/") == few
