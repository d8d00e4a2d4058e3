"""Who may pause, and what Stripe is asked when a pause begins and ends: rows and shapes."""

from datetime import timedelta

import pytest

from accounts.models import OutboxMessage
from payments import gateway, pausing
from payments.models import Pause, PlanChange, PriceChange, StripePrice, Subscription
from tests.factories import UserFactory
from tests.payments.factories import (
    ACCOUNT,
    NOW,
    OrderFactory,
    PriceFactory,
    SubscriptionFactory,
    membership_prices,
)
from tests.payments.test_subscriptions_news import BEGAN, ENDS, Stripe, seconds

pytestmark = pytest.mark.django_db
DAY, SECOND, MINUTE = timedelta(days=1), timedelta(seconds=1), timedelta(minutes=1)
AT_ONCE = {
    "pause_collection": "",
    "billing_cycle_anchor": {"type": "now"},
    "proration_behavior": "none",
}


def paused(row, begins=ENDS, *, resumes=None, **fields):
    return Pause.objects.create(
        **{
            "subscription": row,
            "months": 1,
            "asked_at": begins - 10 * DAY,
            "begins_at": begins,
            "resumes_at": resumes or begins + 30 * DAY,
        }
        | fields
    )


def planned(row, price=None, **fields):
    return PlanChange.objects.create(
        subscription=row,
        from_offer=row.offer,
        from_amount=3900,
        price=price or PriceFactory(),
        created_at=NOW,
        at_period_end=True,
        effective_at=ENDS,
        **fields,
    )


def new_price(row, *, told=NOW - 30 * DAY, amount=4900):
    """Of which a mail left the house then."""
    row.offer.prices.update(is_active=False)
    price = PriceFactory(offer=row.offer, amount=amount)
    decided = PriceChange.objects.create(
        offer=row.offer, price=price, reason="更多课程", created_by=UserFactory(), created_at=NOW
    )
    change = planned(row, price, price_change=decided)
    OutboxMessage.objects.create(
        key=f"price-changes-{change.pk}", user=row.learner, created_at=told, sent_at=told
    )
    return price


# --- who may -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({}, True),
        ({"status": "trialing"}, False),
        ({"status": "past_due"}, False),
        ({"cancel_at_period_end": True}, False),
        ({"collection_paused": True}, False),
    ],
)
def test_what_is_paid_and_renews_itself_may_be_paused(fields, may):
    assert pausing.may_pause(SubscriptionFactory(**fields), now=NOW) == may


def test_another_plan_that_is_planned_hinders_a_pause_a_new_price_does_not():
    row = SubscriptionFactory()
    new_price(row)
    assert pausing.may_pause(row, now=NOW)
    another = SubscriptionFactory()
    planned(another)
    assert not pausing.may_pause(another, now=NOW)


@pytest.mark.parametrize(
    ("begins", "fields", "may"),
    [
        (ENDS, {"resumed_at": None}, False),
        (NOW - 400 * DAY, {"resumed_at": None}, False),
        (NOW - 365 * DAY + SECOND, {"resumed_at": NOW}, False),
        (NOW - 365 * DAY, {"resumed_at": NOW}, True),
        (NOW - DAY, {"resumed_at": NOW - DAY}, True),  # before it had begun
        (ENDS, {"resumed_at": NOW}, True),
    ],
)
def test_a_pause_is_had_once_in_a_year(begins, fields, may):
    row = SubscriptionFactory()
    paused(SubscriptionFactory(), resumed_at=None)
    paused(row, NOW - 900 * DAY, resumed_at=NOW - 870 * DAY)
    paused(row, begins, **fields)
    assert pausing.may_pause(row, now=NOW) == may


def test_a_pause_is_known_once_stripe_has_it_or_it_has_begun():
    row = SubscriptionFactory()
    old = paused(row, NOW - 90 * DAY, resumed_at=NOW - 60 * DAY)
    taken_back = paused(row, ENDS, resumed_at=NOW)
    made = paused(row, NOW)
    assert pausing.known(row, now=NOW - SECOND) == [taken_back, old]
    assert pausing.known(row, now=NOW) == [taken_back, made, old]
    row.collection_paused = True
    assert pausing.known(row, now=NOW - SECOND) == [taken_back, made, old]


# --- beginning -----------------------------------------------------------------------------------


