"""Going over to another plan: what may be chosen, what is shown, what Stripe is asked (shapes, no
Stripe behind them)."""

from datetime import timedelta

import pytest
from django.core import signing
from django.utils import timezone

from courses.models import Grant, MembershipCourse
from operations import clock
from payments import gateway, switching
from payments.models import PlanChange, Price, PriceChange, StripeProduct
from tests.factories import MembershipFactory, UserFactory, course
from tests.payments.factories import (
    ACCOUNT,
    NOW,
    OfferFactory,
    PriceFactory,
    SubscriptionFactory,
    course_price,
)
from tests.payments.told import Stripe, at_stripe, change_of, seconds

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.fixture
def stripe(monkeypatch):
    return Stripe(monkeypatch)


def renewing(membership, amount, interval="month", **fields):
    offer = OfferFactory(membership=membership, interval=interval, **fields)
    return PriceFactory(offer=offer, amount=amount)


def grant(learner, membership=None, **fields):
    fields = {"source_kind": "staff", "source_id": f"{Grant.objects.count()}"} | fields
    return Grant.objects.create(
        learner=learner, membership=membership, **{"starts_at": NOW - DAY} | fields
    )


@pytest.fixture
def library(library):
    for price in library.values():
        at_stripe(price)
    return library


@pytest.fixture
def row(stripe, library):
    return stripe.runs(library["month"])


@pytest.fixture
def yearly(stripe, library):
    return stripe.runs(library["year"])


# --- what may be chosen --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({}, True),
        ({"status": "trialing"}, True),
        ({"status": "past_due"}, False),
        ({"cancel_at_period_end": True}, False),
        ({"offer": None}, False),
        ({"object": {}}, False),
    ],
)
def test_what_renews_and_is_known_may_go_over(row, fields, may):
    for name, value in fields.items():
        setattr(row, name, value)
    assert switching.may_switch(row) is may
    assert bool(switching.options(row)) is may


def test_ones_own_plans_come_first_then_the_others_cheapest_by_the_month_first(
    stripe, library, listening
):
    dearer = renewing(MembershipFactory(), 5000)
    dear_month = renewing(library["month"].offer.membership, 4500, sort_order=0)
    course_price(course())
    PriceFactory(offer=library["year"].offer, currency="USD", amount=5000)
    renewing(MembershipFactory(is_for_sale=False), 100)
    renewing(MembershipFactory(), 100, is_active=False)
    row = stripe.runs(library["month"])
    assert switching.options(row) == [
        library["year"],  # 30.42 a month
        library["quarter"],  # 35
        dear_month,  # 45
        listening["year"],  # 15
        listening["month"],  # 19
        dearer,  # 50
    ]


def test_what_is_held_by_another_way_is_not_offered(stripe, library):
    row = stripe.runs(library["month"])
    by = row.learner

    def sold():
        return renewing(MembershipFactory(), 5000)

    def membership(price):
        return price.offer.membership

    staff, lapsed, taken, ending, others = (sold() for _ in range(5))
    grant(by, membership(staff))
    grant(by, membership(lapsed), starts_at=NOW - 9 * DAY, ends_at=NOW - DAY)
    grant(by, membership(taken), withdrawn_at=NOW)
    grant(by, membership(ending), ends_at=clock.now() + DAY)
    grant(UserFactory(), membership(others))
    grant(by, course=course())
    by_itself, beside = sold(), sold()
    grant(by, membership(by_itself), source_kind="subscription", source_id=row.source_id)
    grant(by, membership(beside), source_kind="subscription", source_id="subscription-0")
    named_alike = sold()
    grant(by, membership(named_alike), source_id=row.source_id)
    late, ended, not_theirs = sold(), sold(), sold()
    SubscriptionFactory(learner=by, offer=late.offer, status="past_due")
    SubscriptionFactory(learner=by, offer=ended.offer, status="canceled")
    SubscriptionFactory(offer=not_theirs.offer)
    SubscriptionFactory(learner=by, offer=None)
    offered = [each for each in switching.options(row) if each.amount == 5000]
    assert offered == [lapsed, taken, ending, others, by_itself, ended, not_theirs]


