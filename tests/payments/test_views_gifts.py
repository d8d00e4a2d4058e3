"""Giving: the form before it is paid; then, for the giver alone, sending again and taking back."""

import uuid
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from operations import clock as site_clock
from payments.models import Gift, Order, Price, RefundRequest
from payments.sandbox import faults
from tests.accounts.doors import grow_old
from tests.factories import UserFactory, bundle, course
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    GiftFactory,
    OrderFactory,
    PriceFactory,
    bundle_price,
    course_price,
    membership_prices,
)
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db
FRIEND = "friend@example.org"
OVER = ["info: 这份赠礼已被领取、收回或过期。"]
HERS = "这是你自己的邮箱。想自己学，回到它的页面直接买，不用兑换码。"


@pytest.fixture
def buyer(db: None) -> User:
    return UserFactory(email="lan@example.org", name="林岚")


@pytest.fixture
def price(db: None) -> Price:
    return course_price(course(title="慢慢变强"))


def page(price: Price) -> str:
    return reverse("give", args=[price.offer.key])


def today() -> date:
    return timezone.localdate(site_clock.now())


def words(price: Price, **fields: Any) -> dict[str, Any]:
    return {"price": price.key, "wish": uuid.uuid4()} | fields


# --- buying one ----------------------------------------------------------------------------------


def test_a_new_form_bears_the_givers_name_and_what_led_here(me, price):
    origin = course()
    answer = me.get(f"{page(price)}?from={origin.pk}&block=abc-1")
    form = shown.filled(answer)
    assert uuid.UUID(form.pop("wish")) != uuid.UUID(shown.filled(me.get(page(price)))["wish"])
    assert form == {
        "price": str(price.key),
        "from": str(origin.pk),
        "block": "abc-1",
        "giver_name": "林岚",
        "to_email": "",
        "send_on": "",
        "message": "",
    }
    assert answer["Cache-Control"] == "private, no-store"
    text = shown.lines(answer)
    assert text[:4] == ["送给朋友", "《慢慢变强》", "¥99", "朋友领取后长期有效。"]


def test_a_visitor_reads_what_it_costs_and_is_led_to_sign_in(client, price):
    answer = client.get(page(price))
    assert answer["Cache-Control"] == "private, no-store"
    assert "¥99" in shown.lines(answer)
    assert shown.filled(answer) == {}
    assert f'href="/account/login/?next={page(price)}"' in answer.text
    sent = client.post(page(price), words(price))
    assert sent.headers["Location"] == f"/account/login/?next={page(price)}"
    assert not Order.objects.exists()


def test_in_wechat_one_is_told_to_open_it_elsewhere(client, price):
    inside = {"User-Agent": "Mozilla/5.0 MicroMessenger/8.0.50"}
    assert "微信里打不开支付宝" in client.get(page(price), headers=inside).text
    assert "微信里打不开支付宝" not in client.get(page(price)).text


def test_what_renews_itself_and_bundles_cannot_be_given(me):
    plans = membership_prices()
    whole = bundle_price(bundle(course(), course()))
    found = {name: me.get(page(each)).status_code for name, each in plans.items()}
    assert found == {"year": 404, "month": 404, "term": 200}
    assert me.get(page(whole)).status_code == 404
    assert me.get(reverse("give", args=[uuid.uuid4()])).status_code == 404
    term = shown.lines(me.get(page(plans["term"])))
    assert "¥365" in term
    assert term[1].startswith("全部课程 · ")


def test_what_is_free_or_off_sale_is_not_given(me, price):
    free = course_price(course(), amount=0)
    assert "目前没有出售。" in shown.lines(me.get(page(free)))
    assert shown.filled(me.get(page(free))) == {}
    Price.objects.filter(pk=price.pk).update(is_active=False)
    assert "¥99" not in shown.lines(me.get(page(price)))


def test_a_gift_begins_as_it_was_written(me, buyer, price):
    origin = course()
    day = today() + timedelta(days=3)
    sent = words(
        price,
        giver_name="岚",
        to_email=FRIEND,
        send_on=day.isoformat(),
        message="慢慢看",
        block="abc-1",
        **{"from": origin.pk},
    )
    answer = me.post(page(price), sent)
    order = Order.objects.get()
    assert answer.status_code == 303
    assert f"/sandbox/checkout/{order.session_id}" in answer["Location"]
    assert (order.key, order.buyer, order.price) == (sent["wish"], buyer, price)
    assert (order.purpose, order.quantity, order.amount) == ("gift", 1, 9900)
    assert (order.from_page_id, order.from_block) == (origin.pk, "abc-1")
    gift = order.gift
    assert (gift.giver_name, gift.to_email, gift.send_on, gift.message) == (
        *("岚", FRIEND, day),
        "慢慢看",
    )
    assert me.post(page(price), sent | {"message": "快点看"})["Location"] == answer["Location"]
    assert Gift.objects.get().message == "快点看"


