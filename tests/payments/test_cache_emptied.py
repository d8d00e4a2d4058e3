"""The cache is emptied in the middle of everything: nothing that counts was in it."""

import pytest
from django.core.cache import cache
from django.test import Client

from courses import access
from learning import progress
from learning.models import LessonProgress
from payments.models import MoneyEntry, Order
from tests.accounts.factories import PASSWORD, UserFactory
from tests.learning.conftest import Player, audio_course_of, lessons_of
from tests.payments.factories import course_price

pytestmark = pytest.mark.django_db


def test_no_money_progress_access_or_sign_in_is_lost(shop) -> None:
    page = audio_course_of(lessons=2)
    price, lesson = course_price(page), lessons_of(page)[1]
    buyer, browser = UserFactory(password=PASSWORD), Client()
    browser.post("/account/login/", {"login": buyer.email, "password": PASSWORD})
    cache.clear()
    assert browser.post("/payments/checkout/", {"price": str(price.key)}).status_code == 303
    cache.clear()
    order = Order.objects.get()
    assert shop.pay(order).kind == "complete"
    cache.clear()
    back = browser.get(f"/payments/return/?order={order.key.hex}")
    assert back.context["state"] == "done"
    cache.clear()
    shop.deliver()
    player = Player(buyer, lesson, browser)
    player.hear(40)
    cache.clear()
    player.hear(60)
    cache.clear()
    progress.fold()
    assert LessonProgress.objects.get().heard == 60
    assert MoneyEntry.objects.count() == 1
    assert access.to_course(buyer, page).has_grant
    assert "正文canary01" in browser.get(f"/courses/{page.slug}/{lesson.slug}/").text
    assert browser.get("/account/").status_code == 200
