"""Who may have what given back, and what is told: rows alone, Stripe is asked by a job."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from wagtail.models import ModelLogEntry

from accounts import roles
from accounts.models import OutboxMessage
from payments import refund_requests
from payments.models import Order, RefundRequest
from tests.factories import UserFactory
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    InvoiceFactory,
    OrderFactory,
    PriceFactory,
    RefundFactory,
    SubscriptionFactory,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
State = RefundRequest.Status


@pytest.fixture(autouse=True)
def limit(settings):
    settings.REFUNDS_ALONE = {"CNY": Decimal(100)}


@pytest.fixture
def finance():
    person = UserFactory()
    person.groups.add(Group.objects.get(name=roles.FINANCE))
    return person


@pytest.fixture
def order():
    """¥200, paid once."""
    return OrderFactory(price=PriceFactory(amount=20000), fulfilled=True)


def approve(order, actor, **fields):
    return refund_requests.approve(
        **{"order": order, "actor": actor, "reason": "不合意", "now": NOW} | fields
    )


def ask(order, **fields):
    return refund_requests.ask(**{"order": order, "learner": order.buyer, "now": NOW} | fields)


def billed(**fields):
    """A subscription's order, with a bill of ¥39 that was paid."""
    row = SubscriptionFactory()
    order = OrderFactory(fulfilled=True, buyer=row.learner, subscription=row)
    return order, InvoiceFactory(**{"subscription": row} | fields)


# --- asking --------------------------------------------------------------------------------------


def test_asked_twice_it_is_one_wish_with_the_first_words(order):
    first = ask(order, note="读" * 600)
    assert ask(order, note="再说一次") == first
    assert (first.note, first.status, first.asked_by) == ("读" * 500, State.ASKED, order.buyer)


def test_each_bill_and_the_order_itself_have_their_own_wish():
    order, bill = billed()
    assert ask(order, invoice=bill) != ask(order)
    assert ask(OrderFactory(fulfilled=True)) != ask(order)


@pytest.mark.parametrize("status", [State.DECLINED, State.DONE])
def test_after_an_answer_one_may_ask_again(order, status):
    first = ask(order)
    RefundRequest.objects.update(status=status)
    assert ask(order) != first


# --- deciding ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "status"), [(10000, State.APPROVED), (10001, State.PROPOSED), (None, State.PROPOSED)]
)
def test_above_the_limit_another_has_to_confirm(order, finance, amount, status):
    request = approve(order, finance, amount=amount)
    assert (request.status, request.amount) == (status, amount or 20000)
    assert request.needs_second is (status == State.PROPOSED)
    assert request.alone_from == (NOW + DAY if request.needs_second else None)
    assert (request.decided_by, request.decided_at) == (finance, NOW)
    action = "payments.propose" if request.needs_second else "payments.refund"
    assert ModelLogEntry.objects.get(action=action).user == finance


def test_parts_of_one_payment_count_together(order, finance):
    RefundFactory(order=order, amount=6000, payment_intent_id=order.payment_intent_id)
    RefundFactory(amount=6000, payment_intent_id="pi_another")
    for fields in ({"status": "failed"}, {"account": "acct_other"}):
        RefundFactory(order=order, amount=6000, payment_intent_id=order.payment_intent_id, **fields)
    assert refund_requests.remaining(order, None) == 14000
    assert refund_requests.is_above_limit(order, None, 4001)
    assert not refund_requests.is_above_limit(order, None, 4000)


def test_no_more_goes_back_than_is_left(order, finance):
    with pytest.raises(refund_requests.MoreThanPaid):
        approve(order, finance, amount=20001)
    RefundFactory(order=order, amount=20000, payment_intent_id=order.payment_intent_id)
    with pytest.raises(refund_requests.CannotRefund):
        approve(order, finance)
    assert not RefundRequest.objects.exists()