@pytest.mark.parametrize(
    ("kind", "in_the_way"), [("own", True), ("of finance", False), ("over", False), ("none", False)]
)
def test_another_change_of_ones_own_stands_in_the_way(row, library, kind, in_the_way):
    if kind == "of finance":
        change_of(row, library["year"], price_change=of_finance(library["year"]))
    elif kind != "none":
        change_of(row, library["year"], status="open" if kind == "own" else "withdrawn")
    assert switching.stands_in_the_way(row) is in_the_way


def of_finance(price, **fields):
    """What finance decided."""
    return PriceChange.objects.create(
        offer=price.offer, price=price, created_by=UserFactory(), created_at=NOW, **fields
    )


def test_dearer_by_the_month_or_longer_begins_at_once(stripe, library, listening):
    month, quarter, year = (library[name] for name in ("month", "quarter", "year"))
    same_length = renewing(month.offer.membership, 9900)
    as_dear = renewing(MembershipFactory(), 3900)
    a_bit_dearer = renewing(MembershipFactory(), 3901)
    dear_year = renewing(MembershipFactory(), 48000, "year")
    row = stripe.runs(quarter)
    at_once = {
        name: switching.begins_at_once(row, price)
        for name, price in {
            "month": month,
            "year": year,
            "as long": PriceFactory(offer=quarter.offer, amount=99900, is_active=False),
            "cheaper by the month": listening["month"],
            "dearer by the month": as_dear,
            "dearer by the month, a year": dear_year,
        }.items()
    }
    assert at_once == {
        "month": False,
        "year": True,
        "as long": False,
        "cheaper by the month": False,
        "dearer by the month": True,
        "dearer by the month, a year": True,
    }
    monthly = stripe.runs(month)
    asked = [same_length, as_dear, a_bit_dearer]
    assert [switching.begins_at_once(monthly, each) for each in asked] == [False, False, True]
    row.amount = None
    assert switching.begins_at_once(
        row, PriceFactory(offer=as_dear.offer, amount=1, currency="X2X")
    )
    row.amount, row.status = 10500, "trialing"
    assert switching.begins_at_once(row, month)


def test_the_courses_that_close_are_those_that_nothing_else_opens(row, listening):
    here, there = row.offer.membership, listening["month"].offer.membership
    third, by = MembershipFactory(), row.learner

    def included(title, *memberships, **fields):
        page = course(title=title, **fields)
        for membership in memberships:
            MembershipCourse.objects.create(membership=membership, course=page, added_at=NOW)
        return page

    later, sooner = included("乙", here), included("甲", here)
    included("there too", here, there)
    included("by the third", here, third)
    included("not of it")
    included("of another", MembershipFactory())
    included("only there", there)
    included("unpublished", here, live=False)
    changes_on = timezone.localdate(row.period_end)
    opens_before = included("丁", here, opens_on=changes_on)
    included("opens later", here, opens_on=changes_on + timedelta(days=1))
    bought, lost, of_another, of_itself, other_run = (
        included(f"丙{number}", here) for number in range(5)
    )
    grant(by, third, source_kind="subscription", source_id="subscription-0")
    grant(by, course=bought)
    grant(by, course=lost, withdrawn_at=NOW)
    grant(UserFactory(), course=of_another)
    grant(by, here, source_kind="subscription", source_id=row.source_id)
    grant(by, course=of_itself, source_kind="subscription", source_id=row.source_id)
    grant(by, course=other_run, source_id=row.source_id)
    closing = switching.closing(row, listening["month"])
    assert closing == [opens_before, lost, of_another, of_itself, later, sooner]
    row.offer = None
    assert switching.closing(row, listening["month"]) == []
    row.refresh_from_db()
    row.learner = None
    assert switching.closing(row, listening["month"]) == []


def test_a_buyer_is_told_of_the_subscription_that_could_go_over_at_once(
    stripe, library, listening, buyer
):
    assert switching.from_which(buyer, library["year"]) is None
    stripe.runs(listening["month"], learner=buyer, status="canceled")
    stripe.runs(listening["month"])
    assert switching.from_which(buyer, library["year"]) is None
    row = stripe.runs(listening["month"], learner=buyer)
    assert switching.from_which(buyer, library["year"]) == row
    assert switching.from_which(buyer, listening["month"]) is None  # it is this already
    cheaper = renewing(MembershipFactory(), 100)
    assert switching.from_which(buyer, cheaper) is None  # not at once


