"""What a track's page offers: what is missing, and never what somebody has."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from courses import grants
from courses.models import CoursePage, Grant, MembershipCourse, TrackPage
from operations import clock as site_clock
from payments import beginning
from tests.factories import MembershipFactory, UserFactory, course, lesson, track
from tests.payments.conftest import Shop
from tests.payments.factories import course_price, membership_prices

pytestmark = pytest.mark.django_db

HAVE, MEMBER = "已拥有", "会员已可听"


@pytest.fixture
def one(db: None) -> CoursePage:
    return course(lessons=2, slug="one", title="第一门")


@pytest.fixture
def two(db: None) -> CoursePage:
    return course(lessons=2, slug="two", title="第二门")


@pytest.fixture
def way(one: CoursePage, two: CoursePage) -> TrackPage:
    course_price(one, 9900)
    course_price(two, 7900)
    return track([one], [two])


def needs(client: Client, way: TrackPage) -> dict[str, str]:
    """What stands beside each course under 这条路径需要."""
    html = client.get(way.get_absolute_url()).content.decode()
    section = re.search(r'aria-labelledby="needs">(.*?)</section>', html, re.DOTALL)
    assert section
    rows = re.findall(r"<li><a [^>]*>([^<]+)</a>(.*?)</li>", section[1], re.DOTALL)
    return dict(rows) | {"": section[1]}


def give(learner: User, sellable: Any, *, kind: str = Grant.Source.PURCHASE) -> None:
    now = timezone.now()
    grants.sync(
        learner=learner,
        source_kind=kind,
        source_id=f"{type(sellable).__name__}-{sellable.pk}",
        covers=[sellable],
        starts_at=now - timedelta(days=1),
        now=now,
    )


def test_a_visitor_is_offered_each_course_from_this_page(client: Client, way: TrackPage) -> None:
    found = needs(client, way)
    assert "¥99" in found["第一门"]
    assert "¥79" in found["第二门"]
    assert found[""].count(f"?from={way.pk}") == 2


def test_what_is_owned_is_not_offered(client: Client, way: TrackPage, one: CoursePage) -> None:
    buyer = UserFactory()
    give(buyer, one)
    client.force_login(buyer)
    found = needs(client, way)
    assert HAVE in found["第一门"]
    assert "¥" not in found["第一门"]
    assert "¥79" in found["第二门"]
    assert found[""].count("/payments/buy/") == 1


def test_a_membership_is_offered_where_it_opens_all_that_is_missing(
    client: Client, way: TrackPage, one: CoursePage, two: CoursePage
) -> None:
    library, shelf = MembershipFactory(name="全部课程"), MembershipFactory(name="听书")
    membership_prices(library)
    membership_prices(shelf)
    now = timezone.now()
    for membership, page in ((library, one), (library, two), (shelf, one)):
        MembershipCourse.objects.create(membership=membership, course=page, added_at=now)
    assert "会员可听全部" in needs(client, way)[""]
    assert "¥39/月" in needs(client, way)[""]
    member = UserFactory()
    give(member, library, kind=Grant.Source.SUBSCRIPTION)
    client.force_login(member)
    found = needs(client, way)
    assert MEMBER in found["第一门"]
    assert MEMBER in found["第二门"]
    assert "¥" not in found[""]
    listener = UserFactory()
    give(listener, shelf, kind=Grant.Source.SUBSCRIPTION)
    client.force_login(listener)
    found = needs(client, way)
    assert MEMBER in found["第一门"]
    assert "¥79" in found["第二门"]


def test_no_membership_is_offered_that_leaves_something_shut(
    client: Client, way: TrackPage, one: CoursePage
) -> None:
    shelf = MembershipFactory()
    membership_prices(shelf)
    MembershipCourse.objects.create(membership=shelf, course=one, added_at=timezone.now())
    assert "会员可听全部" not in needs(client, way)[""]


def test_what_is_free_needs_nothing(client: Client, one: CoursePage, two: CoursePage) -> None:
    """Of a paid course only the free lesson is on the path."""
    course_price(one)
    free = one.get_children().first().specific
    found = needs(client, track([free]))
    assert "第一门" not in found
    assert "免费" in found[""]
    whole = course()
    lesson(whole, free_preview=True)
    assert "免费" in needs(client, track([whole]))[""]


def test_a_planned_course_and_one_without_a_price_are_not_offered(
    client: Client, one: CoursePage, two: CoursePage
) -> None:
    course_price(one)
    CoursePage.objects.filter(pk=one.pk).update(opens_on=timezone.localdate() + timedelta(days=9))
    found = needs(client, track([one], [two]))
    assert "/payments/buy/" not in found[""]
    assert "暂不单卖" in found["第二门"]


def test_what_was_bought_from_a_track_goes_on_with_the_track(
    client: Client, shop: Shop, buyer: User, way: TrackPage, one: CoursePage
) -> None:
    from payments.models import Price

    order = shop.buy(buyer, Price.objects.get(offer__course=one))
    order.from_page = way
    begin = beginning.of_order(order, now=site_clock.now())
    assert begin.url == way.get_absolute_url()
    way.unpublish()
    order.from_page = TrackPage.objects.get(pk=way.pk)
    assert beginning.of_order(order, now=site_clock.now()).url.startswith("/courses/one/")
