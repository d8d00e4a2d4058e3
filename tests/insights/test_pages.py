"""The overview, the statement and the shares, as finance meets them."""

import io
import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qs, urlsplit

import openpyxl  # type: ignore[import-untyped]
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import roles
from courses.models import CoursePage
from insights import statement
from insights.spans import Span, zone
from operations import clock
from payments.models import MoneyEntry, RevenueShare
from payments.recurring import MOVES
from tests.factories import InstructorFactory, course
from tests.insights.world import at, business, entry, pay_bill, sale
from tests.payments.factories import course_price
from tests.payments.staff import at_desk, csv_rows

pytestmark = pytest.mark.django_db
OVERVIEW = "/admin/money/overview/"
STATEMENT = "/admin/money/statements/2026-11/"
NEXT_YEARS_END = f"{clock.now().year + 1}-12-31"
NOVEMBER = {"first": "2026-11-01", "last": "2026-11-20"}


def figures(text: str) -> dict[str, tuple[str, str]]:
    """Of an overview: name → (what it says, the address of its rows)."""
    found = re.findall(
        r'<h2>([^<]+)</h2>\s*<p class="overview-value"><a href="([^"]+)">([^<]+)</a>', text
    )
    return {name: (value, unescape(url)) for name, url, value in found}


def span(text: str) -> str:
    """Which days an overview says that it shows, and beside which."""
    return re.findall(r'<p class="overview-span">(<b>.+)</p>', text)[0]


def rows_at(desk: Client, url: str) -> list[dict[str, str]]:
    """The rows that a link of ours leads to, as they are exported."""
    address = urlsplit(url)
    return csv_rows(desk, address.path, **parse_qs(address.query))


def test_six_figures_stand_first():
    business()
    text = at_desk(roles.FINANCE).get(OVERVIEW, NOVEMBER).text
    assert {name: value for name, (value, _url) in figures(text).items()} == {
        "收入": "¥276",
        "实收": "¥157",
        "月经常性收入": "¥180.42",
        "有效订阅": "5",
        "流失率": "20%",
        "续费失败": "1",
    }
    # The 20 days before, from 12 October on: Cat 365, Fay 39, the course 99.
    assert "此前：¥503" in text
    assert "80%" in text.split("从下单到付款")[1]


def test_each_figure_opens_the_rows_that_it_counts():
    business()
    desk = at_desk(roles.FINANCE)
    found = figures(desk.get(OVERVIEW, NOVEMBER).text)
    amounts = {}
    for name in ("收入", "实收"):
        rows = rows_at(desk, found[name][1])
        amounts[name] = sum(Decimal(row["金额"]) for row in rows)
        assert f"金额 {found[name][0]}" in desk.get(found[name][1]).text
    assert amounts == {"收入": 276, "实收": 157}
    paying = found["月经常性收入"][1]
    assert len(rows_at(desk, paying)) == 5
    listed = desk.get(paying).text
    assert "每年 ¥2165" in listed.replace(",", "")
    assert "每月 ¥180.42" in listed
    assert sum(Decimal(row["每年"]) for row in rows_at(desk, paying)) == 2165
    assert len(rows_at(desk, found["流失率"][1])) == 1
    assert len(rows_at(desk, found["续费失败"][1])) == 1


def test_each_day_of_revenue_opens_what_was_booked_on_it():
    business()
    desk = at_desk(roles.FINANCE)
    text = desk.get(OVERVIEW, NOVEMBER).text
    days = re.findall(r'<td class="is-number"><a href="([^"]*entries[^"]+)">¥([^<]+)', text)
    booked = [sum(Decimal(row["金额"]) for row in rows_at(desk, unescape(url))) for url, _ in days]
    assert booked == [Decimal(shown) for _url, shown in days]
    assert sum(booked) == 276


