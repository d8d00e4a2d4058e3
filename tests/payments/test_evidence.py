"""What speaks for a disputed payment, in order, and what of others does not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Consent, OutboxMessage, User
from courses.models import CoursePage, Grant
from learning.models import LessonProgress
from payments import evidence
from payments.models import Dispute, Order
from tests.factories import MembershipFactory, UserFactory, course
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    GiftFactory,
    InvoiceFactory,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    RedeemBatchFactory,
    RedeemCodeFactory,
    SubscriptionFactory,
    course_price,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def buyer(db: None) -> User:
    made: User = UserFactory()
    return made


@pytest.fixture
def page(db: None) -> CoursePage:
    return course(title="先有人")


def bought(buyer: User, page: CoursePage, **fields: Any) -> Order:
    fields = {"price": course_price(page), "created_at": NOW - HOUR} | fields
    made: Order = OrderFactory(buyer=buyer, fulfilled=True, **fields)
    return made


def told(order: Order, bill: Any = None) -> list[tuple[str, Any]]:
    fresh = Order.objects.get(pk=order.pk)
    found = evidence.of(fresh, bill)
    return [
        (str(each.label), each.value if isinstance(each.value, datetime | int) else str(each.value))
        for each in found
    ]


_lessons = iter(range(1, 10_000))


def studied(learner: User, page: CoursePage | None, at: datetime | None, **fields: Any) -> None:
    LessonProgress.objects.create(
        learner_id=learner.pk,
        lesson_id=next(_lessons),
        course_id=page.pk if page else 0,
        studied_at=at,
        **fields,
    )


def opened(learner: User, page: CoursePage, source: str, at: datetime = NOW) -> None:
    Grant.objects.create(
        learner=learner, course=page, source_kind="purchase", source_id=source, starts_at=at
    )


def mailed(key: str, to: User, sent_at: datetime | None) -> None:
    OutboxMessage.objects.create(
        key=key,
        user=to,
        to=to.email,
        subject=key,
        text="…",
        created_at=NOW,
        sent_at=sent_at,
        about=OutboxMessage.About.MONEY,
    )


BARE = [("按所示价格下单", NOW - HOUR), ("已付", NOW)]
NOTHING = ("学习", "没有学过")


def test_a_bare_order_was_seen_and_paid_and_nothing_was_studied(
    buyer: User, page: CoursePage
) -> None:
    order = bought(buyer, page)
    other = UserFactory()
    Consent.objects.create(user=other, kind="terms", at=NOW)
    opened(other, page, order.source_id)
    opened(buyer, page, "order-0")
    studied(other, page, NOW)
    studied(buyer, course(), NOW)
    studied(buyer, page, None)
    studied(buyer, page, NOW - SECOND)
    OrderFactory(buyer=buyer)
    OrderFactory(fulfilled=True)
    mailed(f"order-paid-{order.pk}", buyer, None)
    assert told(order) == [*BARE, NOTHING]


def test_all_that_speaks_for_it_is_told_in_order(buyer: User, page: CoursePage) -> None:
    Consent.objects.create(user=buyer, kind="privacy", at=NOW - 2 * HOUR)
    Consent.objects.create(user=buyer, kind="terms", at=NOW - 3 * HOUR)
    order = bought(buyer, page)
    opened(buyer, page, order.source_id, NOW + HOUR)
    studied(buyer, page, NOW, heard=100.0, done_at=NOW, done_how="heard")
    studied(buyer, page, NOW + 5 * HOUR, heard=110.0)
    OrderFactory(buyer=buyer, fulfilled=True)
    mailed(f"order-paid-{order.pk}+1", buyer, NOW + 3 * HOUR)
    mailed(f"order-paid-{order.pk}", buyer, NOW + 2 * HOUR)
    assert told(order) == [
        ("同意：服务条款", NOW - 3 * HOUR),
        ("同意：隐私政策", NOW - 2 * HOUR),
        *BARE,
        ("开通：先有人", NOW + HOUR),
        (f"寄出邮件：「order-paid-{order.pk}」", NOW + 2 * HOUR),
        (f"寄出邮件：「order-paid-{order.pk}+1」", NOW + 3 * HOUR),
        ("学习", "2 讲，其中学完 1 讲，听了 4 分钟"),
        ("最近一次学习", NOW + 5 * HOUR),
        ("其他有效订单", 1),
    ]


def test_of_many_mails_the_last_ten_are_told(buyer: User, page: CoursePage) -> None:
    order = bought(buyer, page)
    for n in range(1, 12):
        mailed(f"order-paid-{order.pk}+{n}", buyer, NOW + n * HOUR)
    sent = [at for label, at in told(order) if "order-paid" in label]
    assert sent == [NOW + n * HOUR for n in range(2, 12)]


def membership(buyer: User) -> Order:
    row = SubscriptionFactory(learner=buyer, offer=OfferFactory(membership__name="书房"))
    return bought(buyer, course(), price=PriceFactory(offer=row.offer), subscription=row)


def test_a_membership_is_studied_anywhere_and_opened_by_its_subscription(buyer: User) -> None:
    order = membership(buyer)
    assert order.subscription is not None
    Grant.objects.create(
        learner=buyer,
        membership=order.price.offer.membership,
        source_kind="subscription",
        source_id=order.subscription.source_id,
        starts_at=NOW,
    )
    studied(buyer, course(), NOW, heard=29.0)
    assert told(order) == [
        *BARE,
        ("开通：书房", NOW),
        ("学习", "1 讲，其中学完 0 讲，听了 0 分钟"),
        ("最近一次学习", NOW),
    ]


@pytest.mark.parametrize(
    ("reason", "named"), [("subscription_cycle", 1), ("subscription_create", 0)]
)
def test_a_disputed_renewal_is_named(buyer: User, reason: str, named: int) -> None:
    order = membership(buyer)
    bill = InvoiceFactory(
        subscription=order.subscription,
        billing_reason=reason,
        amount_paid=3700,
        stripe_id="in_x",
        paid_at=NOW + HOUR,
    )
    said = [("被争议的账单：¥37（in_x）", NOW + HOUR)][:named]
    assert told(order, bill) == [*BARE, *said, NOTHING]


def test_a_bill_of_an_unknown_amount_is_of_nothing(buyer: User) -> None:
    bill = InvoiceFactory(amount_paid=None, stripe_id="in_x")
    assert ("被争议的账单：¥0（in_x）", NOW) in told(membership(buyer), bill)


def test_a_gift_is_spoken_for_by_its_friend(buyer: User, page: CoursePage) -> None:
    friend = UserFactory()
    order = bought(buyer, page, purpose="gift")
    GiftFactory(redeemed_by=buyer, redeemed_at=NOW)
    gift = GiftFactory(order=order)
    studied(buyer, page, NOW)
    assert told(order) == [*BARE, ("已领取", "0/1")]
    gift.redeemed_by, gift.redeemed_at = friend, NOW + HOUR
    gift.save()
    studied(friend, page, NOW + HOUR - SECOND)
    studied(friend, course(), NOW + HOUR)
    claimed = [("已领取", "1/1"), (f"{friend.email} 领取", NOW + HOUR)]
    assert told(order) == [*BARE, *claimed, NOTHING]
    studied(friend, page, NOW + HOUR)
    assert told(order)[-1] == ("最近一次学习", NOW + HOUR)


def test_seats_are_spoken_for_by_the_first_twenty(buyer: User, page: CoursePage) -> None:
    order = bought(buyer, page, purpose="seats", quantity=22)
    batch = RedeemBatchFactory(order=order, made_by=None, size=22, course=page)
    people = [UserFactory() for _ in range(21)]
    for serial, person in enumerate(people, 1):
        RedeemCodeFactory(
            batch=batch, serial=serial, redeemed_by=person, redeemed_at=NOW - serial * SECOND
        )
    RedeemCodeFactory(batch=batch, serial=22)
    RedeemCodeFactory(redeemed_by=UserFactory(), redeemed_at=NOW)
    told_of = told(order)
    assert told_of[2] == ("已领取", "21/22")
    assert [label for label, _at in told_of if "@" in label] == [
        f"{person.email} 领取" for person in people[:0:-1]
    ]


def test_a_code_of_a_membership_is_studied_anywhere(buyer: User) -> None:
    friend, library = UserFactory(), MembershipFactory()
    term = OfferFactory(membership=library, kind="term", term_months=12)
    order = bought(buyer, course(), price=PriceFactory(offer=term), purpose="gift")
    GiftFactory(order=order, redeemed_by=friend, redeemed_at=NOW)
    studied(friend, course(), NOW)
    assert told(order)[-1] == ("最近一次学习", NOW)


def test_disputes_of_a_person_are_counted_unless_they_were_won(buyer: User) -> None:
    for status in ("", "won", "lost", "needs_response", "warning_closed"):
        DisputeFactory(order__buyer=buyer, status=status)
    DisputeFactory()
    assert evidence.disputed_by(buyer) == 3


def test_stripe_says_until_when_it_takes_an_answer() -> None:
    stamp = {"evidence_details": {"due_by": 1_796_000_000}}
    assert evidence.due_by(Dispute(object=stamp)) == datetime.fromtimestamp(1_796_000_000, UTC)
    assert evidence.due_by(Dispute(object={"evidence_details": None})) is None
    assert evidence.due_by(Dispute()) is None
