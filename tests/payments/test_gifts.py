"""Gifts: bought for a friend, sent on their day, claimed once, taken back or refunded."""

import io
import re
import uuid
import zipfile
from datetime import timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from wagtail.models import ModelLogEntry

from accounts import privacy, roles
from accounts.models import OutboxMessage
from courses.models import Grant
from operations import clock as site_clock
from payments import (
    checkout,
    codes,
    for_others,
    gifts,
    money,
    offers,
    rebuilding,
    redeeming,
    refund_requests,
)
from payments.models import Gift, Order, RefundRequest
from payments.sandbox import disputes, faults
from payments.sandbox.models import StripeObject
from tests.accounts.browser import sign_up, text_of
from tests.factories import BundleFactory, UserFactory, course
from tests.payments.factories import (
    GiftFactory,
    OfferFactory,
    PriceFactory,
    course_price,
    membership_prices,
)
from tests.payments.staff import at_desk, csv_rows, somebody
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db
FRIEND = "friend@example.com"


def fields_of(page) -> dict[str, str]:
    """The hidden fields of the form that leads to paying."""
    found = {}
    for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page.text):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value:
            found[name[1]] = unescape(value[1])
    return found


def order_form(client: Client, price, **words: str) -> dict[str, str]:
    page = client.get(reverse("give", args=[price.offer.key]))
    blank = {"giver_name": "林岚", "to_email": FRIEND, "send_on": "", "message": "慢慢看"}
    return fields_of(page) | blank | words


def begin(giver, price, **words: str) -> Order:
    client = signed_in(giver)
    answer = client.post(
        reverse("give", args=[price.offer.key]), order_form(client, price, **words)
    )
    assert answer.status_code == 303, text_of(answer)
    return Order.objects.latest("pk")


def given(shop, giver, price=None, **words: str) -> Gift:
    """A gift that is paid."""
    order = begin(giver, price or course_price(course(lessons=1)), **words)
    shop.pay(order)
    shop.deliver()
    return Gift.objects.get(order=order)


def code_of(gift: Gift) -> str:
    gift.refresh_from_db()
    return gifts.code_of(gift)


def page_of(gift: Gift) -> str:
    return reverse("redeem_code", args=[codes.shown(code_of(gift))])


def order_page(gift: Gift) -> str:
    return reverse("order", args=[gift.order.key])


def mails(to: str) -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(to=to).order_by("pk"))


# --- buying --------------------------------------------------------------------------------------


def test_the_page_says_the_rules_before_it_is_paid(client, buyer):
    price = course_price(course(title="慢慢变强"))
    shown = client.get(reverse("give", args=[price.offer.key]))
    for words in (
        "送给朋友",
        "慢慢变强",
        "¥99",
        "365 天内领取有效",
        "过期作废，不退款",
        "登录后继续",
    ):
        assert words in text_of(shown), words
    assert 'name="message"' in signed_in(buyer).get(reverse("give", args=[price.offer.key])).text
    there = price.offer.course
    assert there is not None
    assert reverse("give", args=[price.offer.key]) in client.get(there.get_absolute_url()).text


def test_a_gift_is_paid_mailed_and_claimed_by_somebody_new(shop, buyer, client):
    page = course(title="慢慢变强", lessons=1)
    gift = given(shop, buyer, course_price(page), message="学到第四讲时想到了你。<b>")
    assert not Grant.objects.filter(learner=buyer).exists()  # nothing for the giver
    [letter] = mails(FRIEND)
    assert letter.subject == "林岚送你《慢慢变强》"
    link = codes.address(code_of(gift))
    assert link in letter.text
    assert "「学到第四讲时想到了你。<b>」" in letter.text
    assert "&lt;b&gt;" in letter.html
    assert f"{link}card.png" in letter.html
    assert "¥99" in mails(buyer.email)[-1].text
    shown = client.get(page_of(gift))
    for words in ("林岚", "慢慢变强", "学到第四讲时想到了你。", "注册并领取"):
        assert words in text_of(shown), words
    assert "<b>" not in shown.text
    assert sign_up(client, FRIEND, next=page_of(gift))["Location"] == page_of(gift)
    assert "已经开通" in text_of(client.post(page_of(gift), follow=True))
    grant = Grant.objects.get()
    assert (grant.learner.email, grant.source_kind, grant.source_id) == (
        FRIEND,
        "gift",
        gift.source_id,
    )
    assert grant.ends_at is None
    assert "领取了你送的《慢慢变强》" in mails(buyer.email)[-1].text
    mine = text_of(signed_in(buyer).get(order_page(gift)))
    assert "领取了" in mine
    assert FRIEND in mine


