"""Going over to another plan, pausing, cancelling with a reason, a new price: what learners see,
what Stripe is told, what opens."""

import io
import re
import zipfile
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from accounts import privacy, roles
from accounts.models import OutboxMessage
from courses import access
from courses.memberships import sync_included
from courses.models import Grant
from operations import clock as site_clock
from payments import cancelling, pausing, price_changes, reminders, subscriptions
from payments.models import (
    Cancellation,
    Invoice,
    Offer,
    Pause,
    PlanChange,
    PriceChange,
    Subscription,
)
from payments.offers import set_price
from payments.periodic import change_subscriptions
from payments.sandbox import faults
from payments.sandbox.models import StripeObject
from tests.factories import MembershipFactory, UserFactory, course
from tests.payments.factories import (
    OfferFactory,
    PriceFactory,
    PromotionFactory,
    SubscriptionFactory,
    membership_prices,
)
from tests.payments.staff import at_desk, csv_rows, somebody
from tests.payments.test_pages import signed_in
from tests.payments.test_subscriptions import break_card, mails, mend_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def me(buyer):
    return signed_in(buyer)


@pytest.fixture
def library(db):
    """The whole library: ¥39 a month, ¥105 a quarter, ¥365 a year."""
    membership = MembershipFactory(name="全部课程")
    prices = membership_prices(membership)
    Offer.objects.filter(pk=prices["year"].offer_id).update(trial_days=0)
    prices["year"].offer.refresh_from_db()
    quarter = OfferFactory(membership=membership, interval="quarter", sort_order=3)
    return prices | {"quarter": PriceFactory(offer=quarter, amount=10500)}


@pytest.fixture
def listening(db):
    """听书会员, beside it: ¥19 a month, ¥180 a year."""
    membership = MembershipFactory(name="听书会员")
    month = OfferFactory(membership=membership, interval="month")
    year = OfferFactory(membership=membership, interval="year")
    return {
        "month": PriceFactory(offer=month, amount=1900),
        "year": PriceFactory(offer=year, amount=18000),
    }


def included_in(membership):
    page = course(lessons=1)
    page.memberships.add(membership)
    page.save()
    sync_included(page, now=site_clock.now())
    return page


def opens(person, page):
    return access.to_course(person, page).has_grant


def page_of(row, *, name="subscription", **more):
    return reverse(name, args=[row.pk, *more.values()])


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def token_of(answer):
    found = re.search(r'name="shown" value="([^"]+)"', answer.text)
    assert found, text_of(answer)
    return found[1]


def to(row, price):
    return reverse("subscription_switch_to", args=[row.pk, price.offer.key])


def switch(me, row, price):
    """Look at what it costs, confirm."""
    return me.post(to(row, price), {"shown": token_of(me.get(to(row, price)))})


def behaves(row, behaviour):
    shape = StripeObject.objects.get(stripe_id=row.stripe_id).data
    method = StripeObject.objects.get(stripe_id=shape["default_payment_method"])
    method.private["behaviour"] = behaviour
    method.save()


def fresh(row):
    row.refresh_from_db()
    return Subscription.objects.get(pk=row.pk)


# --- upgrade and downgrade -----------------------------------------------------------------------


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
    row = shop.buy(buyer, library["month"]).subscription
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
    assert "暂时连不上 Stripe" in answer.text
    assert PlanChange.objects.get().status == PlanChange.Status.OPEN
    change_subscriptions(site_clock.now() + timedelta(minutes=3))
    assert PlanChange.objects.get().status == PlanChange.Status.FAILED
    assert fresh(row).amount == 3900


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


# --- pause ---------------------------------------------------------------------------------------


def pause(me, row, months=1):
    return me.post(page_of(row, name="subscription_pause"), {"months": months}, follow=True)


