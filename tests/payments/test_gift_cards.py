"""What stands on a gift's card."""

from datetime import timedelta
from typing import Any

import pytest

from courses import prints
from courses.drawing.design import Design
from courses.drawing.share import Words
from payments import codes, gift_cards
from payments.models import Gift
from tests.factories import MembershipFactory, course
from tests.payments.factories import NOW, GiftFactory, course_price, membership_prices

pytestmark = pytest.mark.django_db
CODE = "ABCDEFGHJKMN"


@pytest.fixture
def drawn(monkeypatch) -> Any:
    """What would be drawn of a gift: drawing takes seconds."""
    seen: list[tuple[Design, Words, Any]] = []

    def draw(*args: Any) -> bytes:
        seen.append(args)
        return b"PNG"

    monkeypatch.setattr(prints, "gift", draw)

    def of(gift: Gift) -> tuple[Design, Words, Any]:
        assert gift_cards.png(gift, code=CODE) == b"PNG"
        return seen[-1]

    return of


def test_a_course_from_somebody_with_its_last_day(drawn):
    price = course_price(course(title="城市的暗线"))
    given = GiftFactory(
        order__price=price, message="想到了你", claimable_until=NOW.replace(hour=16, minute=0)
    )
    design, words, image = drawn(given)
    assert (design.title, design.ground is not None, image) == ("城市的暗线", True, None)
    assert words == Words(
        title="城市的暗线",
        over="林岚送你",
        line="想到了你",
        site="日知",
        foot="领取有效期到 2026 年 11 月 23 日",
        address=codes.address(CODE),
    )
    later = given.claimable_until + timedelta(seconds=1)
    Gift.objects.filter(pk=given.pk).update(claimable_until=later)
    given.refresh_from_db()
    assert drawn(given)[1].foot == "领取有效期到 2026 年 11 月 24 日"


def test_a_membership_from_nobody_in_the_buyers_language(drawn):
    term = membership_prices(MembershipFactory(name="全部课程"))["term"]
    given = GiftFactory(order__price=term, order__language="en", giver_name="", claimable_until=NOW)
    design, words, image = drawn(given)
    assert (design.title, image) == ("全部课程", None)
    assert (words.over, words.line) == ("A gift for you", "")
    assert words.foot == "To be claimed until 23 November 2026"
