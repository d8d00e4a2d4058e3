"""Where studying begins with what somebody has, from rows alone."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from courses.models import Grant, LessonPage
from learning.models import LessonProgress
from payments import beginning
from payments.beginning import Beginning
from tests.factories import MembershipFactory, UserFactory, bundle, catalogue, course, track
from tests.payments.factories import (
    NOW,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    bundle_price,
    course_price,
    planned_course,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
DAY = timedelta(days=1)


@pytest.fixture
def learner():
    return UserFactory()


@pytest.fixture
def page():
    return course(lessons=2)


def studied(learner, page, number, *, done=False):
    lesson = page.get_children().order_by("path")[number]
    LessonProgress.objects.create(
        learner_id=learner.pk,
        lesson_id=lesson.pk,
        course_id=page.pk,
        studied_at=NOW,
        done_at=NOW if done else None,
        done_how="hand" if done else "",
    )


def finished(learner, page):
    for number in range(2):
        studied(learner, page, number, done=True)


def lesson(page, number, label):
    words = f"{label} Lesson {number}"
    return Beginning(words, reverse("lesson", args=[page.slug, f"{number - 1:02d}"]), page)


def choose():
    return Beginning("Choose a course", reverse("catalogue"))


# --- of what is sold -----------------------------------------------------------------------------


def test_a_course_begins_with_its_first_lesson_and_goes_on_with_the_one_to_do(learner, page):
    finished(UserFactory(), page)
    assert beginning.of(page, learner, now=NOW) == lesson(page, 1, "Begin")
    studied(learner, page, 0, done=True)
    assert beginning.of(page, learner, now=NOW) == lesson(page, 2, "Begin")
    studied(learner, page, 1)
    assert beginning.of(page, learner, now=NOW) == lesson(page, 2, "Go on with")


def test_who_heard_of_the_preface_begins_with_the_first_lesson(learner, page):
    preface, *_rest = page.get_children().order_by("path")
    LessonPage.objects.filter(pk=preface.pk).update(kind=LessonPage.Kind.PREFACE)
    studied(learner, page, 0)
    assert beginning.of(page, learner, now=NOW).url == reverse("lesson", args=[page.slug, "01"])
    studied(learner, page, 1, done=True)
    assert beginning.of(page, learner, now=NOW).url == reverse("lesson", args=[page.slug, "00"])


def test_a_course_that_is_done_or_empty_is_only_led_to(learner, page):
    finished(learner, page)
    for each in (page, course()):
        led_to = Beginning("To the course", each.get_absolute_url(), each)
        assert beginning.of(each, learner, now=NOW) == led_to


def test_a_bundle_begins_with_its_first_course_that_is_not_done(learner, page):
    another = course(lessons=2)
    both = bundle(page, another)
    assert beginning.of(both, learner, now=NOW) == lesson(page, 1, "Begin")
    finished(learner, page)
    assert beginning.of(both, learner, now=NOW) == lesson(another, 1, "Begin")
    finished(learner, another)
    assert beginning.of(both, learner, now=NOW) == choose()


def test_a_membership_begins_where_its_courses_are(learner):
    assert beginning.of(MembershipFactory(), learner, now=NOW) == choose()


def test_what_cannot_be_begun_yet_leads_to_its_page(page):
    both = bundle(page)
    assert [beginning.to(each) for each in (page, both, MembershipFactory())] == [
        Beginning("To the course", page.get_absolute_url()),
        Beginning("To the course", both.get_absolute_url()),
        Beginning("To the course", reverse("membership")),
    ]


# --- of an order ---------------------------------------------------------------------------------


def begins(price, learner, **fields):
    order = OrderFactory(fulfilled=True, price=price, buyer=learner, **fields)
    return beginning.of_order(order, now=NOW)


def of_membership():
    return PriceFactory(offer=OfferFactory())


def test_what_was_bought_for_others_leads_to_the_order(learner, page):
    price = course_price(page)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"purpose": "gift"}, "To the gift"),
        ({"purpose": "seats", "quantity": 2}, "To the seats"),
    ]
    for fields, label in cases:
        order = OrderFactory(fulfilled=True, price=price, **fields)
        address = reverse("order", args=[order.key])
        assert beginning.of_order(order, now=NOW) == Beginning(label, address)


def test_what_was_bought_in_advance_leads_to_its_page(learner, page):
    price = course_price(page)
    waits = begins(price, learner, advance="waiting", starts_at=NOW)
    assert waits == Beginning("To the course", page.get_absolute_url())
    opened = begins(price, learner, advance="opened", starts_at=NOW)
    assert opened == lesson(page, 1, "Begin")


def test_what_was_bought_from_a_track_goes_on_with_it(learner, page):
    path = track([page], title="城市与人")
    price = course_price(page)
    on = Beginning("Go on: 城市与人", path.get_absolute_url())
    assert begins(price, learner, from_page=path) == on
    path.live = False
    path.save()
    assert begins(price, learner, from_page=path) == lesson(page, 1, "Begin")


def test_a_course_bought_from_another_page_begins_itself(learner, page):
    another = course(lessons=2)
    own(learner, another)
    price = course_price(page)
    for place in (another, another.get_children().first(), catalogue()):
        assert begins(price, learner, from_page=place) == lesson(page, 1, "Begin")


def own(learner, page):
    Grant.objects.create(
        learner=learner,
        course=page,
        source_kind="purchase",
        source_id=f"order-{page.pk}",
        starts_at=NOW - DAY,
    )


def test_a_bundle_begins_with_what_was_in_it_when_it_was_bought(learner, page):
    since, before = course(lessons=2), course(lessons=2)
    order = OrderFactory(
        fulfilled=True, price=bundle_price(bundle(since)), buyer=learner, from_page=since
    )
    order.contents.create(course=page, position=1)
    order.contents.create(course=before, position=0)
    assert beginning.of_order(order, now=NOW) == lesson(before, 1, "Begin")
    finished(learner, before)
    assert beginning.of_order(order, now=NOW) == lesson(page, 1, "Begin")
    finished(learner, page)
    assert beginning.of_order(order, now=NOW) == lesson(since, 1, "Begin")


def test_a_membership_begins_with_the_course_it_was_bought_from_if_that_is_open(learner, page):
    price = of_membership()
    places = (page, page.get_children().first())
    for place in places:
        assert begins(price, learner, from_page=place) == choose()
    own(learner, page)
    for place in places:
        assert begins(price, learner, from_page=place) == lesson(page, 1, "Begin")
    assert begins(price, learner, from_page=catalogue()) == choose()
    assert begins(price, learner) == choose()


# --- planned -------------------------------------------------------------------------------------


def test_only_a_course_of_a_day_to_come_is_planned(page):
    """24 November begins in Shanghai at 16:00 UTC."""
    page.opens_on = date(2026, 11, 24)
    midnight = NOW.replace(hour=16)
    before = midnight - timedelta(seconds=1)
    assert beginning.is_planned(page, now=before)
    assert not beginning.is_planned(page, now=midnight)
    assert not beginning.is_planned(bundle(planned_course()), now=NOW)
    assert beginning.opens_at(page, now=before) == midnight
    assert beginning.opens_at(page, now=midnight + DAY) == midnight + DAY


def test_what_has_no_day_is_open_now(page):
    for each in (page, bundle(page), MembershipFactory()):
        assert beginning.opens_at(each, now=NOW) == NOW
