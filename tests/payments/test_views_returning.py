"""Back from Stripe's page: how each order is told, and where it is gone on with."""

import uuid
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from payments.models import Order, Price
from payments.sandbox import faults
from tests.factories import UserFactory, course, lesson
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    GiftFactory,
    OrderFactory,
    ReservationFactory,
    course_price,
    membership_prices,
    sold_in_advance,
)
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db
BACK, LEFT = "/payments/return/", "/payments/cancelled/"
NOT_PAID = ["info: 没有付款，一切照旧。"]


@pytest.fixture
def price(db: None) -> Price:
    return course_price(course(title="慢慢变强"))


def made(buyer: User, price: Price, **fields: Any) -> Order:
    """One at which Stripe is not asked again."""
    order: Order = OrderFactory(**{"buyer": buyer, "price": price, "session_id": None} | fields)
    return order


def back(order: Order, **more: Any) -> str:
    return f"{BACK}?order={order.key.hex}" + "".join(f"&{k}={v}" for k, v in more.items())


@pytest.mark.parametrize("address", [BACK, LEFT])
def test_an_order_is_named_by_its_key_its_session_or_both(client, me, buyer, price, address):
    order = made(buyer, price, fulfilled=True, session_id="cs_1")
    made(buyer, price, session_id="cs_2")
    theirs = made(UserFactory(), price, fulfilled=True, session_id="cs_3")
    key = order.key.hex
    queries = {
        f"order={key}": 200,
        f"order={order.key}": 200,
        "session=cs_1": 200,
        "session_id=cs_1": 200,
        f"order={key}&session=cs_1": 200,
        f"order={key}&session=cs_2": 404,
        f"order={key}&session=cs_3": 404,
        f"order={theirs.key.hex}": 404,
        "session=cs_3": 404,
        "session=": 404,
        "": 404,
        "order=x": 404,
        f"order={uuid.uuid4()}": 404,
    }
    for query, status in queries.items():
        answer = me.get(f"{address}?{query}")
        if status == 200 and address == LEFT:
            assert answer["Location"] == f"{BACK}?order={key}", query
        else:
            assert answer.status_code == status, query
            assert status == 404 or "《慢慢变强》" in shown.lines(answer)
    assert client.get(address)["Location"].startswith("/account/login/?next=")
    assert me.post(f"{address}?order={key}").status_code == 405


# --- how it stands -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "heading"),
    [
        ({}, "请稍等"),
        ({"fulfilled": True}, "已经开通"),
        ({"status": "paid", "paid_at": NOW}, "请稍等"),
        ({"status": "failed"}, "未扣款"),
        ({"status": "expired"}, "未付款"),
        ({"fulfilled": True, "status": "refunded"}, "已退款"),
        ({"status": "parked", "paid_at": NOW}, "我们正在查看"),
        ({"status": "paid", "paid_at": NOW, "note": "bought_twice"}, "买了两次"),
        ({"status": "refunded", "paid_at": NOW, "note": "bought_twice"}, "买了两次"),
        ({"status": "paid", "paid_at": NOW, "note": "given_up"}, "这门课不开了"),
        ({"status": "paid", "paid_at": NOW, "note": "other"}, "我们正在查看"),
    ],
)
def test_each_state_has_its_heading(me, buyer, price, fields, heading):
    order = made(buyer, price, **fields)
    answer = me.get(back(order))
    assert shown.lines(answer)[:2] == [heading, "《慢慢变强》"]
    looks = '<meta http-equiv="refresh"' in answer.text
    assert looks is (heading == "请稍等")


def test_a_reserved_order_says_what_will_be_charged(me, buyer):
    price = sold_in_advance()
    order = made(buyer, price, status="reserved")
    ReservationFactory(order=order)
    words = shown.lines(me.get(back(order)))
    assert words[0] == "已预订"
    assert any("¥99" in each for each in words)


def test_what_was_bought_is_begun(me, buyer, price):
    lesson(price.offer.course)
    order = made(buyer, price, fulfilled=True)
    answer = me.get(back(order))
    course_page = price.offer.course
    assert course_page is not None
    first = course_page.get_children()[0]
    assert f'href="{reverse("lesson", args=[course_page.slug, first.slug])}"' in answer.text
    assert any(order.number in each and "¥99" in each for each in shown.lines(answer))


def test_the_page_looks_again_by_itself_twenty_times(me, buyer, price):
    order = made(buyer, price)
    for asked, shown_next, again in (
        (None, 1, True),
        ("0", 1, True),
        ("19", 20, True),
        ("20", 21, False),
        ("999", 21, False),
        ("1000", 1, True),
        ("x", 1, True),
        ("²", 1, True),
        ("-1", 1, True),
    ):
        answer = me.get(back(order, **({"look": asked} if asked is not None else {})))
        url = f"{BACK}?order={order.key.hex}&amp;look={shown_next}"
        assert f'href="{url}"' in answer.text, asked
        assert (f'content="3;url={url}"' in answer.text) is again, asked


def test_what_was_paid_is_opened_on_the_way_back(me, shop, buyer, price):
    order = shop.begin(buyer, price)
    shop.pay(order)
    faults.plan("no_connection", times=9)
    assert shown.lines(me.get(back(order)))[0] == "请稍等"
    faults.clear()
    assert shown.lines(me.get(back(order)))[0] == "已经开通"
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED


@pytest.mark.parametrize("status", ["failed", "expired"])
def test_what_failed_is_begun_again_where_it_was(me, buyer, price, status):
    offer = price.offer
    for fields, there in (
        ({}, reverse("payments_buy", args=[offer.key])),
        ({"purpose": "gift"}, f"{reverse('give', args=[offer.key])}?order="),
        (
            {"purpose": "seats", "quantity": 7},
            f"{reverse('buy_seats', args=[offer.key])}?seats=7",
        ),
    ):
        order = made(buyer, price, status=status, **fields)
        if there.endswith("order="):
            there += order.key.hex
            GiftFactory(order=order, digest=None, claimable_until=None, minted=0)
        assert f'href="{there}"' in me.get(back(order)).text, there


# --- left without paying -------------------------------------------------------------------------


def test_who_left_without_paying_goes_back_to_the_page_they_left(me, buyer, price):
    origin = course()
    offered = price.offer.course
    assert offered is not None
    gone = course(live=False)
    month = membership_prices()["month"]
    seats = f"{reverse('buy_seats', args=[price.offer.key])}?seats=7"
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, offered.get_absolute_url()),
        ({"from_page": origin}, origin.get_absolute_url()),
        ({"from_page": gone}, offered.get_absolute_url()),
        ({"price": month}, "/membership/"),
        ({"purpose": "seats", "quantity": 7, "from_page": origin}, seats),
    ]
    for fields, there in cases:
        order = made(buyer, **{"price": price} | fields)
        answer = me.get(f"{LEFT}?order={order.key.hex}")
        assert answer["Location"] == there
        assert shown.said(answer)[:1] == NOT_PAID
        order.delete()


def test_what_was_paid_after_all_is_told_instead(me, buyer, price):
    order = made(buyer, price, fulfilled=True)
    answer = me.get(f"{LEFT}?order={order.key.hex}")
    assert (answer["Location"], shown.said(answer)) == (f"{BACK}?order={order.key.hex}", [])
    assert signed_in(UserFactory()).get(f"{LEFT}?order={order.key.hex}").status_code == 404
