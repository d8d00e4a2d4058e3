"""The first evening: at the end of a lesson a sentence is marked and a time of tomorrow chosen."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import OutboxMessage, User
from growth import upkeep
from growth.models import ContinueAt
from learning.models import Highlight
from operations import clock as site_clock
from tests import factories
from tests.journeys import first_day as day

LESSON = "/courses/self/00/"
EMAIL = "evening@example.org"
SENTENCE = "信任是一天天攒下来的。"


@pytest.fixture
def lesson(live_server, settings, run_jobs, clock):
    from pages.setup import setup_site

    settings.BASE_URL = settings.WAGTAILADMIN_BASE_URL = live_server.url
    setup_site()
    course = factories.course(slug="self", title="慢慢变强")
    body = [
        ("text", f"<p>先有人，后有货。{SENTENCE}</p>" * 12),
        ("question", {"text": "你最近一次被谁说服？"}),
    ]
    made = factories.lesson(course, slug="00", title="信任", free_preview=True, body=body)
    factories.lesson(course, slug="01", title="花掉信任", free_preview=True)
    return made


def test_the_end_of_a_lesson_leads_to_tomorrow(open_page, look, lesson, run_jobs, clock):
    page = open_page(f"/account/signup/?next={LESSON}")
    day.sign_up(page, EMAIL, lands_on=LESSON)
    learner = User.objects.get(email=EMAIL)
    page.evaluate("document.querySelector('#closing').scrollIntoView({block: 'center'})")
    page.wait_for_selector("#closing .closing-link")
    assert "这一讲的问题" in page.inner_text("#closing")  # which stands in its text above
    look(page, "closing")

    page.click("#closing >> text=划下这一句")
    page.wait_for_selector("#closing [data-marked]")
    assert Highlight.objects.get().quote == SENTENCE
    assert day.address_of(page.url) == LESSON

    page.click("#closing label:has-text('21:30')")
    page.click("#closing >> text=发邮件提醒")
    page.wait_for_selector("#closing >> text=写信提醒你")
    assert day.address_of(page.url) == LESSON
    look(page, "closing-chosen")
    chosen = ContinueAt.objects.get(learner=learner)
    assert (chosen.by, chosen.sent_at) == ("mail", None)

    upkeep.send_chosen_reminders(site_clock.now())
    assert not OutboxMessage.objects.filter(key__startswith="continue-").exists()
    upkeep.send_chosen_reminders(chosen.due_at + timedelta(minutes=1))
    mail = OutboxMessage.objects.get(key__startswith="continue-")
    assert mail.subject == "到时间了：花掉信任"
    page.goto(next(line for line in mail.text.splitlines() if "/study/resume/" in line))
    day.arrive(page, "/courses/self/01/")


def test_without_a_script_the_end_of_a_lesson_is_a_page(open_page, live_server, settings, lesson):
    client = Client()
    client.force_login(factories.UserFactory())
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
    page = open_page(
        LESSON, before=lambda page: page.context.add_cookies([cookie]), java_script_enabled=False
    )
    page.click("#closing a")
    page.wait_for_url(f"**/study/closing/{lesson.pk}/")
    page.click("text=划下这一句")
    page.wait_for_selector("#closing [data-marked]")
    page.fill("[name=other]", "06:05")
    page.click("text=发邮件提醒")
    page.wait_for_selector("text=写信提醒你")
    page.click("text=取消提醒")
    page.wait_for_selector("text=发邮件提醒")
    assert Highlight.objects.get().quote == SENTENCE
    assert not ContinueAt.objects.exists()
