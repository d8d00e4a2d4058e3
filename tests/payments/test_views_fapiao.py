"""To whom a payment's fapiao is made out, by its buyer; and its file."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from accounts.models import User
from payments.models import Dispute, Fapiao, Order, RefundRequest
from tests.factories import UserFactory, course
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    FapiaoFactory,
    InvoiceFactory,
    OrderFactory,
    SubscriptionFactory,
    course_price,
    membership_prices,
)
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db
NONE = "info: 没有可申请的发票，或已经开具。"
GOOD = "91110000802100433B"


@pytest.fixture
def order(buyer: User) -> Order:
    made: Order = OrderFactory(
        fulfilled=True, buyer=buyer, price=course_price(course(title="慢慢变强"))
    )
    return made


def of(order: Order, name: str = "fapiao", *more: int) -> str:
    return reverse(name, args=[order.key, *more])


def words(**fields: str) -> dict[str, str]:
    return {
        "kind": "company",
        "title": "某某有限公司",
        "tax_number": GOOD,
        "email": "books@example.com",
    } | fields


def test_it_is_asked_for_and_changed_until_it_is_issued(me, buyer, order):
    page = me.get(of(order))
    assert shown.filled(page) == {
        "kind": "person",
        "title": "",
        "tax_number": "",
        "email": buyer.email,
    }
    assert shown.wrong(page) == {}
    assert "《慢慢变强》 · ¥99" in shown.lines(page)
    answer = me.post(of(order), words(tax_number=" 9111 0000 8021 0043 3b "))
    assert answer["Location"] == of(order, "order")
    assert shown.said(answer) == ["success: 已收到。开具以后在这里能看到。"]
    row = Fapiao.objects.get()
    assert (row.order, row.invoice, row.kind) == (order, None, "company")
    assert (row.title, row.tax_number, row.email) == ("某某有限公司", GOOD, "books@example.com")
    assert shown.filled(me.get(of(order))) == words()
    me.post(of(order), words(kind="person", title="林岚", tax_number="x"))
    row.refresh_from_db()
    assert (row.kind, row.title, row.tax_number) == ("person", "林岚", "")
    Fapiao.objects.update(number="26000001", issued_on=NOW.date(), issued_at=NOW)
    for ask in (me.get, me.post):
        answer = ask(of(order), words())
        assert answer["Location"] == of(order, "order")
        assert shown.said(answer)[-1] == NONE
    row.refresh_from_db()
    assert row.title == "林岚"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"tax_number": ""}, {"tax_number": ["公司要填税号。"]}),
        ({"tax_number": GOOD[:-1] + "C"}, {"tax_number": ["税号不对，请逐位核对。"]}),
        ({"tax_number": "9" * 31}, {"tax_number": ["税号不对，请逐位核对。"]}),
        ({"title": "字" * 101}, {"title": None}),
        ({"email": "x"}, {"email": ["请输入有效的邮箱地址。"]}),
        ({"kind": "other"}, {"kind": None}),
    ],
)
def test_what_is_wrong_is_said_and_nothing_noted(me, order, fields, wrong):
    answer = me.post(of(order), words(**fields))
    assert answer.status_code == 200
    found = shown.wrong(answer)
    if "kind" not in wrong:
        assert found.keys() == wrong.keys()
    assert all(found[name] == told for name, told in wrong.items() if told)
    assert not Fapiao.objects.exists()


def test_a_person_needs_no_number_and_names_have_their_longest(me, order):
    me.post(of(order), words(kind="person", title="字" * 100, tax_number=""))
    assert Fapiao.objects.get().title == "字" * 100


def test_a_companys_number_is_not_called_optional_and_what_was_typed_stays(me, order):
    assert "选填" not in shown.lines(me.get(of(order)))
    assert "公司必填" in shown.lines(me.get(of(order)))
    assert shown.filled(me.post(of(order), words(tax_number=""))) == words(tax_number="")


def test_what_a_person_does_not_see_is_not_found_wrong(me, order):
    assert me.post(of(order), words(kind="person", tax_number="9" * 31)).status_code == 302
    assert Fapiao.objects.get().tax_number == ""


def test_it_is_the_buyers_alone(client, me, order):
    assert client.get(of(order))["Location"] == f"/account/login/?next={of(order)}"
    stranger = signed_in(UserFactory())
    assert stranger.get(of(order)).status_code == 404
    assert stranger.post(of(order), words()).status_code == 404
    assert me.put(of(order)).status_code == 405
    own = OrderFactory(fulfilled=True, price=order.price, buyer=order.buyer)
    me.post(of(own), words())
    assert Fapiao.objects.get().order == own


def test_an_unpaid_order_has_none(me, buyer, order):
    unpaid = OrderFactory(buyer=buyer, price=order.price)
    answer = me.get(of(unpaid))
    assert (answer["Location"], shown.said(answer)) == (of(unpaid, "order"), [NONE])


@pytest.mark.parametrize("status", ["asked", "approved"])
def test_while_a_refund_is_under_way_there_is_none(me, order, status):
    asked = RefundRequest.objects.create(order=order, status=status, created_at=NOW)
    assert "发票" not in shown.lines(me.get(of(order, "order")))
    for ask in (me.get, me.post):
        answer = ask(of(order), words())
        assert answer["Location"] == of(order, "order")
        told = "这笔付款正在退款，或银行对它有争议。有结果之后，剩下的金额可以申请发票。"
        assert shown.said(answer)[-1] == f"info: {told}"
    assert not Fapiao.objects.exists()
    RefundRequest.objects.filter(pk=asked.pk).update(status="declined")
    assert "发票" in shown.lines(me.get(of(order, "order")))
    me.post(of(order), words())
    assert Fapiao.objects.get().order == order


@pytest.mark.parametrize(
    ("status", "why"), [("needs_response", "银行对它有争议"), ("lost", "没有可申请的发票")]
)
def test_what_the_bank_takes_back_has_none(me, order, status, why):
    dispute = DisputeFactory(order=order, status=status)
    assert "发票" not in shown.lines(me.get(of(order, "order")))
    assert why in shown.said(me.post(of(order), words()))[-1]
    assert not Fapiao.objects.exists()
    Dispute.objects.filter(pk=dispute.pk).update(status="won")
    assert "发票" in shown.lines(me.get(of(order, "order")))


def test_the_refund_of_one_bill_leaves_the_others(me, buyer):
    plans = membership_prices()
    row = SubscriptionFactory(learner=buyer, offer=plans["month"].offer)
    order = OrderFactory(fulfilled=True, buyer=buyer, price=plans["month"], subscription=row)
    back, kept = InvoiceFactory(subscription=row), InvoiceFactory(subscription=row)
    RefundRequest.objects.create(order=order, invoice=back, created_at=NOW)
    page = me.get(of(order, "order")).content.decode()
    assert of(order, "fapiao_of_bill", back.pk) not in page
    assert of(order, "fapiao_of_bill", kept.pk) in page
    for bill in (back, kept):
        me.post(of(order, "fapiao_of_bill", bill.pk), words())
    assert Fapiao.objects.get().invoice == kept


def test_each_bill_of_a_subscription_has_its_own(me, buyer):
    plans = membership_prices()
    row = SubscriptionFactory(learner=buyer, offer=plans["month"].offer)
    order = OrderFactory(fulfilled=True, buyer=buyer, price=plans["month"], subscription=row)
    first, second = InvoiceFactory(subscription=row), InvoiceFactory(subscription=row)
    theirs = InvoiceFactory()
    me.post(of(order, "fapiao_of_bill", second.pk), words())
    assert Fapiao.objects.get().invoice == second
    assert shown.filled(me.get(of(order, "fapiao_of_bill", second.pk))) == words()
    assert shown.filled(me.get(of(order, "fapiao_of_bill", first.pk)))["title"] == ""
    assert me.get(of(order, "fapiao_of_bill", theirs.pk))["Location"] == of(order, "order")
    assert me.get(of(order, "fapiao_of_bill", 999999)).status_code == 404
    assert me.get(of(order))["Location"] == of(order, "order")


def test_its_file_is_the_buyers_alone(client, me, buyer, order):
    made: Any = FapiaoFactory(order=order, issued=True, file=ContentFile(b"%PDF-1.7", "f.pdf"))
    address = of(order, "fapiao_file", made.pk)
    answer = me.get(address)
    assert b"".join(answer.streaming_content) == b"%PDF-1.7"
    assert (answer["Content-Type"], answer["Cache-Control"]) == (
        *("application/pdf", "private, no-store"),
    )
    assert f"{made.number}.pdf" in answer["Content-Disposition"]
    assert client.get(address)["Location"] == f"/account/login/?next={address}"
    assert signed_in(UserFactory()).get(address).status_code == 404
    assert me.post(address).status_code == 405
    other = OrderFactory(fulfilled=True, buyer=buyer, price=order.price)
    bare = FapiaoFactory(order=other, issued=True)
    assert me.get(of(other, "fapiao_file", made.pk)).status_code == 404
    assert me.get(of(other, "fapiao_file", bare.pk)).status_code == 404
    assert me.get(of(order, "fapiao_file", 999999)).status_code == 404
    made.file.storage.delete(made.file.name)
    assert me.get(address).status_code == 404
