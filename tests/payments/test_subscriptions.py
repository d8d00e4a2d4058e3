"""The whole life of what renews itself, under the sandbox's clock."""

import json
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts import privacy, upkeep
from accounts.models import OutboxMessage
from courses.models import Grant
from operations import clock as site_clock
from payments import (
    cancelling,
    checkout,
    gateway,
    letters,
    reconciliation,
    refund_requests,
    reminders,
    subscriptions,
)
from payments.models import (
    Difference,
    Invoice,
    MoneyEntry,
    Order,
    Subscription,
    Trial,
    WebhookEvent,
)
from payments.sandbox import disputes
from payments.sandbox import refunds as sandbox_refunds
from payments.sandbox.models import StripeObject
from tests.factories import MembershipFactory, UserFactory
from tests.payments.factories import course_price, membership_prices
from tests.payments.plans import included_in, opens, text_of
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def membership(db):
    return MembershipFactory()


@pytest.fixture
def prices(membership):
    return membership_prices(membership)


@pytest.fixture
def included(membership):
    return included_in(membership)


def mails(person, template=""):
    keys = OutboxMessage.objects.filter(user=person, key__startswith=template)
    return list(keys.order_by("pk").values_list("key", flat=True))


def break_card(subscription):
    """The bank changes its mind about the card on file."""
    shape = StripeObject.objects.get(stripe_id=subscription.stripe_id).data
    method = StripeObject.objects.get(stripe_id=shape["default_payment_method"])
    method.private["behaviour"] = "declined"
    method.save()


def mend_card(subscription):
    shape = StripeObject.objects.get(stripe_id=subscription.stripe_id).data
    method = StripeObject.objects.get(stripe_id=shape["default_payment_method"])
    method.private["behaviour"] = "succeeds"
    method.save()


def test_a_monthly_membership_opens_every_course_and_renews(shop, buyer, prices, included):
    order = shop.buy(buyer, prices["month"])
    row = order.subscription
    assert order.status == Order.Status.FULFILLED
    assert row.status == "active"
    assert opens(buyer, included)
    grant = Grant.objects.get(source_id=row.source_id)
    assert grant.ends_at == row.period_end + timedelta(days=1)
    assert mails(buyer) == [f"membership-begun-{row.pk}"]
    shop.advance(days=32)
    row.refresh_from_db()
    grant.refresh_from_db()
    assert row.status == "active"
    assert row.invoices.filter(status="paid").count() == 2
    assert grant.ends_at == row.period_end + timedelta(days=1)
    assert MoneyEntry.objects.filter(order=order, kind="charge").count() == 2
    assert len(mails(buyer, "renewal-receipt")) == 1


def test_a_receipt_is_sent_once_though_its_words_are_forgotten(shop, buyer, prices):
    row = shop.buy(buyer, prices["month"]).subscription
    shop.advance(days=32)
    row.refresh_from_db()
    cancelling.cancel(row, now=site_clock.now())
    upkeep.forget_old_mails(site_clock.now() + timedelta(days=31))
    assert not OutboxMessage.objects.get(key__startswith="renewal-receipt").text
    reconciliation.sweep_all(now=site_clock.now())
    assert len(mails(buyer, "renewal-receipt")) == 1


def test_what_has_ended_cannot_be_paid_and_what_comes_too_late_goes_back(
    shop, buyer, prices, included, run_jobs
):
    row = shop.buy(buyer, prices["month"]).subscription
    break_card(row)
    with patch.object(subscriptions, "void_open_bills"):  # it is not void yet
        shop.advance(days=60)
    row.refresh_from_db()
    assert row.status == "canceled"
    me = signed_in(buyer)
    page, pay = (reverse(name, args=[row.pk]) for name in ("subscription", "subscription_pay"))
    assert pay not in me.get(page).text
    assert me.get(pay).url == page
    bill = row.invoices.get(status="open")
    mend_card(row)
    Client().post(f"/sandbox/invoice/{bill.stripe_id}/")  # Stripe's page stood open
    shop.deliver()
    run_jobs()
    shop.deliver()
    bill.refresh_from_db()
    assert bill.status == "paid"
    assert bill.refund_requests.get().status == "done"
    assert MoneyEntry.objects.filter(invoice=bill).aggregate(left=Sum("amount"))["left"] == 0
    assert not opens(buyer, included)
    assert mails(buyer, "renewal-receipt") == []
    assert len(mails(buyer, "refunded")) == 1