def test_without_an_address_the_giver_hands_the_link_over(shop, buyer):
    gift = given(shop, buyer, to_email="", message="")
    link = codes.address(code_of(gift))
    assert link in signed_in(buyer).get(order_page(gift)).text
    assert link in mails(buyer.email)[-1].text
    assert gift.sent_at is None
    gifts.send_due(site_clock.now())
    assert [row.to for row in OutboxMessage.objects.all()] == [buyer.email]


def test_a_term_of_membership_begins_when_it_is_claimed(shop, buyer, clock):
    prices = membership_prices()
    gift = given(shop, buyer, prices["term"])
    clock.move(timedelta(days=100))
    now = site_clock.now()
    friend = UserFactory()
    signed_in(friend).post(page_of(gift))
    grant = Grant.objects.get(learner=friend)
    assert grant.membership == prices["term"].offer.membership
    assert grant.starts_at >= now
    assert grant.ends_at is not None
    assert grant.ends_at - grant.starts_at >= timedelta(days=365)
    assert "送给朋友：" in text_of(signed_in(buyer).get("/membership/"))


def test_what_renews_itself_is_not_given(buyer):
    price = membership_prices()["month"]
    assert signed_in(buyer).get(reverse("give", args=[price.offer.key])).status_code == 404


def test_who_has_it_can_give_it(shop, buyer):
    price = course_price(course(lessons=1))
    shop.buy(buyer, price)
    gift = given(shop, buyer, price)
    assert gift.digest is not None
    assert Grant.objects.get().source_kind == "purchase"


def test_two_gifts_are_two_orders_and_a_form_sent_twice_is_one(buyer):
    price = course_price(course())
    client = signed_in(buyer)
    form, address = order_form(client, price), reverse("give", args=[price.offer.key])
    first = client.post(address, form)
    again = client.post(address, form | {"message": "改一句"})
    assert first["Location"] == again["Location"]
    assert Gift.objects.get().message == "改一句"
    begin(buyer, price)
    assert Order.objects.filter(status=Order.Status.OPEN).count() == 2
    assert StripeObject.objects.filter(kind="checkout.session").count() == 2


def test_a_form_that_was_paid_is_not_paid_again(shop, buyer):
    price = course_price(course())
    client = signed_in(buyer)
    form, address = order_form(client, price), reverse("give", args=[price.offer.key])
    client.post(address, form)
    shop.pay(Order.objects.get())
    answer = client.post(address, form)
    assert answer["Location"].startswith("/payments/return/?order=")
    assert Order.objects.count() == 1


def expire_at_stripe(shop) -> None:
    shop.advance(days=2)
    assert not Order.objects.filter(status=Order.Status.OPEN).exists()


def test_a_form_whose_order_expired_goes_on_with_one_order(shop, buyer):
    price = course_price(course(lessons=1))
    client = signed_in(buyer)
    form, address = order_form(client, price), reverse("give", args=[price.offer.key])
    client.post(address, form)
    expire_at_stripe(shop)
    again = [client.post(address, form)["Location"] for _ in range(3)]
    assert len(set(again)) == 1
    order = Order.objects.get(status=Order.Status.OPEN)
    cancelled = client.get(reverse("payments_cancelled"), {"order": order.key.hex}, follow=True)
    expire_at_stripe(shop)
    for wish in (form["wish"], fields_of(cancelled)["wish"]):
        client.post(address, form | {"wish": wish})
    assert Order.objects.filter(status=Order.Status.OPEN).count() == 1
    shop.pay(Order.objects.get(status=Order.Status.OPEN))
    shop.deliver()
    assert client.post(address, form)["Location"].startswith("/payments/return/?order=")
    assert Gift.objects.filter(digest__isnull=False).count() == 1


