"""Finding something, on a phone."""

import pytest

from tests import factories

LINKS = "#suggestions a"


@pytest.fixture
def library(live_server):
    course = factories.course(title="终身学习与认知升级", slug="zhongshen", lessons=2)
    factories.lesson(course, title="认知是什么", slug="renzhi", question="认知从哪里来？")
    factories.DisciplineFactory(name="认知", slug="renzhi")


def test_two_characters_lead_to_a_course_and_back(open_page, library, axe):
    page = open_page("/courses/")
    page.click(".site-search")
    page.wait_for_url("**/search/")
    field = page.locator("#search")
    assert field.evaluate("(e) => document.activeElement === e")
    assert axe(page) == []
    field.press_sequentially("认知")
    page.wait_for_selector(LINKS)
    field.press("ArrowDown")
    assert page.locator(LINKS).first.evaluate("(e) => document.activeElement === e")
    page.keyboard.press("ArrowUp")
    assert page.locator(LINKS).all_inner_texts() == ["终身学习与认知升级\n课程", "认知是什么\n讲"]
    assert page.locator("#suggested").inner_text() == "2 条建议"
    assert axe(page) == []
    field.press("Escape")
    page.wait_for_selector(LINKS, state="detached")
    assert field.input_value() == "认知"  # one more empties it
    field.press("Escape")
    assert field.input_value() == ""
    field.fill("认知")
    page.wait_for_selector(LINKS)
    field.press("Enter")
    page.wait_for_function("() => document.title === '认知 · 搜索'")
    assert page.locator(".findings mark").count() == 4
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert axe(page) == []
    page.click("text=与认知升级")
    page.wait_for_url("**/courses/zhongshen/")
    page.go_back()
    page.wait_for_selector(".findings mark")
    assert page.locator("#search").input_value() == "认知"
    assert "q=%E8%AE%A4%E7%9F%A5" in page.url


def test_nothing_found_leads_on(open_page, library, axe):
    page = open_page("/search/?q=认之", color_scheme="dark")
    assert "没有找到「认之」。" in page.inner_text(".search-nothing")
    assert axe(page) == []
    page.click(".search-nothing a")
    page.wait_for_selector(".findings mark")
    assert page.locator("#search").input_value() == "认知"


def test_it_needs_no_script_and_fits_a_desktop(open_page, library, axe):
    page = open_page("/search/", java_script_enabled=False)
    page.fill("#search", "认知")
    page.click(".search-field-go")
    assert page.locator(".findings a").count() == 2
    page = open_page("/search/?q=认知", width=1280)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert axe(page) == []
