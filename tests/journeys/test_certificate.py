"""A course is finished on a phone; its certificate is claimed, and a stranger looks it up."""

import pytest

from tests import factories
from tests.journeys import first_day as day

ADDRESS = "/courses/self/"


@pytest.fixture
def taught(live_server, settings, run_jobs, clock):
    """A free lesson is all there is, and it gives a certificate."""
    from pages.setup import setup_site

    settings.BASE_URL = settings.WAGTAILADMIN_BASE_URL = live_server.url
    setup_site()
    page = factories.course(slug="self", title="慢慢变强", gives_certificate=True)
    return factories.lesson(page, slug="00", free_preview=True)


def test_a_certificate_is_claimed_and_a_stranger_believes_it(open_page, look, problems, taught):
    page = open_page(f"{ADDRESS}00/")
    page.goto("/account/signup/?next=" + ADDRESS)
    day.sign_up(page, "graduate@example.org", lands_on=ADDRESS)
    assert page.locator(".certificate-claim").count() == 0
    page.goto(f"{ADDRESS}00/")
    day.click(page, ".lesson-end button[name=done][value='1']", f"{ADDRESS}00/")
    page.wait_for_selector(".lesson-end button[name=done][value='0']")
    page.goto(ADDRESS)
    look(page, "certificate-offered")
    page.fill(".certificate-claim input", "林岚")
    page.click(".certificate-claim button")
    page.wait_for_selector(".certificate")
    look(page, "certificate-own")
    with page.expect_download() as download:
        page.click("a[href$='certificate.pdf']")
    assert download.value.suggested_filename.endswith(".pdf")
    address = day.address_of(page.url)
    page.click(".details summary")
    page.fill(".details input[name=name]", "林岚岚")
    page.click(".details form button[type=submit]")
    page.wait_for_selector(".certificate-name:has-text('林岚岚')")
    page.goto("/study/?tab=done")
    page.click(".study-certificate a")
    page.wait_for_selector(".certificate")

    stranger = open_page(address)
    assert stranger.inner_text(".certificate-name") == "林岚岚"
    assert "证书有效" in stranger.inner_text("main")
    assert stranger.locator("a[href$='certificate.pdf']").count() == 0
    look(stranger, "certificate-stranger")
