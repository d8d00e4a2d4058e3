"""For which payment a fapiao is asked, issued, reversed and corrected, and how much it is for:
rows alone."""

from datetime import date, timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from wagtail.models import ModelLogEntry

from accounts.models import OutboxMessage
from payments import fapiao
from payments.models import Dispute, Fapiao, Order
from tests.factories import UserFactory
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    FapiaoFactory,
    InvoiceFactory,
    OrderFactory,
    PriceFactory,
    RefundFactory,
    SubscriptionFactory,
)

pytestmark = pytest.mark.django_db
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
TODAY = date(2026, 11, 24)


def billed():
    """A subscription's order, with two bills that were paid, the newer first."""
    row = SubscriptionFactory()
    order = OrderFactory(fulfilled=True, buyer=row.learner, subscription=row)
    bills = [InvoiceFactory(subscription=row, created_at=NOW - days * DAY) for days in (0, 30)]
    return order, bills


def mails():
    return sorted(OutboxMessage.objects.values_list("key", "user"))


def written():
    return [(entry.action, entry.user, entry.data) for entry in ModelLogEntry.objects.all()]


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("9111000080210043OY", False),  # its check fits, but there is no letter O
        ("I1110000802100433M", False),
        ("91110000600037341L", True),
        ("91110000600037341M", False),
        ("9111000060003734L1", False),
        ("1" * 15, True),
        ("1" * 17, True),
        ("1" * 20, True),
        ("1" * 16, False),
        ("1" * 19, False),
    ],
)
def test_a_tax_number_of_eighteen_characters_has_a_check(text, right):
    assert fapiao.is_tax_number(text) is right


def test_a_fapiao_has_eight_or_twenty_digits():
    found = [length for length in range(1, 25) if fapiao.is_number("2" * length)]
    assert found == [8, 20]
    assert not fapiao.is_number("2644200A")


# --- which payments ------------------------------------------------------------------------------


def payments(order):
    return [
        (each.invoice, each.amount, each.kept, each.rows, each.may_ask)
        for each in fapiao.of_order(order)
    ]


def test_of_what_was_paid_once_what_did_not_go_back_is_kept():
    order = OrderFactory(fulfilled=True, price=PriceFactory(amount=9900))
    assert payments(order) == [(None, 9900, 9900, [], True)]
    RefundFactory(amount=5000)
    RefundFactory(order=order, amount=2000, status="failed")
    for status, amount in (("succeeded", 1000), ("pending", 900)):
        RefundFactory(order=order, amount=amount, status=status)
    assert payments(order) == [(None, 9900, 8000, [], True)]
    RefundFactory(order=order, amount=7999)
    assert payments(order) == [(None, 9900, 1, [], True)]
    RefundFactory(order=order, amount=1)
    assert payments(order) == []
    asked = FapiaoFactory(order=order)
    assert payments(order) == [(None, 9900, 0, [asked], False)]


@pytest.mark.parametrize("status", ["open", "parked", "refunded"])
def test_what_is_not_paid_and_done_has_none(status):
    order = OrderFactory(fulfilled=status != "open")
    Order.objects.filter(pk=order.pk).update(status=status)
    order.refresh_from_db()
    assert payments(order) == []
    assert fapiao.of_payment(order, None) is None


def test_what_was_not_paid_in_yuan_has_none():
    abroad = OrderFactory(fulfilled=True, price=PriceFactory(currency="USD"))
    assert payments(abroad) == []
    order, (bill, dollars) = billed()
    dollars.currency = "USD"
    dollars.save()
    assert payments(order) == [(bill, 3900, 3900, [], True)]
    Order.objects.filter(pk=order.pk).update(currency="USD")
    order.refresh_from_db()
    assert payments(order) == [(bill, 3900, 3900, [], True)]


def test_each_paid_bill_is_for_itself_the_newest_first():
    order, (new, old) = billed()
    InvoiceFactory(subscription=order.subscription, status="open", created_at=NOW + DAY)
    for amount in (0, None):
        InvoiceFactory(subscription=order.subscription, amount_paid=amount)
    penny = InvoiceFactory(subscription=order.subscription, amount_paid=1, created_at=NOW - DAY)
    InvoiceFactory(created_at=NOW + DAY)
    RefundFactory(order=order, invoice=old, amount=900)
    RefundFactory(order=order, invoice=old, amount=100, status="failed")
    issued = FapiaoFactory(order=order, invoice=new, issued=True)
    FapiaoFactory(issued=True)
    assert payments(order) == [
        (new, 3900, 3900, [issued], False),
        (penny, 1, 1, [], True),
        (old, 3900, 3000, [], True),
    ]
    found = [fapiao.of_payment(order, each) for each in (new, old)]
    assert [each and each.invoice for each in found] == [new, old]
    assert fapiao.of_payment(order, None) is None