def test_a_form_sent_again_at_a_new_price_closes_the_page_of_the_former(shop, buyer):
    price = course_price(course(lessons=1))
    client = signed_in(buyer)
    form, address = order_form(client, price), reverse("give", args=[price.offer.key])
    client.post(address, form)
    former = Order.objects.get()
    dearer = offers.set_price(offer=price.offer, currency="CNY", amount=12900, now=site_clock.now())
    told = client.post(address, form)
    assert fields_of(told)["wish"] == form["wish"]
    client.post(address, fields_of(told) | {"message": "慢慢看"})
    assert Order.objects.get(status=Order.Status.OPEN).price == dearer
    page = StripeObject.objects.get(stripe_id=former.session_id)
    assert page.data["status"] == "expired"


def test_a_form_of_another_person_is_not_taken_over(buyer):
    price = course_price(course())
    client, other = signed_in(buyer), signed_in(UserFactory())
    form, address = order_form(client, price), reverse("give", args=[price.offer.key])
    client.post(address, form)
    other.post(address, form | {"message": "不是我写的"})
    assert Order.objects.count() == 2
    assert Gift.objects.get(order__buyer=buyer).message == "慢慢看"


def test_an_own_order_and_a_gift_at_one_price_stand_side_by_side(shop, buyer):
    price = course_price(course(lessons=1))
    own, other = shop.begin(buyer, price), begin(buyer, price)
    assert own.pk != other.pk
    assert shop.begin(buyer, price).pk == own.pk
    shop.pay(own)
    shop.pay(other)
    shop.deliver()
    statuses = set(Order.objects.values_list("status", flat=True))
    assert statuses == {Order.Status.FULFILLED}  # not bought twice


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"message": "字" * 201}, "200"),
        ({"to_email": "nobody"}, "邮箱"),
        ({"send_on": "2020-01-01"}, "选今天起一年内的一天"),
        ({"send_on": "2099-01-01"}, "选今天起一年内的一天"),
        ({"send_on": "明天"}, "日期"),
        ({"send_on": "{tomorrow}", "to_email": ""}, "请填朋友的邮箱"),
    ],
)
def test_what_cannot_be_sent_is_said_and_nothing_typed_is_lost(buyer, words, message):
    tomorrow = (timezone.localdate(site_clock.now()) + timedelta(days=1)).isoformat()
    words = {name: text.format(tomorrow=tomorrow) for name, text in words.items()}
    price = course_price(course())
    client = signed_in(buyer)
    form = order_form(client, price, giver_name="老林") | words
    answer = client.post(reverse("give", args=[price.offer.key]), form)
    assert answer.status_code == 200
    assert message in answer.text
    assert 'value="老林"' in answer.text
    assert not Order.objects.exists()


def test_to_ones_own_address_nothing_is_given(shop, buyer):
    price = course_price(course())
    client = signed_in(buyer)
    form = order_form(client, price, to_email=buyer.email.upper())
    answer = client.post(reverse("give", args=[price.offer.key]), form)
    assert "这是你自己的邮箱" in answer.text
    assert not Order.objects.exists()
    gift = given(shop, buyer, price)
    send = reverse("gift_send", args=[gift.order.key])
    assert "这是你自己的邮箱" in client.post(send, {"to_email": buyer.email}).text


def test_the_list_of_orders_says_how_each_gift_stands(shop, buyer):
    client = signed_in(buyer)
    gift = given(shop, buyer)
    assert "<span>已寄出</span>" in client.get(reverse("orders")).text
    gifts.take_back(gift, actor=buyer, reason="", now=site_clock.now())
    assert "<span>已收回</span>" in client.get(reverse("orders")).text
    signed_in(UserFactory()).post(page_of(given(shop, buyer)))
    assert "<span>已领取</span>" in client.get(reverse("orders")).text


