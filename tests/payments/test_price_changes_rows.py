"""Who is told of a new price and when Stripe is, from rows (shapes, no Stripe behind them)."""

from datetime import timedelta

import pytest
from wagtail.models import ModelLogEntry

from accounts.models import OutboxMessage
from operations import clock as site_clock
from payments import gateway, letters, price_changes
from payments.models import PlanChange, Price, PriceChange
from tests.factories import UserFactory
from tests.payments.factories import NOW, PriceFactory, SubscriptionFactory
from tests.payments.told import Stripe, at_stripe, change_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def stripe(monkeypatch):
    return Stripe(monkeypatch)


@pytest.fixture
def dearer(library):
    """¥49 a month, in force; who subscribes pays ¥39."""
    return raised(library["month"], 4900)


def raised(price, amount):
    Price.objects.filter(pk=price.pk).update(is_active=False)
    new = PriceFactory(offer=price.offer, currency=price.currency, amount=amount)
    at_stripe(new)
    return new


def decided(price, **fields):
    """Finance wanted it yesterday."""
    fields = {"created_at": NOW - DAY, "created_by": UserFactory()} | fields
    return PriceChange.objects.create(offer=price.offer, price=price, **fields)


def told(price):
    """Finance wanted it, and all were told."""
    return decided(price, told_at=NOW - DAY)


def subscribes(price, **fields):
    return SubscriptionFactory(**{"offer": price.offer, "started_at": NOW - 9 * DAY} | fields)


def rows_made():
    return [each.subscription for each in PlanChange.objects.order_by("pk")]


def mails():
    found = OutboxMessage.objects.filter(key__startswith="price-changes").order_by("pk")
    return [each.user for each in found]


def test_who_is_affected_renews_in_this_currency_at_another_amount(dearer, library):
    more = subscribes(dearer, amount=5900, status="past_due")
    less = subscribes(dearer, status="trialing", started_at=NOW)
    again = subscribes(dearer)
    subscribes(dearer, amount=4900)
    subscribes(library["year"])
    subscribes(dearer, currency="USD")
    subscribes(dearer, status="canceled")
    subscribes(dearer, cancel_at_period_end=True)
    subscribes(dearer, cancel_at=NOW + DAY)
    subscribes(dearer, learner=None)
    subscribes(dearer, account="acct_2")
    subscribes(dearer, livemode=True)
    found = price_changes.affected(dearer)
    assert set(found) == {more, less, again}
    assert price_changes.former(dearer) == "¥39, ¥59"
    dearer.is_active = False
    assert not price_changes.affected(dearer)
    subscribes(library["term"])
    term = raised(library["term"], 39900)
    assert not price_changes.affected(term)


def test_finance_may_change_the_regular_prices_of_which_nobody_was_told(library, dearer):
    offer = dearer.offer
    dollars = raised(PriceFactory(offer=offer, currency="USD", amount=500), 600)
    francs = PriceFactory(offer=offer, currency="CHF", amount=500)
    euros = PriceFactory(offer=offer, currency="EUR", amount=500)
    early = PriceFactory(offer=offer, currency="CNY", amount=100, ends_at=NOW + DAY)
    for currency in ("CNY", "USD", "CHF"):
        subscribes(dearer, currency=currency)
    subscribes(dearer, currency="EUR", amount=500)
    assert price_changes.changing(offer) == [francs, dearer, dollars]
    decided(dearer)
    decided(raised(library["year"], 39900))
    assert price_changes.changing(offer) == [francs, dollars]
    assert early not in price_changes.changing(offer)
    assert euros not in price_changes.changing(offer)


def test_what_finance_decides_is_written_down_logged_and_told(library, dearer, run_jobs):
    row = subscribes(dearer)
    finance = UserFactory()
    price_changes.decide(offer=dearer.offer, reason="涨" * 400, actor=finance, now=NOW)
    made = PriceChange.objects.get()
    assert (made.offer, made.price, made.reason) == (dearer.offer, dearer, "涨" * 300)
    assert (made.created_by, made.created_at, made.told_at) == (finance, NOW, None)
    entry = ModelLogEntry.objects.get(action="payments.price_change")
    assert entry.object_id == str(dearer.offer_id)
    assert entry.user == finance
    assert entry.data == {"before": "¥39", "price": "¥49", "reason": "涨" * 400}
    before = site_clock.now()
    run_jobs()
    made.refresh_from_db()
    assert made.told_at
    assert before <= made.told_at <= site_clock.now()
    assert rows_made() == [row]
    with pytest.raises(price_changes.NothingToChange):
        price_changes.decide(offer=dearer.offer, reason="", actor=finance, now=NOW)


