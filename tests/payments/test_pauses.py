"""A subscription pauses for one to three months, and goes on by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import OutboxMessage
from operations import clock as site_clock
from pages import dates
from payments import gateway, pausing, standing, subscriptions, timeline
from payments.models import Invoice, Pause
from payments.periodic import change_subscriptions
from payments.sandbox import faults
from payments.sandbox.models import StripeObject
from tests.payments.factories import NOW, SubscriptionFactory
from tests.payments.plans import fresh, included_in, opens, page_of, text_of
from tests.payments.test_subscriptions import break_card, mails, mend_card

pytestmark = pytest.mark.django_db


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
    assert "起暂停，在那之前一切照常" in text_of(pause(me, row, months))
    made = Pause.objects.get()
    assert made.begins_at == paid_until
    assert opens(buyer, page)
    shop.advance(seconds=(paid_until - site_clock.now()).total_seconds() + 7200)
    assert not opens(buyer, page)
    lesson = reverse("lesson", args=[page.slug, page.get_children().last().slug])
    for address in (page_of(row), lesson, reverse("study"), reverse("membership")):
        told = text_of(me.get(address))
        assert "已暂停" in told, address
        assert "到期" not in told, address
    assert page_of(row) in me.get(lesson).text
    assert 'name="price"' not in me.get(reverse("membership")).text
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
    assert len(mails(buyer, "renewal-receipt")) == 1
    made.refresh_from_db()
    assert made.resumed_at
    assert not pausing.may_pause(row, now=site_clock.now())
    change_subscriptions(site_clock.now())
    shop.advance(hours=2)
    assert Invoice.objects.filter(amount_paid__gt=0).count() == 2


def test_what_a_pauses_end_charges_is_named_without_the_payers_credit(shop, buyer, me, library):
    row = shop.buy(buyer, library["month"]).subscription
    customer = StripeObject.objects.get(stripe_id=row.customer_id)
    customer.data["balance"] = -900
    customer.save()
    subscriptions.refresh(row.stripe_id, now=site_clock.now())
    assert "届时扣款 ¥30" in me.get(page_of(row, name="subscription_pause")).text
    pause(me, row)
    shop.advance(seconds=(row.period_end - site_clock.now()).total_seconds() + 7200)
    assert "¥30" in me.get(page_of(row)).text
    me.post(page_of(row, name="subscription_unpause"))
    paid = Invoice.objects.filter(amount_paid__gt=0)
    assert set(paid.values_list("amount_paid", flat=True)) == {3000, 3900}


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


def test_a_pause_across_the_new_year_tells_the_years_of_both_days():
    begins, resumes = datetime(2026, 12, 20, tzinfo=UTC), datetime(2027, 1, 20, tzinfo=UTC)
    row = SubscriptionFactory(period_end=begins, collection_paused=True)
    row.object = {"pause_collection": {"resumes_at": resumes.timestamp()}}
    row.pauses.create(months=1, asked_at=NOW, begins_at=begins, resumes_at=resumes)
    told = [event.sentence for event in timeline.of(row, now=NOW)]
    assert "选择暂停：2026 年 12 月 20 日到 2027 年 1 月 20 日。" in told
    sentence = standing.of_subscription(row, now=NOW).sentence
    assert "2026 年 12 月 20 日" in sentence
    assert "2027 年 1 月 20 日" in sentence


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
    answer = pause(me, row).text
    assert "还不知道办成了没有" in answer
    assert "选择暂停" not in answer
    assert "取消暂停" not in answer
    faults.clear()
    for minutes in (3, 9):
        change_subscriptions(site_clock.now() + timedelta(minutes=minutes))
    assert fresh(row).renews
    assert pausing.may_pause(fresh(row), now=site_clock.now())
    told = OutboxMessage.objects.get(user=buyer, key__startswith="not-paused-").text
    assert "暂停没有办成" in told
    assert dates.day(row.period_end) in told
    assert not mails(buyer, "paused")


def test_a_pause_that_was_made_though_the_answer_was_lost_is_told_once(
    shop, buyer, me, library, run_jobs
):
    row = shop.buy(buyer, library["month"]).subscription
    faults.plan("server_error", times=3, match="GET /v1/subscriptions")
    assert "还不知道办成了没有" in pause(me, row).text
    assert not mails(buyer, "paused")
    run_jobs()
    shop.deliver()
    change_subscriptions(site_clock.now() + timedelta(minutes=3))
    assert fresh(row).collection_paused
    told = OutboxMessage.objects.get(user=buyer, key__startswith="paused-").text
    assert dates.day(row.period_end) in told
    assert not mails(buyer, "not-paused")


def test_a_pause_cancelled_while_the_answer_was_lost_was_made_all_the_same(
    shop, buyer, me, library, run_jobs
):
    row = shop.buy(buyer, library["month"]).subscription
    pause(me, row)
    faults.plan("answer_lost", times=20, match="POST /v1/subscriptions")
    said = {"reason": "time", "note": "先歇一歇"}
    answer = me.post(page_of(row, name="subscription_cancel"), said, follow=True).text
    assert "还不知道办成了没有" in answer
    faults.clear()
    run_jobs()
    shop.deliver()
    change_subscriptions(site_clock.now() + timedelta(minutes=3))
    assert fresh(row).ends_by_itself
    kept = row.cancellations.get()
    assert (kept.reason, kept.note) == ("time", "先歇一歇")
    assert not mails(buyer, "not-paused")
    assert Pause.objects.get().resumed_at
    told = [event.sentence for event in timeline.of(fresh(row), now=site_clock.now())]
    assert any(each.startswith("选择暂停") for each in told)


@pytest.mark.parametrize("where", ["here", "dashboard"])
def test_a_pause_that_was_made_and_taken_back_was_no_failure(
    shop, buyer, me, library, run_jobs, where
):
    row = shop.buy(buyer, library["month"]).subscription
    pause(me, row)
    run_jobs()
    assert mails(buyer, "paused")
    if where == "here":
        faults.plan("answer_lost", times=20, match="POST /v1/subscriptions")
        me.post(page_of(row, name="subscription_unpause"))
        faults.clear()
        run_jobs()
    else:
        gateway.update_subscription(row.stripe_id, {"pause_collection": ""})
        shop.deliver()
    change_subscriptions(site_clock.now() + timedelta(minutes=3))
    assert fresh(row).renews
    assert not mails(buyer, "not-paused")
    assert Pause.objects.get().resumed_at
    told = [event.sentence for event in timeline.of(fresh(row), now=site_clock.now())]
    assert any(each.startswith("选择暂停") for each in told)
    assert told.count("取消了暂停。") == 1
    assert pausing.may_pause(fresh(row), now=site_clock.now())


@pytest.mark.parametrize("where", ["here", "portal"])
def test_a_renewal_that_went_on_unheard_ends_its_cancellation(
    shop, buyer, me, library, run_jobs, where
):
    row = shop.buy(buyer, library["month"]).subscription
    me.post(page_of(row, name="subscription_cancel"), {"reason": "time", "note": "先歇一歇"})
    shop.deliver()
    if where == "here":
        faults.plan("answer_lost", times=20, match="POST /v1/subscriptions")
        me.post(page_of(row, name="subscription_resume"))
        faults.clear()
        run_jobs()
    else:
        gateway.update_subscription(row.stripe_id, {"cancel_at_period_end": False})
        shop.deliver()
    assert fresh(row).renews
    assert row.cancellations.get().resumed_at
    told = [event.sentence for event in timeline.of(fresh(row), now=site_clock.now())]
    assert told.index("恢复了续费。") > told.index("取消了续费。")
    me.post(page_of(row, name="subscription_cancel"), {"reason": "price"})
    kept = [(each.reason, each.note) for each in row.cancellations.order_by("pk")]
    assert kept == [("time", "先歇一歇"), ("price", "")]


def test_a_cancellation_that_stripe_never_heard_of_is_not_kept(shop, buyer, me, library, run_jobs):
    row = shop.buy(buyer, library["month"]).subscription
    faults.plan("no_connection", times=100)
    me.post(page_of(row, name="subscription_cancel"), {"reason": "time", "note": "先歇一歇"})
    faults.clear()
    run_jobs()
    assert fresh(row).renews
    assert not row.cancellations.exists()


@pytest.mark.parametrize(("keeps", "words"), [(True, "课程照常打开"), (False, "课程关闭")])
def test_the_page_says_whether_a_pause_closes_anything(
    shop, buyer, me, library, settings, keeps, words
):
    settings.PAUSED_KEEPS_ACCESS = keeps
    row = shop.buy(buyer, library["month"]).subscription
    me.post(page_of(row, name="subscription_pause"), {"months": "1"})
    assert words in me.get(page_of(row)).text
