"""`make gallery`: pictures of every page in docs/gallery/, and README.md there, which shows them.

The demo's site is made anew in var/gallery; each person of tests/proof/people.py comes by the real
doors; every page is taken as LOOKS says. ONLY="home study" takes only those pages and leaves the
other pictures as they are. Run by platform/bin/with-browser, which names CHROMIUM.
"""

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from tests.operations.processes import ROOT
from tests.proof.pages import MORE, PAGES, Shown
from tests.proof.people import PEOPLE, Places, cast_of
from tests.proof.served import SiteFailed, as_on_a_laptop, interruptible

GALLERY = ROOT / "docs" / "gallery"
DATA = ROOT / "var" / "gallery"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# What is below so many screens is left out.
SCREENS = 2
LIMIT = 60 * 1024
QUALITIES = (70, 55, 40, 30)


@dataclass(frozen=True)
class Look:
    """One way to look at a page. `of_all`: every page, else those marked MORE."""

    device: str
    scheme: str
    language: str
    of_all: bool

    @property
    def name(self) -> str:
        return f"{self.device}-{self.scheme}-{self.language}"

    @property
    def title(self) -> str:
        return f"{self.device}, {self.scheme}, {self.language}"


DEVICES = {"phone": (375, 812), "desktop": (1280, 800)}
# In the picture a phone is shown as it is, a desktop at this width.
WIDTHS = {"phone": 375, "desktop": 800}
# … and in the index at this one.
SHOWN = {"phone": 120, "desktop": 256}
LOOKS = [
    Look("phone", "light", "zh", of_all=True),
    Look("desktop", "light", "zh", of_all=True),
    Look("phone", "dark", "zh", of_all=True),
    Look("desktop", "dark", "zh", of_all=False),
    Look("phone", "light", "en", of_all=False),
    Look("desktop", "light", "en", of_all=False),
]
LANGUAGES = {"zh": "zh-hans", "en": "en"}
STILL = """*, ::before, ::after {
  animation: none !important; transition: none !important; caret-color: transparent !important;
}"""
# Wagtail scrolls its <main>, everybody else the page.
WHOLE = """() => Math.max(document.documentElement.scrollHeight,
  ...[...document.querySelectorAll("main")].map((main) => main.scrollHeight))"""
READY = """async () => {
  for (const image of document.querySelectorAll("img[loading=lazy]")) image.loading = "eager";
  await document.fonts.ready;
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
}"""


def main() -> int:
    wanted = set(os.environ.get("ONLY", "").split())
    pages = [page for page in PAGES if not wanted or page.name in wanted]
    if unknown := wanted - {page.name for page in PAGES}:
        say(f"There is no page named {', '.join(sorted(unknown))} in tests/proof/pages.py.")
        return 1
    GALLERY.mkdir(parents=True, exist_ok=True)
    try:
        with (
            as_on_a_laptop(DATA, say=lambda what: say(f"  {what} …")) as address,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(
                executable_path=os.environ["CHROMIUM"], args=ARGUMENTS
            )
            failed = take_all(browser, address, pages)
            browser.close()
    except SiteFailed as problem:
        say(f"The site did not start:\n{problem}")
        return 1
    shutil.rmtree(DATA)
    if not wanted:
        remove_what_is_no_longer_taken()
    write_index()
    size = sum(path.stat().st_size for path in GALLERY.glob("*.webp"))
    say(f"{len(list(GALLERY.glob('*.webp')))} pictures, {size / 1024**2:.1f} MB, in docs/gallery/")
    for each in failed:
        say(f"Not taken: {each}")
    return 1 if failed else 0


def take_all(browser: Browser, address: str, pages: list[Shown]) -> list[str]:
    """Takes every picture; gives what went wrong."""
    cast = cast_of(DATA)
    failed: list[str] = []
    for who in dict.fromkeys(page.who for page in pages):
        theirs = [page for page in pages if page.who == who]
        with opened(browser, address, LOOKS[0]) as context:
            places = PEOPLE[who](context.new_page(), cast)
            state = context.storage_state()
        for look in LOOKS:
            seen = [page for page in theirs if look.of_all or MORE in page.uses]
            if not seen:
                continue
            with opened(browser, address, look, state) as context:
                for shown in seen:
                    say(f"  {who}: {shown.name} {look.name}")
                    if problem := take(context, shown, look, places):
                        failed.append(problem)
        with opened(browser, address, LOOKS[0], state):
            pass  # their account speaks Chinese again
    return failed


@contextmanager
def opened(
    browser: Browser, address: str, look: Look, state: StorageState | None = None
) -> Iterator[BrowserContext]:
    """A browser of its own, that speaks as the look wants."""
    width, height = DEVICES[look.device]
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        color_scheme="dark" if look.scheme == "dark" else "light",
        reduced_motion="reduce",
        bypass_csp=True,  # for what makes everything stand still
        storage_state=state,
        has_touch=look.device == "phone",
    )
    page = context.new_page()
    page.goto("/")
    switch = page.locator(f"[name=language][value={LANGUAGES[look.language]}]")
    if switch.count():
        with page.expect_navigation():
            switch.click()
    page.close()
    yield context
    context.close()


