"""Everything at Stripe beside ours: what differs is mended or named, however it came about."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import roles
from operations import periodic
from pages import dates
from payments import differences, gateway, matching
from payments.models import (
    Difference,
    Dispute,
    Invoice,
    Matching,
    MoneyEntry,
    Order,
    Refund,
    Subscription,
)
from payments.sandbox import disputes, faults, time
from payments.sandbox.models import StripeObject
from tests.factories import course
from tests.payments.factories import (
    DisputeFactory,
    InvoiceFactory,
    OrderFactory,
    RefundFactory,
    SubscriptionFactory,
    course_price,
    membership_prices,
)
from tests.payments.staff import at_desk, csv_rows
from tests.payments.test_admin_listings import money_entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(shop, buyer, clock):
    """A course, a membership that renewed, money given back, a payment in dispute."""
    course_order = shop.buy(buyer, course_price(course()))
    shop.buy(buyer, membership_prices()["month"])
    shop.advance(days=33)
    other = shop.buy(shop.person(), course_price(course()))
    gateway.create_refund({"payment_intent": course_order.payment_intent_id}, key="by hand")
    disputes.open_dispute(other.charge_id, now=clock.now())
    shop.deliver()
    clock.move(timedelta(minutes=3))


def match(clock, **since):
    return matching.run(now=clock.now(), since=clock.now() - timedelta(**since) if since else None)


def invented_refund(*, made_at):
    RefundFactory(
        stripe_id="re_invented",
        account=gateway.account_id(),
        order=Order.objects.first(),
        created_at=made_at,
    )


def open_ones():
    return [(row.object_kind, row.what) for row in Difference.objects.filter(ended_at=None)]


def test_where_all_was_told_nothing_differs(sold, clock):
    run = match(clock)
    assert (run.mended, run.differing, open_ones()) == (0, 0, [])
    seen = StripeObject.objects.filter(kind__in=gateway.LISTS).exclude(data__status="expired")
    assert run.looked_at == seen.count() > 10
    assert run.ended_at


@pytest.mark.parametrize(
    "change",
    [
        lambda: Subscription.objects.update(status="canceled", applied_ticket=0),
        lambda: Invoice.objects.update(amount_paid=1, applied_ticket=0),
        lambda: Refund.objects.update(status="pending", applied_ticket=0),
        lambda: Dispute.objects.update(status="won", applied_ticket=0),
    ],
)
def test_what_was_changed_here_is_made_right_and_written_down(sold, clock, change):
    change()
    run = match(clock)
    assert run.mended >= 1
    assert open_ones() == []
    row = Difference.objects.latest("pk")
    assert row.ending == Difference.Ending.MENDED
    assert row.ours != row.theirs
    assert match(clock).mended == 0


def test_a_bill_long_paid_that_was_never_told_is_taken_in(shop, buyer, clock):
    shop.buy(buyer, membership_prices()["month"])
    time.advance(by=timedelta(days=70))  # nobody tells of it
    clock.move(timedelta(minutes=3))
    assert match(clock).mended
    assert Invoice.objects.filter(status="paid").count() == 3
    charges = MoneyEntry.objects.filter(kind="charge")
    assert charges.count() == 3


def test_what_stripe_never_had_is_named(sold, clock):
    invented_refund(made_at=clock.now() - timedelta(days=1))
    money_entry("txn_invented", account=gateway.account_id())
    money_entry("txn_of_another", account="acct_another")
    money_entry("txn_of_real_money", account=gateway.account_id(), livemode=True)
    run = match(clock)
    assert run.differing == 2
    assert open_ones() == [
        ("balance_transaction", "not at Stripe"),
        ("refund", "not at Stripe"),
    ]
    match(clock)
    assert len(open_ones()) == 2  # the same ones, still open


def test_books_that_say_something_else_are_named_and_stay(sold, clock):
    entry = MoneyEntry.objects.filter(kind="charge")[0]
    booked = StripeObject.objects.get(stripe_id=entry.stripe_id)
    booked.data |= {"fee": booked.data["fee"] + 1, "net": booked.data["net"] - 1}
    booked.save()
    match(clock)
    assert open_ones() == [("balance_transaction", "values")]


def test_a_payment_of_another_shop_in_the_account_is_none_of_ours(shop, buyer, clock):
    shop.pay(order := shop.begin(buyer, course_price(course())))
    for row in StripeObject.objects.filter(kind__in=["checkout.session", "payment_intent"]):
        row.data |= {"metadata": {}}
        row.save()
    Order.objects.filter(pk=order.pk).update(session_id=None)
    clock.move(timedelta(minutes=3))
    run = match(clock)
    assert (run.differing, open_ones()) == (0, [])


def test_broken_off_it_goes_on_where_it_was(sold, clock, monkeypatch):
    monkeypatch.setattr(gateway, "PAGE", 2)
    faults.plan("no_connection", times=100, match="GET /v1/refunds")
    with pytest.raises(gateway.GatewayError):
        match(clock)
    faults.clear()
    half = Matching.objects.get()
    assert (half.kind, half.ended_at) == ("invoice", None)
    asked: list[str] = []
    page_of = gateway.page_of

    def ask(kind, **more):
        asked.append(kind)
        return page_of(kind, **more)

    monkeypatch.setattr(gateway, "page_of", ask)
    whole = match(clock)
    assert whole.pk == half.pk
    assert "checkout.session" not in asked
    seen = StripeObject.objects.filter(kind__in=gateway.LISTS).exclude(data__status="expired")
    assert whole.looked_at == seen.count()


def test_pages_of_any_size_find_the_same(sold, clock, monkeypatch):
    first = Refund.objects.values_list("created_at", flat=True).get()
    assert first
    invented_refund(made_at=first - timedelta(seconds=1))
    for size in (1, 2, 3, 100):
        monkeypatch.setattr(gateway, "PAGE", size)
        assert match(clock).differing == 1, size


def test_only_what_was_made_of_late_is_looked_at_daily(sold, clock):
    everything = match(clock).looked_at
    assert 0 < match(clock, days=2).looked_at < everything


def test_a_page_more_costs_as_many_questions(sold, clock, django_assert_max_num_queries):
    entry = StripeObject.objects.filter(kind="balance_transaction")[0]
    for number in range(300):
        data = entry.data | {"id": f"txn_{number}"}
        StripeObject.objects.create(
            stripe_id=data["id"], kind=entry.kind, data=data, created=entry.created
        )
        money_entry(
            data["id"],
            account=gateway.account_id(),
            settled_amount=data["amount"],
            settled_fee=data["fee"],
            settled_net=data["net"],
            booked_at=clock.now() - timedelta(days=33),
        )
    with django_assert_max_num_queries(60):
        run = match(clock)
    assert run.looked_at > 300
    assert run.differing == 0


@pytest.mark.sqlite  # PostgreSQL scans tables so small
def test_what_we_have_is_found_by_its_days_however_much_there_is(sold, clock):
    with CaptureQueriesContext(connection) as asked:
        match(clock)
    by_day = {
        "payments_moneyentry": "money_entry_by_day",
        "payments_order": "order_by_day",
        "payments_subscription": "subscription_by_start",
        "payments_invoice": "invoice_by_day",
        "payments_refund": "refund_by_day",
    }
    found = {}
    for query in asked.captured_queries:
        sql = query["sql"]
        table = sql.partition(' FROM "')[2].partition('"')[0]
        if sql.startswith("SELECT") and " NOT (" in sql and table in by_day:
            found[table] = plan_of(sql)
    assert found.keys() == by_day.keys()
    for table, index in by_day.items():
        assert f"USING INDEX {index}" in found[table]


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return "; ".join(row[-1] for row in cursor.fetchall())


def test_the_command_says_what_it_compared(sold, clock):
    said = StringIO()
    call_command("reconcile", "--days", "2", stdout=said)
    assert "mended 0" in said.getvalue()
    assert "No difference is open." in said.getvalue()


def test_finance_reads_when_it_was_compared_last(sold, clock):
    desk = at_desk(roles.FINANCE)
    listing = reverse("money-differences:index")
    assert "上次与 Stripe 对账" not in desk.get(listing).text
    run = match(clock)
    assert "上次与 Stripe 对账" in (page := desk.get(listing).text)
    assert f"核对 {run.looked_at} 个对象，修正 0 处，补收 0 个漏掉的事件，发现 0 处待看" in page
    Matching.objects.update(ended_at=None)
    assert f"已核对 {run.looked_at} 个对象" in desk.get(listing).text


def test_the_page_says_the_same_numbers_as_the_command(shop, buyer, clock):
    order = shop.begin(buyer, course_price(course()))
    shop.pay(order)
    shop.buy(shop.person(), membership_prices()["month"])
    faults.plan("drop", times=1000)
    time.advance(by=timedelta(days=32))
    shop.deliver()
    faults.clear()
    clock.move(timedelta(minutes=3))
    said = StringIO()
    call_command("reconcile", stdout=said)
    run = Matching.objects.get()
    assert run.mended > 0
    assert run.missed_events > 0
    assert (
        f"Looked at {run.looked_at} objects, mended {run.mended}, "
        f"took in {run.missed_events} missed events." in said.getvalue()
    )
    page = at_desk(roles.FINANCE).get(reverse("money-differences:index")).text
    assert (
        f"核对 {run.looked_at} 个对象，修正 {run.mended} 处，"
        f"补收 {run.missed_events} 个漏掉的事件，发现 0 处待看" in page
    )


def told(row, desk):
    """The detail page, the listing and the command's line of a difference, without their breaks."""
    listing = reverse("money-differences:index")
    said = StringIO()
    call_command("reconcile", stdout=said)
    found = reverse("money-differences:inspect", args=[row.pk])
    return desk.get(found).text, desk.get(listing).text, said.getvalue()


