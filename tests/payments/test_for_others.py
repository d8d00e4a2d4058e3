"""Which order a form for a friend or for colleagues belongs to, and what a refund does to it."""

from datetime import date, timedelta
from uuid import UUID, uuid4, uuid5

import pytest
from django.urls import reverse

from accounts.models import OutboxMessage
from courses.models import Grant, GrantChange
from payments import batches, for_others, gateway, redeeming
from payments.for_others import GiftWords, Wish
from payments.models import Gift, Order
from tests.factories import UserFactory, course
from tests.payments.factories import (
    NOW,
    GiftFactory,
    OrderFactory,
    RedeemBatchFactory,
    course_price,
)
from tests.payments.test_gifts import fields_of
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
WORDS = GiftWords("林岚", "friend@example.com", "慢慢看", date(2026, 12, 1))


@pytest.fixture
def buyer(db):
    return UserFactory(language="en")


@pytest.fixture
def price(db):
    return course_price(course())


@pytest.fixture(autouse=True)
def account(db):
    """Known, as it is before an order is begun."""
    return gateway.account_id()


def gift_wish(key=None, gift=WORDS):
    return Wish(key=key or uuid4(), gift=gift)


def order_of(buyer, price, wish, **more):
    return for_others.order_of(buyer=buyer, price=price, wish=wish, now=NOW, **more)


def words_of(order):
    gift = Gift.objects.get(order=order)
    return GiftWords(gift.giver_name, gift.to_email, gift.message, gift.send_on)


# --- a new order ---------------------------------------------------------------------------------


def test_a_gift_is_one_order_with_its_words(buyer, price):
    wish = gift_wish()
    order = order_of(buyer, price, wish, from_block="card")
    found = (order.key, order.buyer, order.price, order.purpose, order.quantity)
    assert found == (wish.key, buyer, price, Order.Purpose.GIFT, 1)
    assert (order.amount, order.currency, order.language) == (9900, "CNY", "en")
    assert (order.created_at, order.from_block, order.status) == (NOW, "card", Order.Status.OPEN)
    assert (order.account, order.livemode) == ("acct_sandbox", False)
    assert words_of(order) == WORDS


def test_seats_are_one_order_at_so_many_times_the_price(buyer, price):
    order = order_of(buyer, price, Wish(key=uuid4(), seats=3))
    assert (order.purpose, order.quantity, order.amount) == (Order.Purpose.SEATS, 3, 29700)
    assert not Gift.objects.exists()


def test_two_to_five_hundred_seats_are_sold_at_once():
    price = course_price(course(lessons=1))
    client, address = signed_in(UserFactory()), reverse("buy_seats", args=[price.offer.key])
    for number in (1, 2, 500, 501):
        form = fields_of(client.get(address, {"seats": number})) | {"seats": f"{number}"}
        client.post(address, form)
    assert set(Order.objects.values_list("quantity", flat=True)) == {2, 500}


# --- the same form again -------------------------------------------------------------------------


def test_the_same_form_is_the_same_order_and_takes_the_new_words(buyer, price):
    wish = gift_wish()
    order, other = order_of(buyer, price, wish), order_of(buyer, price, gift_wish())
    again = gift_wish(key=wish.key, gift=GiftWords(giver_name="岚"))
    assert order_of(buyer, price, again) == order
    assert (words_of(order), words_of(other)) == (GiftWords(giver_name="岚"), WORDS)
    seats = Wish(key=uuid4(), seats=3)
    assert order_of(buyer, price, seats) == order_of(buyer, price, seats)
    assert Order.objects.count() == 3


def test_what_was_paid_keeps_its_words_whatever_the_form_says(buyer, price):
    wish = gift_wish()
    order = order_of(buyer, price, wish)
    Order.objects.update(status=Order.Status.PAID, paid_at=NOW)
    again = gift_wish(key=wish.key, gift=GiftWords())
    other = course_price(course())
    assert order_of(buyer, other, again) == order
    assert words_of(order) == WORDS
    assert for_others.open_otherwise(buyer=buyer, price=other, wish=again) is None