def test_the_open_bill_of_what_has_ended_is_void(shop, buyer, prices, run_jobs):
    row = shop.buy(buyer, prices["month"]).subscription
    break_card(row)
    shop.advance(days=60)
    run_jobs()
    shop.deliver()
    row.refresh_from_db()
    assert (row.status, row.invoices.get(amount_paid=0).status) == ("canceled", "void")
    told = text_of(signed_in(buyer).get(reverse("subscription", args=[row.pk])))
    assert "¥39 扣款未成功" in told
    assert "暂停" not in told.split("扣款未成功")[0][-40:]


def test_a_bill_that_stripe_does_not_void_is_not_asked_for_again_and_again(
    shop, buyer, prices, run_jobs
):
    row = shop.buy(buyer, prices["month"]).subscription
    break_card(row)
    with patch.object(subscriptions, "void_open_bills"):
        shop.advance(days=60)
    with patch.object(gateway, "void_invoice", side_effect=gateway.Refused) as asked:
        subscriptions.refresh(row.stripe_id, now=site_clock.now())
        for _ in range(3):
            run_jobs()
    assert asked.call_count == 1


def test_the_receipt_of_what_is_cancelled_promises_no_renewal(shop, buyer, prices, clock):
    row = shop.buy(buyer, prices["month"]).subscription
    with patch.object(letters, "renewal_receipt"):
        shop.advance(days=32)  # the news of the renewal comes late
    row.refresh_from_db()
    cancelling.cancel(row, now=site_clock.now())
    reconciliation.sweep_all(now=site_clock.now())
    told = OutboxMessage.objects.get(key__startswith="renewal-receipt").text
    assert "届时结束" in told
    assert "自动续费" not in told


def test_a_trial_charges_nothing_until_it_ends_and_is_once_per_learner(
    shop, buyer, prices, membership, included
):
    order = shop.buy(buyer, prices["year"])
    assert order.subscription.status == "trialing"
    assert opens(buyer, included)
    assert not MoneyEntry.objects.exists()
    reminders.send_due(site_clock.now() + timedelta(days=2, minutes=1))
    (key,) = mails(buyer, "renewal-notice")
    notice = OutboxMessage.objects.get(key=key)
    assert "试用将于" in notice.subject
    assert "不会扣款" in notice.text
    assert "续费" not in notice.subject
    assert "已付" not in notice.text
    shop.advance(days=8)
    order.subscription.refresh_from_db()
    assert order.subscription.status == "active"
    assert MoneyEntry.objects.get().amount == 36500
    (key,) = mails(buyer, "renewal-receipt")
    receipt = OutboxMessage.objects.get(key=key)
    assert receipt.subject == f"{membership.name}试用结束，已扣款 ¥365"
    assert "已续费" not in receipt.text
    shop.advance(days=366)
    renewed = OutboxMessage.objects.filter(key__startswith="renewal-receipt").latest("pk")
    assert renewed.subject == f"{membership.name}已续费 ¥365"
    other = membership_prices(MembershipFactory())["year"]
    again = shop.begin(buyer, other)
    assert again.trial_days == 0


def test_the_notice_comes_five_days_before_once_with_date_amount_and_a_way_out(shop, buyer, prices):
    row = shop.buy(buyer, prices["month"]).subscription
    reminders.send_due(row.period_end - timedelta(days=6))
    assert mails(buyer, "renewal-notice") == []
    for hours in (0, 1, 30):
        reminders.send_due(row.period_end - timedelta(days=5) + timedelta(hours=hours))
    (key,) = mails(buyer, "renewal-notice")
    mail = OutboxMessage.objects.get(key=key)
    assert "¥39" in mail.subject
    assert f"/account/subscriptions/{row.pk}/cancel/" in mail.text


def test_no_notice_is_leapt_over_where_the_sandboxs_time_is_moved_by_weeks(shop, buyer, prices):
    row = shop.buy(buyer, prices["month"]).subscription
    shop.advance(days=40)
    (key,) = mails(buyer, "renewal-notice")
    told = OutboxMessage.objects.get(key=key).created_at
    assert timedelta(days=4) <= row.period_end - told <= timedelta(days=5)


def test_cancelled_it_stays_open_to_the_periods_end_exactly_and_can_be_resumed(
    shop, buyer, prices, included
):
    row = shop.buy(buyer, prices["month"]).subscription
    cancelling.cancel(row, now=site_clock.now())
    row.refresh_from_db()
    grant = Grant.objects.get(source_id=row.source_id)
    assert row.ends_by_itself
    assert grant.ends_at == row.period_end
    reminders.send_due(row.period_end - timedelta(days=4))
    assert mails(buyer, "renewal-notice") == []
    cancelling.resume(row, now=site_clock.now())
    grant.refresh_from_db()
    assert grant.ends_at == row.period_end + timedelta(days=1)
    cancelling.cancel(row, now=site_clock.now())
    shop.advance(days=32)
    row.refresh_from_db()
    assert row.status == "canceled"
    assert not opens(buyer, included)
    assert len(mails(buyer, "membership-ended")) == 1
    assert checkout.may_buy(buyer, prices["month"].offer, now=site_clock.now())


