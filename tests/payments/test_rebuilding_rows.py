"""What a session at Stripe, whose order is not here, is made into, and when nothing is."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress

from accounts.models import Deletion, User
from payments import gateway, rebuilding
from payments.models import Customer, Difference, Order, Price, StripePromotion
from tests.factories import UserFactory, bundle, course
from tests.payments.factories import (
    ACCOUNT,
    NOW,
    OrderFactory,
    PromotionFactory,
    bundle_price,
    course_price,
)

pytestmark = pytest.mark.django_db
KEY = uuid.UUID("00000000-0000-4000-8000-000000000001")
BEGAN = datetime(2026, 11, 22, tzinfo=UTC)
CUSTOMERS = iter(range(1, 10_000))


@pytest.fixture
def price(db: None) -> Price:
    course_price(course())
    return course_price(course())


@pytest.fixture
def buyer(db: None) -> User:
    Customer.objects.create(user=UserFactory(), account=ACCOUNT, stripe_id="cus_other")
    made: User = UserFactory(language="en")
    Customer.objects.create(user=made, account=ACCOUNT, stripe_id="cus_known")
    return made


def session(price: Price | None, **fields: Any) -> dict[str, Any]:
    """Of a reservation: what keeps a card has no lines, its words name the price."""
    told = {"order": str(KEY), "price": str(price.key if price else uuid.uuid4())}
    return {
        "id": "cs_lost",
        "mode": "setup",
        "customer": "cus_known",
        "subscription": None,
        "discounts": [],
        "total_details": {"amount_discount": 900},
        "created": int(BEGAN.timestamp()),
        "metadata": told | fields.pop("metadata", {}),
        **fields,
    }


def made(shape: dict[str, Any]) -> Order | None:
    return rebuilding.order_of(shape, now=NOW)


def facts(order: Order | None) -> dict[str, Any]:
    assert order is not None
    order.refresh_from_db()
    names = (
        *("key", "buyer", "price", "purpose", "quantity", "amount", "discount", "promotion"),
        *("currency", "trial_days", "language", "status", "session_id", "created_at", "account"),
    )
    return {name: getattr(order, name) for name in names}


def test_an_order_is_made_anew_as_it_was(price: Price, buyer: User) -> None:
    OrderFactory()
    lost = made(session(price))
    assert facts(lost) == {
        "key": KEY,
        "buyer": buyer,
        "price": price,
        "purpose": "own",
        "quantity": 1,
        "amount": 9900,
        "discount": 0,
        "promotion": None,
        "currency": "CNY",
        "trial_days": 0,
        "language": "en",
        "status": "expired",
        "session_id": "cs_lost",
        "created_at": BEGAN,
        "account": ACCOUNT,
    }
    assert made(session(price)) is None
    assert Order.objects.count() == 2
    assert Customer.objects.count() == 2


def test_an_order_that_is_here_is_left_alone(price: Price, buyer: User) -> None:
    OrderFactory(key=KEY, session_id="cs_other")
    assert made(session(price)) is None


@pytest.mark.parametrize("order", [None, "", "17"])
def test_a_session_of_no_order_of_ours_is_none(price: Price, buyer: User, order: Any) -> None:
    assert made(session(price, metadata={"order": order})) is None
    assert made({**session(price), "metadata": None}) is None


@pytest.mark.parametrize("named", [None, "17"])
def test_a_session_that_names_no_price_of_ours_is_none(buyer: User, named: Any) -> None:
    assert made(session(None)) is None
    assert made(session(None, metadata={"price": named})) is None
    assert not Difference.objects.exists()


@pytest.mark.parametrize(
    ("told", "purpose", "quantity"),
    [
        ({"purpose": "seats", "quantity": "3"}, "seats", 3),
        ({"purpose": "gift", "quantity": "1"}, "gift", 1),
        ({"purpose": "gift", "quantity": "x"}, "own", 1),
        ({"purpose": "loan", "quantity": "3"}, "own", 1),
        ({"purpose": "seats"}, "own", 1),
    ],
)
def test_for_whom_it_was_bought_is_read(
    price: Price, buyer: User, told: dict[str, str], purpose: str, quantity: int
) -> None:
    order = facts(made(session(price, metadata=told)))
    assert (order["purpose"], order["quantity"]) == (purpose, quantity)
    assert order["amount"] == 9900 * quantity


def test_what_its_code_took_off_is_taken_off(price: Price, buyer: User) -> None:
    other, code = PromotionFactory(), PromotionFactory()
    StripePromotion.objects.create(promotion=other, account=ACCOUNT, stripe_id="promo_2")
    StripePromotion.objects.create(promotion=other, account="acct_other", stripe_id="promo_1")
    StripePromotion.objects.create(promotion=code, account=ACCOUNT, stripe_id="promo_1")
    discounts = [{"promotion_code": "promo_1"}]
    order = facts(made(session(price, discounts=discounts)))
    assert (order["promotion"], order["amount"], order["discount"]) == (code, 9000, 900)


def test_a_code_that_is_not_here_leaves_the_price(price: Price, buyer: User) -> None:
    order = facts(made(session(price, discounts=[{"promotion_code": "promo_1"}])))
    assert (order["promotion"], order["amount"], order["discount"]) == (None, 9900, 0)


def test_a_bundle_keeps_the_courses_that_were_told(buyer: User) -> None:
    one, two, three = course(), course(), course()
    told = {"courses": f"{one.pk} {two.pk}"}
    price = bundle_price(bundle(two, three))
    order = made(session(price, metadata=told))
    assert order is not None
    assert [each.course for each in order.contents.all()] == [one, two]


# --- who bought it ------------------------------------------------------------------------------


def customer(**fields: Any) -> str:
    """One that only Stripe knows."""
    number = next(CUSTOMERS)
    return str(gateway.create_customer(fields, key=f"rebuilding-{number}-{uuid.uuid4()}")["id"])


def named(user: User, **other: str) -> dict[str, str]:
    return {"user": str(user.pk), "joined": user.date_joined.isoformat(), **other}


def test_who_bought_it_is_told_by_number_and_day(price: Price) -> None:
    me = UserFactory()
    theirs = customer(metadata=named(me))
    assert facts(made(session(price, customer=theirs)))["buyer"] == me
    assert Customer.objects.get() == Customer.objects.get(user=me, stripe_id=theirs)


def test_who_signed_up_again_is_known_by_a_verified_address(price: Price) -> None:
    me, other = UserFactory(email="me@example.com"), UserFactory()
    EmailAddress.objects.create(user=me, email=me.email, verified=False)
    joined = (other.date_joined + timedelta(days=1)).isoformat()
    shape = session(price, customer=customer(email=me.email, metadata=named(other, joined=joined)))
    assert made(shape) is None
    [missing] = Difference.objects.all()
    assert (missing.object_kind, missing.object_id) == ("session", "cs_lost")
    assert (missing.what, missing.ours) == ("the buyer is not here", "")
    assert missing.theirs == f"customer={shape['customer']}"
    assert missing.ended_at is None
    EmailAddress.objects.update(verified=True)
    assert facts(made(shape))["buyer"] == me
    missing.refresh_from_db()
    assert (missing.ended_at, missing.ending) == (NOW, "mended")


@pytest.mark.parametrize("number", ["", "x", "999999"])
def test_a_number_of_nobody_is_nobody(price: Price, number: str) -> None:
    EmailAddress.objects.create(user=UserFactory(), email="x@example.com", verified=True)
    assert made(session(price, customer=customer(metadata={"user": number}))) is None
    assert Difference.objects.count() == 1


def test_a_customer_that_stripe_does_not_know_is_nobody(price: Price) -> None:
    assert made(session(price, customer="cus_none")) is None
    assert Difference.objects.get().theirs == "customer=cus_none"


def test_whose_account_is_deleted_is_not_here(price: Price, buyer: User) -> None:
    Deletion.objects.create(user=buyer, at=NOW)
    User.objects.filter(pk=buyer.pk).update(email=f"deleted-{buyer.pk}@deleted.invalid")
    assert made(session(price)) is None
    theirs = customer(metadata=named(buyer))
    assert made(session(price, customer=theirs)) is None


def test_a_customer_of_another_account_is_asked_of_stripe(price: Price) -> None:
    other, me = UserFactory(), UserFactory()
    theirs = customer(metadata=named(me))
    Customer.objects.create(user=other, account="acct_other", stripe_id=theirs)
    assert facts(made(session(price, customer=theirs)))["buyer"] == me
