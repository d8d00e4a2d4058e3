"""Finance reads, searches, filters and exports; nobody else sees any of it."""

import io
import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import openpyxl  # type: ignore[import-untyped]
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import roles
from accounts.models import OutboxMessage
from courses.models import Grant
from payments import letters
from payments.models import Cancellation, Difference, MoneyEntry, Order
from tests.factories import course
from tests.payments.factories import (
    ACCOUNT,
    NOW,
    DisputeFactory,
    FapiaoFactory,
    GiftFactory,
    InvoiceFactory,
    OrderFactory,
    PromotionFactory,
    RedeemCodeFactory,
    RefundFactory,
    SubscriptionFactory,
    WebhookEventFactory,
    course_price,
    membership_prices,
)
from tests.payments.staff import ROLES, at_desk, csv_rows, somebody

pytestmark = pytest.mark.django_db
LISTINGS = (
    "money-orders",
    "money-subscriptions",
    "money-cancellations",
    "money-invoices",
    "money-requests",
    "money-refunds",
    "money-disputes",
    "money-fapiao",
    "money-offers",
    "money-gifts",
    "money-batches",
    "money-codes",
    "money-promotions",
    "money-grants",
    "money-differences",
    "money-entries",
    "money-events",
    "money-mails",
)


def one_of_each(number: int = 0) -> dict[str, int]:
    """A row for every listing; gives their ids."""
    order = OrderFactory(fulfilled=True, price=course_price(course()))
    refund = RefundFactory(order=OrderFactory(fulfilled=True, price=course_price(course())))
    dispute = DisputeFactory(order=refund.order)
    subscription = SubscriptionFactory()
    OrderFactory(fulfilled=True, price__offer=subscription.offer, subscription=subscription)
    invoice = InvoiceFactory(subscription=subscription)
    request = order.refund_requests.create(asked_by=order.buyer, note="不合适", created_at=NOW)
    grant = Grant.objects.create(
        learner=order.buyer,
        course=order.price.offer.course,
        source_kind="purchase",
        source_id=order.source_id,
        starts_at=NOW,
    )
    difference = Difference.objects.create(
        account=ACCOUNT,
        object_kind="order",
        object_id=f"o{number}",
        what="amount",
        ours="amount=9900; currency=CNY",
        theirs="amount=9800; currency=CNY",
        since=NOW,
        seen_at=NOW,
    )
    entry = money_entry(f"txn_{number}", order)
    event = WebhookEventFactory()
    code = RedeemCodeFactory()
    fapiao = FapiaoFactory(order=order)
    rows = (
        order,
        subscription,
        Cancellation.objects.create(subscription=subscription, cancelled_at=NOW),
        invoice,
        request,
        refund,
        dispute,
        fapiao,
        order.price.offer,
        GiftFactory(order__price=course_price(course())),
        code.batch,
        code,
        PromotionFactory(),
        grant,
        difference,
        entry,
        event,
        mail_about(order),
    )
    return {name: row.pk for name, row in zip(LISTINGS, rows, strict=True)}


def mail_about(order: Order) -> OutboxMessage:
    letters.order_paid(order, now=NOW)
    return OutboxMessage.objects.latest("pk")


def money_entry(stripe_id: str, order: Order | None = None, **fields: object) -> MoneyEntry:
    amounts = {
        "amount": 9900,
        "currency": "CNY",
        "settled_amount": 9900,
        "settled_fee": 337,
        "settled_net": 9563,
        "settled_currency": "CNY",
    }
    return MoneyEntry.objects.create(
        stripe_id=stripe_id,
        order=order,
        source="ch_1",
        recorded_at=NOW,
        **({"account": ACCOUNT, "booked_at": NOW, "kind": "charge"} | amounts | fields),
    )