def test_a_failed_renewal_has_grace_with_reminders_then_closes(
    shop, buyer, prices, included, clock
):
    row = shop.buy(buyer, prices["month"]).subscription
    break_card(row)
    clock_to = row.period_end + timedelta(hours=2)
    shop.advance(seconds=(clock_to - site_clock.now()).total_seconds())
    row.refresh_from_db()
    assert row.status == "past_due"
    since = row.past_due_since
    assert opens(buyer, included)
    assert Grant.objects.get(source_id=row.source_id).ends_at == since + timedelta(days=7)
    for day in range(7):
        reminders.send_due(since + timedelta(days=day, hours=1))
    days = [key.rsplit("-", 1)[1] for key in mails(buyer, "payment-failed")]
    assert days == ["0", "3", "6"]
    assert not checkout.may_buy(buyer, prices["month"].offer, now=site_clock.now())
    shop.advance(days=8)
    assert not opens(buyer, included)
    reminders.send_due(site_clock.now())
    assert len(mails(buyer, "membership-ended")) == 1
    told = OutboxMessage.objects.get(key__startswith="membership-ended").text
    assert "¥39 扣款未成功" in told
    assert reverse("subscription", args=[row.pk]) in told


def test_a_failed_renewal_that_is_paid_after_all_goes_on(shop, buyer, prices, included):
    row = shop.buy(buyer, prices["month"]).subscription
    break_card(row)
    shop.advance(seconds=(row.period_end - site_clock.now()).total_seconds() + 7200)
    row.refresh_from_db()
    assert row.status == "past_due"
    mend_card(row)
    shop.advance(days=4)
    row.refresh_from_db()
    assert row.status == "active"
    assert row.past_due_since is None
    assert opens(buyer, included)
    assert Grant.objects.get(source_id=row.source_id).ends_at > row.period_end


def test_bought_courses_survive_a_lapsed_membership(shop, buyer, prices, included):
    shop.buy(buyer, course_price(included))
    row = shop.buy(buyer, prices["month"]).subscription
    cancelling.cancel(row, now=site_clock.now())
    shop.advance(days=32)
    assert opens(buyer, included)


def test_a_second_subscription_is_ended_refunded_and_told(shop, buyer, prices):
    first = shop.begin(buyer, prices["month"])
    Order.objects.filter(pk=first.pk).update(status=Order.Status.EXPIRED)
    second = shop.begin(buyer, prices["year"])
    Order.objects.filter(pk=second.pk).update(trial_days=second.trial_days)
    shop.pay(second)
    shop.deliver()
    shop.pay(first)
    shop.deliver()
    first.refresh_from_db()
    second.refresh_from_db()
    assert second.status == Order.Status.FULFILLED
    assert first.status == Order.Status.REFUNDED
    assert first.subscription.status == "canceled"
    assert StripeObject.objects.get(kind="refund").data["reason"] == "duplicate"
    assert sum(MoneyEntry.objects.filter(order=first).values_list("amount", flat=True)) == 0
    assert len(mails(buyer, "bought-twice")) == 1
    assert Grant.objects.filter(learner=buyer).count() == 1


def test_a_disputed_renewal_closes_the_membership_and_a_won_one_opens_it_again(
    shop, buyer, prices, included
):
    row = shop.buy(buyer, prices["month"]).subscription
    charge = StripeObject.objects.get(kind="charge")
    disputes.open_dispute(charge.stripe_id, site_clock.now())
    dispute = StripeObject.objects.get(kind="dispute")
    shop.deliver()
    assert not opens(buyer, included)
    assert Order.objects.get().status == Order.Status.FULFILLED  # nothing was given back
    disputes.close_dispute(dispute.stripe_id, won=True, now=site_clock.now())
    shop.deliver()
    assert opens(buyer, included)
    row.refresh_from_db()
    assert row.status == "active"


PERIOD_END = site_clock.now().replace(microsecond=0) + timedelta(days=10)


def test_a_state_nobody_knows_opens_nothing_new_and_alerts(shop, buyer, prices, included):
    row = shop.buy(buyer, prices["month"]).subscription
    before = Grant.objects.get(source_id=row.source_id).ends_at
    row.status = "dreaming"
    subscriptions.settle(row, now=site_clock.now())
    assert Grant.objects.get(source_id=row.source_id).ends_at == before
    assert Difference.objects.get().theirs == "status=dreaming"


