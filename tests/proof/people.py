"""Who looks at the pages: each comes by the real doors of the demo's site, in a browser.

A person is a function that, in a fresh browser, gets to where they may look, and gives the places
found on the way: what {buy} or {order} stands for in tests/proof/pages.py.
"""

import base64
import hashlib
import hmac
import json
import struct
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.proof.pages import COURSE, FIRST, FREE, PAID

# What is told of an account in the data folder's demo.json.
Account = dict[str, str]
Places = dict[str, str]
Cast = dict[str, Account]
ORDER = "#main .order-lines a, #main a[href^='/account/orders/']"
SHOWN_CODES: set[str] = set()
GOOD_CARD = {"number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123", "name": "林岚"}


def cast_of(data: Path) -> Cast:
    """Who the demo made in a data folder, by role."""
    told = json.loads((data / "demo.json").read_text(encoding="utf-8"))
    return {account["role"]: account for account in told["accounts"]}


def visitor(page: Page, cast: Cast) -> Places:
    """Nobody has signed in."""
    page.goto(PAID)
    buy = _path(page, ".paywall .button-primary")
    page.goto("/letters/")
    return {"buy": buy, "letter": _path(page, "#main ul.rows a")}


def half_signed_in(page: Page, cast: Cast) -> Places:
    """Has asked for a code by mail."""
    page.goto("/account/login/")
    page.fill("#main [name=login]", cast["learner"]["email"])
    _send(page, "#main [name=by_code]", "/account/login/code/confirm/")
    return {}


def learner(page: Page, cast: Cast) -> Places:
    """Signed up, and nothing more."""
    _log_in(page, cast["learner"], COURSE)
    return {
        "give": _path(page, "#main a[href^='/payments/gift/']"),
        "seats": _path(page, "#main a[href^='/payments/seats/']"),
    }


def shopper(page: Page, cast: Cast) -> Places:
    """The learner, on the way to pay for a course."""
    _log_in(page, cast["learner"], PAID)
    _send(page, "#main .paywall .button-primary", "/payments/buy/")
    _send(page, "#main form .button-primary", "/sandbox/checkout/")
    checkout = urlsplit(page.url).path
    session = checkout.strip("/").split("/")[-1]
    return {"checkout": checkout, "waiting": f"/payments/return/?session={session}"}


def buyer(page: Page, cast: Cast) -> Places:
    """The learner, who has paid and begun to study."""
    places = shopper(page, cast)
    for field, value in GOOD_CARD.items():
        page.fill(f"[name={field}]", value)
    _send(page, "#main .button-primary[type=submit]", "/payments/return/")
    done = urlsplit(page.url)
    for lesson in (FREE, PAID):
        page.goto(lesson)
        _send(page, ".lesson-end button[name=done]", lesson)
    page.goto(FIRST)
    quiz = _path(page, ".lesson-end a[href^='/study/quiz/']")
    notes = page.locator("rz-notes").get_attribute("data-url") or ""
    page.goto(notes)
    page.fill("[name=thought]", "先问他为什么留下来，再问他买不买。")
    _send(page, "#main form [type=submit]", notes)
    page.goto(quiz)
    _send(page, "#main form .button-primary", quiz)
    page.goto("/study/ledger/")
    year = _path(page, "#main a[href^='/study/ledger/years/']")
    page.goto("/account/orders/")
    order = _path(page, ORDER)
    return {
        **places,
        "quiz": quiz,
        "notes": notes,
        "year": year,
        "done": f"{done.path}?{done.query}",
        "order": order,
        "refund": f"{order}refund/",
    }


def member(page: Page, cast: Cast) -> Places:
    """Tries the yearly membership, goes a track, finished a course."""
    _log_in(page, cast["member"], "/tracks/yiren-yiqun/")
    plan = _path(page, "#main a[href$='/plan/']")
    page.goto("/study/certificates/")
    certificate = _path(page, "#main a[href^='/credentials/']")
    page.goto("/account/orders/")
    return {
        "plan": plan,
        "certificate": certificate,
        "cancel": _path(page, "#main a[href$='/cancel/']"),
        "subscription": _path(page, "#main a:text('管理订阅')"),
    }


def refunded(page: Page, cast: Cast) -> Places:
    """The buyer, whose money finance gave back."""
    _log_in(page, cast["learner"], "/account/orders/")
    order = _path(page, ORDER)
    page.goto(f"{order}refund/")
    _send(page, "#main form .button-primary", order)
    number = page.inner_text("#main dd >> nth=0")
    page.context.clear_cookies()
    _log_in(page, cast["finance"], "/admin/money/orders/", second_step=True)
    _send(page, f"#main a:has-text('{number}')", "/admin/money/orders/inspect/")
    _send(page, "#main a[href*='/orders/refund/']", "/admin/money/orders/refund/")
    page.fill("[name=reason]", "买错了课，当天就说了。")
    _send(page, "#main form button.serious", "/admin/money/orders/inspect/")
    page.context.clear_cookies()
    _log_in(page, cast["learner"], PAID)
    while not page.locator(".paywall").count():  # until the job is done
        page.reload()
    return {"order": order}


