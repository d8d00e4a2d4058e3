"""How subscriptions and orders stand, in words, from rows alone."""

from datetime import date
from typing import Any

import pytest

from payments import notices, standing
from payments.models import Order, PresaleEnd, Refund, Reservation
from payments.standing import Standing
from tests.factories import MembershipFactory, UserFactory, course
from tests.payments.factories import (
    DAY,
    END,
    LEARNING,
    NOW,
    PAGE,
    SECOND,
    VOID,
    DisputeFactory,
    InvoiceFactory,
    OfferFactory,
    OrderFactory,
    PromotionFactory,
    RefundFactory,
    SubscriptionFactory,
    course_price,
    held,
    paused_until,
    sold_in_advance,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def credit_of(amount):
    return {"object": {"customer": {"balance": -amount}}}


def stands(row, *, now=NOW, sentence, kind="ok", may_cancel=True, **more):
    """All of it: what is not named is so of one that runs."""
    usual: dict[str, Any] = {
        "name": "全部课程",
        "amount": "CN¥39/month",
        "may_resume": False,
        "may_change_card": True,
        "must_pay": False,
        "asks": False,
        "old_card": "",
    }
    wanted = Standing(
        subscription=row, sentence=sentence, kind=kind, may_cancel=may_cancel, **usual | more
    )
    assert standing.of_subscription(row, now=now) == wanted


# --- a subscription ------------------------------------------------------------------------------


def test_one_that_runs_renews_on_its_day():
    stands(SubscriptionFactory(), sentence="It renews on 23 December for CN¥39.")
    quarter = SubscriptionFactory(
        offer=OfferFactory(interval="quarter"), amount=10500, period_end=NOW + 60 * DAY
    )
    stands(
        quarter,
        amount="CN¥105/quarter",
        sentence="It renews on 22 January 2027 for CN¥105.",
    )


def test_credit_is_told_where_it_pays_of_the_next_charge():
    renews = "It renews on 23 December for CN¥39."
    stands(
        SubscriptionFactory(**credit_of(900)),
        sentence=f"{renews} CN¥9 of it is paid by your credit; CN¥30 is charged.",
    )
    stands(SubscriptionFactory(**credit_of(0)), sentence=renews)


def test_one_on_trial_is_charged_when_that_ends():
    row = SubscriptionFactory(status="trialing")
    stands(row, sentence="The trial ends on 23 December; then CN¥39 is charged.")


def test_what_is_cancelled_names_the_last_day_that_is_paid():
    midnight = NOW.replace(hour=16) + 7 * DAY  # 1 December in Shanghai
    told = "Cancelled. 30 November is the last day; until then all stays open."
    cases: list[dict[str, Any]] = [
        {"cancel_at_period_end": True, "period_end": midnight},
        {"cancel_at": midnight},
        {"cancel_at": midnight + SECOND, "period_end": midnight - 20 * DAY},
    ]
    for fields in cases:
        row = SubscriptionFactory(**fields)
        last = fields.get("cancel_at", midnight) - SECOND
        assert standing.last_instant(row) == last
        wanted = told if last < midnight else told.replace("30 November", "1 December")
        stands(row, sentence=wanted, kind="info", may_cancel=False, may_resume=True)
    over = SubscriptionFactory(status="canceled", period_end=None, ended_at=midnight)
    assert standing.last_instant(over) == midnight - SECOND


def test_one_whose_offer_is_not_known_has_neither_name_nor_rate():
    row = SubscriptionFactory(offer=None)
    stands(row, name="", amount="CN¥39", sentence="It renews on 23 December for CN¥39.")
    row = SubscriptionFactory(amount=None)
    stands(row, amount="", sentence="It renews on 23 December for CN¥0.")
    row = SubscriptionFactory(currency="", status="unpaid")
    stands(
        row,
        amount="",
        kind="info",
        may_cancel=False,
        may_change_card=False,
        sentence="It is not in force.",
    )
    row = SubscriptionFactory(currency="JPY", amount=3900)
    stands(row, amount="¥3,900/month", sentence="It renews on 23 December for ¥3,900.")


def test_a_pause_is_told_from_the_day_it_was_chosen():
    until = NOW + 60 * DAY
    goes_on = "It goes on by itself on 22 January 2027; then CN¥39 is charged."
    chosen = SubscriptionFactory(**paused_until(until))
    begins = "A pause begins on 23 December 2026; until then all is as it was."
    stands(chosen, sentence=f"{begins} {goes_on}", kind="info")
    stands(chosen, now=END - SECOND, sentence=f"{begins} {goes_on}", kind="info")
    stands(chosen, now=END, sentence=f"Paused. {goes_on}", kind="info")
    unpaid = SubscriptionFactory(**paused_until(until, **VOID))
    stands(unpaid, sentence=f"Paused. {goes_on}", kind="info")
    no_end = SubscriptionFactory(collection_paused=True)
    stands(no_end, sentence="Payments are paused.", kind="info")


def test_a_period_that_nobody_paid_is_a_pause_while_the_subscription_lives():
    stands(SubscriptionFactory(object=VOID), sentence="Payments are paused.", kind="info")
    for fields in ({"object": VOID}, paused_until(END)):
        stands(
            SubscriptionFactory(status="canceled", ended_at=NOW - DAY, **fields),
            sentence=f"It ended on 22 November. {LEARNING}",
            kind="info",
            may_cancel=False,
            may_change_card=False,
        )


def test_one_that_ended_says_whether_its_learner_is_a_member_still():
    row = SubscriptionFactory(status="canceled", ended_at=NOW - DAY)
    no_longer = {"may_cancel": False, "may_change_card": False}
    ended = {"sentence": f"It ended on 22 November. {LEARNING}", "kind": "info", **no_longer}
    held(UserFactory(), membership=row.offer.membership)
    held(row.learner, membership=MembershipFactory())
    held(row.learner, course=course())
    held(row.learner, membership=row.offer.membership, ends_at=NOW)
    held(row.learner, membership=row.offer.membership, withdrawn_at=NOW)
    stands(row, **ended)
    row.offer = None
    stands(row, **ended | {"name": "", "amount": "CN¥39"})
    row.refresh_from_db()
    held(row.learner, membership=row.offer.membership, ends_at=NOW + SECOND)
    still = "This subscription ended on 22 November; you are a member still."
    stands(row, sentence=still, **no_longer)
    row.held_otherwise = False  # as a list of them was told
    stands(row, **ended)


def test_bills_that_are_open_are_to_be_paid_where_they_have_a_page():
    row = SubscriptionFactory(status="past_due", past_due_since=NOW - DAY)
    failed = (
        "The renewal on 22 November did not succeed. Until 29 November you study as always; "
        "please update the way you pay."
    )
    InvoiceFactory(subscription=row, status="paid", object=PAGE)
    InvoiceFactory(subscription=row, status="open", needs_action=True)
    InvoiceFactory(status="open", object=PAGE)
    stands(row, sentence=failed, kind="warn")
    InvoiceFactory(subscription=row, status="open", object=PAGE)
    stands(row, sentence=failed, kind="warn", must_pay=True)
    InvoiceFactory(subscription=row, status="open", object=PAGE, needs_action=True)
    asked = "Your bank asks whether it is you. Until 29 November you study as always."
    stands(row, sentence=asked, kind="warn", must_pay=True, asks=True)
    row.open_bills = []  # as a list of them was told
    stands(row, sentence=failed, kind="warn")


def test_an_open_bill_of_what_ended_is_nobodys_any_more():
    row = SubscriptionFactory(status="unpaid")
    InvoiceFactory(subscription=row, status="open", object=PAGE, needs_action=True)
    stands(
        row, sentence="It is not in force.", kind="info", may_cancel=False, may_change_card=False
    )


def test_a_failed_renewal_says_the_last_day_of_grace_until_it_is_over():
    since = NOW.replace(hour=16) - 3 * DAY  # 21 November in Shanghai, just begun
    over = since + 7 * DAY
    row = SubscriptionFactory(status="past_due", past_due_since=since)
    in_grace = (
        "The renewal on 21 November did not succeed. Until 27 November you study as always; "
        "please update the way you pay."
    )
    too_late = "The renewal on 21 November did not succeed. Please update the way you pay to go on."
    stands(row, now=over - SECOND, sentence=in_grace, kind="warn")
    stands(row, now=over, sentence=too_late, kind="warn")
    InvoiceFactory(subscription=row, status="open", object=PAGE, needs_action=True)
    asked = "Your bank asks whether it is you. Until 27 November you study as always."
    both = {"kind": "warn", "must_pay": True, "asks": True}
    stands(row, now=over - SECOND, sentence=asked, **both)
    stands(
        row,
        now=over,
        sentence="Your bank asks whether it is you. Answer it, and you go on.",
        **both,
    )


def test_a_second_after_midnight_is_of_the_new_day():
    """24 November in Shanghai, whatever is lost then."""
    begun = NOW.replace(hour=16) + SECOND
    row = SubscriptionFactory(status="past_due", past_due_since=begun - 7 * DAY)
    told = standing.of_subscription(row, now=NOW).sentence
    assert "Until 24 November you study as always" in told
    held(row.learner, membership=row.offer.membership, ends_at=begun)
    row.delete()
    ended = notices.of_memberships(row.learner, now=begun)
    assert ended
    assert ended.sentence == f"Your membership ended on 24 November. {LEARNING}"


def test_the_first_payment_after_a_trial_is_told_apart_from_renewals():
    began = NOW - DAY
    row = SubscriptionFactory(
        status="past_due",
        past_due_since=began,
        period_start=began,
        object={"trial_end": int(began.timestamp())},
    )
    first = "The first payment after the trial, on 22 November, did not succeed."
    grace = " Until 29 November you study as always; please update the way you pay."
    stands(row, sentence=first + grace, kind="warn")
    row.period_start = NOW
    stands(row, sentence=f"The renewal on 22 November did not succeed.{grace}", kind="warn")


def test_a_failed_renewal_of_no_known_day_names_none():
    stands(
        SubscriptionFactory(status="past_due"),
        sentence="The payment did not succeed. Please update the way you pay.",
        kind="warn",
    )


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (date(2026, 11, 22), "The card visa 4242 expired on 22 November."),
        (date(2026, 11, 23), "The card visa 4242 expires on 23 November."),
        (date(2026, 11, 30), "The card visa 4242 expires on 30 November."),
        (date(2027, 2, 28), None),  # good when it is charged
        (None, None),
    ],
)
def test_a_card_that_is_old_at_the_next_charge_is_told(last, told):
    row = SubscriptionFactory(card="visa 4242", card_expires_on=last)
    rest = "On 23 December CN¥39 will be charged: please change the card before."
    stands(
        row,
        sentence="It renews on 23 December for CN¥39.",
        old_card=f"{told} {rest}" if told else "",
    )