def test_what_is_not_at_stripe_says_whom_it_concerns_and_leads_there(shop, buyer, clock):
    gateway.account_id()
    lost = SubscriptionFactory(stripe_id="sub_lost", learner=buyer, started_at=clock.now())
    clock.move(timedelta(minutes=3))
    call_command("reconcile", stdout=StringIO())
    row = Difference.objects.get()
    page, listing, said = told(row, at_desk(roles.FINANCE))
    address = reverse("money-subscriptions:inspect", args=[lost.pk])
    for text in (page, listing):
        assert f'href="{address}"' in text
        assert f"&lt;{buyer.email}&gt; · ¥39 · 有效" in text
        assert "有效 · 到期结束 否" in text
    assert f"status=active; cancel_at_period_end=no; period_end={lost.period_end:%Y-%m-%d}" in said
    assert f"of ¥39, {buyer.email}, http" in said
    assert address in said


@pytest.mark.parametrize("kind", ["refund", "dispute", "balance_transaction", "checkout.session"])
def test_each_kind_leads_to_what_we_have_of_it(shop, clock, kind):
    account = {"account": gateway.account_id()}
    order = OrderFactory(**account, fulfilled=True, created_at=clock.now())
    rows = {
        "refund": lambda: RefundFactory(**account, order=order, created_at=clock.now()),
        "dispute": lambda: DisputeFactory(**account, order=order, created_at=clock.now()),
        "balance_transaction": lambda: money_entry(
            "txn_lost", order, **account, booked_at=clock.now()
        ),
        "checkout.session": lambda: order,
    }
    row = rows[kind]()
    clock.move(timedelta(minutes=3))
    match(clock)
    found = Difference.objects.get(object_kind=kind, what="not at Stripe")
    assert found.ours
    listings = {"balance_transaction": "entries", "checkout.session": "orders"}
    listing = f"money-{listings.get(kind, kind + 's')}:inspect"
    for text in told(found, at_desk(roles.FINANCE)):
        assert reverse(listing, args=[row.pk]) in text
        assert order.buyer.email in text


