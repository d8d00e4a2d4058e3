"""A browser for whole stories. Every page is watched: a console error, an exception, a refusal by
the content security policy fails the test that opened it."""

import io
import os
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.management import call_command
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.journeys import first_day

# Playwright keeps a loop in this thread; Django would take that for async code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
]
Opener = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def problems() -> Iterator[list[str]]:
    """What a watched page complained of. A test that provokes an error clears it."""
    found: list[str] = []
    yield found
    assert not found, "\n".join(found)


@pytest.fixture
def open_page(browser: Browser, live_server, settings, problems: list[str]) -> Iterator[Opener]:
    """Opens an address of the live server in a fresh context and gives the page."""
    settings.DEBUG = True  # the style guide exists only then
    contexts: list[BrowserContext] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: problems.append(f"exception: {error}"))
        page.on(
            "console",
            lambda said: problems.append(f"console: {said.text}") if said.type == "error" else None,
        )

    def opener(path: str, *, width: int = 375, before: Callable | None = None, **options) -> Page:
        height = 812 if width < 768 else 900
        options = {"base_url": live_server.url, **options}
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        watch(page)
        if before:
            before(page)
        page.goto(path)
        return page

    yield opener
    for context in contexts:
        context.close()


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """The rules a page breaks (WCAG and good practice), one line for each."""

    def broken(page: Page) -> list[str]:
        found = Axe().run(page).response["violations"]
        return [
            f"{rule['id']}: {rule['help']}: {[node['target'] for node in rule['nodes']][:3]}"
            for rule in found
        ]

    return broken


@pytest.fixture
def look(axe: Callable[[Page], list[str]]) -> Callable[[Page, str], None]:
    return first_day.looker(axe)


@pytest.fixture
def demo_site(live_server, settings, run_jobs, clock) -> Iterator[None]:
    """The demo's site at the live server's address, where Checkout leads back to. Nobody has bought
    anything yet."""
    yield from _demo(live_server, settings, run_jobs, "--no-business")


@pytest.fixture
def busy_demo_site(live_server, settings, run_jobs, clock) -> Iterator[None]:
    """The same, with what people bought in the last weeks."""
    yield from _demo(live_server, settings, run_jobs)


def _demo(live_server, settings, run_jobs, *options: str) -> Iterator[None]:
    from demo import facts
    from pages.setup import setup_site

    settings.BASE_URL = settings.WAGTAILADMIN_BASE_URL = live_server.url
    setup_site()
    call_command("demo", *options, stdout=io.StringIO())
    run_jobs()
    yield
    facts.path().unlink()
