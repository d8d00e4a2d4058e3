"""What is for sale, and what somebody has of it: from rows, with those beside them that are not."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses.models import CoursePage, Grant, Membership, MembershipCourse
from operations import clock as site_clock
from payments import queries
from payments.models import Order, Price
from payments.queries import PriceList
from tests.factories import MembershipFactory, UserFactory, bundle, course
from tests.payments.factories import (
    NOW,
    InvoiceFactory,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    SubscriptionFactory,
    bundle_price,
    course_price,
    membership_prices,
)

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def monthly(membership: Membership, amount: int = 3900, **fields: Any) -> Price:
    price: Price = PriceFactory(
        offer=OfferFactory(membership=membership, **fields), amount=amount, created_at=NOW
    )
    return price


def early(price: Price, ends_at: datetime, amount: int = 100, **fields: Any) -> Price:
    made: Price = PriceFactory(
        offer=price.offer, currency=price.currency, amount=amount, ends_at=ends_at, **fields
    )
    return made


def include(membership: Membership, *courses: CoursePage) -> None:
    for page in courses:
        MembershipCourse.objects.create(membership=membership, course=page, added_at=NOW)


def grant(learner: User, on: CoursePage | Membership, **fields: Any) -> Grant:
    target = "course" if isinstance(on, CoursePage) else "membership"
    made: Grant = Grant.objects.create(
        **{
            "learner": learner,
            target: on,
            "source_kind": Grant.Source.PURCHASE,
            "source_id": f"order-{Grant.objects.count()}",
            "starts_at": NOW - DAY,
            **fields,
        }
    )
    return made


def in_force(currency: str | None = None, now: datetime = NOW) -> list[Price]:
    return list(queries.prices_in_force(currency, now=now))


# --- what is for sale ---------------------------------------------------------------------------


def test_what_is_for_sale_stands_in_the_order_of_its_offers() -> None:
    second, first = course_price(course()), course_price(course())
    second.offer.sort_order = 1
    second.offer.save()
    last = course_price(course())
    last.offer.sort_order = 1
    last.offer.save()
    assert in_force() == [first, second, last]


def test_a_course_is_for_sale_while_it_is_live() -> None:
    shown = course_price(course())
    course_price(course(live=False))
    assert in_force() == [shown]


def test_a_membership_is_for_sale_while_it_says_so() -> None:
    shown = monthly(MembershipFactory())
    monthly(MembershipFactory(is_for_sale=False))
    assert in_force() == [shown]


def test_a_bundle_is_for_sale_while_all_of_it_is_open() -> None:
    today = date(2026, 11, 23)  # noon in Shanghai
    shown = bundle_price(bundle(course(), course(opens_on=today)))
    bundle_price(bundle(course(), is_for_sale=False))
    bundle_price(bundle())
    bundle_price(bundle(course(), course(live=False)))
    bundle_price(bundle(course(), course(opens_on=today + DAY)))
    assert in_force() == [shown]


def test_a_course_of_a_bundle_opens_at_the_sites_midnight() -> None:
    price = bundle_price(bundle(course(opens_on=date(2026, 11, 24))))
    midnight = NOW.replace(hour=16)
    assert in_force(now=midnight - SECOND) == []
    assert in_force(now=midnight) == [price]


def test_neither_what_was_replaced_nor_what_is_withdrawn_is_for_sale() -> None:
    page = course()
    course_price(page, is_active=False)
    offer = OfferFactory(course=course(), membership=None, kind="one_off", is_active=False)
    PriceFactory(offer=offer)
    assert in_force() == []


def test_the_early_price_stands_for_its_offer_until_it_ends() -> None:
    regular = course_price(course(), 9900)
    before = early(regular, NOW, 4900)
    other = course_price(course(), 5000)
    early(other, NOW + DAY, 10, is_active=False)
    assert in_force(now=NOW - SECOND) == [before, other]
    assert in_force(now=NOW) == [regular, other]
    told = queries.prices_in_force(now=NOW - SECOND)
    assert [price.regular_amount for price in told] == [9900, None]
    assert [price.regular_amount for price in queries.prices_in_force(now=NOW)] == [None, None]


def test_an_early_price_tells_the_regular_one_of_its_offer_and_currency() -> None:
    course_price(course(), 1)
    regular = course_price(course(), 9900)
    PriceFactory(offer=regular.offer, currency="AUD", amount=1500)
    PriceFactory(offer=regular.offer, amount=2, is_active=False)
    early(regular, NOW - DAY, 3, is_active=False)
    before = early(regular, NOW + DAY, 4900)
    told = {price.pk: price.regular_amount for price in queries.prices_in_force(now=NOW)}
    assert told[before.pk] == 9900
    assert len(told) == 2


def test_an_early_price_in_one_currency_leaves_the_regular_one_of_another() -> None:
    regular = course_price(course())
    dollars = PriceFactory(offer=regular.offer, currency="USD", amount=1500)
    early(regular, NOW + DAY)
    assert in_force("USD") == [dollars]


def test_what_has_no_price_in_a_currency_is_shown_in_the_sites_own() -> None:
    both, own, third = (course_price(course()) for _ in range(3))
    dollars = PriceFactory(offer=both.offer, currency="USD", amount=1500)
    PriceFactory(offer=own.offer, currency="EUR", amount=1400)
    PriceFactory(offer=own.offer, currency="USD", amount=1400, is_active=False)
    early(PriceFactory.build(offer=third.offer, currency="USD"), NOW - DAY)
    assert list(queries.prices_shown("USD", now=NOW)) == [dollars, own, third]
    assert list(queries.prices_shown("CNY", now=NOW)) == [both, own, third]


def test_without_a_time_the_prices_of_now_are_shown() -> None:
    regular = course_price(course())
    before = early(regular, site_clock.now() + DAY)
    over = course_price(course())
    early(over, site_clock.now() - DAY)
    for found in (
        queries.prices_in_force(),
        queries.prices_shown("CNY"),
        queries.prices_shown("USD"),
    ):
        assert list(found) == [before, over]


def test_the_lowest_is_looked_for_among_those_of_ones_currency() -> None:
    yuan = [course_price(course(), amount) for amount in (9900, 500, 700)]
    dollars = [PriceFactory(offer=each.offer, currency="USD", amount=1500) for each in yuan[:1]]
    assert queries.comparable([*yuan, *dollars], "USD") == dollars
    assert queries.comparable(yuan, "USD") == yuan
    assert queries.lowest([*yuan, *dollars], "USD") == dollars[0]
    assert queries.lowest([*yuan, *dollars], "CNY") == yuan[1]


# --- the prices of a page -----------------------------------------------------------------------


class Catalogue:
    """Two courses, each alone, in memberships and in bundles, made in the wrong order."""

    def __init__(self) -> None:
        self.one, self.two, self.bare = course(), course(), course()
        self.late, self.early, self.closed = (
            MembershipFactory(sort_order=2),
            MembershipFactory(sort_order=1),
            MembershipFactory(is_for_sale=False),
        )
        for membership in (self.late, self.early, self.closed):
            include(membership, self.one)
        include(self.late, self.two)
        self.large = bundle(self.one, self.two, sort_order=2)
        self.small = bundle(self.one, sort_order=1)
        bundle(self.one, is_for_sale=False)
        self.price_of_one = course_price(self.one)
        self.price_of_two = course_price(self.two)
        self.month = monthly(self.late)
        self.year = monthly(self.late, 36500, interval="year", sort_order=1)
        self.listening = monthly(self.early)
        self.of_large = bundle_price(self.large)
        self.of_small = bundle_price(self.small)

    @property
    def of_one(self) -> queries.Offered:
        return queries.Offered(
            own=[self.price_of_one],
            by_membership=[self.listening, self.month, self.year],
            by_bundle=[self.of_small, self.of_large],
        )

    @property
    def of_two(self) -> queries.Offered:
        return queries.Offered(
            own=[self.price_of_two],
            by_membership=[self.month, self.year],
            by_bundle=[self.of_large],
        )


def price_list() -> PriceList:
    return PriceList(queries.prices_in_force(now=NOW))


def test_a_course_has_its_own_prices_and_those_of_what_includes_it() -> None:
    made = Catalogue()
    prices = price_list()
    with CaptureQueriesContext(connection) as asked:
        assert prices.of_course(made.one) == made.of_one
        assert prices.of_course(made.one) == made.of_one
    assert len(asked) == 3
    with CaptureQueriesContext(connection) as asked:
        assert prices.of_course(made.two) == made.of_two
        assert prices.of_course(made.one) == made.of_one
        assert not prices.of_course(made.bare)
    assert len(asked) == 3
    assert bool(made.of_one)


def test_the_first_question_of_a_course_fetches_no_other_ones_prices() -> None:
    made = Catalogue()
    prices = price_list()
    prices.of_course(made.one)
    assert set(prices._courses) == {made.one.pk}
    assert set(prices._including) == {made.one.pk}
    assert set(prices._bundling) == {made.one.pk}


def test_what_a_page_expects_is_fetched_at_once() -> None:
    made = Catalogue()
    prices = price_list()
    with CaptureQueriesContext(connection) as asked:
        prices.expect([made.one, made.bare])
        prices.expect([made.one])
        assert prices.of_course(made.one) == made.of_one
        assert not prices.of_course(made.bare)
    assert len(asked) == 3
    assert made.two.pk not in prices._courses
    with CaptureQueriesContext(connection) as asked:
        prices.expect([made.one, made.two])
        assert prices.of_course(made.two) == made.of_two
    assert len(asked) == 3


def test_the_whole_list_is_fetched_once() -> None:
    made = Catalogue()
    prices = price_list()
    prices.of_course(made.bare)
    prices.of_course(made.one)
    with CaptureQueriesContext(connection) as asked:
        prices.expect([made.bare, course()])
        assert prices.of_course(made.two) == made.of_two
    assert not [each for each in asked if "payments_price" in each["sql"]]


def test_where_no_bundle_is_sold_none_is_looked_for() -> None:
    page = course()
    price = course_price(page)
    with CaptureQueriesContext(connection) as asked:
        assert price_list().of_course(page) == queries.Offered([price], [], [])
    assert len(asked) == 2


def test_a_membership_and_a_bundle_have_their_own_prices_alone() -> None:
    made = Catalogue()
    prices = price_list()
    with CaptureQueriesContext(connection) as asked:
        own = [made.month, made.year]
        assert prices.of_membership(made.late) == queries.Offered(own, [], [])
        assert prices.of_membership(made.early) == queries.Offered([made.listening], [], [])
        assert not prices.of_membership(made.closed)
    assert len(asked) == 1
    assert prices.of_bundle(made.large) == queries.Offered([made.of_large], [], [])
    assert prices.of_bundle(made.small) == queries.Offered([made.of_small], [], [])


def test_what_can_be_had_in_one_way_only_can_be_had() -> None:
    price = course_price(course())
    assert queries.Offered([price], [], [])
    assert queries.Offered([], [price], [])
    assert queries.Offered([], [], [price])
    assert not queries.Offered([], [], [])


# --- what somebody has --------------------------------------------------------------------------


def test_what_somebody_holds_of_courses_comes_from_grants_that_run() -> None:
    me, page, other = UserFactory(), course(), course()
    library = MembershipFactory()
    include(library, page)
    mine = grant(me, page, ends_at=NOW + SECOND)
    by_way = grant(me, library, ends_at=NOW + DAY)
    grant(UserFactory(), page)
    grant(me, page, ends_at=NOW)
    grant(me, page, starts_at=NOW + SECOND)
    grant(me, page, withdrawn_at=NOW)
    grant(me, MembershipFactory())
    grant(me, course())
    held = queries.ownerships(me, [page, other], now=NOW)
    assert {pk: set(each.grants) for pk, each in held.items()} == {
        page.pk: {mine, by_way},
        other.pk: set(),
    }
    assert held[page.pk].direct == [mine]
    assert not held[page.pk].by_membership
    assert held[page.pk].until == NOW + DAY
    assert held[page.pk]
    assert not held[other.pk]
    assert queries.ownership(me, page, now=NOW) == held[page.pk]


def test_a_course_may_be_held_by_a_membership_alone() -> None:
    me, page, library = UserFactory(), course(), MembershipFactory()
    include(library, page)
    assert not queries.ownership(me, page, now=NOW).by_membership
    grant(me, library)
    held = queries.ownership(me, page, now=NOW)
    assert held.by_membership
    assert held.direct == []


def test_what_never_ends_outlasts_what_does() -> None:
    me, page = UserFactory(), course()
    assert queries.ownership(me, page, now=NOW).until is None
    grant(me, page, ends_at=NOW + 2 * DAY)
    grant(me, page, ends_at=NOW + DAY)
    assert queries.ownership(me, page, now=NOW).until == NOW + 2 * DAY
    grant(me, page)
    assert queries.ownership(me, page, now=NOW).until is None


def test_a_bundle_is_held_by_whoever_holds_each_course_for_itself() -> None:
    me, one, two, library = UserFactory(), course(), course(), MembershipFactory()
    include(library, one, two)
    both = bundle(one, two)
    first = grant(me, one)
    grant(me, library)
    assert queries.ownership(me, both, now=NOW).grants == []
    second = grant(me, two)
    assert set(queries.ownership(me, both, now=NOW).grants) == {first, second}


def test_a_membership_is_held_by_its_own_grants() -> None:
    me, library = UserFactory(), MembershipFactory()
    mine = grant(me, library)
    grant(me, MembershipFactory())
    grant(UserFactory(), library)
    grant(me, library, ends_at=NOW)
    assert queries.ownership(me, library, now=NOW).grants == [mine]


def test_a_visitor_holds_nothing_and_nothing_is_asked() -> None:
    page, library = course(), MembershipFactory()
    with CaptureQueriesContext(connection) as asked:
        assert not queries.ownership(AnonymousUser(), page, now=NOW)
        assert not queries.ownership(AnonymousUser(), library, now=NOW)
        assert queries.ownerships(UserFactory.build(pk=1), [], now=NOW) == {}
    assert len(asked) == 0


def test_a_membership_is_contained_in_those_that_open_all_it_opens() -> None:
    one, two, three = course(), course(), course()
    large, small, part, beyond, empty = (MembershipFactory() for _ in range(5))
    include(large, one)
    include(part, two)
    include(small, one, two)
    include(beyond, one, three)
    assert queries.contained_in({large.pk, part.pk}) == {large.pk, part.pk, small.pk}
    assert queries.contained_in({large.pk}) == {large.pk}
    assert queries.contained_in(set()) == set()
    assert queries.contained_in({empty.pk}) == set()


def test_a_membership_is_held_until_its_last_term_ends_begun_or_not() -> None:
    me, library = UserFactory(), MembershipFactory()
    assert queries.held_until(me, library, now=NOW) is None
    grant(me, library, starts_at=NOW + DAY, ends_at=NOW + 9 * DAY)
    grant(me, library, ends_at=NOW + DAY)
    grant(me, library, ends_at=NOW + 20 * DAY, withdrawn_at=NOW)
    grant(UserFactory(), library, ends_at=NOW + 30 * DAY)
    grant(me, MembershipFactory(), ends_at=NOW + 40 * DAY)
    assert queries.held_until(me, library, now=NOW) == NOW + 9 * DAY
    grant(me, library)
    assert queries.held_until(me, library, now=NOW) is None


def test_the_memberships_somebody_has_are_told_in_the_order_they_begin() -> None:
    me, library = UserFactory(), MembershipFactory()
    later = grant(me, library, starts_at=NOW + DAY, ends_at=NOW + 9 * DAY)
    first = grant(me, MembershipFactory(), starts_at=NOW - DAY, source_kind="gift")
    second = grant(me, library, starts_at=NOW - DAY)
    grant(me, library, source_kind=Grant.Source.SUBSCRIPTION)
    grant(me, library, ends_at=NOW)
    grant(me, course())
    grant(UserFactory(), library)
    assert list(queries.memberships_of(me, now=NOW)) == [first, second, later]


# --- what somebody bought -----------------------------------------------------------------------


def test_ones_orders_are_those_that_were_not_abandoned() -> None:
    me = UserFactory()
    old = OrderFactory(buyer=me, created_at=NOW - DAY, fulfilled=True)
    new = OrderFactory(buyer=me, created_at=NOW)
    noted = OrderFactory(buyer=me, session_id=None, fulfilled=True, created_at=NOW - 2 * DAY)
    OrderFactory(buyer=me, status=Order.Status.EXPIRED)
    OrderFactory(buyer=me, session_id=None)
    OrderFactory(fulfilled=True)
    assert list(queries.orders_of(me)) == [new, old, noted]


def test_ones_subscriptions_tell_whether_their_membership_is_held_otherwise() -> None:
    me, library = UserFactory(), MembershipFactory()
    now = site_clock.now()
    month = OfferFactory(membership=library)
    plain = SubscriptionFactory(learner=me, started_at=NOW - DAY)
    held = SubscriptionFactory(learner=me, offer=month)
    SubscriptionFactory(offer=month)
    grant(me, library, starts_at=now - DAY)
    grant(UserFactory(), plain.offer.membership, starts_at=now - DAY)
    grant(me, plain.offer.membership, starts_at=now - 2 * DAY, ends_at=now - DAY)
    waiting = InvoiceFactory(subscription=held, status="open", paid_at=None)
    InvoiceFactory(subscription=held)
    found = queries.subscriptions_of(me)
    assert [(each, each.held_otherwise, each.open_bills) for each in found] == [
        (held, True, [waiting]),
        (plain, False, []),
    ]


def test_ones_bills_are_those_that_were_sent() -> None:
    me = UserFactory()
    mine = SubscriptionFactory(learner=me)
    paid = InvoiceFactory(subscription=mine, created_at=NOW - DAY)
    waiting = InvoiceFactory(subscription=mine, status="open", paid_at=None)
    for status in ("", "draft", "void"):
        InvoiceFactory(subscription=mine, status=status)
    InvoiceFactory()
    assert list(queries.invoices_of(me)) == [waiting, paid]


def test_a_membership_that_is_sold_in_three_ways_has_three_prices() -> None:
    library = MembershipFactory()
    made = membership_prices(library)
    own = price_list().of_membership(library).own
    assert own == [made["year"], made["month"], made["term"]]
