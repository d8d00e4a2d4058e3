"""An editor's work, through the admin's own forms."""

import io
import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield

from courses.models import ArticleIndexPage, CoursePage, LessonPage, PrivateImage, PrivateMedia
from tests import factories
from tests.courses.conftest import enter, give, staff
from tests.payments.factories import course_price

VTT = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n第一句。\n"


def lesson_form(**fields):
    return nested_form_data(
        {
            "title": "信任是怎么一天天攒下来的",
            "slug": "10",
            "kind": "regular",
            "question": "信任从哪里来？",
            "body": streamfield([("text", rich_text("<p>第一句。</p>"))]),
            "attachments": streamfield([]),
            "quiz": streamfield([]),
            "minutes": "0",
            "transcript": "",
            "comments": inline_formset([]),
            **fields,
        }
    )


def add(client, course, **fields):
    return client.post(f"/admin/pages/add/courses/lessonpage/{course.pk}/", lesson_form(**fields))


def test_an_editor_publishes_a_lesson_and_a_buyer_reads_it(client, editor, course, learner):
    response = add(client, course, **{"action-publish": "1", "transcript": VTT})
    assert response.status_code == 302, response.context["form"].errors
    lesson = LessonPage.objects.get(slug="10")
    assert lesson.live
    give(learner, course)
    client.force_login(learner)
    shown = client.get("/courses/yiqun/10/").content.decode()
    assert re.search(r'<span class="sentence" [^>]*data-start="0.0"[^>]*>第一句。</span>', shown)
    assert "信任是怎么一天天攒下来的" in client.get("/courses/yiqun/").content.decode()


def test_a_draft_is_seen_by_nobody(client, editor, course, learner):
    add(client, course)
    assert not LessonPage.objects.get(slug="10").live
    give(learner, course)
    client.force_login(learner)
    assert client.get("/courses/yiqun/10/").status_code == 404
    assert "信任是怎么" not in client.get("/courses/yiqun/").content.decode()


def test_a_draft_of_a_live_lesson_changes_nothing_yet(client, editor, course, learner):
    lesson = LessonPage.objects.get(slug="02")
    form = lesson_form(slug="02", title="新的题目")
    assert client.post(f"/admin/pages/{lesson.pk}/edit/", form).status_code == 302
    client.get("/admin/")  # takes the message that names it
    give(learner, course)
    client.force_login(learner)
    shown = client.get("/courses/yiqun/02/").content.decode()
    assert "新的题目" not in shown
    assert "canary02" in shown


@pytest.mark.parametrize(
    ("text", "line"),
    [("字幕", 1), ("WEBVTT\n\n00:00:03.000 --> 00:00:02.000\n甲。\n", 3)],
)
def test_a_broken_transcript_is_refused_with_its_line_and_nothing_is_lost(
    client, editor, course, text, line
):
    response = add(client, course, transcript=text)
    assert response.status_code == 200
    (error,) = response.context["form"].errors["transcript"]
    assert f"第 {line} 行" in error
    shown = response.content.decode()
    assert "信任是怎么一天天攒下来的" in shown
    assert text.splitlines()[-1] in shown.replace("&gt;", ">")


def test_a_broken_transcript_without_any_text_is_refused_too(client, editor, course):
    response = add(client, course, transcript="字幕", body=streamfield([]))
    assert response.status_code == 200
    assert "第 1 行" in response.context["form"].errors["transcript"][0]


def test_a_transcript_is_read_from_a_file(client, editor, course):
    file = SimpleUploadedFile("02.vtt", VTT.encode(), content_type="text/vtt")
    assert add(client, course, transcript_file=file).status_code == 302
    revision = LessonPage.objects.get(slug="10").get_latest_revision_as_object()
    assert revision.transcript == VTT


def test_a_broken_transcript_file_is_refused_with_its_line(client, editor, course):
    for data, words in ((b"WEBVTT\n\nnot a cue\n", "第 3 行"), (b"\xff\xfe\x00", "UTF-8")):
        file = SimpleUploadedFile("02.vtt", data, content_type="text/vtt")
        response = add(client, course, transcript_file=file)
        assert response.status_code == 200
        assert words in response.context["form"].errors["transcript_file"][0]


