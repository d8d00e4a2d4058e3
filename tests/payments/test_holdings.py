"""What payments gives out about a person, keeps, forgets, and why an account must stay a while."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from accounts import privacy
from accounts.models import User
from payments.models import (
    Cancellation,
    Customer,
    Order,
    PromotionUse,
    Trial,
    WinBack,
)
from tests.factories import MembershipFactory, UserFactory, course
from tests.payments.factories import (
    ACCOUNT,
    NOW,
    FapiaoFactory,
    GiftFactory,
    InvoiceFactory,
    OrderFactory,
    PromotionFactory,
    RedeemBatchFactory,
    RedeemCodeFactory,
    SubscriptionFactory,
    WebhookEventFactory,
    course_price,
)

pytestmark = pytest.mark.django_db
AT = "2026-11-23T04:00:00Z"
DAY = timedelta(days=1)


@pytest.fixture
def me(db: None) -> User:
    made: User = UserFactory()
    return made


def exported(person: User) -> dict[str, Any]:
    """What payments has of them, without what is empty."""
    with zipfile.ZipFile(io.BytesIO(privacy.export(person))) as archive:
        files = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    return {
        name.removeprefix("payments.").removesuffix(".json"): rows
        for name, rows in files.items()
        if rows and name.startswith("payments.")
    }


def erased(person: User) -> dict[str, int]:
    deletion = privacy.erase(user=person, now=NOW)
    return {name: n for name, n in deletion.rows.items() if name.startswith("payments.")}


def test_every_key_to_a_person_is_kept_with_its_row() -> None:
    held = {
        f"{model.__name__}.{field}": privacy.holding_of(model, field)
        for model, field in privacy.keys_to_people()
        if model._meta.app_label == "payments"
    }
    assert len(held) >= 16
    assert [name for name, each in held.items() if each is None or each.erase != "keep"] == []


def test_what_was_bought_with_a_code_goes_out(me: User) -> None:
    code = PromotionFactory(code="SPRING", ends_at=NOW + DAY)
    order = OrderFactory(
        buyer=me,
        amount=3000,
        discount=900,
        promotion=code,
        fulfilled=True,
        tax=7,
        tax_country="DE",
        tax_number="DE1",
        ends_at=NOW + DAY,
    )
    row = SubscriptionFactory(learner=me)
    Trial.objects.create(learner=me, order=order, began_at=NOW, account=ACCOUNT)
    PromotionUse.objects.create(
        promotion=code, learner=me, order=order, nth=1, per_person=1, reserved_at=NOW, used_at=NOW
    )
    WinBack.objects.create(learner=me, subscription=row, promotion=code, made_at=NOW, year=2026)
    SubscriptionFactory()
    OrderFactory()
    assert exported(me) == {
        "order": [
            {
                "key": str(order.key),
                "amount": 3000,
                "discount": 900,
                "tax": 7,
                "tax_country": "DE",
                "tax_number": "DE1",
                "currency": "CNY",
                "status": "fulfilled",
                "created_at": AT,
                "paid_at": AT,
                "starts_at": None,
                "ends_at": "2026-11-24T04:00:00Z",
            }
        ],
        "promotionuse": [
            {"promotion__code": "SPRING", "reserved_at": AT, "used_at": AT, "released_at": None}
        ],
        "winback": [
            {
                "promotion__code": "SPRING",
                "made_at": AT,
                "promotion__ends_at": "2026-11-24T04:00:00Z",
            }
        ],
        "trial": [{"began_at": AT}],
        "subscription": [
            {
                "status": "active",
                "amount": 3900,
                "currency": "CNY",
                "started_at": AT,
                "period_end": "2026-12-23T04:00:00Z",
                "ended_at": None,
            }
        ],
    }


def test_bills_and_why_they_cancelled_go_out_in_order(me: User) -> None:
    row = SubscriptionFactory(learner=me, status="canceled")
    for n in (1, 2):
        InvoiceFactory(subscription=row, amount_paid=n, tax_country="DE", created_at=NOW + n * DAY)
        cancel(row, cancelled_at=NOW + n * DAY, note=str(n), resumed_at=NOW)
    InvoiceFactory()
    cancel(SubscriptionFactory())
    found = exported(me)
    assert [each["amount_paid"] for each in found["invoice"]] == [1, 2]
    assert found["invoice"][0] == {
        "created_at": "2026-11-24T04:00:00Z",
        "paid_at": AT,
        "amount_paid": 1,
        "currency": "CNY",
        "tax_country": "DE",
        "tax_number": "",
    }
    assert [each["note"] for each in found["cancellation"]] == ["1", "2"]
    assert found["cancellation"][0] == {
        "cancelled_at": "2026-11-24T04:00:00Z",
        "reason": "price",
        "note": "1",
        "resumed_at": AT,
    }


def cancel(row: Any, **fields: Any) -> Cancellation:
    made: Cancellation = Cancellation.objects.create(
        **{"subscription": row, "cancelled_at": NOW, "reason": "price", "note": "x"} | fields
    )
    return made


def test_their_words_on_leaving_are_forgotten_not_the_reason(me: User) -> None:
    told, silent = (
        cancel(SubscriptionFactory(learner=me, status="canceled"), note=note) for note in ("x", "")
    )
    other = cancel(SubscriptionFactory())
    assert erased(me) == {"payments.cancellation": 1}
    for each in (told, silent, other):
        each.refresh_from_db()
    assert (told.note, told.reason, other.note) == ("", "price", "x")


def test_fapiaos_go_out_and_only_those_that_were_issued_stay(me: User) -> None:
    issued = FapiaoFactory(issued=True, order__buyer=me, title="甲公司", email="a@example.com")
    asked = FapiaoFactory(order__buyer=me, title="乙公司")
    other = FapiaoFactory()
    rows = sorted(exported(me)["fapiao"], key=lambda row: row["number"])
    assert [row["title"] for row in rows] == ["乙公司", "甲公司"]
    assert rows[1] == {
        "order__key": str(issued.order.key),
        "kind": "company",
        "title": "甲公司",
        "tax_number": "91110000802100433B",
        "email": "a@example.com",
        "asked_at": AT,
        "number": issued.number,
    }
    assert erased(me) == {"payments.fapiao": 1}
    model = type(issued)
    assert set(model.objects.all()) == {issued, other}
    assert asked.pk


def test_stripes_events_forget_who_paid(me: User) -> None:
    Customer.objects.create(user=me, account=ACCOUNT, stripe_id="cus_me")
    Customer.objects.create(user=me, account="acct_other", stripe_id="cus_there")
    Customer.objects.create(user=UserFactory(), account=ACCOUNT, stripe_id="cus_other")
    bodies = {
        name: {"data": {"object": {"id": "cs_1", "customer": name, "customer_email": "a@b.c"}}}
        for name in ("cus_me", "cus_there", "cus_other")
    }
    rows = {name: WebhookEventFactory(body=json.dumps(body)) for name, body in bodies.items()}
    assert erased(me) == {"payments.webhookevent": 2}
    told = {}
    for name, row in rows.items():
        row.refresh_from_db()
        told[name] = json.loads(row.body)["data"]["object"]["customer_email"]
    assert told == {"cus_me": None, "cus_there": None, "cus_other": "a@b.c"}


def test_gifts_go_out_to_giver_and_friend_and_lose_their_words_with_the_giver(me: User) -> None:
    friend = UserFactory()
    price = course_price(course(title="先有人"))
    first, second = (
        OrderFactory(buyer=me, price=price, fulfilled=True, purpose="gift") for _ in range(2)
    )
    later = GiftFactory(order=second, message="二", to_email="b@example.com")
    taken = GiftFactory(
        order=first, message="一", to_email="a@example.com", redeemed_by=friend, redeemed_at=NOW
    )
    other = GiftFactory(message="三", to_email="c@example.com")
    assert exported(me)["gifts_given"] == [
        {
            "order__key": str(gift.order.key),
            "giver_name": "林岚",
            "to_email": email,
            "message": message,
            "sent_at": None,
            "redeemed_at": at,
        }
        for gift, email, message, at in (
            (later, "b@example.com", "二", None),
            (taken, "a@example.com", "一", AT),
        )
    ]
    assert exported(friend) == {
        "gift": [
            {
                "giver_name": "林岚",
                "message": "一",
                "order__price__offer__course__title": "先有人",
                "order__price__offer__membership__name": None,
                "redeemed_at": AT,
            }
        ]
    }
    assert erased(me) == {"payments.gifts_given": 2}
    for each in (taken, other):
        each.refresh_from_db()
    assert (taken.giver_name, taken.to_email, taken.message) == ("", "", "")
    assert (other.giver_name, other.to_email, other.message) == ("林岚", "c@example.com", "三")


def test_colleagues_addresses_go_out_and_away_with_the_buyer(me: User) -> None:
    order = OrderFactory(buyer=me, fulfilled=True, purpose="seats", quantity=3)
    batch = RedeemBatchFactory(order=order, made_by=None, size=3)
    for serial, to in ((2, "b@example.com"), (1, "a@example.com"), (3, "")):
        RedeemCodeFactory(batch=batch, serial=serial, sent_to=to, sent_at=(to and NOW) or None)
    other = RedeemCodeFactory(sent_to="c@example.com")
    assert exported(me)["seats_mailed"] == [
        {"batch__order__key": str(order.key), "sent_to": to, "sent_at": AT}
        for to in ("b@example.com", "a@example.com")
    ]
    assert erased(me) == {"payments.seats_mailed": 3}
    other.refresh_from_db()
    assert other.sent_to == "c@example.com"
    assert set(batch.codes.values_list("sent_to", flat=True)) == {""}


def test_what_a_code_opened_and_a_request_for_a_refund_go_out(me: User) -> None:
    membership = MembershipFactory(name="听书")
    RedeemCodeFactory(
        batch__course=None,
        batch__membership=membership,
        batch__months=12,
        redeemed_by=me,
        redeemed_at=NOW,
    )
    OrderFactory(fulfilled=True).refund_requests.create(
        asked_by=me,
        created_at=NOW,
        note="x",
        status="declined",
        reason="y",
        decided_at=NOW,
        decline_reason="z",
        declined_at=NOW,
    )
    assert exported(me) == {
        "redeemcode": [
            {
                "batch__course__title": None,
                "batch__membership__name": "听书",
                "redeemed_at": AT,
                "withdrawn_at": None,
            }
        ],
        "refundrequest": [
            {
                "created_at": AT,
                "note": "x",
                "status": "declined",
                "reason": "y",
                "decided_at": AT,
                "decline_reason": "z",
                "declined_at": AT,
                "withdrawn_at": None,
            }
        ],
    }


def test_who_has_bought_is_told_once_that_it_stays(me: User) -> None:
    said = "订单"
    assert not [each for each in privacy.what_stays(me) if said in each]
    OrderFactory(buyer=me)
    SubscriptionFactory(learner=me)
    assert len([each for each in privacy.what_stays(me) if said in each]) == 1


# --- why an account must stay -------------------------------------------------------------------


def test_nothing_stands_in_the_way_of_who_bought_and_ended(me: User) -> None:
    OrderFactory(buyer=me, fulfilled=True)
    OrderFactory(buyer=me, fulfilled=True, status=Order.Status.PAID, note="bought_twice")
    SubscriptionFactory(learner=me, status="canceled")
    SubscriptionFactory(learner=me, cancel_at_period_end=True)
    order = OrderFactory(buyer=me, fulfilled=True, purpose="gift")
    GiftFactory(order=order, to_email="a@example.com")
    for fields in (
        {"sent_at": NOW},
        {"redeemed_at": NOW, "redeemed_by": UserFactory()},
        {"taken_back_at": NOW},
        {"withdrawn_at": NOW},
    ):
        given(me, **fields)
    given(UserFactory())
    SubscriptionFactory()
    OrderFactory(status=Order.Status.RESERVED)
    OrderFactory(fulfilled=True, status=Order.Status.PAID)
    assert privacy.obstacles(me) == []


def given(giver: User, **fields: Any) -> Any:
    order = OrderFactory(buyer=giver, fulfilled=True, purpose="gift")
    return GiftFactory(
        order=order, to_email="a@example.com", send_at=NOW, send_on=NOW.date(), **fields
    )


@pytest.mark.parametrize("status", ["active", "trialing", "past_due"])
def test_a_subscription_that_renews_stands_in_the_way(me: User, status: str) -> None:
    SubscriptionFactory(learner=me, cancel_at_period_end=True)
    SubscriptionFactory(learner=me, status=status)
    [reason] = privacy.obstacles(me)
    assert "续" in reason


def test_a_payment_under_way_stands_in_the_way(me: User) -> None:
    OrderFactory(buyer=me, fulfilled=True, status=Order.Status.PAID)
    [reason] = privacy.obstacles(me)
    assert "付款" in reason


def test_a_card_that_is_kept_stands_in_the_way(me: User) -> None:
    OrderFactory(buyer=me, status=Order.Status.RESERVED)
    [reason] = privacy.obstacles(me)
    assert "预订" in reason


def test_a_gift_that_is_yet_to_be_sent_stands_in_the_way(me: User) -> None:
    given(me)
    [reason] = privacy.obstacles(me)
    assert "赠礼" in reason