def test_what_was_never_paid_is_not_given_back(finance):
    order = OrderFactory()
    assert refund_requests.remaining(order, None) == 0
    with pytest.raises(refund_requests.CannotRefund):
        approve(order, finance)


def test_credit_is_the_payers_already():
    order, bill = billed()
    order.subscription.object = {"customer": {"id": "cus_1", "balance": -1000}}
    assert refund_requests.remaining(order, bill) == 2900


def test_a_subscriptions_last_bill_is_meant_unless_another_is_named(finance):
    order, old = billed(created_at=NOW - 30 * DAY, paid_at=NOW - 30 * DAY)
    last = InvoiceFactory(subscription=order.subscription)
    assert approve(order, finance, amount=100).invoice == last
    assert approve(order, finance, invoice=old, amount=100).invoice == old


def test_the_wish_that_stands_is_decided_with_its_words(order, finance):
    wish = ask(order, note="没时间")
    request = approve(order, finance, amount=5000, ends_access=True, reason="准" * 400)
    assert request == wish
    request.refresh_from_db()
    assert (request.note, request.reason, request.ends_access) == ("没时间", "准" * 300, True)
    again = approve(order, finance, amount=4000)  # it is on its way
    assert (again, again.amount) == (request, 5000)


def test_what_the_bank_decides_about_waits_for_it(order, finance):
    DisputeFactory(payment_intent_id="pi_another")
    DisputeFactory(payment_intent_id=order.payment_intent_id, account="acct_other")
    DisputeFactory(payment_intent_id=order.payment_intent_id, status="won")
    assert not refund_requests.is_disputed(order, None)
    DisputeFactory(order=order, payment_intent_id=order.payment_intent_id)
    with pytest.raises(refund_requests.Disputed):
        approve(order, finance)
    unpaid = OrderFactory()
    DisputeFactory(payment_intent_id="")
    assert not refund_requests.is_disputed(unpaid, None)


# --- the second person ---------------------------------------------------------------------------


def confirm(request, actor, now=NOW):
    return refund_requests.confirm(request=request, actor=actor, now=now)


def test_a_colleague_confirms_at_once_and_stands_in_the_log(order, finance):
    colleague = UserFactory()
    colleague.groups.add(Group.objects.get(name=roles.FINANCE))
    approve(OrderFactory(price=order.price, fulfilled=True), finance)  # another one that waits
    request = confirm(approve(order, finance), colleague)
    request.refresh_from_db()
    assert (request.status, request.confirmed_by) == (State.APPROVED, colleague)
    assert request.confirmed_at == NOW
    assert ModelLogEntry.objects.get(action="payments.confirm_refund").user == colleague
    with pytest.raises(refund_requests.CannotRefund):
        confirm(request, colleague)


def test_alone_one_confirms_after_a_day_to_the_second(order, finance):
    request = approve(order, finance)
    with pytest.raises(refund_requests.NeedsAnother):
        confirm(request, finance, NOW + DAY - timedelta(seconds=1))
    assert confirm(request, finance, NOW + DAY).status == State.APPROVED


def test_with_a_colleague_nobody_confirms_their_own(order, finance):
    UserFactory().groups.add(Group.objects.get(name=roles.FINANCE))
    request = approve(order, finance)
    with pytest.raises(refund_requests.NeedsAnother):
        confirm(request, finance, NOW + 2 * DAY)


def test_what_went_back_meanwhile_is_not_confirmed(order, finance):
    request = approve(order, finance)
    payment = {"order": order, "payment_intent_id": order.payment_intent_id}
    RefundFactory(amount=1, **payment)
    with pytest.raises(refund_requests.MoreThanPaid):
        confirm(request, UserFactory())
    RefundFactory(amount=19999, **payment)
    with pytest.raises(refund_requests.CannotRefund):
        confirm(request, UserFactory())
    request.refresh_from_db()
    assert request.status == State.PROPOSED


