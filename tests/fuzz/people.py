"""A site with something of everything in it, and somebody of every kind who looks at it."""

from dataclasses import dataclass, field
from typing import Any

from django.test import Client
from django.utils import timezone
from wagtail.models import Page

from operations.models import ParkedJob
from payments.models import Offer, RefundRequest
from tests import factories
from tests.courses.conftest import give
from tests.payments import factories as money
from tests.payments.staff import ROLES, at_desk

PERSONAS = ("visitor", "learner", *ROLES)


@dataclass
class Site:
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)  # that lead somewhere
    texts: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def browser(self, persona: str, **more: Any) -> Client:
        """A new one each time, with the person's own cookies."""
        client = Client(**more)
        for name, value in self.cookies[persona].items():
            client.cookies[name] = value
        return client


def build() -> Site:
    """Within the test's own transaction."""
    learner = factories.UserFactory()
    course = factories.course(lessons=2, slug="yiqun")
    recording = factories.MediaFactory()
    heard = factories.lesson(course, slug="03", audio=recording)
    track = factories.track([course], slug="lujing")
    article = factories.ArticleFactory(parent=Page.objects.get(slug="articles"), slug="wenzhang")
    give(learner, course)
    order = money.OrderFactory(buyer=learner, fulfilled=True, price=money.course_price(course))
    subscription = money.SubscriptionFactory(learner=learner)
    invoice = money.InvoiceFactory(subscription=subscription)
    refund = money.RefundFactory(order=order)
    event = money.WebhookEventFactory()
    asked = RefundRequest.objects.create(order=order, created_at=timezone.now())
    ParkedJob.objects.create(
        path="a.b", fingerprint="x", arguments={}, attempts=8, parked_at=timezone.now()
    )
    rows = [learner, course, heard, track, article, recording, order, subscription, invoice]
    rows += [refund, event, asked, *Page.objects.all()]
    site = Site(
        numbers=sorted({int(row.pk) for row in rows} | {1, 2}),
        texts=["yiqun", "00", "01", "03", "lujing", "wenzhang", f"audio-{recording.pk}"],
        keys=[str(order.key), *(str(offer.key) for offer in Offer.objects.all())],
    )
    known = Client()
    known.force_login(learner)
    site.cookies = {"visitor": {}, "learner": _cookies(known)}
    site.cookies |= {role: _cookies(at_desk(role)) for role in ROLES}
    return site


def _cookies(client: Client) -> dict[str, str]:
    return {name: one.value for name, one in client.cookies.items()}