@pytest.mark.parametrize(("plan", "months"), [("month", 2), ("quarter", 1), ("year", 3)])
def test_a_pause_charges_nothing_closes_then_goes_on_with_a_new_paid_period(
    shop, buyer, me, library, plan, months
):
    page = included_in(library["month"].offer.membership)
    row = shop.buy(buyer, library[plan]).subscription
    paid_until = row.period_end
    assert "一年可以暂停一次" in me.get(page_of(row, name="subscription_pause")).text
    assert "已暂停" in pause(me, row, months).text
    made = Pause.objects.get()
    assert made.begins_at == paid_until
    assert opens(buyer, page)
    shop.advance(seconds=(paid_until - site_clock.now()).total_seconds() + 7200)
    assert not opens(buyer, page)
    assert Invoice.objects.filter(amount_paid__gt=0).count() == 1
    shop.advance(seconds=(made.resumes_at - site_clock.now()).total_seconds() - 3600)
    assert not opens(buyer, page)
    assert len(mails(buyer, "renewal-notice")) == 1
    shop.advance(hours=3)
    change_subscriptions(site_clock.now())
    shop.advance(hours=2)
    row = fresh(row)
    assert opens(buyer, page)
    assert Invoice.objects.filter(amount_paid__gt=0).count() == 2
    assert abs(row.period_start - made.resumes_at) < timedelta(days=1)
    made.refresh_from_db()
    assert made.resumed_at
    assert not pausing.may_pause(row, now=site_clock.now())
    change_subscriptions(site_clock.now())
    shop.advance(hours=2)
    assert Invoice.objects.filter(amount_paid__gt=0).count() == 2


