"""Changes of plan as they come true, or do not (shapes, no Stripe behind them)."""

from datetime import timedelta

import pytest

from accounts.models import OutboxMessage
from payments import gateway, plan_changes
from payments.models import PlanChange, PriceChange
from tests.factories import UserFactory
from tests.payments.factories import NOW
from tests.payments.told import Stripe, change_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LATER = NOW + timedelta(hours=1)
WAITS = {"pending_update": {"expires_at": 1}, "latest_invoice": {"id": "in_1"}}


@pytest.fixture
def stripe(monkeypatch):
    return Stripe(monkeypatch)


@pytest.fixture
def row(stripe, library):
    return stripe.runs(library["month"])


def of_finance(price):
    return PriceChange.objects.create(
        offer=price.offer, price=price, created_by=UserFactory(), created_at=NOW
    )


def state(change):
    change.refresh_from_db()
    return change.status, change.ended_at


def mails():
    return [each.user for each in OutboxMessage.objects.filter(key__startswith="plan-changed")]


def at_once(row, price, **fields):
    return change_of(row, price, at_period_end=False, **fields)


# --- what was fetched ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "amount", "made"),
    [("year", 36500, True), ("year", 36499, False), ("month", 36500, False)],
)
def test_a_change_is_made_once_stripe_tells_of_its_offer_and_amount(
    stripe, row, library, name, amount, made
):
    change = change_of(row, library["year"])
    taken_back = change_of(row, library["quarter"], status="withdrawn", created_at=NOW + DAY)
    elsewhere = change_of(stripe.runs(library["month"]), library["year"])
    row.offer, row.amount = library[name].offer, amount
    plan_changes.observe(row, now=LATER)
    assert state(change) == (("done", LATER) if made else ("open", None))
    assert state(taken_back) == ("withdrawn", NOW)
    assert state(elsewhere) == ("open", None)
    assert mails() == ([row.learner] if made else [])


def test_what_has_ended_changes_no_more(stripe, library):
    row = stripe.runs(library["year"], status="canceled")
    change = change_of(row, library["year"])
    plan_changes.observe(row, now=LATER)
    assert state(change) == ("withdrawn", LATER)
    assert mails() == []


def test_a_price_change_that_came_true_has_no_letter_of_its_own(stripe, library):
    row = stripe.runs(library["year"])
    change = change_of(row, library["year"], price_change=of_finance(library["year"]))
    plan_changes.observe(row, now=LATER)
    assert state(change) == ("done", LATER)
    assert mails() == []


@pytest.mark.parametrize("led", [True, False])
def test_a_schedule_is_let_go_once_it_has_done_what_it_was_for(stripe, library, run_jobs, led):
    row = stripe.runs(library["year"], shape={"schedule": "sub_sched_1" if led else None})
    change_of(row, library["year"])
    stripe.answers["release_schedule"] = gateway.Refused("released already")
    plan_changes.observe(row, now=LATER)
    run_jobs()
    assert stripe.asked == ([("release_schedule", "sub_sched_1")] if led else [])


def test_a_change_ends_once(row, library):
    change = change_of(row, library["year"])
    assert plan_changes.end(change, "done", now=LATER)
    assert not plan_changes.end(change, "failed", now=LATER + DAY)
    assert state(change) == ("done", LATER)


# --- taking back ---------------------------------------------------------------------------------


def test_what_is_planned_or_waits_for_the_bank_may_be_taken_back(stripe, library):
    month, year = library["month"], library["year"]
    finance = of_finance(year)

    def runs(**shape):
        return stripe.runs(month, shape=shape)

    nothing, told, over, planned, asked, waits, waits_alone = (
        runs(), runs(), runs(), runs(), runs(), runs(**WAITS), runs(**WAITS),
    )  # fmt: skip
    change_of(told, year, price_change=finance)
    change_of(over, year, status="withdrawn")
    change_of(planned, year)
    at_once(asked, year)
    at_once(waits, year)
    rows = (nothing, told, over, planned, asked, waits, waits_alone)
    may = [plan_changes.may_withdraw(row) for row in rows]
    assert may == [False, False, False, True, False, True, True]