def test_every_offer_step_and_cohort_opens_its_rows():
    world = business()
    desk = at_desk(roles.FINANCE)
    text = desk.get(OVERVIEW, NOVEMBER).text
    links = [unescape(url) for url in re.findall(r'<th scope="row"><a href="([^"]+)"', text)]
    offer = f"offer={world['book'].offer_id}"
    [of_course] = [url for url in links if offer in url]
    assert sum(Decimal(row["金额"]) for row in rows_at(desk, of_course)) == 79
    started, paid = [url for url in links if "/orders/" in url]
    assert (len(rows_at(desk, started)), len(rows_at(desk, paid))) == (5, 4)
    cohorts = [url for url in links if "first_paid_at_from" in url]
    assert [len(rows_at(desk, url)) for url in cohorts] == [2, 3, 1]


def test_each_movement_of_mrr_opens_those_that_moved():
    world = business()
    # Amy pays 30 more a month; Bob's quarter is 9 less: 3 a month.
    pay_bill(world["amy"], world["amy"].order, "2026-11-10 10:00", 6900, 12)
    pay_bill(world["bob"], world["bob"].order, "2026-11-10 10:00", 9000, 4)
    desk = at_desk(roles.FINANCE)
    text = desk.get(OVERVIEW, NOVEMBER).text
    links = re.findall(r'<a href="([^"]+moved=[^"]+)">([^<]+)</a>', text)
    who = {name: world[name].learner.email for name in ("amy", "bob", "cat", "eve", "fay", "gus")}
    found = []
    for url, shown in links:
        url = unescape(url)
        moved = parse_qs(urlsplit(url).query)
        rows = {row["学员"] for row in rows_at(desk, url)}
        assert f"每月 {shown}" in desk.get(url).text
        found.append((moved["moved_in_from"][0][5:7], moved["moved"][0], shown, rows))
    assert found == [
        ("09", "new", "¥78", {who["amy"], who["eve"]}),
        ("10", "new", "¥102.42", {who["bob"], who["cat"], who["fay"]}),
        ("11", "new", "¥39", {who["gus"]}),
        ("11", "expansion", "¥30", {who["amy"]}),
        ("11", "contraction", "-¥3", {who["bob"]}),
        ("11", "churned", "-¥39", {who["eve"]}),
    ]
    # The pictures say how large they are: the highest month, the lowest, the best day.
    assert {"¥102.42", "-¥42", "¥159"} <= set(
        re.findall(r'<text class="chart-label"[^>]+>([^<]*¥[^<]+)<', text)
    )


def test_who_moved_may_be_asked_without_days():
    business()
    desk = at_desk(roles.FINANCE)
    rows = {kind: len(rows_at(desk, f"/admin/money/subscriptions/?moved={kind}")) for kind in MOVES}
    # All who pay now came at some time; before the first day nobody paid.
    assert rows == {"new": 5, "expansion": 0, "contraction": 0, "churned": 0}


def test_rows_are_of_the_sites_days_wherever_their_reader_is():
    business()
    desk = at_desk(roles.FINANCE)
    desk.person.time_zone = "America/New_York"
    desk.person.save()
    found = figures(desk.get(OVERVIEW, NOVEMBER).text)
    assert found["收入"][0] == "¥276"
    assert sum(Decimal(row["金额"]) for row in rows_at(desk, found["收入"][1])) == 276


def test_one_chooses_among_several_currencies():
    business()
    desk = at_desk(roles.FINANCE)
    text = desk.get(OVERVIEW, {**NOVEMBER, "currency": "JPY"}).text
    assert figures(text)["收入"][0] == "JP¥1,200"
    assert '<option value="CNY"' in text or "<option>CNY" in text
    assert figures(desk.get(OVERVIEW, {**NOVEMBER, "currency": "XXX"}).text)["收入"][0] == "¥276"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"first": "2026-11-20", "last": "2026-11-01"}, "第一天在最后一天之后"),
        ({"first": "2020-01-01", "last": "2026-11-01"}, "一次最多三年"),
        ({"first": NEXT_YEARS_END, "last": NEXT_YEARS_END}, "这些天还没到"),
        ({"first": "2026-11-01", "last": ""}, "请填写第一天和最后一天"),
        ({"first": "昨天", "last": "2026-11-01"}, "第一天 · "),
    ],
)
def test_days_that_make_no_sense_are_said_and_stay_typed(asked, said):
    answer = at_desk(roles.FINANCE).get(OVERVIEW, asked)
    assert answer.status_code == 200
    assert said in answer.text
    assert f'value="{asked["first"]}"' in answer.text


