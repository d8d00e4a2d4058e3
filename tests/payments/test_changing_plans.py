"""Up, down and across: what is shown is what is charged, once."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from accounts.models import OutboxMessage
from courses.models import Grant, Membership
from operations import clock as site_clock
from payments import money, offers, refund_requests
from payments.models import Invoice, Offer, PlanChange, Subscription
from payments.periodic import change_subscriptions
from payments.sandbox import faults
from tests.factories import UserFactory
from tests.payments.factories import OfferFactory, PriceFactory, PromotionFactory, course_price
from tests.payments.plans import (
    behaves,
    fresh,
    included_in,
    opens,
    page_of,
    switch,
    text_of,
    to,
    token_of,
)
from tests.payments.test_subscriptions import break_card, mails, mend_card

pytestmark = pytest.mark.django_db


def test_an_upgrade_shows_credit_price_and_renewal_and_charges_what_it_shows(
    shop, buyer, me, library
):
    row = shop.buy(buyer, library["month"]).subscription
    shop.advance(days=10)
    chosen = me.get(page_of(row, name="subscription_switch"))
    assert to(row, library["year"]) in chosen.text
    page = me.get(to(row, library["year"]))
    due = re.search(r"付 ¥([\d.]+) 并更换", text_of(page))
    assert due, text_of(page)
    assert "未用完的部分" in page.text
    shop.advance(minutes=5)
    answer = me.post(to(row, library["year"]), {"shown": token_of(page)}, follow=True)
    assert "已更换" in answer.text
    bill = Invoice.objects.get(billing_reason="subscription_update")
    assert (bill.status, bill.amount_paid) == ("paid", round(float(due[1]) * 100))
    row = fresh(row)
    assert (row.offer, row.amount) == (library["year"].offer, 36500)
    change = PlanChange.objects.get()
    assert (change.status, change.due_today) == (PlanChange.Status.DONE, bill.amount_paid)
    assert Grant.objects.get().ends_at == row.period_end + timedelta(days=1)
    assert len(mails(buyer, "plan-changed")) == 1


def test_the_membership_page_offers_to_change_what_is_held(shop, buyer, me, library, listening):
    Membership.objects.filter(name="听书会员").update(sort_order=9)
    assert "你已有" not in text_of(me.get(reverse("membership")))
    row = shop.buy(buyer, listening["month"]).subscription
    page = me.get(reverse("membership"))
    assert reverse("subscription_switch", args=[row.pk]) in page.text
    assert "已拥有" in text_of(page)
    assert reverse("payments_buy", args=[listening["month"].offer.key]) not in page.text


def test_confirmed_twice_it_is_charged_once(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    shop.advance(days=10)
    token = token_of(me.get(to(row, library["year"])))
    for _ in range(2):
        me.post(to(row, library["year"]), {"shown": token})
    assert PlanChange.objects.count() == 1
    assert Invoice.objects.filter(billing_reason="subscription_update").count() == 1


@pytest.mark.parametrize("shown", ["", "made up", "another"])
def test_what_was_not_shown_is_not_done(shop, buyer, me, library, shown):
    row = shop.buy(buyer, library["month"]).subscription
    if shown == "another":
        shown = token_of(me.get(to(row, library["quarter"])))
    answer = me.post(to(row, library["year"]), {"shown": shown})
    assert "金额有变" in answer.text
    assert not PlanChange.objects.exists()


def test_sums_that_are_old_are_shown_anew(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    token = token_of(me.get(to(row, library["year"])))
    shop.advance(minutes=16)
    answer = me.post(to(row, library["year"]), {"shown": token})
    assert "金额有变" in answer.text
    assert fresh(row).amount == 3900


def test_a_declined_upgrade_changes_nothing_and_says_so(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    break_card(row)
    answer = switch(me, row, library["year"])
    assert "银行没有通过" in answer.text
    row = fresh(row)
    assert (row.status, row.amount) == ("active", 3900)
    assert PlanChange.objects.get().status == PlanChange.Status.FAILED
    assert not Invoice.objects.filter(status="open").exists()
    mend_card(row)
    assert switch(me, row, library["year"]).status_code == 302
    assert fresh(row).amount == 36500


def test_a_bank_that_asks_is_answered_on_stripes_page(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    behaves(row, "always_authentication")
    answer = switch(me, row, library["year"])
    assert answer.status_code == 303
    assert "/sandbox/invoice/" in answer["Location"]
    assert fresh(row).amount == 3900
    path = urlsplit(answer["Location"]).path
    me.post(path)
    me.post(path, {"answer": "approve"})
    shop.deliver()
    assert fresh(row).amount == 36500
    assert PlanChange.objects.get().status == PlanChange.Status.DONE


def test_a_bank_that_is_never_answered_changes_nothing(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    behaves(row, "always_authentication")
    switch(me, row, library["year"])
    change_subscriptions(site_clock.now() + timedelta(hours=1))
    assert PlanChange.objects.get().status == PlanChange.Status.OPEN
    shop.advance(hours=24)
    change_subscriptions(site_clock.now())
    assert PlanChange.objects.get().status == PlanChange.Status.FAILED
    assert (fresh(row).status, fresh(row).amount) == ("active", 3900)


def test_a_downgrade_comes_with_the_next_period(shop, buyer, me, library):
    row = shop.buy(buyer, library["year"]).subscription
    page = me.get(to(row, library["month"]))
    assert "¥0" in text_of(page)
    assert switch(me, row, library["month"]).status_code == 302
    row = fresh(row)
    assert (row.amount, bool(row.schedule_id)) == (36500, True)
    after = me.get(page_of(row))
    assert "撤回更换" in after.text
    assert "¥39" in after.text
    ends = row.period_end
    shop.advance(seconds=(ends - site_clock.now()).total_seconds() + 7200)
    row = fresh(row)
    assert (row.amount, row.offer, row.period_start) == (3900, library["month"].offer, ends)
    assert PlanChange.objects.get().status == PlanChange.Status.DONE
    assert fresh(row).schedule_id == ""
    notice = OutboxMessage.objects.get(key__startswith="renewal-notice")
    assert "¥39" in notice.subject
    assert len(mails(buyer, "plan-changed")) == 1


def test_a_planned_change_can_be_taken_back_and_gives_way_to_cancelling(shop, buyer, me, library):
    row = shop.buy(buyer, library["year"]).subscription
    switch(me, row, library["month"])
    me.post(page_of(row, name="subscription_switch_back"))
    assert PlanChange.objects.get().status == PlanChange.Status.WITHDRAWN
    assert fresh(row).schedule_id == ""
    switch(me, row, library["month"])
    answer = me.post(page_of(row, name="subscription_cancel"), follow=True)
    assert "已取消" in answer.text
    assert fresh(row).ends_by_itself
    assert not PlanChange.objects.filter(status=PlanChange.Status.OPEN).exists()


def test_ones_own_membership_comes_first_and_an_early_price_names_the_regular_one(
    shop, buyer, me, library, listening
):
    row = shop.buy(buyer, library["month"]).subscription
    now = site_clock.now()
    offers.set_early_price(
        offer=library["year"].offer, currency="CNY", amount=30000,
        ends_at=now + timedelta(days=3), now=now,
    )  # fmt: skip
    listed = me.get(page_of(row, name="subscription_switch")).text
    assert listed.index("¥105") < listed.index("¥180")
    assert re.search(r"¥300.*<s[^>]*>¥365</s>", listed)


def test_only_one_change_is_open_at_a_time(shop, buyer, me, library):
    row = shop.buy(buyer, library["year"]).subscription
    other = token_of(me.get(to(row, library["quarter"])))
    switch(me, row, library["month"])
    answer = me.post(to(row, library["quarter"]), {"shown": other}, follow=True)
    assert "先撤回" in answer.text
    assert PlanChange.objects.count() == 1


def test_from_one_membership_to_a_larger_one_access_follows_at_once(
    shop, buyer, me, library, listening
):
    heard, read = included_in(listening["month"].offer.membership), None
    read = included_in(library["month"].offer.membership)
    row = shop.buy(buyer, listening["month"]).subscription
    assert (opens(buyer, heard), opens(buyer, read)) == (True, False)
    assert "立即开放" in me.get(to(row, library["month"])).text
    switch(me, row, library["month"])
    assert (opens(buyer, heard), opens(buyer, read)) == (False, True)
    assert fresh(row).offer == library["month"].offer


def test_down_to_a_smaller_membership_all_stays_open_until_the_periods_end(
    shop, buyer, me, library, listening
):
    read = included_in(library["month"].offer.membership)
    heard = included_in(listening["month"].offer.membership)
    kept = included_in(library["month"].offer.membership)
    shop.buy(buyer, course_price(kept))
    for page, title in ((read, "只能读"), (heard, "也能听"), (kept, "买下的")):
        page.title = title
        page.save()
    row = shop.buy(buyer, library["month"]).subscription
    shown = text_of(me.get(to(row, listening["month"])))
    assert "以下课程会关闭： 只能读" in shown
    assert "也能听" not in shown
    assert "买下的" not in shown
    switch(me, row, listening["month"])
    assert (opens(buyer, heard), opens(buyer, read)) == (False, True)
    shop.advance(days=32)
    assert (opens(buyer, heard), opens(buyer, read)) == (True, False)
    assert fresh(row).amount == 1900


def test_both_memberships_may_be_held_and_none_is_offered_twice(
    shop, buyer, me, library, listening
):
    row = shop.buy(buyer, listening["month"]).subscription
    buying = me.get(reverse("payments_buy", args=[library["month"].offer.key]))
    assert to(row, library["month"]) in buying.text
    shop.buy(buyer, library["month"])
    assert Subscription.objects.filter(learner=buyer, status="active").count() == 2
    assert to(row, library["month"]) not in me.get(page_of(row, name="subscription_switch")).text
    assert me.get(to(row, library["month"])).status_code == 302


def test_in_a_trial_the_plan_changes_for_nothing(shop, buyer, me, library):
    offer = library["year"].offer
    Offer.objects.filter(pk=offer.pk).update(trial_days=7)
    offer.refresh_from_db()
    row = shop.buy(buyer, library["year"]).subscription
    assert "¥0" in text_of(me.get(to(row, library["month"])))
    switch(me, row, library["month"])
    row = fresh(row)
    assert (row.status, row.amount) == ("trialing", 3900)
    shop.advance(days=8)
    assert Invoice.objects.get(amount_paid__gt=0).amount_paid == 3900


def test_an_answer_that_was_lost_is_looked_for(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    token = token_of(me.get(to(row, library["year"])))
    faults.plan("no_connection", times=100)
    answer = me.post(to(row, library["year"]), {"shown": token}, follow=True)
    faults.clear()
    assert "还不知道换没换成" in answer.text
    assert "正在更换为" in answer.text
    assert "撤回更换" not in answer.text
    assert PlanChange.objects.get().status == PlanChange.Status.OPEN
    change_subscriptions(site_clock.now() + timedelta(minutes=3))
    assert PlanChange.objects.get().status == PlanChange.Status.FAILED
    assert fresh(row).amount == 3900


def test_a_change_that_was_paid_though_the_answer_was_lost_is_told_and_paid_once(
    shop, buyer, me, library
):
    row = shop.buy(buyer, library["month"]).subscription
    faults.plan("timeout", times=100, match=f"POST /v1/subscriptions/{row.stripe_id}")
    answer = switch(me, row, library["year"])
    faults.clear()
    assert answer.status_code == 302
    shop.deliver()
    assert PlanChange.objects.get().status == PlanChange.Status.DONE
    assert "从这一天起：" in me.get(page_of(row)).text
    assert Invoice.objects.filter(billing_reason="subscription_update").count() == 1


def test_what_the_bank_was_asked_and_said_yes_to_cannot_be_taken_back(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    behaves(row, "always_authentication")
    path = urlsplit(switch(me, row, library["year"])["Location"]).path
    me.post(path)
    me.post(path, {"answer": "approve"})  # paid; no news of it has come yet
    answer = me.post(page_of(row, name="subscription_switch_back"), follow=True)
    assert "已经不能撤回" in answer.text
    assert fresh(row).amount == 36500
    assert PlanChange.objects.get().status == PlanChange.Status.DONE


def test_what_waits_for_the_bank_is_taken_back(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    behaves(row, "always_authentication")
    switch(me, row, library["year"])
    waits = me.get(page_of(row))
    assert "等你向银行确认" in text_of(waits)
    assert page_of(row, name="subscription_pay") in waits.text
    assert waits.text.count("button-primary") == 1
    assert f'href="{page_of(row, name="subscription_switch")}"' not in waits.text
    for address in (page_of(row, name="subscription_switch"), to(row, library["quarter"])):
        assert "已有一项更换在进行" in me.get(address, follow=True).text
    answer = me.post(page_of(row, name="subscription_switch_back"), follow=True)
    assert "已撤回" in answer.text
    assert fresh(row).amount == 3900
    assert PlanChange.objects.get().status == PlanChange.Status.WITHDRAWN


def test_a_plan_stands_where_cancelling_fails_half_way(shop, buyer, me, library):
    row = shop.buy(buyer, library["year"]).subscription
    switch(me, row, library["month"])
    faults.plan("no_connection", times=100, match=f"POST /v1/subscriptions/{row.stripe_id}")
    answer = me.post(page_of(row, name="subscription_cancel"), follow=True)
    faults.clear()
    assert "还不知道办成了没有" in answer.text
    shop.deliver()
    assert not fresh(row).ends_by_itself
    assert PlanChange.objects.get().status == PlanChange.Status.OPEN
    change_subscriptions(site_clock.now() + timedelta(minutes=3))
    assert fresh(row).schedule_id
    shop.advance(days=366)
    assert fresh(row).amount == 3900


def test_what_a_change_left_as_credit_is_named_before_a_renewal_and_not_given_back_beside(
    shop, buyer, me, library, listening
):
    dear = PriceFactory(
        offer=OfferFactory(membership=listening["month"].offer.membership), amount=9900
    )
    row = shop.buy(buyer, library["year"]).subscription
    shop.advance(days=10)
    switch(me, row, dear)
    row = fresh(row)
    left = 36500 - 9900 - 36500 * 10 // 365
    assert row.credit == pytest.approx(left, abs=3)  # it may be a leap year
    first = row.invoices.get(amount_paid=36500)
    assert refund_requests.remaining(row.order, first) == 36500 - row.credit
    assert "用余额抵扣，实扣 ¥0" in text_of(me.get(page_of(row)))
    shop.advance(days=27)
    notice = OutboxMessage.objects.filter(key__startswith="renewal-notice").latest("pk")
    assert "实扣 ¥0" in notice.text
    shop.advance(days=5)
    assert fresh(row).credit == pytest.approx(left - 9900, abs=3)


def test_a_plan_that_was_lost_on_the_way_is_made_after_all(shop, buyer, me, library):
    row = shop.buy(buyer, library["year"]).subscription
    token = token_of(me.get(to(row, library["month"])))
    faults.plan("no_connection", times=100)
    me.post(to(row, library["month"]), {"shown": token})
    faults.clear()
    change_subscriptions(site_clock.now() + timedelta(minutes=3))
    assert fresh(row).schedule_id
    assert PlanChange.objects.get().status == PlanChange.Status.OPEN


def test_what_is_anothers_is_not_found(shop, me, library):
    row = shop.buy(UserFactory(), library["month"]).subscription
    for name in ("", "_cancel", "_pause", "_switch", "_pay", "_card"):
        assert me.get(page_of(row, name=f"subscription{name}")).status_code == 404, name
    for name in ("resume", "unpause", "switch_back", "cancel", "pause"):
        assert me.post(page_of(row, name=f"subscription_{name}")).status_code == 404, name
    assert me.get(to(row, library["year"])).status_code == 404


def test_a_code_for_some_offers_reduces_no_other_renewal(shop, buyer, me, library):
    code = PromotionFactory(percent=50, duration="forever")
    code.offers.add(library["month"].offer)
    row = shop.buy(buyer, library["month"], code).subscription
    assert fresh(row).next_amount == 1950
    page = me.get(to(row, library["year"])).text
    assert "¥365" in page
    switch(me, row, library["year"])
    shop.deliver()
    row = fresh(row)
    assert (row.amount, row.next_amount) == (36500, 36500)


def test_what_is_credited_is_what_was_paid_and_the_code_goes_on(shop, buyer, me, library):
    """Half price for good: half of the month's rest comes back, the year costs half."""
    code = PromotionFactory(percent=50, duration="forever")
    row = shop.buy(buyer, library["month"], code).subscription
    start, end = row.period_start, row.period_end
    shop.advance(days=10)
    page = text_of(me.get(to(row, library["year"])))
    left = (end - site_clock.now()) / (end - start)
    credit = round(1950 * left)
    assert "优惠 −¥182.50" in page
    assert f"抵扣 −{money.in_words(credit, 'CNY')}" in page
    assert switch(me, row, library["year"]).status_code == 302
    bill = Invoice.objects.get(billing_reason="subscription_update")
    assert abs(bill.amount_paid - (18250 - credit)) <= 1
    assert bill.yearly_rate == 18250