class Paused(Stripe):
    """It takes updates, too."""

    def __init__(self, order):
        super().__init__(order)
        self.asked = []
        self.says = None  # instead of doing it

    def retrieve(self, stripe_id):
        if stripe_id == "sub_1":
            return self.subscription
        return self.subscription | {"id": stripe_id, "latest_invoice": None, "metadata": {}}

    def update(self, stripe_id, params, *, key=""):
        self.asked.append((stripe_id, params))
        assert key
        if self.says:
            raise self.says
        if stripe_id == "sub_1":
            self.subscription["pause_collection"] = params["pause_collection"] or None
        if "billing_cycle_anchor" in params:
            self.renewed(status="paid", id="in_3", billing_reason="subscription_update")

    def in_pause(self, *, unpaid=True):
        self.subscription["pause_collection"] = {"resumes_at": seconds(ENDS)}
        if unpaid:
            self.renewed(status="void", amount_paid=0)


@pytest.fixture
def stripe(monkeypatch):
    gateway.ours()  # asked of Stripe once, outside every transaction
    made = Paused(OrderFactory(price=membership_prices()["month"], session_id="cs_1"))
    monkeypatch.setattr(gateway, "retrieve_subscription", made.retrieve)
    monkeypatch.setattr(gateway, "retrieve_invoice", lambda id: made.bill)
    monkeypatch.setattr(gateway, "retrieve_payment_intent", lambda id: made.payment)
    monkeypatch.setattr(gateway, "update_subscription", made.update)
    return made


@pytest.fixture
def row(stripe):
    return stripe.refresh()


@pytest.mark.parametrize(("months", "days"), [(1, 31), (2, 62), (3, 90)])
def test_a_pause_begins_with_the_next_period_and_ends_months_later(stripe, row, months, days):
    SubscriptionFactory()
    made = pausing.pause(row, months=months, now=NOW)
    until = ENDS + days * DAY
    assert Pause.objects.values("subscription", "months").get() == {
        "subscription": row.pk,
        "months": months,
    }
    assert (made.asked_at, made.begins_at, made.resumes_at) == (NOW, ENDS, until)
    params = {"pause_collection": {"behavior": "void", "resumes_at": seconds(until)}}
    assert stripe.asked == [("sub_1", params)]
    assert Subscription.objects.get(pk=row.pk).collection_paused
    assert OutboxMessage.objects.filter(key=f"paused-{made.pk}", user=row.learner).exists()


@pytest.mark.parametrize("months", [0, 4])
def test_no_other_number_of_months_is_paused(stripe, row, months):
    with pytest.raises(pausing.CannotPause):
        pausing.pause(row, months=months, now=NOW)
    assert not Pause.objects.exists()
    assert stripe.asked == []


@pytest.mark.parametrize("meanwhile", [{"cancel_at_period_end": True}, {"period_end": None}])
def test_whoever_looks_at_an_old_page_pauses_nothing(stripe, row, meanwhile):
    Subscription.objects.filter(pk=row.pk).update(**meanwhile)
    with pytest.raises(pausing.CannotPause):
        pausing.pause(row, months=1, now=NOW)
    assert not Pause.objects.exists()
    assert stripe.asked == []


def test_what_stripe_refuses_to_pause_is_not_paused(stripe, row):
    stripe.says = gateway.Refused("no")
    another = paused(SubscriptionFactory())
    with pytest.raises(gateway.Refused):
        pausing.pause(row, months=1, now=NOW)
    assert list(Pause.objects.all()) == [another]
    assert not OutboxMessage.objects.filter(key__startswith="paused-").exists()


def test_what_stripe_did_not_answer_to_waits_to_be_looked_at(stripe, row):
    stripe.says = gateway.Unreachable("away")
    with pytest.raises(gateway.Unreachable):
        pausing.pause(row, months=1, now=NOW)
    assert Pause.objects.count() == 1


# --- ending --------------------------------------------------------------------------------------


@pytest.fixture
def others(row):
    """Pauses of others, and one of before, that nothing touches."""
    return [
        paused(SubscriptionFactory(), resuming_at=NOW - MINUTE),
        paused(row, NOW - 500 * DAY, resumed_at=NOW - 470 * DAY, resuming_at=NOW - 470 * DAY),
    ]


def untouched(rows):
    return [(each.resuming_at, each.resumed_at) for each in rows] == [
        tuple(Pause.objects.values_list("resuming_at", "resumed_at").get(pk=each.pk))
        for each in rows
    ]


def test_a_pause_taken_back_before_it_began_charges_nothing(stripe, row, others):
    stripe.in_pause(unpaid=False)
    row = stripe.refresh()
    made = paused(row)
    pausing.resume(row, now=NOW)
    assert stripe.asked == [("sub_1", {"pause_collection": ""})]
    made.refresh_from_db()
    assert made.resumed_at == NOW
    assert not row.collection_paused
    assert untouched(others)


