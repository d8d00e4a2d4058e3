"""Enrolling in what is free, from where it was tapped."""

import uuid

import pytest
from django.urls import reverse

from courses.models import Grant
from payments.models import Price
from tests.factories import course, lesson
from tests.payments import shown
from tests.payments.factories import course_price

pytestmark = pytest.mark.django_db
ENROL = "/payments/enrol/"
DONE = ["success: 已加入，这门课一直归你。"]


@pytest.fixture
def free(db: None) -> Price:
    return course_price(course(lessons=1), amount=0)


def test_a_tap_opens_it_and_leads_to_the_course_or_its_lesson(me, buyer, free):
    page = free.offer.course
    assert page is not None
    first, other = page.get_children()[0], lesson(course())
    answer = me.post(ENROL, {"price": free.key, "from": first.pk})
    assert answer["Location"] == reverse("lesson", args=[page.slug, first.slug])
    assert shown.said(answer) == DONE
    grant = Grant.objects.get()
    assert (grant.learner, grant.course, grant.source_kind) == (buyer, page, "enrolment")
    me.get("/membership/")
    answer = me.post(ENROL, {"price": free.key, "from": other.pk})
    assert answer["Location"] == page.get_absolute_url()
    assert shown.said(answer) == ["info: 你已经拥有它。"]


def test_a_visitor_signs_in_first(client, free):
    answer = client.post(ENROL, {"price": free.key, "block": "abc-1"})
    here = f"{reverse('payments_buy', args=[free.offer.key])}%3Fblock%3Dabc-1"
    assert answer["Location"] == f"/account/login/?next={here}"
    assert not Grant.objects.exists()
    assert client.get(ENROL).status_code == 405


def test_what_costs_something_leads_to_its_page(me, free):
    price = course_price(course())
    answer = me.post(ENROL, {"price": price.key, "block": "abc-1"})
    assert answer["Location"] == f"{reverse('payments_buy', args=[price.offer.key])}?block=abc-1"
    assert shown.said(answer) == ["warning: 现在没有出售。"]
    assert not Grant.objects.exists()
    assert me.post(ENROL, {"price": uuid.uuid4()}).status_code == 404
    assert me.post(ENROL).status_code == 404


def test_enrolling_is_limited(me, free, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"checkout": "1/h/user"}
    assert [me.post(ENROL, {"price": free.key}).status_code for _ in range(2)] == [302, 429]