def test_of_the_same_length_the_discount_is_in_the_parts_and_in_the_rate(
    shop, buyer, me, library, listening
):
    code = PromotionFactory(percent=50, duration="forever")
    row = shop.buy(buyer, listening["month"], code).subscription
    start, end = row.period_start, row.period_end
    shop.advance(days=10)
    left = (end - site_clock.now()) / (end - start)
    assert switch(me, row, library["month"]).status_code == 302
    bill = Invoice.objects.get(billing_reason="subscription_update")
    assert abs(bill.amount_paid - (1950 - 950) * left) <= 2
    assert bill.yearly_rate == 12 * 1950


@pytest.mark.parametrize("fault", ["answer_lost", "no_connection"])
def test_a_planned_change_that_was_taken_back_unheard_is_not_made_anew(
    shop, buyer, me, library, run_jobs, fault
):
    row = shop.buy(buyer, library["year"]).subscription
    switch(me, row, library["month"])
    shop.advance(minutes=10)
    assert fresh(row).schedule_id
    faults.plan(fault, times=20, match="POST /v1/subscription_schedules")
    me.post(page_of(row, name="subscription_switch_back"))
    assert "还不知道办成了没有" in me.get(page_of(row)).text
    faults.clear()
    run_jobs()
    shop.deliver()
    assert "没有办成" not in me.get(page_of(row)).text
    shop.advance(minutes=10)
    assert PlanChange.objects.get().status == PlanChange.Status.WITHDRAWN
    assert not fresh(row).schedule_id
    shown = me.get(page_of(row)).text
    assert "没有办成" not in shown
    assert "还不知道" not in shown
    shop.advance(days=366)
    assert fresh(row).offer == library["year"].offer