@pytest.mark.parametrize(
    ("how", "behaviour"),
    [
        ({}, "error_if_incomplete"),
        ({"strict": True}, "error_if_incomplete"),
        ({"strict": False}, "allow_incomplete"),
    ],
)
def test_a_pause_that_began_ends_with_a_new_period_that_is_charged(stripe, row, how, behaviour):
    stripe.in_pause()
    row = stripe.refresh()
    made = paused(row, NOW - DAY)
    pausing.resume(row, now=NOW, **how)
    assert stripe.asked == [("sub_1", AT_ONCE | {"payment_behavior": behaviour})]
    made.refresh_from_db()
    assert (made.resuming_at, made.resumed_at) == (NOW, NOW)


@pytest.mark.parametrize("told", [BEGAN - 40 * DAY, NOW - DAY])
def test_the_new_period_has_the_price_that_was_told_thirty_days_before(stripe, row, told):
    stripe.in_pause()
    row = stripe.refresh()
    price = new_price(row, told=told)
    PlanChange.objects.update(effective_at=NOW)
    StripePrice.objects.create(account=ACCOUNT, price=price, stripe_id="price_new")
    paused(row, NOW - DAY)
    pausing.resume(row, now=NOW)
    items = {"items": [{"id": "si_1", "price": "price_new"}]} if told < NOW - 30 * DAY else {}
    params = AT_ONCE | items | {"payment_behavior": "error_if_incomplete"}
    assert stripe.asked == [("sub_1", params)]


@pytest.mark.parametrize("unpaid", [False, True])
def test_what_stripe_leaves_paused_is_paused_still(stripe, row, monkeypatch, unpaid):
    stripe.in_pause(unpaid=unpaid)
    row = stripe.refresh()
    made = paused(row, NOW - DAY)
    monkeypatch.setattr(gateway, "update_subscription", lambda *args, **more: None)
    pausing.resume(row, now=NOW)
    made.refresh_from_db()
    assert made.resumed_at is None


def test_what_stripe_ended_by_itself_is_only_noted(stripe, row):
    stripe.in_pause()
    row = stripe.refresh()
    made = paused(row, NOW - DAY)
    stripe.subscription["pause_collection"] = None
    stripe.renewed(status="paid")
    pausing.resume(row, now=NOW)
    assert stripe.asked == []
    made.refresh_from_db()
    assert made.resumed_at == NOW


def test_a_period_that_nobody_paid_is_begun_anew_though_stripe_pauses_no_more(stripe, row):
    stripe.in_pause()
    stripe.subscription["pause_collection"] = None
    row = stripe.refresh()
    paused(row, NOW - DAY)
    pausing.resume(row, now=NOW)
    assert len(stripe.asked) == 1


@pytest.mark.parametrize(
    ("says", "raised"),
    [
        (gateway.CardDeclined("no"), pausing.Declined),
        (gateway.NeedsAction("who"), pausing.Declined),
        (gateway.Refused("no"), gateway.Refused),
    ],
)
def test_a_pause_that_could_not_be_ended_may_be_tried_again_at_once(
    stripe, row, others, says, raised
):
    stripe.in_pause()
    row = stripe.refresh()
    made = paused(row, NOW - DAY)
    stripe.says = says
    for _ in range(2):
        with pytest.raises(raised):
            pausing.resume(row, now=NOW)
    made.refresh_from_db()
    assert (made.resuming_at, made.resumed_at) == (None, None)
    assert untouched(others)


def test_a_pause_is_ended_by_one_at_a_time(stripe, row, others):
    stripe.in_pause()
    row = stripe.refresh()
    with pytest.raises(pausing.UnderWay):
        pausing.resume(row, now=NOW)
    made = paused(row, NOW - DAY, resuming_at=NOW - 2 * MINUTE + SECOND)
    with pytest.raises(pausing.UnderWay):
        pausing.resume(row, now=NOW)
    assert stripe.asked == []
    made.refresh_from_db()
    assert made.resuming_at == NOW - 2 * MINUTE + SECOND
    pausing.resume(row, now=NOW + SECOND)  # whoever took it was killed meanwhile
    made.refresh_from_db()
    assert (made.resuming_at, made.resumed_at) == (NOW + SECOND, NOW + SECOND)
    assert untouched(others)