@pytest.mark.parametrize("days", ["30", "90", "this-month", "last-month", "12-months", ""])
def test_every_choice_of_days_answers(days):
    business()
    text = at_desk(roles.FINANCE).get(OVERVIEW, {"days": days}).text
    assert 'role="alert"' not in text
    assert f'href="?days={days or 30}&amp;currency=CNY" aria-current="true"' in text


def test_a_choice_of_days_that_is_none_is_said():
    desk = at_desk(roles.FINANCE)
    text = desk.get(OVERVIEW, {"days": "fortnight"}).text
    assert "没有这样一段时间：fortnight" in text
    assert span(text) == span(desk.get(OVERVIEW).text)


def test_days_that_are_typed_are_the_days_that_are_shown():
    business()
    desk = at_desk(roles.FINANCE)
    for more in ({}, {"days": "30"}, {"days": "own"}):
        text = desk.get(OVERVIEW, {**more, "first": "2026-11-05", "last": "2026-11-06"}).text
        assert "<b>2026 年 11 月 5 日 – 2026 年 11 月 6 日</b>" in text
        assert 'aria-current="true">最近' not in text


def test_days_to_come_are_not_compared_and_it_is_said():
    business()
    desk = at_desk(roles.FINANCE)
    today = clock.now().astimezone(zone()).date()
    first, later = today - timedelta(days=19), today + timedelta(days=9)
    ahead = desk.get(OVERVIEW, {"first": f"{first}", "last": f"{later}"}).text
    until_today = desk.get(OVERVIEW, {"first": f"{first}", "last": f"{today}"}).text
    assert span(ahead) == span(until_today)
    assert figures(ahead) == figures(until_today)
    assert "以后的日子还没到，只算到今天" in ahead
    assert f'value="{later}"' in ahead
    assert "以后的日子" not in until_today


@pytest.mark.parametrize(("day", "net"), [("2026-11-04", "-¥99"), ("2026-11-06", "-¥20")])
def test_a_dispute_counts_on_the_day_stripe_takes_the_money(day, net):
    business()
    desk = at_desk(roles.FINANCE)
    value, url = figures(desk.get(OVERVIEW, {"first": day, "last": day}).text)["实收"]
    assert value == net
    assert len(rows_at(desk, url)) == 1


def test_an_empty_site_says_what_each_figure_awaits():
    text = at_desk(roles.FINANCE).get(OVERVIEW).text
    assert text.count("等这段时间的第一笔付款") == 3
    assert text.count("等第一份已付的订阅账单") == 3
    assert "等这段时间之前就在付费的订阅" in text
    assert "没有扣款失败的续费" in text
    assert "等这段时间的第一张订单" in text
    assert "等满六个月的付款" in text


def test_pictures_have_their_numbers_and_nothing_inline():
    business()
    text = at_desk(roles.FINANCE).get(OVERVIEW, NOVEMBER).text
    main = text[text.index('<div class="overview">') :]
    assert main.count('role="img"') == 2
    assert main.count("<title>") == main.count("<desc>") == 2
    assert " style=" not in main.split("</main>")[0]
    assert main.count("<summary>怎么算的") == 11


def test_more_orders_cost_no_more_queries():
    desk = at_desk(roles.FINANCE)
    business()
    counts = []
    for _ in range(2):
        desk.get(OVERVIEW, NOVEMBER)
        with CaptureQueriesContext(connection) as few:
            assert desk.get(OVERVIEW, NOVEMBER).status_code == 200
        with CaptureQueriesContext(connection) as month:
            assert desk.get(STATEMENT).status_code == 200
        counts.append((len(few), len(month)))
        business()
    assert counts[0] == counts[1]