def test_stripe_away_is_said_and_the_words_are_kept(buyer):
    price = course_price(course())
    client = signed_in(buyer)
    form = order_form(client, price, message="写了很久的话")
    faults.plan("no_connection", times=100)
    answer = client.post(reverse("give", args=[price.offer.key]), form)
    assert answer.status_code == 503
    assert "写了很久的话" in answer.text


def test_turning_back_from_the_payment_page_finds_the_words_again(buyer):
    price = course_price(course())
    order = begin(buyer, price, message="写了很久的话")
    back = signed_in(buyer).get(
        reverse("payments_cancelled"), {"order": order.key.hex}, follow=True
    )
    assert "写了很久的话" in back.text
    assert fields_of(back)["wish"] == str(order.key)


def test_after_paying_the_button_leads_to_the_gift(shop, buyer):
    order = begin(buyer, course_price(course()))
    shop.pay(order)
    back = signed_in(buyer).get(reverse("payments_return"), {"order": order.key.hex})
    assert "已付款" in text_of(back)
    assert order_page(Gift.objects.get()) in back.text


# --- sending -------------------------------------------------------------------------------------


def test_it_is_sent_in_the_morning_of_its_day_where_the_site_is(shop, buyer, clock, settings):
    settings.TIME_ZONE = "Asia/Shanghai"
    day = timezone.localdate(site_clock.now()) + timedelta(days=10)
    gift = given(shop, buyer, send_on=day.isoformat())
    assert gift.send_at is not None
    local = gift.send_at.astimezone(ZoneInfo("Asia/Shanghai"))
    assert (local.date(), local.hour) == (day, 9)
    assert gift.claimable_until is not None
    last = gift.claimable_until.astimezone(ZoneInfo("Asia/Shanghai"))  # its day counts whole
    assert last.date() == day + timedelta(days=366)
    assert (last.hour, last.minute) == (0, 0)
    clock.move(gift.send_at - site_clock.now() - timedelta(minutes=1))
    gifts.send_due(site_clock.now())
    assert mails(FRIEND) == []
    clock.move(timedelta(minutes=2))
    for _ in range(2):
        gifts.send_due(site_clock.now())
    assert len(mails(FRIEND)) == 1


def test_sent_again_it_has_a_new_code_and_the_former_opens_nothing(shop, buyer):
    gift = given(shop, buyer)
    former = page_of(gift)
    me = signed_in(buyer)
    address = reverse("gift_send", args=[gift.order.key])
    assert "原来的码和链接就此作废" in text_of(me.get(address))
    me.post(address, {"to_email": "right@example.com"})
    assert page_of(gift) != former
    assert codes.shown(code_of(gift)) in mails("right@example.com")[0].text
    friend = signed_in(UserFactory())
    gone = friend.post(former)
    assert gone.status_code == 404
    assert "又收到新的邮件" in text_of(gone)
    assert "之前收到的链接和兑换码不再有效" in mails("right@example.com")[0].text
    assert "已经开通" in text_of(friend.post(page_of(gift), follow=True))


def test_a_month_before_it_runs_out_the_giver_is_told_once(shop, buyer, clock):
    gift = given(shop, buyer)
    clock.move(timedelta(days=330))
    gifts.remind(site_clock.now())
    before = len(mails(buyer.email))
    clock.move(timedelta(days=6))
    for _ in range(2):
        gifts.remind(site_clock.now())
    assert len(mails(buyer.email)) == before + 1
    assert "还没有人领取" in mails(buyer.email)[-1].text
    clock.move(timedelta(days=30))
    friend = signed_in(UserFactory())
    assert "兑换期限已过" in text_of(friend.post(page_of(gift), follow=True))
    assert "已作废" in text_of(signed_in(buyer).get(order_page(gift)))
    with pytest.raises(gifts.NotOpen):
        gifts.take_back(gift, actor=buyer, reason="", now=site_clock.now())


# --- claiming ------------------------------------------------------------------------------------


