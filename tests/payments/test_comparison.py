"""What is free, bought and opened by a membership, in figures of the moment."""

from datetime import date, timedelta

import pytest

from courses.models import MembershipCourse
from payments import comparison, queries
from tests.factories import MembershipFactory, course
from tests.payments.factories import NOW, OfferFactory, PriceFactory, course_price

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)


def test_figures_are_of_what_is_open_today() -> None:
    library = MembershipFactory()
    month = PriceFactory(offer=OfferFactory(membership=library), amount=3900)
    year = PriceFactory(offer=OfferFactory(membership=library, interval="year"), amount=36500)
    today = course(lessons=3, free=2, opens_on=TODAY)
    other = course(lessons=2, free=1)
    planned = course(lessons=2, free=1, opens_on=TODAY + timedelta(days=1))
    hidden = course(lessons=2, free=1, live=False)
    for page in (today, planned, hidden):
        MembershipCourse.objects.create(membership=library, course=page, added_at=NOW)
    MembershipCourse.objects.create(membership=MembershipFactory(), course=other, added_at=NOW)
    course_price(today, 9900)
    cheapest = course_price(other, 4900)
    course_price(planned, 100)
    course_price(hidden, 200)
    course_price(course(), 0)
    PriceFactory(offer=cheapest.offer, currency="USD", amount=700)
    assert comparison.of(library, [year, month], currency="CNY", today=TODAY) == (
        comparison.Comparison(free_lessons=3, courses=1, alone=cheapest, rate=month)
    )


def test_prices_are_compared_in_the_currency_of_the_membership() -> None:
    library = MembershipFactory()
    yuan = PriceFactory(offer=OfferFactory(membership=library), amount=10)
    dollars = PriceFactory(offer=yuan.offer, currency="USD", amount=900)
    alone = course_price(course(), 9900)
    abroad = PriceFactory(offer=alone.offer, currency="USD", amount=1500)
    found = comparison.of(library, [yuan, dollars], currency="USD", today=TODAY)
    assert (found.rate, found.alone) == (dollars, abroad)
    found = comparison.of(library, [yuan], currency="USD", today=TODAY)
    assert (found.rate, found.alone) == (yuan, alone)
    assert list(queries.prices_in_force(now=NOW)) == [yuan, alone]