def money_pages(ids: dict[str, int]) -> list[str]:
    pages = [reverse(f"{name}:index") for name in LISTINGS]
    pages += [reverse(f"{name}:index_results") for name in LISTINGS]
    pages += [reverse(f"{name}:inspect", args=[pk]) for name, pk in ids.items()]
    return [
        *pages,
        reverse("money-orders:refund", args=[ids["money-orders"]]),
        reverse("money-invoices:refund", args=[ids["money-invoices"]]),
        reverse("money-requests:approve", args=[ids["money-requests"]]),
        reverse("money-requests:decline", args=[ids["money-requests"]]),
        reverse("money-differences:settle", args=[ids["money-differences"]]),
        reverse("money-gifts:send", args=[ids["money-gifts"]]),
        reverse("money-gifts:take_back", args=[ids["money-gifts"]]),
        reverse("money-batches:add"),
        reverse("money-batches:csv", args=[ids["money-batches"]]),
        reverse("money-batches:revoke", args=[ids["money-batches"]]),
        reverse("money-codes:revoke", args=[ids["money-codes"]]),
        reverse("money-offers:add"),
        reverse("money-offers:edit", args=[ids["money-offers"]]),
        reverse("money-promotions:add"),
        reverse("money-promotions:edit", args=[ids["money-promotions"]]),
        reverse("money-grants:give"),
        reverse("money-why:index"),
    ]


WRITING = (
    "refund",
    "approve",
    "confirm",
    "csv",
    "send",
    "take_back",
    "revoke",
    "decline",
    "settle",
    "add",
    "new",
    "edit",
    "give",
    "withdraw",
)


def test_finance_opens_every_page_about_money():
    desk = at_desk(roles.FINANCE)
    for page in money_pages(one_of_each()):
        assert desk.get(page).status_code == 200, page


def test_an_operator_reads_but_is_offered_nothing_to_do():
    desk = at_desk(roles.OPERATOR)
    for page in money_pages(one_of_each()):
        answer = desk.get(page)
        if any(f"/{word}/" in page for word in WRITING):
            assert answer.status_code in (302, 403), page
        else:
            assert answer.status_code == 200, page
            for word in ("refund", "approve", "settle", "replay", "withdraw", "again", "chosen"):
                address = f"/{word}/"
                assert address not in answer.text, page


@pytest.mark.parametrize("role", [roles.EDITOR, roles.MODERATOR])
def test_other_staff_see_nothing_of_it(role):
    pages = money_pages(one_of_each())
    desk = at_desk(role)
    for page in pages:
        answer = desk.get(page)
        assert answer.status_code in (302, 403), page
        assert "¥" not in answer.text
    assert "/admin/money/" not in desk.get("/admin/").text


def test_visitors_and_learners_see_nothing_of_it(buyer):
    visitor, learner = Client(), Client()
    learner.force_login(buyer)
    for page in money_pages(one_of_each()):
        assert visitor.get(page).status_code == 302, page
        assert learner.get(page).status_code == 403, page


def test_finance_has_a_menu_and_no_content_to_edit():
    desk = at_desk(roles.FINANCE)
    page = course(lessons=1)
    assert "/admin/money/orders/" in desk.get("/admin/").text
    for address in (
        reverse("wagtailadmin_pages:edit", args=[page.pk]),
        reverse("wagtailadmin_pages:delete", args=[page.pk]),
        reverse("wagtailadmin_pages:add_subpage", args=[page.pk]),
    ):
        assert desk.get(address).status_code in (302, 403), address


@pytest.mark.parametrize("role", ROLES)
def test_ids_that_are_not_there_are_not_found(role):
    desk = at_desk(role)
    for name in LISTINGS:
        answer = desk.get(reverse(f"{name}:inspect", args=[987654]))
        assert answer.status_code in (302, 403, 404), name
        if role == roles.FINANCE:
            assert answer.status_code == 404, name
    if role == roles.FINANCE:
        refund = reverse("money-orders:refund", args=[987654])
        assert desk.post(refund, {"reason": "x"}).status_code == 404
        replay = reverse("money-events:replay", args=[987654])
        assert desk.post(replay).status_code == 404


