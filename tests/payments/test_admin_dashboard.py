"""The first page of finance: what waits, each number with the way to its rows; today's orders."""

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from operations import clock as site_clock
from payments.models import Difference, Order, RefundRequest, WebhookEvent
from tests.factories import UserFactory, course
from tests.payments import shown
from tests.payments.factories import (
    ACCOUNT,
    NOW,
    DisputeFactory,
    FapiaoFactory,
    OrderFactory,
    PriceFactory,
    SubscriptionFactory,
    WebhookEventFactory,
    course_price,
    membership_prices,
    reversible_fapiao,
)

pytestmark = pytest.mark.django_db
Status = RefundRequest.Status


def panel(desk: Client, heading: str) -> Any:
    soup = BeautifulSoup(desk.get("/admin/").content, "html.parser")
    (title,) = [each for each in soup.find_all(["h2", "h3"]) if heading in each.get_text()]
    return title.find_parent("section") or title.parent


def waiting(desk: Client) -> dict[str, tuple[int, str]]:
    """Numbers and where they lead, by what they are of."""
    found = {}
    for tile in panel(desk, "等你处理").select("a[href*='/admin/money/']"):
        number, *label = tile.get_text(" ", strip=True).split(" ", 1)
        found[" ".join(label)] = (int(number), tile["href"])
    return found


def wish(status: str, **fields: Any) -> None:
    order = OrderFactory(fulfilled=True)
    RefundRequest.objects.create(
        order=order, asked_by=order.buyer, created_at=NOW, status=status, reason="x", **fields
    )


def difference(number: int, **fields: Any) -> None:
    Difference.objects.create(
        account=ACCOUNT,
        object_kind="order",
        object_id=f"o{number}",
        what="amount",
        ours="amount=1",
        theirs="amount=2",
        since=NOW,
        seen_at=NOW,
        **fields,
    )


def test_each_number_counts_the_rows_it_leads_to(desk):
    """So many of each, in this order, that no two numbers are the same."""
    how_many = dict(
        zip(
            ("asked", "proposed", "failed", "dispute", "past_due", "difference", "event", "order"),
            range(1, 9),
            strict=True,
        )
    )
    decided = {"decided_by": UserFactory(), "decided_at": NOW, "alone_from": NOW}
    decided |= {"needs_second": True, "amount": 1}
    for _ in range(how_many["asked"]):
        wish(Status.ASKED)
    for _ in range(how_many["proposed"]):
        wish(Status.PROPOSED, **decided)
    for _ in range(how_many["failed"]):
        wish(Status.FAILED)
    for _ in range(how_many["dispute"]):
        DisputeFactory()
    for _ in range(how_many["past_due"]):
        SubscriptionFactory(status="past_due")
    for number in range(how_many["difference"]):
        difference(number)
    for _ in range(how_many["event"]):
        WebhookEventFactory(outcome=WebhookEvent.Outcome.PARKED)
    for _ in range(how_many["order"]):
        OrderFactory(status=Order.Status.PARKED)
    wish(Status.DECLINED)
    DisputeFactory(status="won")
    SubscriptionFactory()
    WebhookEventFactory()
    difference(99, ended_at=NOW, ending="settled")
    FapiaoFactory()
    for _ in range(2):
        reversible_fapiao()
    found = waiting(desk)
    assert [number for number, _url in found.values()] == [*how_many.values(), 1, 2]
    assert list(found) == [
        *("退款申请", "待确认的退款", "未能退回的退款", "待答复的争议", "续费失败"),
        *("对账差异", "Webhook 待查", "订单待查", "待开的发票", "待红冲的发票"),
    ]
    for label, (number, url) in found.items():
        assert len(shown.listed(desk.get(url))) == number, label


def test_todays_orders_stand_with_what_they_add_up_to(desk):
    now = site_clock.now()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    price = course_price(course(title="城市的暗线"))
    buyer = UserFactory(email="amy@example.org")
    yen = PriceFactory(offer=price.offer, currency="JPY", amount=1500)
    year = membership_prices()["year"]
    terms = {"fulfilled": True, "buyer": buyer}
    OrderFactory(**terms, price=price, paid_at=midnight)
    OrderFactory(**terms, price=price, paid_at=midnight - timedelta(seconds=1))
    OrderFactory(**terms, price=yen, paid_at=midnight + timedelta(seconds=2))
    OrderFactory(**terms, price=year, trial_days=7, paid_at=midnight + timedelta(seconds=1))
    OrderFactory(price=price)
    text = panel(desk, "今天的订单").get_text(" ", strip=True)
    assert "1 笔，¥99 · 1 笔，JP¥1,500" in text
    assert text.count("amy@example.org · 00:00") == 3
    assert text.index("JP¥1,500 ", text.index("amy@")) < text.index("试用") < text.rindex("¥99")


def test_a_day_without_orders_says_so_and_a_full_one_shows_the_latest(desk):
    assert "还没有到账" in panel(desk, "今天的订单").get_text()
    now = site_clock.now()
    for number in range(9):
        OrderFactory(fulfilled=True, buyer__email=f"b{number}@example.org", paid_at=now)
    text = panel(desk, "今天的订单").get_text(" ", strip=True)
    assert "b0@example.org" not in text
    assert all(f"b{number}@example.org" in text for number in range(1, 9))
    assert "9 笔，¥351" in text