def test_who_has_it_chooses_another_course_of_the_same_price(shop, buyer):
    friend = UserFactory()
    page, same = course(lessons=1), course(title="城市的暗线", lessons=1)
    price = course_price(page)
    course_price(same)
    dearer, hers = course_price(course(title="贵的"), 19900), course_price(course(title="她有"))
    for each in (price, hers):
        shop.buy(friend, each)
    gift = given(shop, buyer, price)
    client = signed_in(friend)
    shown = text_of(client.get(page_of(gift)))
    assert "你已经有了" in shown
    assert "城市的暗线" in shown
    assert "贵的" not in shown
    assert "她有" not in shown
    for wrong in ("", "x", str(dearer.offer.course_id), str(page.pk), "9" * 30):
        client.post(page_of(gift), {"instead": wrong})
        assert Gift.objects.get().redeemed_at is None, wrong
    done = client.post(page_of(gift), {"instead": str(same.pk)}, follow=True)
    assert "城市的暗线" in text_of(done)
    mail = OutboxMessage.objects.get(user=buyer, key__startswith="gift-redeemed-")
    assert f"朋友已经有《{page.title}》，用你送的赠礼改领了《城市的暗线》。" in mail.text
    grant = Grant.objects.get(source_kind="gift")
    assert (grant.learner, grant.course) == (friend, same)


def test_another_course_is_chosen_by_regular_prices_then_or_now(shop, buyer, clock):
    friend, now = UserFactory(), site_clock.now()
    week: Any = {"currency": "CNY", "ends_at": now + timedelta(days=7), "now": now}
    price = course_price(course(lessons=1))
    early_now = course_price(course(title="现在早鸟"))
    course_price(course(title="平时便宜"), 5900)
    course_price(course(title="后来的价"), 12900)
    early = offers.set_early_price(offer=price.offer, amount=5900, **week)
    shop.buy(friend, early)
    gift = given(shop, buyer, early)
    offers.set_early_price(offer=early_now.offer, amount=7900, **week)
    client = signed_in(friend)
    shown = text_of(client.get(page_of(gift)))
    assert "现在早鸟" in shown
    assert "平时便宜" not in shown
    assert "后来的价" not in shown
    clock.move(timedelta(minutes=1))
    offers.set_price(offer=price.offer, currency="CNY", amount=12900, now=site_clock.now())
    shown = text_of(client.get(page_of(gift)))
    assert "现在早鸟" in shown
    assert "后来的价" in shown


def test_a_gift_once_claimed_is_nobody_elses(shop, buyer):
    gift = given(shop, buyer)
    signed_in(UserFactory()).post(page_of(gift))
    other = signed_in(UserFactory())
    assert "这个兑换码已经用过了" in text_of(other.post(page_of(gift), follow=True))
    assert Grant.objects.count() == 1


def test_the_card_is_a_picture_for_who_has_the_code(shop, buyer, client):
    gift = given(shop, buyer, message="学到第四讲时想到了你。" * 15)
    answer = client.get(f"{page_of(gift)}card.png")
    assert answer["Content-Type"] == "image/png"
    assert "no-store" in answer["Cache-Control"]
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.size == (1080, 1440)
    assert client.get(reverse("gift_card", args=["ABCD-EFGH-JKMN"])).status_code == 404
    assert client.get(f"{page_of(GiftFactory())}card.png").status_code == 200  # of a membership


# --- taking back, refunds ------------------------------------------------------------------------


def test_taken_back_before_it_is_claimed_the_money_goes_back(shop, buyer):
    gift = given(shop, buyer)
    me, link = signed_in(buyer), page_of(gift)
    address = reverse("gift_take_back", args=[gift.order.key])
    assert "¥99" in text_of(me.get(address))
    assert Gift.objects.get().taken_back_at is None
    me.post(address)
    shop.run_jobs()
    shop.deliver()
    gift.refresh_from_db()
    assert gift.taken_back_at is not None
    assert Order.objects.get().status == Order.Status.REFUNDED
    assert "已收回" in text_of(signed_in(UserFactory()).post(link, follow=True))
    assert not Grant.objects.exists()
    assert me.post(address).status_code == 302
    assert RefundRequest.objects.count() == 1
    assert "退款申请" not in text_of(me.get(order_page(gift)))
    told = OutboxMessage.objects.get(key__startswith="refunded-").text
    assert "¥99 正在退回" in told
    assert "学习进度" not in told