def test_of_several_the_one_that_was_not_reversed_stands():
    order = OrderFactory(fulfilled=True)
    reversed_before = {"issued": True, "reversed_on": TODAY}
    first = FapiaoFactory(order=order, asked_at=NOW - DAY, reversal_number="1", **reversed_before)
    assert fapiao.of_order(order)[0].standing is None
    assert fapiao.of_order(order)[0].may_ask
    second = FapiaoFactory(order=order, asked_at=NOW - 2 * DAY)
    [payment] = fapiao.of_order(order)
    assert (payment.rows, payment.standing, payment.may_ask) == ([first, second], second, True)
    Fapiao.objects.filter(pk=second.pk).update(number="26442999", issued_at=NOW, issued_on=TODAY)
    [payment] = fapiao.of_order(order)
    assert (payment.standing, payment.may_ask) == (second, False)


# --- asking --------------------------------------------------------------------------------------


def ask(order, invoice=None, **fields):
    asked = {"kind": "company", "title": "日知书店", "tax_number": "1" * 15, "email": "a@b.cn"}
    return fapiao.ask(order=order, invoice=invoice, **{"now": NOW} | asked | fields)


def test_asked_again_it_is_the_same_with_the_last_words():
    order, other = OrderFactory(fulfilled=True), FapiaoFactory()
    row = ask(order)
    found = (row.order, row.invoice, row.kind, row.title, row.tax_number, row.email)
    assert found == (order, None, "company", "日知书店", "1" * 15, "a@b.cn")
    assert (row.asked_at, row.changed_at) == (NOW, NOW)
    assert ask(order, kind="person", title="林岚", email="c@d.cn", now=NOW + DAY) == row
    row.refresh_from_db()
    assert (row.kind, row.title, row.tax_number, row.email) == ("person", "林岚", "", "c@d.cn")
    assert (row.asked_at, row.changed_at) == (NOW, NOW + DAY)
    assert Fapiao.objects.count() == 2
    assert Fapiao.objects.get(pk=other.pk).title == other.title


def test_each_bill_is_asked_for_by_itself():
    order, bills = billed()
    rows = [ask(order, bill) for bill in bills]
    assert [row.invoice for row in rows] == bills
    with pytest.raises(fapiao.CannotAsk):
        ask(order)


def test_what_is_issued_or_went_back_is_not_asked_for():
    issued = FapiaoFactory(issued=True)
    back = OrderFactory(fulfilled=True)
    RefundFactory(order=back)
    gone = FapiaoFactory()
    RefundFactory(order=gone.order)
    for order in (issued.order, back, gone.order):
        with pytest.raises(fapiao.CannotAsk):
            ask(order)
    assert not Fapiao.objects.filter(title="日知书店").exists()


# --- issued, reversed, corrected -----------------------------------------------------------------


def issue(row, staff, number="26440001", file=None, now=NOW):
    return fapiao.issue(fapiao=row, number=number, issued_on=TODAY, file=file, actor=staff, now=now)


@pytest.mark.parametrize("with_file", [True, False])
def test_issued_it_is_noted_once_and_its_buyer_is_told(with_file, settings, tmp_path):
    row, other, staff = FapiaoFactory(), FapiaoFactory(), UserFactory()
    issue(row, staff, file=ContentFile(b"%PDF", "x.pdf") if with_file else None)
    row.refresh_from_db()
    assert (row.number, row.issued_on) == ("26440001", TODAY)
    assert (row.issued_at, row.issued_by) == (NOW, staff)
    assert bool(row.file) is with_file
    assert not with_file or row.order.number in row.file.name
    assert written() == [("payments.issue_fapiao", staff, {"number": "26440001"})]
    told = [(f"fapiao-issued-{row.pk}", row.order.buyer_id)]
    assert mails() == told
    with pytest.raises(fapiao.CannotIssue):
        issue(row, staff, number="26440002")
    assert not Fapiao.objects.get(pk=other.pk).is_issued
    assert (Fapiao.objects.get(pk=row.pk).number, mails()) == ("26440001", told)