def test_more_rows_cost_no_more_queries():
    desk = at_desk(roles.FINANCE)
    one_of_each()
    for place, name in enumerate(LISTINGS, 1):
        address = reverse(f"{name}:index")
        desk.get(address)
        with CaptureQueriesContext(connection) as few:
            desk.get(address)
        with CaptureQueriesContext(connection) as few_exported:
            csv_rows(desk, address)
        for number in range(4):
            one_of_each(number + place * 10)
        with CaptureQueriesContext(connection) as many:
            desk.get(address)
        with CaptureQueriesContext(connection) as many_exported:
            csv_rows(desk, address)
        assert len(many) == len(few), name
        assert len(many_exported) == len(few_exported), name


def test_an_order_is_found_by_its_number_its_buyer_and_what_was_bought():
    desk = at_desk(roles.FINANCE)
    wanted = OrderFactory(fulfilled=True, price=course_price(course(title="城市的暗线")))
    other = OrderFactory(fulfilled=True, price=course_price(course(title="慢慢变强")))
    for words in (
        wanted.number,
        f"#{wanted.number.lower()}",
        wanted.buyer.email,
        "城市的",
        wanted.payment_intent_id,
    ):
        found = desk.get(reverse("money-orders:index"), {"q": words}).text
        assert wanted.number in found, words
        assert other.number not in found, words


def test_orders_are_filtered_by_state_and_day():
    desk = at_desk(roles.FINANCE)
    done = OrderFactory(fulfilled=True, price=course_price(course()))
    begun = OrderFactory(price=course_price(course()))
    address = reverse("money-orders:index")
    only_open = desk.get(address, {"status": "open"}).text
    assert begun.number in only_open
    assert done.number not in only_open
    later = desk.get(address, {"created_at_from": "2026-11-25"}).text
    assert done.number not in later


def test_nonsense_in_filters_is_no_error():
    desk = at_desk(roles.FINANCE)
    one_of_each()
    for name in LISTINGS:
        query = {"p": "x", "ordering": "password", "status": "??", "course": "abc", "q": '"\x00'}
        query["created_at_from"] = "yesterday"
        assert desk.get(reverse(f"{name}:index"), query).status_code == 200, name


def booked(order: Order, **amounts: int) -> None:
    """What the books have of an order, each kind in the smallest unit."""
    for kind, amount in amounts.items():
        money_entry(f"txn_{order.pk}_{kind}", order, kind=kind, amount=amount)


def test_the_exported_orders_add_up_to_what_the_screen_says():
    desk = at_desk(roles.FINANCE)
    whole, partly, lost, trial, _open = (
        OrderFactory(price=course_price(course(), amount=amount), **fields)
        for amount, fields in (
            (9950, {"fulfilled": True}),
            (100_000, {"fulfilled": True}),
            (5000, {"fulfilled": True}),
            (36500, {"fulfilled": True, "trial_days": 7, "payment_intent_id": None}),
            (700, {}),
        )
    )
    booked(whole, charge=9950)
    booked(partly, charge=100_000, refund=-30_000)
    RefundFactory(order=partly, amount=30_000)
    booked(lost, charge=5000, dispute=-5000)
    booked(trial, charge=2 * 36500, refund=-36500)  # two renewals, one given back
    address = reverse("money-orders:index")
    rows = csv_rows(desk, address)
    sums = {
        name: sum(Decimal(row[name]) for row in rows)
        for name in ("金额", "收入", "已退", "已被银行退回", "实收")
    }
    assert [str(each) for each in sums.values()] == [
        "1521.50",
        "1879.50",
        "665.00",
        "50.00",
        "1164.50",
    ]
    screen = desk.get(address).text
    assert "收入 ¥1,879.50 · 已退 ¥665 · 已被银行退回 ¥50 · 实收 ¥1,164.50" in screen
    states = {row["编号"]: row["状态"] for row in rows}
    assert states[partly.number] == "部分退款"
    assert states[trial.number] == "从试用开始"
    assert (states[whole.number], states[lost.number]) == ("已完成", "已被银行退回")


