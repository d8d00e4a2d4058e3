"""Going from page to page: only #main changes."""

import re

import pytest
from playwright.sync_api import Route

# The address changes before the page does: the page's own head tells which one is here.
ARRIVED = """(path) => location.pathname === path && document.activeElement.tagName === 'H1'
  && (document.querySelector('#main').dataset.page === 'page') === path.endsWith('/course/')"""


@pytest.fixture
def page(open_page):
    page = open_page("/styleguide/course/")
    page.evaluate("() => { window.stillHere = true; }")
    return page


def test_a_link_swaps_only_the_main_part(page):
    page.click("text=免费听发刊词")
    page.wait_for_function(ARRIVED, arg="/styleguide/lesson/1/")
    assert page.evaluate("window.stillHere")
    assert page.title() == "先有人，后有货 · 一群人的生意"
    assert page.evaluate("scrollY") == 0
    assert not page.is_visible(".bottom-bar")
    assert not page.is_visible(".site-header")


def test_back_restores_page_title_and_place(page):
    page.evaluate("scrollTo(0, 600)")
    page.wait_for_function("() => scrollY === 600")
    page.locator(".lesson-row").nth(3).evaluate("e => e.click()")
    page.wait_for_function(ARRIVED, arg="/styleguide/lesson/2/")
    page.go_back()
    page.wait_for_function(ARRIVED, arg="/styleguide/course/")
    page.wait_for_function("() => document.title.startsWith('一群人的生意')")
    assert page.evaluate("scrollY") == 600
    assert page.evaluate("window.stillHere")
    assert page.get_attribute("#main", "data-page") == "page"
    page.go_forward()
    page.wait_for_function(ARRIVED, arg="/styleguide/lesson/2/")


@pytest.mark.parametrize("late", ["back", "link"])
def test_the_last_place_asked_for_wins(page, late):
    page.click("text=免费听发刊词")
    page.wait_for_function(ARRIVED, arg="/styleguide/lesson/1/")
    held: list[Route] = []
    page.route("**/styleguide/course/", lambda route: held.append(route))
    with page.expect_request("**/styleguide/course/"):
        if late == "back":
            page.go_back()
        else:
            page.click(".lesson-bar-course")
    page.locator(".lesson-turn [rel=next]").evaluate("e => e.click()")
    page.wait_for_function(ARRIVED, arg="/styleguide/lesson/2/")
    held[0].fulfill(response=held[0].fetch())
    page.evaluate("() => fetch('/styleguide/lesson/1/').then(answer => answer.text())")
    assert page.evaluate("location.pathname") == "/styleguide/lesson/2/"
    assert page.locator("h1").inner_text() == "信任是怎么一天天攒下来的"


def test_nothing_of_a_page_is_kept_in_the_browser(page):
    page.click("text=免费听发刊词")
    page.wait_for_function(ARRIVED, arg="/styleguide/lesson/1/")
    kept = page.evaluate("JSON.stringify([{ ...sessionStorage }, { ...localStorage }])")
    assert "一群人的生意" not in kept
    assert "<" not in kept


def test_an_error_page_of_ours_is_shown_in_place(page, problems):
    page.route(
        "**/styleguide/lesson/1/",
        lambda route: route.fulfill(
            status=500,
            content_type="text/html; charset=utf-8",
            body='<title>出错</title><div id="stage"><main id="main" data-page="error">'
            "<h1>这一页没能打开</h1></main></div>",
        ),
    )
    page.click("text=免费听发刊词")
    page.wait_for_selector("text=这一页没能打开")
    assert page.evaluate("window.stillHere")
    problems.clear()  # the browser reports the 500 itself


def test_a_page_that_is_not_ours_gets_the_whole_window(page):
    page.route(
        "**/styleguide/lesson/1/",
        lambda route: route.fulfill(
            content_type="text/html; charset=utf-8", body="<h1>另一处</h1>"
        ),
    )
    page.click("text=免费听发刊词")
    page.wait_for_selector("text=另一处")
    assert page.evaluate("window.stillHere") is None


def test_signing_in_is_a_whole_load(page):
    page.route(
        "**/styleguide/lesson/1/",
        lambda route: route.fulfill(
            content_type="text/html; charset=utf-8",
            body='<main id="main" data-page="entrance"><h1>登录</h1></main>',
        ),
    )
    page.click("text=免费听发刊词")
    page.wait_for_selector("text=登录")
    assert page.evaluate("window.stillHere") is None


def test_a_field_says_what_is_wrong_as_one_leaves_it(open_page, axe):
    page = open_page("/account/signup/")
    field = page.locator("#main [name=email]")
    field.press_sequentially("lin@")
    field.press("Tab")
    said = page.locator("#main .field-errors")
    assert said.inner_text() == "这不像一个邮箱地址。"
    assert said.locator("svg").count() == 1
    assert axe(page) == []
    field.fill("lin@example.org")
    assert said.inner_text() == ""
    assert field.input_value() == "lin@example.org"


def test_a_broken_network_says_so_and_leaves_the_page(page, problems):
    page.context.set_offline(True)
    page.wait_for_selector("#offline:not(:empty)")
    page.click("text=免费听发刊词")
    page.wait_for_selector("#messages .toast")
    assert page.locator("h1").inner_text() == "一群人的生意"
    page.click("#messages [data-close]")
    assert page.locator("#messages .toast").count() == 0
    page.context.set_offline(False)
    page.wait_for_selector("#offline:empty", state="attached")
    problems.clear()  # the browser reports the failed request itself


def test_messages_arrive_with_the_swapped_page(page):
    def with_message(route):
        answer = route.fetch()
        toast = '<div class="toast"><p>已记下</p></div>'
        body = re.sub(r'(<div class="toasts"[^>]*>)', rf"\1{toast}", answer.text())
        route.fulfill(response=answer, body=body)

    page.route("**/styleguide/lesson/1/", with_message)
    page.click("text=免费听发刊词")
    page.wait_for_selector("#messages[role=status] >> text=已记下")
    box = page.locator(".toast").bounding_box()
    assert box["y"] + box["height"] <= 60  # over the head of the page, not over what it says


def test_without_javascript_everything_is_there(open_page):
    page = open_page("/styleguide/lesson/2/", java_script_enabled=False)
    assert page.is_visible(".lesson-listen audio")
    assert page.is_visible("text=巷口修鞋的老陈没有招牌。")
    assert not page.is_visible("rz-player")
    assert not page.is_visible("[data-sheet]")
    assert not page.is_visible("[data-listen]")
    page.click("[popovertarget=outline] >> nth=0")
    page.click("#outline >> text=三百人比三万人难")
    assert page.url.endswith("/styleguide/lesson/3/")
    page.goto("/styleguide/")
    assert page.is_visible(".bottom-bar")


def test_keyboard_users_can_skip_to_the_content(open_page):
    page = open_page("/styleguide/course/")
    page.keyboard.press("Tab")
    assert page.is_visible(".skip-link")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