# --- the statement -------------------------------------------------------------------------------


def test_the_statement_is_the_sum_of_the_money_entries():
    business()
    entry("2026-11-30 23:59", -250, kind="fee")
    entry("2026-12-01 00:00", 9900)
    found = statement.of_month(Span.of_month(date(2026, 11, 1)), "CNY")
    # Before November: 78 in September, 680 in October, less the fee of 3: 755.
    assert found.opening == 75500
    # In it: payments 276, refunds −99, disputes −20, fees: 3 + 3 (sales) + 15 (dispute) + 2.50.
    total = found.total
    assert (total.charges, total.refunds, total.disputes) == (27600, -9900, -2000)
    assert (total.fees, total.other, total.net) == (-2350, 0, 27600 - 9900 - 2000 - 2350)
    assert found.closing == 75500 + 13350
    booked = MoneyEntry.objects.filter(
        settled_currency="CNY", livemode=False, booked_at__lt=at("2026-12-01 00:00")
    )
    assert found.closing == sum(booked.values_list("settled_net", flat=True))
    later = statement.of_month(Span.of_month(date(2026, 12, 1)), "CNY")
    assert later.opening == found.closing


def test_the_statement_is_read_printed_and_exported_alike():
    business()
    desk = at_desk(roles.FINANCE)
    text = desk.get(STATEMENT).text
    # 276 − 99 − 20 − 21 = 136; 755 + 136 = 891.
    for amount in ("¥755", "¥136", "¥891", "¥276", "-¥99", "-¥20", "-¥21"):
        assert f">{amount}<" in text, amount
    rows = csv_rows(desk, STATEMENT)
    assert sum(Decimal(row["净额"]) for row in rows) == 136
    assert sum(Decimal(row["手续费"]) for row in rows) == -21
    assert {row["币种"] for row in rows} == {"CNY"}
    answer = desk.get(STATEMENT, {"export": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    head, *lines = [[cell.value for cell in row] for row in book.active]
    assert sum(Decimal(str(line[head.index("净额")])) for line in lines) == 136
    entries = unescape(re.findall(r'href="(/admin/money/entries/[^"]+)"', text)[0])
    assert sum(Decimal(row["净额"]) for row in rows_at(desk, entries)) == 136


def test_a_statement_of_another_currency_is_its_own():
    business()
    text = at_desk(roles.FINANCE).get(STATEMENT, {"currency": "JPY"}).text
    assert "JP¥1,200" in text
    assert "¥276" not in text


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "9999-01", "x", "2026-11-01"])
def test_a_month_that_is_none_or_to_come_is_not_found(month):
    assert at_desk(roles.FINANCE).get(f"/admin/money/statements/{month}/").status_code == 404


def test_an_empty_month_says_so_and_the_way_leads_to_the_last_full_month():
    desk = at_desk(roles.FINANCE)
    answer = desk.get("/admin/money/statements/", follow=True)
    assert answer.status_code == 200
    assert "这个月没有入账" in answer.text


def test_cells_of_a_statement_run_nothing():
    sale(course_price(course(title="=1+1")), "2026-11-02 12:00")
    [row] = csv_rows(at_desk(roles.FINANCE), STATEMENT)
    assert row["价格方案"].startswith("'=1+1")


# --- shares --------------------------------------------------------------------------------------


def share(desk: Client, page: CoursePage, percent: str, starts_on: str):
    fields = {"course": page.pk, "percent": percent, "starts_on": starts_on}
    return desk.post("/admin/money/shares/add/", fields)