def lapsed(page: Page, cast: Cast) -> Places:
    """The member, who cancelled, two days after the trial's end."""
    places = member(page, cast)
    page.goto(places["cancel"])
    page.locator("#main form button >> visible=true").first.click()
    page.wait_for_url(f"**{places['subscription']}")
    for step in ("week", "day", "day"):
        page.goto("/sandbox/")
        with page.expect_response("**/sandbox/do/advance/"):
            page.click(f"[name=step][value={step}]")
    page.goto(PAID)
    while not page.locator(".paywall").count():  # until the news has come
        page.reload()
    return {}


def finance(page: Page, cast: Cast) -> Places:
    """At the desk, with what waits there."""
    _log_in(page, cast["finance"], "/admin/", second_step=True)
    rows = {
        "order": "orders/?q=songzhiwei@example.com",
        "dispute": "disputes/?to_answer=true",
        "gift": "gifts/?q=gaoyuan@example.com",
        "batch": "batches/?q=长风书店周年",
        "subscription": "subscriptions/?q=luoxiaoman@example.com",
        "approve": "requests/?status=asked",
        "confirm": "requests/?status=proposed",
    }
    places = {}
    for name, listing in rows.items():
        page.goto(f"/admin/money/{listing}")
        places[name] = _path(page, "#main td.title a")
        if name in ("approve", "confirm"):
            places[name] = places[name].replace("/inspect/", f"/{name}/")
    return places


def operator(page: Page, cast: Cast) -> Places:
    """At the desk, and who a learner and a colleague are there."""
    _log_in(page, cast["operator"], "/admin/users/", second_step=True)
    places = {}
    for role in ("learner", "finance"):
        page.goto(f"/admin/users/?q={cast[role]['email']}")
        edit = _path(page, "#main td a[href*='/admin/users/edit/']")
        places[role] = edit.rstrip("/").rpartition("/")[2]
    return places


def looking(page: Page, cast: Cast) -> Places:
    """The operator, who sees the site as the learner does."""
    places = operator(page, cast)
    page.goto(f"/admin/users/{places['learner']}/look/")
    page.fill("[name=reason]", "她说第三讲打不开，帮她看一眼。")
    _send(page, "#main form button[type=submit]", "/")
    return places


def hurried(page: Page, cast: Cast) -> Places:
    """Asked too much in too short a time."""
    page.goto("/")
    while page.request.get("/search/?q=信任").status != 429:
        pass
    return {}


def editor(page: Page, cast: Cast) -> Places:
    """At the desk."""
    _log_in(page, cast["editor"], "/admin/", second_step=True)
    return {}


PEOPLE: dict[str, Callable[[Page, Cast], Places]] = {
    "visitor": visitor,
    "half-signed-in": half_signed_in,
    "learner": learner,
    "shopper": shopper,
    "buyer": buyer,
    "member": member,
    "refunded": refunded,
    "lapsed": lapsed,
    "editor": editor,
    "finance": finance,
    "operator": operator,
    "looking": looking,
    "hurried": hurried,
}
# What they did is carried out by the jobs beside the site.
BY_JOBS = {"refunded", "lapsed"}


def _log_in(page: Page, account: Account, then: str, *, second_step: bool = False) -> None:
    """By password; staff show what their authenticator app would."""
    page.goto(f"/account/login/?next={then}")
    page.fill("#main [name=login]", account["email"])
    page.fill("#main [name=password]", account["password"])
    if second_step:
        _send(page, "#main .button-primary[type=submit]", "/account/2fa/authenticate/")
        while code_of(account["totp_secret"]) in SHOWN_CODES:  # each works once
            page.wait_for_timeout(500)
        SHOWN_CODES.add(code := code_of(account["totp_secret"]))
        page.fill("#main [name=code]", code)
    _send(page, "#main .button-primary[type=submit]", then)


def _send(page: Page, selector: str, path: str) -> None:
    """Follows a link or sends a form, and waits until its page stands there."""
    page.locator(f"{selector} >> visible=true").first.click()
    page.wait_for_url(lambda url: urlsplit(url).path.startswith(path))
    page.wait_for_load_state()


def _path(page: Page, selector: str) -> str:
    """Where a link leads."""
    return page.locator(selector).first.get_attribute("href") or ""


def code_of(secret: str) -> str:
    """The six digits of RFC 6238 for now."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"
