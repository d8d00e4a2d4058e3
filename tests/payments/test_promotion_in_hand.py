"""The promotion code that a visitor brings, and what is kept of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from payments import promotion_in_hand
from payments.promotion_in_hand import InHand
from payments.sandbox import faults
from tests.factories import UserFactory, course
from tests.payments.factories import NOW, PromotionFactory, course_price

pytestmark = pytest.mark.django_db
UNKNOWN = "没有这个优惠码。请再看看字母和数字。"


def brought(
    session: dict[str, str], query: dict[str, str] | None = None, user: Any = None
) -> InHand:
    request: Any = RequestFactory().get("/", query or {})
    request.session, request.user = session, user or AnonymousUser()
    return promotion_in_hand.of(request, now=NOW)


def test_a_code_in_force_is_kept_until_it_is_taken_away():
    spring, _other = PromotionFactory(code="SPRING"), PromotionFactory(code="AUTUMN")
    session: dict[str, str] = {}
    assert brought(session) == InHand()
    assert brought(session, {"code": " spring "}) == InHand(" spring ", spring)
    assert session == {"promotion_code": "SPRING"}
    assert brought(session) == InHand("SPRING", spring)
    assert brought(session, {"other": "1"}) == InHand("SPRING", spring)
    assert brought(session, {"code": " "}) == InHand()
    assert session == {}
    assert brought(session, {"code": ""}) == InHand()


def test_what_is_no_code_is_said_and_another_one_stays_kept():
    PromotionFactory(code="OVER", ends_at=NOW - timedelta(days=1))
    kept = {"promotion_code": "SPRING"}
    assert brought(kept, {"code": "SPRNIG"}) == InHand("SPRNIG", None, UNKNOWN)
    assert brought(kept, {"code": "over"}) == InHand("over", None, "这个优惠码已经过期。")
    assert kept == {"promotion_code": "SPRING"}
    assert brought(kept) == InHand("SPRING", None, UNKNOWN)


def test_a_code_is_checked_for_who_looks_and_forgotten_once_they_used_it_up(shop, buyer):
    spring = PromotionFactory(code="SPRING")
    shop.buy(buyer, course_price(course(lessons=1)), spring)
    kept = {"promotion_code": "SPRING"}
    used = InHand("spring", None, "你已经用过这个优惠码。")
    assert brought(kept, {"code": "spring"}, buyer) == used
    assert brought(kept, user=UserFactory()) == brought(kept) == InHand("SPRING", spring)
    assert brought(kept, user=buyer) == InHand()
    assert kept == {}
    PromotionFactory(code="FIRST", first_purchase_only=True)
    kept = {"promotion_code": "FIRST"}
    refused = InHand("FIRST", None, "这个优惠码仅限首次购买。")
    assert brought(kept, user=buyer) == brought({}, {"code": "FIRST"}, buyer) == refused
    assert kept == {"promotion_code": "FIRST"}


def test_a_code_is_not_refused_while_stripe_is_away(buyer):
    first = PromotionFactory(code="FIRST", first_purchase_only=True)
    faults.plan("no_connection", times=9)
    assert brought({}, {"code": "FIRST"}, buyer) == InHand("FIRST", first)


def test_no_more_than_100_characters_are_looked_at():
    whole = PromotionFactory(code="A")
    session: dict[str, str] = {}
    assert brought(session, {"code": " " * 99 + "A"}).promotion == whole
    assert brought({}, {"code": " " * 100 + "A"}) == InHand()
    assert brought({}, {"code": "B" * 101}) == InHand("B" * 100, None, UNKNOWN)
