"""A new price for those who subscribe already: told thirty days before, or not charged."""

from datetime import timedelta

import pytest
from django.urls import reverse
from wagtail.models import ModelLogEntry

from accounts import roles, upkeep
from accounts.models import OutboxMessage
from operations import clock as site_clock
from payments import cancelling, price_changes
from payments.models import PlanChange, PriceChange
from payments.offers import set_price
from payments.periodic import change_subscriptions
from tests.payments.factories import PriceFactory, SubscriptionFactory
from tests.payments.plans import fresh, page_of, switch
from tests.payments.staff import at_desk, somebody
from tests.payments.test_subscriptions import break_card, mend_card

pytestmark = pytest.mark.django_db


def decide(offer, desk):
    """Finance reads what will happen, gives a reason and confirms."""
    address = reverse("money-offers:price-change", args=[offer.pk])
    answer = desk.post(address, {"reason": "录音棚涨价"}, follow=True)
    assert "正在通知" in answer.text
    return PriceChange.objects.latest("pk")


def test_a_new_price_is_told_thirty_days_before_and_charged_with_the_renewal_after(
    shop, buyer, me, library, desk
):
    row = shop.buy(buyer, library["month"]).subscription
    gone = shop.buy(shop.person(), library["month"]).subscription
    offer = library["month"].offer
    set_price(offer=offer, currency="CNY", amount=4900, now=site_clock.now())
    decide(offer, desk)
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


def test_told_long_before_it_is_charged_though_the_mail_is_old_by_then(shop, buyer, library, desk):
    row = shop.buy(buyer, library["year"]).subscription
    set_price(offer=library["year"].offer, currency="CNY", amount=49900, now=site_clock.now())
    decide(library["year"].offer, desk)
    shop.run_jobs()
    row = fresh(row)
    shop.advance(days=60)
    upkeep.forget_old_mails(site_clock.now())
    shop.advance(seconds=(row.period_end - site_clock.now()).total_seconds() + 7200)
    assert row.invoices.first().amount_paid == 49900


def test_cancelling_and_going_on_escapes_no_price_change(shop, buyer, me, library, desk):
    row = shop.buy(buyer, library["month"]).subscription
    shop.buy(shop.person(), library["month"])
    me.post(page_of(row, name="subscription_cancel"))
    offer = library["month"].offer
    set_price(offer=offer, currency="CNY", amount=4900, now=site_clock.now())
    decide(offer, desk)
    shop.run_jobs()
    assert not row.changes.exists()
    me.post(page_of(row, name="subscription_resume"))
    change_subscriptions(site_clock.now())
    change_subscriptions(site_clock.now())
    shop.run_jobs()
    assert OutboxMessage.objects.filter(user=buyer, key__startswith="price-changes").count() == 1
    shop.advance(days=31)
    assert fresh(row).amount == 3900
    shop.advance(days=35)
    assert fresh(row).amount == 4900


def test_who_was_told_in_a_pause_pays_the_new_price_at_its_end(shop, buyer, me, library, desk):
    row = shop.buy(buyer, library["month"]).subscription
    me.post(page_of(row, name="subscription_pause"), {"months": 2})
    offer = library["month"].offer
    set_price(offer=offer, currency="CNY", amount=4900, now=site_clock.now())
    decide(offer, desk)
    shop.run_jobs()
    shop.advance(days=70)
    assert "¥49" in me.get(page_of(row)).text  # what going on now would charge
    shop.advance(days=35)
    assert fresh(row).amount == 4900
    assert row.invoices.first().amount_paid == 4900
    assert row.changes.get().status == PlanChange.Status.DONE


def test_a_new_price_that_was_told_hinders_no_pause(shop, buyer, me, library, desk):
    row = shop.buy(buyer, library["month"]).subscription
    offer = library["month"].offer
    set_price(offer=offer, currency="CNY", amount=4900, now=site_clock.now())
    decide(offer, desk)
    shop.run_jobs()
    assert page_of(row, name="subscription_pause") in me.get(page_of(row)).text
    me.post(page_of(row, name="subscription_pause"), {"months": 2})
    assert row.pauses.exists()
    shop.advance(days=95)
    assert fresh(row).amount == 4900
    assert row.invoices.first().amount_paid == 4900


def test_who_was_not_told_is_not_changed(shop, buyer, library, desk):
    row = shop.buy(buyer, library["month"]).subscription
    offer = library["month"].offer
    set_price(offer=offer, currency="CNY", amount=4900, now=site_clock.now())
    decide(offer, desk)
    shop.run_jobs()
    OutboxMessage.objects.filter(key__startswith="price-changes").update(sent_at=None)
    shop.advance(days=70)
    assert fresh(row).amount == 3900
    assert row.changes.get().status == PlanChange.Status.OPEN


