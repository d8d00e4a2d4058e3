"""What a track needs of money: which courses, and which membership opens the rest."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from courses import grants, tracks
from courses.models import Grant, MembershipCourse
from payments import needs
from payments.models import Price
from tests.factories import MembershipFactory, UserFactory, course, lesson, track
from tests.payments.factories import NOW, OfferFactory, PriceFactory, course_price

pytestmark = pytest.mark.django_db


def looked_at(page: Any, user: Any = None) -> needs.Needs:
    request: Any = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    return needs.of_track(request, tracks.path(page, request.user), page)


def shelf(*courses: Any, prices: tuple[int, ...] = (), **fields: Any) -> list[Price]:
    membership = MembershipFactory(**fields)
    for page in courses:
        MembershipCourse.objects.create(membership=membership, course=page, added_at=NOW)
    return [
        PriceFactory(offer=OfferFactory(membership=membership, interval=interval), amount=amount)
        for interval, amount in zip(("year", "month"), prices, strict=False)
    ]


def give(learner: Any, sellable: Any) -> None:
    grants.sync(
        learner=learner,
        source_kind=Grant.Source.PURCHASE,
        source_id=f"{type(sellable).__name__}-{sellable.pk}",
        covers=[sellable],
        starts_at=NOW,
        now=NOW,
    )


def told(found: needs.Needs) -> list[tuple[Any, ...]]:
    """Which, whether it is open, by a membership, and at how much it is sold."""
    return [
        (each.course.title, each.is_open, each.by_membership, each.way and each.way.amount)
        for each in found.courses
    ]


def test_courses_that_are_not_all_free_are_needed():
    paid, free = course(lessons=2, title="收费"), course(title="免费")
    lesson(free, free_preview=True)
    lesson(free, free_preview=True)
    preview, rest = paid.get_children().specific()
    mixed = course(lessons=2, free=0, title="后面免费")
    lesson(mixed, free_preview=True)
    empty = course(title="计划中")
    course_price(paid)
    found = looked_at(track([free], [preview, rest], [mixed, empty]))
    assert [each.course.title for each in found.courses] == ["收费", "后面免费", "计划中"]
    assert told(looked_at(track([preview]))) == []
    assert not looked_at(track([preview]))
    assert told(looked_at(track([rest]))) == [("收费", False, False, "¥99")]


def test_what_somebody_has_is_not_offered_and_what_is_missing_is():
    one, two, three = (course(lessons=2, title=title) for title in ("一", "二", "三"))
    for page, amount in ((one, 9900), (two, 7900)):
        course_price(page, amount)
    [year, month] = shelf(two, three, prices=(36500, 3900))
    page, learner = track([one, two, three]), UserFactory()
    nothing = [("一", False, False, "¥99"), ("二", False, False, "¥79"), ("三", False, False, None)]
    assert told(looked_at(page)) == nothing
    assert looked_at(page).membership is None
    give(learner, one)
    found = looked_at(page, learner)
    assert told(found) == [("一", True, False, None), *nothing[1:]]
    assert (found.is_open, found.membership) == (False, month)
    give(learner, year.offer.membership)
    found = looked_at(page, learner)
    assert told(found) == [
        ("一", True, False, None),
        ("二", True, True, None),
        ("三", True, True, None),
    ]
    assert (found.is_open, found.membership) == (True, None)


def test_of_memberships_that_open_all_of_it_the_lowest_price_is_told():
    one, two = course(lessons=2), course(lessons=2)
    shelf(one, prices=(900, 100))
    shelf(one, two, sort_order=1, prices=(36500, 3900))
    [_year, lowest] = shelf(one, two, sort_order=2, prices=(18000, 1900))
    assert looked_at(track([one], [two])).membership == lowest


def test_many_courses_are_asked_of_as_one_is():
    asked = []
    for number in (1, 4):
        pages = [course(lessons=2) for _ in range(number)]
        for page in pages:
            course_price(page)
        page = track(pages)
        learner = UserFactory()
        request: Any = RequestFactory().get("/")
        request.user = learner
        path = tracks.path(page, learner)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            needs.of_track(request, path, page)
        asked.append(len(queries))
    assert asked[0] == asked[1]
