"""From signing up to asking for one's data: nobody's name, address, code or key is in the log."""

import json
import logging
import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from accounts import roles
from courses.models import LessonPage
from payments.models import Order
from tests.accounts.browser import code_in, latest_mail, sign_up
from tests.learning.conftest import Player, audio_course_of
from tests.payments.conftest import DECLINED, GOOD, Shop
from tests.payments.factories import course_price
from tests.payments.staff import at_desk, somebody

EMAIL = "wang.xiaoming@example.org"


@pytest.mark.django_db
def test_no_secret_of_a_whole_journey_is_in_the_log(
    shop: Shop,
    log_of: Callable[[], str],
    client: Client,
) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    bought = audio_course_of(lessons=2)
    price = course_price(bought)
    client.get("/courses/?q=geheim")
    sign_up(client, EMAIL)
    code = code_in(latest_mail(EMAIL))
    client.post(f"/payments/checkout/?email={EMAIL}", {"price": str(price.key)})
    order = Order.objects.get()
    assert shop.pay(order, DECLINED).kind != "complete"
    client.get(f"/sandbox/checkout/{order.session_id}/")
    assert shop.pay(order, GOOD).kind == "complete"
    shop.deliver()
    back = client.get(f"/payments/return/?order={order.key.hex}&session={order.session_id}")
    assert back.status_code in (200, 302)
    lesson = LessonPage.objects.child_of(bought).last()
    player = Player(order.buyer, lesson, client)
    assert player.hear(15).status_code == 204
    client.get("/account/orders/")
    client.get("/account/privacy/export/")
    client.post("/account/login/", {"login": EMAIL, "password": "hunter2hunter2"})

    log = log_of()
    assert log.count('"logger": "requests"') > 10
    secrets = {
        EMAIL,
        EMAIL.replace("@", "%40"),
        code,
        GOOD,
        DECLINED,
        "geheim",
        "hunter2hunter2",
        str(order.session_id),
        order.key.hex,
        str(order.key),
        settings.SECRET_KEY,
        settings.SANDBOX_KEY,
        *(morsel.value for morsel in client.cookies.values() if len(morsel.value) > 8),
        player.token,
    }
    assert [secret for secret in secrets if secret and secret in log] == []


@pytest.mark.django_db
def test_a_request_says_its_route_and_not_whom_it_was_about(
    log_of: Callable[[], str],
) -> None:
    desk = at_desk(roles.OPERATOR)
    assert desk.get(f"/admin/users/edit/{somebody(desk).pk}/?next=/").status_code == 200
    entries = [json.loads(line) for line in log_of().splitlines()]
    entry = [entry for entry in entries if entry["logger"] == "requests"][-1]
    assert entry["route"] == "admin/users/edit/<int:pk>/"
    assert entry["method"] == "GET"
    assert isinstance(entry["ms"], int)
    assert isinstance(entry["status"], int)
    assert entry["path"] == "/admin/users/edit/…/"
    assert not re.search(r"\d", entry["message"].removesuffix(str(entry["status"])))
