"""A subscription's life as it is told, whole, from rows alone."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import OutboxMessage
from payments import timeline
from payments.models import Cancellation, Pause, PlanChange, PriceChange
from payments.timeline import Event
from tests.factories import MembershipFactory, UserFactory
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    InvoiceFactory,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    RefundFactory,
    SubscriptionFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
END = NOW + 30 * DAY  # 23 December
BEGAN = NOW - 400 * DAY
CYCLE = "subscription_cycle"
PAGE = {"hosted_invoice_url": "https://stripe.example/bill"}


def over(**fields):
    """One of which nothing is to come."""
    return SubscriptionFactory(
        **{"status": "canceled", "started_at": None, "ended_at": NOW} | fields
    )


def told(row, now=NOW):
    """All but its end."""
    ended = "It ended. What you have studied is kept."
    return [event for event in timeline.of(row, now=now) if event.sentence != ended]


def bill(row, days_ago, **fields):
    """Made so long ago, and paid a minute later."""
    made = NOW - days_ago * DAY
    usual = {
        "created_at": made,
        "paid_at": made + timedelta(minutes=1) if fields.get("status", "paid") == "paid" else None,
        "billing_reason": CYCLE,
        "object": {"status_transitions": {"finalized_at": int(made.timestamp())}} | PAGE,
    }
    return InvoiceFactory(subscription=row, **usual | fields)


def ago(days):
    return NOW - days * DAY


# --- its beginning and end -----------------------------------------------------------------------


def test_it_begins_with_its_plan_a_trial_or_no_more_than_a_day():
    nothing_known = over(started_at=BEGAN)
    assert told(nothing_known) == [Event(BEGAN, "Begun.")]
    ordered = over(started_at=BEGAN)
    offer = OfferFactory(interval="year")
    OrderFactory(
        fulfilled=True, subscription=ordered, price=PriceFactory(offer=offer, amount=36500)
    )
    assert told(ordered) == [Event(BEGAN, "Begun: 全部课程 CN¥365/year.")]
    ordered.object = {"trial_end": int((BEGAN + 7 * DAY).timestamp())}
    assert told(ordered) == [Event(BEGAN, "Begun, on trial until 26 October 2025.")]
    assert told(over()) == []


def test_it_ends_once():
    assert timeline.of(over(), now=NOW) == [Event(NOW, "It ended. What you have studied is kept.")]
    assert timeline.of(over(ended_at=None), now=NOW) == []


# --- its bills -----------------------------------------------------------------------------------


def test_every_bill_tells_what_became_of_it_the_earliest_first():
    row = over()
    InvoiceFactory(created_at=ago(1))
    bill(row, 300, billing_reason="subscription_create", paid_at=ago(300) + DAY)
    late = bill(row, 200, amount_due=4000, amount_paid=3900, paid_at=ago(197))
    made = ago(190)
    bill(row, 190, paid_at=made + timedelta(minutes=10))
    refused = bill(row, 180, paid_at=ago(180) + timedelta(minutes=10, seconds=1), object=PAGE)
    refused.object = {"status_transitions": {"finalized_at": int(ago(180).timestamp())}}
    refused.save()
    bill(row, 170, paid_at=None)
    bill(row, 160, amount_paid=0)
    bill(row, 150, status="void")
    bill(row, 140, status="void", attempt_count=1)
    bill(row, 130, status="void", billing_reason="subscription_update", attempt_count=1)
    bill(row, 120, status="void", billing_reason="subscription_update")
    bill(row, 110, status="uncollectible", attempt_count=4, amount_due=4500)
    bill(row, 100, status="uncollectible")
    bill(row, 90, status="open", amount_paid=0)
    bill(row, 80, status="open", amount_paid=0, attempt_count=1)
    bill(row, 70, status="draft", amount_due=None, attempt_count=1)
    bill(row, 60, status="open", amount_due=None, currency="", attempt_count=1)
    InvoiceFactory(subscription=row, created_at=None)
    receipt = ("past", "Receipt", PAGE["hosted_invoice_url"])
    assert told(row) == [
        Event(ago(300) + DAY, "CN¥39 charged.", *receipt),
        Event(ago(200), "CN¥40 could not be charged.", "warn"),
        Event(late.paid_at, "CN¥39 charged.", *receipt),
        Event(made + timedelta(minutes=10), "CN¥39 charged.", *receipt),
        Event(ago(180), "CN¥39 could not be charged.", "warn"),
        Event(refused.paid_at, "CN¥39 charged.", "past", "Receipt"),
        Event(ago(170), "CN¥39 charged.", *receipt),
        Event(ago(150), "Nothing charged: it is paused."),
        Event(ago(140), "CN¥39 could not be charged.", "warn"),
        Event(ago(110), "CN¥45 could not be charged.", "warn"),
        Event(ago(80), "CN¥39 could not be charged.", "warn"),
        Event(ago(60), "CN¥0 could not be charged.", "warn"),
    ]


def test_what_can_still_be_paid_says_where():
    row = over(ended_at=None)
    pay = reverse("subscription_pay", args=[row.pk])
    bill(row, 20, status="open", attempt_count=1)
    bill(row, 10, status="open", attempt_count=1, needs_action=True)
    bill(row, 5, status="paid", needs_action=True)
    bill(row, 4, status="uncollectible", attempt_count=1)
    assert timeline.of(row, now=NOW) == [
        Event(ago(20), "CN¥39 could not be charged.", "warn", "Pay now", pay),
        Event(
            ago(10),
            "CN¥39 not charged yet: the bank asks the payer to confirm it.",
            "warn",
            "Answer and pay",
            pay,
        ),
        Event(ago(5) + timedelta(minutes=1), "CN¥39 charged.", "past", "Receipt", *PAGE.values()),
        Event(ago(4), "CN¥39 could not be charged.", "warn"),
    ]


def test_a_failed_renewal_says_until_when_all_stays_open():
    since = NOW.replace(hour=16)  # 24 November in Shanghai, just begun
    row = SubscriptionFactory(
        status="past_due", past_due_since=since, started_at=None, period_end=NOW - DAY
    )
    bill(row, 1, status="open", attempt_count=1)
    failed = "CN¥39 could not be charged."
    closes = "Its courses close, if nothing is paid until then."
    link = ("warn", "Pay now", reverse("subscription_pay", args=[row.pk]))
    grace = since + 7 * DAY
    assert timeline.of(row, now=grace - SECOND) == [
        Event(ago(1), f"{failed} All stays open until 30 November.", *link),
        Event(grace, closes, "warn"),
    ]
    assert timeline.of(row, now=grace) == [Event(ago(1), failed, *link)]
    row.past_due_since = None
    assert timeline.of(row, now=NOW) == [Event(ago(1), failed, *link)]
    row.past_due_since, row.status = since, "unpaid"
    assert timeline.of(row, now=NOW) == [Event(ago(1), failed, *link)]


def test_money_that_went_back_or_that_the_bank_looks_into_is_told_of_its_bill():
    row = over()
    paid = bill(row, 50)
    of_bill = {"order": None, "invoice": paid, "currency": "CNY"}
    RefundFactory(**of_bill, amount=900, created_at=ago(40))
    RefundFactory(**of_bill, amount=1000, created_at=ago(41), status="pending")
    RefundFactory(**of_bill, amount=1100, created_at=ago(42), status="failed")
    RefundFactory(**of_bill, amount=1200, created_at=None)
    RefundFactory(amount=1300)
    DisputeFactory(**of_bill, amount=2000, created_at=ago(30))
    DisputeFactory(**of_bill, amount=2100, created_at=ago(20), status="lost")
    DisputeFactory(**of_bill, amount=2200, created_at=ago(10), status="won")
    DisputeFactory(**of_bill, amount=2300, created_at=None)
    DisputeFactory(amount=2400)
    assert told(row)[1:] == [
        Event(ago(41), "CN¥10 is on its way back."),
        Event(ago(40), "CN¥9 was given back."),
        Event(ago(30), "The bank looks into CN¥20; until it decides, courses are closed.", "warn"),
        Event(ago(20), "The bank took CN¥21 back.", "warn"),
    ]


# --- mails, changes, pauses, cancellations ------------------------------------------------------


def mail(key, user, at):
    OutboxMessage.objects.create(key=key, user=user, created_at=at)


def test_mails_about_it_are_told_and_no_others():
    row, another = over(), over()
    mail(f"card-expiring-{row.pk}-202612", row.learner, ago(5))
    mail(f"payment-failed-{row.pk}-20261101-0", row.learner, ago(20))
    mail(f"payment-failed-{row.pk}-20261101-3", row.learner, ago(17))
    mail(f"renewal-notice-{row.pk}-20261101", row.learner, ago(25))
    mail(f"cancelled-{row.pk}-1", row.learner, ago(4))
    mail(f"renewal-notice-{row.pk}1-20261101", row.learner, ago(3))
    mail(f"renewal-notice-{another.pk}-20261101", another.learner, ago(2))
    mail(f"renewal-notice-{row.pk}-20261201", another.learner, ago(1))
    assert told(row) == [
        Event(ago(25), "Mail sent: a payment is coming."),
        Event(ago(20), "Mail sent: a payment did not succeed."),
        Event(ago(17), "Mail sent: a payment did not succeed."),
        Event(ago(5), "Mail sent: the card is about to expire."),
    ]


def plan_change(row, price, days_ago, *, at_period_end=True, **fields):
    usual = {
        "from_offer": row.offer,
        "from_amount": 3900,
        "created_at": ago(days_ago),
        "at_period_end": at_period_end,
        "effective_at": END if at_period_end else None,
        "prorated_at": None if at_period_end else NOW,
    }
    return PlanChange.objects.create(subscription=row, price=price, **usual | fields)


def new_price(row, amount=4900):
    price = PriceFactory(offer=row.offer, amount=amount)
    return PriceChange.objects.create(
        offer=row.offer, price=price, reason="更多课程", created_by=UserFactory(), created_at=NOW
    )


def plan(name="听书会员", interval="year", amount=18000):
    offer = OfferFactory(membership=MembershipFactory(name=name), interval=interval)
    return PriceFactory(offer=offer, amount=amount)


def test_changes_of_plan_tell_when_they_were_chosen_and_what_came_of_them():
    row, price = over(), plan()
    to = "听书会员 CN¥180/year"
    plan_change(over(), price, 50)
    plan_change(row, price, 40, status="done", ended_at=ago(35))
    plan_change(row, price, 30, status="withdrawn", ended_at=ago(29))
    plan_change(row, price, 20, status="failed", ended_at=ago(19), at_period_end=False)
    plan_change(row, price, 15, status="done", ended_at=ago(14), at_period_end=False)
    dearer = new_price(row)
    plan_change(row, dearer.price, 10, price_change=dearer, status="withdrawn", ended_at=ago(1))
    plan_change(row, price, 5)
    assert told(row) == [
        Event(ago(40), f"Chosen for the next period: {to}."),
        Event(ago(35), f"From here on: {to}."),
        Event(ago(30), f"Chosen for the next period: {to}."),
        Event(ago(29), f"The change to {to} was taken back."),
        Event(ago(19), f"The change to {to} was not made; nothing changed."),
        Event(ago(14), f"From here on: {to}."),
        Event(ago(10), "Mail sent: the price changes from CN¥39 to CN¥49."),
        Event(ago(5), f"Chosen for the next period: {to}."),
    ]


def pause(row, begins, **fields):
    return Pause.objects.create(
        subscription=row,
        months=1,
        asked_at=begins - 10 * DAY,
        begins_at=begins,
        resumes_at=begins + 30 * DAY,
        **fields,
    )


def test_pauses_tell_when_they_were_chosen_and_ended():
    row = over()
    pause(over(), ago(50))
    pause(row, ago(90), resumed_at=ago(65))
    pause(row, ago(10))
    assert told(row) == [
        Event(ago(100), "Pause chosen: from 25 August to 24 September."),
        Event(ago(65), "The pause ended."),
        Event(ago(20), "Pause chosen: from 13 November to 13 December."),
    ]


def test_a_pause_that_never_began_was_called_off():
    row = over()
    made = pause(row, ago(10), resumed_at=ago(10) - DAY / 24)
    assert told(row)[-1] == Event(made.resumed_at, "The pause was called off.")
    Pause.objects.filter(pk=made.pk).update(resumed_at=ago(10))
    assert told(row)[-1].sentence == "The pause ended."


def cancellation(row, days_ago, resumed=None):
    Cancellation.objects.create(
        subscription=row,
        cancelled_at=ago(days_ago),
        resumed_at=ago(resumed) if resumed is not None else None,
    )


CANCELLED, RESUMED = "The renewal was cancelled.", "The renewal was resumed."


def test_a_cancellation_of_ours_stands_for_stripes_own():
    row = over(object={"canceled_at": int(ago(3).timestamp())})
    cancellation(over(), 1)
    cancellation(row, 9, resumed=8)
    before = [Event(ago(9), CANCELLED), Event(ago(8), RESUMED)]
    assert told(row) == [*before, Event(ago(3), CANCELLED)]
    cancellation(row, 4)
    assert told(row) == [*before, Event(ago(4), CANCELLED)]


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        ({"status": "canceled"}, True),
        ({"status": "unpaid", "past_due_since": ago(5)}, True),
        ({"status": "canceled", "past_due_since": ago(5)}, False),  # for want of a payment
        ({"status": "canceled", "ended_at": ago(3)}, False),  # at once, as by a refund
    ],
)
def test_stripes_own_cancellation_is_told_unless_nothing_was_paid(fields, is_told):
    row = over(object={"canceled_at": int(ago(3).timestamp())}, **fields)
    assert told(row) == ([Event(ago(3), CANCELLED)] if is_told else [])
    row.object = {}
    assert told(row) == []


# --- what is to come -----------------------------------------------------------------------------


def running(**fields):
    return SubscriptionFactory(**{"started_at": None} | fields)


def test_a_renewal_is_announced_and_charged():
    row = running(object={"customer": {"balance": -900}})
    notice = Event(END - 5 * DAY, "A mail before the payment.", "next")
    charge = Event(END, "CN¥30 is charged.", "next")
    assert timeline.of(row, now=END - 5 * DAY - SECOND) == [notice, charge]
    assert timeline.of(row, now=END - 5 * DAY) == [charge]
    assert timeline.of(row, now=END - SECOND) == [charge]
    assert timeline.of(row, now=END) == []


def test_what_is_to_come_stands_behind_what_was():
    row = running(status="trialing", started_at=END + DAY)
    assert timeline.of(row, now=NOW) == [
        Event(END + DAY, "Begun."),
        Event(END - 5 * DAY, "A mail before the payment.", "next"),
        Event(END, "The trial ends and CN¥39 is charged.", "next"),
    ]


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"cancel_at_period_end": True}, END),
        ({"cancel_at": END + DAY}, END + DAY),
        ({"cancel_at": END + DAY, "period_end": None}, END + DAY),
        ({"cancel_at": END - DAY, "status": "past_due"}, END - DAY),
    ],
)
def test_what_was_cancelled_ends_and_is_not_charged(fields, at):
    ends = Event(at, "It ends; nothing is charged any more.", "next")
    assert timeline.of(running(**fields), now=NOW) == [ends]


@pytest.mark.parametrize(
    ("keeps", "sentence"),
    [
        (False, "The pause begins: its courses close."),
        (True, "The pause begins; its courses stay open."),
    ],
)
def test_a_pause_begins_and_ends_with_a_charge(settings, keeps, sentence):
    settings.PAUSED_KEEPS_ACCESS = keeps
    until = END + 30 * DAY
    row = running(
        collection_paused=True,
        object={"pause_collection": {"resumes_at": int(until.timestamp())}},
    )
    Pause.objects.create(subscription=row, months=1, asked_at=NOW, begins_at=END, resumes_at=until)
    pause(row, END + DAY, resumed_at=NOW)
    begins = Event(END, sentence, "next")
    ends = [
        Event(until - 5 * DAY, "A mail before the payment.", "next"),
        Event(until, "The pause ends and CN¥39 is charged.", "next"),
    ]
    assert to_come(row, END - SECOND) == [begins, *ends]
    assert to_come(row, END) == ends


def to_come(row, now):
    return [event for event in timeline.of(row, now=now) if event.kind == "next"]


def test_another_plan_begins_just_before_its_first_charge():
    row = running()
    plan_change(row, plan(), 1)
    assert timeline.of(row, now=END - DAY) == [
        Event(ago(1), "Chosen for the next period: 听书会员 CN¥180/year."),
        Event(END - SECOND, "From here on: 听书会员 CN¥180/year.", "next"),
        Event(END, "CN¥180 is charged.", "next"),
    ]


@pytest.mark.parametrize(("days", "comes_with_it"), [(3, True), (4, False)])
def test_a_new_price_comes_with_the_renewal_or_a_later_one(days, comes_with_it):
    row = running()
    dearer = new_price(row)
    begins = END + days * DAY
    plan_change(row, dearer.price, 1, price_change=dearer, effective_at=begins)
    mailed = Event(ago(1), "Mail sent: the price changes from CN¥39 to CN¥49.")
    later = Event(begins, "From this renewal on it costs CN¥49.", "next")
    assert timeline.of(row, now=END - DAY) == (
        [mailed, Event(END, "CN¥49 is charged.", "next")]
        if comes_with_it
        else [mailed, Event(END, "CN¥39 is charged.", "next"), later]
    )


def test_a_new_price_is_told_where_nothing_else_is_charged_before():
    row = running(status="past_due")
    dearer = new_price(row)
    plan_change(row, dearer.price, 1, price_change=dearer)
    assert timeline.of(row, now=NOW)[1:] == [
        Event(END, "From this renewal on it costs CN¥49.", "next")
    ]


def test_nothing_is_to_come_of_what_is_over():
    row = over(cancel_at=END, past_due_since=NOW, collection_paused=True)
    Pause.objects.create(
        subscription=row, months=1, asked_at=ago(1), begins_at=END, resumes_at=END + DAY
    )
    dearer = new_price(row)
    plan_change(row, dearer.price, 2, price_change=dearer)
    assert [event.kind for event in timeline.of(row, now=NOW)] == ["past"] * 3
    runs = running(past_due_since=NOW)
    assert {event.kind for event in timeline.of(runs, now=NOW)} == {"next"}