def reverse(row, staff, number="26449001"):
    return fapiao.reverse(fapiao=row, number=number, reversed_on=TODAY, actor=staff, now=NOW)


def test_reversed_it_is_noted_once_and_its_buyer_is_told():
    row, other = (FapiaoFactory(issued=True) for _ in range(2))
    asked, staff = FapiaoFactory(), UserFactory()
    for each in (row, asked):
        RefundFactory(order=each.order, created_at=NOW + DAY)
    for each in (other, asked):
        with pytest.raises(fapiao.CannotReverse):
            reverse(each, staff)
    reverse(row, staff)
    row.refresh_from_db()
    assert (row.reversal_number, row.reversed_on) == ("26449001", TODAY)
    assert written() == [("payments.reverse_fapiao", staff, {"number": "26449001"})]
    assert mails() == [(f"fapiao-reversed-{row.pk}", row.order.buyer_id)]
    with pytest.raises(fapiao.CannotReverse):
        reverse(row, staff, "26449002")


def correct(row, staff, number, reversal_number=""):
    return fapiao.correct(
        fapiao=row,
        number=number,
        reversal_number=reversal_number,
        reason="抄错了",
        actor=staff,
        now=NOW,
    )


def test_corrected_both_numbers_are_told_as_they_were_and_as_they_are():
    staff = UserFactory()
    stands = FapiaoFactory(issued=True, number="26440001")
    back = FapiaoFactory(
        issued=True, number="26440002", reversed_on=TODAY, reversal_number="26449002"
    )
    correct(stands, staff, "26440011")
    correct(back, staff, "26440002", "26449012")
    numbers = Fapiao.objects.order_by("pk").values_list("number", "reversal_number")
    assert list(numbers) == [("26440011", ""), ("26440002", "26449012")]
    first = {"before": "26440001", "number": "26440011"}
    second = {"before": "26440002 26449002", "number": "26440002 26449012"}
    logged = [data for _action, _user, data in written()]
    assert sorted(logged, key=str) == sorted(
        [each | {"reason": "抄错了"} for each in (first, second)], key=str
    )
    at = f"{NOW.timestamp():.0f}"
    keys = [(f"fapiao-corrected-{row.pk}-{at}", row.order.buyer_id) for row in (stands, back)]
    assert mails() == sorted(keys)
    for row, same in ((stands, ("26440011", "")), (back, ("26440002", "26449012"))):
        with pytest.raises(fapiao.NothingToCorrect):
            correct(row, staff, *same)
    with pytest.raises(fapiao.NothingToCorrect):
        correct(FapiaoFactory(), staff, "26440099")
    assert len(mails()) == 2


def test_a_number_that_stands_anywhere_else_is_taken():
    staff, back = (
        UserFactory(),
        FapiaoFactory(
            issued=True,
            number="26440000000000000002",
            reversed_on=TODAY,
            reversal_number="26440000000000009002",
        ),
    )
    row, due = FapiaoFactory(), FapiaoFactory(issued=True, number="26440000000000000003")
    RefundFactory(order=due.order, created_at=NOW + DAY)
    for number in ("26440000000000000002", "26440000000000009002"):
        for act, noted in ((issue, row), (reverse, due), (correct, due)):
            with pytest.raises(fapiao.NumberTaken) as problem:
                act(noted, staff, number)
            assert str(problem.value) == back.order.number
    for number in ("26440000000000000002", "26440000000000009002"):
        with pytest.raises(fapiao.NumberTaken):
            correct(due, staff, "26440000000000000003", number)
    assert mails() == []
    correct(back, staff, "26440000000000009002", "26440000000000000002")  # its own, exchanged
    issue(row, staff, "26440000000000000004")


def test_what_the_database_refuses_for_another_reason_is_no_number_taken():
    row = FapiaoFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        issue(row, UserFactory(), "")


# --- how each stands -----------------------------------------------------------------------------


def stands(row):
    found = fapiao.with_state().get(pk=row.pk)
    return found.state, found.refunded, found.refunded_before, fapiao.made_out_for(found)


def refund(row, amount, *, after=-SECOND, **fields):
    created_at = NOW + after
    RefundFactory(
        order=row.order, invoice=row.invoice, amount=amount, created_at=created_at, **fields
    )