# --- what is shown -------------------------------------------------------------------------------


def test_a_later_change_costs_nothing_now_and_keeps_the_codes_that_still_run(stripe, library):
    def code(percent, products, end=None):
        coupon = {"percent_off": percent, "amount_off": None, "applies_to": {"products": products}}
        return {"end": end, "source": {"coupon": coupon}}

    StripeProduct.objects.create(
        offer=library["month"].offer, stripe_id="prod_month", account=ACCOUNT
    )
    ends = NOW + 30 * DAY
    codes = [
        code(10, ["prod_month"]),
        code(50, ["prod_1"]),
        code(20, None, seconds(ends)),
        code(30, None, seconds(ends) + 1),
    ]
    row = stripe.runs(library["year"], shape={"discounts": codes})
    shown = switching.show(row, library["month"], now=NOW + timedelta(microseconds=7))
    assert shown == switching.Shown(
        key=shown.key,
        price=library["month"],
        at=NOW,
        at_once=False,
        credit=0,
        discount=0,
        due_today=0,
        left_over=0,
        begins_at=ends,
        renews_at=ends,
        next_amount=2457,  # 3900 less 10 %, less 30 %
    )
    assert shown.key != switching.show(row, library["month"], now=NOW).key
    assert stripe.asked == []


def line(amount, ends):
    return {"amount": amount, "period": {"end": seconds(ends)}}


def test_a_change_at_once_shows_what_stripe_reckons(stripe, row, library):
    renews = NOW + 365 * DAY
    stripe.answers["preview_invoice"] = {
        "lines": {
            "data": [
                line(-2000, NOW + 30 * DAY),
                line(-600, NOW + 900 * DAY),
                line(0, NOW + 800 * DAY),
                line(1, NOW + 20 * DAY),
                line(36500, renews),
            ]
        },
        "total_discount_amounts": [{"amount": 500}, {"amount": 70}],
        "amount_due": 33331,
        "total": 33331,
    }
    now = NOW + timedelta(microseconds=7)
    shown = switching.show(row, library["year"], now=now)
    assert shown == switching.Shown(
        key=shown.key,
        price=library["year"],
        at=NOW,
        at_once=True,
        credit=2600,
        discount=570,
        due_today=33331,
        left_over=0,
        begins_at=NOW,
        renews_at=renews,
        next_amount=36500,
    )
    details = {
        "items": [{"id": f"si_{row.pk}", "price": at_stripe(library["year"])}],
        "proration_behavior": "always_invoice",
        "proration_date": seconds(NOW),
    }
    wanted = {"subscription": row.stripe_id, "subscription_details": details}
    assert stripe.asked == [("preview_invoice", wanted)]


def test_the_least_amounts_count_too(stripe, row, library):
    renews = NOW + 365 * DAY
    stripe.answers["preview_invoice"] = {
        "lines": {"data": [line(-1, NOW), line(1, renews)]},
        "total_discount_amounts": [],
        "amount_due": 0,
        "total": 0,
    }
    shown = switching.show(row, library["year"], now=NOW)
    assert (shown.credit, shown.left_over, shown.renews_at) == (1, 0, renews)


def test_credit_that_is_more_than_the_price_is_left_over(stripe, row, library):
    stripe.answers["preview_invoice"] = {
        "lines": {"data": [line(-2000, NOW)]},
        "total_discount_amounts": None,
        "amount_due": 0,
        "total": -2000,
    }
    shown = switching.show(row, library["year"], now=NOW)
    assert (shown.credit, shown.discount, shown.due_today) == (2000, 0, 0)
    assert (shown.left_over, shown.renews_at) == (2000, row.period_end)


def test_what_is_no_choice_is_not_shown(stripe, row, library):
    with pytest.raises(switching.CannotSwitch):
        switching.show(row, library["month"], now=NOW)
    row.period_end = None
    with pytest.raises(switching.CannotSwitch):
        switching.show(row, library["year"], now=NOW)
    assert stripe.asked == []


# --- confirming ----------------------------------------------------------------------------------


