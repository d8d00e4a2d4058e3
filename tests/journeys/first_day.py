"""The first whole day on the demo's site: what its people do in a browser."""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.test import Client
from playwright.sync_api import Page

from accounts.models import User
from demo.people import CAST, PASSWORD
from operations import clock
from payments import checkout, fulfilment
from payments.models import Order, Price
from payments.sandbox import completing, outbox
from tests.accounts.browser import code_in, latest_mail

COURSE = "/courses/yiqun-ren/"
PREFACE, FIRST, PAID = (f"{COURSE}{slug}/" for slug in ("00", "01", "02"))
OTHER_COURSE = "/courses/manman-bianqiang/"
OTHER_PAID = f"{OTHER_COURSE}02/"

GOOD_CARD = "4242 4242 4242 4242"
DECLINED_CARD = "4000 0000 0000 0002"

AUDIO = "document.querySelector('rz-player audio')"
PLAY = ".player-dock .player-play"

# What stands in a fold that is shut never comes to rest.
STILL = """() => Promise.all(document.getAnimations()
  .filter((each) => each instanceof CSSTransition && each.effect.target.checkVisibility())
  .map((each) => each.finished.catch(() => {})))"""

# Its rich text editor has no name of its own.
WAGTAILS_OWN = "[['.notranslate']]"

Look = Callable[[Page, str], None]


# --- going about --------------------------------------------------------------------------------


def click(page: Page, selector: str, path: str) -> None:
    """Follows a link or sends a form, and waits until its page stands there."""
    page.locator(f"{selector} >> visible=true").first.click()
    arrive(page, path)


def arrive(page: Page, path: str) -> None:
    """`path` ends in / where it is whole, else it is how the address begins."""
    page.wait_for_url(lambda url: is_at(address_of(url), path))
    page.wait_for_load_state()
    page.wait_for_function("() => !document.querySelector('.htmx-request')")


def is_at(address: str, path: str) -> bool:
    return address == path if path.endswith("/") else address.startswith(path)


def address_of(url: str) -> str:
    """The path of an absolute address, readable."""
    return unquote(urlsplit(url).path)


# --- listening ----------------------------------------------------------------------------------


def play(page: Page, *, after: float = 0) -> None:
    """One tap on play, and it sounds: no dialog in between."""
    page.wait_for_function("() => !!customElements.get('rz-lesson')")
    page.click(PLAY)
    sounds(page, after=after)
    assert page.locator("dialog[open]").count() == 0


def sounds(page: Page, *, after: float = 0) -> None:
    """Waits until more than `after` seconds have been heard and it goes on."""
    page.wait_for_function(
        f"(after) => !{AUDIO}.paused && {AUDIO}.readyState > 2 && {AUDIO}.currentTime > after",
        arg=after + 0.2,
    )


def position(page: Page) -> float:
    return float(page.evaluate(f"{AUDIO}.currentTime"))


def hear_until(page: Page, seconds: int) -> None:
    """Moves there by the bar, hears on, and pauses; what was heard has reached the server when one
    is signed in."""
    signed_in = page.locator("rz-lesson[data-token]").count() > 0
    page.locator(".player-seek input").fill(str(seconds))
    sounds(page, after=seconds)
    if signed_in:
        with page.expect_response(lambda answer: address_of(answer.url) == "/study/beat/") as beat:
            page.click(PLAY)
        assert beat.value.status == 204
    else:
        page.click(PLAY)
    page.wait_for_function(f"() => {AUDIO}.paused")


# --- who one is ---------------------------------------------------------------------------------


def sign_up(page: Page, email: str, *, lands_on: str) -> None:
    """From the sign-up page: e-mail and a code, nothing else."""
    page.fill("#main [name=email]", email)
    page.click("#main form [type=submit]")
    arrive(page, "/account/confirm-email/")
    type_code(page, email, lands_on=lands_on)