def test_a_draft_is_submitted_and_another_editor_approves_it(client, editor, course):
    add(client, course, **{"action-submit": "1"})
    lesson = LessonPage.objects.get(slug="10")
    assert not lesson.live
    other = Client()
    enter(other, staff("editor"))
    state = lesson.current_workflow_task_state
    assert {group.name for group in state.task.specific.groups.all()} == {"editor", "operator"}
    other.post(
        reverse("wagtailadmin_pages:workflow_action", args=[lesson.pk, "approve", state.pk]),
        {"comment": "可以"},
    )
    lesson = LessonPage.objects.get(slug="10")
    assert lesson.live


def test_a_lesson_opens_to_the_minute(client, editor, course, learner):
    add(client, course, **{"action-publish": "1"})
    lesson = LessonPage.objects.get(slug="10")
    lesson.unpublish()
    lesson.go_live_at = timezone.now() + timedelta(hours=1)
    lesson.save_revision().publish()
    give(learner, course)
    client.force_login(learner)
    assert client.get("/courses/yiqun/10/").status_code == 410
    call_command("publish_scheduled")
    assert client.get("/courses/yiqun/10/").status_code == 410
    with time_machine.travel(lesson.go_live_at + timedelta(seconds=1)):
        call_command("publish_scheduled")
    assert LessonPage.objects.get(slug="10").live
    assert client.get("/courses/yiqun/10/").status_code == 200


@pytest.mark.parametrize(("mode", "seen"), [("buyer", True), ("member", True), ("visitor", False)])
def test_a_draft_is_previewed_as_a_buyer_a_member_or_a_visitor(client, editor, course, mode, seen):
    lesson = LessonPage.objects.get(slug="02")
    address = f"/admin/pages/{lesson.pk}/edit/preview/"
    assert client.post(address, lesson_form(slug="02")).json()["is_valid"]
    shown = client.get(address, {"mode": mode}).content.decode()
    assert ("第一句。" in shown) is seen
    assert "信任从哪里来？" in shown or seen


def test_what_somebody_has_access_to_cannot_be_deleted(client, editor, course, learner):
    give(learner, course)
    for page in (course, course.get_parent()):
        response = client.post(f"/admin/pages/{page.pk}/delete/", {})
        assert response.status_code == 302
        assert any("1" in str(said) for said in get_messages(response.wsgi_request))
    response = client.post(f"/admin/bulk/wagtailcore/page/delete/?id={course.pk}", {})
    assert CoursePage.objects.filter(pk=course.pk).exists()


def test_a_lesson_that_buyers_have_cannot_be_deleted_but_its_draft_can(
    client, editor, course, learner
):
    give(learner, course)
    lesson = LessonPage.objects.get(slug="02")
    client.post(f"/admin/pages/{lesson.pk}/delete/", {})
    assert LessonPage.objects.filter(pk=lesson.pk).exists()
    add(client, course)
    draft = LessonPage.objects.get(slug="10")
    client.post(f"/admin/pages/{draft.pk}/delete/", {})
    assert not LessonPage.objects.filter(pk=draft.pk).exists()


def test_before_unpublishing_an_editor_reads_what_follows(client, editor, course, learner):
    def asked(page):
        return client.get(f"/admin/pages/{page.pk}/unpublish/").content.decode()

    assert "没有学员" in asked(course)
    give(learner, course)
    assert "已经拥有它的 1 位学员照常学习" in asked(course)
    lesson = LessonPage.objects.get(slug="02")
    assert "1 位学员现在能打开" in asked(lesson)
    article = factories.ArticleFactory(parent=ArticleIndexPage.objects.get())
    assert "what-follows" not in asked(article)
    factories.track([course], title="一条路")
    assert "这些页面提到它，会自动略去：一条路。" in asked(course)
    both = f"/admin/bulk/wagtailcore/page/unpublish/?id={course.pk}&id={lesson.pk}"
    told = client.get(both).content.decode()
    assert told.count("what-follows") == 2
    assert "下级页面也一起" in told
    assert course.title in told.split("what-follows")[0].split("<h2>")[-1]