def test_how_far_telling_is_is_counted(library, dearer):
    made = decided(dearer, created_at=NOW)
    older = decided(library["month"])
    for status in ("open", "open", "done", "done", "done", "withdrawn", "failed"):
        change_of(subscribes(dearer), dearer, price_change=made, status=status)
    change_of(subscribes(dearer), dearer, status="done")
    decided(raised(library["year"], 39900))
    found = price_changes.with_progress(dearer.offer)
    assert [(each, each.told, each.done, each.left) for each in found] == [
        (made, 7, 3, 2),
        (older, 0, 0, 0),
    ]


def test_all_are_told_in_batches_and_each_once(library, dearer, monkeypatch):
    monkeypatch.setattr(price_changes, "BATCH", 2)
    rows = [subscribes(dearer, started_at=NOW - (9 - number) * DAY) for number in range(5)]
    other = decided(raised(library["year"], 39900))
    made = decided(dearer)
    for _ in range(2):
        price_changes.tell.func(change=made.pk)
        PriceChange.objects.filter(pk=made.pk).update(told_to=0, told_at=None)
    assert rows_made() == rows
    assert mails() == [each.learner for each in rows]
    assert set(PlanChange.objects.values_list("status", "price_change")) == {("open", made.pk)}
    rows[0].changes.update(status="withdrawn", ended_at=NOW)
    price_changes.tell.func(change=made.pk)
    assert rows_made() == rows
    PriceChange.objects.filter(pk=made.pk).update(told_to=rows[2].pk, told_at=None)
    PlanChange.objects.all().delete()
    price_changes.tell.func(change=made.pk)
    assert rows_made() == rows[3:]
    made.refresh_from_db()
    other.refresh_from_db()
    assert (made.told_to, bool(made.told_at), other.told_at) == (rows[4].pk, True, None)


def test_who_is_told_anew_has_one_change_with_the_first_renewal_in_thirty_one_days(library):
    price = raised(library["quarter"], 12000)
    made = told(price)
    due = NOW + 31 * DAY
    in_time = subscribes(price, amount=10500, period_end=due)
    too_soon = subscribes(price, amount=10500, period_end=due - SECOND)
    unknown = subscribes(price, amount=10500, period_end=None)
    price_changes.tell_the_rest(now=NOW)
    price_changes.tell_the_rest(now=NOW)
    changes = PlanChange.objects.order_by("pk")
    fields = (
        "subscription", "from_offer", "from_amount", "price", "price_change", "at_period_end",
        "due_today", "prorated_at", "effective_at", "status", "created_at", "ended_at",
    )  # fmt: skip
    common = (price.offer_id, 10500, price.pk, made.pk, True, 0, None)
    assert list(changes.values_list(*fields)) == [
        (in_time.pk, *common, due, "open", NOW, None),
        (too_soon.pk, *common, (due - SECOND).replace(year=2027, month=3), "open", NOW, None),
    ]
    assert mails() == [in_time.learner, too_soon.learner]
    assert not unknown.changes.exists()


def test_months_are_added_until_the_notice_has_its_thirty_days(library, dearer):
    told(dearer)
    row = subscribes(dearer, period_end=NOW - 10 * DAY)  # 13 November
    price_changes.tell_the_rest(now=NOW)
    assert row.changes.get().effective_at == (NOW - 10 * DAY).replace(year=2027, month=1)


def test_the_rest_are_those_who_subscribed_before_and_were_not_told(library, dearer, monkeypatch):
    monkeypatch.setattr(price_changes, "BATCH", 2)
    before = NOW - DAY
    rows = [subscribes(dearer, started_at=before - (9 - number) * DAY) for number in range(3)]
    had = [subscribes(dearer) for _ in range(3)]
    at_the_time = subscribes(dearer, started_at=before)
    made = told(dearer)
    older = told(library["month"])
    for row, status in zip(had, ("done", "withdrawn", "open"), strict=True):
        change_of(row, dearer, price_change=made, status=status)
    elsewhere = raised(library["year"], 39900)
    decided(elsewhere)  # and being told just now
    subscribes(elsewhere, amount=36500)
    PlanChange.objects.filter(subscription=had[0]).update(price_change=older)
    price_changes.tell_the_rest(now=NOW)
    assert rows_made() == [*had, *rows[:2]]
    price_changes.tell_the_rest(now=NOW)
    price_changes.tell_the_rest(now=NOW)
    assert rows_made() == [*had, *rows, had[0]]
    assert mails() == [*(each.learner for each in rows), had[0].learner]
    assert not at_the_time.changes.exists()
    assert had[1].changes.get().status == "withdrawn"


