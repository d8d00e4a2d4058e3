"""How something can be had, as a page shows it: by itself, by a membership, in a bundle."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses.models import CoursePage, Grant, Membership, MembershipCourse
from operations import clock as site_clock
from payments import promotion_in_hand, queries, sales
from payments.models import Order, PresaleEnd, Price, Reservation
from payments.sales import Sale
from tests.factories import MembershipFactory, UserFactory, bundle, course
from tests.payments.factories import (
    NOW,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    RedeemCodeFactory,
    bundle_price,
    course_price,
    planned_course,
    sold_in_advance,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def looking(user: User | None = None, **query: str) -> HttpRequest:
    request = RequestFactory().get("/", query)
    request.user = user or AnonymousUser()
    return request


def include(membership: Membership, page: CoursePage) -> None:
    MembershipCourse.objects.create(membership=membership, course=page, added_at=NOW)


def monthly(membership: Membership, **fields: Any) -> Price:
    made: Price = PriceFactory(offer=OfferFactory(membership=membership, **fields), amount=3900)
    return made


def buy(price: Price) -> str:
    return f"/payments/buy/{price.offer.key}/"


# --- each way alone -----------------------------------------------------------------------------


def test_a_course_is_bought_by_itself() -> None:
    page = course()
    price = course_price(page)
    assert sales.sale(looking(), page) == Sale(
        amount="¥99", label="买这门课", url=buy(price), direct=True
    )


def test_what_is_not_sold_has_no_sale() -> None:
    assert sales.sale(looking(), course()) is None
    assert sales.sale(looking(), MembershipFactory()) is None
    assert sales.sale(looking(), bundle(course())) is None
    assert sales.sale(None, course()) is None


def test_where_it_is_bought_from_and_the_code_in_hand_go_along() -> None:
    page, at = course(), course()
    price = course_price(page)
    long = "X" * (promotion_in_hand.LONGEST + 1)
    sale = sales.sale(looking(code=long), page, at, "block-1")
    assert sale is not None
    assert sale.url == f"{buy(price)}?from={at.pk}&block=block-1&code={long[:-1]}"
    bare = sales.sale(None, page)
    assert bare is not None
    assert bare.url == buy(price)


def test_an_early_price_says_what_follows_and_when() -> None:
    page = course()
    price = course_price(page)
    PriceFactory(offer=price.offer, amount=4900, ends_at=NOW.replace(year=2030))
    sale = sales.sale(looking(), page)
    assert sale is not None
    assert (sale.amount, sale.was) == ("¥49", "¥99")
    assert sale.early == "早鸟价，2030 年 11 月 23 日止，之后 ¥99"


def test_a_course_that_costs_nothing_is_enrolled_in_and_nothing_stands_beside_it() -> None:
    page, library = course(), MembershipFactory()
    include(library, page)
    monthly(library)
    bundle_price(bundle(page))
    price = course_price(page, amount=0)
    assert sales.sale(looking(code="SPRING"), page) == Sale(
        amount="免费", label="免费加入", url=buy(price), direct=True, enrol=str(price.key)
    )


def test_a_membership_tells_its_first_price_and_its_trial() -> None:
    library = MembershipFactory()
    first = monthly(library, trial_days=7)
    monthly(library, interval="year", sort_order=1)
    assert sales.sale(looking(code="SPRING"), library) == Sale(
        amount="¥39",
        per="月",
        label="看看会员",
        url="/membership/?code=SPRING",
        membership=library,
        note="可先试 7 天",
    )
    first.offer.is_active = False
    first.offer.save()
    sale = sales.sale(looking(), library)
    assert sale is not None
    assert (sale.per, sale.note) == ("年", "")


def test_a_term_is_of_no_interval() -> None:
    library = MembershipFactory()
    monthly(library, kind="term", term_months=12)
    sale = sales.sale(looking(), library)
    assert sale is not None
    assert sale.per == ""


def test_a_bundle_is_looked_at_first() -> None:
    made = bundle(course(), title="两门", slug="two")
    bundle_price(made)
    assert sales.sale(looking(), made) == Sale(
        amount="¥149", label="看看这个组合", url="/bundles/two/", note="在组合「两门」里"
    )


# --- ways beside each other ---------------------------------------------------------------------


def test_beside_a_course_stand_the_cheapest_membership_and_the_first_bundle() -> None:
    page = course()
    dear, cheap = MembershipFactory(), MembershipFactory()
    for membership in (dear, cheap):
        include(membership, page)
    PriceFactory(offer=OfferFactory(membership=dear, interval="year"), amount=36500)
    monthly(cheap)
    made = bundle(page, title="两门", slug="two")
    bundle_price(made)
    price = course_price(page)
    assert sales.sale(looking(code="SPRING"), page) == Sale(
        amount="¥99",
        label="买这门课",
        url=f"{buy(price)}?code=SPRING",
        direct=True,
        member_note="会员可听",
        member_line="会员可听，¥39/月起",
        member_url="/membership/?code=SPRING",
        membership=cheap,
        bundle_line="组合「两门」¥149",
        bundle_url="/bundles/two/?code=SPRING",
    )


def test_a_membership_of_one_term_is_told_without_an_interval() -> None:
    page, library = course(), MembershipFactory()
    include(library, page)
    monthly(library, kind="term", term_months=12)
    course_price(page)
    sale = sales.sale(looking(), page)
    assert sale is not None
    assert sale.member_line == "会员可听，¥39起"


def test_a_course_of_a_membership_alone_is_had_by_it_or_in_a_bundle() -> None:
    page, library = course(), MembershipFactory()
    include(library, page)
    monthly(library)
    sale = sales.sale(looking(), page)
    assert sale is not None
    assert (sale.label, sale.bundle_line, sale.direct) == ("看看会员", "", False)
    bundle_price(bundle(page, title="两门", slug="two"))
    sale = sales.sale(looking(), page)
    assert sale is not None
    assert (sale.label, sale.bundle_url) == ("看看会员", "/bundles/two/")


def test_a_course_of_a_bundle_alone_is_had_in_it() -> None:
    page = course()
    bundle_price(bundle(page, title="两门", slug="two"))
    sale = sales.sale(looking(), page)
    assert sale is not None
    assert (sale.label, sale.url, sale.bundle_line) == ("看看这个组合", "/bundles/two/", "")


def test_ones_own_currency_comes_first(settings: Any) -> None:
    settings.CURRENCIES = ["CNY", "USD"]
    me = UserFactory(currency="USD")
    page, library = course(), MembershipFactory()
    include(library, page)
    monthly(library)
    year = OfferFactory(membership=library, interval="year", sort_order=1)
    PriceFactory(offer=year, currency="USD", amount=5000)
    for sellable in (page, library):
        sale = sales.sale(looking(me), sellable)
        assert sale is not None
        assert sale.amount == "US$50"


# --- in advance ---------------------------------------------------------------------------------


def test_a_planned_course_is_sold_in_advance_where_its_offer_says_so() -> None:
    page = planned_course(days=400)
    course_price(page)
    assert sales.sale(looking(), page) is None
    price = sold_in_advance(page)
    sale = sales.sale(looking(code="SPRING"), page)
    assert sale is not None
    assert sale.note.endswith("开课")
    assert sale == Sale(
        amount="¥99",
        label="提前购买",
        url=f"{buy(price)}?code=SPRING",
        direct=True,
        in_advance=True,
        note=sale.note,
    )
    assert sale.card_note == "提前购买"


def test_what_is_charged_when_it_opens_is_reserved() -> None:
    page = planned_course()
    offer = OfferFactory(course=page, membership=None, kind="one_off", presale="at_release")
    PriceFactory(offer=offer, amount=9900)
    sale = sales.sale(looking(), page)
    assert sale is not None
    assert sale.label == "预订"
    assert "扣款" in sale.note


def test_beside_an_open_course_the_card_has_a_word_for_members() -> None:
    assert Sale("¥1", "买", "/", member_note="会员可听").card_note == "会员可听"


def in_advance(me: User, page: CoursePage, kind: str) -> None:
    price = sold_in_advance(page)
    if kind == "bought":
        OrderFactory(
            buyer=me, price=price, fulfilled=True, advance="waiting", starts_at=NOW + 9 * DAY
        )
    elif kind == "reserved":
        order = OrderFactory(buyer=me, price=price, status=Order.Status.RESERVED)
        Reservation.objects.create(
            order=order, customer_id="c", payment_method_id="p", reserved_at=NOW, day=NOW.date()
        )
    else:
        RedeemCodeFactory(
            batch__course=page,
            redeemed_by=me,
            redeemed_at=NOW,
            starts_at=NOW + 9 * DAY,
            is_waiting=True,
        )


@pytest.mark.parametrize("kind", ["bought", "reserved", "redeemed"])
def test_what_somebody_awaits_is_not_sold_to_them_again(kind: str) -> None:
    me, page = UserFactory(), planned_course()
    in_advance(me, page, kind)
    other = planned_course()
    sold_in_advance(other)
    request = looking(me)
    assert sales.sale(request, page) is None
    assert sales.is_awaited(request, page)
    with CaptureQueriesContext(connection) as asked:
        assert not sales.is_awaited(request, other)
    assert len(asked) == 0
    for somebody in (looking(UserFactory()), looking(), None):
        assert sales.sale(somebody, page) is not None
        assert not sales.is_awaited(somebody, page)


def test_what_has_opened_is_awaited_by_nobody() -> None:
    me, page = UserFactory(), planned_course(days=0)
    in_advance(me, page, "bought")
    assert not sales.is_awaited(looking(me), page)
    assert not sales.is_coming(looking(me), page)


def test_the_day_of_what_was_given_up_is_not_told() -> None:
    coming, given_up = planned_course(), planned_course()
    price = sold_in_advance(given_up)
    price.offer.is_active = False
    price.offer.save()
    PresaleEnd.objects.create(
        offer=price.offer, reason="x", decided_by=UserFactory(), decided_at=NOW
    )
    request = looking()
    assert sales.is_coming(request, coming)
    with CaptureQueriesContext(connection) as asked:
        assert not sales.is_coming(request, given_up)
    assert len(asked) == 0
    assert not sales.is_coming(request, course())


# --- what is kept with the request --------------------------------------------------------------


def hold(me: User, page: CoursePage) -> Grant:
    made: Grant = Grant.objects.create(
        learner=me,
        course=page,
        source_kind="purchase",
        source_id=str(uuid4()),
        starts_at=site_clock.now() - DAY,
    )
    return made


def test_what_is_held_is_asked_once_a_request() -> None:
    me, page, library = UserFactory(), course(), MembershipFactory()
    grant = hold(me, page)
    request = looking(me)
    assert sales.owned(request, page).grants == [grant]
    with CaptureQueriesContext(connection) as asked:
        assert sales.owned(request, page).grants == [grant]
    assert len(asked) == 0
    assert not sales.owned(request, library)
    assert not sales.owned(None, page)
    assert not sales.owned(RequestFactory().get("/"), page)


def test_a_page_prepares_what_it_asks_of_many_courses() -> None:
    me, one, two = UserFactory(), course(), course()
    price, grant = course_price(one), hold(me, two)
    request = looking(me)
    sales.prepare(request, [one, two])
    with CaptureQueriesContext(connection) as asked:
        sales.prepare(request, [one, two])
        assert sales.offers_for(request, one) == queries.Offered([price], [], [])
        assert not sales.offers_for(request, two)
        assert not sales.owned(request, one)
        assert sales.owned(request, two).grants == [grant]
    assert len(asked) == 0


def test_without_a_person_only_prices_are_prepared() -> None:
    page = course()
    price = course_price(page)
    request = RequestFactory().get("/")
    sales.prepare(request, [page])
    sales.prepare(None, [page])
    assert sales.offers_for(request, page) == queries.Offered([price], [], [])
    assert sales.offers_for(None, page) == queries.Offered([price], [], [])


def test_a_membership_and_a_course_of_one_number_are_two() -> None:
    me, page = UserFactory(), course()
    library = MembershipFactory(pk=page.pk)
    hold(me, page)
    request = looking(me)
    assert sales.owned(request, page)
    assert not sales.owned(request, library)