def test_a_bill_that_was_only_here_is_of_its_subscriber(shop, clock, buyer):
    account = {"account": gateway.account_id()}
    subscription = SubscriptionFactory(**account, learner=buyer, started_at=clock.now())
    bill = InvoiceFactory(**account, subscription=subscription, created_at=clock.now())
    clock.move(timedelta(minutes=3))
    match(clock)
    page = at_desk(roles.FINANCE).get(reverse("money-differences:index")).text
    assert reverse("money-invoices:inspect", args=[bill.pk]) in page
    assert f"&lt;{buyer.email}&gt; · ¥39 · 已付" in page


def test_what_is_missing_here_concerns_nobody_known(db, clock):
    differences.found(
        kind="refund", object_id="re_1", what="missing here", ours={}, theirs={}, now=clock.now()
    )
    desk = at_desk(roles.FINANCE)
    assert desk.get(reverse("money-differences:index")).status_code == 200
    [row] = csv_rows(desk, reverse("money-differences:index"))
    assert row["有关谁"] == ""


def test_more_differences_cost_no_more_questions(shop, buyer, clock, django_assert_num_queries):
    desk = at_desk(roles.FINANCE)
    listing = reverse("money-differences:index")

    def lose(number):
        row = SubscriptionFactory(account=gateway.account_id(), learner=buyer)
        differences.found(
            kind="subscription",
            object_id=row.stripe_id,
            what="not at Stripe",
            ours={},
            theirs={},
            now=clock.now(),
        )

    lose(1)
    desk.get(listing)
    with CaptureQueriesContext(connection) as few:
        desk.get(listing)
    for number in range(2, 20):
        lose(number)
    with django_assert_num_queries(len(few)):
        page = desk.get(listing).text
    assert page.count(f"&lt;{buyer.email}&gt;") == 19
    rows = csv_rows(desk, listing)
    assert all(buyer.email in row["有关谁"] for row in rows)


