"""What is in a bundle for whoever looks at it, and what is remembered of it: from rows."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courses.models import Grant, MembershipCourse
from payments import bundles
from payments.models import OrderedCourse
from tests.factories import BundleFactory, MembershipFactory, UserFactory, bundle, course
from tests.payments.factories import NOW, OfferFactory, OrderFactory, PriceFactory, course_price

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def courses(db):
    return [course(title=title) for title in "CAB"]


def of_a_year(page, amount):
    offer = OfferFactory(course=page, membership=None, kind="term", term_months=12)
    return PriceFactory(offer=offer, amount=amount)


def contents(*pages, user=None):
    return bundles.contents(bundle(*pages), currency="CNY", user=user or AnonymousUser(), now=NOW)


def grant(learner, page=None, **fields):
    Grant.objects.create(
        learner=learner, course=page, source_kind="staff", source_id="1", starts_at=NOW, **fields
    )


def test_each_course_stands_with_its_lowest_price_and_whether_it_is_open(courses, buyer):
    first, second, third = courses
    course_price(first, 9900)
    lowest = of_a_year(first, 5900)
    alone = course_price(second, 4900)
    PriceFactory(offer=alone.offer, currency="USD", amount=700)
    library = MembershipFactory()
    MembershipCourse.objects.create(membership=library, course=third, added_at=NOW)
    grant(buyer, second)
    grant(buyer, membership=library)
    grant(UserFactory(), first)
    found = contents(first, second, third, user=buyer)
    assert found.parts == [
        bundles.Part(course=first, alone=lowest, owned=False, open_as_member=False),
        bundles.Part(course=second, alone=alone, owned=True, open_as_member=False),
        bundles.Part(course=third, alone=None, owned=False, open_as_member=True),
    ]
    assert [part.alone_shown for part in found.parts] == ["CN¥59", "CN¥49", ""]
    assert found.numbers == f"{first.pk} {second.pk} {third.pk}"
    assert found.owned == found.parts[1:2]
    assert (found.all_owned, found.open_as_member, found.sum_alone) == (False, True, None)
    visitor = contents(first, second)
    assert (visitor.owned, visitor.open_as_member, visitor.sum_alone) == ([], False, 10800)
    assert contents(first, second, user=buyer).sum_alone == 5900
    whole = contents(second, user=buyer)
    assert (whole.all_owned, whole.sum_alone) == (True, 0)
    assert not contents().all_owned


def test_more_courses_need_no_more_queries(courses, buyer):
    for page in courses:
        course_price(page)

    one, all_three = bundle(courses[0]), bundle(*courses)

    def queries(of):
        with CaptureQueriesContext(connection) as context:
            bundles.contents(of, currency="CNY", user=buyer, now=NOW)
        return len(context)

    assert queries(one) == queries(all_three)


def test_what_an_order_opens_is_kept_in_its_order(courses):
    order = OrderFactory()
    bundles.keep(order, courses)
    kept = OrderedCourse.objects.order_by("position").values_list("order", "course", "position")
    assert list(kept) == [(order.pk, page.pk, at) for at, page in enumerate(courses)]
    order.refresh_from_db()
    assert bundles.as_told(order) == {"courses": " ".join(str(page.pk) for page in courses)}
    assert bundles.as_told(OrderFactory()) == {}


@pytest.mark.parametrize("room", [0, -1])
def test_stripe_is_told_as_much_as_it_keeps(courses, monkeypatch, room):
    order = OrderFactory()
    bundles.keep(order, courses)
    numbers = " ".join(str(page.pk) for page in courses)
    monkeypatch.setattr(bundles, "MOST_TOLD", len(numbers) + room)
    assert bundles.as_told(order) == ({} if room else {"courses": numbers})


def test_what_stripe_remembers_is_read_and_else_what_is_in_it_now(courses):
    first, second, third = courses
    now = bundle(first)

    def told(text):
        return bundles.told({"courses": text}, now)

    assert told(f"{third.pk} {second.pk}") == [third, second]
    assert told(f"{third.pk} x 99999 -1") == [third]
    assert told("99999") == [first]
    assert bundles.told({}, now) == [first]


def test_what_came_and_went_is_named_in_the_order_of_the_bundle(courses):
    first, second, third = courses
    course()
    made = bundle(first, second)
    changed = "What is in the bundle has changed. Nothing was charged."

    def told(*was):
        return bundles.changed(made, was={page.pk for page in was})

    assert told(first, second) == changed
    assert told(first) == f"{changed} New in it: A."
    assert told(third) == f"{changed} New in it: C, A. No longer in it: B."
    assert told(*courses) == f"{changed} No longer in it: B."
    assert told() == changed
    assert bundles.changed(BundleFactory(), was=set()) == changed