def test_a_newer_price_change_takes_the_place_of_an_older_one(library, dearer):
    row, mine, done = (subscribes(dearer) for _ in range(3))
    first = told(library["month"])
    old = change_of(row, library["month"], price_change=first)
    own = change_of(mine, library["year"])
    over = change_of(done, library["month"], price_change=first, status="done", ended_at=NOW - DAY)
    made = told(dearer)
    price_changes.tell_the_rest(now=NOW)
    for each in (old, own, over):
        each.refresh_from_db()
    assert (old.status, old.ended_at) == ("withdrawn", NOW)
    assert (own.status, own.ended_at) == ("open", None)
    assert (over.status, over.ended_at) == ("done", NOW - DAY)
    assert set(made.changes.values_list("subscription", "status")) == {
        (row.pk, "open"),
        (done.pk, "open"),
    }


def planned(stripe, price, *, sent_at=NOW - 31 * DAY, change=None, mail=None, **fields):
    """Somebody was told of the price, who renews tomorrow unless it says otherwise."""
    row = stripe.runs(
        PriceFactory(offer=price.offer, amount=3900, is_active=False),
        **{"period_end": NOW + DAY} | fields,
    )
    made = change_of(
        row, price, **{"price_change": PriceChange.objects.get(price=price)} | (change or {})
    )
    OutboxMessage.objects.create(
        key=mail or letters.price_change_key(made),
        to="a@example.com",
        user=row.learner,
        sent_at=sent_at,
        created_at=NOW,
    )
    return row


def asked_for(stripe):
    return [each[1] for each in stripe.asked]


def test_what_renews_within_two_days_is_told_to_stripe_with_its_price(stripe, library, dearer):
    told(dearer)
    at_the_end = planned(stripe, dearer, period_end=NOW + 2 * DAY)
    soonest = planned(stripe, dearer, period_end=NOW + SECOND, change={"created_at": NOW + DAY})
    trial = planned(stripe, dearer, status="trialing")
    planned(stripe, dearer, period_end=NOW + 2 * DAY + SECOND)
    planned(stripe, dearer, period_end=NOW)
    planned(stripe, dearer, status="past_due")
    planned(stripe, dearer, cancel_at_period_end=True)
    planned(stripe, dearer, account="acct_2")
    planned(stripe, dearer, livemode=True)
    planned(stripe, dearer, change={"status": "withdrawn"})
    planned(stripe, dearer, change={"price_change": None})
    planned(stripe, dearer, change={"effective_at": NOW + 4 * DAY + SECOND})
    comes = planned(stripe, dearer, change={"effective_at": NOW + 4 * DAY})
    planned(stripe, dearer, sent_at=None)
    planned(stripe, dearer, sent_at=NOW + DAY - 30 * DAY + SECOND)
    in_time = planned(stripe, dearer, sent_at=NOW + DAY - 30 * DAY)
    planned(stripe, dearer, mail="price-changes-of-somebody")
    price_changes.carry_out_due(now=NOW)
    rows = [at_the_end, soonest, trial, comes, in_time]
    assert stripe.asked == [
        (
            "update_subscription",
            row.stripe_id,
            {
                "items": [{"id": f"si_{row.pk}", "price": at_stripe(dearer)}],
                "proration_behavior": "none",
            },
            f"plan-change-{row.changes.get().key}",
        )
        for row in rows
    ]
    assert stripe.looked_at == [row.stripe_id for row in rows]


def test_one_that_is_refused_keeps_no_other_waiting(stripe, library, dearer, caplog):
    told(dearer)
    first, second = planned(stripe, dearer), planned(stripe, dearer)
    stripe.answers["update_subscription"] = [gateway.Refused("no"), {}]
    price_changes.carry_out_due(now=NOW)
    assert asked_for(stripe) == [first.stripe_id, second.stripe_id]
    assert f"a price change was refused: {first.stripe_id}: no" in caplog.text


def test_nothing_is_due_where_nothing_is_planned(library, stripe):
    assert price_changes.due(stripe.runs(library["month"]), at=NOW) is None