def shown_at_once(price, **fields):
    sums = dict.fromkeys(("credit", "discount", "left_over"), 0)
    told = {"at": NOW, "at_once": True, "due_today": 33333, "next_amount": price.amount}
    key = "0b1d0f3e-0000-4000-8000-000000000001"
    times = {"begins_at": NOW, "renews_at": NOW}
    return switching.Shown(**{"key": key, "price": price} | sums | told | times | fields)


def shown_for_later(row, price, **fields):
    return shown_at_once(price, at_once=False, due_today=0, begins_at=row.period_end, **fields)


def confirm(row, price, shown=None, *, now=NOW, token=None):
    token = token or switching.sign(row, shown or shown_at_once(price))
    return switching.confirm(row, price, token, now=now)


def wanted_now(row, price, behaviour):
    return {
        "items": [{"id": f"si_{row.pk}", "price": at_stripe(price)}],
        "proration_behavior": "always_invoice",
        "proration_date": seconds(NOW),
        "payment_behavior": behaviour,
    }


KEY = "plan-change-0b1d0f3e-0000-4000-8000-000000000001"


def kept(change):
    change = PlanChange.objects.get(pk=change.pk)
    names = (
        "subscription", "from_offer", "from_amount", "price", "price_change", "at_period_end",
        "due_today", "prorated_at", "effective_at", "status", "created_at", "ended_at",
    )  # fmt: skip
    return {name: getattr(change, name) for name in names}


def test_what_was_shown_is_done_at_once_for_the_moment_it_was_shown_for(stripe, row, library):
    year, now = library["year"], NOW + timedelta(minutes=5)
    UserFactory()
    stripe.answers["update_subscription"] = lambda *_: stripe.goes_over(row, year)
    done = confirm(row, year, now=now)
    assert (done.change.status, done.address) == ("done", "")
    assert stripe.asked == [
        ("update_subscription", row.stripe_id, wanted_now(row, year, "error_if_incomplete"), KEY)
    ]
    assert kept(done.change) == {
        "subscription": row,
        "from_offer": library["month"].offer,
        "from_amount": 3900,
        "price": year,
        "price_change": None,
        "at_period_end": False,
        "due_today": 33333,
        "prorated_at": NOW,
        "effective_at": NOW,
        "status": "done",
        "created_at": now,
        "ended_at": now,
    }
    row.refresh_from_db()
    assert (row.offer, row.amount) == (year.offer, 36500)


def test_confirmed_twice_it_is_done_once(stripe, row, library):
    year = library["year"]
    old = change_of(row, library["quarter"], status="withdrawn")
    stripe.answers["update_subscription"] = lambda *_: stripe.goes_over(row, year)
    token = switching.sign(row, shown_at_once(year))
    done = [confirm(row, year, token=token).change for _ in range(2)]
    assert done[0] == done[1] != old
    assert len(stripe.asked) == 1
    assert PlanChange.objects.count() == 2


def phases(row, price, interval, count):
    return {
        "end_behavior": "release",
        "proration_behavior": "none",
        "phases": [
            {
                "items": [{"price": row.price_id, "quantity": 1}],
                "start_date": seconds(row.period_start),
                "end_date": seconds(row.period_end),
            },
            {
                "items": [{"price": at_stripe(price), "quantity": 1}],
                "duration": {"interval": interval, "interval_count": count},
                "proration_behavior": "none",
            },
        ],
    }


def test_what_is_for_later_is_left_to_stripes_schedule(stripe, yearly, library):
    quarter = library["quarter"]
    stripe.answers["create_schedule"] = {"id": "sub_sched_1"}
    done = confirm(yearly, quarter, shown_for_later(yearly, quarter))
    assert stripe.asked == [
        ("create_schedule", yearly.stripe_id, KEY),
        ("update_schedule", "sub_sched_1", phases(yearly, quarter, "month", 3), f"{KEY}-phases"),
    ]
    row = kept(done.change)
    assert (row["at_period_end"], row["due_today"], row["prorated_at"]) == (True, 0, None)
    assert (row["effective_at"], row["status"]) == (yearly.period_end, "open")
    assert stripe.looked_at == [yearly.stripe_id]
    assert done.address == ""


def test_a_schedule_that_leads_it_already_is_used(stripe, library):
    row = stripe.runs(library["year"], shape={"schedule": "sub_sched_9"})
    confirm(row, library["month"], shown_for_later(row, library["month"]))
    assert [each[:2] for each in stripe.asked] == [("update_schedule", "sub_sched_9")]


