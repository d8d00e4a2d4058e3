"""Asking for a fapiao, issuing it, and what becomes of it when the money goes back."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from accounts.models import OutboxMessage
from operations import clock as site_clock
from payments import fapiao, holdings
from payments.models import Fapiao, Order
from tests.factories import UserFactory
from tests.payments import shown
from tests.payments.factories import (
    FapiaoFactory,
    InvoiceFactory,
    OrderFactory,
    RefundFactory,
    SubscriptionFactory,
    reversible_fapiao,
)
from tests.payments.staff import csv_rows
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db
GOOD = "91110000802100433B"
PDF = b"%PDF-1.7 fapiao"
DIGITAL = "26442000000012345678"


@pytest.fixture
def order(buyer):
    return OrderFactory(fulfilled=True, buyer=buyer)


@pytest.fixture
def me(buyer):
    return signed_in(buyer)


def form(**fields):
    company = {"kind": "company", "title": "日知书店有限公司", "tax_number": GOOD}
    return company | {"email": "books@example.com"} | fields


def ask(client, order, **fields):
    return client.post(reverse("fapiao", args=[order.key]), form(**fields))


def test_a_buyer_asks_for_one_and_may_change_it_until_it_is_issued(me, order):
    here = reverse("order", args=[order.key])
    assert reverse("fapiao", args=[order.key]) in me.get(here).text
    assert ask(me, order, tax_number=f" {GOOD.lower()} ").url == here
    assert Fapiao.objects.get().tax_number == GOOD
    assert "日知书店有限公司" in me.get(here).text
    assert ask(me, order, kind="person", title="林岚").status_code == 302
    row = Fapiao.objects.get()
    assert (row.title, row.tax_number) == ("林岚", "")
    Fapiao.objects.update(number="1", issued_on=row.asked_at, issued_at=row.asked_at)
    ask(me, order, title="另一个")
    assert Fapiao.objects.get().title == "林岚"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tax_number": ""}, "公司要填税号"),
        ({"tax_number": "91110000802100433A"}, "税号不对"),
        ({"tax_number": "9111000080210043OB"}, "税号不对"),
        ({"tax_number": "12345678901234"}, "税号不对"),
        ({"tax_number": "1234567890123456"}, "税号不对"),
        ({"tax_number": "123456789012345678901"}, "税号不对"),
        ({"email": "谁"}, "邮"),
        ({"title": ""}, "必填"),
        ({"kind": "nobody"}, "field-errors"),
    ],
)
def test_what_is_not_right_is_said_and_nothing_typed_is_lost(me, order, fields, message):
    answer = ask(me, order, **fields)
    assert answer.status_code == 200
    assert message in answer.text
    assert 'value="books@example.com"' in answer.text or "email" in fields
    assert 'value="日知书店有限公司"' in answer.text or "title" in fields
    assert not Fapiao.objects.exists()


@pytest.mark.parametrize(
    "number",
    [GOOD, "91110000600037341L", "110108123456789", "12345678901234567", "12345678901234567890"],
)
def test_numbers_that_are_right(number):
    assert fapiao.is_tax_number(number)


def test_one_wrong_character_of_eighteen_is_found():
    for place in range(18):
        for other in fapiao.CREDIT_CHARACTERS:
            if other != GOOD[place]:
                assert not fapiao.is_tax_number(GOOD[:place] + other + GOOD[place + 1 :])


@pytest.mark.parametrize("status", [Order.Status.OPEN, Order.Status.REFUNDED])
def test_nothing_paid_no_fapiao(me, buyer, status):
    paid = {"fulfilled": True} if status == Order.Status.REFUNDED else {}
    order = OrderFactory(buyer=buyer, **paid)
    Order.objects.filter(pk=order.pk).update(status=status)
    ask(me, order)
    assert not Fapiao.objects.exists()


def test_an_order_of_somebody_else_is_not_found(order):
    row = FapiaoFactory(order=order, issued=True)
    other = signed_in(UserFactory())
    for address in (
        reverse("fapiao", args=[order.key]),
        reverse("fapiao_file", args=[order.key, row.pk]),
    ):
        assert other.get(address).status_code == 404
        assert Client().get(address).status_code == 302
    assert ask(other, order).status_code == 404
    row.refresh_from_db()
    assert row.title != "日知书店有限公司"


# --- finance -------------------------------------------------------------------------------------


def issue(desk, row, **fields):
    typed = {"number": "26442000", "issued_on": str(timezone.localdate(site_clock.now()))}
    return desk.post(reverse("money-fapiao:issue", args=[row.pk]), typed | fields)


def test_finance_issues_it_and_the_buyer_downloads_the_file(desk, me, order):
    ask(me, order)
    assert "已申请，等待开具" in me.get(reverse("order", args=[order.key])).text
    row = Fapiao.objects.get()
    assert GOOD in desk.get(reverse("money-fapiao:index")).text
    file = SimpleUploadedFile("发票.pdf", PDF, content_type="application/pdf")
    assert (
        'enctype="multipart/form-data"'
        in desk.get(reverse("money-fapiao:issue", args=[row.pk])).text
    )
    assert issue(desk, row, file=file).status_code == 302
    assert "26442000" in me.get(reverse("order", args=[order.key])).text
    answer = me.get(reverse("fapiao_file", args=[order.key, row.pk]))
    assert b"".join(answer) == PDF
    assert "private" in answer["Cache-Control"]
    assert b"".join(desk.get(reverse("money-fapiao:file", args=[row.pk]))) == PDF
    assert issue(desk, row, number="26442001").status_code == 302
    row.refresh_from_db()
    assert (row.number, row.issued_by) == ("26442000", desk.person)
    assert str(row.file.name).startswith("private/")


def test_the_number_of_a_digital_fapiao_is_longer(desk, order):
    row = FapiaoFactory(order=order)
    assert issue(desk, row, number=" 26442000000012345678 ").status_code == 302
    row.refresh_from_db()
    assert row.number == "26442000000012345678"


def test_the_front_page_counts_what_waits_and_leads_to_it(desk, order):
    FapiaoFactory(order=order, title="日知书店")
    reversible_fapiao()
    FapiaoFactory(issued=True)
    page = desk.get("/admin/").text
    for words, state in (("待开的发票", "asked"), ("待红冲的发票", "to_reverse")):
        address = f"{reverse('money-fapiao:index')}?state={state}"
        assert f'<a href="{address}" class="waits"><b>1</b> {words}</a>' in page


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"number": ""}, "发票号码"),
        ({"number": "264420001"}, "8 位数字"),
        ({"number": "2644200A"}, "8 位数字"),
        ({"number": "２６４４２０００"}, "8 位数字"),
        ({"issued_on": "2199-01-01"}, "还没到"),
        ({"issued_on": "2020-01-01"}, "才付款"),
        ({"file": SimpleUploadedFile("x.pdf", b"MZ nothing")}, "不是 PDF"),
    ],
)
def test_what_cannot_be_issued_is_refused(desk, order, fields, message):
    row = FapiaoFactory(order=order)
    answer = issue(desk, row, **fields)
    assert answer.status_code == 200
    assert message in answer.text
    assert not Fapiao.objects.get().is_issued


def test_a_refund_after_it_was_issued_asks_for_a_reversal(desk):
    row = reversible_fapiao()
    filtered = desk.get(reverse("money-fapiao:index"), {"state": "to_reverse"}).text
    assert row.title in filtered
    assert "红冲" in filtered
    typed = {"number": "26449001", "reversed_on": str(timezone.localdate(site_clock.now()))}
    address = reverse("money-fapiao:reverse", args=[row.pk])
    too_early = desk.post(address, typed | {"reversed_on": "2026-11-22"})
    assert "才开具，不能早于这一天" in too_early.text
    assert 'value="26449001"' in too_early.text
    its_own = desk.post(address, typed | {"number": row.number})
    assert "这是原发票的号码" in its_own.text
    letters = desk.post(address, typed | {"number": "红冲12345"})
    assert "8 位数字" in letters.text
    assert desk.post(address, typed).status_code == 302
    assert desk.post(address, typed | {"number": "26449002"}).status_code == 302
    row.refresh_from_db()
    assert row.reversal_number == "26449001"
    assert row.title not in desk.get(reverse("money-fapiao:index"), {"state": "to_reverse"}).text


def test_a_refund_before_it_was_issued_asks_for_none(desk):
    row = FapiaoFactory(issued=True)
    RefundFactory(order=row.order, amount=100, created_at=row.issued_at - timedelta(days=1))
    assert fapiao.with_state().get().state == "issued"
    with pytest.raises(fapiao.CannotReverse):
        fapiao.reverse(
            fapiao=row,
            number="R",
            reversed_on=row.issued_on,
            actor=desk.person,
            now=site_clock.now(),
        )


def test_what_is_exported_adds_up_and_computes_nothing(desk):
    row = FapiaoFactory(title="=HYPERLINK(1)")
    RefundFactory(order=row.order, amount=1000)
    (line,) = csv_rows(desk, reverse("money-fapiao:index"))
    values = list(line.values())
    assert "'=HYPERLINK(1)" in values
    assert values.count("29.00") == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "company", "tax_number": ""},
        {"number": "1"},
        {"reversed_on": "2026-11-23", "reversal_number": "R"},
    ],
)
def test_the_database_keeps_no_half_of_a_fapiao(order, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        FapiaoFactory(order=order, **fields)


def correct(desk, row, **fields):
    typed = {"number": row.number, "reason": "抄错了一位"}
    return desk.post(reverse("money-fapiao:correct", args=[row.pk]), typed | fields)


def test_finance_corrects_a_number_and_the_buyer_is_told_the_right_one(desk, me, order):
    row = FapiaoFactory(order=order, issued=True)
    wrong = row.number
    assert correct(desk, row, number="26442001", reason="").status_code == 200
    assert "8 位数字" in correct(desk, row, number="2644200").text
    assert "没有改动" in correct(desk, row).text
    assert correct(desk, row, number="26442001").status_code == 302
    row.refresh_from_db()
    assert (row.number, row.reversal_number) == ("26442001", "")
    assert "26442001" in me.get(reverse("order", args=[order.key])).text
    assert wrong not in me.get(reverse("order", args=[order.key])).text
    mail = OutboxMessage.objects.get(key__startswith=f"fapiao-corrected-{row.pk}-")
    assert mail.user == order.buyer
    assert "26442001" in mail.text
    entry = ModelLogEntry.objects.get(action="payments.correct_fapiao")
    assert (entry.user, entry.data["reason"]) == (desk.person, "抄错了一位")
    assert (entry.data["before"], entry.data["number"]) == (wrong, "26442001")
    assert f"{wrong} → 26442001 · 抄错了一位" in desk.get("/admin/reports/site-history/").text
    (line,) = shown.tables(desk.get(reverse("money-fapiao:inspect", args=[row.pk])))["更正记录"]
    assert line[2:] == [wrong, "26442001", "抄错了一位"]


def test_the_number_of_a_reversal_is_corrected_too(desk):
    row = reversible_fapiao()
    day = timezone.localdate(site_clock.now())
    fapiao.reverse(
        fapiao=row, number="26449001", reversed_on=day, actor=desk.person, now=site_clock.now()
    )
    refused = correct(desk, row, reversal_number=row.number)
    assert "这是原发票的号码" in refused.text
    assert correct(desk, row, reversal_number="26449002").status_code == 302
    row.refresh_from_db()
    assert row.reversal_number == "26449002"
    mail = OutboxMessage.objects.get(key__startswith=f"fapiao-corrected-{row.pk}-")
    assert "26449002" in mail.text


def test_what_is_not_issued_has_no_number_to_correct(desk, order):
    row = FapiaoFactory(order=order)
    assert correct(desk, row, number="26442001").status_code == 302
    assert Fapiao.objects.get().number == ""
    assert reverse("money-fapiao:correct", args=[row.pk]) not in (
        desk.get(reverse("money-fapiao:inspect", args=[row.pk])).text
    )


def test_a_number_that_stands_elsewhere_is_refused_and_what_was_typed_is_kept(desk, order):
    other, row = FapiaoFactory(issued=True, number=DIGITAL), FapiaoFactory(order=order)
    answer = issue(desk, row, number=other.number)
    assert f"已经登记在订单 {other.order.number} 的发票上" in answer.text
    assert f'value="{other.number}"' in answer.text
    row.refresh_from_db()
    assert not row.is_issued
    third = reversible_fapiao()
    day = str(timezone.localdate(site_clock.now()))
    typed = {"number": other.number, "reversed_on": day}
    answer = desk.post(reverse("money-fapiao:reverse", args=[third.pk]), typed)
    assert "已经登记在订单" in answer.text
    answer = correct(desk, third, number=other.number)
    assert "已经登记在订单" in answer.text
    assert "抄错了一位" in answer.text
    third.refresh_from_db()
    assert third.number != other.number
    assert not third.reversal_number


@pytest.mark.parametrize("name", ["number", "reversal_number"])
def test_the_database_keeps_each_digital_number_once(name):
    rows = [FapiaoFactory(issued=True) for _ in range(2)]
    Fapiao.objects.update(reversed_on=rows[0].issued_on, reversal_number=F("pk"))
    Fapiao.objects.update(**{name: "26442000"})  # of paper: it stands once only beside its code
    with pytest.raises(IntegrityError), transaction.atomic():
        Fapiao.objects.update(**{name: DIGITAL})


def test_the_same_number_on_paper_may_be_noted_twice(desk, order):
    other, row = FapiaoFactory(issued=True), FapiaoFactory(order=order)
    assert issue(desk, row, number=other.number).status_code == 302


def test_who_leaves_takes_along_what_was_not_issued(buyer):
    asked = FapiaoFactory(order=OrderFactory(fulfilled=True, buyer=buyer))
    issued = FapiaoFactory(order=OrderFactory(fulfilled=True, buyer=buyer), issued=True)
    assert {each["title"] for each in holdings._fapiaos(buyer)} == {asked.title, issued.title}
    holdings._forget_fapiaos_not_issued(buyer, site_clock.now())
    assert list(Fapiao.objects.all()) == [issued]


# --- what is left of a payment; bills ------------------------------------------------------------


def test_of_a_payment_given_back_in_part_the_fapiao_is_for_the_rest(desk, me, order):
    RefundFactory(order=order, amount=1000)
    page = me.get(reverse("fapiao", args=[order.key])).text
    assert "发票金额 ¥29" in page
    ask(me, order)
    row = Fapiao.objects.get()
    assert "¥29" in desk.get(reverse("money-fapiao:inspect", args=[row.pk])).text


def test_after_a_reversal_one_asks_for_a_fapiao_of_the_rest(desk, me, order):
    first = FapiaoFactory(order=order, issued=True)
    here = reverse("order", args=[order.key])
    RefundFactory(order=order, amount=1000, created_at=first.issued_at + timedelta(days=1))
    ask(me, order)
    assert Fapiao.objects.count() == 1  # the first one stands yet
    fapiao.reverse(
        fapiao=first,
        number="26449001",
        reversed_on=first.issued_on,
        actor=desk.person,
        now=site_clock.now(),
    )
    assert "申请剩余金额的发票" in me.get(here).text
    ask(me, order)
    second = Fapiao.objects.latest("pk")
    assert second != first
    assert fapiao.state_of(second) == "asked"
    page = me.get(here).text
    assert "26449001" in page
    assert second.title in page
    issue(desk, second, number="26442002")
    assert fapiao.state_of(second) == "issued"
    assert fapiao.state_of(first) == "reversed"
    rows = {row["发票金额"]: row["实收"] for row in csv_rows(desk, reverse("money-fapiao:index"))}
    assert rows == {"39.00": "0.00", "29.00": "29.00"}
    told = OutboxMessage.objects.filter(user=order.buyer, key__startswith="fapiao-")
    assert {mail.key for mail in told} == {
        f"fapiao-reversed-{first.pk}",
        f"fapiao-issued-{second.pk}",
    }
    assert all(here in mail.text for mail in told)


def test_when_all_went_back_there_is_nothing_to_ask_for(me, order):
    RefundFactory(order=order, amount=order.amount)
    ask(me, order)
    assert not Fapiao.objects.exists()


@pytest.fixture
def bills(buyer):
    """The order that began a subscription, and three bills: two paid, one not."""
    subscription = SubscriptionFactory(learner=buyer)
    order = OrderFactory(
        fulfilled=True, buyer=buyer, price__offer=subscription.offer, subscription=subscription
    )
    paid = [InvoiceFactory(subscription=subscription) for _ in range(2)]
    return order, *paid, InvoiceFactory(subscription=subscription, status="open", amount_paid=0)


def test_each_paid_bill_of_a_subscription_has_a_fapiao_of_its_own(desk, me, bills):
    order, first, second, _unpaid = bills
    page = me.get(reverse("order", args=[order.key])).text
    addresses = [reverse("fapiao_of_bill", args=[order.key, bill.pk]) for bill in bills[1:]]
    assert [address in page for address in addresses] == [True, True, False]
    assert reverse("fapiao", args=[order.key]) + '"' not in page
    for address in addresses:
        me.post(address, form())
    assert {row.invoice for row in Fapiao.objects.all()} == {first, second}
    row = Fapiao.objects.get(invoice=first)
    assert row.amount == first.amount_paid
    issue(desk, row)
    RefundFactory(order=order, invoice=first, created_at=site_clock.now() + timedelta(days=1))
    assert fapiao.state_of(row) == "to_reverse"
    assert fapiao.state_of(Fapiao.objects.get(invoice=second)) == "asked"


def test_a_bill_given_back_before_needs_none(bills):
    order, first, *_ = bills
    row = FapiaoFactory(order=order, invoice=first)
    RefundFactory(order=order, invoice=first, amount=first.amount_paid)
    assert fapiao.state_of(row) == "void"


def test_bills_of_somebody_else_have_none(me, order):
    strange = InvoiceFactory(subscription=SubscriptionFactory())
    me.post(reverse("fapiao_of_bill", args=[order.key, strange.pk]), form())
    assert not Fapiao.objects.exists()


def test_more_bills_ask_the_database_no_more(me, bills):
    order = bills[0]

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            fapiao.of_order(Order.objects.get(pk=order.pk))
        return len(queries)

    few = asked()
    for _ in range(5):
        bill = InvoiceFactory(subscription=order.subscription)
        FapiaoFactory(order=order, invoice=bill)
        RefundFactory(order=order, invoice=bill, amount=1)
    assert asked() == few


def test_the_database_keeps_one_standing_fapiao_for_each_payment(bills):
    order, first, *_ = bills
    FapiaoFactory(order=order, invoice=first)
    with pytest.raises(IntegrityError), transaction.atomic():
        FapiaoFactory(order=order, invoice=first)
    other = FapiaoFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        FapiaoFactory(order=other.order)
