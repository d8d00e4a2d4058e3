"""A visitor asks for letters, says yes in the mail, reads one, and ends them with a tap; a learner
follows the instructor."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from accounts.models import OutboxMessage
from growth import letter_sending, upkeep
from growth.models import Letter
from operations import clock
from tests.journeys import first_day as day

LIN = "lin@example.com"


def link_in(mail: OutboxMessage, part: str) -> str:
    found = re.search(rf"http://\S+?({part}\S+)", mail.text)
    assert found, mail.text
    return found[1]


@pytest.mark.usefixtures("demo_site")
@pytest.mark.parametrize("width", [375, 1280])
def test_letters_are_asked_for_read_and_ended(
    open_page: Callable[..., Page], look: Callable[[Page, str], None], width: int
) -> None:
    page = open_page("/letters/", width=width)
    look(page, f"letters-{width}")
    page.fill("[name=email]", LIN)
    day.click(page, "main form button", "/letters/")
    assert f"确认信已发到 {LIN}" in page.inner_text("body")
    page.goto(link_in(OutboxMessage.objects.get(to=LIN), "/letters/yes/"))
    look(page, f"letters-yes-{width}")
    page.click("main form button")
    page.wait_for_selector("text=订阅好了")

    now = clock.now()
    letter = Letter.objects.create(
        subject="下周一见", words="一段话。", status="ready", send_at=now,
        week=letter_sending.week_of(now),
    )  # fmt: skip
    upkeep.send_letters(now)
    mail = OutboxMessage.objects.get(key__startswith=f"letter:{letter.pk}:")
    page.goto("/letters/")
    day.click(page, "main ul.rows a", f"/letters/{letter.pk}/")
    assert page.inner_text("h1") == "下周一见"
    look(page, f"letter-{width}")
    page.goto(link_in(mail, "/letters/no/"))
    look(page, f"letters-no-{width}")
    page.click("main form button")
    page.wait_for_selector("text=退订好了")


@pytest.mark.usefixtures("demo_site")
def test_a_learner_follows_an_instructor(
    open_page: Callable[..., Page], look: Callable[[Page, str], None]
) -> None:
    page = open_page("/demo/")
    day.click(page, "form[action='/demo/sign-in/learner/'] button", "/study/")
    page.goto("/instructors/lin-ruogu/")
    page.click(".follow-form button")
    page.wait_for_selector(".follow-form button[value='0']")
    look(page, "instructor")
    page.goto("/following/")
    assert "慢慢变强" in page.inner_text("main")
    look(page, "following")
    page.click(".follow-form button")
    page.wait_for_selector("text=还没有关注任何人")
    page.goto("/account/mails/")
    look(page, "mails")