def type_code(page: Page, email: str, *, lands_on: str) -> None:
    page.fill("#main [name=code]", code_in(latest_mail(email)))
    page.click("#main .button-primary[type=submit]")
    arrive(page, lands_on)


def sign_in_by_code(page: Page, email: str, *, lands_on: str) -> None:
    """On the log-in page."""
    page.fill("#main [name=login]", email)
    page.click("#main [name=by_code]")
    arrive(page, "/account/login/code/confirm/")
    type_code(page, email, lands_on=lands_on)


def sign_in_as_staff(page: Page, key: str, *, lands_on: str) -> None:
    """On the log-in page: the password, then what the authenticator app shows."""
    person = next(each for each in CAST if each.key == key)
    page.fill("#main [name=login]", person.email)
    page.fill("#main [name=password]", PASSWORD)
    page.click("#main .button-primary[type=submit]")
    arrive(page, "/account/2fa/authenticate/")
    page.fill("#main [name=code]", person.current_code())
    page.click("#main .button-primary[type=submit]")
    arrive(page, lands_on)


# --- paying -------------------------------------------------------------------------------------


def pay(page: Page, card: str, *, lands_on: str = "/payments/return/") -> None:
    """On the sandbox's Checkout page."""
    page.fill("[name=number]", card)
    page.fill("[name=expiry]", "12 / 34")
    page.fill("[name=cvc]", "123")
    page.fill("[name=name]", "林岚")
    page.click("#main .button-primary[type=submit]")
    arrive(page, lands_on)


def buy_course(email: str, slug: str) -> Order:
    """The course is bought, the browser came back, no webhook came yet."""
    return buy(email, Price.objects.get(offer__course__slug=slug, is_active=True))


def buy(email: str, price: Price) -> Order:
    buyer = User.objects.get(email=email)
    order = checkout.start(buyer=buyer, price=price, now=clock.now()).order
    form = completing.filled(GOOD_CARD.replace(" ", ""), email=email, name=buyer.name)
    completing.pay_by_card(str(order.session_id), form, now=clock.now())
    fulfilment.confirm(order, now=clock.now())
    order.refresh_from_db()
    return order


def deliver(run_jobs: Callable[[], None], *, rounds: int = 6) -> None:
    """Every webhook that is due arrives, and what follows from it is done."""
    for _ in range(rounds):
        if not outbox.deliver_due(_post, clock.now()):
            return
        run_jobs()


def _post(body: bytes, headers: dict[str, str]) -> int:
    answer = Client().post(
        "/payments/webhook/",
        data=body,
        content_type=headers["Content-Type"],
        headers={"Stripe-Signature": headers["Stripe-Signature"]},
    )
    return int(answer.status_code)


# --- looking ------------------------------------------------------------------------------------


def looker(axe: Callable[[Page], list[str]]) -> Look:
    """Gives look(page, kind): by day and by night no rule is broken and nothing sticks out, but
    for what WAGTAILS_OWN names.

    With SHOTS naming a folder, pictures of the page are left there.
    """
    shots = os.environ.get("SHOTS")

    def look(page: Page, kind: str) -> None:
        width = (page.viewport_size or {"width": 0})["width"]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.evaluate(STILL)  # half a transition has half a contrast
            broken = [each for each in axe(page) if not each.endswith(WAGTAILS_OWN)]
            assert not broken, f"{kind}, {scheme}: {broken}"
            if shots:
                page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
                page.screenshot(path=Path(shots) / f"{kind}-{width}-{scheme}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, kind
        page.emulate_media(color_scheme="light")
        if shots and width < 768:
            _picture_wide_and_whole(page, Path(shots), kind)

    return look


def _picture_wide_and_whole(page: Page, folder: Path, kind: str) -> None:
    before = page.viewport_size
    page.screenshot(path=folder / f"{kind}-375-whole.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.screenshot(path=folder / f"{kind}-1280.png")
    if before:
        page.set_viewport_size(before)