def test_a_change_whose_bill_was_voided_unheard_was_taken_back(shop, buyer, me, library, run_jobs):
    row = shop.buy(buyer, library["month"]).subscription
    behaves(row, "always_authentication")
    switch(me, row, library["year"])
    faults.plan("answer_lost", times=20, match="POST /v1/invoices")
    me.post(page_of(row, name="subscription_switch_back"))
    faults.clear()
    run_jobs()
    shop.advance(minutes=10)
    assert PlanChange.objects.get().status == PlanChange.Status.WITHDRAWN
    assert fresh(row).amount == 3900


def test_a_change_that_was_made_though_its_answer_was_lost_says_so(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    token = token_of(me.get(to(row, library["year"])))
    faults.plan("answer_lost", times=20, match="POST /v1/subscriptions")
    answer = me.post(to(row, library["year"]), {"shown": token}, follow=True).text
    assert "已更换" in answer
    assert "还不知道" not in answer
    assert fresh(row).amount == 36500


@pytest.mark.parametrize("fault", ["server_error", "answer_lost"])
def test_a_planned_change_that_stripe_has_not_answered_is_marked_and_made(
    shop, buyer, me, library, fault
):
    row = shop.buy(buyer, library["year"]).subscription
    faults.plan(fault, times=20, match="POST /v1/subscription_schedules/")
    switch(me, row, library["month"])
    me.get(reverse("orders"))
    assert fresh(row).schedule_id
    assert "Stripe 还没有答复" in me.get(page_of(row)).text
    faults.clear()
    shop.advance(minutes=10)
    shown = me.get(page_of(row)).text
    assert "Stripe 还没有答复" not in shown
    assert page_of(row, name="subscription_switch_back") in shown
    shop.advance(days=366)
    assert fresh(row).offer == library["month"].offer
    assert PlanChange.objects.get().status == PlanChange.Status.DONE