def test_a_wish_that_is_no_key_is_some_new_forms(me, price):
    assert me.post(page(price), words(price, wish="x")).status_code == 303
    assert me.post(page(price), {"price": price.key}).status_code == 303
    assert Order.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"days": -1}, {"send_on": ["选今天起一年内的一天。"]}),
        ({"days": 0}, {}),
        ({"days": 365}, {}),
        ({"days": 366}, {"send_on": ["选今天起一年内的一天。"]}),
        ({"days": 1, "to_email": ""}, {"to_email": ["要定日子寄出，请填朋友的邮箱。"]}),
        ({"days": 1, "to_email": "x"}, {"to_email": ["请输入有效的邮箱地址。"]}),
        ({"to_email": "LAN@example.org"}, {"to_email": [HERS]}),
        ({"message": "字" * 200, "giver_name": "名" * 60, "to_email": ""}, {}),
        ({"message": "字" * 201}, {"message": 1}),
        ({"giver_name": "名" * 61}, {"giver_name": 1}),
    ],
)
def test_what_is_written_is_held_against_the_rules(me, price, fields, problems):
    days = fields.pop("days", None)
    day = today() + timedelta(days=days) if days is not None else ""
    sent = words(price, **({"to_email": FRIEND, "send_on": day, "block": "abc-1"} | fields))
    answer = me.post(page(price), sent)
    if not problems:
        assert answer.status_code == 303
        return
    found = shown.wrong(answer)
    assert found.keys() == problems.keys()
    assert all(found[name] == told for name, told in problems.items() if told != 1)
    form = shown.filled(answer)
    assert (form["wish"], form["block"]) == (str(sent["wish"]), "abc-1")
    assert form["to_email"] == sent["to_email"]
    assert not Order.objects.exists()


def test_only_the_offers_own_price_is_asked(me, price):
    other = course_price(course())
    for key in (other.key, uuid.uuid4(), "x", ""):
        assert me.post(page(price), words(price) | {"price": key}).status_code == 404, key
    assert not Order.objects.exists()


def test_too_many_forms_have_to_wait(me, price, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"checkout": "1/h/user"}
    assert me.get(page(price)).status_code == 200
    assert me.post(page(price), words(price)).status_code == 303
    assert me.post(page(price), words(price)).status_code == 429
    assert me.get(page(price)).status_code == 200


def test_a_form_that_was_paid_leads_to_its_order(me, shop, price):
    sent = words(price)
    me.post(page(price), sent)
    order = Order.objects.get()
    shop.pay(order)
    answer = me.post(page(price), sent)
    assert answer["Location"] == f"/payments/return/?order={order.key.hex}"


def test_why_it_cannot_begin_is_said_above_the_form(me, price):
    faults.plan("no_connection", times=9)
    sent = words(price, message="慢慢看")
    answer = me.post(page(price), sent)
    assert answer.status_code == 503
    assert "付款页暂时打不开，未扣款。请稍后再试。" in shown.lines(answer)
    assert shown.filled(answer)["wish"] == str(sent["wish"])
    assert shown.filled(answer)["message"] == "慢慢看"
    faults.clear()
    Price.objects.filter(pk=price.pk).update(is_active=False)
    PriceFactory(offer=price.offer, amount=12900)
    answer = me.post(page(price), sent)
    assert answer.status_code == 200
    assert "价格有变动，请先看一眼新价格。" in shown.lines(answer)
    assert "¥129" in shown.lines(answer)


def test_ones_own_unpaid_gift_is_gone_on_with(me, client, buyer, price):
    begun = GiftFactory(
        order=OrderFactory(buyer=buyer, price=price, purpose=Order.Purpose.GIFT),
        giver_name="岚",
        to_email=FRIEND,
        send_on=today(),
        message="慢慢看",
    )
    address = f"{page(price)}?order={begun.order.key.hex}"
    form = shown.filled(me.get(address))
    assert (form["wish"], form["giver_name"], form["to_email"], form["send_on"]) == (
        *(str(begun.order.key), "岚", FRIEND),
        today().isoformat(),
    )
    assert form["message"] == "慢慢看"
    stranger = UserFactory(name="周明")
    for browser in (client, signed_in(stranger)):
        assert "慢慢看" not in browser.get(address).text
    assert shown.filled(signed_in(stranger).get(address))["giver_name"] == "周明"
    elsewhere = course_price(course())
    other = f"{page(elsewhere)}?order={begun.order.key.hex}"
    assert shown.filled(me.get(other))["message"] == ""
    assert shown.filled(me.get(f"{page(price)}?order=x"))["message"] == ""
    assert shown.filled(me.get(page(price)))["message"] == ""
    Order.objects.update(status=Order.Status.PAID, paid_at=NOW)
    assert shown.filled(me.get(address))["message"] == ""


# --- the giver's own -----------------------------------------------------------------------------


