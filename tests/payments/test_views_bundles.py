"""A bundle's page: its price, what it saves, what one has of it already."""

from typing import Any

import pytest
from django.urls import reverse

from courses.models import Bundle, CoursePage, Grant
from payments.models import Price
from tests.factories import UserFactory, bundle, course, lesson
from tests.payments import shown
from tests.payments.factories import NOW, OrderFactory, PriceFactory, bundle_price, course_price

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(db: None) -> tuple[CoursePage, CoursePage]:
    first, second = course(title="第一门"), course(title="第二门")
    course_price(first)
    course_price(second, amount=8000)
    return first, second


@pytest.fixture
def price(pair: Any) -> Price:
    return bundle_price(bundle(*pair, title="两门"), amount=14900)


def page(price: Price) -> str:
    assert price.offer.bundle is not None
    return reverse("bundle", args=[price.offer.bundle.slug])


def facts(answer: Any) -> list[str]:
    soup = shown._soup(answer).select_one("dl.definitions")
    return [" ".join(each.split()) for each in soup.stripped_strings] if soup else []


def holds(person: Any, page: CoursePage) -> None:
    Grant.objects.create(
        learner=person,
        course=page,
        source_kind=Grant.Source.STAFF,
        source_id=f"staff-{page.pk}",
        starts_at=NOW,
    )


def test_it_says_what_it_saves(client, price):
    answer = client.get(f"{page(price)}?from=12&block=abc-1&code={'X' * 101}")
    assert facts(answer)[1::2] == ["¥179", "¥149", "¥30"]
    query = f"?from=12&amp;block=abc-1&amp;code={'X' * 100}"
    buy = reverse("payments_buy", args=[price.offer.key])
    assert f'href="{buy}{query}"' in answer.text
    assert f'href="{buy}"' in client.get(page(price)).text
    assert {"第一门", "第二门"} <= set(shown.lines(answer))
    assert client.post(page(price)).status_code == 405
    assert client.get(reverse("bundle", args=["nothing"])).status_code == 404


@pytest.mark.parametrize(
    ("amount", "told"),
    [(17899, ["¥179", "¥178.99", "¥0.01"]), (17900, ["¥179"] * 2), (17901, ["¥179", "¥179.01"])],
)
def test_what_saves_nothing_says_nothing_of_it(client, pair, amount, told):
    assert facts(client.get(page(bundle_price(bundle(*pair), amount=amount))))[1::2] == told


def test_where_a_course_is_not_sold_alone_there_is_no_sum(client, pair):
    price = bundle_price(bundle(*pair, course()))
    assert facts(client.get(page(price)))[1::2] == ["¥149"]


def test_what_one_has_is_left_out_of_the_sum(me, client, buyer, pair, price):
    holds(buyer, pair[0])
    assert facts(me.get(page(price)))[1::2] == ["¥80", "¥149"]
    assert facts(client.get(page(price)))[1::2] == ["¥179", "¥149", "¥30"]


def test_who_has_all_of_it_begins(me, client, buyer, pair, price):
    for each in pair:
        holds(buyer, each)
    first = lesson(pair[0])
    answer = me.get(page(price))
    buy = reverse("payments_buy", args=[price.offer.key])
    assert facts(answer) == []
    assert f'href="{reverse("lesson", args=[pair[0].slug, first.slug])}"' in answer.text
    assert buy not in answer.text
    assert buy in client.get(page(price)).text


def test_a_bundle_off_sale_is_there_for_who_bought_it(me, client, buyer, price):
    order = OrderFactory(buyer=buyer, price=price)
    OrderFactory(price=course_price(course()), buyer=UserFactory())
    hidden = bundle_price(bundle(course(), course()))
    Bundle.objects.update(is_for_sale=False)
    answer = me.get(page(price))
    assert answer.status_code == 200
    assert "目前没有出售。" in shown.lines(answer)
    assert client.get(page(price)).status_code == 404
    assert me.get(page(hidden)).status_code == 404
    order.delete()
    assert me.get(page(price)).status_code == 404


def test_sums_are_of_one_currency(client, pair, price, settings):
    settings.CURRENCIES = ["CNY", "USD"]
    client.cookies["rz_currency"] = "USD"
    assert facts(client.get(page(price)))[1::2] == ["¥179", "¥149", "¥30"]
    PriceFactory(offer=price.offer, amount=2000, currency="USD")
    for each, amount in zip(pair, (1500, 1000), strict=True):
        PriceFactory(offer=each.offers.get(), amount=amount, currency="USD")
    assert facts(client.get(page(price)))[1::2] == ["US$25", "US$20", "US$5"]


def test_what_a_wallet_is_to_confirm_is_not_offered_again(me, buyer, client, price):
    order = OrderFactory(buyer=buyer, price=price, is_confirming=True)
    answer = me.get(page(price))
    assert "你付的 ¥149 正在等待确认，不用再付一次。" in shown.lines(answer)
    assert f'href="{reverse("order", args=[order.key])}"' in answer.text
    buy = reverse("payments_buy", args=[price.offer.key])
    assert buy not in answer.text
    assert buy in client.get(page(price)).text
