"""Sharing a page, with a script and without."""

ADDRESS = "https://example.com/courses/yiqun-ren/"


def test_a_poster_comes_when_the_sheet_is_opened_and_the_link_is_copied(open_page, axe):
    fetched = []
    page = open_page(
        "/styleguide/",
        before=lambda page: page.on("request", lambda asked: fetched.append(asked.url)),
        permissions=["clipboard-read", "clipboard-write"],
        color_scheme="dark",
    )
    assert not any("poster" in url for url in fetched)
    page.click(".share-open")
    page.wait_for_function(
        "() => document.querySelector('.share-poster img').naturalWidth === 1080"
    )
    page.locator("#share").evaluate("e => Promise.all(e.getAnimations().map(a => a.finished))")
    assert axe(page) == []
    page.click("[data-copy]")
    page.wait_for_function("() => document.querySelector('[data-copy]').textContent === '已复制'")
    assert page.evaluate("navigator.clipboard.readText()") == ADDRESS
    page.click("#share .sheet-head button")
    page.wait_for_selector("#share", state="hidden")


def test_the_sheet_opens_without_a_script(open_page):
    page = open_page("/styleguide/", java_script_enabled=False)
    page.click(".share-open")
    assert page.input_value(".share-address") == ADDRESS
    assert page.locator("#share .share-poster").get_attribute("href").endswith("-poster.png")
    assert not page.is_visible("[data-copy]")


COPY = """(characters) => {
  const text = document.querySelector(".sentence").firstChild, range = document.createRange();
  range.setStart(text, 0);
  range.setEnd(text, characters ?? text.length);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  let told;
  const hear = ({ clipboardData }) => { told = ["plain", "html"].map((kind) => clipboardData.getData(`text/${kind}`)); };
  document.addEventListener("copy", hear, { once: true });
  document.execCommand("copy");
  return [String(getSelection()), ...told];
}"""  # noqa: E501


def test_a_passage_that_is_copied_says_where_it_stands(open_page):
    page = open_page("/styleguide/lesson/2/")
    page.wait_for_function("() => !!customElements.get('rz-lesson')")
    words, plain, html = page.evaluate(COPY)
    address = page.url.partition("?")[0]
    source = f"信任是怎么一天天攒下来的 · 一群人的生意 · 周明远\n{address}"
    assert plain == f"{words}\n\n{source}"
    assert html == f"{words}<p>{source.replace(chr(10), '<br>')}</p>"
    few, *told = page.evaluate(COPY, 4)
    assert len(few) == 4
    assert told == ["", ""]  # as the browser copies it
