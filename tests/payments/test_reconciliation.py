"""What a sweep looks at, from rows of which Stripe (the sandbox) knows nothing or something else:
whatever it asks for and does not find is named, so that the differences tell what was asked."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from payments import gateway, reconciliation
from payments.models import (
    Difference,
    Invoice,
    Matching,
    MoneyEntry,
    Order,
    PromotionUse,
    Reservation,
    WebhookEvent,
)
from payments.sandbox.models import StripeObject
from tests.factories import course
from tests.insights.world import entry
from tests.payments.conftest import Shop
from tests.payments.factories import (
    ACCOUNT,
    NOW,
    DisputeFactory,
    OrderFactory,
    PromotionFactory,
    RefundFactory,
    SubscriptionFactory,
    WebhookEventFactory,
    course_price,
    membership_prices,
)

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
MINUTES = timedelta(minutes=2)
DAY = timedelta(days=1)


def named() -> set[str]:
    return set(Difference.objects.filter(what="not at Stripe").values_list("object_id", flat=True))


def keys(orders: Iterable[Order]) -> set[str]:
    return {str(order.key) for order in orders}


def ids(rows: Iterable[Any]) -> set[str]:
    return {row.stripe_id for row in rows}


# --- orders -------------------------------------------------------------------------------------


def test_open_orders_are_asked_about_after_two_minutes() -> None:
    asked = [OrderFactory(created_at=NOW - MINUTES), OrderFactory(created_at=NOW - 9 * DAY)]
    OrderFactory(created_at=NOW - MINUTES + SECOND)
    OrderFactory(created_at=NOW - DAY, fulfilled=True)
    OrderFactory(created_at=NOW - DAY, status=Order.Status.EXPIRED)
    OrderFactory(created_at=NOW - DAY, account="acct_other")
    OrderFactory(created_at=NOW - DAY, livemode=True)
    OrderFactory(created_at=NOW - MINUTES, session_id=None)
    report = reconciliation.sweep_open(now=NOW)
    assert named() == keys(asked)
    assert report == reconciliation.Report(looked_at=2)
    [first, *_] = Difference.objects.filter(object_id=str(asked[0].key))
    assert (first.object_kind, first.ours, first.theirs) == ("order", "status=open", "")


def test_reserved_orders_are_asked_about_once_their_card_was_refused() -> None:
    refused, waiting = (
        OrderFactory(created_at=NOW - DAY, status=Order.Status.RESERVED) for _ in range(2)
    )
    for order, fields in (
        (refused, {"charging_at": NOW, "refused_at": NOW, "pay_until": NOW + DAY}),
        (waiting, {}),
    ):
        Reservation.objects.create(
            order=order,
            customer_id="c",
            payment_method_id="p",
            reserved_at=NOW,
            day=NOW.date(),
            **fields,
        )
    reconciliation.sweep_open(now=NOW)
    assert named() == keys([refused])


def test_orders_whose_page_was_never_made_are_given_up_in_time() -> None:
    limited, unlimited = PromotionFactory(max_uses=5), PromotionFactory()

    def begun(age: timedelta, **fields: Any) -> Order:
        fields = {"session_id": None} | fields
        made: Order = OrderFactory(created_at=NOW - age, **fields)
        return made

    hour = timedelta(hours=1)
    with_code = {"discount": 100, "amount": 3800}
    gone = [
        begun(DAY + SECOND),
        begun(hour + SECOND, promotion=limited, **with_code),
        begun(DAY + SECOND, promotion=unlimited, **with_code),
    ]
    begun(DAY)
    begun(hour, promotion=limited, **with_code)
    begun(hour + SECOND, promotion=unlimited, **with_code)
    begun(hour + SECOND)
    begun(DAY + SECOND, session_id="cs_1")
    begun(DAY + SECOND, account="acct_other")
    begun(DAY + SECOND, fulfilled=True)
    reconciliation.sweep_open(now=NOW)
    assert set(Order.objects.filter(status=Order.Status.EXPIRED)) == set(gone)


def test_the_uses_of_codes_of_closed_orders_are_given_up() -> None:
    code = PromotionFactory(max_uses=5)
    order = OrderFactory(
        created_at=NOW - DAY, session_id=None, promotion=code, discount=100, amount=3800
    )
    use = PromotionUse.objects.create(
        promotion=code,
        learner=order.buyer,
        order=order,
        slot=1,
        slots=5,
        nth=1,
        per_person=1,
        reserved_at=NOW,
    )
    reconciliation.sweep_open(now=NOW)
    use.refresh_from_db()
    assert use.released_at == NOW


def test_what_was_paid_meanwhile_is_opened_and_written_down_once(shop: Shop) -> None:
    order = shop.begin(shop.person(), course_price(course()))
    shop.pay(order)
    later = order.created_at + MINUTES
    assert reconciliation.sweep_open(now=later) == reconciliation.Report(looked_at=1, mended=1)
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    [mended] = Difference.objects.all()
    assert (mended.object_kind, mended.ours, mended.theirs, mended.ending) == (
        "order",
        "status=open",
        "status=fulfilled",
        "mended",
    )
    assert reconciliation.sweep_open(now=later) == reconciliation.Report()


def test_what_is_still_open_at_stripe_is_no_difference(shop: Shop) -> None:
    order = shop.begin(shop.person(), course_price(course()))
    report = reconciliation.sweep_open(now=order.created_at + MINUTES)
    assert report == reconciliation.Report(looked_at=1)
    assert not Difference.objects.exists()


# --- refunds that were approved -----------------------------------------------------------------


def test_approved_refunds_are_carried_out_after_two_minutes(shop: Shop) -> None:
    orders = [shop.buy(shop.person(), course_price(course())) for _ in range(2)]
    at = orders[1].created_at + DAY

    def approved(order: Order, decided_at: datetime, **fields: Any) -> None:
        order.refund_requests.create(
            **{"created_at": NOW, "status": "approved", "decided_at": decided_at} | fields
        )

    approved(orders[0], at - MINUTES)
    approved(orders[1], at - MINUTES + SECOND)
    approved(OrderFactory(fulfilled=True), at - DAY, status="asked")
    approved(OrderFactory(fulfilled=True, account="acct_other"), at - DAY)
    approved(OrderFactory(fulfilled=True, livemode=True), at - DAY)
    assert reconciliation.sweep_open(now=at).looked_at == 1
    assert [order.refund_requests.get().status for order in orders] == ["done", "approved"]


# --- subscriptions, bills, refunds, disputes, books ---------------------------------------------


def everything(**fields: Any) -> reconciliation.Report:
    return reconciliation.sweep_all(now=NOW, **fields)


def test_what_is_not_finished_is_asked_about() -> None:
    running = [
        SubscriptionFactory(status=status) for status in ("active", "unpaid", "incomplete", "")
    ]
    moving = [RefundFactory(status=status) for status in ("pending", "requires_action")]
    weighed = [DisputeFactory(status=status) for status in ("needs_response", "under_review")]
    for status in ("canceled", "incomplete_expired"):
        SubscriptionFactory(status=status)
    for status in ("succeeded", "failed", "canceled"):
        RefundFactory(status=status)
    for status in ("won", "lost", "warning_closed", "prevented"):
        DisputeFactory(status=status)
    for other in ({"account": "acct_other"}, {"livemode": True}):
        SubscriptionFactory(**other)
        RefundFactory(status="pending", **other)
        DisputeFactory(**other)
    Order.objects.update(payment_intent_id=None)
    report = everything()
    assert named() == ids([*running, *moving, *weighed])
    assert report == reconciliation.Report(looked_at=8)
    kinds = set(Difference.objects.values_list("object_kind", "ours"))
    assert ("refund", "status=pending") in kinds
    assert ("dispute", "status=under_review") in kinds
    assert (
        "subscription",
        "status=active; period_end=2026-12-23T04:00:00+00:00; cancel_at_period_end=no; cancel_at=",
    ) in kinds


def test_payments_without_an_entry_in_the_books_are_asked_about() -> None:
    missing, refunded = OrderFactory(fulfilled=True), OrderFactory(fulfilled=True)
    entry("2026-11-20 12:00", -1, kind=MoneyEntry.Kind.REFUND, order=refunded)
    entry("2026-11-20 12:00", 1, order=OrderFactory(fulfilled=True))
    OrderFactory(payment_intent_id="pi_unpaid", created_at=NOW)
    OrderFactory(fulfilled=True, payment_intent_id=None)
    OrderFactory(fulfilled=True, account="acct_other")
    OrderFactory(fulfilled=True, livemode=True)
    assert everything().looked_at == 2
    assert named() == {str(missing.session_id), str(refunded.session_id)}
    [row] = Difference.objects.filter(object_id=str(missing.session_id))
    assert (row.object_kind, row.ours) == ("checkout.session", "paid=yes")


def test_an_amount_that_stripe_changed_on_a_bill_is_written_with_both_sides(shop: Shop) -> None:
    order = shop.buy(shop.person(), membership_prices()["month"])
    now = order.created_at + DAY
    assert reconciliation.sweep_all(now=now) == reconciliation.Report(looked_at=1)
    Invoice.objects.update(amount_due=1)
    assert reconciliation.sweep_all(now=now).mended == 1
    [mended] = Difference.objects.all()
    assert (mended.object_kind, mended.ours, mended.theirs) == (
        "invoice",
        "status=paid; amount_due=1; amount_paid=3900; currency=CNY",
        "status=paid; amount_due=3900; amount_paid=3900; currency=CNY",
    )
    assert Invoice.objects.get().amount_due == 3900
    assert reconciliation.sweep_all(now=now).mended == 0


@pytest.mark.parametrize("status", ["open", "void", ""])
def test_another_state_of_the_newest_bill_is_written_down(shop: Shop, status: str) -> None:
    order = shop.buy(shop.person(), membership_prices()["month"])
    Invoice.objects.update(status=status)
    report = reconciliation.sweep_all(now=order.created_at + DAY)
    assert (report.mended, Invoice.objects.get().status) == (1, "paid")
    [mended] = Difference.objects.all()
    assert (mended.object_kind, mended.ours, mended.theirs, mended.ending) == (
        "invoice",
        f"status={status}",
        "status=paid",
        "mended",
    )


def test_a_bill_whose_news_may_be_on_its_way_is_taken_over_and_is_no_difference(
    shop: Shop,
) -> None:
    order = shop.buy(shop.person(), membership_prices()["month"])
    assert order.subscription is not None
    [shape] = gateway.invoices_of(order.subscription.stripe_id)
    paid_at = datetime.fromtimestamp(shape["status_transitions"]["paid_at"], NOW.tzinfo)
    for age, mended in ((MINUTES - SECOND, 0), (MINUTES, 1)):
        Invoice.objects.update(status="open", amount_paid=0)
        assert reconciliation.sweep_all(now=paid_at + age).mended == mended
        assert Invoice.objects.get().status == "paid"
    [row] = Difference.objects.all()
    assert (row.ours, row.theirs) == ("status=open", "status=paid")


def test_a_bill_that_nobody_told_is_taken_in(shop: Shop) -> None:
    order = shop.buy(shop.person(), membership_prices()["month"])
    assert order.subscription is not None
    now = order.created_at + DAY
    [shape] = gateway.invoices_of(order.subscription.stripe_id)
    kept = StripeObject.objects.get(stripe_id=shape["id"])
    second = StripeObject.objects.create(
        stripe_id="in_second",
        kind=kept.kind,
        customer=kept.customer,
        created=kept.created,
        data=kept.data | {"id": "in_second", "status": "void"},
        private=kept.private,
    )
    report = reconciliation.sweep_all(now=now)
    assert (report.looked_at, report.mended) == (1, 1)
    [mended] = Difference.objects.all()
    assert (mended.object_kind, mended.object_id, mended.ours, mended.theirs) == (
        "invoice",
        second.stripe_id,
        "",
        "status=void",
    )
    assert Invoice.objects.get(stripe_id="in_second").status == "void"
    assert reconciliation.sweep_all(now=now).mended == 0


# --- events -------------------------------------------------------------------------------------


def test_events_that_were_not_delivered_are_taken_in_once(shop: Shop) -> None:
    order = shop.begin(shop.person(), course_price(course()))
    shop.pay(order)
    now = order.created_at
    every = {event["id"] for event in gateway.events(since=0, missed=True)}
    known = sorted(every)[0]
    WebhookEventFactory(stripe_id=known)
    WebhookEventFactory(stripe_id=sorted(every)[1], account="acct_other")
    report = reconciliation.sweep_all(now=now)
    assert report.missed_events == len(every) - 1
    ours = WebhookEvent.objects.filter(account=ACCOUNT).exclude(stripe_id=known)
    assert set(ours.values_list("stripe_id", flat=True)) == every - {known}
    assert reconciliation.sweep_all(now=now).missed_events == 0


@pytest.mark.parametrize(("age", "taken"), [(30 * DAY, True), (30 * DAY + MINUTES, False)])
def test_events_are_asked_for_as_far_back_as_stripe_keeps_them(
    shop: Shop, age: timedelta, taken: bool
) -> None:
    order = shop.begin(shop.person(), course_price(course()))
    shop.pay(order)
    begun = min(event["created"] for event in gateway.events(since=0, missed=False))
    now = datetime.fromtimestamp(begun, NOW.tzinfo) + age
    Order.objects.all().delete()
    assert (reconciliation.sweep_all(now=now).missed_events > 0) is taken


# --- progress, comparison -----------------------------------------------------------------------


def test_it_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "BATCH", 2)
    orders = [OrderFactory(created_at=NOW - DAY) for _ in range(3)]
    SubscriptionFactory()
    said: list[tuple[str, int, int]] = []
    report = everything(progress=lambda *each: said.append(each))
    assert said == [
        ("orders", 1, 3),
        ("orders", 2, 3),
        ("orders", 3, 3),
        ("subscriptions", 1, 1),
    ]
    assert report.looked_at == 4
    assert keys(orders) < named()


def test_a_comparison_counts_what_the_sweep_did_too() -> None:
    OrderFactory(created_at=NOW - DAY)
    report, run = reconciliation.compare(now=NOW, made_since=NOW - DAY)
    assert report == reconciliation.Report(looked_at=1)
    run.refresh_from_db()
    assert (run.looked_at, run.mended, run.missed_events) == (1, 0, 0)
    assert (run.made_from, run.ended_at) == (NOW - DAY, NOW)


def test_a_comparison_that_was_broken_off_goes_on_counting(shop: Shop) -> None:
    order = shop.begin(shop.person(), course_price(course()))
    shop.pay(order)
    now = order.created_at + MINUTES
    Matching.objects.create(
        account=ACCOUNT,
        made_from=now,
        made_until=now,
        began_at=now,
        looked_at=10,
        mended=20,
        missed_events=30,
    )
    told: list[str] = []
    report, run = reconciliation.compare(
        now=now, made_since=None, progress=lambda what, done, total: told.append(what)
    )
    run.refresh_from_db()
    assert report.mended == 1
    assert report.missed_events > 0
    assert run.looked_at == 10 + report.looked_at
    assert (run.mended, run.missed_events) == (21, 30 + report.missed_events)
    assert {"events", "orders"} <= set(told)
