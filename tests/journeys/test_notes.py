"""A learner marks a sentence, thinks, finds it again, takes it away; the network may fail them."""

import pytest

from accounts.models import User
from learning.models import Highlight
from tests import factories
from tests.journeys import first_day as day

TEXT = "先有人，后有货。一群人聚在一起，是因为信任。信任是一天天攒下来的，也会一天天花掉。"
QUOTE = "信任是一天天攒下来的"
LESSON = "/courses/self/00/"
EMAIL = "marker@example.org"

SELECT = """(words) => {
  const root = document.querySelector("#main article.prose");
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const at = walker.currentNode.data.indexOf(words);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(walker.currentNode, at);
    range.setEnd(walker.currentNode, at + words.length);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    walker.currentNode.parentElement.scrollIntoView({ block: "center", behavior: "instant" });
    return range.getBoundingClientRect().toJSON();
  }
}"""
FIND = """async ([text, note]) => {
  const { find, squeezed } = await import("/static/js/notes/anchors.js");
  return find(squeezed(text), note);
}"""


@pytest.fixture
def lesson(live_server, settings, run_jobs, clock):
    from pages.setup import setup_site

    settings.BASE_URL = settings.WAGTAILADMIN_BASE_URL = live_server.url
    setup_site()
    course = factories.course(slug="self", title="慢慢变强")
    cues = TEXT.replace("。", "。|").strip("|").split("|")
    vtt = "".join(
        f"\n00:00:{n * 4:02d}.000 --> 00:00:{n * 4 + 4:02d}.000\n{cue}\n"
        for n, cue in enumerate(cues)
    )
    return factories.lesson(
        course,
        slug="00",
        title="信任",
        free_preview=True,
        audio=factories.MediaFactory(),
        body=[("text", f"<p>{TEXT}</p><p>第二段，说的是另一件事。</p>")],
        transcript=f"WEBVTT\n{vtt}",
    )


def enter(open_page, **options):
    page = open_page(f"/account/signup/?next={LESSON}", **options)
    day.sign_up(page, EMAIL, lands_on=LESSON)
    page.wait_for_selector(".note-list")
    return page


def test_a_sentence_is_marked_thought_of_found_again_and_removed(open_page, look, lesson):
    page = enter(open_page, width=1280)
    assert "按住它" in page.inner_text(".note-list")
    box = page.evaluate(SELECT, QUOTE)
    page.evaluate("getSelection().removeAllRanges()")
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 1, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, y, steps=5)
    page.mouse.up()
    page.wait_for_selector(".note-bar[role=toolbar]:visible")
    look(page, "notes-bar")
    page.click("[data-mark='2']")
    page.wait_for_selector("mark.note-mark")
    assert page.inner_text("mark.note-mark") == QUOTE

    page.click("mark.note-mark")
    page.wait_for_selector("#note-sheet[open]")
    assert page.evaluate("document.querySelector('rz-player audio').paused")
    page.fill("#note-thought", "信任是存款，不是利息。")
    page.fill("#note-tags", "信任，社群")
    look(page, "notes-sheet")
    page.click("#note-sheet [type=submit]")
    page.wait_for_selector("#note-sheet", state="hidden")
    assert "存款" in page.inner_text(".note-list")

    page.reload()
    page.wait_for_selector("mark.note-mark.has-thought")
    assert Highlight.objects.get().start == 8
    look(page, "notes-lesson")
    page.goto("/study/")
    day.click(page, "a[href='/study/notes/']", "/study/notes/")
    page.fill("[name=q]", "存款")
    page.press("[name=q]", "Enter")
    page.wait_for_url("**/study/notes/?q=*")
    look(page, "notes-all")
    page.click(".note-quote a")
    page.wait_for_selector("mark.note-mark.is-sought")
    page.go_back()
    page.click(".note a[href*='#hear-']")
    page.wait_for_function("() => document.querySelector('rz-player').at >= 8")

    page.click("mark.note-mark")
    page.click("#note-sheet [data-share]")
    page.wait_for_selector("#note-sheet .share-address")
    shared = page.input_value("#note-sheet .share-address")
    assert "存款" in open_page(shared[shared.index("/study/") :]).inner_text("#main")
    page.click("#note-sheet [data-remove]")
    page.click(".toast [data-undo]")
    page.wait_for_selector("mark.note-mark")
    page.click("mark.note-mark")
    page.click("#note-sheet [data-remove]")
    page.wait_for_selector("mark.note-mark", state="detached")
    assert not Highlight.objects.exists()


