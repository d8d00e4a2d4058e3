"""What of ours a difference is about: of every kind, of one account and mode."""

from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from payments import concerned
from payments.models import Difference
from tests.factories import UserFactory
from tests.insights.world import entry
from tests.payments.factories import (
    ACCOUNT,
    NOW,
    DisputeFactory,
    InvoiceFactory,
    OrderFactory,
    RefundFactory,
    SubscriptionFactory,
)

pytestmark = pytest.mark.django_db


def difference(kind: str, object_id: str, **fields: Any) -> Difference:
    made: Difference = Difference.objects.create(
        **{
            "account": ACCOUNT,
            "object_kind": kind,
            "object_id": object_id,
            "what": "state",
            "since": NOW,
            "seen_at": NOW,
            **fields,
        }
    )
    return made


def test_every_kind_leads_to_its_row_its_amount_and_its_person() -> None:
    me: User = UserFactory()
    order = OrderFactory(buyer=me, amount=100, discount=0, fulfilled=True)
    row = SubscriptionFactory(learner=me, amount=200)
    bill = InvoiceFactory(subscription=row, amount_due=300, amount_paid=0)
    refund = RefundFactory(order=order, amount=400)
    of_bill = RefundFactory(order=None, invoice=bill, amount=500, currency="CNY")
    dispute = DisputeFactory(order=order, amount=600)
    nobodys = RefundFactory(order=None, amount=None, currency="", status="")
    booked = entry("2026-11-20 12:00", 700, order=order)
    expected = [
        ("order", str(order.key), order, "¥1", me, "fulfilled"),
        ("session", order.session_id, order, "¥1", me, "fulfilled"),
        ("checkout.session", order.session_id, order, "¥1", me, "fulfilled"),
        ("subscription", row.stripe_id, row, "¥2", me, "active"),
        ("invoice", bill.stripe_id, bill, "¥3", me, "paid"),
        ("refund", refund.stripe_id, refund, "¥4", me, "succeeded"),
        ("refund", of_bill.stripe_id, of_bill, "¥5", me, "succeeded"),
        ("dispute", dispute.stripe_id, dispute, "¥6", me, "needs_response"),
        ("refund", nobodys.stripe_id, nobodys, "", None, ""),
        ("balance_transaction", booked.stripe_id, booked, "¥7", me, ""),
    ]
    for kind, object_id, thing, amount, person, status in expected:
        found = concerned.of(difference(kind, object_id))
        assert found is not None
        assert (found.row, found.amount, found.person) == (thing, amount, person)
        assert found.status == status
    found = concerned.of(Difference.objects.get(object_kind="order"))
    assert found is not None
    place = settings.BASE_URL + found.address
    assert concerned.in_plain(found) == f"¥1, {me.email}, {place}"
    bare = concerned.of(Difference.objects.get(object_id=nobodys.stripe_id))
    assert bare is not None
    assert concerned.in_plain(bare) == settings.BASE_URL + bare.address


def test_what_we_do_not_have_is_about_nothing() -> None:
    order = OrderFactory()
    for unknown in (
        difference("payout", "po_1"),
        difference("order", "not-a-number"),
        difference("order", order.key.hex),
        difference("session", "cs_none"),
        difference("session", order.session_id, account="acct_other"),
        difference("session", order.session_id, livemode=True),
    ):
        assert concerned.of(unknown) is None


def test_many_are_found_in_their_order_with_a_query_a_kind() -> None:
    orders = [OrderFactory() for _ in range(3)]
    rows = [difference("session", each.session_id) for each in reversed(orders)]
    rows.append(difference("payout", "po_1"))
    with CaptureQueriesContext(connection) as asked:
        found = [(row, thing and thing.row) for row, thing in concerned.with_things(rows)]
    assert found == [*zip(rows, reversed(orders), strict=False), (rows[-1], None)]
    assert len(asked) == 1
