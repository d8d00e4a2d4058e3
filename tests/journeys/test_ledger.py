"""A learner reads what they have studied, takes it away and brings it in again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from learning.models import LedgerEntry, StudyDay
from learning.progress import mark
from tests import factories
from tests.journeys import first_day as day
from tests.learning.conftest import lessons_of

EMAIL = "reader@example.org"


@pytest.fixture
def course(live_server, settings, run_jobs, clock):
    from pages.setup import setup_site

    settings.BASE_URL = settings.WAGTAILADMIN_BASE_URL = live_server.url
    setup_site()
    made = []
    for name in ("文艺", "科学"):
        page = factories.course(title=f"{name}课", lessons=1)
        page.disciplines = [factories.DisciplineFactory(name=name)]
        page.save()
        made.append(page)
    return made[0]


def test_the_ledger_is_read_taken_away_and_brought_in(open_page, look, course, tmp_path):
    page = open_page("/account/signup/?next=/study/", width=375)
    day.sign_up(page, EMAIL, lands_on="/study/")
    learner = User.objects.get(email=EMAIL)
    day.click(page, "a[href='/study/ledger/']", "/study/ledger/")
    assert "还没有账目" in page.inner_text("#main")
    look(page, "ledger-empty")

    today = timezone.localdate()
    for number in range(10):
        StudyDay.objects.create(
            learner_id=learner.pk, day=today - timedelta(days=number), seconds=180 * (number + 1)
        )
    mark(learner=learner, lesson=lessons_of(course)[0], done=True, now=timezone.now())
    page.goto("/study/")
    assert "3" in page.text_content(".ring")
    assert "连续学习 10 天" in page.inner_text(".study-time")
    look(page, "study-ring")
    day.click(page, "a[href='/study/ledger/']", "/study/ledger/")
    look(page, "ledger-days")
    page.click(".ledger-month[open] tbody a >> nth=0")
    page.wait_for_url("**/study/ledger/days/*/")
    assert "学完一讲" in page.inner_text("#main")
    look(page, "ledger-day")
    day.click(page, ".wide-head a", "/study/ledger/")
    page.click(".tabs a:has-text('学科')")
    page.wait_for_url("**/study/ledger/disciplines/")
    assert "从这里走进科学" in page.inner_text("#main")
    look(page, "ledger-disciplines")
    page.click(".tabs a:has-text('年度报告')")
    page.wait_for_url("**/study/ledger/years/*/")
    look(page, "ledger-year")
    with page.expect_download() as poster:
        page.click("a[href$='poster.png']")
    assert poster.value.suggested_filename.endswith(".png")

    page.click(".tabs a:has-text('带走')")
    page.wait_for_url("**/study/ledger/take/")
    with page.expect_download() as taken:
        page.click("a[href$='export.json']")
    file = tmp_path / "book.json"
    taken.value.save_as(file)
    before = LedgerEntry.objects.count()
    page.set_input_files("[type=file]", file)
    page.click(".ledger-file button")
    page.wait_for_selector("text=账本里都已经有了")
    assert LedgerEntry.objects.count() == before > 10
    look(page, "ledger-take")