def otherwise(buyer, price, wish):
    return for_others.open_otherwise(buyer=buyer, price=price, wish=wish)


def test_at_another_price_or_number_it_is_open_otherwise(buyer, price):
    wish = Wish(key=uuid4(), seats=3)
    assert otherwise(buyer, price, wish) is None
    order = order_of(buyer, price, wish)
    more = Wish(key=wish.key, seats=4)
    single, other = gift_wish(key=wish.key), course_price(course())
    assert otherwise(buyer, price, wish) is None
    for at, wanted in ((price, more), (price, single), (other, wish)):
        assert otherwise(buyer, at, wanted) == order
        with pytest.raises(for_others.OpenOtherwise):
            order_of(buyer, at, wanted)
    assert Order.objects.get() == order


@pytest.mark.parametrize("why", ["expired", "anothers"])
def test_what_is_over_or_anothers_is_followed_by_one_order(buyer, price, why):
    wish, other = gift_wish(), UserFactory()
    order_of(buyer, price, gift_wish())
    key: UUID = wish.key
    for _ in range(3):
        if why == "expired":
            OrderFactory(buyer=buyer, price=price, key=key, status=Order.Status.EXPIRED)
        else:
            OrderFactory(buyer=other, price=price, key=key, purpose="gift")
        key = uuid5(key, str(buyer.pk))
    order = order_of(buyer, price, wish)
    assert (order.key, order.buyer) == (key, buyer)
    assert order_of(buyer, price, wish) == order


# --- given back ----------------------------------------------------------------------------------


def settle(order, withdrawn_at, now=NOW + DAY):
    for_others.settle(order, withdrawn_at=withdrawn_at, reason="given back", now=now)


def test_given_back_a_gift_is_shut_and_opens_again_if_it_was_not_given_back(price):
    gift, other = (
        GiftFactory(order__price=price, redeemed_by=UserFactory(), redeemed_at=NOW)
        for _ in range(2)
    )
    for each in (gift, other):
        redeeming.declare(each, now=NOW)
    for _ in range(2):
        settle(gift.order, NOW + DAY)
        for each in (gift, other):
            each.refresh_from_db()
        assert (gift.withdrawn_at, other.withdrawn_at) == (NOW + DAY, None)
    grants = Grant.objects.order_by("pk").values_list("withdrawn_at", flat=True)
    assert list(grants) == [NOW + DAY, None]
    assert GrantChange.objects.latest("pk").reason == "given back"
    settle(gift.order, None)
    gift.refresh_from_db()
    assert gift.withdrawn_at is None
    assert list(grants.all()) == [None, None]


@pytest.mark.parametrize("fields", [{"purpose": "gift"}, {"purpose": "seats", "quantity": 2}])
def test_of_what_was_never_made_nothing_is_given_back(price, fields):
    order = OrderFactory(price=price, **fields)
    GiftFactory(order__price=price)
    RedeemBatchFactory()
    settle(order, NOW)
    assert not Gift.objects.filter(withdrawn_at__isnull=False).exists()
    assert not Grant.objects.exists()


def test_given_back_seats_are_shut_and_those_who_took_one_are_told(price):
    order = OrderFactory(price=price, purpose="seats", quantity=2, fulfilled=True)
    seats = {"order": order, "made_by": None, "course": price.offer.course}
    batch, other = batches.make(RedeemBatchFactory.build(**seats)), RedeemBatchFactory()
    code = batch.codes.get(serial=1)
    code.redeemed_by, code.redeemed_at = UserFactory(), NOW
    code.save()
    redeeming.declare(code, now=NOW)
    for _ in range(2):
        settle(order, NOW + DAY)
        for each in (batch, other):
            each.refresh_from_db()
        assert (batch.withdrawn_at, other.withdrawn_at) == (NOW + DAY, None)
        assert Grant.objects.get().withdrawn_at == NOW + DAY
        assert OutboxMessage.objects.get().to == code.redeemed_by.email
