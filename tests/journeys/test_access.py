"""Every page of the table is there, and the main ones are for everybody: WCAG 2.2 where axe does
not look. Headings, landmarks and names; 400 % zoom (320 px) and wide text; no motion; forced
colours. The pages: tests/proof/pages.py.
"""

import json

import pytest
from playwright.sync_api import Page

from demo import facts
from tests.proof.pages import MAIN, PAGES
from tests.proof.people import BY_JOBS, PEOPLE

NARROW = 320

# 1.3.1, 2.4.1, 2.4.6, 4.1.2, 3.1.1: how the page is told to those who do not see it.
TOLD = """() => {
  const problems = [];
  const isThere = (element) => element.getClientRects().length && !element.closest("dialog");
  const all = (selector) => [...document.querySelectorAll(selector)].filter(isThere);
  const short = (element) => element.outerHTML.slice(0, 90);

  let level = 0;
  for (const heading of all("h1, h2, h3, h4, h5, h6")) {
    const next = +heading.tagName[1];
    if (next > level + 1) problems.push(`h${level} is followed by ${short(heading)}`);
    level = next;
  }
  for (const one of ["h1", "main"]) {
    if (all(one).length !== 1) problems.push(`${all(one).length} of <${one}>`);
  }
  const navs = all("nav").map((nav) => nav.getAttribute("aria-label")
    || document.getElementById(nav.getAttribute("aria-labelledby"))?.textContent);
  if (new Set(navs).size !== navs.length || navs.some((name) => !name?.trim()))
    problems.push(`navs are named ${JSON.stringify(navs)}`);
  if (!/^(zh-Hans|en)$/.test(document.documentElement.lang)) problems.push("<html lang>");

  const nameOf = (element) => [
    element.getAttribute("aria-label"),
    document.getElementById(element.getAttribute("aria-labelledby"))?.textContent,
    ...[...element.labels ?? []].map((label) => label.textContent),
    element.textContent,
    ...[...element.querySelectorAll("img")].map((image) => image.alt),
  ].find((name) => name?.trim());
  const controls = "a[href], button, summary, select, textarea, input:not([type=hidden])";
  for (const control of all(controls)) {
    if (!control.closest("[aria-hidden=true]") && !nameOf(control))
      problems.push(`no name: ${short(control)}`);
  }
  return problems;
}"""

# 3.1.2: Chinese under lang="en". The title of a picture holds no markup, and who typed into a field
# knows what.
UNMARKED = """() => {
  const problems = [];
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const around = words.currentNode.parentElement;
    const apart = "script, style, textarea, svg title, svg desc, .search-nothing, .toasts";
    if (around.closest(apart)) continue;
    const isChinese = /\\p{Script=Han}/u.test(words.currentNode.data);
    if (isChinese && !around.closest("[lang]").getAttribute("lang").startsWith("zh"))
      problems.push(`not marked as Chinese: ${around.outerHTML.slice(0, 90)}`);
  }
  return problems;
}"""

# 1.4.10, 1.4.12: what sticks out to the side, and text that is cut. An ellipsis is meant to be:
# where one stands the whole words are a link away.
FITS = """() => {
  const problems = [];
  if (document.documentElement.scrollWidth > innerWidth) problems.push("scrolls sideways");
  const scrolls = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
  const inScroller = (element) => {
    for (let above = element.parentElement; above; above = above.parentElement)
      if (scrolls(above)) return true;
    return false;
  };
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest(".visually-hidden, svg, dialog:not([open])")) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const { left, right, width } = element.getBoundingClientRect();
    const says = () => `<${element.tagName.toLowerCase()} class="${element.className}"> `
      + element.textContent.trim().slice(0, 20);
    if (width && (right > innerWidth + 1 || left < -1) && !inScroller(element))
      problems.push(`sticks out: ${says()}`);
    const style = getComputedStyle(element);
    const { overflowX, overflowY } = style;
    const cuts = (overflow) => /hidden|clip/.test(overflow);
    const isShort = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none";
    const isForEars = style.clipPath !== "none";
    if (isShort || isForEars || !element.textContent.trim()) continue;
    if ((cuts(overflowX) && element.scrollWidth > element.clientWidth + 1)
      || (cuts(overflowY) && element.scrollHeight > element.clientHeight + 1))
      problems.push(`cut: ${says()}`);
  }
  return problems;
}"""
WIDE_TEXT = """* {
  line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important;
}
p { margin-block-end: 2em !important; }"""

# What one touches in the middle of a target is the target.
OVERLAPPED = """() => {
  const problems = [];
  const targets = "a[href], button, summary, select, textarea, input:not([type=hidden])";
  for (const target of document.querySelectorAll(targets)) {
    if (!target.checkVisibility({ visibilityProperty: true })) continue;
    if (target.closest("[aria-hidden=true], .visually-hidden, dialog, .deck")) continue;
    target.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const { left, top, width, height } = target.getClientRects()[0] ?? {};
    if (!width || !height) continue;
    const found = document.elementFromPoint(left + width / 2, top + height / 2);
    const label = target.labels?.[0];
    if (!found || !(target.contains(found) || label?.contains(found)))
      problems.push(`${target.outerHTML.slice(0, 80)} lies under ${found?.outerHTML.slice(0, 60)}`);
  }
  return problems;
}"""

# Covers keep their shape, whatever the words beside them do.
STRETCHED = """() => [...document.querySelectorAll(".cover")]
  .map((cover) => [cover.getBoundingClientRect(), cover.className])
  .filter(([{ width, height }]) => width && Math.abs(width / height - .75) > .02)
  .map(([{ width, height }, name]) => `${name} is ${width}×${height}`)"""