@pytest.mark.parametrize("late", [False, True])
def test_sums_are_good_for_a_quarter_of_an_hour(stripe, row, library, late):
    now = NOW + timedelta(minutes=15) + late * SECOND
    if not late:
        confirm(row, library["year"], now=now)
        assert PlanChange.objects.count() == 1
        return
    with pytest.raises(switching.Stale):
        confirm(row, library["year"], now=now)
    assert not PlanChange.objects.exists()
    assert stripe.asked == []


@pytest.mark.parametrize("case", ["offer", "amount", "period", "price ended", "forged", "other"])
def test_what_is_not_as_it_was_shown_is_shown_anew(stripe, row, library, case):
    token = switching.sign(row, shown_at_once(library["year"]))
    price = library["year"]
    if case == "offer":
        row.offer = library["quarter"].offer
    elif case == "amount":
        row.amount = 3901
    elif case == "period":
        row.period_end += SECOND
    elif case == "price ended":
        Price.objects.filter(pk=price.pk).update(is_active=False)
    elif case == "forged":
        token = signing.dumps(signing.loads(token, salt=switching.SALT), salt="another")
    else:
        price = library["quarter"]
    row.save()
    with pytest.raises(switching.Stale):
        confirm(row, price, token=token)
    assert not PlanChange.objects.exists()
    assert stripe.asked == []


def test_what_was_shown_of_another_subscription_is_not_done(stripe, row, library):
    token = switching.sign(stripe.runs(library["month"]), shown_at_once(library["year"]))
    with pytest.raises(switching.Stale):
        confirm(row, library["year"], token=token)


def test_the_row_is_looked_at_anew_before_it_is_claimed(stripe, row, library):
    token = switching.sign(row, shown_at_once(library["year"]))
    type(row).objects.filter(pk=row.pk).update(amount=4900)
    with pytest.raises(switching.Stale):
        confirm(row, library["year"], token=token)


def test_one_change_of_ones_own_at_a_time(stripe, row, library):
    standing = change_of(row, library["quarter"])
    with pytest.raises(switching.UnderWay):
        confirm(row, library["year"])
    assert PlanChange.objects.get() == standing
    assert stripe.asked == []


def test_a_price_change_gives_way_to_ones_own(stripe, row, library):
    dearer = PriceFactory(offer=row.offer, amount=4900, is_active=False)
    told = change_of(row, dearer, price_change=of_finance(dearer))
    now = NOW + SECOND
    made = confirm(row, library["year"], now=now).change
    told.refresh_from_db()
    assert (told.status, told.ended_at) == ("withdrawn", now)
    assert PlanChange.objects.get(status="open") == made


# --- what Stripe says ----------------------------------------------------------------------------


def test_a_declined_card_changes_nothing(stripe, row, library):
    stripe.answers["update_subscription"] = gateway.CardDeclined("no")
    with pytest.raises(switching.Declined):
        confirm(row, library["year"])
    assert PlanChange.objects.get().status == "failed"
    assert stripe.looked_at == [row.stripe_id]
    with pytest.raises(switching.Declined):  # the second tap hears the same
        confirm(row, library["year"])
    assert len(stripe.asked) == 1


def test_what_stripe_refuses_has_failed(stripe, row, library):
    stripe.answers["update_subscription"] = gateway.Refused("no such price")
    with pytest.raises(gateway.Refused):
        confirm(row, library["year"])
    assert PlanChange.objects.get().status == "failed"
    assert stripe.looked_at == [row.stripe_id]


def test_an_answer_that_is_lost_leaves_it_open_and_is_asked_for_again(stripe, row, library):
    stripe.answers["update_subscription"] = [gateway.Unreachable("gone"), {}]
    with pytest.raises(gateway.Unreachable):
        confirm(row, library["year"])
    assert PlanChange.objects.get().status == "open"
    confirm(row, library["year"])
    assert stripe.asked[0] == stripe.asked[1]