def test_an_order_says_what_came_of_its_money():
    desk = at_desk(roles.FINANCE)
    order = OrderFactory(fulfilled=True, price=course_price(course(), amount=10_000))
    address = reverse("money-orders:inspect", args=[order.pk])
    booked(order, charge=10_000)
    assert "实收" not in desk.get(address).text
    booked(order, refund=-3000)
    RefundFactory(order=order, amount=3000)
    page = " ".join(desk.get(address).text.split())
    assert "<dt>状态</dt> <dd>部分退款</dd>" in page
    assert "<dt>已退</dt> <dd>¥30</dd> <dt>实收</dt> <dd>¥70</dd>" in page


def test_a_trial_is_not_said_to_be_paid():
    desk = at_desk(roles.FINANCE)
    order = OrderFactory(fulfilled=True, price=course_price(course(), amount=36500), trial_days=7)
    page = " ".join(desk.get(reverse("money-orders:inspect", args=[order.pk])).text.split())
    assert "<dd>从试用开始</dd>" in page
    assert "<dd>¥0 · 试用后 ¥365</dd>" in page
    assert "<dt>已付</dt>" not in page
    [row] = csv_rows(desk, reverse("money-orders:index"))
    assert (row["已付"], row["收入"]) == ("", "0.00")
    assert "试用" in desk.get(reverse("money-orders:index")).text


def test_an_export_has_the_rows_that_the_filter_left():
    desk = at_desk(roles.FINANCE)
    OrderFactory(fulfilled=True, price=course_price(course()))
    begun = OrderFactory(price=course_price(course()))
    rows = csv_rows(desk, reverse("money-orders:index"), status="open")
    assert [row["编号"] for row in rows] == [begun.number]


def test_what_a_spreadsheet_would_run_is_made_words():
    desk = at_desk(roles.FINANCE)
    order = OrderFactory(fulfilled=True, price=course_price(course()))
    for danger in ("=1+1", "+1", "-1", "@sum", "\tx", "\rx"):
        order.note = danger
        order.save()
        [row] = csv_rows(desk, reverse("money-orders:index"))
        assert row["备注"] == f"'{danger}"
        assert row["金额"] == "99.00"


def test_amounts_below_zero_stay_numbers():
    desk = at_desk(roles.FINANCE)
    money_entry("txn_1")
    money_entry("txn_2", amount=-9900, settled_amount=-9900, settled_fee=0, settled_net=-9900)
    rows = csv_rows(desk, reverse("money-entries:index"))
    assert sorted(Decimal(row["净额"]) for row in rows) == [Decimal("-99.00"), Decimal("95.63")]
    assert "-¥3.37" in desk.get(reverse("money-entries:index")).text


def test_currencies_without_cents_or_with_three_are_written_as_they_are():
    desk = at_desk(roles.FINANCE)
    OrderFactory(fulfilled=True, price=course_price(course(), amount=1200, currency="JPY"))
    OrderFactory(fulfilled=True, price=course_price(course(), amount=1500, currency="KWD"))
    rows = csv_rows(desk, reverse("money-orders:index"))
    assert {row["币种"]: row["金额"] for row in rows} == {"JPY": "1200", "KWD": "1.500"}


def test_a_table_speaks_the_language_and_names_the_hours_of_who_asked_for_it():
    desk = at_desk(roles.FINANCE)
    person = somebody(desk)
    person.language, person.time_zone = "en", "America/New_York"
    person.save()
    OrderFactory(fulfilled=True, price=course_price(course()))
    [row] = csv_rows(desk, reverse("money-orders:index"))
    assert row["Made"] == "2026-11-22 23:00:00"