def test_a_card_is_told_of_thirty_days_before_it_ends():
    row = SubscriptionFactory(
        card="visa 4242", card_expires_on=date(2026, 12, 31), period_end=NOW + 90 * DAY
    )
    renews = "It renews on 21 February 2027 for CN¥39."
    stands(row, now=NOW + 7 * DAY, sentence=renews)
    stands(
        row,
        now=NOW + 8 * DAY,
        sentence=renews,
        old_card=(
            "The card visa 4242 expires on 31 December. On 21 February 2027 CN¥39 will be charged: "
            "please change the card before."
        ),
    )


# --- an order ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "To be paid"),
        ({"status": "expired"}, "Expired"),
        ({"status": "failed"}, "Payment failed"),
        ({"status": "parked"}, "We are looking at it"),
        ({"status": "reserved"}, "Reserved"),
        ({"status": "paid", "paid_at": NOW}, "Paid, being opened"),
        ({"status": "paid", "paid_at": NOW, "note": "bought_twice"}, "Paid, goes back"),
        ({"fulfilled": True}, "Paid"),
        ({"fulfilled": True, "note": "other_amount"}, "Paid"),
        ({"fulfilled": True, "trial_days": 7}, "Begun with a trial"),
        ({"trial_days": 7}, "To be paid"),
        ({"is_confirming": True}, "Waits for confirmation"),
        ({"is_confirming": True, "status": "expired"}, "Expired"),
        ({"fulfilled": True, "status": "refunded"}, "Refunded"),
        ({"fulfilled": True, "advance": "waiting", "starts_at": NOW}, "Paid in advance"),
        ({"fulfilled": True, "advance": "opened", "starts_at": NOW}, "Paid"),
        (
            {"fulfilled": True, "status": "refunded", "advance": "waiting", "starts_at": NOW},
            "Refunded",
        ),
    ],
)
def test_the_word_of_an_order(fields, word):
    assert standing.of_order(OrderFactory(**fields)) == word


