"""Prices and ownership as templates ask for them."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from courses.memberships import sync_included
from operations import clock as site_clock
from payments import money, offers, queries
from tests.factories import DisciplineFactory, InstructorFactory, MembershipFactory, course
from tests.payments.factories import PriceFactory, course_price, membership_prices

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("amount", "currency", "language", "words"),
    [
        (9900, "CNY", "zh-hans", "¥99"),
        (9950, "CNY", "zh-hans", "¥99.50"),
        (123456700, "CNY", "zh-hans", "¥1,234,567"),
        (36500, "CNY", "en", "CN¥365"),
        (1000, "JPY", "zh-hans", "JP¥1,000"),
        (1500, "KWD", "en", "KWD1.500"),
        (2000, "KWD", "en", "KWD2"),
        (9950, "RSD", "en", "RSD99.50"),
        (-9900, "CNY", "zh-hans", "-¥99"),
        (0, "CNY", "zh-hans", "¥0"),
    ],
)
def test_amounts_in_words(amount, currency, language, words):
    assert money.in_words(amount, currency, language).replace("\xa0", "") == words


def render(source, request, **context):
    template = Template("{% load payments %}" + source)
    return template.render(Context({"request": request, **context}))


@pytest.fixture
def request_of(rf: RequestFactory):
    def make(user=None):
        request = rf.get("/")
        request.user = user or AnonymousUser()
        return request

    return make


def test_a_course_shows_its_price_and_the_memberships_that_include_it(request_of):
    membership = MembershipFactory()
    membership_prices(membership)
    page = course()
    course_price(page)
    page.memberships.add(membership)
    page.save()
    sync_included(page, now=site_clock.now())
    source = (
        "{% offers_for page as offers %}"
        "{% for price in offers.own %}{{ price|money }};{% endfor %}"
        "{% for price in offers.by_membership %}{{ price|money }},{% endfor %}"
    )
    with translation.override("zh-hans"):
        shown = render(source, request_of(), page=page)
    assert shown.startswith("¥99;¥365/")
    assert shown.count(",") == 3


def test_a_page_of_many_cards_asks_a_few_times_only(request_of, django_assert_max_num_queries):
    membership_prices()
    pages = [course() for _ in range(6)]
    for page in pages:
        course_price(page)
    source = "{% offers_for page as offers %}{{ offers.own.0|money }} "
    request = request_of()
    with django_assert_max_num_queries(4):
        shown = [render(source, request, page=page) for page in pages]
    assert all("99" in each for each in shown)


def test_what_is_not_for_sale_has_no_price(request_of):
    page = course()
    price = course_price(page)
    offers.set_price(offer=price.offer, currency="CNY", amount=100, now=site_clock.now())
    assert [each.amount for each in queries.prices_in_force()] == [100]
    price.offer.is_active = False
    price.offer.save()
    assert not queries.prices_in_force().exists()
    assert not queries.PriceList(queries.prices_in_force()).of_course(page)


def test_setting_the_same_price_again_changes_nothing():
    price = PriceFactory()
    same = offers.set_price(offer=price.offer, currency="CNY", amount=3900, now=site_clock.now())
    assert same == price


def test_owned_is_true_for_who_bought_it(shop, buyer, request_of):
    page = course(lessons=1)
    source = "{% owned page as owned %}{% if owned %}yes{% else %}no{% endif %}"
    assert render(source, request_of(), page=page) == "no"
    assert render(source, request_of(buyer), page=page) == "no"
    shop.buy(buyer, course_price(page))
    assert render(source, request_of(buyer), page=page) == "yes"


def test_owned_says_when_it_is_by_a_membership(shop, buyer, request_of):
    membership = MembershipFactory()
    page = course(lessons=1)
    page.memberships.add(membership)
    page.save()
    sync_included(page, now=site_clock.now())
    shop.buy(buyer, membership_prices(membership)["month"])
    owned = queries.ownership(buyer, page, now=site_clock.now())
    assert owned
    assert owned.by_membership
    assert not queries.ownership(buyer, page, now=site_clock.now()).direct
    assert queries.ownership(buyer, membership, now=site_clock.now()).until is not None


def test_the_pages_of_a_discipline_and_an_instructor_price_their_courses(client):
    subject, teacher = DisciplineFactory(slug="business"), InstructorFactory(slug="zhou")
    course_price(course(disciplines=[subject], instructor=teacher), amount=9900)
    for address in ("/disciplines/business/", "/instructors/zhou/"):
        assert "¥99" in client.get(address).text