def test_every_listing_is_exported_as_csv_and_as_xlsx():
    desk = at_desk(roles.FINANCE)
    one_of_each()
    for name in LISTINGS:
        address = reverse(f"{name}:index")
        answer = desk.get(address, {"export": "xlsx"})
        book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
        head, *lines = [[written(cell.value) for cell in line] for line in book.active]
        rows = csv_rows(desk, address)
        assert rows, name
        assert [dict(zip(head, line, strict=True)) for line in lines] == [
            {column: written(value) for column, value in row.items()} for row in rows
        ], name


def written(value):
    """As one reads it in either: numbers without what a spreadsheet leaves out."""
    with suppress(InvalidOperation, TypeError):
        return str(Decimal(str(value)).normalize())
    return str(value or "")


def test_exported_refunds_entries_and_invoices_add_up_to_the_screen():
    desk = at_desk(roles.FINANCE)
    for number in range(3):
        one_of_each(number)
    for name, column, shown in (
        ("money-refunds", "金额", "已退 ¥297"),
        ("money-invoices", "已付", "已付 ¥117"),
        ("money-entries", "净额", "净额 ¥286.89"),
    ):
        address = reverse(f"{name}:index")
        total = sum(Decimal(row[column]) for row in csv_rows(desk, address))
        assert shown in desk.get(address).text, name
        assert total == Decimal(shown.split("¥")[1]), name