def test_a_share_is_set_and_a_sale_counts_at_the_rate_of_its_day():
    desk = at_desk(roles.FINANCE)
    teacher = InstructorFactory(name="周明远")
    page = course(title="城市的暗线", instructor=teacher)
    price = course_price(page)
    assert share(desk, page, "30", "2026-10-15").status_code == 302
    # A later rate, as if it had been agreed on in time.
    RevenueShare.objects.create(
        course=page,
        instructor=teacher,
        basis_points=1250,
        starts_at=at("2026-11-10 00:00"),
        created_at=at("2026-11-01 00:00"),
    )
    sale(price, "2026-10-14 23:59")  # before any share
    early = sale(price, "2026-11-09 23:59")
    sale(price, "2026-11-10 00:00")
    sale(price, "2026-11-11 12:00")
    entry("2026-11-15 12:00", -4950, kind="refund", order=early)
    # At 30 %: 99 − 49.50 = 49.50 → 14.85. At 12.5 %: 198 → 24.75. Together 39.60.
    address = reverse("insights-shares:statement", args=[teacher.pk, "2026-11"])
    text = desk.get(address).text
    for amount in ("¥49.50", "¥14.85", "¥198", "¥24.75", "¥39.60"):
        assert amount in text, amount
    rows = csv_rows(desk, address)
    assert sum(Decimal(row["应付"]) for row in rows) == Decimal("39.60")
    xlsx = desk.get(address, {"export": "xlsx"})
    assert b"".join(xlsx.streaming_content).startswith(b"PK")
    # October's only sale came before the share.
    october = reverse("insights-shares:statement", args=[teacher.pk, "2026-10"])
    assert "没有可分成的销售" in desk.get(october).text


def test_what_a_membership_brings_is_nobodys_share():
    world = business()
    desk = at_desk(roles.FINANCE)
    page = world["book"].offer.course
    share(desk, page, "50", "2026-01-01")
    address = reverse("insights-shares:statement", args=[page.instructor_id, "2026-11"])
    # The course alone: 198 − 119 = 79, half of it.
    assert sum(Decimal(row["应付"]) for row in csv_rows(desk, address)) == Decimal("39.50")
    assert "会员" in desk.get(address).text


def test_a_share_never_changes_what_was_told():
    desk = at_desk(roles.FINANCE)
    page = course()
    share(desk, page, "30", "2026-10-01")
    answer = share(desk, page, "40", "2026-10-02")
    assert answer.status_code == 200
    assert "从明天" in answer.text
    assert RevenueShare.objects.count() == 1
    with pytest.raises(Exception, match="revenueshare is fixed"):
        RevenueShare.objects.update(basis_points=1)


@pytest.mark.parametrize("percent", ["-1", "100.01", "x", "", "1.234", "1e1"])
def test_a_percentage_that_is_none_is_refused_and_stays_typed(percent):
    answer = share(at_desk(roles.FINANCE), course(), percent, "2026-10-01")
    assert answer.status_code == 200
    assert f'value="{percent}"' in answer.text or not percent
    assert not RevenueShare.objects.exists()


def test_without_a_share_nothing_is_shared_and_it_is_said():
    assert "还没有设置分成" in at_desk(roles.FINANCE).get("/admin/money/shares/").text


def test_setting_a_share_stands_in_the_log():
    desk = at_desk(roles.FINANCE)
    page = course(title="城市的暗线")
    share(desk, page, "30", "2026-10-01")
    history = desk.get("/admin/reports/site-history/").text
    assert "30% · 2026-10-01" in history


# --- rights --------------------------------------------------------------------------------------


def addresses() -> list[str]:
    teacher = InstructorFactory()
    return [
        OVERVIEW,
        STATEMENT,
        f"{STATEMENT}?export=csv",
        "/admin/money/shares/",
        "/admin/money/shares/add/",
        reverse("insights-shares:statement", args=[teacher.pk, "2026-11"]),
    ]


@pytest.mark.parametrize("role", [roles.EDITOR, roles.MODERATOR, roles.OPERATOR])
def test_nobody_but_finance_reads_it(role):
    business()
    desk = at_desk(role)
    for address in addresses():
        answer = desk.get(address)
        assert answer.status_code in (302, 403), address
        assert "¥" not in answer.text
    assert OVERVIEW not in desk.get("/admin/").text


def test_finance_finds_it_on_the_dashboard_and_in_the_menu():
    assert at_desk(roles.FINANCE).get("/admin/").text.count(OVERVIEW) >= 2
