"""Who enrols in which course for nothing: from rows."""

from datetime import date, timedelta

import pytest

from courses.models import Grant
from payments import checkout, enrolment
from tests.factories import UserFactory, course
from tests.factories import bundle as make_bundle
from tests.payments.factories import (
    NOW,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    bundle_price,
    course_price,
)

pytestmark = pytest.mark.django_db


def enrol(learner, price):
    return enrolment.enrol(learner=learner, price=price, now=NOW)


def grant(learner, page, **fields):
    fields = {"source_kind": "purchase", "source_id": f"{Grant.objects.count()}"} | fields
    return Grant.objects.create(learner=learner, course=page, starts_at=NOW, **fields)


@pytest.fixture
def free(db):
    return course_price(course(), 0)


def test_a_free_course_is_opened_for_good(free, buyer):
    UserFactory()
    made = enrol(buyer, free)
    page = free.offer.course
    fields = ("learner", "course", "membership", "source_kind", "starts_at", "ends_at")
    assert [getattr(made, name) for name in fields] == [buyer, page, None, "enrolment", NOW, None]
    assert (made.source_id, made.withdrawn_at) == (f"course-{page.pk}", None)
    assert Grant.objects.get() == made


def test_what_is_not_given_for_nothing_now_is_not_opened(buyer):
    planned = course(opens_on=date(2027, 1, 1))
    advance = OfferFactory(course=planned, membership=None, kind="one_off", presale="at_once")
    refused = {
        "replaced": (course_price(course(), 0, is_active=False), checkout.PriceChanged),
        "unpublished": (course_price(course(live=False), 0), checkout.NotForSale),
        "not free": (course_price(course(), 1), checkout.NotForSale),
        "in advance": (PriceFactory(offer=advance, amount=0), checkout.NotForSale),
        "a bundle": (bundle_price(make_bundle(course()), 0), checkout.NotForSale),
    }
    for price, problem in refused.values():
        with pytest.raises(problem):
            enrol(buyer, price)
    assert not Grant.objects.exists()


def test_who_has_it_or_had_it_taken_back_does_not_enrol(free, buyer):
    page, owner, enrolled = free.offer.course, UserFactory(), UserFactory()
    grant(owner, page)
    enrol(enrolled, free)
    grant(buyer, page, withdrawn_at=NOW)
    grant(buyer, course(), source_kind="enrolment", source_id="course-0")
    before = Grant.objects.count()
    for person in (owner, enrolled):
        with pytest.raises(checkout.AlreadyOwned):
            enrol(person, free)
    Grant.objects.filter(learner=enrolled).update(withdrawn_at=NOW + timedelta(days=1))
    with pytest.raises(enrolment.Withdrawn):
        enrol(enrolled, free)
    assert Grant.objects.count() == before
    assert enrol(buyer, free).learner == buyer


def test_the_enrolled_are_those_of_the_course_whoever_took_it_back(free, buyer):
    page = free.offer.course
    made = [
        grant(buyer, page, source_kind="enrolment"),
        grant(UserFactory(), page, source_kind="enrolment", withdrawn_at=NOW),
    ]
    grant(UserFactory(), page)
    grant(buyer, course(), source_kind="enrolment")
    OrderFactory(buyer=buyer)
    assert set(enrolment.enrolled(page)) == set(made)
