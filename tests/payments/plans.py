"""A learner's subscription and the plans beside it, by way of their pages."""

import re

from django.urls import reverse

from courses import access
from courses.memberships import sync_included
from operations import clock as site_clock
from payments.models import Subscription
from payments.sandbox.models import StripeObject
from tests.factories import course


def included_in(membership):
    page = course(lessons=2)
    page.memberships.add(membership)
    page.save()
    sync_included(page, now=site_clock.now())
    return page


def opens(person, page):
    return access.to_course(person, page).has_grant


def page_of(row, *, name="subscription", **more):
    return reverse(name, args=[row.pk, *more.values()])


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def token_of(answer):
    found = re.search(r'name="shown" value="([^"]+)"', answer.text)
    assert found, text_of(answer)
    return found[1]


def to(row, price):
    return reverse("subscription_switch_to", args=[row.pk, price.offer.key])


def switch(me, row, price):
    """Look at what it costs, confirm."""
    return me.post(to(row, price), {"shown": token_of(me.get(to(row, price)))})


def behaves(row, behaviour):
    shape = StripeObject.objects.get(stripe_id=row.stripe_id).data
    method = StripeObject.objects.get(stripe_id=shape["default_payment_method"])
    method.private["behaviour"] = behaviour
    method.save()


def fresh(row):
    row.refresh_from_db()
    return Subscription.objects.get(pk=row.pk)