def test_what_was_claimed_cannot_be_taken_back(shop, buyer):
    gift = given(shop, buyer)
    signed_in(UserFactory()).post(page_of(gift))
    answer = signed_in(buyer).post(reverse("gift_take_back", args=[gift.order.key]), follow=True)
    assert "已被领取、收回或过期" in text_of(answer)
    assert not RefundRequest.objects.exists()


def test_a_refund_shuts_what_the_friend_claimed_and_nothing_else(shop, buyer):
    price = course_price(course(lessons=1))
    own, gift = shop.buy(buyer, price), given(shop, buyer, price)
    friend = UserFactory()
    signed_in(friend).post(page_of(gift))
    refund_requests.approve(order=gift.order, reason="x", actor=UserFactory(), now=site_clock.now())
    shop.run_jobs()
    shop.deliver()
    assert Grant.objects.get(learner=friend).withdrawn_at is not None
    assert Grant.objects.get(learner=buyer).withdrawn_at is None
    own.refresh_from_db()
    assert own.status == Order.Status.FULFILLED
    gift.refresh_from_db()
    assert gift.withdrawn_at is not None


def test_a_refund_voids_what_nobody_claimed(shop, buyer):
    gift = given(shop, buyer)
    link = page_of(gift)
    refund_requests.approve(order=gift.order, reason="x", actor=UserFactory(), now=site_clock.now())
    shop.run_jobs()
    shop.deliver()
    assert "已收回" in text_of(signed_in(UserFactory()).post(link, follow=True))


def test_a_dispute_shuts_it_and_a_won_one_opens_it_again(shop, buyer):
    gift = given(shop, buyer)
    friend = UserFactory()
    signed_in(friend).post(page_of(gift))
    gift.order.refresh_from_db()
    disputes.open_dispute(str(gift.order.charge_id), now=site_clock.now())
    shop.deliver()
    assert Grant.objects.get().withdrawn_at is not None
    [dispute] = StripeObject.objects.filter(kind="dispute")
    disputes.close_dispute(dispute.stripe_id, won=True, now=site_clock.now())
    shop.deliver()
    assert Grant.objects.get().withdrawn_at is None


# --- finance -------------------------------------------------------------------------------------


def test_finance_sees_gifts_sends_one_again_and_takes_one_back_with_a_reason(shop, buyer):
    desk = at_desk(roles.FINANCE)
    first, second = given(shop, buyer), given(shop, buyer)
    rows = csv_rows(desk, reverse("money-gifts:index"), state="open")
    assert len(rows) == 2
    found = csv_rows(desk, reverse("money-gifts:index"), q=codes.shown(code_of(first)))
    assert [row["送礼人"] for row in found] == [buyer.email]
    desk.post(
        reverse("money-gifts:send", args=[first.pk]),
        {"to_email": "right@example.com", "reason": "写错了邮箱"},
    )
    assert mails("right@example.com")
    desk.post(reverse("money-gifts:take_back", args=[second.pk]), {"reason": "买错了"})
    shop.run_jobs()
    shop.deliver()
    order = Order.objects.get(gift=second)
    assert order.status == Order.Status.REFUNDED
    told = text_of(desk.get(reverse("money-gifts:inspect", args=[second.pk])))
    assert f"金额 {money.in_words(order.amount, order.currency)} " in told
    assert "收回于" not in told
    for action, reason in (("send_gift", "写错了邮箱"), ("take_gift_back", "买错了")):
        entry = ModelLogEntry.objects.get(action=f"payments.{action}")
        assert (entry.user, entry.data["reason"]) == (somebody(desk), reason)
    signed_in(UserFactory()).post(page_of(first))
    assert "已领取" in text_of(desk.get(reverse("money-gifts:inspect", args=[first.pk])))


# --- who sees what -------------------------------------------------------------------------------


