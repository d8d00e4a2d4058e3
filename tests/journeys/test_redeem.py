"""Redeem codes from beginning to end: finance makes them, somebody new claims one."""

import re

import pytest

from payments import batches, codes
from payments.models import RedeemBatch
from tests.journeys import first_day as day

pytestmark = pytest.mark.usefixtures("demo_site")


def test_finance_makes_a_batch_and_somebody_new_claims_one(open_page, look):
    desk = open_page("/account/login/?next=/admin/money/batches/new/", width=1280)
    day.sign_in_as_staff(desk, "finance", lands_on="/admin/money/batches/new/")
    desk.fill("[name=name]", "城市书展")
    desk.fill("[name=for_whom]", "市图书馆")
    desk.select_option("[name=course]", label="一群人的生意")
    desk.fill("[name=size]", "3")
    desk.fill("[name=until]", "2099-12-31")
    desk.fill("[name=note]", "现场派发")
    desk.keyboard.press("Escape")  # the calendar
    desk.click("footer [type=submit]")
    desk.wait_for_selector("text=下载兑换码（CSV）")
    look(desk, "admin-batch")
    batch = RedeemBatch.objects.get()
    code = codes.shown(batches.code_of(batch.codes.select_related("batch").get(serial=2)))
    with desk.expect_download() as table:
        desk.click("text=下载兑换码（CSV）")
    assert code in table.value.path().read_text(encoding="utf-8-sig")

    page = open_page("/redeem/")
    look(page, "redeem")
    page.fill("[name=code]", code.lower().replace("-", " "))
    day.click(page, "#main .button-primary", "/redeem/" + code[:4])
    assert page.is_visible("text=一群人的生意")
    look(page, "redeem-code")
    day.click(page, "#main .button-primary", "/account/signup/")
    day.sign_up(page, "xin@example.com", lands_on=f"/redeem/{code}/")
    page.click("#main form .button-primary")
    page.wait_for_selector("h1:has-text('已经开通')")
    look(page, "redeem-done")
    day.click(page, "#main .button-primary", day.COURSE[:-1])
    page.goto(day.PAID)
    assert page.is_visible("rz-lesson")

    other = open_page(f"/redeem/{code}/")
    assert re.search("已经用过了", other.inner_text("#main"))
    look(other, "redeem-used")