def test_a_lesson_that_buyers_have_stays_in_its_course(client, editor, course, learner):
    give(learner, course)
    other = factories.course()
    lesson = LessonPage.objects.get(slug="02")
    client.post(f"/admin/pages/{lesson.pk}/move/{other.pk}/confirm/", {})
    assert LessonPage.objects.get(pk=lesson.pk).is_child_of(course)
    free = factories.lesson(other, slug="20")
    client.post(f"/admin/pages/{free.pk}/move/{course.pk}/confirm/", {})
    assert LessonPage.objects.get(pk=free.pk).is_child_of(course)


def test_lists_say_all_in_chinese(client, editor):
    factories.MembershipFactory()
    memberships = client.get("/admin/snippets/courses/membership/").content.decode()
    assert "在售" in memberships
    assert not re.search(r">\s*True\s*<", memberships)
    instructors = client.get("/admin/snippets/courses/instructor/").content.decode()
    assert '<nav aria-label="动作"' in instructors
    assert "Actions" not in instructors


def test_a_discipline_is_not_part_of_itself(client, editor):
    above = factories.DisciplineFactory()
    below = factories.DisciplineFactory(parent=above)
    form = {"name": above.name, "slug": above.slug, "ground": "other", "parent": below.pk}
    answer = client.post(f"/admin/snippets/courses/discipline/edit/{above.pk}/", form)
    assert "学科不能属于它自己" in answer.text


def test_what_a_membership_opens_to_somebody_cannot_be_deleted(client, editor, course, learner):
    library = factories.MembershipFactory()
    course.memberships = [library]
    course.save_revision().publish()
    give(learner, library)
    lesson = LessonPage.objects.get(slug="02")
    for page in (course, lesson, course.get_parent()):
        client.post(f"/admin/pages/{page.pk}/delete/", {})
    assert CoursePage.objects.filter(pk=course.pk).exists()
    assert LessonPage.objects.filter(pk=lesson.pk).exists()


def test_what_is_for_sale_or_in_use_is_refused_with_the_reason(client, editor, course, recording):
    course_price(course)
    LessonPage.objects.filter(slug="02").update(audio=recording)
    for address, what in (
        (f"/admin/pages/{course.pk}/delete/", "价格方案"),
        (f"/admin/pages/{course.get_parent().pk}/delete/", "价格方案"),
        (f"/admin/bulk/wagtailcore/page/delete/?id={course.pk}", "价格方案"),
        (f"/admin/media/delete/{recording.pk}/", "讲"),
    ):
        shown = client.post(address, {}, follow=True)
        assert shown.status_code == 200
        assert any(what in str(said) for said in shown.context["messages"]), address
    assert CoursePage.objects.filter(pk=course.pk).exists()
    assert PrivateMedia.objects.filter(pk=recording.pk).exists()


def test_a_course_without_learners_can_be_deleted(client, editor, course):
    client.post(f"/admin/pages/{course.pk}/delete/", {})
    assert not CoursePage.objects.filter(pk=course.pk).exists()


def test_a_copy_is_a_new_edition_never_an_alias(client, editor, course):
    page = client.get(f"/admin/pages/{course.pk}/copy/")
    assert "alias" not in page.context["form"].fields
    parent = course.get_parent()
    form = {
        "new_title": "第二版",
        "new_slug": "second",
        "new_parent_page": str(parent.pk),
        "copy_subpages": "on",
        "publish_copies": "on",
        "alias": "on",
    }
    client.post(f"/admin/pages/{course.pk}/copy/", form)
    assert not CoursePage.objects.filter(slug="second").exists()
    del form["alias"]
    client.post(f"/admin/pages/{course.pk}/copy/", form)
    copy = CoursePage.objects.get(slug="second")
    assert copy.alias_of is None
    assert copy.get_children().count() == 3
    assert copy.live


def test_a_lesson_survives_a_draft_of_its_course_without_its_chapter(client, editor, course):
    """Chapters are keys: publishing a course without one must delete no lesson."""
    from courses.models import Chapter

    course.chapters = [Chapter(title="第一章")]
    course.save_revision().publish()
    key = course.chapters.get().key
    LessonPage.objects.filter(slug="01").update(chapter_key=key)
    assert "第一章" in client.get("/courses/yiqun/").content.decode()
    course.chapters = []
    course.save_revision().publish()
    assert LessonPage.objects.filter(slug="01").exists()
    assert "第一章" not in client.get("/courses/yiqun/").content.decode()