def test_another_persons_gift_is_not_found(shop, buyer):
    gift = given(shop, buyer)
    other = signed_in(UserFactory())
    for name in ("gift_send", "gift_take_back"):
        address = reverse(name, args=[gift.order.key])
        assert other.get(address).status_code == 404
        assert other.post(address).status_code == 404
    assert other.get(order_page(gift)).status_code == 404


def test_a_gift_still_to_be_sent_keeps_its_giver_here(shop, buyer):
    day = timezone.localdate(site_clock.now()) + timedelta(days=10)
    gift = given(shop, buyer, send_on=day.isoformat())
    with pytest.raises(privacy.MustStay, match="还没寄出"):
        privacy.erase(user=buyer, now=site_clock.now())
    signed_in(buyer).post(reverse("gift_send", args=[gift.order.key]), {"to_email": FRIEND})
    privacy.erase(user=buyer, now=site_clock.now())


def test_the_words_of_a_gift_that_was_never_paid_are_forgotten(buyer, clock):
    order = begin(buyer, course_price(course()), message="写了又没买")
    Order.objects.filter(pk=order.pk).update(status=Order.Status.EXPIRED)
    clock.move(timedelta(days=29))
    gifts.forget_unpaid(site_clock.now())
    assert Gift.objects.get().message
    clock.move(timedelta(days=2))
    gifts.forget_unpaid(site_clock.now())
    gift = Gift.objects.get()
    assert (gift.message, gift.to_email, gift.giver_name) == ("", "", "")


def test_the_givers_data_hold_the_words_and_deletion_erases_them(shop, buyer):
    gift = given(shop, buyer, message="写给你的话")
    link = page_of(gift)
    with zipfile.ZipFile(io.BytesIO(privacy.export(buyer))) as files:
        told = files.read("payments.gifts_given.json").decode()
    assert "写给你的话" in told
    assert FRIEND in told
    privacy.erase(user=buyer, now=site_clock.now())
    gift.refresh_from_db()
    assert (gift.message, gift.to_email, gift.giver_name) == ("", "", "")
    assert mails(FRIEND) == []
    friend = UserFactory()
    assert "已经开通" in text_of(signed_in(friend).post(link, follow=True))
    with zipfile.ZipFile(io.BytesIO(privacy.export(friend))) as files:
        assert "redeemed_at" in files.read("payments.gift.json").decode()


def test_more_gifts_cost_no_more_queries_to_send_than_each_its_own(shop, buyer):
    GiftFactory(sent_at=site_clock.now(), send_at=site_clock.now())
    with CaptureQueriesContext(connection) as few:
        gifts.send_due(site_clock.now())
    for _ in range(3):
        GiftFactory(sent_at=site_clock.now(), send_at=site_clock.now())
    with CaptureQueriesContext(connection) as many:
        gifts.send_due(site_clock.now())
    assert len(few) == len(many) == 1


def test_after_a_restore_a_gift_that_was_paid_can_be_handed_over(shop, buyer):
    order = begin(buyer, course_price(course()))
    shop.pay(order)
    session = StripeObject.objects.get(kind="checkout.session").data
    Gift.objects.all().delete()
    Order.objects.all().delete()
    made = rebuilding.order_of(session, now=site_clock.now())
    assert made is not None
    assert (made.purpose, made.quantity) == (Order.Purpose.GIFT, 1)
    shop.deliver()
    assert code_of(Gift.objects.get(order=made))


def test_redeeming_looks_for_gifts_and_codes_alike(shop, buyer):
    gift = given(shop, buyer)
    assert redeeming.find(code_of(gift)) == gift


def test_a_bundle_is_no_gift(shop, buyer, clock):
    offer = OfferFactory(course=None, membership=None, bundle=BundleFactory(), kind="one_off")
    price = PriceFactory(offer=offer)
    assert signed_in(buyer).get(reverse("give", args=[offer.key])).status_code == 404
    wish = for_others.Wish(key=uuid.uuid4(), gift=for_others.GiftWords())
    with pytest.raises(checkout.NotForSale):
        checkout.start(buyer=buyer, price=price, wish=wish, now=clock.now())