# LOOK: 44 px for a thumb, but for links inside a sentence.
LOW = """() => [...document.querySelectorAll("a[href], button, summary, select")]
  .filter((target) => target.checkVisibility({ visibilityProperty: true }))
  .filter((target) => !target.closest("[aria-hidden=true], .visually-hidden, .skip-link, dialog"))
  .filter((target) => !target.closest(".prose p, .about-text p, [popover]"))
  .filter((target) => getComputedStyle(target, "::after").position !== "absolute")
  .filter((target) => {
    const beside = [...target.parentElement.childNodes].filter((node) => node.nodeType === 3);
    return !beside.some((node) => node.data.trim().length > 1);
  })
  .map((target) => [target.getBoundingClientRect().height, target.outerHTML.slice(0, 90)])
  .filter(([height]) => height && height < 43.5)
  .map(([height, html]) => `${height} px: ${html}`)"""

# 2.3.3, for those who asked for it.
STILL = """() => {
  const seconds = (list) => Math.max(...list.split(",").map(parseFloat));
  const slow = [...document.querySelectorAll("*")].filter((element) => {
    const { animationDuration, transitionDuration } = getComputedStyle(element);
    return seconds(animationDuration) > .01 || seconds(transitionDuration) > .01;
  });
  return slow.map((element) => `moves: ${element.outerHTML.slice(0, 90)}`);
}"""

# 1.4.11 where the system's own colours rule: a ground alone shows no edge.
EDGED = """() => [...document.querySelectorAll(".button, .field :is(input, select, textarea)")]
  .filter((control) => control.checkVisibility() && !control.matches(
    ".button-quiet, [type=hidden], [type=checkbox], [type=radio]"))
  .filter((control) => {
    const { borderTopStyle, borderTopWidth, borderTopColor, backgroundColor } =
      getComputedStyle(control);
    return borderTopStyle === "none" || !parseFloat(borderTopWidth)
      || borderTopColor === backgroundColor;
  })
  .map((control) => `no edge: ${control.outerHTML.slice(0, 90)}`)"""


@pytest.mark.usefixtures("busy_demo_site")
def test_every_page_is_there_and_the_main_ones_are_for_everybody(open_page, problems):
    told = json.loads(facts.path().read_text())
    cast = {account["role"]: account for account in told["accounts"]}
    found: list[str] = []
    for who in dict.fromkeys(shown.who for shown in PAGES if shown.who not in BY_JOBS):
        page = open_page("/", width=NARROW, reduced_motion="reduce", bypass_csp=True)
        places = PEOPLE[who](page, cast)
        for shown in PAGES:
            if shown.who != who:
                continue
            answer = page.goto(shown.path.format(**places))
            if answer.status in (403, 404, 429):
                problems.clear()  # the browser reports it itself
            if answer.status == 404 and shown.optional:
                continue
            assert answer.status == shown.status, f"{who}: {shown.path}"
            if MAIN in shown.uses:
                found += [f"{shown.name}: {each}" for each in complaints(page)]
        if main := [shown for shown in PAGES if shown.who == who and MAIN in shown.uses]:
            speak(page, "en")
            for shown in main:
                page.goto(shown.path.format(**places))
                found += [f"{shown.name}: {each}" for each in page.evaluate(UNMARKED)]
            problems.clear()  # of the pages that are not there
            speak(page, "zh-hans")
        page.close()
    assert not found, "\n".join(found)


def speak(page: Page, language: str) -> None:
    page.goto("/")
    with page.expect_navigation():
        page.click(f"[name=language][value={language}]")


def complaints(page: Page) -> list[str]:
    measures = (TOLD, FITS, STILL, LOW, OVERLAPPED, STRETCHED)
    found = [each for measure in measures for each in page.evaluate(measure)]
    page.add_style_tag(content=WIDE_TEXT)
    found += [f"with wide text {each}" for each in page.evaluate(FITS)]
    page.add_style_tag(content="html { font-size: 200% !important; }")
    found += [f"with large text {each}" for each in page.evaluate(STRETCHED)]
    page.emulate_media(forced_colors="active")
    found += page.evaluate(EDGED)
    page.emulate_media(forced_colors="none")
    return found


def test_the_measures_see_what_is_wrong(browser):
    """Else the pages above prove nothing."""
    page = browser.new_page(viewport={"width": NARROW, "height": 600})
    page.set_content(
        """<html lang="zh-cn"><style>
          .wide { width: 400px } .cut { width: 60px; overflow: hidden; white-space: nowrap }
          .low { height: 20px; overflow: hidden } .slow { transition: opacity 1s }
          .button { border: 0; padding: 9px } .cover { display: block; width: 30px; height: 90px }
          .over { position: absolute; inset: 0 }
        </style><nav></nav><h1>一</h1><h3>三</h3><main>
          <p class="wide">一行太长</p><p class="cut">剪掉的一行字很长</p>
          <p class="low slow">高<br>低</p><button class="button"></button>
          <span class="cover"></span><p class="over"></p>
        </main>"""
    )
    told = "\n".join(complaints(page))
    for wrong in (
        "h1 is followed",
        "navs are named",
        "<html lang>",
        "no name: <button",
        'sticks out: <p class="wide">',
        'cut: <p class="cut">',
        'cut: <p class="low',
        'moves: <p class="low slow">',
        "no edge: <button",
        "px: <button",
        '<button class="button"></button> lies under <p class="over">',
        "cover is 30×90",
    ):
        assert wrong in told, wrong
    page.set_content('<html lang="en"><p>一群人</p><p lang="zh-Hans">的生意</p>')
    assert page.evaluate(UNMARKED) == ["not marked as Chinese: <p>一群人</p>"]
    page.close()
