"""Reserved with a card before a course opens, charged on its day, once; or never."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import privacy
from accounts.models import OutboxMessage
from courses import access, grants
from courses.models import Grant
from operations import clock as site_clock
from pages import dates
from payments import (
    charging,
    checkout,
    fulfilment,
    gateway,
    matching,
    offers,
    presale,
    reconciliation,
    reserving,
)
from payments.models import Difference, MoneyEntry, Offer, Order, Reservation
from payments.sandbox import completing, faults
from payments.sandbox.models import IdempotencyKey, StripeObject
from tests.accounts.browser import text_of
from tests.factories import UserFactory
from tests.payments.conftest import DECLINED, FAILS_WHEN_CHARGED, GOOD
from tests.payments.factories import PromotionFactory, planned_course, sold_in_advance
from tests.payments.test_admin_work import offer_form
from tests.payments.test_concurrency import at_once
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db
ASKS_EACH_TIME = "4000002760003184"


@pytest.fixture
def page(db):
    return planned_course(days=10, title="还没开的课")


@pytest.fixture
def price(page):
    price = sold_in_advance(page)
    Offer.objects.filter(pk=price.offer.pk).update(presale=Offer.Presale.AT_RELEASE)
    price.offer.refresh_from_db()
    return price


def buying_url(price):
    return reverse("payments_buy", args=[price.offer.key])


@pytest.fixture
def reserve(shop, buyer, price):
    def reserve(card=GOOD, person=buyer):
        order = shop.begin(person, price)
        assert shop.pay(order, card).kind == "complete"
        shop.deliver()
        order.refresh_from_db()
        return order

    return reserve


def opens(buyer, page):
    return access.to_course(buyer, page, now=site_clock.now()).has_grant


def mails(key):
    return OutboxMessage.objects.filter(key__startswith=key)


def payments_at_stripe():
    return StripeObject.objects.filter(kind="payment_intent")


def move_to(page, days):
    page.refresh_from_db()
    today = timezone.localdate(site_clock.now())
    page.opens_on = None if days is None else today + timedelta(days=days)
    page.save_revision().publish()


def its_day_comes(page):
    """The editor opens it today, and its buyers were told of today."""
    move_to(page, 0)
    Reservation.objects.update(day=timezone.localdate(site_clock.now()))


def assert_equal_to_stripe():
    shop_now = site_clock.now() + timedelta(minutes=3)
    reconciliation.sweep_all(now=shop_now)
    matching.run(now=shop_now, since=None)
    assert not Difference.objects.exists()


# --- reserving -----------------------------------------------------------------------------------


def test_the_pages_say_what_is_charged_when_and_ask_for_no_code(page, price, client):
    shown = text_of(client.get(page.get_absolute_url()))
    assert "预订" in shown
    buying = text_of(client.get(buying_url(price)))
    for words in ("今天不扣款", "¥99", "支付宝", "用卡预订"):
        assert words in buying, buying
    assert "优惠码" not in buying


def test_stripes_page_keeps_a_card_and_says_what_comes(shop, buyer, price):
    order = shop.begin(buyer, price)
    session = gateway.retrieve_session(str(order.session_id))
    assert (session["mode"], session["amount_total"]) == ("setup", None)
    assert session["payment_method_types"] == ["card"]
    assert "¥99" in session["custom_text"]["submit"]["message"]
    shown = shop_page(order)
    assert "今天不扣款" in shown


def shop_page(order):
    return text_of(Client().get(reverse("sandbox:checkout", args=[order.session_id])))


def test_reserving_charges_nothing_and_stands_on_the_pages(reserve, buyer, page):
    order = reserve()
    assert (order.status, order.paid_at) == (Order.Status.RESERVED, None)
    assert not opens(buyer, page)
    assert not payments_at_stripe().exists()
    assert not MoneyEntry.objects.exists()
    assert mails("reserved-").count() == 1
    me = signed_in(buyer)
    for address in (
        page.get_absolute_url(),
        reverse("order", args=[order.key]),
        f"{reverse('payments_return')}?order={order.key.hex}",
    ):
        shown = text_of(me.get(address))
        assert "¥99" in shown
        assert "预订" in shown
    assert buying_url(order.price) not in me.get(page.get_absolute_url()).text
    buying = me.get(buying_url(order.price))
    assert buying["Location"] == reverse("order", args=[order.key])


def test_cards_say_that_it_is_reserved_or_can_be(reserve, buyer, page, client):
    assert re.search(r"¥99.*预订", text_of(client.get("/courses/")))
    reserve()
    mine = text_of(signed_in(buyer).get("/courses/"))
    assert "已预订" in mine
    assert "¥99" not in mine


def test_its_news_again_and_again_change_nothing(shop, reserve):
    order = reserve()
    for _ in range(2):
        shop.deliver()
        fulfilment.confirm(order, now=site_clock.now())
    assert Reservation.objects.count() == 1
    assert mails("reserved-").count() == 1
    assert_equal_to_stripe()


def test_a_second_one_cannot_be_begun_and_codes_change_nothing(shop, reserve, buyer, price):
    promotion = PromotionFactory(percent=50)
    order = shop.begin(buyer, price, promotion)
    assert (order.amount, order.promotion) == (9900, None)
    reserve()
    with pytest.raises(checkout.CannotStart):
        shop.begin(buyer, price)


def test_what_another_person_has_reserved_hinders_nobody(shop, reserve, price):
    reserve()
    shop.begin(UserFactory(), price)


def test_a_card_that_is_refused_at_once_reserves_nothing(shop, buyer, price):
    order = shop.begin(buyer, price)
    assert shop.pay(order, DECLINED).kind == "declined"
    order.refresh_from_db()
    assert order.status == Order.Status.OPEN


def test_without_webhook_the_way_back_or_the_sweep_finds_it(shop, buyer, price):
    order = shop.begin(buyer, price)
    shop.pay(order)
    reconciliation.sweep_open(now=site_clock.now() + timedelta(minutes=5))
    order.refresh_from_db()
    assert order.status == Order.Status.RESERVED


# --- the day -------------------------------------------------------------------------------------


def test_on_its_day_it_is_charged_once_and_opens(shop, reserve, buyer, page):
    order = reserve()
    shop.advance(days=11)
    order.refresh_from_db()
    assert (order.status, order.advance) == (Order.Status.FULFILLED, "")
    assert opens(buyer, page)
    payment = payments_at_stripe().get().data
    assert (payment["amount"], payment["currency"], payment["status"]) == (9900, "cny", "succeeded")
    assert MoneyEntry.objects.get().order == order
    assert mails("order-paid").count() == 1
    for _ in range(2):
        charging.charge_due(now=site_clock.now())
        shop.deliver()
    assert payments_at_stripe().count() == 1
    assert Grant.objects.get(source_id=order.source_id).changes.count() == 1
    assert_equal_to_stripe()


def test_charged_is_what_was_shown_though_the_price_has_changed(shop, reserve, price):
    order = reserve()
    offers.set_price(offer=price.offer, currency="CNY", amount=19900, now=site_clock.now())
    shop.advance(days=11)
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert payments_at_stripe().get().data["amount"] == 9900


def test_five_days_before_a_mail_says_so_once(shop, reserve):
    reserve()
    shop.advance(days=4)
    assert not mails("reservation-notice").exists()
    shop.advance(days=2)
    assert mails("reservation-notice").count() == 1
    shop.advance(days=1)
    assert mails("reservation-notice").count() == 1


def test_the_charge_moves_with_the_day_and_a_mail_says_so(shop, reserve, buyer, page):
    order = reserve()
    move_to(page, 30)
    shop.advance(days=11)
    assert mails("reservation-moved").count() == 1
    assert not payments_at_stripe().exists()
    assert not opens(buyer, page)
    shop.advance(days=20)
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED


def test_opened_sooner_it_is_charged_five_days_after_the_mail_says_so(shop, reserve, buyer, page):
    order = reserve()
    move_to(page, 0)
    shop.advance(hours=1)
    told = mails("reservation-sooner").get()
    assert "提前" in told.subject
    order.refresh_from_db()
    day = order.reservation.day
    assert day == timezone.localdate(site_clock.now()) + timedelta(days=5)
    shop.advance(days=4)
    assert not payments_at_stripe().exists()
    assert not opens(buyer, page)
    shop.advance(days=1)
    order.refresh_from_db()
    assert (order.status, order.reservation.day) == (Order.Status.FULFILLED, day)
    assert opens(buyer, page)
    assert mails("reservation-sooner").count() == 1
    assert not mails("reservation-moved").exists()


def test_moved_to_tomorrow_it_is_charged_when_its_buyer_was_told_in_time(shop, reserve, page):
    order = reserve()
    move_to(page, 1)
    shop.advance(hours=1)
    assert mails("reservation-sooner").count() == 1
    shop.advance(days=3)
    assert not payments_at_stripe().exists()
    shop.advance(days=2)
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert mails("reservation-").count() == 1


def test_who_does_not_want_to_wait_pays_at_once_and_begins(shop, reserve, buyer, page, price):
    order = reserve()
    me, address = signed_in(buyer), reverse("reservation_begin", args=[order.key])
    me.post(address)  # it is shut yet: a page that stood open charges nobody
    assert not payments_at_stripe().exists()
    move_to(page, 0)
    shop.advance(hours=1)
    shown = me.get(reverse("order", args=[order.key]))
    assert address in shown.text
    assert "已经开放" in text_of(shown)
    on_course = me.get(page.get_absolute_url())
    assert "已经开放" in text_of(on_course)
    assert buying_url(price) not in on_course.text
    assert reverse("order", args=[order.key]) in on_course.text
    assert me.get(buying_url(price)).url == reverse("order", args=[order.key])
    for _ in range(2):
        me.post(address)
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert opens(buyer, page)
    assert payments_at_stripe().count() == 1


def test_paying_at_once_while_stripe_is_away_is_charged_once_later(shop, reserve, buyer, page):
    order = reserve()
    move_to(page, 0)
    faults.plan("answer_lost", times=9)
    me = signed_in(buyer)
    answer = me.post(reverse("reservation_begin", args=[order.key]), follow=True)
    assert "没有回应" in text_of(answer)
    faults.clear()
    shop.advance(hours=1)
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert payments_at_stripe().filter(data__status="succeeded").count() == 1


def test_a_course_that_is_not_published_on_its_day_is_not_charged(shop, reserve, page):
    order = reserve()
    page.refresh_from_db()
    page.unpublish()
    shop.advance(days=11)
    order.refresh_from_db()
    assert order.status == Order.Status.RESERVED
    assert not payments_at_stripe().exists()


def test_killed_after_the_charge_the_next_round_finds_it(shop, reserve, buyer, page, monkeypatch):
    order = reserve()
    its_day_comes(page)

    def killed(*_args, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(charging.fulfilment, "apply_payment", killed)
        with pytest.raises(KeyboardInterrupt):
            charging.charge_due(now=site_clock.now())
    order.refresh_from_db()
    assert order.status == Order.Status.RESERVED
    assert payments_at_stripe().count() == 1
    with pytest.raises(reserving.TooLate):
        reserving.give_up(order=order, now=site_clock.now())
    # Stripe has forgotten the key by then, and the editor has put the day off.
    IdempotencyKey.objects.all().delete()
    move_to(page, 30)
    charging.charge_due(now=site_clock.now() + timedelta(days=2))
    order.refresh_from_db()
    assert payments_at_stripe().count() == 1
    assert order.paid_at is not None
    assert MoneyEntry.objects.count() == 1


def test_the_webhook_of_the_charge_alone_opens_it(shop, reserve, buyer, page, monkeypatch):
    order = reserve()
    its_day_comes(page)
    with monkeypatch.context() as patch:
        patch.setattr(charging.fulfilment, "apply_payment", lambda *_args, **_more: None)
        charging.charge_due(now=site_clock.now())
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert opens(buyer, page)


@pytest.mark.parametrize("kind", ["server_error", "answer_lost", "timeout", "broken_answer"])
def test_stripe_away_on_the_day_charges_once_when_it_is_back(shop, reserve, page, kind):
    order = reserve()
    its_day_comes(page)
    faults.plan(kind, times=9)
    with pytest.raises(gateway.GatewayError):
        charging.charge_due(now=site_clock.now())
    faults.clear()
    charging.charge_due(now=site_clock.now())
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert payments_at_stripe().filter(data__status="succeeded").count() == 1


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "told", "in_list"),
    [
        (FAILS_WHEN_CHARGED, "你的卡被拒了", "卡被拒，待付款"),
        (ASKS_EACH_TIME, "银行想确认是不是你本人", "待你向银行确认"),
    ],
)
def test_a_refused_card_leaves_some_days_to_pay_by_oneself(
    shop, buyer, page, price, card, told, in_list
):
    order = shop.begin(buyer, price)
    if shop.pay(order, card).kind == "authenticate":
        completing.authenticate(str(order.session_id), approved=True, now=site_clock.now())
    shop.deliver()
    shop.advance(days=11)
    order.refresh_from_db()
    assert order.status == Order.Status.RESERVED
    assert not opens(buyer, page)
    assert mails("reservation-refused").count() == 1
    mail = mails("reservation-refused").get().text
    assert reverse("order", args=[order.key]) in mail
    assert ("银行想确认" in mail) == ("银行想确认" in told)
    last = dates.day(order.reservation.pay_until - timedelta(seconds=1), now=site_clock.now())
    assert f"{last}为止" in mail
    me = signed_in(buyer)
    on_order = text_of(me.get(reverse("order", args=[order.key])))
    assert told in on_order
    assert f"到 {last}为止付 ¥99" in on_order
    assert "微信里打不开支付宝" not in on_order
    inside = me.get(reverse("order", args=[order.key]), headers={"User-Agent": "MicroMessenger/8"})
    assert "微信里打不开支付宝" in text_of(inside)
    assert in_list in text_of(me.get(reverse("orders")))
    on_course = me.get(page.get_absolute_url())
    assert told in text_of(on_course)
    assert buying_url(price) not in on_course.text
    answer = me.post(reverse("reservation_pay", args=[order.key]))
    assert "/sandbox/checkout/" in answer["Location"]
    again = me.post(reverse("reservation_pay", args=[order.key]))
    assert again["Location"] == answer["Location"]
    order.refresh_from_db()
    gateway.expire_session(str(order.session_id))
    another = me.post(reverse("reservation_pay", args=[order.key]))
    assert "/sandbox/checkout/" in another["Location"]
    assert another["Location"] != answer["Location"]
    assert shop.pay(order).kind == "complete"
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert opens(buyer, page)
    assert MoneyEntry.objects.get().order == order
    assert_equal_to_stripe()


def test_a_wallet_whose_answer_is_awaited_is_not_asked_twice(shop, reserve, buyer, page):
    order = reserve(FAILS_WHEN_CHARGED)
    shop.advance(days=11)
    checkout.pay_refused(order, now=site_clock.now())
    order.refresh_from_db()
    completing.pay_by_wallet(str(order.session_id), "alipay", "paid_later", now=site_clock.now())
    with pytest.raises(checkout.AlreadyPaid):
        checkout.pay_refused(order, now=site_clock.now())
    shop.advance(hours=2)
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED


def test_once_it_is_given_up_its_open_page_takes_no_money(shop, reserve, buyer, me):
    order = reserve(FAILS_WHEN_CHARGED)
    shop.advance(days=11)
    me.post(reverse("reservation_pay", args=[order.key]))
    me.post(reverse("reservation_give_up", args=[order.key]))
    shop.run_jobs()
    with pytest.raises(completing.SessionClosedError):
        shop.pay(order)
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.EXPIRED
    assert_equal_to_stripe()


@pytest.fixture
def paid_by_wallet(shop, reserve):
    """A refused one, paid by Alipay, which is to answer later."""

    def pay(answer="paid_later"):
        order = reserve(FAILS_WHEN_CHARGED)
        shop.advance(days=11)
        checkout.pay_refused(order, now=site_clock.now())
        order.refresh_from_db()
        completing.pay_by_wallet(str(order.session_id), "alipay", answer, now=site_clock.now())
        return order

    return pay


def test_a_wallets_payment_of_a_refused_one_is_waited_for_on_every_page(
    shop, paid_by_wallet, buyer, me, page, price
):
    order = paid_by_wallet()
    at_return = text_of(me.get(f"{reverse('payments_return')}?order={order.key.hex}"))
    assert "不用再付" in at_return
    assert "被拒" not in at_return
    on_order = me.get(reverse("order", args=[order.key]))
    assert "等待确认" in text_of(on_order)
    assert "被拒" not in text_of(on_order)
    assert not {reverse(f"reservation_{each}", args=[order.key]) for each in ("pay", "give_up")} & {
        form["action"] for form in BeautifulSoup(on_order.text, "html.parser").select("main form")
    }
    on_course = text_of(me.get(page.get_absolute_url()))
    assert "不用再付" in on_course
    assert "立即支付" not in on_course
    in_list = me.get(reverse("orders"))
    assert "等待确认" in text_of(in_list)
    assert "待付款" not in text_of(in_list)
    assert me.get(buying_url(price))["Location"] == reverse("order", args=[order.key])
    shop.advance(hours=2)
    assert opens(buyer, page)
    assert mails("order-paid").count() == 1


@pytest.mark.parametrize("is_known", [True, False])
def test_what_a_wallet_is_to_confirm_is_not_given_up(shop, paid_by_wallet, me, is_known):
    order = paid_by_wallet()
    if is_known:
        shop.deliver()
    answer = me.post(reverse("reservation_give_up", args=[order.key]))
    assert "没有扣款" not in text_of(me.get(answer["Location"]))
    order.refresh_from_db()
    assert order.status == Order.Status.RESERVED
    with pytest.raises(reserving.TooLate):
        reserving.give_up(order=order, now=site_clock.now())


def test_a_refused_one_is_not_given_up_while_stripe_is_away(shop, reserve, me):
    order = reserve(FAILS_WHEN_CHARGED)
    shop.advance(days=11)
    checkout.pay_refused(order, now=site_clock.now())
    faults.plan("server_error", times=9)
    answer = me.post(reverse("reservation_give_up", args=[order.key]))
    faults.clear()
    order.refresh_from_db()
    assert order.status == Order.Status.RESERVED
    assert "暂时连不上 Stripe" in text_of(me.get(answer["Location"]))
    me.post(reverse("reservation_give_up", args=[order.key]))
    order.refresh_from_db()
    assert order.reservation.ending == Reservation.Ending.GIVEN_UP


def test_it_does_not_lapse_while_a_wallet_is_to_confirm_it(shop, paid_by_wallet):
    order = paid_by_wallet()
    shop.deliver()
    later = site_clock.now() + timedelta(days=8)
    reserving.follow_all(now=later)
    order.refresh_from_db()
    assert order.status == Order.Status.RESERVED
    Order.objects.filter(pk=order.pk).update(is_confirming=False)
    reserving.follow_all(now=later)
    order.refresh_from_db()
    assert order.status == Order.Status.EXPIRED


def test_refused_by_the_wallet_in_the_end_it_is_to_be_paid_again(shop, paid_by_wallet, me):
    order = paid_by_wallet("refused_later")
    address = reverse("order", args=[order.key])
    shop.deliver()
    assert "等待确认" in text_of(me.get(address))
    shop.advance(hours=2)
    for _ in range(2):
        fulfilment.confirm(order, now=site_clock.now())
    assert "被拒" in text_of(me.get(address))
    told = mails("order-refused").get()
    assert "没有扣款" in told.text
    assert address in told.text
    again = me.post(reverse("reservation_pay", args=[order.key]))
    assert "/sandbox/checkout/" in again["Location"]
    order.refresh_from_db()
    completing.pay_by_wallet(str(order.session_id), "alipay", "paid_later", now=site_clock.now())
    shop.deliver()
    assert "等待确认" in text_of(me.get(address))


def test_not_paid_in_time_it_lapses(shop, reserve, buyer, page):
    order = reserve(FAILS_WHEN_CHARGED)
    shop.advance(days=11)
    shop.advance(days=8)
    order.refresh_from_db()
    assert order.status == Order.Status.EXPIRED
    assert order.reservation.ending == Reservation.Ending.LAPSED
    assert payments_at_stripe().count() == 1
    assert mails("reservation-refused").count() == 1
    told = mails("reservation-lapsed").get()
    assert "没有扣款" in told.text
    assert page.get_absolute_url() in told.text
    shop.begin(buyer, order.price)  # it can be bought as by anybody


# --- given up ------------------------------------------------------------------------------------


def test_one_tap_gives_it_up_and_nothing_is_ever_charged(shop, reserve, buyer, page, run_jobs):
    order = reserve()
    me = signed_in(buyer)
    address = reverse("reservation_give_up", args=[order.key])
    assert address in me.get(reverse("order", args=[order.key])).text
    answer = me.post(address, follow=True)
    assert "没有扣款" in text_of(answer)
    run_jobs()
    shop.advance(days=11)
    order.refresh_from_db()
    assert order.status == Order.Status.EXPIRED
    assert not payments_at_stripe().exists()
    method = StripeObject.objects.get(stripe_id=order.reservation.payment_method_id)
    assert method.data["customer"] is None, "the card is let go"
    assert "结束" in text_of(me.get(reverse("order", args=[order.key])))
    assert "已经结束" in text_of(me.post(address, follow=True))


def test_another_persons_reservation_is_not_found(reserve):
    order = reserve()
    stranger = signed_in(UserFactory())
    for name in ("reservation_give_up", "reservation_pay", "reservation_begin"):
        assert stranger.post(reverse(name, args=[order.key])).status_code == 404


def test_the_publisher_gives_the_presale_up_without_a_refund(shop, reserve, page, price):
    order = reserve()
    actor = UserFactory()
    presale.give_up(offer=price.offer, reason="讲师病了", actor=actor, now=site_clock.now())
    shop.deliver()
    presale.follow_all(now=site_clock.now())
    order.refresh_from_db()
    assert order.status == Order.Status.EXPIRED
    assert order.reservation.ending == Reservation.Ending.CALLED_OFF
    assert "讲师病了" in mails("reservation-called-off").get().text
    assert not order.refund_requests.exists()
    shop.advance(days=11)
    assert not payments_at_stripe().exists()


def test_completed_on_a_page_that_stood_open_when_it_was_called_off(shop, buyer, page, price):
    order = shop.begin(buyer, price)
    presale.give_up(offer=price.offer, reason="不开了", actor=UserFactory(), now=site_clock.now())
    shop.pay(order)
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.EXPIRED
    assert order.reservation.ending == Reservation.Ending.CALLED_OFF


def test_who_has_it_by_a_gift_meanwhile_is_not_charged(shop, reserve, buyer, page):
    order = reserve()
    now = site_clock.now()
    grants.sync(
        learner=buyer, source_kind="gift", source_id="g1", covers=[page], starts_at=now, now=now
    )
    shop.advance(days=11)
    order.refresh_from_db()
    assert order.reservation.ending == Reservation.Ending.NOT_NEEDED
    assert not payments_at_stripe().exists()


def test_an_account_with_a_reservation_is_told_to_give_it_up_first(reserve, buyer):
    reserve()
    assert any("预订" in reason for reason in privacy.obstacles(buyer))


@pytest.mark.parametrize("given_up", [False, True])
def test_a_restored_database_learns_of_it_again_but_not_of_what_was_given_up(
    shop, reserve, run_jobs, given_up
):
    before = site_clock.now()
    order = reserve()
    if given_up:
        reserving.give_up(order=order, now=site_clock.now())
        run_jobs()
    order.reservation.delete()
    order.delete()
    reconciliation.sweep_all(now=site_clock.now(), since=before)
    found = Order.objects.get(key=order.key)
    assert (found.status == Order.Status.RESERVED) is not given_up
    shop.advance(days=11)
    assert payments_at_stripe().count() == (0 if given_up else 1)


# --- staff ---------------------------------------------------------------------------------------


def test_finance_chooses_it_in_the_form(desk, page):
    form = offer_form(course=page.pk, kind="one_off", amount="99", presale="at_release")
    assert desk.post(reverse("money-offers:add"), form).status_code == 302
    assert Offer.objects.get().presale == Offer.Presale.AT_RELEASE


def test_not_where_stripe_reckons_tax(desk, page, settings):
    settings.STRIPE_TAX = True
    form = offer_form(course=page.pk, kind="one_off", amount="99", presale="at_release")
    assert desk.post(reverse("money-offers:add"), form).status_code == 200
    assert not Offer.objects.exists()


# --- many rounds at once -------------------------------------------------------------------------


@pytest.fixture
def due(shop, buyer, price, page):
    """A reservation whose day has come, with the account asked for once."""
    order = shop.begin(buyer, price)
    shop.pay(order)
    fulfilment.confirm(order, now=site_clock.now())
    its_day_comes(page)
    return order


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_rounds_at_once_charge_once(due):
    results = at_once(lambda _number: charging.charge(order_id=due.pk, now=site_clock.now()))
    assert all(each is None or isinstance(each, gateway.Unreachable) for each in results), results
    charging.charge_due(now=site_clock.now())
    due.refresh_from_db()
    assert due.status == Order.Status.FULFILLED
    assert payments_at_stripe().count() == 1
    assert MoneyEntry.objects.count() == 1
    assert Grant.objects.get().changes.count() == 1
    assert mails("order-paid").count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_orders_own_key_they_would_charge_more(due, monkeypatch):
    real = gateway.charge_kept_card
    monkeypatch.setattr(
        charging.gateway, "charge_kept_card", lambda params, key: real(params, key=str(uuid4()))
    )
    monkeypatch.setattr(charging, "_found", lambda order: None)
    at_once(lambda _number: charging.charge(order_id=due.pk, now=site_clock.now()))
    assert payments_at_stripe().count() > 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_given_up_and_charged_at_once_it_is_one_of_the_two(due):
    def either(number):
        if number % 2:
            return reserving.give_up(order=due, now=site_clock.now())
        return charging.charge(order_id=due.pk, now=site_clock.now())

    at_once(either)
    charging.charge_due(now=site_clock.now())
    due.refresh_from_db()
    charged = payments_at_stripe().count()
    assert (due.status, charged) in ((Order.Status.FULFILLED, 1), (Order.Status.EXPIRED, 0))