@pytest.mark.parametrize("amount", [5000, 9900])
def test_what_has_not_arrived_yet_is_on_its_way(amount):
    price = course_price(course())
    order = OrderFactory(fulfilled=True, price=price, status="refunded")
    other = InvoiceFactory(billing_reason="subscription_cycle")
    RefundFactory(order=order, amount=9900, invoice=other, status="pending")
    refund = RefundFactory(order=order, amount=amount)
    arrived = standing.of_order(order)
    assert arrived == ("Refunded" if amount == 9900 else "Partly refunded")
    for status in Refund.UNDER_WAY:
        Refund.objects.filter(pk=refund.pk).update(status=status)
        assert standing.of_order(order) == "Refund on its way"


def test_what_finance_ended_is_ended():
    code = PromotionFactory(percent=100)
    free = {"amount": 0, "discount": 3900, "promotion": code, "fulfilled": True}
    assert standing.of_order(OrderFactory(**free)) == "Paid"
    assert standing.of_order(OrderFactory(**free, ended_at=NOW)) == "Ended"


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "Reserved"),
        ({"refused_at": NOW, "charging_at": NOW, "pay_until": END}, "The card was refused"),
        (
            {"refused_at": NOW, "charging_at": NOW, "pay_until": END, "needs_action": True},
            "Waits for your answer to your bank",
        ),
        ({"ended_at": NOW, "ending": "given_up", "needs_action": True}, "Reservation ended"),
    ],
)
def test_the_word_of_a_reservation_until_it_is_paid(fields, word):
    order = OrderFactory(status="reserved")
    Reservation.objects.create(
        order=order, customer_id="cus_1", reserved_at=NOW, day=END.date(), **fields
    )
    assert standing.of_order(order) == word
    order.status, order.paid_at, order.fulfilled_at = Order.Status.FULFILLED, NOW, NOW
    assert standing.of_order(order) == "Paid"


