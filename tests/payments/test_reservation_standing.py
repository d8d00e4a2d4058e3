"""What the buyer of a reservation reads of it, and can do, at each step."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from courses.models import MembershipCourse
from payments import reservation_standing
from payments.models import Order, Reservation
from tests.factories import UserFactory, course
from tests.payments.factories import (
    NOW,
    OrderFactory,
    ReservationFactory,
    course_price,
    membership_prices,
    sold_in_advance,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TODAY = date(2026, 11, 23)
Ending = Reservation.Ending


def reserved(opens=10, *, live=True, **fields):
    page = course(opens_on=None if opens is None else TODAY + opens * DAY, live=live)
    return ReservationFactory(order__price=sold_in_advance(page), **fields)


def read(row):
    found = reservation_standing.of_order(row.order, now=NOW)
    assert found
    may = [name for name in ("may_give_up", "must_pay", "may_begin") if getattr(found, name)]
    return found.sentence, may


def test_what_was_not_reserved_or_is_paid_has_no_standing():
    paid = ReservationFactory(order=OrderFactory(fulfilled=True))
    assert reservation_standing.of_order(OrderFactory(), now=NOW) is None
    assert reservation_standing.of_order(paid.order, now=NOW) is None


@pytest.mark.parametrize(
    ("opens", "live", "day", "words", "may"),
    [
        (10, True, 10, "已预订，12 月 3 日开课时扣 ¥99。", ["may_give_up"]),
        (
            None,
            True,
            5,
            "课程已经开放。¥99 在 11 月 28 日扣款，和邮件里说的一样。",
            ["may_give_up", "may_begin"],
        ),
        (0, True, 0, "已预订，11 月 23 日开课时扣 ¥99。", ["may_give_up"]),
        (0, False, 5, "已预订，11 月 28 日开课时扣 ¥99。", ["may_give_up"]),
    ],
)
def test_until_it_is_charged_its_buyer_reads_the_day(opens, live, day, words, may):
    assert read(reserved(opens, live=live, day=TODAY + day * DAY)) == (words, may)


def test_of_a_membership_the_day_alone_is_told():
    row = ReservationFactory(day=TODAY + DAY)
    assert read(row) == ("已预订，11 月 24 日开课时扣 ¥39。", ["may_give_up"])


def test_while_it_is_charged_nothing_can_be_done():
    assert read(reserved(0, charging_at=NOW)) == ("正在扣 ¥99。", [])


@pytest.mark.parametrize(
    ("asks", "words"),
    [
        (False, "你的卡被拒了。到 11 月 30 日为止付 ¥99，就能开始学。"),
        (
            True,
            "银行想确认是不是你本人。到 11 月 30 日为止付 ¥99 并向银行确认，就能开始学。",
        ),
    ],
)
def test_refused_it_can_be_paid_until_the_end_of_a_day(asks, words):
    midnight = datetime(2026, 11, 30, 16, tzinfo=UTC)
    row = reserved(0, refused=True, needs_action=asks, pay_until=midnight)
    assert read(row) == (words, ["may_give_up", "must_pay"])


@pytest.mark.parametrize(
    ("ending", "asks", "words"),
    [
        (Ending.GIVEN_UP, False, "你已取消预订，没有扣款。"),
        (Ending.CALLED_OFF, False, "这门课不开了，没有扣款。"),
        (Ending.LAPSED, False, "卡被拒，也没有按时付款。"),
        (Ending.LAPSED, True, "没有按时向银行确认。"),
        (Ending.NOT_NEEDED, False, "你已经有这门课，没有扣款。"),
    ],
)
def test_ended_it_says_why_and_nothing_can_be_done(ending, asks, words):
    row = reserved(ended_at=NOW, ending=ending, needs_action=asks, refused=ending == Ending.LAPSED)
    assert read(row) == (words, [])


# --- on the course's page ------------------------------------------------------------------------


def on_page(row, learner=None, page=None):
    learner, page = learner or row.order.buyer, page or row.order.price.offer.course
    notice = reservation_standing.notice(learner, page, now=NOW)
    bar = reservation_standing.in_bar(learner, page, now=NOW)
    return notice, bar


@pytest.mark.parametrize(
    ("opens", "fields", "kind", "label"),
    [
        (10, {}, "ok", "查看订单"),
        (None, {}, "ok", "立即支付"),
        (0, {"refused": True}, "warn", "立即支付"),
        (0, {"charging_at": NOW}, "ok", "查看订单"),
    ],
)
def test_its_course_shows_how_it_stands_in_the_place_of_buying(opens, fields, kind, label):
    row = reserved(opens, **fields)
    notice, bar = on_page(row)
    address = reverse("order", args=[row.order.key])
    assert (notice.sentence, notice.kind) == (read(row)[0], kind)
    assert (notice.label, notice.url) == (label, address)
    assert (bar.amount, bar.label, bar.url) == ("¥99", label, address)


def test_others_and_other_courses_show_nothing_of_it():
    row, other = reserved(), reserved()
    assert on_page(row, learner=UserFactory()) == (None, None)
    assert on_page(row, page=other.order.price.offer.course) == (None, None)
    Order.objects.filter(pk=row.order_id).update(status=Order.Status.EXPIRED)
    assert on_page(row) == (None, None)


def test_of_two_of_one_course_the_later_is_shown():
    first = reserved(refused=True)
    page, buyer = first.order.price.offer.course, first.order.buyer
    later = ReservationFactory(order__price=sold_in_advance(page), order__buyer=buyer)
    assert later.order.created_at == first.order.created_at
    notice, bar = on_page(first)
    assert notice.url == bar.url == reverse("order", args=[later.order.key])


def test_an_order_whose_reservation_is_lost_shows_nothing():
    row = reserved()
    row.delete()
    assert on_page(row) == (None, None)


# --- a payment on its way ------------------------------------------------------------------------


def test_a_payment_that_waits_for_its_confirmation_is_told_of_its_course(
    django_assert_num_queries,
):
    page, inside = course(), course()
    order = OrderFactory(price=course_price(page), is_confirming=True)
    order.contents.create(course=inside, position=0)
    learner = order.buyer
    address = reverse("order", args=[order.key])
    for each in (page, inside):
        with django_assert_num_queries(1):
            told = reservation_standing.notice(learner, each, now=NOW)
        assert told
        assert (told.sentence, told.kind) == ("你付的 ¥99 正在等待确认，不用再付一次。", "info")
        assert (told.label, told.url) == ("查看订单", address)
        bar = reservation_standing.in_bar(learner, each, now=NOW)
        assert bar == reservation_standing.InBar("¥99", "查看订单", address)
    for person, of in ((UserFactory(), page), (learner, course())):
        assert reservation_standing.in_bar(person, of, now=NOW) is None
        assert reservation_standing.notice(person, of, now=NOW) is None


def test_a_membership_that_waits_for_its_confirmation_is_told_of_its_courses():
    price = membership_prices()["term"]
    order = OrderFactory(price=price, is_confirming=True)
    inside, outside = course(), course()
    included = {"membership": price.offer.membership, "course": inside}
    MembershipCourse.objects.create(**included, added_at=NOW)
    told = reservation_standing.notice(order.buyer, inside, now=NOW)
    assert told
    assert told.url == reverse("order", args=[order.key])
    assert reservation_standing.notice(order.buyer, outside, now=NOW) is None


@pytest.mark.parametrize(
    "fields", [{"is_confirming": False}, {"status": "failed"}, {"purpose": "gift"}]
)
def test_what_nobody_paid_is_offered_as_ever(fields):
    page = course()
    order = OrderFactory(price=course_price(page), **{"is_confirming": True} | fields)
    assert reservation_standing.in_bar(order.buyer, page, now=NOW) is None
