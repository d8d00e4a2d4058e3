"""The life of a subscription under the clock."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
import time_machine

from operations import clock
from payments.sandbox import completing, periods
from payments.sandbox.models import StripeObject, World
from tests.sandbox import factories

pytestmark = pytest.mark.django_db
Advance = Callable[..., object]
Events = Callable[..., list[str]]
DAY = 86400


def latest_invoice(api: Any, subscription: str) -> Any:
    found = api.v1.subscriptions.retrieve(subscription, {"expand": ["latest_invoice"]})
    return found.latest_invoice


def period(api: Any, subscription: str) -> tuple[int, int]:
    item = api.v1.subscriptions.retrieve(subscription)["items"].data[0]
    return item.current_period_start, item.current_period_end


def replace_card(api: Any, subscription: str, behaviour: str) -> None:
    """The card on file turns into another kind (as banks change their mind)."""
    method = api.v1.subscriptions.retrieve(subscription).default_payment_method
    record = StripeObject.objects.get(stripe_id=method)
    record.private["behaviour"] = behaviour
    record.save()


def test_a_subscription_begins_after_its_first_payment(api: Any, events: Events) -> None:
    opened = factories.session(
        factories.monthly().id,
        mode="subscription",
        customer_email="a@example.com",
        subscription_data={"metadata": {"order": "1"}},
    )
    factories.pay(opened.id, factories.DECLINED)
    assert api.v1.subscriptions.list({"status": "all"}).data == []
    events()
    factories.pay(opened.id)
    kinds = events()
    assert kinds.index("payment_intent.succeeded") < kinds.index("customer.subscription.created")
    assert "invoice.paid" in kinds
    session = api.v1.checkout.sessions.retrieve(opened.id, {"expand": ["subscription", "invoice"]})
    subscription, invoice = session.subscription, session.invoice
    assert (subscription.status, subscription.metadata.order) == ("active", "1")
    assert (invoice.status, invoice.amount_paid) == ("paid", 3900)
    assert invoice.billing_reason == "subscription_create"
    assert invoice.parent.subscription_details.subscription == subscription.id
    assert invoice.parent.subscription_details.metadata.order == "1"
    start, end = period(api, subscription.id)
    assert 28 * DAY <= end - start <= 31 * DAY


def test_trial_renewal_failing_card_dunning_the_end(
    api: Any, advance: Advance, events: Events
) -> None:
    subscription = factories.subscribed(factories.yearly().id, trial_period_days=7)
    assert subscription.status == "trialing"
    assert api.v1.charges.list().data == []
    assert latest_invoice(api, subscription.id).amount_paid == 0
    trial_end = period(api, subscription.id)[1]
    assert trial_end == subscription.trial_end == subscription.billing_cycle_anchor

    events()
    advance(days=4, minutes=5)
    assert events() == ["customer.subscription.trial_will_end"]

    advance(days=3)
    now_active = api.v1.subscriptions.retrieve(subscription.id)
    assert now_active.status == "active"
    assert period(api, subscription.id)[0] == trial_end
    assert "invoice.created" in events()
    assert latest_invoice(api, subscription.id).status == "draft"

    advance(hours=1)
    paid = latest_invoice(api, subscription.id)
    assert (paid.status, paid.amount_paid, paid.billing_reason) == (
        "paid",
        36500,
        "subscription_cycle",
    )
    assert "invoice.paid" in events()

    replace_card(api, subscription.id, "fails_when_charged")
    year_end = period(api, subscription.id)[1]
    advance(days=359)
    assert "invoice.upcoming" in events()
    advance(seconds=year_end - int(clock.now().timestamp()) + 3700)
    assert "invoice.payment_failed" in events()
    assert api.v1.subscriptions.retrieve(subscription.id).status == "past_due"
    failed = latest_invoice(api, subscription.id)
    assert (failed.status, failed.attempt_count) == ("open", 1)
    assert failed.next_payment_attempt == pytest.approx(year_end + DAY + 3600, abs=120)

    for attempts, days in ((2, 1), (3, 2), (4, 2)):
        advance(days=days)
        assert latest_invoice(api, subscription.id).attempt_count == attempts
        assert api.v1.subscriptions.retrieve(subscription.id).status == "past_due"
    events()
    advance(days=2)
    ended = api.v1.subscriptions.retrieve(subscription.id)
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    assert "customer.subscription.deleted" in events()
    assert latest_invoice(api, subscription.id).attempt_count == 5


@pytest.mark.parametrize("setting", ["unpaid", "past_due"])
def test_what_follows_the_last_retry_is_a_setting(api: Any, advance: Advance, setting: str) -> None:
    subscription = factories.subscribed()
    World.objects.update(after_last_retry=setting)
    replace_card(api, subscription.id, "fails_when_charged")
    advance(days=40)
    assert api.v1.subscriptions.retrieve(subscription.id).status == setting


def test_a_new_card_and_a_payment_by_hand_recover_the_subscription(
    api: Any, advance: Advance, events: Events
) -> None:
    subscription = factories.subscribed()
    replace_card(api, subscription.id, "fails_when_charged")
    advance(days=32)
    invoice = latest_invoice(api, subscription.id)
    with pytest.raises(stripe.CardError) as declined:
        api.v1.invoices.pay(invoice.id)
    assert declined.value.code == "card_declined"
    assert api.v1.subscriptions.retrieve(subscription.id).status == "past_due"
    assert latest_invoice(api, subscription.id).attempt_count == invoice.attempt_count
    replace_card(api, subscription.id, "succeeds")
    events()
    assert api.v1.invoices.pay(invoice.id).status == "paid"
    assert api.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert "customer.subscription.updated" in events()
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.invoices.pay(invoice.id)


def test_cancelled_at_the_periods_end_it_runs_until_then_and_may_resume(
    api: Any, advance: Advance, events: Events
) -> None:
    subscription = factories.subscribed()
    end = period(api, subscription.id)[1]
    cancelled = api.v1.subscriptions.update(
        subscription.id,
        {"cancel_at_period_end": True, "cancellation_details": {"feedback": "unused"}},
    )
    assert (cancelled.status, cancelled.cancel_at) == ("active", end)
    assert cancelled.cancellation_details.reason == "cancellation_requested"
    resumed = api.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    assert (resumed.cancel_at, resumed.canceled_at) == (None, None)
    api.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    events()
    advance(days=32)
    assert events("customer.subscription", "invoice") == ["customer.subscription.deleted"]
    ended = api.v1.subscriptions.retrieve(subscription.id)
    assert (ended.status, ended.ended_at) == ("canceled", pytest.approx(end, abs=60))
    assert api.v1.subscriptions.list({"customer": ended.customer}).data == []
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})


def test_cancelled_at_once(api: Any, events: Events) -> None:
    subscription = factories.subscribed()
    events()
    ended = api.v1.subscriptions.cancel(subscription.id, {"cancellation_details": {"comment": "x"}})
    assert ended.status == "canceled"
    assert events() == ["customer.subscription.deleted"]
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.subscriptions.cancel(subscription.id)


def test_month_ends_are_counted_from_the_anchor(api: Any) -> None:
    anchor = datetime(2027, 1, 31, 9, tzinfo=UTC)
    month = {"interval": "month", "interval_count": 1}
    ends = []
    start = int(anchor.timestamp())
    for _ in range(4):
        start = periods.end_after(int(anchor.timestamp()), start, month)
        ends.append(datetime.fromtimestamp(start, UTC).strftime("%m-%d %H"))
    assert ends == ["02-28 09", "03-31 09", "04-30 09", "05-31 09"]
    leap = int(datetime(2028, 2, 29, tzinfo=UTC).timestamp())
    year = {"interval": "year", "interval_count": 1}
    assert datetime.fromtimestamp(periods.end_after(leap, leap, year), UTC).day == 28


def test_a_subscription_of_the_31st_renews_on_each_months_last_day(
    api: Any, advance: Advance
) -> None:
    with time_machine.travel(datetime(2027, 1, 31, 9, tzinfo=UTC), tick=False):
        subscription = factories.subscribed()
        days = []
        for _ in range(3):
            days.append(datetime.fromtimestamp(period(api, subscription.id)[1], UTC).day)
            advance(days=31)
    assert days == [28, 31, 30]


def test_a_year_passes_in_order(api: Any, advance: Advance) -> None:
    factories.subscribed()
    advance(days=366)
    invoices = list(api.v1.invoices.list({"limit": 100}).data)
    assert len(invoices) == 13
    assert {invoice.status for invoice in invoices[1:]} == {"paid"}
    created = [invoice.created for invoice in invoices][::-1]
    gaps = [later - earlier for earlier, later in itertools.pairwise(created)]
    assert all(28 * DAY - 60 <= gap <= 31 * DAY + 60 for gap in gaps)
    stamps = list(
        StripeObject.objects.filter(kind="event").order_by("id").values_list("created", flat=True)
    )
    assert stamps == sorted(stamps)


def test_from_monthly_to_yearly_begins_a_new_period_with_credit(api: Any, advance: Advance) -> None:
    product = factories.product().id
    subscription = factories.subscribed(factories.monthly(3000, product=product).id)
    year = factories.yearly(36500, product=product).id
    advance(days=15)
    item = subscription["items"].data[0].id
    change = {"items": [{"id": item, "price": year}]}
    preview = api.v1.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": change}
    )
    switched = api.v1.subscriptions.update(subscription.id, change)
    invoice = latest_invoice(api, subscription.id)
    assert invoice.amount_paid == invoice.total == pytest.approx(preview.total, abs=1)
    credit = -min(line.amount for line in invoice.lines.data)
    assert credit == pytest.approx(1500, abs=60)
    assert switched["items"].data[0].price.id == year
    start, end = period(api, subscription.id)
    assert start == pytest.approx(clock.now().timestamp(), abs=60)
    assert 365 * DAY <= end - start <= 366 * DAY


def test_from_yearly_to_monthly_the_credit_pays_the_coming_months(
    api: Any, advance: Advance
) -> None:
    product = factories.product().id
    subscription = factories.subscribed(factories.yearly(36500, product=product).id)
    month = factories.monthly(3900, product=product).id
    item = subscription["items"].data[0].id
    api.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "price": month}]})
    balance = api.v1.customers.retrieve(subscription.customer).balance
    assert balance == 3900 - 36500
    advance(days=32)
    assert api.v1.customers.retrieve(subscription.customer).balance == balance + 3900
    assert latest_invoice(api, subscription.id).amount_due == 0
    assert len(api.v1.charges.list().data) == 1


@pytest.mark.parametrize(
    ("behaviour", "lines"), [("create_prorations", 3), ("none", 1), ("always_invoice", 1)]
)
def test_another_price_of_the_same_interval_is_prorated_as_asked(
    api: Any, advance: Advance, behaviour: str, lines: int
) -> None:
    subscription = factories.subscribed(factories.monthly(3000).id)
    dearer = factories.monthly(6000).id
    advance(days=10)
    api.v1.subscriptions.update(
        subscription.id,
        {
            "items": [{"id": subscription["items"].data[0].id, "price": dearer}],
            "proration_behavior": behaviour,
        },
    )
    before = len(api.v1.invoices.list().data)
    assert before == (2 if behaviour == "always_invoice" else 1)
    advance(days=24)
    renewal = latest_invoice(api, subscription.id)
    assert len(renewal.lines.data) == lines
    assert renewal.total >= 6000


def test_a_switch_that_the_card_refuses_may_be_undone(api: Any, advance: Advance) -> None:
    subscription = factories.subscribed()
    replace_card(api, subscription.id, "fails_when_charged")
    change = {
        "items": [{"id": subscription["items"].data[0].id, "price": factories.yearly().id}],
        "payment_behavior": "error_if_incomplete",
    }
    with pytest.raises(stripe.CardError):
        api.v1.subscriptions.update(subscription.id, change)
    kept = api.v1.subscriptions.retrieve(subscription.id)
    assert kept["items"].data[0].price.unit_amount == 3900
    assert kept.status == "active"
    assert len(api.v1.invoices.list().data) == 1


def test_while_collection_is_paused_invoices_are_void(api: Any, advance: Advance) -> None:
    subscription = factories.subscribed()
    resumes = int(clock.now().timestamp()) + 45 * DAY
    api.v1.subscriptions.update(
        subscription.id, {"pause_collection": {"behavior": "void", "resumes_at": resumes}}
    )
    advance(days=32)
    assert latest_invoice(api, subscription.id).status == "void"
    advance(days=32)
    assert api.v1.subscriptions.retrieve(subscription.id).pause_collection is None
    assert latest_invoice(api, subscription.id).status == "paid"
    api.v1.subscriptions.update(
        subscription.id, {"pause_collection": {"behavior": "keep_as_draft"}}
    )
    api.v1.subscriptions.update(subscription.id, {"pause_collection": ""})
    assert api.v1.subscriptions.retrieve(subscription.id).pause_collection is None


def test_a_trial_may_end_now_or_later(api: Any, advance: Advance) -> None:
    subscription = factories.subscribed(trial_period_days=30)
    later = int(clock.now().timestamp()) + 60 * DAY
    moved = api.v1.subscriptions.update(subscription.id, {"trial_end": later})
    assert period(api, subscription.id)[1] == moved.trial_end == later
    api.v1.subscriptions.update(subscription.id, {"trial_end": "now"})
    assert api.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert latest_invoice(api, subscription.id).amount_paid == 3900


def test_a_trial_keeps_only_a_card_that_could_be_charged(api: Any) -> None:
    opened = factories.session(
        factories.yearly().id, mode="subscription", subscription_data={"trial_period_days": 7}
    )
    assert factories.pay(opened.id, factories.NO_FUNDS).kind == "declined"
    assert factories.pay(opened.id, factories.THREE_D_SECURE).kind == "authenticate"
    assert completing.authenticate(opened.id, approved=True, now=clock.now()).kind == "complete"
    session = api.v1.checkout.sessions.retrieve(opened.id)
    assert session.payment_status == "no_payment_required"


def test_a_card_that_fails_when_charged_fails_at_the_trials_end(api: Any, advance: Advance) -> None:
    subscription = factories.subscribed(
        factories.yearly().id, factories.FAILS_WHEN_CHARGED, trial_period_days=7
    )
    advance(days=7, hours=2)
    assert api.v1.subscriptions.retrieve(subscription.id).status == "past_due"


def test_an_authenticated_card_renews_without_its_owner(api: Any, advance: Advance) -> None:
    opened = factories.session(factories.monthly().id, mode="subscription")
    factories.pay(opened.id, factories.THREE_D_SECURE)
    completing.authenticate(opened.id, approved=True, now=clock.now())
    advance(days=32)
    assert [invoice.status for invoice in api.v1.invoices.list().data] == ["paid", "paid"]


def test_the_next_invoice_can_be_seen_beforehand(api: Any) -> None:
    subscription = factories.subscribed()
    preview = api.v1.invoices.create_preview({"subscription": subscription.id})
    assert (preview.total, preview.lines.data[0].amount) == (3900, 3900)
    assert preview.next_payment_attempt == period(api, subscription.id)[1] + 3600
    api.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.invoices.create_preview({"subscription": subscription.id})


def test_lists_are_filtered_by_status_and_customer(api: Any, advance: Advance) -> None:
    first, second = factories.subscribed(), factories.subscribed()
    api.v1.subscriptions.cancel(first.id)
    assert [s.id for s in api.v1.subscriptions.list({"status": "active"}).data] == [second.id]
    assert len(api.v1.subscriptions.list({"status": "all"}).data) == 2
    mine = api.v1.invoices.list({"subscription": second.id, "status": "paid"})
    assert [invoice.id for invoice in mine.data] == [second.latest_invoice]
    soon = int((clock.now() + timedelta(days=40)).timestamp())
    assert len(api.v1.subscriptions.list({"current_period_end": {"lt": soon}}).data) == 1