def test_on_a_phone_a_thought_survives_a_lost_network_and_is_kept_once(
    open_page, look, lesson, problems
):
    page = enter(open_page)
    page.evaluate(SELECT, QUOTE)
    page.wait_for_selector(".note-bar[role=toolbar]:visible")
    bar = page.locator(".note-bar[role=toolbar]").bounding_box()
    dock = page.locator(".player-dock").bounding_box()
    assert bar["y"] + bar["height"] <= dock["y"]
    look(page, "notes-bar-phone")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.mark") == "1"
    page.context.set_offline(True)
    page.wait_for_selector("#offline:not(:empty)")
    look(page, "notes-bar-offline")
    page.click("[data-think]")
    page.fill("#note-thought", "没有网也要记下来。")
    page.click("#note-sheet [type=submit]")
    page.wait_for_function("() => document.querySelector('#note-sheet [data-error]').textContent")
    assert page.input_value("#note-thought") == "没有网也要记下来。"
    look(page, "notes-sheet-offline")
    page.context.set_offline(False)
    page.click("#note-sheet [type=submit]")
    page.wait_for_selector("mark.note-mark.has-thought")
    note = Highlight.objects.get()
    assert (note.quote, note.learner_id) == (QUOTE, User.objects.get(email=EMAIL).pk)
    problems[:] = [each for each in problems if "ERR_INTERNET_DISCONNECTED" not in each]


def begin_to_think(page, thought):
    page.evaluate(SELECT, QUOTE)
    page.click("[data-think]")
    page.fill("#note-thought", thought)


def save(page):
    page.click("#note-sheet [type=submit]")


def test_a_thought_outlives_a_log_in_in_another_tab_and_a_session_that_ended(
    open_page, look, lesson, problems
):
    page = enter(open_page)
    begin_to_think(page, "写了很久的想法。")
    page.context.clear_cookies(name="csrftoken")  # as a log-in elsewhere makes it another one
    save(page)
    page.wait_for_selector("mark.note-mark.has-thought")
    assert any("403" in each for each in problems)
    problems.clear()  # the browser notes it

    page.click("mark.note-mark")
    page.fill("#note-thought", "改了很久的想法。")
    page.context.clear_cookies(name="sessionid")
    save(page)
    page.wait_for_selector("#note-sheet [data-error] a")
    look(page, "notes-signed-out")
    page.click("#note-sheet [data-error] a")
    day.arrive(page, "/account/login/")
    day.sign_in_by_code(page, EMAIL, lands_on=LESSON)
    page.wait_for_selector("#note-sheet[open]")
    assert page.input_value("#note-thought") == "改了很久的想法。"
    save(page)
    page.wait_for_selector("#note-sheet", state="hidden")
    assert Highlight.objects.get().thought == "改了很久的想法。"


def test_a_sentence_marked_after_the_session_ended_is_kept_after_the_log_in(open_page, lesson):
    page = enter(open_page)
    page.evaluate(SELECT, "先有人，后有货")
    page.context.clear_cookies(name="sessionid")
    page.click("[data-mark='3']")
    page.click("#note-sheet [data-error] a")
    day.arrive(page, "/account/login/")
    day.sign_in_by_code(page, EMAIL, lands_on=LESSON)
    page.wait_for_selector("#note-sheet[open]")
    save(page)
    page.wait_for_selector("mark.note-mark")
    assert Highlight.objects.get().colour == 3


def test_what_was_removed_in_another_tab_is_kept_anew_or_gone(open_page, lesson, problems):
    page = enter(open_page)
    begin_to_think(page, "想法。")
    save(page)
    page.wait_for_selector("mark.note-mark")
    Highlight.objects.all().delete()
    page.click("mark.note-mark")
    page.fill("#note-thought", "改过的想法。")
    save(page)
    page.wait_for_selector("#note-sheet", state="hidden")
    assert Highlight.objects.get().thought == "改过的想法。"
    Highlight.objects.all().delete()
    page.click("mark.note-mark")
    page.click("#note-sheet [data-remove]")
    page.wait_for_selector("mark.note-mark", state="detached")
    problems.clear()  # the browser notes the 404s


def test_the_browser_finds_a_passage_where_the_server_does(open_page, lesson):
    from learning import anchors

    page = open_page(LESSON)
    changed = TEXT.replace("一天天攒", "一天一天地攒") + "说到底，信任是一天天攒下来的。" + TEXT
    for quote, prefix, suffix in [
        (QUOTE, "", ""),
        (QUOTE, "说到底，", "。"),
        ("一群人 聚在一起", "后有货。", ""),
        ("也会一天天用掉它", "下来的，", ""),
        ("从来没有说过的一句话", "", ""),
        ("", "", ""),
    ]:
        note = {"quote": quote, "prefix": prefix, "suffix": suffix}
        found = anchors.find(changed, quote, prefix, suffix)
        assert page.evaluate(FIND, [changed, note]) == (list(found) if found else None), quote
