"""On a phone a learner makes a podcast address, copies it, an app fetches it, and it is ended."""

import feedparser  # type: ignore[import-untyped]
import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from courses import grants
from courses.models import Grant
from tests import factories
from tests.journeys import first_day as day

EMAIL = "walker@example.org"
COURSE = "/courses/self/"


@pytest.fixture
def course(live_server, settings, run_jobs, clock):
    from pages.setup import setup_site

    settings.BASE_URL = settings.WAGTAILADMIN_BASE_URL = live_server.url
    setup_site()
    made = factories.course(slug="self", title="慢慢变强")
    audio = factories.MediaFactory(duration=100)
    for number in range(3):
        factories.lesson(made, slug=f"{number:02d}", title=f"第 {number} 讲", audio=audio)
    return made


def test_a_podcast_address_is_made_copied_fetched_and_ended(open_page, look, course):
    phone = {"permissions": ["clipboard-read", "clipboard-write"]}
    page = open_page(f"/account/signup/?next={COURSE}", **phone)
    day.sign_up(page, EMAIL, lands_on=COURSE)
    now = timezone.now()
    grants.sync(
        learner=User.objects.get(email=EMAIL),
        source_kind=Grant.Source.GIFT,
        source_id="gift",
        covers=[course],
        starts_at=now,
        now=now,
    )
    page.reload()
    mine = f"/study/feeds/course/{course.pk}/"
    day.click(page, f"a[href='{mine}']", mine)
    look(page, "feed-none")
    page.click("#main form button[type=submit]")
    page.wait_for_selector(".share-address")
    page.click("[data-copy]")
    page.wait_for_function("() => document.querySelector('[data-copy]').textContent === '已复制'")
    address = page.evaluate("navigator.clipboard.readText()")
    assert address == page.input_value(".share-address")
    look(page, "feed-address")
    fetched = Client().get(address.partition("/feeds/")[1] + address.partition("/feeds/")[2])
    assert len(feedparser.parse(fetched.content).entries) == 3
    day.click(page, "a[href='/study/feeds/']", "/study/feeds/")
    assert "最近一次抓取" in page.inner_text("#main")
    look(page, "feeds")
    day.click(page, f"a[href='{mine}']", mine)
    page.click("summary:has-text('停用这个地址')")
    page.click("button[name=anew]")
    page.wait_for_function(
        "(old) => document.querySelector('.share-address')?.value !== old", arg=address
    )
    assert Client().get(f"/feeds/{address.rstrip('/').rpartition('/')[2]}/").status_code == 410
