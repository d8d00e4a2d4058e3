"""An editor publishes a lesson with sound, transcript and text; a visitor hears it."""

import pytest
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Page

from courses.models import CoursePage, LessonPage
from demo.content import CONTENT
from tests.journeys import first_day as day

RECORDING = CONTENT / "courses" / "manman-bianqiang" / "01.mp3"
TITLE = "把第一句话说给谁听"
SENTENCES = ["第一句话是说给自己听的。", "第二句话才轮到别人。"]
TRANSCRIPT = f"""WEBVTT

00:00:00.000 --> 00:00:03.000
{SENTENCES[0]}

00:00:03.000 --> 00:00:06.000
{SENTENCES[1]}
"""
BROKEN = TRANSCRIPT.replace("00:00:03.000 --> 00:00:06.000", "00:00:03 --> 00:00:06.000")
BROKEN_LINE = 6

UNTIL_KEPT = """() => new Promise((kept) => {
  const { dataset } = document.getElementById("w-autosave-indicator");
  let since = Date.now();
  document.addEventListener("w-autosave:save", () => { since = Date.now(); });
  const timer = setInterval(() => {
    if (dataset.wAutosaveStateValue === "saving" || Date.now() - since < 1500) return;
    clearInterval(timer);
    kept();
  }, 100);
})"""
BODY = "[data-contentpath=body]"
AUDIO = "[data-contentpath=audio] .chooser"


@pytest.mark.usefixtures("demo_site")
def test_an_editor_publishes_a_lesson_and_a_visitor_hears_it(open_page, look, problems):
    course = CoursePage.objects.get(slug="yiqun-ren")
    page = open_page("/admin/", width=1280)
    day.sign_in_as_staff(page, "editor", lands_on="/admin/")
    look(page, "admin-home")
    page.goto(f"/admin/pages/{course.pk}/")
    look(page, "admin-course")
    day.click(page, f"a[href$='/admin/pages/{course.pk}/add_subpage/']", "/admin/pages/add")
    look(page, "admin-lesson")

    write_lesson(page, transcript=BROKEN)
    publish(page)
    assert page.is_visible(f"[data-contentpath=transcript] .error-message:has-text('{refusal()}')")
    look(page, "admin-lesson-refused")
    assert_nothing_is_lost(page)
    assert not LessonPage.objects.filter(title=TITLE, live=True).exists()
    assert {each[-17:] for each in problems} == {"400 (Bad Request)"}  # the draft is not kept, too
    problems.clear()

    page.fill("#id_transcript", TRANSCRIPT)
    publish(page)
    day.arrive(page, f"/admin/pages/{course.pk}/")
    lesson = LessonPage.objects.get(title=TITLE)
    assert lesson.live

    visitor = open_page(day.COURSE)
    day.click(visitor, f".lesson-row:has-text('{TITLE}')", day.COURSE + lesson.slug)
    assert visitor.locator(".sentence").all_inner_texts() == SENTENCES
    day.play(visitor)


def write_lesson(page: Page, *, transcript: str) -> None:
    page.fill("#id_title", TITLE)
    page.check("#id_free_preview")
    page.click(f"{AUDIO} [data-chooser-action-choose] >> visible=true")
    page.click(".modal [href='#tab-upload-audio']")
    page.set_input_files(".modal #tab-upload-audio [type=file]", RECORDING)
    page.fill(".modal #tab-upload-audio [name$=title]", TITLE)
    page.click(".modal #tab-upload-audio [type=submit]")
    page.wait_for_selector(f"{AUDIO}:not(.blank)")
    page.wait_for_selector(".modal", state="detached")
    page.click(f"{BODY} .c-sf-add-button >> visible=true")
    page.click("[role=option] >> nth=0")
    page.click(f"{BODY} [contenteditable=true]")
    page.keyboard.type("".join(SENTENCES))
    # The editor hands over what was typed a quarter of a second later.
    page.wait_for_function(
        "(words) => document.querySelector('[name=body-0-value]').value.includes(words)",
        arg=SENTENCES[1],
    )
    # Wagtail keeps the draft. What is changed while that goes on it may take for kept, and what is
    # refused then for another window's.
    page.evaluate(UNTIL_KEPT)
    with page.expect_response(lambda answer: answer.status == 400):
        page.fill("#id_transcript", transcript)


def publish(page: Page) -> None:
    page.click(".footer__container .w-dropdown__toggle")
    with page.expect_navigation():
        page.click("[name=action-publish]")


def refusal() -> str:
    """What the editor reads about the broken line, up to the reason."""
    with translation.override("zh-hans"):
        return (gettext("Line %(line)s: %(reason)s") % {"line": BROKEN_LINE, "reason": ""}).strip()


def assert_nothing_is_lost(page: Page) -> None:
    assert page.input_value("#id_title") == TITLE
    assert page.is_checked("#id_free_preview")
    assert page.inner_text(f"{AUDIO} [data-chooser-title]") == TITLE
    assert page.inner_text(f"{BODY} [contenteditable=true]").strip() == "".join(SENTENCES)
    assert page.input_value("#id_transcript").replace("\r\n", "\n") == BROKEN
