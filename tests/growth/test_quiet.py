"""Nothing is offered in a lesson, nor a membership in front, for a day after a purchase."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import User
from courses.models import LessonPage
from operations import clock
from pages.home import HomePage
from payments.models import Order
from tests.factories import UserFactory, course, lesson
from tests.payments.factories import OfferFactory, OrderFactory, PriceFactory, course_price

pytestmark = pytest.mark.django_db


@pytest.fixture
def page() -> LessonPage:
    sold = course(title="另一门课")
    course_price(sold)
    card = {"course": sold, "bundle": None, "membership": None, "line": "也许有用"}
    return lesson(course(), free_preview=True, body=[("product_card", card)])


def shows_offer(client: Client, page: LessonPage) -> bool:
    address = f"/courses/{page.get_parent().slug}/{page.slug}/"
    return "也许有用" in client.get(address).content.decode()


def test_a_card_in_a_lesson_rests_for_a_day_after_a_purchase(
    client: Client, page: LessonPage
) -> None:
    assert shows_offer(client, page)
    buyer: User = UserFactory()
    client.force_login(buyer)
    assert shows_offer(client, page)
    order = OrderFactory(fulfilled=True, buyer=buyer)
    for hours, shown in ((1, False), (23, False), (25, True)):
        paid_at = clock.now() - timedelta(hours=hours)
        Order.objects.filter(pk=order.pk).update(paid_at=paid_at)
        assert shows_offer(client, page) is shown, hours


def test_the_front_page_offers_no_membership_for_a_day_after_a_purchase(client: Client) -> None:
    PriceFactory(offer=OfferFactory(membership__is_for_sale=True))
    home = HomePage.objects.get()
    home.body = [("membership", {"line": "一个会员，全部课程"})]
    home.save_revision().publish()
    buyer: User = UserFactory()
    client.force_login(buyer)
    assert "一个会员，全部课程" in client.get("/").content.decode()
    order = OrderFactory(fulfilled=True, buyer=buyer)
    for hours, shown in ((1, False), (25, True)):
        paid_at = clock.now() - timedelta(hours=hours)
        Order.objects.filter(pk=order.pk).update(paid_at=paid_at)
        assert ("一个会员，全部课程" in client.get("/").content.decode()) is shown, hours
