"""A passkey on a real browser's (virtual) device: signing up, logging in, the door of staff."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.accounts.browser import code_in, latest_mail
from tests.accounts.factories import PASSWORD, operator

pytestmark = pytest.mark.django_db(transaction=True)
Opener = Callable[..., Page]


def give_device(page: Page, *, knows_its_person: bool = True) -> Any:
    """A device that keeps passkeys and answers at once."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": knows_its_person,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session


def sign_up_with_passkey(page: Page, email: str) -> None:
    page.fill("input[name=email]", email)
    page.click("main form button[type=submit] >> nth=0")
    page.wait_for_url("**/account/confirm-email/**")
    page.fill("input[name=code]", code_in(latest_mail(email)))
    page.click("main form button[type=submit] >> nth=0")
    page.wait_for_url("**/account/2fa/webauthn/signup/**")
    page.click("rz-passkey button")


def test_sign_up_log_out_and_log_in_again(open_page: Opener) -> None:
    page = open_page("/account/signup/passkey/?next=/account/privacy/", before=give_device)
    sign_up_with_passkey(page, "new@example.com")
    page.wait_for_url("**/account/privacy/")
    page.goto("/account/logout/")
    page.click("main form button[type=submit]")
    page.wait_for_url(lambda address: "logout" not in address)
    page.goto("/account/login/?next=/account/sessions/")
    page.click("rz-passkey button")
    page.wait_for_url("**/account/sessions/")


def test_staff_make_one_and_the_door_opens(open_page: Opener) -> None:
    user = operator(email="op@example.com")
    page = open_page("/account/login/", before=give_device, width=1280)
    page.fill("input[name=login]", user.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button[type=submit] >> nth=0")
    page.wait_for_url(lambda address: "login" not in address)
    page.goto("/admin/")
    page.wait_for_url("**/account/second-step/")
    page.click("a[href='/account/2fa/webauthn/add/']")
    page.wait_for_url("**/account/2fa/webauthn/add/")
    page.click("rz-passkey button")
    page.wait_for_url("**/account/2fa/recovery-codes/")
    assert page.request.get("/admin/users/", max_redirects=0).status == 200


def test_a_refusal_by_the_device_is_said_on_the_page(
    open_page: Opener, problems: list[str]
) -> None:
    def unsure(page: Page) -> None:
        give_device(page, knows_its_person=False)

    page = open_page("/account/login/", before=unsure)
    page.click("rz-passkey button")
    expect(page.locator("rz-passkey [data-error]")).to_be_visible()
    assert page.locator("rz-passkey [data-error]").inner_text()
    assert not User.objects.exists()


def test_without_javascript_no_button_is_shown_that_cannot_work(open_page: Opener) -> None:
    page = open_page("/account/login/", java_script_enabled=False)
    expect(page.locator("rz-passkey")).to_be_hidden()
    expect(page.locator("input[name=password]")).to_be_visible()