def test_a_dispute_is_the_orders_own_or_its_present_bills():
    order = OrderFactory(fulfilled=True)
    DisputeFactory(order=order, status="won")
    DisputeFactory(status="lost")
    assert standing.dispute_of(order) is None
    assert standing.of_order(order) == "Paid"
    lost = DisputeFactory(order=order, status="lost")
    assert standing.dispute_of(order) == lost
    assert standing.of_order(order) == "Taken back by the bank"
    asked = DisputeFactory(status="under_review")
    assert standing.of_order(asked.order) == "Disputed"


def test_of_a_subscription_only_its_last_bill_is_in_dispute():
    row = SubscriptionFactory()
    order = OrderFactory(fulfilled=True, subscription=row)
    old = InvoiceFactory(subscription=row, created_at=NOW - 30 * DAY)
    DisputeFactory(order=order, invoice=old)
    bill = InvoiceFactory(subscription=row)
    assert standing.dispute_of(order) is None
    asked = DisputeFactory(order=order, invoice=bill)
    assert standing.dispute_of(order) == asked
    assert standing.of_order(order) == "Paid"  # what became of a bill is said of the bill


def give_up(price, at=NOW):
    return PresaleEnd.objects.create(
        offer=price.offer, reason="讲师病了", decided_by=UserFactory(), decided_at=at
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, ""),
        ({"advance": "opened"}, ""),
        ({"note": "bought_twice"}, ""),
        ({"note": "given_up"}, "What you paid goes back."),
        ({"advance": "waiting"}, "What you paid goes back."),
        ({"advance": "waiting", "created_at": NOW + SECOND}, ""),
        ({"note": "given_up", "amount": 0, "discount": 9900}, "Nothing was charged."),
    ],
)
def test_why_what_was_ordered_before_it_opened_will_not_come(fields, told):
    price = sold_in_advance()
    give_up(price)
    order = OrderFactory(
        fulfilled=True, price=price, starts_at=END, promotion=PromotionFactory(), **fields
    )
    whole = f"It was given up and will not come: “讲师病了” {told}"
    assert standing.given_up(order) == (whole if told else "")