def test_a_pause_can_be_ended_early_before_it_began_for_nothing(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    pause(me, row)
    assert "今天不扣款" in me.get(page_of(row)).text
    me.post(page_of(row, name="subscription_unpause"))
    row = fresh(row)
    assert row.renews
    assert pausing.may_pause(row, now=site_clock.now())
    assert Invoice.objects.count() == 1


def test_a_pause_ended_early_begins_a_paid_period_once_or_says_that_the_bank_refused(
    shop, buyer, me, library
):
    page = included_in(library["month"].offer.membership)
    row = shop.buy(buyer, library["year"]).subscription
    pause(me, row, 2)
    shop.advance(seconds=(row.period_end - site_clock.now()).total_seconds() + 86400)
    assert "今天扣款" in text_of(me.get(page_of(row))).replace(" ", "") or "¥365" in (
        me.get(page_of(row)).text
    )
    break_card(row)
    answer = me.post(page_of(row, name="subscription_unpause"), follow=True)
    assert "银行没有通过" in answer.text
    assert not opens(buyer, page)
    assert fresh(row).collection_paused
    mend_card(row)
    for _ in range(2):
        me.post(page_of(row, name="subscription_unpause"))
    assert opens(buyer, page)
    assert Invoice.objects.filter(amount_paid__gt=0).count() == 2


def test_in_a_pause_cancelling_ends_it_at_once(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    pause(me, row, 3)
    shop.advance(days=40)
    assert "立即结束" in me.get(page_of(row, name="subscription_cancel")).text
    me.post(page_of(row, name="subscription_cancel"))
    shop.advance(days=90)
    change_subscriptions(site_clock.now())
    assert fresh(row).status == "canceled"
    assert Invoice.objects.filter(amount_paid__gt=0).count() == 1


@pytest.mark.parametrize("months", ["", "0", "4", "x"])
def test_no_other_length_is_taken(shop, buyer, me, library, months):
    row = shop.buy(buyer, library["month"]).subscription
    assert "请选择" in pause(me, row, months).text
    assert not Pause.objects.exists()


def test_with_stripe_away_nothing_is_paused_for_good(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    faults.plan("no_connection", times=100)
    assert "暂时连不上 Stripe" in pause(me, row).text
    faults.clear()
    change_subscriptions(site_clock.now() + timedelta(minutes=3))
    assert fresh(row).renews
    assert pausing.may_pause(fresh(row), now=site_clock.now())


# --- cancel, with a reason -----------------------------------------------------------------------


def test_a_reason_is_optional_kept_and_taken_along_by_the_learner(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    cancel = page_of(row, name="subscription_cancel")
    page = me.get(cancel)
    assert page_of(row, name="subscription_pause") in page.text
    me.post(cancel, {"reason": "time", "note": "孩子出生了"})
    kept = Cancellation.objects.get()
    assert (kept.reason, kept.note, kept.resumed_at) == ("time", "孩子出生了", None)
    me.post(page_of(row, name="subscription_resume"))
    kept.refresh_from_db()
    assert kept.resumed_at
    me.post(cancel)
    assert Cancellation.objects.filter(reason="", resumed_at=None).count() == 1


def test_a_note_that_is_too_long_is_not_lost(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    words = "长" * 501
    answer = me.post(page_of(row, name="subscription_cancel"), {"note": words})
    assert words in answer.text
    assert fresh(row).renews


def test_what_is_offered_instead_is_the_publishers_choice(shop, buyer, me, library, settings):
    row = shop.buy(buyer, library["month"]).subscription
    cancel = page_of(row, name="subscription_cancel")
    settings.RETENTION_OFFER = "cheaper"
    assert to(row, library["year"]) in me.get(cancel).text
    settings.RETENTION_OFFER = ""
    assert to(row, library["year"]) not in me.get(cancel).text
    assert page_of(row, name="subscription_pause") not in me.get(cancel).text


# --- notices -------------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", ["month", "quarter", "year"])
def test_each_renewal_is_announced_with_a_cancel_as_large_as_keep(shop, buyer, library, plan):
    row = shop.buy(buyer, library[plan]).subscription
    shop.advance(seconds=(row.period_end - site_clock.now()).total_seconds() - 4 * 86400)
    mail = OutboxMessage.objects.get(key__startswith="renewal-notice")
    links = re.findall(r'<p style="([^"]+)"><a href="([^"]+)" style="([^"]+)"', mail.html)
    page = f"/account/subscriptions/{row.pk}/"
    assert [urlsplit(href).path for _p, href, _a in links] == [page, f"{page}cancel/"]
    assert len({(outer, inner) for outer, _href, inner in links}) == 1
    assert f"¥{library[plan].amount // 100}" in mail.subject


def test_a_card_that_expires_before_the_renewal_is_told_of_once(shop, buyer, me, library):
    row = shop.buy(buyer, library["year"]).subscription
    method = StripeObject.objects.get(kind="payment_method")
    soon = row.started_at + timedelta(days=60)
    method.data["card"] |= {"exp_month": soon.month, "exp_year": soon.year}
    method.save()
    shop.advance(seconds=1)
    subscriptions.refresh(row.stripe_id, now=site_clock.now())
    row = fresh(row)
    assert row.card == "visa 4242"
    reminders.send_due(site_clock.now())
    assert mails(buyer, "card-expiring") == []
    for days in (25, 20, 10):
        at = row.card_expires_on - timedelta(days=days)
        reminders.send_due(site_clock.now().replace(year=at.year, month=at.month, day=at.day))
    assert len(mails(buyer, "card-expiring")) == 1
    assert "/card/" in OutboxMessage.objects.get(key__startswith="card-expiring").text
    assert "visa 4242" in me.get(page_of(row)).text


def test_a_card_that_outlives_the_renewal_is_not_spoken_of(shop, buyer, library):
    row = shop.buy(buyer, library["month"]).subscription
    last = row.period_end.date() + timedelta(days=1)
    Subscription.objects.filter(pk=row.pk).update(card="visa 4242", card_expires_on=last)
    reminders.send_due(row.period_end - timedelta(days=3))
    assert mails(buyer, "card-expiring") == []


def test_a_renewal_that_the_bank_asks_about_leads_to_stripes_page(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    behaves(row, "always_authentication")
    shop.advance(days=32)
    row = fresh(row)
    assert row.status == "past_due"
    assert "银行想确认是不是你本人" in me.get(page_of(row)).text
    mail = OutboxMessage.objects.get(key__startswith="payment-failed")
    assert f"/account/subscriptions/{row.pk}/pay/" in mail.text
    answer = me.get(page_of(row, name="subscription_pay"))
    path = urlsplit(answer["Location"]).path
    assert path.startswith("/sandbox/invoice/")
    me.post(path)
    me.post(path, {"answer": "approve"})
    shop.deliver()
    assert fresh(row).status == "active"
    assert me.get(page_of(row, name="subscription_pay")).status_code == 302


# --- the page ------------------------------------------------------------------------------------


def test_the_page_tells_what_was_and_what_is_to_come(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    shop.advance(days=32)
    break_card(row)
    shop.advance(days=31)
    text = text_of(me.get(page_of(row)))
    for words in ("已开通", "已扣款 ¥39", "我们发过邮件", "¥39 扣款未成功", "立即支付"):
        assert words in text, words
    mend_card(row)
    shop.advance(days=5)
    me.post(page_of(row, name="subscription_cancel"))
    text = text_of(me.get(page_of(row)))
    assert "取消了续费" in text
    assert "到期，不再扣款" in text
    shop.advance(days=40)
    assert "已到期" in text_of(me.get(page_of(row)))


def test_more_of_everything_adds_no_queries_to_the_page(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription

    def queries():
        with CaptureQueriesContext(connection) as caught:
            me.get(page_of(row))
        return len(caught)

    def live_on(plans):
        for plan in plans:
            me.post(page_of(row, name="subscription_cancel"))
            me.post(page_of(row, name="subscription_resume"))
            switch(me, fresh(row), library[plan])
            shop.advance(days=95)

    live_on(["quarter"])
    few = queries()
    live_on(["month", "quarter"])
    assert PlanChange.objects.count() == 3
    assert queries() <= few


# --- a new price for everybody -------------------------------------------------------------------


@pytest.fixture
def finance(db):
    return at_desk("finance")


def decide(offer, finance):
    """Finance reads what will happen, gives a reason and confirms."""
    address = reverse("money-offers:price-change", args=[offer.pk])
    answer = finance.post(address, {"reason": "录音棚涨价"}, follow=True)
    assert "正在通知" in answer.text
    return PriceChange.objects.latest("pk")


def test_a_new_price_is_told_thirty_days_before_and_charged_with_the_renewal_after(
    shop, buyer, me, library, finance
):
    row = shop.buy(buyer, library["month"]).subscription
    gone = shop.buy(shop.person(), library["month"]).subscription
    offer = library["month"].offer
    set_price(offer=offer, currency="CNY", amount=4900, now=site_clock.now())
    decide(offer, finance)
    shop.run_jobs()
    assert PriceChange.objects.get().told_at
    mail = OutboxMessage.objects.get(user=buyer, key__startswith="price-changes")
    assert "¥49" in mail.text
    assert "¥39" in mail.text
    assert f"/account/subscriptions/{row.pk}/cancel/" in mail.text
    change = row.changes.get()
    assert change.effective_at >= mail.created_at + timedelta(days=30)
    assert "¥49" in me.get(page_of(row)).text
    cancelling.cancel(gone, now=site_clock.now())
    first = row.period_end
    shop.advance(seconds=(first - site_clock.now()).total_seconds() + 7200)
    assert row.invoices.first().amount_paid == 3900  # fewer than thirty days
    row = fresh(row)
    shop.advance(seconds=(row.period_end - site_clock.now()).total_seconds() + 7200)
    assert row.invoices.first().amount_paid == 4900
    change.refresh_from_db()
    assert change.status == PlanChange.Status.DONE
    assert fresh(gone).amount == 3900
    notices = OutboxMessage.objects.filter(user=buyer, key__startswith="renewal-notice")
    assert "¥49" in notices.latest("pk").subject


def test_who_was_not_told_is_not_changed(shop, buyer, library, finance):
    row = shop.buy(buyer, library["month"]).subscription
    offer = library["month"].offer
    set_price(offer=offer, currency="CNY", amount=4900, now=site_clock.now())
    decide(offer, finance)
    shop.run_jobs()
    OutboxMessage.objects.filter(key__startswith="price-changes").update(sent_at=None)
    shop.advance(days=70)
    assert fresh(row).amount == 3900
    assert row.changes.get().status == PlanChange.Status.OPEN


def test_telling_goes_on_where_it_was_broken_off(shop, library, finance, monkeypatch):
    rows = [shop.buy(shop.person(), library["month"]).subscription for _ in range(5)]
    offer = library["month"].offer
    set_price(offer=offer, currency="CNY", amount=4900, now=site_clock.now())
    made = decide(offer, finance)
    monkeypatch.setattr(price_changes, "BATCH", 2)
    real = price_changes._tell
    told: list[int] = []

    def breaks(change, pk, *, now):
        if len(told) == 3:
            raise RuntimeError("killed")
        told.append(pk)
        real(change, pk, now=now)

    monkeypatch.setattr(price_changes, "_tell", breaks)
    with pytest.raises(RuntimeError):
        price_changes.tell.func(change=made.pk)
    monkeypatch.setattr(price_changes, "_tell", real)
    for _ in range(2):
        price_changes.tell.func(change=made.pk)
    assert PlanChange.objects.count() == len(rows)
    assert OutboxMessage.objects.filter(key__startswith="price-changes").count() == len(rows)


def test_nothing_is_decided_where_nobody_pays_another_price(shop, buyer, library, finance):
    shop.buy(buyer, library["month"])
    offer = library["month"].offer
    address = reverse("money-offers:price-change", args=[offer.pk])
    assert address not in finance.get(reverse("money-offers:inspect", args=[offer.pk])).text
    assert finance.post(address, {"reason": "x"}).status_code == 302
    with pytest.raises(price_changes.NothingToChange):
        price_changes.decide(offer=offer, reason="x", actor=somebody(finance), now=site_clock.now())
    assert not PriceChange.objects.exists()


def test_finance_reads_before_what_a_price_change_does_and_after_how_far_it_is(
    shop, buyer, library, finance
):
    for _ in range(2):
        shop.buy(shop.person(), library["month"])
    offer = library["month"].offer
    set_price(offer=offer, currency="CNY", amount=4900, now=site_clock.now())
    offer_page = reverse("money-offers:inspect", args=[offer.pk])
    address = reverse("money-offers:price-change", args=[offer.pk])
    assert address in finance.get(offer_page).text
    before = finance.get(address).text
    assert "2 个按 ¥39 续费的订阅" in before
    assert "付 ¥49" in before
    decide(offer, finance)
    shop.run_jobs()
    assert "录音棚涨价" in finance.get(offer_page).text
    assert address not in at_desk("operator").get(offer_page).text
    entry = ModelLogEntry.objects.get(action="payments.price_change")
    assert (entry.user, entry.data["reason"]) == (somebody(finance), "录音棚涨价")


def test_finance_sees_the_same_life_and_why_it_was_cancelled(shop, buyer, me, library, finance):
    row = shop.buy(buyer, library["month"]).subscription
    cancel = page_of(row, name="subscription_cancel")
    me.post(cancel, {"reason": "price", "note": "暂时不工作"})
    page = finance.get(reverse("money-subscriptions:inspect", args=[row.pk])).text
    for words in ("已开通", "取消了续费", "到期，不再扣款", "太贵", "暂时不工作"):
        assert words in page, words
    rows = csv_rows(finance, reverse("money-cancellations:index"), reason="price")
    (told,) = rows
    assert {"暂时不工作", "太贵"} <= set(told.values())
    assert csv_rows(finance, reverse("money-cancellations:index"), reason="time") == []
    privacy_words = privacy.export(buyer)
    assert "暂时不工作".encode() in unzipped(privacy_words)
    shop.advance(days=40)
    privacy.erase(user=buyer, now=site_clock.now())
    assert Cancellation.objects.get().note == ""


def unzipped(archive):
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return b"".join(opened.read(name) for name in opened.namelist())


def test_who_goes_over_to_another_plan_leaves_the_price_change_behind(
    shop, buyer, me, library, finance
):
    row = shop.buy(buyer, library["month"]).subscription
    offer = library["month"].offer
    set_price(offer=offer, currency="CNY", amount=4900, now=site_clock.now())
    decide(offer, finance)
    shop.run_jobs()
    break_card(row)
    switch(me, row, library["year"])
    assert row.changes.get(status="open").price_change  # it was not made: the old news stands
    mend_card(row)
    switch(me, fresh(row), library["year"])
    assert not row.changes.filter(status="open").exists()
    assert fresh(row).amount == 36500


def test_where_a_renewal_failed_cancelling_ends_it_and_nothing_is_charged(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    break_card(row)
    shop.advance(days=32)
    assert fresh(row).status == "past_due"
    address = reverse("subscription_cancel", args=[row.pk])
    assert "未付的账单不再扣款" in me.get(address).text
    me.post(address, {"reason": ""})
    mend_card(row)
    shop.advance(days=8)
    row = fresh(row)
    assert row.status == "canceled"
    assert list(row.invoices.filter(status="paid").values_list("amount_paid", flat=True)) == [3900]


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


def test_an_early_price_is_no_new_price_for_who_subscribes(library, clock):
    set_price(offer=library["month"].offer, currency="CNY", amount=4900, now=clock.now())
    PriceFactory(offer=library["month"].offer, amount=2900, ends_at=clock.now() + timedelta(days=3))
    SubscriptionFactory(offer=library["month"].offer)
    desk = at_desk(roles.FINANCE)
    address = reverse("money-offers:price-change", args=[library["month"].offer_id])
    page = desk.get(address).text
    assert "¥49" in page
    assert "¥29" not in page


def test_planning_another_plan_and_taking_it_back_escapes_no_price_change(
    shop, buyer, me, library, finance
):
    row = shop.buy(buyer, library["quarter"]).subscription
    offer = library["quarter"].offer
    set_price(offer=offer, currency="CNY", amount=12000, now=site_clock.now())
    decide(offer, finance)
    shop.run_jobs()
    switch(me, row, library["month"])
    assert row.changes.get(status="open").price_change is None
    me.post(page_of(row, name="subscription_switch_back"))
    assert row.changes.get(status="open").price_change