def take(context: BrowserContext, shown: Shown, look: Look, places: Places) -> str:
    """Takes one picture; gives what went wrong, or nothing."""
    page = context.new_page()
    try:
        path = shown.path.format(**places)
        answer = page.goto(path)
        status = answer.status if answer else 0
        if status == 404 and shown.optional:
            say(f"    {path} is not there yet: skipped")
            return ""
        if status != shown.status:
            return f"{shown.name}: {path} answered {status}, not {shown.status}"
        settle(page, look)
        keep(page.screenshot(), look, GALLERY / picture_of(shown, look))
        return ""
    finally:
        page.close()


def settle(page: Page, look: Look) -> None:
    """Fonts are there, lazy pictures too, nothing moves, and the screen is as high as the page, so
    that what is fixed to its lower edge stands at the end."""
    page.add_style_tag(content=STILL)
    width, height = DEVICES[look.device]
    high = height
    for _ in range(3):  # what is measured by the screen grows with it
        whole = page.evaluate(WHOLE)
        high = min(max(whole, high), height * SCREENS)
        page.set_viewport_size({"width": width, "height": high})
    page.evaluate(READY)


def keep(taken: bytes, look: Look, path: Path) -> None:
    """As a small WebP file, of the best quality that fits."""
    image = Image.open(io.BytesIO(taken)).convert("RGB")
    width = WIDTHS[look.device]
    if width != image.width:
        size = (width, round(image.height * width / image.width))
        image = image.resize(size, Image.Resampling.LANCZOS)
    for quality in QUALITIES:
        image.save(path, "WEBP", quality=quality, method=6)
        if path.stat().st_size <= LIMIT:
            return


def picture_of(shown: Shown, look: Look) -> str:
    return f"{shown.name}-{look.name}.webp"


def remove_what_is_no_longer_taken() -> None:
    kept = {picture_of(page, look) for page in PAGES for look in LOOKS}
    for path in GALLERY.glob("*.webp"):
        if path.name not in kept:
            path.unlink()


def write_index() -> None:
    """README.md, of the pictures that are there."""
    lines = ["# Every page", "", "Made by `make gallery`; do not edit. The pages are listed in", ""]
    lines[2] += " `tests/proof/pages.py`."
    heads = ["Page", *(look.title for look in LOOKS)]
    lines += [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for shown in PAGES:
        pictures = [picture_of(shown, look) for look in LOOKS]
        cells = [
            f'[<img src="{name}" alt="" width="{SHOWN[look.device]}">]({name})'
            if (GALLERY / name).exists()
            else ""
            for look, name in zip(LOOKS, pictures, strict=True)
        ]
        if any(cells):
            lines.append(f"| {shown.title}<br>{shown.who} | {' | '.join(cells)} |")
    (GALLERY / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(interruptible(main))