def test_what_was_paid_for_what_was_given_up_has_gone_back_once_it_arrived():
    price = sold_in_advance()
    give_up(price)
    fields = {"price": price, "starts_at": END, "note": "given_up", "status": "refunded"}
    order = OrderFactory(fulfilled=True, **fields)
    refund = RefundFactory(order=order, status="pending")
    assert standing.given_up(order).endswith(" What you paid goes back.")
    Refund.objects.filter(pk=refund.pk).update(status="succeeded")
    arrived = Order.objects.get(pk=order.pk)
    assert standing.given_up(arrived).endswith(" What you paid went back.")


def test_a_reason_with_a_stop_has_one_stop():
    price = sold_in_advance()
    give_up(price)
    PresaleEnd.objects.update(reason="讲师来不了。")
    order = OrderFactory(fulfilled=True, price=price, starts_at=END, note="given_up")
    assert "“讲师来不了”" in standing.given_up(order)


def test_what_was_not_given_up_needs_no_reason():
    order = OrderFactory(fulfilled=True, price=sold_in_advance(), starts_at=END, advance="waiting")
    give_up(sold_in_advance())
    assert standing.given_up(order) == ""


# --- a bill --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "went_back", "word"),
    [
        ("paid", 0, "Paid"),
        ("paid", 3899, "Partly refunded"),
        ("paid", 3900, "Refunded"),
        ("open", 0, "To be paid"),
        ("uncollectible", 0, "Not collected"),
    ],
)
def test_the_word_of_a_bill(status, went_back, word):
    bill = InvoiceFactory(status=status)
    if went_back:
        RefundFactory(order=None, invoice=bill, amount=went_back, currency="CNY")
    assert standing.of_bill(bill) == word
    if went_back:
        bill.refunds.update(status="pending")
        assert standing.of_bill(bill) == "Refund on its way"


@pytest.mark.parametrize(
    ("amount", "words", "state"),
    [
        (3000, "The bank took CN¥30 of this payment back;", "Partly taken back by the bank"),
        (7900, "The bank took this payment back;", "Taken back by the bank"),
    ],
)
def test_a_dispute_that_was_lost_says_what_was_taken(amount, words, state):
    order = OrderFactory(fulfilled=True, amount=7900)
    row = DisputeFactory(order=order, amount=amount, status="lost")
    assert standing.of_dispute(row).startswith(words)
    assert standing.of_order(order) == state