def test_an_export_is_streamed_and_harmless_as_xlsx_too():
    desk = at_desk(roles.FINANCE)
    money_entry("=1+1")
    address = reverse("money-entries:index")
    assert desk.get(address, {"export": "csv"}).streaming
    answer = desk.get(address, {"export": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    head, row = [[cell.value for cell in line] for line in book.active]
    assert row[head.index("Stripe")] == "'=1+1"


def test_the_days_of_the_books_are_the_sites_wherever_their_reader_is():
    desk = at_desk(roles.FINANCE)
    person = somebody(desk)
    person.time_zone = "America/New_York"  # NOW is still the 22nd there, the 23rd in Shanghai
    person.save()
    money_entry("txn_1")
    address = reverse("money-entries:index")
    for day, found in (("2026-11-22", 0), ("2026-11-23", 1)):
        assert len(csv_rows(desk, address, booked_at_from=day, booked_at_to=day)) == found


def test_entries_are_of_the_plan_that_was_charged_for():
    desk = at_desk(roles.FINANCE)
    plans = membership_prices()
    order = OrderFactory(price=plans["month"])
    money_entry("txn_1", order=order)
    money_entry("txn_2", order=order, invoice=InvoiceFactory(offer=plans["year"].offer))
    address = reverse("money-entries:index")
    for name, found in (("month", "txn_1"), ("year", "txn_2")):
        rows = csv_rows(desk, address, offer=plans[name].offer.pk)
        assert [row["Stripe"] for row in rows] == [found]


def test_rows_are_of_one_currency_and_mode_when_asked():
    desk = at_desk(roles.FINANCE)
    money_entry("txn_1")
    money_entry("txn_2", currency="JPY", settled_currency="JPY")
    money_entry("txn_3", livemode=True)
    address = reverse("money-entries:index")
    assert len(csv_rows(desk, address, currency="jpy")) == 1
    assert len(csv_rows(desk, address, currency="CNY", livemode="false")) == 1
    assert len(csv_rows(desk, address, kind=["refund", "dispute"])) == 0


def test_a_yes_or_no_that_filters_is_said_in_words():
    listed = at_desk(roles.FINANCE).get(reverse("money-orders:index"), {"livemode": "false"}).text
    assert re.search(r"真实收款[^<]*<[^>]*>[^<]*否|真实收款：?\s*(<[^>]+>\s*)*否", listed)
    assert "False</" not in listed


def test_what_staff_did_has_a_door_in_the_menu_of_finance():
    desk = at_desk(roles.FINANCE)
    assert "/admin/reports/site-history/" in desk.get("/admin/").text
    assert desk.get("/admin/reports/site-history/").status_code == 200


def test_pages_are_called_by_what_they_are():
    desk = at_desk(roles.FINANCE)
    ids = one_of_each()
    mail, grant = OutboxMessage.objects.get(pk=ids["money-mails"]), Grant.objects.get()
    page = desk.get(reverse("money-mails:inspect", args=[mail.pk])).text
    assert mail.subject in page
    assert mail.key not in page
    page = desk.get(reverse("money-grants:inspect", args=[grant.pk])).text
    assert f"{grant.course} · {grant.learner.email}" in page
    page = desk.get(reverse("money-differences:inspect", args=[ids["money-differences"]])).text
    assert "订单 o0 · 金额与页面上写的不同" in page


def test_mails_are_exported_under_headings_of_the_readers_language():
    desk = at_desk(roles.FINANCE)
    one_of_each()
    [row] = csv_rows(desk, reverse("money-mails:index"))
    assert list(row) == ["收件人", "主题", "写于", "发出", "状态"]


def test_the_last_day_of_codes_is_the_same_everywhere():
    desk = at_desk(roles.FINANCE)
    ends = datetime(2027, 1, 31, 16, tzinfo=UTC)  # midnight of the site's clock
    batch = RedeemCodeFactory(batch__redeemable_until=ends).batch
    for address in (
        reverse("money-batches:index"),
        reverse("money-batches:inspect", args=[batch.pk]),
    ):
        page = desk.get(address).text
        assert "2027年1月31日" in page.replace(" ", "")
        assert "2月1日" not in page.replace(" ", "")
    [row] = csv_rows(desk, reverse("money-batches:index"))
    assert row["兑换截止"] == "2027-01-31"


@pytest.mark.parametrize(
    ("listing", "asked", "said"),
    [
        ("money-orders", {"status": "nonsense"}, ("状态", "nonsense")),
        ("money-orders", {"livemode": "nonsense"}, ("真实收款", "nonsense")),
        ("money-orders", {"created_at_from": "昨天"}, ("创建于", "昨天")),
        ("money-entries", {"kind": ["charge", "nonsense"]}, ("类型", "nonsense")),
        ("money-grants", {"course": "999999"}, ("课程", "999999")),
        ("money-mails", {"sent": "nonsense"}, ("发出", "nonsense")),
    ],
)
def test_a_filters_value_that_is_unknown_is_said_and_lists_nothing(listing, asked, said):
    one_of_each()
    desk = at_desk(roles.FINANCE)
    index = reverse(f"{listing}:index")
    answer = desk.get(index, {**asked, "q": "@"})
    assert answer.status_code == 200
    label, value = said
    assert f"筛选「{label}」没有「{value}」这个值，所以什么也没列出。" in answer.text
    assert "inspect/" not in answer.text
    assert f'<a href="{index}?q=%40">不用这个筛选</a>' in answer.text
    assert csv_rows(desk, index, **asked) == []
    assert csv_rows(desk, index)


@pytest.mark.parametrize("listing", ["money-orders", "money-grants", "money-fapiao"])
def test_a_filter_that_is_not_there_is_said_and_lists_nothing(listing):
    one_of_each()
    desk = at_desk(roles.FINANCE)
    index = reverse(f"{listing}:index")
    asked = {"nonsense": "1", "q": "@"}
    answer = desk.get(index, asked | {"p": "1", "ordering": "pk", "_w_filter_fragment": "1"})
    assert answer.status_code == 200
    assert "这里没有「nonsense」这个筛选，所以什么也没列出。" in answer.text
    assert "inspect/" not in answer.text
    assert desk.get(index, asked | {"nonsense": ""}).text.count("inspect/")
    assert f'<a href="{index}?q=%40">不用这个筛选</a>' in desk.get(index, asked).text
    assert csv_rows(desk, index, **asked) == []