@pytest.mark.parametrize("address", ["https://stripe.test/in_1", None])
def test_a_bank_that_asks_is_waited_for(stripe, row, library, address):
    year = library["year"]

    def asks(_id, params):
        if params["payment_behavior"] == "error_if_incomplete":
            raise gateway.NeedsAction("3-D Secure")
        stripe.subscriptions[row.stripe_id]["pending_update"] = {"expires_at": 1}

    stripe.answers["update_subscription"] = asks
    change = confirm(row, year).change
    assert stripe.asked == [
        ("update_subscription", row.stripe_id, wanted_now(row, year, behaviour), key)
        for behaviour, key in (
            ("error_if_incomplete", KEY),
            ("pending_if_incomplete", f"{KEY}-waits"),
        )
    ]
    assert change.status == "open"
    row.refresh_from_db()
    row.object["latest_invoice"] = {"id": "in_1", "hosted_invoice_url": address}
    row.save()
    assert switching.outcome(change).address == (address or "")
    change.status, change.ended_at = "done", NOW
    change.save()
    assert switching.outcome(change).address == ""


# --- what stayed open ----------------------------------------------------------------------------


def settle(now=NOW):
    switching.settle_open(now=now)


def at_once(row, price, **fields):
    return change_of(row, price, at_period_end=False, **fields)


def statuses(*changes):
    return [PlanChange.objects.get(pk=each.pk).status for each in changes]


def test_what_was_to_be_at_once_and_is_not_after_two_minutes_has_failed(stripe, library):
    month, year = library["month"], library["year"]
    old = at_once(stripe.runs(month), year, created_at=NOW - timedelta(minutes=2))
    young = at_once(stripe.runs(month), year, created_at=NOW - timedelta(minutes=2) + SECOND)
    elsewhere = at_once(stripe.runs(month, account="acct_2"), year, created_at=NOW - DAY)
    live = at_once(stripe.runs(month, livemode=True), year, created_at=NOW - DAY)
    over = at_once(stripe.runs(month), year, created_at=NOW - DAY, status="withdrawn")
    told = at_once(stripe.runs(month), year, created_at=NOW - DAY, price_change=of_finance(year))
    settle()
    assert statuses(old, young, elsewhere, live, over, told) == [
        "failed", "open", "open", "open", "withdrawn", "open",
    ]  # fmt: skip
    assert stripe.looked_at == [old.subscription.stripe_id]
    assert PlanChange.objects.get(pk=old.pk).ended_at == NOW


def test_each_is_looked_at_before_it_is_given_up(stripe, library):
    month, year = library["month"], library["year"]
    before = {"created_at": NOW - timedelta(hours=1)}
    waits, made = stripe.runs(month), stripe.runs(month)
    stripe.subscriptions[waits.stripe_id]["pending_update"] = {"expires_at": 1}
    stripe.goes_over(made, year)
    changes = [
        at_once(waits, year, **before),
        at_once(made, year, **before),
        at_once(stripe.runs(month), year, **before),
    ]
    led = stripe.runs(month, shape={"schedule": "sub_sched_1"})
    changes.append(at_once(led, year, created_at=NOW - timedelta(hours=2)))
    settle()
    assert statuses(*changes) == ["open", "done", "failed", "failed"]
    assert len(stripe.looked_at) == 4


def test_a_planned_change_that_stripe_dropped_is_made_anew(stripe, library):
    year, month = library["year"], library["month"]
    before = {"created_at": NOW - timedelta(hours=1)}
    dropped, led, come, cancelled, made = (stripe.runs(year) for _ in range(5))
    led.object["schedule"] = "sub_sched_2"
    led.save()
    stripe.subscriptions[come.stripe_id]["schedule"] = "sub_sched_3"
    stripe.subscriptions[cancelled.stripe_id]["cancel_at_period_end"] = True
    stripe.goes_over(made, month)
    rows = (dropped, led, come, cancelled, made)
    changes = [change_of(each, month, **before) for each in rows]
    stripe.answers["create_schedule"] = {"id": "sub_sched_1"}
    settle()
    key = f"plan-change-{changes[0].key}-{NOW.timestamp()}"
    assert stripe.asked == [
        ("create_schedule", dropped.stripe_id, key),
        ("update_schedule", "sub_sched_1", phases(dropped, month, "month", 1), f"{key}-phases"),
    ]
    assert statuses(*changes) == ["open"] * 4 + ["done"]
    assert set(stripe.looked_at) == {each.stripe_id for each in rows if each != led}