# --- saying no -----------------------------------------------------------------------------------


def decline(request, actor, **fields):
    usual = {"request": request, "actor": actor, "reason": "过了期限", "now": NOW + DAY}
    return refund_requests.decline(**usual | fields)


def mails_to(person):
    return OutboxMessage.objects.filter(user=person)


def test_who_asked_is_told_why_not(order, finance):
    request = decline(ask(order), finance, reason="不" * 400)
    request.refresh_from_db()
    assert (request.status, request.decline_reason) == (State.DECLINED, "不" * 300)
    assert (request.declined_by, request.declined_at) == (finance, NOW + DAY)
    assert (request.reason, request.decided_by, request.decided_at) == ("", None, None)
    assert mails_to(order.buyer).exists()
    with pytest.raises(refund_requests.CannotRefund):
        decline(request, finance)


def test_who_never_asked_is_told_nothing_and_what_was_proposed_stays(order, finance):
    proposed = approve(order, finance)
    was = (proposed.reason, proposed.decided_by, proposed.decided_at)
    declined = decline(proposed, UserFactory())
    declined.refresh_from_db()
    assert declined.status == State.DECLINED
    assert (declined.reason, declined.decided_by, declined.decided_at) == was
    assert not mails_to(order.buyer).exists()


@pytest.mark.parametrize("status", [State.APPROVED, State.DONE])
def test_what_stripe_was_told_is_not_declined(order, finance, status):
    request = ask(order)
    RefundRequest.objects.update(status=status)
    with pytest.raises(refund_requests.CannotRefund):
        decline(request, finance)


# --- what goes back by itself --------------------------------------------------------------------


def test_what_opens_nothing_goes_back_once_and_its_buyer_is_told(order):
    order.note = Order.Note.BOUGHT_TWICE
    another = ask(OrderFactory(fulfilled=True))
    for _ in range(2):
        refund_requests.give_back(order, now=NOW)
    another.refresh_from_db()
    assert another.status == State.ASKED
    request = RefundRequest.objects.get(order=order)
    assert (request.status, request.asked_by, request.decided_at) == (State.APPROVED, None, NOW)
    assert request.reason == str(Order.Note.BOUGHT_TWICE.label)
    assert mails_to(order.buyer).count() == 1


def test_a_bill_goes_back_beside_the_order_without_a_letter_where_nothing_is_noted():
    order, bill = billed()
    refund_requests.give_back(order, now=NOW)
    refund_requests.give_back(order, invoice=bill, reason="来得太晚", now=NOW)
    assert RefundRequest.objects.get(invoice=bill).reason == "来得太晚"
    assert RefundRequest.objects.count() == 2
    assert not mails_to(order.buyer).exists()


def promise(order):
    return refund_requests.keep_promise(
        order=order, reason="课程不办了", asked_by=order.buyer, now=NOW
    )


def test_what_was_promised_goes_back_whole_without_a_second_person(order, finance):
    request = promise(order)
    assert (request.status, request.amount) == (State.APPROVED, 20000)
    assert request.needs_second is False
    assert promise(order) == request


def test_a_promise_takes_over_what_finance_weighs(order, finance):
    waiting = approve(order, finance, amount=15000)
    assert waiting.status == State.PROPOSED
    request = promise(order)
    assert (request, request.status, request.amount) == (waiting, State.APPROVED, 20000)


def test_a_part_on_its_way_comes_before_the_promise(order, finance):
    approve(order, finance, amount=5000)
    with pytest.raises(refund_requests.CannotRefund):
        promise(order)


def test_the_limit_is_in_each_currencys_own_units(settings):
    settings.REFUNDS_ALONE = {"CNY": Decimal("1.5"), "JPY": Decimal(300), "KWD": Decimal("0.5")}
    limits = [refund_requests.limit(each) for each in ("CNY", "JPY", "KWD", "USD")]
    assert limits == [150, 300, 500, 0]