def test_a_planned_change_is_taken_back_at_stripe_and_here(stripe, library):
    row = stripe.runs(library["year"], shape={"schedule": "sub_sched_1"})
    change = change_of(row, library["month"])
    stripe.answers["release_schedule"] = gateway.Refused("released already")
    plan_changes.withdraw(row, now=LATER)
    assert stripe.asked == [("release_schedule", "sub_sched_1")]
    assert state(change) == ("withdrawn", LATER)


def test_a_change_that_waits_for_the_bank_is_taken_back_with_its_bill(stripe, library):
    row = stripe.runs(library["month"], shape=WAITS)
    change = at_once(row, library["year"])
    plan_changes.withdraw(row, now=LATER)
    assert stripe.asked == [("void_invoice", "in_1")]
    assert state(change) == ("withdrawn", LATER)


@pytest.mark.parametrize("status", ["paid", "void"])
def test_a_bill_that_was_paid_meanwhile_is_not_taken_back(stripe, library, status):
    row = stripe.runs(library["month"], shape={**WAITS, "schedule": "sub_sched_1"})
    change = at_once(row, library["year"])
    stripe.answers |= {
        "void_invoice": gateway.Refused("not open"),
        "retrieve_invoice": {"status": status},
    }
    if status == "paid":
        with pytest.raises(plan_changes.TooLate):
            plan_changes.withdraw(row, now=LATER)
        assert state(change) == ("open", None)
        assert stripe.asked == [("void_invoice", "in_1")]
    else:
        plan_changes.withdraw(row, now=LATER)
        assert state(change) == ("withdrawn", LATER)
        assert stripe.asked == [("void_invoice", "in_1"), ("release_schedule", "sub_sched_1")]


def test_what_stripe_has_not_answered_yet_is_too_late_to_take_back(stripe, row, library):
    change = at_once(row, library["year"])
    with pytest.raises(plan_changes.TooLate):
        plan_changes.withdraw(row, now=LATER)
    assert state(change) == ("open", None)
    assert stripe.asked == []


def test_what_is_forgotten_are_ones_own_changes_that_are_open(stripe, row, library):
    told = change_of(
        stripe.runs(library["month"]),
        library["year"],
        price_change=of_finance(library["year"]),
    )
    own = change_of(row, library["year"])
    done = change_of(row, library["quarter"], status="done")
    plan_changes.forget(row, now=LATER)
    plan_changes.forget(told.subscription, now=LATER)
    assert [state(each) for each in (own, done, told)] == [
        ("withdrawn", LATER), ("done", NOW), ("open", None),
    ]  # fmt: skip


# --- the price change that gave way --------------------------------------------------------------


@pytest.fixture
def before(stripe, row, library):
    """What ended when `row` planned the year, and at other times."""
    other, price = stripe.runs(library["month"]), library["year"]
    day_before = NOW - DAY
    finance = [of_finance(library[name]) for name in ("year", "month", "quarter", "term")]
    withdrawn = {"status": "withdrawn", "price_change": finance[0]}
    return {
        "gave way": change_of(row, price, **withdrawn),
        "of another": change_of(other, price, **withdrawn),
        "own": change_of(row, price, **withdrawn | {"price_change": None}),
        "came true": change_of(row, price, status="done", price_change=finance[1]),
        "earlier": change_of(
            row, price, **withdrawn | {"price_change": finance[2]}, ended_at=day_before
        ),
    }


def test_a_price_change_stands_again_where_the_change_it_gave_way_to_was_not_made(
    row, library, before
):
    change = change_of(row, library["year"])
    plan_changes.fail(change, now=LATER)
    assert state(change) == ("failed", LATER)
    assert {name: state(each) for name, each in before.items()} == {
        "gave way": ("open", None),
        "of another": ("withdrawn", NOW),
        "own": ("withdrawn", NOW),
        "came true": ("done", NOW),
        "earlier": ("withdrawn", NOW - DAY),
    }


def test_it_does_not_where_the_change_was_made(row, library, before):
    change = change_of(row, library["year"])
    plan_changes.end(change, PlanChange.Status.DONE, now=NOW)
    plan_changes.fail(change, now=LATER)
    assert state(change) == ("done", NOW)
    assert state(before["gave way"]) == ("withdrawn", NOW)
