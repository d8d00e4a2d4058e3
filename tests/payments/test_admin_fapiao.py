"""Fapiaos at finance's desk: what each is for, what may be noted of it, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import roles
from operations import clock as site_clock
from payments import fapiao
from payments.admin import fapiao_steps
from payments.models import Fapiao, Invoice, Order
from tests.factories import UserFactory, course
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    FapiaoFactory,
    InvoiceFactory,
    OrderFactory,
    RefundFactory,
    SubscriptionFactory,
    course_price,
    reversible_fapiao,
)
from tests.payments.staff import at_desk, csv_rows

pytestmark = pytest.mark.django_db
LISTING = "/admin/money/fapiao/"
AT = "2026 年 11 月 23 日 12:00"
DAY = timedelta(days=1)
DIGITAL = "26442000000012345678"
HALF_A_MEGABYTE = 512 * 1024


@pytest.fixture
def desk() -> Client:
    return at_desk(roles.FINANCE)


def page(row: Fapiao, name: str = "inspect") -> str:
    return reverse(f"money-fapiao:{name}", args=[row.pk])


def paid() -> Order:
    buyer = UserFactory(email="amy@example.org", name="林岚")
    order: Order = OrderFactory(
        fulfilled=True, price=course_price(course(title="城市的暗线")), buyer=buyer
    )
    return order


def billed(**fields: Any) -> Any:
    """Of the second bill of a subscription, three days younger than the order."""
    row = SubscriptionFactory()
    order = OrderFactory(fulfilled=True, buyer=row.learner, subscription=row)
    bill = InvoiceFactory(subscription=row, paid_at=NOW + 3 * DAY, created_at=NOW + 3 * DAY)
    return FapiaoFactory(order=order, invoice=bill, **fields)


def today() -> Any:
    return timezone.localdate(site_clock.now())


def refused(answer: Any) -> list[str]:
    """What the form says is not right."""
    assert answer.status_code == 200
    found = BeautifulSoup(answer.content, "html.parser").select(".error-message")
    return [each.get_text(" ", strip=True) for each in found]


# --- the listing ---------------------------------------------------------------------------------


def in_every_state() -> dict[str, Any]:
    """Made one after the other; of the issued ones ¥9 went back before, and perhaps ¥10 since."""
    rows: dict[str, Any] = {"asked": FapiaoFactory(order=paid(), title="已申请公司")}
    for number, name in enumerate(("issued", "to_reverse", "reversed"), 1):
        order = OrderFactory(fulfilled=True, price=rows["asked"].order.price)
        rows[name] = FapiaoFactory(order=order, issued=True, asked_at=NOW + number * DAY)
        RefundFactory(order=order, amount=900, created_at=NOW - DAY)
        RefundFactory(order=order, amount=7, created_at=NOW + DAY, status="failed")
        if name != "issued":
            RefundFactory(order=order, amount=1000, created_at=NOW + DAY)
    noted = {"reversed_on": NOW.date(), "reversal_number": "26449001"}
    Fapiao.objects.filter(pk=rows["reversed"].pk).update(**noted)
    rows["void"] = FapiaoFactory(asked_at=NOW + 4 * DAY, order__price=rows["asked"].order.price)
    RefundFactory(order=rows["void"].order)
    Order.objects.filter(pk=rows["void"].order.pk).update(status="refunded")
    return rows


def test_the_listing_says_what_each_is_for_and_how_it_stands(desk):
    rows = in_every_state()
    listed = {row[1]: row for row in shown.listed(desk.get(LISTING))}
    assert listed["已申请公司"] == [
        rows["asked"].order.number,
        "已申请公司",
        "91110000802100433B",
        *("¥99", "", "已申请", AT, AT),
    ]
    newest_first = [
        (row.title, row.order.number, amount, state)
        for row, amount, state in [
            (rows["void"], "¥0", "开具前已退款"),
            (rows["reversed"], "¥90", "已红冲"),
            (rows["to_reverse"], "¥90", "开具后已退回，需红冲"),
            (rows["issued"], "¥90", "已开具"),
            (rows["asked"], "¥99", "已申请"),
        ]
    ]
    assert [(row[1], row[0], row[3], row[5]) for row in listed.values()] == newest_first
    assert listed[rows["issued"].title][4] == rows["issued"].number
    found = shown.listed(desk.get(LISTING, {"state": "to_reverse"}))
    assert [row[1] for row in found] == [rows["to_reverse"].title]


def test_the_export_reckons_what_is_kept_of_what_stands(desk):
    rows = in_every_state()
    exported = {row["发票抬头"]: row for row in csv_rows(desk, LISTING)}
    amounts = {
        name: tuple(exported[row.title][each] for each in ("发票金额", "开具后退款", "实收"))
        for name, row in rows.items()
    }
    assert amounts == {
        "asked": ("99.00", "0.00", "99.00"),
        "issued": ("90.00", "0.00", "90.00"),
        "to_reverse": ("90.00", "10.00", "80.00"),
        "reversed": ("90.00", "10.00", "0.00"),
        "void": ("0.00", "0.00", "0.00"),
    }
    line = exported["已申请公司"]
    assert (line["购买人"], line["内容"], line["币种"], line["状态"]) == (
        *("amy@example.org", "城市的暗线", "CNY", "已申请"),
    )


# --- one of them ---------------------------------------------------------------------------------


def test_one_that_is_asked_for_is_written_out(desk):
    row, other = FapiaoFactory(order=paid(), title="日知书店"), FapiaoFactory()
    RefundFactory(order=row.order, amount=900)
    RefundFactory(order=other.order, amount=100)
    answer = desk.get(page(row))
    assert shown.facts(answer) == {
        "订单": row.order.number,
        "购买人": "林岚 <amy@example.org>",
        "内容": "城市的暗线 · 一次买断",
        "已付": AT,
        "金额": "¥99",
        "实收": "¥90",
        "发票金额": "¥90",
        "状态": "已申请",
        "抬头类型": "公司",
        "发票抬头": "日知书店",
        "税号": "91110000802100433B",
        "邮箱": row.email,
        "申请时间": AT,
    }
    assert shown.links(answer) == {"订单": reverse("money-orders:inspect", args=[row.order.pk])}
    assert shown.acts(answer) == ["登记已开具"]
    RefundFactory(order=row.order, amount=9000)
    assert shown.facts(desk.get(page(row)))["实收"] == "¥0"


def test_one_of_a_bill_that_was_issued_and_reversed_is_written_out(desk):
    row = billed(issued=True, file=ContentFile(b"%PDF-1.7", "f.pdf"), issued_by=desk.person)
    assert shown.acts(desk.get(page(row))) == ["更正号码"]
    RefundFactory(order=row.order, invoice=row.invoice, created_at=NOW + DAY)
    assert shown.acts(desk.get(page(row))) == ["登记已红冲", "更正号码"]
    assert shown.acts(at_desk(roles.OPERATOR).get(page(row))) == []
    noted = {"reversed_on": (NOW + DAY).date(), "reversal_number": "26449001"}
    Fapiao.objects.filter(pk=row.pk).update(**noted)
    answer = desk.get(page(row))
    facts = shown.facts(answer)
    days = (facts["已付"], facts["开具日期"], facts["红冲日期"])
    assert days == ("2026 年 11 月 26 日 12:00", "2026 年 11 月 23 日", "2026 年 11 月 24 日")
    assert (facts["发票号码"], facts["PDF"], facts["红字发票号码"]) == (
        *(row.number, row.number, "26449001"),
    )
    assert facts["开具人"] == f"{desk.person.get_full_name()} <{desk.person.email}>"
    assert shown.links(answer)["账单"] == reverse("money-invoices:inspect", args=[row.invoice.pk])
    assert shown.links(answer)["PDF"] == page(row, "file")
    assert shown.acts(answer) == ["更正号码"]


def test_the_file_is_for_finance_alone(desk):
    row = FapiaoFactory(issued=True, file=ContentFile(b"%PDF-1.7 first", "f.pdf"))
    FapiaoFactory(issued=True, file=ContentFile(b"%PDF-1.7 other", "g.pdf"))
    assert b"".join(desk.get(page(row, "file"))) == b"%PDF-1.7 first"
    assert desk.get(page(FapiaoFactory(), "file")).status_code == 404
    assert at_desk(roles.EDITOR).get(page(row, "file")).status_code == 404


# --- issued --------------------------------------------------------------------------------------


def issue(desk: Client, row: Fapiao, **typed: Any) -> Any:
    asked = {"number": "26442000", "issued_on": str(today())} | typed
    return desk.post(page(row, "issue"), asked)


def test_what_is_issued_is_said_before_and_noted_once(desk):
    row, other = FapiaoFactory(order=paid(), title="日知书店"), FapiaoFactory()
    RefundFactory(order=row.order, amount=900)
    answer = desk.get(page(row, "issue"))
    said = [
        f"抬头 日知书店，税号 91110000802100433B，发到 {row.email}。",
        "扣除退款后的金额：¥90。",
        "买家不能再修改。",
    ]
    assert shown.consequences(answer) == said
    dispute = DisputeFactory(order=row.order, amount=100)
    assert "最好等有了结果再开" in shown.consequences(desk.get(page(row, "issue")))[0]
    dispute.delete()
    whole = b"%PDF-" + b"x" * (10 * HALF_A_MEGABYTE - 5)
    assert issue(desk, row, file=SimpleUploadedFile("发票.pdf", whole)).url == page(row)
    row.refresh_from_db()
    assert (row.number, row.issued_on, row.issued_by) == ("26442000", today(), desk.person)
    assert b"".join(desk.get(page(row, "file"))) == whole
    assert issue(desk, row, number="26442001").url == page(row)
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.number, other.is_issued) == ("26442000", False)


def test_a_person_has_no_tax_number(desk):
    row = FapiaoFactory(kind="person", title="林岚", tax_number="")
    said = shown.consequences(desk.get(page(row, "issue")))
    assert said[0] == f"抬头 林岚，税号 –，发到 {row.email}。"


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (b"%PDF-" + b"x" * (10 * HALF_A_MEGABYTE - 4), "最多 5 MB。"),
        (b"%PDF", "这不是 PDF 文件。"),
        (b"x%PDF-1.7", "这不是 PDF 文件。"),
    ],
)
def test_a_file_that_is_too_large_or_no_pdf_is_refused(desk, file, problem):
    row = FapiaoFactory()
    assert refused(issue(desk, row, file=SimpleUploadedFile("f.pdf", file))) == [problem]
    row.refresh_from_db()
    assert not row.is_issued


@pytest.mark.parametrize("number", ["2644200", "264420000", "2644200a", DIGITAL + "1", "2" * 41])
def test_a_number_of_another_length_is_refused(desk, number):
    problem = "发票号码是 8 位数字；数电票是 20 位数字。"
    assert refused(issue(desk, FapiaoFactory(), number=number)) == [problem]


def test_it_is_issued_between_the_day_of_payment_and_today(desk):
    row = FapiaoFactory(order=paid())
    assert refused(issue(desk, row, issued_on="2026-11-22")) == [
        "2026 年 11 月 23 日才付款，不能早于这一天。"
    ]
    assert refused(issue(desk, row, issued_on=str(today() + DAY))) == ["这一天还没到。"]
    assert issue(desk, row, issued_on="2026-11-23").status_code == 302


def test_of_a_bill_the_day_of_the_bill_counts(desk):
    row, unknown = billed(), billed()
    assert refused(issue(desk, row, issued_on="2026-11-25")) == [
        "2026 年 11 月 26 日才付款，不能早于这一天。"
    ]
    assert issue(desk, row, issued_on="2026-11-26").status_code == 302
    Invoice.objects.filter(pk=unknown.invoice_id).update(paid_at=None)
    assert issue(desk, unknown, issued_on="2020-01-01").status_code == 302


def test_two_at_once_note_it_once(desk, monkeypatch):
    """The other one while the form of the first is read."""
    asked, back = FapiaoFactory(), reversible_fapiao()
    read = fapiao_steps.not_to_come

    def meanwhile(act, number: str, **fields: Any) -> None:
        def with_another(day):
            monkeypatch.setattr(fapiao_steps, "not_to_come", read)
            act(number=number, actor=desk.person, now=site_clock.now(), **fields)
            return read(day)

        monkeypatch.setattr(fapiao_steps, "not_to_come", with_another)

    meanwhile(fapiao.issue, "26440001", fapiao=asked, issued_on=today(), file=None)
    assert "已经开具过了" in issue(desk, asked).text
    meanwhile(fapiao.reverse, "26449001", fapiao=back, reversed_on=today())
    assert "已经红冲过了" in undo(desk, back).text
    for row in (asked, back):
        row.refresh_from_db()
    assert (asked.number, back.reversal_number) == ("26440001", "26449001")


# --- reversed, corrected -------------------------------------------------------------------------


def undo(desk: Client, row: Fapiao, **typed: Any) -> Any:
    asked = {"number": "26449000", "reversed_on": str(today())} | typed
    return desk.post(page(row, "reverse"), asked)


def test_what_went_back_since_is_reversed_from_the_day_of_issue_to_today(desk):
    row = reversible_fapiao()
    said = ["这张发票开具以后有款项退回。请先在税务系统红冲。"]
    assert shown.consequences(desk.get(page(row, "reverse"))) == said
    assert refused(undo(desk, row, reversed_on="2026-11-22")) == [
        "2026 年 11 月 23 日才开具，不能早于这一天。"
    ]
    assert refused(undo(desk, row, reversed_on=str(today() + DAY))) == ["这一天还没到。"]
    assert refused(undo(desk, row, number=row.number)) == [
        "这是原发票的号码，请填写红字发票自己的号码。"
    ]
    assert refused(undo(desk, row, number="264490001")) == [
        "发票号码是 8 位数字；数电票是 20 位数字。"
    ]
    assert undo(desk, row, reversed_on="2026-11-23").url == page(row)
    row.refresh_from_db()
    assert (row.reversal_number, str(row.reversed_on)) == ("26449000", "2026-11-23")
    assert undo(desk, row, number="26449001").url == page(row)
    for other in (FapiaoFactory(), FapiaoFactory(issued=True)):
        assert desk.get(page(other, "reverse")).url == page(other)


def correct(desk: Client, row: Fapiao, **typed: Any) -> Any:
    asked = {"number": row.number, "reversal_number": row.reversal_number, "reason": "抄错了一位"}
    return desk.post(page(row, "correct"), asked | typed)


def fields(answer: Any) -> dict[str, str]:
    found = BeautifulSoup(answer.content, "html.parser").select("main form input[type=text]")
    return {str(each["name"]): str(each.get("value", "")) for each in found}


def test_a_number_is_corrected_where_something_changes(desk):
    row = FapiaoFactory(issued=True)
    answer = desk.get(page(row, "correct"))
    assert shown.consequences(answer) == [
        "这里只改登记的号码，税务系统里的发票不变。",
        "买家会收到写着正确号码的邮件。",
    ]
    assert fields(answer) == {"number": row.number}
    assert "没有改动" in correct(desk, row).text
    assert refused(correct(desk, row, number="1")) == ["发票号码是 8 位数字；数电票是 20 位数字。"]
    assert correct(desk, row, number="26442001", reversal_number="26449001").url == page(row)
    row.refresh_from_db()
    assert (row.number, row.reversal_number) == ("26442001", "")
    assert correct(desk, FapiaoFactory(), number="26442002").status_code == 302


@pytest.mark.parametrize("old", ["26442000", "26117000000123456789"])
def test_it_is_found_by_each_number_it_ever_had(desk, old):
    row, other = (FapiaoFactory(issued=True, number=each) for each in (old, "26442009"))
    noted = {"reversed_on": NOW.date(), "reversal_number": "26449000"}
    Fapiao.objects.filter(pk=row.pk).update(**noted)
    correct(desk, row, number="26442001", reversal_number="26449001")
    for typed in (old, "26449000", "26442001", f" {old} ", "26449001"):
        assert [each[1] for each in shown.listed(desk.get(LISTING, {"q": typed}))] == [row.title]
    assert shown.listed(desk.get(LISTING, {"q": "26442002"})) == []
    found = shown.listed(desk.get(LISTING, {"q": other.order.number}))
    assert [each[1] for each in found] == [other.title]


def test_both_numbers_of_a_reversed_one_are_corrected_and_differ(desk):
    row = reversible_fapiao()
    undo(desk, row)
    row.refresh_from_db()
    numbers = {"number": row.number, "reversal_number": "26449000"}
    assert fields(desk.get(page(row, "correct"))) == numbers
    assert refused(correct(desk, row, reversal_number=row.number)) == [
        "这是原发票的号码，请填写红字发票自己的号码。"
    ]
    assert refused(correct(desk, row, reversal_number="")) == ["请填写这一项。"]
    assert correct(desk, row, number="26442001", reversal_number="26449001").status_code == 302
    row.refresh_from_db()
    assert (row.number, row.reversal_number) == ("26442001", "26449001")


def test_a_number_that_stands_elsewhere_is_refused_with_its_order(desk):
    other = FapiaoFactory(issued=True, number=DIGITAL)
    asked, back, standing = FapiaoFactory(), reversible_fapiao(), FapiaoFactory(issued=True)
    for answer in (
        issue(desk, asked, number=DIGITAL),
        undo(desk, back, number=DIGITAL),
        correct(desk, standing, number=DIGITAL),
    ):
        assert f"这个号码已经登记在订单 {other.order.number} 的发票上。" in answer.text


def test_its_page_asks_once_how_it_stands(desk):
    row = FapiaoFactory(issued=True)
    with CaptureQueriesContext(connection) as queries:
        assert shown.facts(desk.get(page(row)))["状态"] == "已开具"
    assert sum("payments_refund" in each["sql"] for each in queries) == 1


def test_a_file_that_was_looked_at_is_read_from_its_beginning():
    file = SimpleUploadedFile("f.pdf", b"%PDF-1.7")
    fapiao_steps.is_pdf(file)
    assert file.read() == b"%PDF-1.7"