@pytest.mark.parametrize(
    ("fields", "amount"),
    [
        ({}, 3900),
        ({"amount": None}, 0),
        ({"object": {"customer": {"balance": -900}}}, 3000),
        ({"object": {"customer": {"balance": -5000}}}, 0),
    ],
)
def test_what_a_pauses_end_charges(fields, amount):
    assert pausing.charged(SubscriptionFactory(**fields), at=NOW) == amount


def test_what_a_pauses_end_charges_where_the_price_changes():
    row = SubscriptionFactory(object={"customer": {"balance": -900}})
    new_price(row)
    assert pausing.charged(row, at=ENDS) == 4000
    assert pausing.charged(row, at=ENDS - 4 * DAY) == 3000


def test_what_is_cancelled_has_no_pause_any_more():
    row = SubscriptionFactory()
    old = paused(row, NOW - 90 * DAY, resumed_at=NOW - 60 * DAY)
    another = paused(SubscriptionFactory())
    made = paused(row)
    pausing.end(row, now=NOW)
    assert dict(Pause.objects.values_list("pk", "resumed_at")) == {
        old.pk: NOW - 60 * DAY,
        another.pk: None,
        made.pk: NOW,
    }


# --- by the hour ---------------------------------------------------------------------------------


def ended():
    """Which were ended, by the ids of their subscriptions."""
    over = Pause.objects.filter(resumed_at__gte=NOW)
    return set(over.values_list("subscription__stripe_id", flat=True))


def due(stripe_id, resumes=NOW, asked_at=NOW - 60 * DAY, **fields):
    """A pause that ends then."""
    row = SubscriptionFactory(stripe_id=stripe_id, **fields)
    return paused(row, resumes - 30 * DAY, resumes=resumes, asked_at=asked_at)


def test_pauses_whose_time_has_come_are_ended(stripe, row, log_of):
    stripe.in_pause()
    row = stripe.refresh()
    made = paused(row, NOW - 30 * DAY, resumes=NOW)
    due("sub_later", NOW + SECOND)
    due("sub_elsewhere", account="acct_another")
    due("sub_live", livemode=True)
    due("sub_over", status="canceled")
    paused(SubscriptionFactory(), NOW - 90 * DAY, resumed_at=NOW - 60 * DAY)
    pausing.resume_due(now=NOW)
    assert ended() == {"sub_1", "sub_over"}
    assert stripe.asked == [("sub_1", AT_ONCE | {"payment_behavior": "allow_incomplete"})]
    made.refresh_from_db()
    assert made.resumed_at == NOW
    assert "could not be ended" not in log_of()


def test_one_that_cannot_be_ended_keeps_no_other_waiting(stripe, log_of):
    stripe.says = gateway.Refused("no")
    stripe.subscription["pause_collection"] = {"resumes_at": seconds(NOW)}
    due("sub_a", asked_at=NOW - 70 * DAY)
    under_way = due("sub_b")
    Pause.objects.filter(pk=under_way.pk).update(resuming_at=NOW)
    due("sub_c", asked_at=NOW - 60 * DAY)
    pausing.resume_due(now=NOW)
    assert [stripe_id for stripe_id, _ in stripe.asked] == ["sub_a", "sub_c"]
    assert log_of().count("a pause could not be ended") == 3


def lost(stripe_id, asked_at=NOW - 2 * MINUTE, begins=NOW + SECOND, **fields):
    """A pause of which Stripe has not said whether it was made."""
    return paused(
        SubscriptionFactory(stripe_id=stripe_id, **fields), begins, asked_at=asked_at
    ).subscription.stripe_id


def test_a_pause_that_stripe_never_made_is_forgotten(stripe):
    lost("sub_lost")
    key = f"not-paused-{Pause.objects.get().pk}"
    kept = {
        lost("sub_just_now", NOW - 2 * MINUTE + SECOND),
        lost("sub_begun", begins=NOW),
        lost("sub_made", collection_paused=True),
        lost("sub_elsewhere", account="acct_another"),
    }
    pausing.resume_due(now=NOW)
    left = set(Pause.objects.values_list("subscription__stripe_id", flat=True))
    assert left == kept
    assert stripe.asked == []
    told = OutboxMessage.objects.filter(key__startswith="not-paused-")
    assert [each.key for each in told] == [key]


def test_a_pause_that_stripe_made_though_its_answer_was_lost_stands(stripe, row):
    paused(row, NOW + DAY, asked_at=NOW - 2 * MINUTE)
    stripe.in_pause(unpaid=False)
    pausing.resume_due(now=NOW)
    assert Pause.objects.count() == 1
    assert Subscription.objects.get(pk=row.pk).collection_paused
