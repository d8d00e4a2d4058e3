"""Finance reads how the business goes: chooses days, opens the rows of a figure, exports them."""

import csv

import pytest

from tests.insights.world import business
from tests.journeys import first_day as day

OVERVIEW = "/admin/money/overview/"


@pytest.mark.usefixtures("demo_site")
def test_finance_reads_the_overview_opens_the_rows_and_takes_them_along(open_page, look):
    business()
    page = open_page("/admin/", width=1280)
    day.sign_in_as_staff(page, "finance", lands_on="/admin/")
    day.click(page, f"#main a[href='{OVERVIEW}']", OVERVIEW)
    assert page.inner_text("#main .overview-figures h2 >> nth=0") == "收入"

    page.fill("[name=first]", "2026-11-01")
    page.fill("[name=last]", "2026-11-20")
    day.click(page, ".overview-days button", OVERVIEW)
    value = page.locator(".overview-value a")
    assert value.nth(0).inner_text() == "¥276"
    assert page.input_value("[name=first]") == "2026-11-01"
    page.click(".overview-figures li:nth-child(3) summary")
    assert page.locator(".overview-figures li:nth-child(3) details p").is_visible()
    look(page, "overview")
    title = page.locator(".paper-title")
    assert title.is_hidden()
    page.emulate_media(media="print")
    assert title.inner_text().endswith(" · 经营概览")
    assert page.locator(".overview-days").is_hidden()
    assert value.nth(0).is_visible()
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 375, "height": 812})
    look(page, "overview-phone")
    page.set_viewport_size({"width": 1280, "height": 900})

    value.nth(1).click()
    day.arrive(page, "/admin/money/entries/")
    assert "金额 ¥157" in page.inner_text("#main")
    page.click("#w-slim-header-buttons button")
    with page.expect_download() as taken:
        page.click("a[href*='export=csv'] >> visible=true")
    with open(taken.value.path(), encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert sum(float(row["金额"]) for row in rows) == 157

    page.goto(OVERVIEW)
    day.click(page, ".overview-more a", "/admin/money/statements")
    page.goto("/admin/money/statements/2026-11/")
    look(page, "statement")
    with page.expect_download() as taken:
        page.click("a:has-text('XLSX')")
    assert taken.value.suggested_filename == "statement-2026-11-CNY.xlsx"
    page.set_viewport_size({"width": 375, "height": 812})
    look(page, "statement-phone")


@pytest.mark.usefixtures("demo_site")
def test_finance_sets_a_share_and_reads_what_it_makes(open_page, look):
    book = business()["book"].offer.course
    page = open_page("/admin/", width=1280)
    day.sign_in_as_staff(page, "finance", lands_on="/admin/")
    page.goto("/admin/money/shares/")
    look(page, "shares-none")
    day.click(page, "#main a.button", "/admin/money/shares/add/")
    page.select_option("[name=course]", str(book.pk))
    page.fill("[name=percent]", "30")
    page.fill("[name=starts_on]", "2026-10-01")
    look(page, "share-add")
    day.click(page, "#main form button[type=submit]", "/admin/money/shares/")
    assert "30%" in page.inner_text("#main table")
    look(page, "shares")
    page.goto(f"/admin/money/shares/{book.instructor_id}/2026-11/")
    assert "¥23.70" in page.inner_text("dl")  # 30 % of 198 − 119
    look(page, "share-statement")