def test_a_product_card_names_one_thing(client, editor, course):
    both = {"course": course.pk, "membership": "", "line": ""}
    neither = {"course": "", "membership": "", "line": ""}
    article = {
        "title": "一口锅",
        "slug": "guo",
        "comments": inline_formset([]),
    }
    index = course.get_parent().get_parent().get_children().get(slug="articles")
    address = f"/admin/pages/add/courses/articlepage/{index.pk}/"
    for card, fine in ((neither, False), (both, True)):
        body = streamfield([("product_card", card)])
        response = client.post(address, nested_form_data({**article, "body": body}))
        assert (response.status_code == 302) is fine


def test_editors_see_originals_others_do_not(client, editor, recording):
    response = client.get(recording.url)
    assert response.status_code == 200
    assert b"".join(response.streaming_content)
    client.logout()
    enter(client, staff("moderator"))
    assert client.get(recording.url).url == "/admin/"


def test_a_picture_keeps_its_original_private(client, editor):

    picture = io.BytesIO()
    Image.new("RGB", (900, 1200), "#7A3E21").save(picture, "PNG")
    file = SimpleUploadedFile("cover.png", picture.getvalue(), content_type="image/png")
    response = client.post("/admin/images/add/", {"title": "封面", "file": file, "collection": "1"})
    assert response.status_code == 302

    image = PrivateImage.objects.get()
    assert image.file.name.startswith("private/")
    public = image.get_rendition("fill-264x352|format-webp|public")
    assert public.url.startswith("/files/images/")
    assert b"".join(client.get(public.url).streaming_content)
    assert image.get_rendition("fill-264x352|format-webp").url.startswith("/admin/files/private/")


def test_what_wagtail_trusts_is_refused_when_it_is_nonsense(client, editor, course):
    """Found by `make fuzz`: each was an error of the server."""
    answer = client.post(f"/admin/pages/{course.pk}/edit/", {"title": course.title})
    assert answer.status_code == 400
    assert "这个请求" in answer.text
    lesson = LessonPage.objects.child_of(course).first()
    body = {"body-count": "1", "body-0-type": "text", "body-0-order": "0", "body-0-value": ""}
    assert client.post(f"/admin/pages/{lesson.pk}/edit/", body).status_code == 400
    unpublish = f"/admin/pages/{lesson.pk}/unpublish/"
    assert client.post(unpublish, {"next": "a b"}).url == "/admin/"
    create = "/admin/snippets/choose/courses/instructor/create/"
    assert client.post(create).status_code == 404
    assert client.get("/admin/failwhale/").status_code == 404
    assert client.get("/admin/media/chooser/", {"collection_id": " "}).status_code == 404
    chooser = client.get("/admin/snippets/choose/courses/instructor/").json()
    assert course.instructor.name in chooser["html"]


def test_planned_courses_say_when_they_open(client, course):
    course.opens_on = timezone.localdate() + timedelta(days=30)
    course.save_revision().publish()
    assert "开课" in client.get("/courses/yiqun/").content.decode()


def test_an_instructor_and_a_discipline_have_pages(client, course):
    subject = factories.DisciplineFactory(name="商业", slug="business")
    below = factories.DisciplineFactory(name="零售", slug="retail", parent=subject)
    course.disciplines = [below]
    course.save_revision().publish()
    for address in ("/disciplines/business/", f"/instructors/{course.instructor.slug}/"):
        assert course.title in client.get(address).content.decode()
    way = client.get("/disciplines/retail/").content.decode().partition('class="breadcrumb"')[2]
    assert way.index('href="/courses/"') < way.index('href="/disciplines/business/"')
    assert 'aria-current="page">零售<' in way
    assert client.get("/disciplines/none/").status_code == 404
    assert client.get("/instructors/none/").status_code == 404
    for cut_short in ("/disciplines/", "/instructors/"):
        assert client.get(cut_short).url == "/courses/"