def test_a_day_is_enough(sold, clock, run_jobs):
    clock.move(timedelta(days=1))
    assert "payments.periodic.match" in periodic.tick(now=clock.now())
    run_jobs()
    assert Matching.objects.get().ended_at


def test_stripe_away_is_said_and_the_run_stays_open(sold, clock):
    faults.plan("no_connection", times=1000, match="GET /v1/disputes")
    with pytest.raises(CommandError, match="could not be asked"):
        call_command("reconcile", stdout=StringIO())


def test_finance_reads_both_sides_in_words(sold, clock):
    desk = at_desk(roles.FINANCE)
    Subscription.objects.update(status="past_due", applied_ticket=0)
    Invoice.objects.update(amount_paid=1, applied_ticket=0)
    match(clock)
    page = desk.get(reverse("money-differences:index")).text
    period_end = Subscription.objects.get().period_end
    assert period_end
    ends = dates.moment(period_end)
    assert f"扣款失败 · 到期结束 否 · 本期至 {ends}" in page
    assert "已付 · 金额 ¥39 · 已付 ¥0.01" in page
    assert "已付 · 金额 ¥39 · 已付 ¥39" in page
    assert "datetime.datetime" not in page
    assert "订阅" in page
    assert "两边不一致" in page
    row = Difference.objects.filter(object_kind="subscription").latest("pk")
    assert f"有效 · 到期结束 否 · 本期至 {ends}" in desk.get(
        reverse("money-differences:inspect", args=[row.pk])
    ).text.replace("\n", "")


def test_a_difference_of_former_times_still_shows(sold, clock):
    row = differences.found(
        kind="refund", object_id="re_1", what="values", ours={}, theirs={}, now=clock.now()
    )
    Difference.objects.filter(pk=row.pk).update(ours="('pending', 1)", theirs="pending, None")
    page = at_desk(roles.FINANCE).get(reverse("money-differences:inspect", args=[row.pk])).text
    assert "(&#x27;pending&#x27;, 1)" in page
    assert "pending, None" in page
