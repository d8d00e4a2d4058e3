"""Sold before it opens: paid at once, open with its course, or all of it given back."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import OutboxMessage
from courses import access
from courses.models import Grant
from operations import clock as site_clock
from pages import dates
from payments import batches, beginning, checkout, for_others, presale, refund_requests
from payments.models import Offer, Order, PresaleEnd, RedeemCode, Refund, RefundRequest
from payments.sandbox import faults
from payments.sandbox.models import StripeObject
from tests.accounts.browser import text_of
from tests.factories import MembershipFactory, UserFactory
from tests.payments.factories import (
    OfferFactory,
    batch_of,
    course_price,
    planned_course,
    sold_in_advance,
)
from tests.payments.staff import somebody
from tests.payments.test_admin_work import offer_form
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(db):
    return planned_course(days=10, title="还没开的课")


@pytest.fixture
def price(page):
    return sold_in_advance(page)


def opens(buyer, page):
    return access.to_course(buyer, page, now=site_clock.now()).has_grant


def mails(key):
    return OutboxMessage.objects.filter(key__startswith=key)


def follow():
    presale.follow_all(now=site_clock.now())


def move_to(page, days):
    page.refresh_from_db()
    today = timezone.localdate(site_clock.now())
    page.opens_on = None if days is None else today + timedelta(days=days)
    page.save_revision().publish()


def test_it_is_offered_in_advance_with_its_day(page, price, client):
    shown = client.get(page.get_absolute_url()).text
    assert "提前购买" in shown
    assert f"/payments/buy/{price.offer.key}/" in shown
    buying = client.get(reverse("payments_buy", args=[price.offer.key])).text
    assert "全部退" in buying
    assert "¥99" in buying


def test_before_it_opens_its_page_says_what_is_planned_and_when(page, price, client):
    type(page).objects.filter(pk=page.pk).update(planned_lessons=12)
    for lesson in page.get_children():
        lesson.unpublish()
    shown = text_of(client.get(page.get_absolute_url()))
    assert "计划 12 讲" in shown
    assert "还没有更新。" not in shown


def test_a_planned_course_without_it_is_not_sold(shop, buyer, page, client):
    price = course_price(page)
    assert "payments/buy" not in client.get(page.get_absolute_url()).text
    with pytest.raises(checkout.NotForSale):
        shop.begin(buyer, price)


def test_it_is_paid_at_once_and_opens_on_its_day(shop, buyer, page, price):
    order = shop.buy(buyer, price)
    assert (order.status, order.advance) == (Order.Status.FULFILLED, Order.Advance.WAITING)
    assert not opens(buyer, page)
    assert timezone.localdate(order.starts_at) == page.opens_on
    assert "开课" in mails("order-paid").get().text
    shop.advance(days=11)
    order.refresh_from_db()
    assert opens(buyer, page)
    assert order.advance == Order.Advance.OPENED
    assert mails("presale-opened").count() == 1
    follow()
    assert mails("presale-opened").count() == 1
    assert Grant.objects.get(source_id=order.source_id).changes.count() == 1


def test_while_it_waits_the_buyer_is_told_and_cannot_buy_it_again(shop, buyer, page, price):
    order = shop.buy(buyer, price)
    me = signed_in(buyer)
    back = text_of(me.get(reverse("payments_return"), {"order": order.key.hex}))
    assert "已经买下" in back
    assert "已经开通" not in back
    shown = me.get(page.get_absolute_url()).text
    assert "你已提前购买" in shown
    assert "payments/buy" not in shown
    for address in (
        reverse("order", args=[order.key]),
        f"{reverse('payments_return')}?order={order.key.hex}",
    ):
        assert "开课" in me.get(address).text
    with pytest.raises(checkout.AlreadyOwned):
        shop.begin(buyer, price)


@pytest.mark.parametrize("days", [None, 0])
def test_published_early_it_opens_early(shop, buyer, page, price, days):
    shop.buy(buyer, price)
    move_to(page, days)
    follow()
    assert opens(buyer, page)
    assert mails("presale-opened").count() == 1


def test_when_the_day_moves_the_access_moves_with_it(shop, buyer, page, price):
    order = shop.buy(buyer, price)
    move_to(page, 20)
    shop.advance(days=11)
    follow()
    order.refresh_from_db()
    assert not opens(buyer, page)
    page.refresh_from_db()
    assert timezone.localdate(order.starts_at) == page.opens_on
    assert not mails("presale-opened").exists()


def test_what_is_open_stays_open_though_the_day_moves_back(shop, buyer, page, price):
    shop.buy(buyer, price)
    move_to(page, 0)
    follow()
    move_to(page, 30)
    follow()
    assert opens(buyer, page)


def test_a_refund_before_its_day_keeps_it_shut_on_its_day(shop, buyer, page, price):
    order = shop.buy(buyer, price)
    refund_requests.approve(order=order, reason="不想等", actor=UserFactory(), now=site_clock.now())
    shop.deliver()
    shop.advance(days=11)
    assert not opens(buyer, page)
    assert not mails("presale-opened").exists()


# --- given up ------------------------------------------------------------------------------------


def give_up(desk, offer, reason="讲师病了，这门课不开了。"):
    return desk.post(reverse("money-offers:give-up", args=[offer.pk]), {"reason": reason})


def test_given_up_all_goes_back_once_and_all_are_told(shop, page, price, desk):
    buyers = [UserFactory() for _ in range(3)]
    for each in buyers:
        shop.buy(each, price)
    asked = desk.get(reverse("money-offers:give-up", args=[price.offer.pk])).text
    assert "3" in asked
    assert "¥297" in asked
    assert give_up(desk, price.offer).status_code == 302
    for _ in range(2):
        shop.deliver()
        follow()
    assert set(Order.objects.values_list("status", flat=True)) == {Order.Status.REFUNDED}
    assert Refund.objects.count() == RefundRequest.objects.count() == 3
    assert sum(refund.amount or 0 for refund in Refund.objects.all()) == 3 * 9900
    assert mails("presale-given-up").count() == 3
    assert "讲师病了" in mails("presale-given-up").first().text
    shop.advance(days=11)
    assert not any(opens(each, page) for each in buyers)
    assert "3/3" in desk.get(reverse("money-offers:inspect", args=[price.offer.pk])).text


def test_what_went_back_before_is_not_named_again(shop, buyer, page, price, desk):
    order = shop.buy(buyer, price)
    refund_requests.approve(
        order=order, amount=1900, reason="x", actor=somebody(desk), now=site_clock.now()
    )
    shop.deliver()
    asked = desk.get(reverse("money-offers:give-up", args=[price.offer.pk])).text
    assert "¥80" in asked
    give_up(desk, price.offer)
    shop.deliver()
    letter = mails("presale-given-up-").get().text
    assert "¥80" in letter
    assert "¥99" not in letter
    assert {row.amount for row in Refund.objects.all()} == {1900, 8000}


def test_killed_half_way_it_goes_on_where_it_stopped(shop, page, price, desk, monkeypatch):
    for _ in range(3):
        shop.buy(UserFactory(), price)
    seen: list[int] = []
    real = presale._give_back

    def die(**fields):
        if len(seen) == 1:
            raise KeyboardInterrupt
        seen.append(fields["order_id"])
        real(**fields)

    actor = desk.person
    presale.give_up(offer=price.offer, reason="不开了", actor=actor, now=site_clock.now())
    with monkeypatch.context() as dying:
        dying.setattr(presale, "_give_back", die)
        with pytest.raises(KeyboardInterrupt):
            follow()
    assert RefundRequest.objects.count() == 1
    follow()
    follow()
    shop.deliver()
    assert Refund.objects.count() == RefundRequest.objects.count() == 3


def test_who_pays_on_a_page_that_stood_open_gets_it_back_too(shop, buyer, page, price, desk):
    order = shop.begin(buyer, price)
    give_up(desk, price.offer)
    shop.pay(order)
    shop.deliver()
    follow()
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    with pytest.raises(checkout.CannotStart):
        shop.begin(UserFactory(), price)


def test_who_pays_after_it_was_given_up_is_told_at_once(shop, buyer, page, price, desk):
    order = shop.begin(buyer, price)
    give_up(desk, price.offer)
    shop.pay(order)
    me = signed_in(buyer)
    returned = text_of(me.get(f"{reverse('payments_return')}?order={order.key.hex}"))
    assert "「讲师病了，这门课不开了」。" in returned
    assert "已经买下" not in returned
    assert "讲师病了" in text_of(me.get(reverse("order", args=[order.key])))
    shop.deliver()
    assert not mails("order-paid").exists()
    assert mails("presale-given-up").count() == 1
    assert Refund.objects.get().amount == 9900
    order.refresh_from_db()
    assert (order.status, order.note) == (Order.Status.REFUNDED, Order.Note.GIVEN_UP)
    assert not opens(buyer, page)
    follow()
    assert Refund.objects.count() == 1


def test_pages_to_pay_on_are_closed_when_it_is_given_up(shop, buyer, page, price, desk):
    order = shop.begin(buyer, price)
    give_up(desk, price.offer)
    shop.run_jobs()
    assert StripeObject.objects.get(stripe_id=order.session_id).data["status"] == "expired"
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.EXPIRED


def test_the_order_of_what_was_given_up_says_why(shop, buyer, page, price, desk):
    order = shop.buy(buyer, price)
    me = signed_in(buyer)
    give_up(desk, price.offer)
    course = text_of(me.get(page.get_absolute_url()))
    assert "讲师病了" in course
    shop.deliver()
    assert "讲师病了" in text_of(me.get(reverse("order", args=[order.key])))
    assert "讲师病了" in text_of(me.get(page.get_absolute_url()))


def test_given_up_it_names_no_day_and_is_not_for_sale_until_it_is_again(page, price, desk, client):
    type(page).objects.filter(pk=page.pk).update(planned_lessons=12)
    for lesson in page.get_children():
        lesson.unpublish()
    day = dates.day(page.opens_on, now=site_clock.now())
    listed, search = reverse("catalogue"), reverse("search")
    found = [f"{search}?q={page.title}", search]
    for address in (page.get_absolute_url(), listed, *found):
        assert day in text_of(client.get(address)), address
    assert give_up(desk, price.offer).status_code == 302
    for address in (page.get_absolute_url(), listed, *found):
        shown = client.get(address)
        assert day not in text_of(shown)
        assert "预售已取消" in text_of(shown), address
        assert "payments/buy" not in shown.text
    assert "这门课目前没有出售" in text_of(client.get(page.get_absolute_url()))
    sold_in_advance(page)
    again = text_of(client.get(page.get_absolute_url()))
    assert day in again
    assert "没有出售" not in again
    assert "预售已取消" not in again


def test_it_is_given_up_once_with_a_reason_by_finance_alone(shop, price, desk):
    shop.buy(UserFactory(), price)
    assert give_up(desk, price.offer, reason="").status_code == 200
    assert not PresaleEnd.objects.exists()
    give_up(desk, price.offer)
    give_up(desk, price.offer, reason="又一次")
    assert PresaleEnd.objects.get().reason == "讲师病了，这门课不开了。"
    form = offer_form(amount="99", presale="at_once")
    desk.post(reverse("money-offers:edit", args=[price.offer.pk]), form)
    assert Offer.objects.get(pk=price.offer.pk).presale == ""


def test_though_the_answer_is_lost_it_goes_back_once(shop, page, price, desk):
    shop.buy(UserFactory(), price)
    faults.plan("answer_lost", times=2, match="POST /v1/refunds")
    give_up(desk, price.offer)
    for _ in range(2):
        shop.deliver()
        follow()
    assert Refund.objects.get().amount == 9900
    assert Order.objects.get().status == Order.Status.REFUNDED


# --- made without code ---------------------------------------------------------------------------


def test_finance_sells_a_planned_course_in_advance(page, desk, client):
    form = offer_form(course=page.pk, kind="one_off", amount="99", presale="at_once")
    assert desk.post(reverse("money-offers:add"), form).status_code == 302
    assert "提前购买" in client.get(page.get_absolute_url()).text


def test_finance_is_warned_that_nobody_buys_a_planned_course_before_its_day(page, desk, client):
    form = offer_form(course=page.pk, kind="one_off", amount="99")
    told = desk.post(reverse("money-offers:add"), form, follow=True)
    assert f"现在还不能买：{dates.day(page.opens_on)}开课" in text_of(told)
    assert "payments/buy" not in client.get(page.get_absolute_url()).text
    edit = reverse("money-offers:edit", args=[Offer.objects.get().pk])
    for better in ({"presale": "at_once"}, {"is_active": ""}):
        changed = desk.post(edit, form | better, follow=True)
        assert changed.redirect_chain
        assert "现在还不能买" not in text_of(changed)
    move_to(page, 0)
    assert "现在还不能买" not in text_of(desk.post(edit, form, follow=True))
    assert "payments/buy" in client.get(page.get_absolute_url()).text


def test_only_a_course_is_sold_in_advance(desk):
    form = offer_form(
        membership=MembershipFactory().pk,
        kind="term",
        term_months="12",
        amount="99",
        presale="at_once",
    )
    answer = desk.post(reverse("money-offers:add"), form)
    assert "只有买断的课程" in answer.text
    with pytest.raises(IntegrityError), transaction.atomic():
        OfferFactory(presale="at_once")


def test_what_is_paid_on_a_page_of_before_goes_back_even_after_the_day(shop, buyer, page, price):
    order = shop.begin(buyer, price)
    presale.give_up(offer=price.offer, reason="老师病了", actor=UserFactory(), now=site_clock.now())
    move_to(page, None)
    shop.pay(order)
    shop.deliver()
    follow()
    shop.run_jobs()
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED


def test_once_it_is_open_it_can_be_given_to_a_friend(shop, buyer, page, price):
    wish = for_others.Wish(key=uuid.uuid4(), gift=for_others.GiftWords())
    with pytest.raises(checkout.NotForSale):
        checkout.start(buyer=buyer, price=price, wish=wish, now=site_clock.now())
    shop.advance(days=11)
    assert checkout.start(buyer=buyer, price=price, wish=wish, now=site_clock.now()).url


# --- redeem codes --------------------------------------------------------------------------------


def redeemed(page, person):
    until = site_clock.now() + timedelta(days=90)
    _batch, [code] = batch_of(course=page, redeemable_until=until)
    client = signed_in(person)
    address = reverse("redeem_code", args=[code])
    before = text_of(client.get(address))
    return before, text_of(client.post(address, follow=True)), client


def test_a_code_of_a_planned_course_opens_it_on_its_day(shop, buyer, page):
    before, after, client = redeemed(page, buyer)
    now = site_clock.now()
    in_words = dates.day(beginning.opens_at(page, now=now), now=now)
    for words in (before, after, text_of(client.get(page.get_absolute_url()))):
        assert in_words in words
    assert "已兑换" in text_of(client.get(page.get_absolute_url()))
    assert not opens(buyer, page)
    shop.advance(days=11)
    for _ in range(2):
        follow()
    assert opens(buyer, page)
    assert mails("redeemed-opened-").count() == 1
    assert "你兑换的" in mails("redeemed-opened-").get().text


def test_a_code_follows_its_course_when_the_day_moves_until_it_is_open(shop, buyer, page):
    redeemed(page, buyer)
    move_to(page, 20)
    follow()
    shop.advance(days=11)
    follow()
    assert not opens(buyer, page)
    shop.advance(days=10)
    follow()
    assert opens(buyer, page)
    move_to(page, 5)
    follow()
    assert opens(buyer, page)


def test_a_code_withdrawn_before_the_day_stays_shut(shop, buyer, page):
    redeemed(page, buyer)
    code = RedeemCode.objects.get()
    batches.withdraw(code, reason="x", actor=UserFactory(), now=site_clock.now())
    shop.advance(days=11)
    follow()
    assert not opens(buyer, page)
    assert not mails("redeemed-opened-").exists()