def test_an_older_answer_never_overwrites_a_newer_one(shop, buyer, prices):
    row = shop.buy(buyer, prices["month"]).subscription
    from payments import gateway, mirror

    slow_ticket = mirror.take_ticket(Subscription, row.stripe_id)
    slow_shape = gateway.retrieve_subscription(row.stripe_id)
    cancelling.cancel(row, now=site_clock.now())
    subscriptions._apply(slow_shape, slow_ticket, [], now=site_clock.now())
    row.refresh_from_db()
    assert row.cancel_at_period_end


def test_mails_about_money_are_in_the_learners_language(shop, prices):
    reader = shop.person(language="en")
    with translation.override("zh-hans"):
        shop.buy(reader, prices["month"])
    mail = OutboxMessage.objects.get(user=reader)
    assert "CN¥39" in mail.text
    assert "renews itself" in mail.text


def test_invoices_mirror_stripes(shop, buyer, prices):
    row = shop.buy(buyer, prices["month"]).subscription
    invoice = Invoice.objects.get(subscription=row)
    assert (invoice.status, invoice.amount_paid, invoice.currency) == ("paid", 3900, "CNY")
    assert invoice.page_url.startswith("http")


def test_a_bill_that_is_only_foretold_is_not_mirrored(shop, buyer, prices):
    shop.buy(buyer, prices["month"])
    shop.advance(days=32)
    foretold = WebhookEvent.objects.get(type="invoice.upcoming")
    assert foretold.outcome == "ignored"
    assert not Invoice.objects.filter(status="").exists()


def test_nothing_we_keep_of_a_deleted_account_says_who_it_was(shop, prices):
    person = shop.person(name="周可忘", email="forget.me@example.com")
    row = shop.buy(person, prices["month"]).subscription
    assert any("forget.me" in body for body in events())
    cancelling.cancel(row, now=site_clock.now())
    shop.advance(days=32)
    privacy.erase(user=person, now=site_clock.now())
    kept = [*events(), *(json.dumps(each.object) for each in mirrored())]
    assert kept
    assert not [body for body in kept if "forget.me" in body or "周可忘" in body]


def events():
    return list(WebhookEvent.objects.values_list("body", flat=True))


def mirrored():
    return [*Subscription.objects.all(), *Invoice.objects.all()]


# --- what is kept of it --------------------------------------------------------------------------


def test_a_bill_and_its_subscription_are_kept_as_stripe_has_them(shop, buyer, prices):
    row = shop.buy(buyer, prices["month"]).subscription
    assert (row.card, row.card_expires_on.year) == ("Visa 4242", 2099)
    bill = row.invoices.get()
    shape = bill.object
    assert bill.created_at.timestamp() == shape["created"]
    assert bill.paid_at.timestamp() == shape["status_transitions"]["paid_at"]
    break_card(row)
    shop.advance(days=32)
    row.refresh_from_db()
    unpaid = row.invoices.get(status="open")
    due = unpaid.object["status_transitions"]["finalized_at"]
    assert row.past_due_since.timestamp() == due > unpaid.created_at.timestamp()
    assert unpaid.paid_at is None


def test_given_back_in_full_it_is_refunded_until_the_bank_sends_it_back(shop, buyer, prices):
    order = shop.buy(buyer, prices["month"])
    bill = order.subscription.invoices.get()
    refund_requests.approve(order=order, reason="x", actor=UserFactory(), now=site_clock.now())
    shop.run_jobs()
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    assert mails(buyer, "membership-ended") == []
    refund = StripeObject.objects.get(kind="refund")
    sandbox_refunds.fail(refund.stripe_id, site_clock.now())
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert bill.refunds.get().status == "failed"


def test_a_parked_order_stays_so_whatever_comes_of_its_subscription(shop, buyer, prices):
    order = shop.begin(buyer, prices["month"])
    Order.objects.filter(pk=order.pk).update(amount=1)
    shop.pay(order)
    shop.deliver()
    shop.advance(days=32)
    order.refresh_from_db()
    assert (order.status, order.note) == (Order.Status.PARKED, Order.Note.OTHER_AMOUNT)
    assert order.subscription is not None
    assert not Grant.objects.exists()


def test_a_trial_in_another_account_is_none_here(shop, buyer, prices):
    order = shop.buy(buyer, prices["year"])
    Trial.objects.filter(order=order).update(account="acct_other")
    other = membership_prices(MembershipFactory())["year"]
    assert shop.buy(buyer, other).status == Order.Status.FULFILLED
