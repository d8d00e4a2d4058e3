"""What is sold besides courses, for search engines."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from operations import clock as site_clock
from payments.models import Price
from tests.factories import bundle, course
from tests.payments.factories import bundle_price, course_price, membership_prices

pytestmark = pytest.mark.django_db


def listed(section: str) -> list[str]:
    cache.clear()
    answer = Client().get(f"/sitemap-{section}.xml")
    assert answer.status_code == 200
    return re.findall(r"<loc>https?://[^/]+([^<]*)</loc>", answer.text)


def test_the_membership_is_listed_while_it_is_sold():
    course_price(course())
    bundle_price(bundle(course(), course()))
    assert listed("membership") == []
    prices = membership_prices()
    assert listed("membership") == [reverse("membership")]
    Price.objects.filter(offer__in=[each.offer for each in prices.values()]).update(is_active=False)
    assert listed("membership") == []


def test_each_bundle_that_is_sold_is_listed_once():
    membership_prices()
    course_price(course())
    sold, unpriced, planned = (bundle(course(), course()) for _ in range(3))
    price = bundle_price(sold)
    bundle_price(planned)
    soon = site_clock.now() + timedelta(days=9)
    first = planned.courses()[0]
    type(first).objects.filter(pk=first.pk).update(opens_on=soon.date())
    assert unpriced.pk
    assert listed("bundles") == [sold.get_absolute_url()]
    Price.objects.filter(pk=price.pk).update(is_active=False)
    assert listed("bundles") == []
