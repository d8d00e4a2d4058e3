"""What learners are told of what they have, from rows alone."""

import pytest
from django.urls import reverse

from courses.models import MembershipCourse
from payments import notices
from payments.models import PresaleEnd, Refund
from payments.notices import Notice
from tests.factories import MembershipFactory, UserFactory, course
from tests.payments.factories import (
    DAY,
    END,
    LEARNING,
    NOW,
    PAGE,
    SECOND,
    VOID,
    DisputeFactory,
    GiftFactory,
    InvoiceFactory,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    RedeemBatchFactory,
    RedeemCodeFactory,
    RefundFactory,
    SubscriptionFactory,
    course_price,
    held,
    paused_until,
    sold_in_advance,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
SEE, PAY = "See the order", "Pay now"


# --- a notice on pages: memberships --------------------------------------------------------------


@pytest.fixture
def learner():
    return UserFactory()


def test_a_membership_that_ended_of_late_is_told_for_thirty_days(learner):
    ended = NOW.replace(hour=16)  # 24 November in Shanghai, just begun
    member = MembershipFactory()
    held(learner, membership=member, ends_at=ended)
    held(learner, membership=member, ends_at=ended - 40 * DAY)
    held(learner, membership=member, withdrawn_at=NOW)
    held(learner, membership=member, ends_at=ended + 90 * DAY, withdrawn_at=NOW)
    held(learner, course=course())
    held(UserFactory(), membership=member)
    told = Notice(
        f"Your membership ended on 23 November. {LEARNING}",
        "info",
        "See the membership",
        reverse("membership"),
    )
    assert [
        notices.of_memberships(learner, now=now)
        for now in (ended - SECOND, ended, ended + 30 * DAY - SECOND, ended + 30 * DAY)
    ] == [None, told, told, None]


def test_no_end_is_told_of_one_who_is_a_member_for_good_or_never_was(learner):
    assert notices.of_memberships(learner, now=NOW) is None
    held(learner, membership=MembershipFactory(), ends_at=NOW)
    assert notices.of_memberships(learner, now=NOW) is not None
    held(learner, membership=MembershipFactory())
    assert notices.of_memberships(learner, now=NOW) is None


def failing(learner, **fields):
    return SubscriptionFactory(
        learner=learner, status="past_due", past_due_since=NOW - DAY, **fields
    )


def test_a_failure_is_told_before_a_pause_and_where_to_pay(learner):
    paused = SubscriptionFactory(
        learner=learner, started_at=NOW + DAY, **paused_until(NOW + 60 * DAY, **VOID)
    )
    goes_on = Notice(
        "Paused. It goes on by itself on 22 January 2027; then CN¥39 is charged.",
        "info",
        "See the subscription",
        reverse("subscription", args=[paused.pk]),
    )
    failing(UserFactory())
    SubscriptionFactory(learner=learner)
    assert notices.of_subscription(learner, now=NOW) == goes_on
    row = failing(learner)
    failure = (
        "The renewal on 22 November did not succeed. Until 29 November you study as always; "
        "please update the way you pay."
    )
    card = Notice(failure, "warn", "Change the card", reverse("subscription_card", args=[row.pk]))
    assert notices.of_subscription(learner, now=NOW) == card
    assert notices.of_memberships(learner, now=NOW) == card
    InvoiceFactory(subscription=row, status="open", object=PAGE)
    pay = Notice(failure, "warn", PAY, reverse("subscription_pay", args=[row.pk]))
    assert notices.of_subscription(learner, now=NOW) == pay


def test_a_pause_that_has_not_begun_or_of_what_ended_is_no_notice(learner):
    SubscriptionFactory(learner=learner, **paused_until(NOW + 60 * DAY))
    SubscriptionFactory(learner=learner, status="canceled", **paused_until(NOW + 60 * DAY, **VOID))
    assert notices.of_subscription(learner, now=NOW) is None


# --- a notice on a course: what went back --------------------------------------------------------


def refunded(learner, page, when, amount=9900, **fields):
    fields = {"price": course_price(page)} | fields
    order = OrderFactory(fulfilled=True, buyer=learner, status="refunded", **fields)
    RefundFactory(order=order, amount=amount, created_at=when)
    return order


def test_the_last_payment_that_went_back_is_told_with_its_day(learner):
    page = course()
    price = course_price(page)
    refunded(learner, page, NOW - 5 * DAY, price=price)
    last = refunded(learner, page, NOW - 2 * DAY, 4000, price=price)
    RefundFactory(order=last, amount=5900, created_at=NOW - DAY)
    RefundFactory(order=last, amount=700, created_at=NOW, status="failed")
    refunded(learner, page, NOW - 6 * DAY, price=price)
    refunded(learner, page, NOW, price=price, purpose="gift")
    refunded(UserFactory(), page, NOW, price=price)
    refunded(learner, course(), NOW)
    open_still = OrderFactory(fulfilled=True, buyer=learner, price=price)
    RefundFactory(order=open_still, amount=100)
    told = f"CN¥99 went back on 22 November. {LEARNING}"
    assert notices.of_refund(learner, page, now=NOW) == Notice(
        told, "info", SEE, reverse("order", args=[last.key])
    )
    Refund.objects.filter(order=last, amount=4000).update(status="pending")
    on_its_way = notices.of_refund(learner, page, now=NOW)
    assert on_its_way
    assert on_its_way.sentence == f"CN¥99 is on its way back. {LEARNING}"


def test_nothing_is_told_where_no_refund_stands(learner):
    page = course()
    order = OrderFactory(fulfilled=True, buyer=learner, status="refunded", price=course_price(page))
    RefundFactory(order=order, status="failed")
    assert notices.of_refund(learner, page, now=NOW) is None


def test_a_course_of_a_bundle_that_went_back_is_told_on_that_course(learner):
    inside, beside, outside = course(), course(), course()
    order = OrderFactory(
        fulfilled=True, buyer=learner, status="refunded", price=course_price(outside)
    )
    order.contents.create(course=inside, position=0)
    order.contents.create(course=beside, position=1)
    RefundFactory(order=order, amount=14900)
    told = Notice(
        f"CN¥149 went back on 23 November. {LEARNING}",
        "info",
        SEE,
        reverse("order", args=[order.key]),
    )
    assert notices.of_refund(learner, inside, now=NOW) == told
    assert notices.of_refund(learner, course(), now=NOW) is None


def give_up(price, at=NOW):
    return PresaleEnd.objects.create(
        offer=price.offer, reason="讲师病了", decided_by=UserFactory(), decided_at=at
    )


def test_what_was_given_up_is_told_with_its_reason(learner):
    page = course()
    order = refunded(learner, page, NOW, note="given_up")
    give_up(order.price)
    found = notices.of_refund(learner, page, now=NOW)
    assert found
    assert found.sentence == (
        "It was given up and will not come: “讲师病了” What you paid went back."
    )


# --- a notice on a course: what the bank disputes ------------------------------------------------

LOOKING = (
    "The bank is looking into this payment; until it decides, what it opened is closed. Your "
    "progress is kept."
)
TAKEN = "The bank took this payment back; it opens nothing more. Your progress is kept."
GIFT_LOOKED_AT = (
    "The bank is looking into the payment of your gift; until it decides, what it opened is "
    "closed. Your progress is kept."
)
GIFT_TAKEN = (
    "The bank took the payment of your gift back; it opens nothing more. Your progress is kept."
)


def disputed(buyer, price, status="needs_response", **fields):
    order = OrderFactory(fulfilled=True, buyer=buyer, price=price, **fields)
    return DisputeFactory(order=order, status=status).order


@pytest.mark.parametrize(("status", "told"), [("needs_response", LOOKING), ("lost", TAKEN)])
def test_a_course_says_what_its_bank_disputes(learner, status, told):
    page = course()
    price = course_price(page)
    disputed(UserFactory(), price)
    disputed(learner, price, purpose="gift")
    disputed(learner, course_price(course()))
    disputed(learner, price, status="won")
    assert notices.of_dispute(learner, page) is None
    order = disputed(learner, price, status=status)
    assert notices.of_dispute(learner, page) == Notice(
        told, "warn", SEE, reverse("order", args=[order.key])
    )


def test_a_course_of_a_disputed_bundle_says_so(learner):
    inside = course()
    order = disputed(learner, course_price(course()))
    order.contents.create(course=inside, position=0)
    found = notices.of_dispute(learner, inside)
    assert found
    assert found.url == reverse("order", args=[order.key])
    assert notices.of_dispute(learner, course()) is None


def test_a_disputed_membership_is_told_on_the_courses_in_it(learner):
    inside, outside, member = course(), course(), MembershipFactory()
    other = MembershipFactory()
    MembershipCourse.objects.create(course=inside, membership=member, added_at=NOW)
    MembershipCourse.objects.create(course=outside, membership=other, added_at=NOW)
    price = PriceFactory(offer=OfferFactory(membership=member))
    order = disputed(learner, price)
    told = Notice(LOOKING, "warn", SEE, reverse("order", args=[order.key]))
    assert notices.of_dispute(learner, inside) == told
    assert notices.of_dispute(learner, outside) is None
    assert notices.of_membership_dispute(learner, member) == told
    assert notices.of_membership_dispute(learner, other) is None


@pytest.mark.parametrize(
    ("status", "is_told"), [("active", True), ("past_due", True), ("canceled", False)]
)
def test_of_a_subscription_that_is_over_no_dispute_is_told(learner, status, is_told):
    member = MembershipFactory()
    price = PriceFactory(offer=OfferFactory(membership=member))
    row = SubscriptionFactory(learner=learner, offer=price.offer, status=status)
    disputed(learner, price, subscription=row)
    found = notices.of_membership_dispute(learner, member)
    assert (found is not None) == is_told


@pytest.mark.parametrize(
    ("status", "told"), [("needs_response", GIFT_LOOKED_AT), ("lost", GIFT_TAKEN)]
)
def test_whoever_redeemed_a_gift_is_told_of_its_dispute(learner, status, told):
    given, instead = course(), course()
    order = disputed(UserFactory(), course_price(given), status=status, purpose="gift")
    gift = GiftFactory(order=order, redeemed_by=learner, redeemed_at=NOW)
    assert notices.of_dispute(learner, given) == Notice(told, "warn")
    assert notices.of_dispute(UserFactory(), given) is None
    assert notices.of_dispute(learner, instead) is None
    gift.course_instead = instead
    gift.save()
    assert notices.of_dispute(learner, instead) == Notice(told, "warn")


# --- a notice on a course that is to come --------------------------------------------------------


def in_advance(learner, price, **fields):
    usual = {"advance": "waiting", "starts_at": END}
    return OrderFactory(fulfilled=True, buyer=learner, price=price, **usual | fields)


def test_what_was_bought_in_advance_says_when_it_opens(learner):
    price = sold_in_advance()
    page = price.offer.course
    assert page
    in_advance(UserFactory(), price)
    in_advance(learner, sold_in_advance())
    in_advance(learner, price, status="refunded")
    in_advance(learner, price, advance="opened")
    assert notices.of_waiting(learner, page) is None
    order = in_advance(learner, price)
    assert notices.of_waiting(learner, page) == Notice(
        "Bought in advance. It opens on 23 December 2026; we write to you then.",
        "ok",
        SEE,
        reverse("order", args=[order.key]),
    )
    give_up(price)
    assert notices.of_waiting(learner, page) == Notice(
        "It was given up and will not come: “讲师病了” What you paid goes back.",
        "info",
        SEE,
        reverse("order", args=[order.key]),
    )


def test_what_was_redeemed_in_advance_says_when_it_opens(learner):
    batch = RedeemBatchFactory()
    shut = RedeemBatchFactory(course=batch.course, withdrawn_at=NOW)
    code = {"redeemed_by": learner, "redeemed_at": NOW, "starts_at": END, "is_waiting": True}
    RedeemCodeFactory(batch=batch, **code | {"redeemed_by": UserFactory()})
    RedeemCodeFactory(batch=batch, serial=2, **code, withdrawn_at=NOW)
    RedeemCodeFactory(batch=batch, serial=3, **code | {"is_waiting": False})
    RedeemCodeFactory(batch=RedeemBatchFactory(), **code)
    RedeemCodeFactory(batch=shut, **code)
    assert notices.of_waiting(learner, batch.course) is None
    RedeemCodeFactory(batch=batch, serial=4, **code)
    assert notices.of_waiting(learner, batch.course) == Notice(
        "Redeemed. It opens on 23 December 2026; we write to you then.", "ok"
    )
