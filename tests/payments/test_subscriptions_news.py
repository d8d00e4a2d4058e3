"""What follows from a subscription and its bill as Stripe tells of them: shapes, no Stripe behind
them."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from accounts.models import DELETED, OutboxMessage
from courses.models import Grant
from payments import entitlement, gateway, promotions, subscriptions
from payments.models import (
    Difference,
    Invoice,
    MoneyEntry,
    Order,
    RefundRequest,
    StripePrice,
    Subscription,
    Trial,
)
from tests.factories import MembershipFactory
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    InvoiceFactory,
    OrderFactory,
    PromotionFactory,
    RefundFactory,
    SubscriptionFactory,
    membership_prices,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BEGAN = NOW - DAY
ENDS = NOW + 29 * DAY


def seconds(moment):
    return int(moment.timestamp())


@pytest.fixture
def prices():
    return membership_prices()


@pytest.fixture
def order(prices):
    """Of a month at ¥39, not begun yet."""
    return OrderFactory(price=prices["month"], session_id="cs_1")


CARD = {"brand": "visa", "last4": "4242", "exp_year": 2028, "exp_month": 2}


class Stripe:
    """What it answers. Each object is one dictionary that a test changes."""

    def __init__(self, order):
        month = {"id": "price_month", "unit_amount": 3900, "currency": "cny", "product": "prod_1"}
        self.bill = {
            "id": "in_1",
            "object": "invoice",
            "status": "paid",
            "amount_due": 3900,
            "amount_paid": 3900,
            "currency": "cny",
            "billing_reason": "subscription_create",
            "attempt_count": 1,
            "created": seconds(BEGAN),
            "status_transitions": {"finalized_at": seconds(BEGAN), "paid_at": seconds(BEGAN)},
            "payments": {"data": [{"status": "paid", "payment": {"payment_intent": "pi_1"}}]},
            "parent": {"subscription_details": {"subscription": "sub_1"}},
            "lines": {"data": []},
        }
        self.subscription = {
            "id": "sub_1",
            "object": "subscription",
            "status": "active",
            "customer": {"id": "cus_1"},
            "default_payment_method": {"id": "pm_1", "card": CARD},
            "items": {
                "data": [
                    {
                        "id": "si_1",
                        "quantity": 1,
                        "price": month,
                        "current_period_start": seconds(BEGAN),
                        "current_period_end": seconds(ENDS),
                    }
                ]
            },
            "start_date": seconds(BEGAN),
            "cancel_at_period_end": False,
            "cancel_at": None,
            "pause_collection": None,
            "ended_at": None,
            "trial_end": None,
            "discounts": [],
            "latest_invoice": self.bill,
            "metadata": {"order": str(order.key)} if order else {},
        }
        self.payment = {
            "id": "pi_1",
            "status": "succeeded",
            "latest_charge": {
                "id": "ch_1",
                "status": "succeeded",
                "amount": 3900,
                "currency": "cny",
                "balance_transaction": None,
            },
        }

    def refresh(self, now=NOW):
        subscriptions.refresh("sub_1", now=now)
        return Subscription.objects.get(stripe_id="sub_1")

    def renewed(self, **fields):
        """The next bill, as the latest."""
        self.bill = self.bill | {"id": "in_2", "billing_reason": "subscription_cycle"} | fields
        self.payment = self.payment | {"id": "pi_2"}
        self.bill["payments"] = {
            "data": [{"status": "paid", "payment": {"payment_intent": "pi_2"}}]
        }
        self.subscription["latest_invoice"] = self.bill


@pytest.fixture
def stripe(order, monkeypatch):
    gateway.ours()  # asked of Stripe once, outside every transaction
    made = Stripe(order)
    monkeypatch.setattr(gateway, "retrieve_subscription", lambda id: made.subscription)
    monkeypatch.setattr(gateway, "retrieve_invoice", lambda id: made.bill)
    monkeypatch.setattr(gateway, "retrieve_payment_intent", lambda id: made.payment)
    return made


def mails(kind):
    return OutboxMessage.objects.filter(key__startswith=kind)


# --- what is kept --------------------------------------------------------------------------------


def test_a_subscription_is_kept_as_it_was_told(stripe, order):
    row = stripe.refresh()
    assert (row.status, row.customer_id, row.amount, row.currency) == (
        "active",
        "cus_1",
        3900,
        "CNY",
    )
    assert (row.started_at, row.period_start, row.period_end) == (BEGAN, BEGAN, ENDS)
    assert (row.cancel_at_period_end, row.cancel_at, row.ended_at) == (False, None, None)
    assert (row.collection_paused, row.past_due_since) == (False, None)
    assert (row.card, row.card_expires_on) == ("Visa 4242", date(2028, 2, 29))
    assert (row.learner, row.offer) == (order.buyer, order.price.offer)
    order.refresh_from_db()
    assert order.subscription == row


def test_what_is_told_of_its_end_and_a_pause_is_kept(stripe):
    stripe.subscription |= {
        "cancel_at_period_end": True,
        "cancel_at": seconds(ENDS),
        "ended_at": seconds(NOW),
        "pause_collection": {"behavior": "void"},
    }
    row = stripe.refresh()
    assert (row.cancel_at_period_end, row.cancel_at, row.ended_at) == (True, ENDS, NOW)
    assert row.collection_paused


@pytest.mark.parametrize(
    ("item", "amount"),
    [({"quantity": 3}, 11700), ({"quantity": None}, 3900), ({"price": {"unit_amount": None}}, 0)],
)
def test_what_it_costs_is_the_price_by_the_number(stripe, item, amount):
    [first] = stripe.subscription["items"]["data"]
    price = first["price"] | item.get("price", {})
    first |= item | {"price": price}
    assert stripe.refresh().amount == amount


@pytest.mark.parametrize(
    ("fields", "card"),
    [
        ({"default_payment_method": None}, ""),
        ({"default_payment_method": "pm_1"}, ""),
        ({"default_payment_method": {"id": "pm_1"}}, ""),
        (
            {"default_payment_method": {"card": CARD | {"brand": "unionpay"}}},
            "UnionPay 4242",
        ),
        (
            {
                "default_payment_method": None,
                "customer": {
                    "id": "cus_1",
                    "invoice_settings": {"default_payment_method": {"card": CARD}},
                },
            },
            "Visa 4242",
        ),
        (
            {
                "default_payment_method": {"card": CARD | {"last4": "1881"}},
                "customer": {
                    "id": "cus_1",
                    "invoice_settings": {"default_payment_method": {"card": CARD}},
                },
            },
            "Visa 1881",
        ),
        ({"default_payment_method": None, "customer": "cus_1"}, ""),
    ],
)
def test_the_card_is_its_own_or_the_customers(stripe, fields, card):
    stripe.subscription |= fields
    row = stripe.refresh()
    assert (row.card, row.card_expires_on is None) == (card, not card)
    assert row.customer_id == "cus_1"


@pytest.mark.parametrize(
    ("status", "bill", "since"),
    [
        ("past_due", {}, NOW - 2 * DAY),
        ("past_due", {"status_transitions": None}, BEGAN),
        ("past_due", {"status_transitions": {"finalized_at": None}}, BEGAN),
        ("past_due", {"status": "draft"}, NOW - 5 * DAY),  # as it was
        ("past_due", None, NOW - 5 * DAY),
        ("unpaid", {}, NOW - 5 * DAY),
        ("canceled", {}, NOW - 5 * DAY),
        ("active", {}, None),
        ("trialing", {}, None),
    ],
)
def test_it_fails_since_its_bill_fell_due(stripe, status, bill, since):
    SubscriptionFactory(stripe_id="sub_1", past_due_since=NOW - 5 * DAY)
    usual = {"status": "open", "status_transitions": {"finalized_at": seconds(NOW - 2 * DAY)}}
    stripe.bill |= usual | (bill or {})
    stripe.subscription["latest_invoice"] = stripe.bill if bill is not None else "in_1"
    stripe.subscription["status"] = status
    assert stripe.refresh().past_due_since == since


def test_where_it_went_over_to_another_offer_it_is_for_that(stripe, prices):
    other = membership_prices(MembershipFactory())["month"]
    for fields in ({"account": "acct_other", "price": other}, {"price": prices["year"]}):
        StripePrice.objects.create(
            **{"account": "acct_sandbox", "stripe_id": "price_month"} | fields
        )
    assert stripe.refresh().offer == prices["year"].offer


def test_an_answer_that_was_overtaken_changes_nothing(stripe, monkeypatch):
    stripe.refresh()
    old = stripe.subscription | {"status": "past_due"}

    def overtaken(subscription_id):
        monkeypatch.setattr(gateway, "retrieve_subscription", lambda id: stripe.subscription)
        stripe.refresh()
        return old

    monkeypatch.setattr(gateway, "retrieve_subscription", overtaken)
    assert stripe.refresh().status == "active"


def test_a_bill_is_kept_as_it_was_told(stripe):
    stripe.bill |= {"amount_due": 4000, "attempt_count": 2}
    row = stripe.refresh()
    bill = row.invoices.get()
    assert (bill.stripe_id, bill.status, bill.currency) == ("in_1", "paid", "CNY")
    assert (bill.amount_due, bill.amount_paid, bill.attempt_count) == (4000, 3900, 2)
    assert (bill.created_at, bill.paid_at) == (BEGAN, BEGAN)
    assert (bill.payment_intent_id, bill.needs_action) == ("pi_1", False)
    assert bill.billing_reason == "subscription_create"


def test_a_bill_is_kept_with_its_plan_and_rate(stripe, prices):
    prices["month"].stripe_prices.create(account="acct_sandbox", stripe_id="price_month")
    line = {
        "amount": 3900,
        "period": {"start": seconds(BEGAN), "end": seconds(ENDS)},
        "parent": {"subscription_item_details": {"proration": False}},
        "pricing": {"price_details": {"price": "price_month"}},
    }
    stripe.bill["lines"] = {"data": [line]}
    bill = stripe.refresh().invoices.get()
    assert (bill.yearly_rate, bill.offer) == (46800, prices["month"].offer)


def test_the_payment_that_paid_it_counts_before_one_that_failed(stripe, monkeypatch):
    asked = []

    def retrieve(payment):
        asked.append(payment)
        return stripe.payment

    monkeypatch.setattr(gateway, "retrieve_payment_intent", retrieve)
    failed = {"status": "open", "payment": {"payment_intent": "pi_0"}}
    stripe.bill["payments"]["data"].insert(0, failed)
    stripe.refresh()
    stripe.bill["payments"]["data"] = [failed]
    stripe.refresh()
    stripe.bill["payments"] = None
    stripe.refresh()
    assert asked == ["pi_1", "pi_0"]


def test_a_bank_that_asks_is_noted(stripe):
    stripe.bill["status"] = "open"
    stripe.payment |= {"status": "requires_action", "latest_charge": None}
    assert stripe.refresh().invoices.get().needs_action


def test_a_bills_news_fetches_what_it_is_of_and_the_latest_beside_it(stripe, monkeypatch):
    asked, other = [], stripe.bill | {"id": "in_0"}

    def retrieve(invoice):
        asked.append(invoice)
        return other if invoice == "in_0" else stripe.bill

    monkeypatch.setattr(gateway, "retrieve_invoice", retrieve)
    subscriptions.refresh_invoice("in_1", now=NOW)
    assert asked == ["in_1"]
    subscriptions.refresh_invoice("in_0", now=NOW)
    assert asked == ["in_1", "in_0", "in_1"]
    assert Invoice.objects.count() == 2


@pytest.mark.parametrize("parent", [None, {}, {"subscription_details": {"subscription": None}}])
def test_a_bill_of_no_subscription_is_none_of_ours(stripe, parent):
    stripe.bill["parent"] = parent
    subscriptions.refresh_invoice("in_1", now=NOW)
    assert not Subscription.objects.exists()


# --- how it begins -------------------------------------------------------------------------------


def begun(stripe, order, **fields):
    stripe.subscription |= fields
    stripe.refresh()
    order.refresh_from_db()
    return order


def test_the_first_news_opens_it_once(stripe, order):
    for _ in range(2):
        begun(stripe, order)
    assert (order.status, order.note) == (Order.Status.FULFILLED, "")
    assert (order.paid_at, order.starts_at, order.fulfilled_at) == (BEGAN, BEGAN, NOW)
    opened = Grant.objects.get()
    assert (opened.source_kind, opened.membership) == (
        Grant.Source.SUBSCRIPTION,
        order.price.offer.membership,
    )
    assert (opened.starts_at, opened.ends_at) == (BEGAN, ENDS + DAY)
    assert mails("membership-begun").count() == 1
    assert not Trial.objects.exists()


def test_where_stripes_clock_is_ahead_it_begins_now(stripe, order):
    assert begun(stripe, order, start_date=seconds(NOW + DAY)).paid_at == NOW


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired", "unpaid", "canceled"])
def test_what_is_not_in_force_begins_nothing(stripe, order, status):
    begun(stripe, order, status=status)
    assert (order.status, order.subscription) == (Order.Status.OPEN, Subscription.objects.get())
    assert not Grant.objects.exists()
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("metadata", [None, {}, {"order": "2b1c0a52-6a0a-4f43-9d5f-bf1b2ad9b0a8"}])
def test_one_made_at_stripe_by_hand_is_kept_and_opens_nothing(stripe, order, metadata):
    begun(stripe, order, metadata=metadata)
    row = Subscription.objects.get()
    assert (row.learner, row.offer, row.amount) == (None, None, 3900)
    assert row.invoices.count() == 1
    assert order.status == Order.Status.OPEN
    assert not Grant.objects.exists()


def test_an_order_of_another_account_is_none_of_its(stripe, order):
    Order.objects.update(account="acct_other")
    assert begun(stripe, order).status == Order.Status.OPEN


@pytest.mark.parametrize(
    ("fields", "ours"),
    [({"amount_paid": 3800}, {}), ({}, {"amount": 3800, "discount": 100})],
)
def test_another_amount_than_was_shown_waits_for_a_person(stripe, order, fields, ours):
    stripe.bill |= fields
    if ours:
        Order.objects.update(promotion=PromotionFactory(), **ours)
    begun(stripe, order)
    assert (order.status, order.note) == (Order.Status.PARKED, Order.Note.OTHER_AMOUNT)
    assert not Grant.objects.exists()
    assert Difference.objects.get().what == "amount"
    begun(stripe, order)  # whatever comes of it later
    assert order.status == Order.Status.PARKED


def test_where_the_renewal_is_told_of_first_its_amount_is_not_held_against_the_order(stripe, order):
    stripe.renewed(amount_paid=3000)
    assert begun(stripe, order).status == Order.Status.FULFILLED


def test_a_code_that_others_used_up_waits_for_a_person(stripe, order):
    promotion = PromotionFactory(max_uses=1)
    Order.objects.filter(pk=order.pk).update(promotion=promotion)
    order.refresh_from_db()
    promotions.reserve(order=order, now=BEGAN)
    promotion.uses.update(released_at=BEGAN)
    promotions.reserve(order=OrderFactory(promotion=promotion), now=BEGAN)
    begun(stripe, order)
    assert (order.status, order.note) == (Order.Status.PARKED, Order.Note.CODE_USED_UP)
    assert not Grant.objects.exists()


@pytest.mark.parametrize("change", [{"unit_amount": 4900}, {"currency": "usd"}])
def test_what_would_renew_otherwise_waits_for_a_person(stripe, order, change):
    stripe.subscription["items"]["data"][0]["price"] |= change
    assert begun(stripe, order).status == Order.Status.PARKED


def test_a_trial_that_was_not_shown_waits_for_a_person(stripe, order):
    assert begun(stripe, order, trial_end=seconds(ENDS)).status == Order.Status.PARKED


def on_trial(stripe, order):
    Order.objects.update(trial_days=7)
    order.refresh_from_db()
    stripe.bill |= {"amount_due": 0, "amount_paid": 0, "payments": {"data": []}}
    return begun(stripe, order, status="trialing", trial_end=seconds(ENDS))


def test_a_trial_is_noted_once_and_charges_nothing(stripe, order):
    assert on_trial(stripe, order).status == Order.Status.FULFILLED
    trial = Trial.objects.get()
    assert (trial.learner, trial.order, trial.began_at) == (order.buyer, order, BEGAN)
    assert Grant.objects.get().ends_at == ENDS + DAY


def test_a_trials_later_news_begin_it_no_second_time(stripe, order):
    on_trial(stripe, order)
    assert begun(stripe, order).status == Order.Status.FULFILLED
    assert (order.note, Trial.objects.count()) == ("", 1)


def test_it_opens_what_it_is_for_now(stripe, order):
    other = membership_prices(MembershipFactory())["month"]
    StripePrice.objects.create(account="acct_sandbox", stripe_id="price_month", price=other)
    begun(stripe, order)
    assert Grant.objects.get().membership == other.offer.membership


def test_voiding_is_of_its_own_open_bills_and_skips_what_stripe_keeps(stripe, order, monkeypatch):
    begun(stripe, order)
    row = Subscription.objects.get()
    for number, each in enumerate((row, row, SubscriptionFactory())):
        InvoiceFactory(stripe_id=f"in_open{number}", status="open", subscription=each)
    asked, fetched = [], []

    def void(invoice):
        asked.append(invoice)
        if len(asked) == 1:
            raise gateway.Refused

    monkeypatch.setattr(gateway, "void_invoice", void)
    monkeypatch.setattr(subscriptions, "refresh_invoice", lambda id, now: fetched.append(id))
    subscriptions.void_open_bills.func(subscription="sub_1")
    assert sorted(asked) == ["in_open0", "in_open1"]
    assert fetched == asked[1:]


def test_a_second_trial_is_ended_and_told(stripe, order):
    Trial.objects.create(
        learner=order.buyer, order=OrderFactory(), began_at=BEGAN, account="acct_sandbox"
    )
    on_trial(stripe, order)
    assert (order.status, order.note) == (Order.Status.REFUNDED, Order.Note.BOUGHT_TWICE)
    assert not Grant.objects.exists()
    assert not RefundRequest.objects.exists()
    assert OutboxMessage.objects.get(user=order.buyer)


def test_another_persons_trial_hinders_none(stripe, order):
    Trial.objects.create(
        learner=OrderFactory().buyer, order=OrderFactory(), began_at=BEGAN, account="acct_sandbox"
    )
    assert on_trial(stripe, order).status == Order.Status.FULFILLED


def test_what_is_had_already_goes_back(stripe, order):
    had = {"source_kind": Grant.Source.PURCHASE, "source_id": "another", "starts_at": BEGAN}
    Grant.objects.create(learner=order.buyer, membership=order.price.offer.membership, **had)
    begun(stripe, order)
    assert order.note == Order.Note.BOUGHT_TWICE
    assert RefundRequest.objects.get().invoice == Invoice.objects.get(stripe_id="in_1")
    assert Grant.objects.count() == 1


def test_what_a_deleted_account_paid_goes_back(stripe, order):
    order.buyer.email = f"gone{DELETED}"
    order.buyer.save()
    begun(stripe, order)
    assert order.note == Order.Note.ACCOUNT_DELETED
    assert RefundRequest.objects.get()
    assert not Grant.objects.exists()


# --- how it goes on ------------------------------------------------------------------------------


def test_each_renewal_is_entered_and_has_its_receipt_once(stripe, order):
    begun(stripe, order)
    assert not mails("renewal-receipt").exists()
    stripe.payment["latest_charge"]["balance_transaction"] = {
        "id": "txn_2",
        "type": "charge",
        "source": "ch_1",
        "amount": 3900,
        "fee": 100,
        "net": 3800,
        "currency": "cny",
        "created": seconds(NOW),
    }
    stripe.renewed()
    for _ in range(2):
        stripe.refresh()
    assert mails("renewal-receipt").count() == 1
    entry = MoneyEntry.objects.get()
    assert (entry.order, entry.invoice) == (order, Invoice.objects.get(stripe_id="in_2"))


@pytest.mark.parametrize(
    ("fields", "receipts"),
    [
        ({"status": "open"}, 0),
        ({"amount_paid": 0}, 0),
        ({"billing_reason": "manual"}, 0),
        ({"billing_reason": "subscription_update"}, 1),  # whole periods: a pause has ended
        (
            {
                "billing_reason": "subscription_update",
                "lines": {
                    "data": [
                        {
                            "amount": 100,
                            "parent": {"subscription_item_details": {"proration": True}},
                        }
                    ]
                },
            },
            0,
        ),
    ],
)
def test_only_a_paid_renewal_has_a_receipt(stripe, order, fields, receipts):
    begun(stripe, order)
    stripe.renewed(**fields)
    stripe.refresh()
    assert mails("renewal-receipt").count() == receipts


@pytest.mark.parametrize(
    ("status", "ended", "paid", "back"),
    [
        ("canceled", NOW - DAY, NOW, True),
        ("canceled", NOW, NOW, False),
        ("canceled", NOW, NOW - DAY, False),
        ("active", None, NOW, False),
    ],
)
def test_what_is_paid_after_the_end_goes_back(stripe, order, status, ended, paid, back):
    begun(stripe, order)
    stripe.renewed(status_transitions={"paid_at": seconds(paid)})
    stripe.subscription |= {"status": status, "ended_at": seconds(ended) if ended else None}
    stripe.refresh()
    assert RefundRequest.objects.exists() is back
    assert mails("renewal-receipt").exists() is not back


def test_who_cancels_has_a_mail_once_and_again_after_going_on(stripe, order):
    begun(stripe, order)
    for canceled_at in (1, 1, None, 2):
        ending = {"cancel_at_period_end": canceled_at is not None, "canceled_at": canceled_at}
        stripe.subscription |= ending
        stripe.refresh()
    assert mails("cancelled-").count() == 2


def test_one_that_was_cancelled_before_we_knew_it_has_none(stripe, order):
    begun(stripe, order, cancel_at_period_end=True)
    assert not mails("cancelled-").exists()


@pytest.mark.parametrize(("status", "voids"), [("canceled", True), ("past_due", False)])
def test_the_open_bill_of_what_has_ended_is_voided(stripe, order, monkeypatch, status, voids):
    begun(stripe, order)
    queued = []
    job = SimpleNamespace(enqueue=lambda **told: queued.append(told))
    monkeypatch.setattr(subscriptions, "void_open_bills", job)
    stripe.renewed(status="open")
    stripe.subscription |= {"status": status, "ended_at": seconds(NOW)}
    stripe.refresh()
    assert queued == ([{"subscription": "sub_1"}] if voids else [])


# --- what it opens -------------------------------------------------------------------------------


def settled(stripe, **fields):
    row = Subscription.objects.get()
    for name, value in fields.items():
        setattr(row, name, value)
    subscriptions.settle(row, now=NOW)
    return Grant.objects.filter(source_id=row.source_id).get()


@pytest.mark.parametrize("status", ["canceled", "unpaid"])
def test_its_end_is_told_once(stripe, order, status):
    begun(stripe, order)
    for _ in range(2):
        assert settled(stripe, status=status, ended_at=NOW).ends_at == NOW
    assert mails("membership-ended").count() == 1


@pytest.mark.parametrize("status", ["active", "past_due"])
def test_what_goes_on_is_not_told_to_have_ended(stripe, order, status):
    begun(stripe, order)
    settled(stripe, status=status, past_due_since=NOW)
    assert not mails("membership-ended").exists()
    assert mails("payment-failed").exists() is (status == "past_due")


@pytest.mark.parametrize("status", ["canceled", "past_due"])
def test_what_was_given_back_or_is_disputed_is_not_written_about_again(stripe, order, status):
    begun(stripe, order)
    bill = Invoice.objects.get()
    DisputeFactory(order=order, invoice=bill, created_at=NOW)
    shut = settled(stripe, status=status, ended_at=NOW, past_due_since=NOW)
    assert shut.withdrawn_at == NOW
    assert shut.changes.latest("pk").reason == entitlement.DISPUTED
    assert not mails("membership-ended").exists()
    assert not mails("payment-failed").exists()


def test_of_several_disputes_the_first_counts_and_a_won_one_does_not(stripe, order):
    begun(stripe, order)
    bill = Invoice.objects.get()
    for status, days in (("won", 1), ("lost", 3), ("needs_response", 2)):
        DisputeFactory(order=order, invoice=bill, status=status, created_at=BEGAN + days * DAY)
    assert settled(stripe).withdrawn_at == BEGAN + 2 * DAY


def test_the_present_periods_refund_shuts_it_and_a_failed_one_opens_it_again(stripe, order):
    begun(stripe, order)
    bill = Invoice.objects.get()
    refund = RefundFactory(order=order, invoice=bill, amount=3900, created_at=NOW)
    shut = settled(stripe)
    assert (shut.withdrawn_at, shut.changes.latest("pk").reason) == (NOW, entitlement.GIVEN_BACK)
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    refund.status = "failed"
    refund.save()
    opened = settled(stripe)
    assert (opened.withdrawn_at, opened.changes.latest("pk").reason) == (None, "active")
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED


def test_an_older_periods_refund_shuts_nothing(stripe, order):
    begun(stripe, order)
    old = Invoice.objects.get()
    stripe.renewed(created=seconds(NOW))
    stripe.refresh()
    RefundFactory(order=order, invoice=old, amount=3900, created_at=NOW)
    assert settled(stripe).withdrawn_at is None


def test_a_disputed_one_stays_as_it_was_in_the_orders(stripe, order):
    begun(stripe, order)
    DisputeFactory(order=order, invoice=Invoice.objects.get(), created_at=NOW)
    settled(stripe)
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED


def test_what_ended_before_it_began_opens_no_time(stripe, order):
    begun(stripe, order)
    opened = settled(stripe, status="canceled", ended_at=BEGAN - DAY)
    assert opened.ends_at == BEGAN


@pytest.mark.parametrize("other", [{"source_kind": "purchase"}, {"source_id": "subscription-0"}])
def test_what_another_source_opened_is_not_taken_for_its_own(stripe, order, other):
    """Where nobody knows its state, access stays as it is: as this subscription opened it."""
    begun(stripe, order)
    mine = settled(stripe)
    own = {"source_kind": mine.source_kind, "source_id": mine.source_id}
    Grant.objects.create(
        learner=order.buyer,
        membership=mine.membership,
        starts_at=BEGAN - DAY,
        ends_at=ENDS + 90 * DAY,
        **(own | other),
    )
    row = Subscription.objects.get()
    row.status = "to_be_invented"
    subscriptions.settle(row, now=NOW)
    mine.refresh_from_db()
    assert mine.ends_at == ENDS + DAY


def test_a_state_that_nobody_knows_is_written_down(stripe, order):
    begun(stripe, order)
    assert settled(stripe, status="to_be_invented").ends_at == ENDS + DAY
    assert Difference.objects.get().what == "status"