def made(where, **fields):
    """A fapiao of ¥39, of an order or of a bill, beside others whose money went back."""
    order, (bill, other) = billed()
    RefundFactory(order=order, invoice=other, created_at=NOW + DAY)
    RefundFactory(created_at=NOW + DAY)
    if where == "order":
        return FapiaoFactory(order=order, **fields)
    return FapiaoFactory(order=order, invoice=bill, **fields)


@pytest.mark.parametrize("where", ["order", "bill"])
def test_a_fapiao_is_for_what_had_not_gone_back(where):
    asked = made(where)
    assert stands(asked) == ("asked", 0, 0, 3900)
    refund(asked, 900)
    refund(asked, 700, status="failed")
    refund(asked, 100, status="pending")
    assert stands(asked) == ("asked", 1000, 1000, 2900)
    issued = made(where, issued=True)
    assert stands(issued) == ("issued", 0, 0, 3900)
    refund(issued, 900)
    assert stands(issued) == ("issued", 900, 900, 3000)
    refund(issued, 700, after=DAY, status="failed")
    assert stands(issued) == ("issued", 900, 900, 3000)
    refund(issued, 1000, after=timedelta())
    assert stands(issued) == ("to_reverse", 1900, 900, 3000)
    refund(issued, 2000, after=DAY)
    assert stands(issued) == ("to_reverse", 3900, 900, 3000)
    Fapiao.objects.filter(pk=issued.pk).update(reversed_on=TODAY, reversal_number="26449009")
    assert stands(issued) == ("reversed", 3900, 900, 3000)
    states = ("asked", "issued", "to_reverse", "reversed", "void")
    assert [fapiao.number_in(state) for state in states] == [1, 0, 0, 1, 0]
    assert [fapiao.state_of(row) for row in (asked, issued)] == ["asked", "reversed"]


def test_when_all_went_back_before_there_is_nothing_to_make_out():
    bill, order = made("bill"), made("order")
    refund(bill, 3899)
    assert stands(bill) == ("asked", 3899, 3899, 1)
    refund(bill, 1)
    refund(order, 3900)
    Order.objects.filter(pk=order.order_id).update(status="refunded")
    assert [stands(row) for row in (bill, order)] == [("void", 3900, 3900, 0)] * 2
    refund(bill, 100)
    assert stands(bill)[-1] == 0


@pytest.mark.parametrize("where", ["order", "bill"])
def test_what_the_bank_took_back_is_not_made_out_and_what_was_is_reversed(where):
    for issued, then in ((False, "void"), (True, "to_reverse")):
        row = made(where, issued=issued)
        refund(row, 900)
        fields = {"order": row.order, "invoice": row.invoice, "amount": 3000, "status": "lost"}
        dispute = DisputeFactory(**fields, ended_at=NOW)
        DisputeFactory(status="lost")
        assert stands(row)[:2] == (then, 3900)
        assert stands(row)[3] == (3000 if issued else 0)  # what it was, or is, made out for
        Dispute.objects.filter(pk=dispute.pk).update(status="won")
        assert stands(row) == ("issued" if issued else "asked", 900, 900, 3000)


@pytest.mark.parametrize("where", ["order", "bill"])
def test_of_what_the_bank_took_in_part_the_rest_is_made_out(where):
    paid_once = OrderFactory(fulfilled=True, amount=3900)
    row = made(where) if where == "bill" else FapiaoFactory(order=paid_once)
    of_it = {"order": row.order, "invoice": row.invoice}
    dispute = DisputeFactory(**of_it, amount=1000)

    def asked_of():
        return fapiao.of_payment(row.order, row.invoice)

    assert asked_of().is_going_back
    assert not asked_of().may_ask
    Dispute.objects.filter(pk=dispute.pk).update(status="lost", ended_at=NOW - SECOND)
    refund(row, 900)
    assert (asked_of().kept, asked_of().may_ask) == (2000, True)
    assert stands(row) == ("asked", 1900, 1900, 2000)
    Fapiao.objects.filter(pk=row.pk).update(number="26442999", issued_at=NOW, issued_on=TODAY)
    assert stands(row) == ("issued", 1900, 1900, 2000)
    DisputeFactory(**of_it, amount=2000, status="lost", ended_at=NOW)
    assert stands(row) == ("to_reverse", 3900, 1900, 2000)
    assert asked_of().kept == 0