@pytest.fixture
def gift(buyer: User, price: Price) -> Gift:
    order = OrderFactory(fulfilled=True, buyer=buyer, price=price, purpose=Order.Purpose.GIFT)
    return GiftFactory(order=order, to_email=FRIEND)


def of(gift: Gift, name: str) -> str:
    return reverse(name, args=[gift.order.key])


@pytest.mark.parametrize("name", ["gift_send", "gift_take_back"])
def test_only_the_giver_who_proved_it_changes_a_gift(client, me, gift, name):
    address = of(gift, name)
    assert client.get(address)["Location"] == f"/account/login/?next={address}"
    assert signed_in(UserFactory()).get(address).status_code == 404
    assert signed_in(UserFactory()).post(address).status_code == 404
    assert me.get(address).status_code == 200
    assert me.get(address)["Cache-Control"] == "private, no-store"
    assert me.put(address).status_code == 405
    grow_old(me)
    assert unquote(me.post(address)["Location"]) == f"/account/reauthenticate/?next={address}"
    gift.refresh_from_db()
    assert (gift.minted, gift.taken_back_at) == (1, None)


@pytest.mark.parametrize("name", ["gift_send", "gift_take_back"])
@pytest.mark.parametrize("over", ["redeemed", "taken_back_at", "withdrawn_at", "claimable_until"])
def test_of_a_gift_that_is_over_nothing_is_done(me, gift, name, over):
    fields: dict[str, Any] = {over: site_clock.now()}
    if over == "redeemed":
        fields = {"redeemed_at": site_clock.now(), "redeemed_by": UserFactory()}
    Gift.objects.filter(pk=gift.pk).update(**fields)
    for ask in (me.get, me.post):
        answer = ask(of(gift, name), {"to_email": ""})
        assert (answer["Location"], shown.said(answer)[:1]) == (of(gift, "order"), OVER)
    gift.refresh_from_db()
    assert gift.minted == 1


def test_a_gift_is_sent_again_with_a_new_code(me, gift, run_jobs):
    assert shown.filled(me.get(of(gift, "gift_send"))) == {"to_email": FRIEND}
    before = gift.digest
    answer = me.post(of(gift, "gift_send"), {"to_email": "new@example.org"})
    assert answer["Location"] == of(gift, "order")
    assert shown.said(answer) == ["success: 已换新的兑换码，原来的作废。"]
    gift.refresh_from_db()
    assert (gift.to_email, gift.minted) == ("new@example.org", 2)
    assert gift.digest != before
    assert gift.sent_at is not None
    me.post(of(gift, "gift_send"), {"to_email": ""})
    gift.refresh_from_db()
    assert (gift.to_email, gift.minted, gift.sent_at) == ("", 3, None)


def test_a_gift_goes_to_no_nonsense_nor_to_the_giver(me, gift):
    answer = me.post(of(gift, "gift_send"), {"to_email": "x"})
    assert shown.wrong(answer) == {"to_email": ["请输入有效的邮箱地址。"]}
    answer = me.post(of(gift, "gift_send"), {"to_email": "Lan@example.org"})
    assert shown.wrong(answer) == {"to_email": [HERS]}
    gift.refresh_from_db()
    assert gift.minted == 1


def test_a_gift_is_not_sent_again_without_end(me, gift, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"gift": "1/h/user"}
    assert me.post(of(gift, "gift_send"), {"to_email": "x"}).status_code == 200
    assert me.post(of(gift, "gift_send"), {"to_email": ""}).status_code == 302
    assert me.get(of(gift, "gift_send")).status_code == 200
    assert me.post(of(gift, "gift_send"), {"to_email": ""}).status_code == 429
    gift.refresh_from_db()
    assert gift.minted == 2


def test_a_gift_is_taken_back_for_the_whole_price(me, buyer, gift):
    text = shown.lines(me.get(of(gift, "gift_take_back")))
    assert "《慢慢变强》 · ¥99" in text
    assert not RefundRequest.objects.exists()
    order = OrderFactory(fulfilled=True, buyer=buyer, price=gift.order.price, purpose="gift")
    other = GiftFactory(order=order)
    answer = me.post(of(gift, "gift_take_back"))
    assert answer["Location"] == of(gift, "order")
    other.refresh_from_db()
    assert other.taken_back_at is None
    assert shown.said(answer) == ["success: 赠礼已收回，钱正在退给你。"]
    gift.refresh_from_db()
    assert gift.taken_back_at is not None
    wish = RefundRequest.objects.get()
    assert (wish.order, wish.asked_by, wish.reason) == (gift.order, buyer, "送礼人收回")


def test_a_disputed_gift_is_not_taken_back(me, gift):
    DisputeFactory(order=gift.order, payment_intent_id=gift.order.payment_intent_id)
    answer = me.post(of(gift, "gift_take_back"))
    assert (answer["Location"], shown.said(answer)) == (of(gift, "order"), OVER)
    gift.refresh_from_db()
    assert gift.taken_back_at is None
    assert not RefundRequest.objects.exists()