def test_telling_goes_on_where_it_was_broken_off(shop, library, desk, monkeypatch):
    rows = [shop.buy(shop.person(), library["month"]).subscription for _ in range(5)]
    offer = library["month"].offer
    set_price(offer=offer, currency="CNY", amount=4900, now=site_clock.now())
    made = decide(offer, desk)
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


def test_nothing_is_decided_where_nobody_pays_another_price(shop, buyer, library, desk):
    shop.buy(buyer, library["month"])
    offer = library["month"].offer
    address = reverse("money-offers:price-change", args=[offer.pk])
    assert address not in desk.get(reverse("money-offers:inspect", args=[offer.pk])).text
    assert desk.post(address, {"reason": "x"}).status_code == 302
    with pytest.raises(price_changes.NothingToChange):
        price_changes.decide(offer=offer, reason="x", actor=somebody(desk), now=site_clock.now())
    assert not PriceChange.objects.exists()


def test_each_is_told_the_price_in_their_own_currency(shop, buyer, library, desk, settings):
    settings.CURRENCIES = ["CNY", "USD"]
    offer = library["month"].offer
    dollars = PriceFactory(offer=offer, currency="USD", amount=590)
    abroad = shop.buy(shop.person(), dollars).subscription
    here = shop.buy(buyer, library["month"]).subscription
    set_price(offer=offer, currency="USD", amount=790, now=site_clock.now())
    address = reverse("money-offers:price-change", args=[offer.pk])
    read = desk.get(address).text
    assert "US$7.90" in read
    assert "¥39" not in read  # who pays in yuan pays the price in force
    decide(offer, desk)
    shop.run_jobs()
    assert "US$7.90" in OutboxMessage.objects.get(key__startswith="price-changes").text
    shop.advance(days=70)
    assert (fresh(abroad).amount, fresh(here).amount) == (790, 3900)


def test_finance_reads_before_what_a_price_change_does_and_after_how_far_it_is(
    shop, buyer, library, desk
):
    for _ in range(2):
        shop.buy(shop.person(), library["month"])
    offer = library["month"].offer
    set_price(offer=offer, currency="CNY", amount=4900, now=site_clock.now())
    offer_page = reverse("money-offers:inspect", args=[offer.pk])
    address = reverse("money-offers:price-change", args=[offer.pk])
    assert address in desk.get(offer_page).text
    before = desk.get(address).text
    assert "2 个按 ¥39 续费的订阅" in before
    assert "付 ¥49" in before
    decide(offer, desk)
    assert address not in desk.get(offer_page).text
    again = desk.get(address, follow=True).text
    assert "个按 ¥39 续费的订阅" not in again
    assert "大家都已按这个价格付费，或已经通知过" in again
    shop.run_jobs()
    assert "录音棚涨价" in desk.get(offer_page).text
    assert address not in at_desk("operator").get(offer_page).text
    entry = ModelLogEntry.objects.get(action="payments.price_change")
    assert (entry.user, entry.data["reason"]) == (somebody(desk), "录音棚涨价")
    assert "¥39 → ¥49 · 录音棚涨价" in desk.get("/admin/reports/site-history/").text


def test_who_goes_over_to_another_plan_leaves_the_price_change_behind(
    shop, buyer, me, library, desk
):
    row = shop.buy(buyer, library["month"]).subscription
    offer = library["month"].offer
    set_price(offer=offer, currency="CNY", amount=4900, now=site_clock.now())
    decide(offer, desk)
    shop.run_jobs()
    break_card(row)
    switch(me, row, library["year"])
    assert row.changes.get(status="open").price_change  # it was not made: the old news stands
    mend_card(row)
    switch(me, fresh(row), library["year"])
    assert not row.changes.filter(status="open").exists()
    assert fresh(row).amount == 36500


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
    shop, buyer, me, library, desk
):
    row = shop.buy(buyer, library["quarter"]).subscription
    offer = library["quarter"].offer
    set_price(offer=offer, currency="CNY", amount=12000, now=site_clock.now())
    decide(offer, desk)
    shop.run_jobs()
    switch(me, row, library["month"])
    assert row.changes.get(status="open").price_change is None
    me.post(page_of(row, name="subscription_switch_back"))
    assert row.changes.get(status="open").price_change
