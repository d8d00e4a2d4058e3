"""A card kept until a course opens, as rows: who reserves, which day it is charged, who is told
what, how it ends."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult

from accounts.models import DELETED, OutboxMessage
from courses.models import Grant
from operations import clock as site_clock
from operations.models import ParkedJob
from payments import reserving
from payments.models import Offer, Order, PresaleEnd, Reservation
from payments.sandbox.models import StripeObject
from tests.factories import UserFactory, course
from tests.payments.factories import (
    NOW,
    OrderFactory,
    ReservationFactory,
    planned_course,
    sold_in_advance,
)

pytestmark = pytest.mark.django_db
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
TODAY = date(2026, 11, 23)
Ending, Status = Reservation.Ending, Order.Status


def midnight(days):
    """Of the day so many after today, in Shanghai."""
    return datetime(2026, 11, 22, 16, tzinfo=UTC) + days * DAY


def opening(days, **fields):
    """A course that opens so many days after today; None: it is open."""
    return course(opens_on=None if days is None else TODAY + days * DAY, **fields)


def kept_until_release(page):
    price = sold_in_advance(page)
    Offer.objects.filter(pk=price.offer_id).update(presale=Offer.Presale.AT_RELEASE)
    price.offer.refresh_from_db()
    return price


def reserved(page=None, *, day=10, noticed=None, price=None, **fields):
    """Its buyer was told of the day so many after today."""
    if buyer := fields.pop("buyer", None):
        fields["order__buyer"] = buyer
    return ReservationFactory(
        order__price=price or sold_in_advance(page),
        day=TODAY + day * DAY,
        noticed_day=None if noticed is None else TODAY + noticed * DAY,
        **fields,
    )


def called_off(offer, reason="讲师病了"):
    return PresaleEnd.objects.create(
        offer=offer, reason=reason, decided_by=UserFactory(), decided_at=NOW
    )


def gives(learner, page):
    Grant.objects.create(
        learner=learner, course=page, source_kind="gift", source_id="g", starts_at=NOW
    )


def mails():
    return sorted(OutboxMessage.objects.values_list("key", flat=True))


def let_go():
    """The orders whose cards are to be let go."""
    jobs = DBTaskResult.objects.filter(task_path="payments.reserving.let_card_go")
    return sorted(job.args_kwargs["kwargs"]["order"] for job in jobs)


def standing(reservation):
    reservation.refresh_from_db()
    order = Order.objects.get(pk=reservation.order_id)
    return order.status, reservation.ended_at, reservation.ending


def days(reservation):
    """Charged, noticed: so many days after today."""
    reservation.refresh_from_db()
    return tuple(
        None if day is None else (day - TODAY).days
        for day in (reservation.day, reservation.noticed_day)
    )


STANDS = (Status.RESERVED, None, "")


# --- reserving -----------------------------------------------------------------------------------


def test_a_card_is_kept_only_for_what_is_charged_at_its_release_and_before_it():
    planned, at_once = kept_until_release(opening(1)), sold_in_advance(opening(1))
    open_now = kept_until_release(opening(0))
    found = [reserving.reserves(price, now=NOW) for price in (planned, at_once, open_now)]
    assert found == [True, False, False]


def session(**fields):
    """As fetched, with the card that was kept."""
    card = {"id": "pm_1", "customer": "cus_1"}
    return {"id": "cs_kept", "customer": "cus_1", "setup_intent": {"payment_method": card}} | fields


def keep(order, **fields):
    reserving.keep(order_id=order.pk, session=session(**fields), now=NOW)
    order.refresh_from_db()
    return order


@pytest.mark.parametrize("card", ["pm_1", {"id": "pm_1", "customer": "cus_1"}])
def test_what_is_kept_stands_with_its_day_and_its_buyer_is_told(card):
    order = OrderFactory(price=sold_in_advance(opening(10)))
    keep(order, setup_intent={"payment_method": card}, customer={"id": "cus_1"})
    assert (order.status, order.session_id) == (Status.RESERVED, "cs_kept")
    row = Reservation.objects.get()
    assert (row.order, row.customer_id, row.payment_method_id) == (order, "cus_1", "pm_1")
    assert (row.reserved_at, row.day) == (NOW, TODAY + 10 * DAY)
    assert (row.noticed_day, row.ended_at, row.ending) == (None, None, "")
    assert mails() == [f"reserved-{order.pk}"]
    assert let_go() == []
    Reservation.objects.update(day=TODAY)
    keep(order, id="cs_again")
    assert (order.session_id, Reservation.objects.get().day) == ("cs_kept", TODAY)


def test_what_others_did_or_is_over_hinders_no_reservation():
    page = opening(10)
    order = OrderFactory(price=kept_until_release(page))
    reserved(page)
    reserved(opening(10), buyer=order.buyer)
    reserved(page, buyer=order.buyer, refused=True)
    gives(UserFactory(), page)
    called_off(sold_in_advance(page).offer)
    assert keep(order).status == Status.RESERVED
    assert mails() == [f"reserved-{order.pk}"]


@pytest.mark.parametrize(
    ("why", "ending"),
    [
        ("card", Ending.GIVEN_UP),
        ("other", Ending.NOT_NEEDED),
        ("gift", Ending.NOT_NEEDED),
        ("offer", Ending.CALLED_OFF),
        ("deleted", Ending.CALLED_OFF),
    ],
)
def test_what_cannot_stand_ends_at_once_in_silence(why, ending):
    page = opening(10)
    order = OrderFactory(price=kept_until_release(page))
    card = {"id": "pm_1", "customer": None if why == "card" else "cus_1"}
    if why == "other":
        reserved(page, buyer=order.buyer)
    if why == "gift":
        gives(order.buyer, page)
    if why == "offer":
        called_off(order.price.offer)
    if why == "deleted":
        order.buyer.email = f"gone{DELETED}"
        order.buyer.save()
    keep(order, setup_intent={"payment_method": card})
    assert order.session_id != "cs_kept"
    assert standing(order.reservation) == (Status.EXPIRED, NOW, ending)
    assert mails() == []
    assert let_go() == [order.pk]


def test_what_is_paid_or_no_course_is_not_reserved():
    paid = OrderFactory(price=sold_in_advance(opening(10)), fulfilled=True)
    membership = OrderFactory()
    assert [keep(order).status for order in (paid, membership)] == [Status.FULFILLED, Status.OPEN]
    assert not Reservation.objects.exists()
    assert let_go() == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-hans", "今天不扣款。12 月 3 日开课时扣 ¥99。"),
        (
            "en",
            "Nothing is charged today. CN¥99 is charged when the course opens, on 3 December.",
        ),
    ],
)
def test_stripes_page_says_in_the_orders_language_what_is_charged_when(language, words):
    order = OrderFactory(price=sold_in_advance(opening(10)), language=language)
    assert reserving.words_at_stripe(order, now=NOW) == words


# --- which day -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opens", "told", "charged"),
    [
        (20, 10, 20),  # later than one was told
        (3, 10, 5),  # sooner: five days after one is told
        (3, 4, 4),  # sooner, but one knows of that day
        (7, 10, 7),
        (None, 10, 5),
        (None, -1, 0),
    ],
)
def test_it_is_charged_on_its_courses_day_but_not_sooner_than_one_was_told(opens, told, charged):
    row = reserved(opening(opens), day=told)
    found = reserving.day_of_charge(row, row.order.price.offer.course, now=NOW)
    assert (found - TODAY).days == charged


@pytest.mark.parametrize(
    ("opens", "told", "after", "news"),
    [
        (20, (20, None), (20, None), []),
        (20, (10, None), (20, None), ["moved"]),
        (3, (3, None), (3, 3), ["notice"]),
        (3, (3, 3), (3, 3), []),
        (3, (3, 1), (3, 3), ["notice"]),
        (3, (10, 3), (5, 5), ["sooner"]),
        (3, (10, None), (5, 5), ["sooner"]),
        (3, (4, None), (4, 4), ["notice"]),
        (3, (4, 4), (4, 4), []),
        (5, (2, 2), (5, 5), ["moved"]),
        (None, (10, None), (5, 5), ["sooner"]),
        (None, (6, 6), (5, 5), ["sooner"]),
        (None, (5, None), (5, None), []),
    ],
)
def test_who_reserved_is_told_once_of_a_day_that_moved_and_of_the_charge(opens, told, after, news):
    row = reserved(opening(opens), day=told[0], noticed=told[1])
    for _ in range(2):
        reserving.follow_all(now=NOW)
        assert days(row) == after
        day = f"{TODAY + after[0] * DAY:%Y%m%d}"
        assert mails() == [f"reservation-{each}-{row.order_id}-{day}" for each in news]


def test_the_notice_comes_five_days_before_to_the_second():
    row = reserved(opening(10))
    reserving.follow_all(now=midnight(5) - SECOND)
    assert mails() == []
    reserving.follow_all(now=midnight(5))
    assert mails() == [f"reservation-notice-{row.order_id}-20261203"]
    assert days(row) == (10, 10)


def test_opened_sooner_its_buyer_reads_both_days():
    row = reserved(opening(3))
    reserving.follow_all(now=NOW)
    words = OutboxMessage.objects.get(key__startswith="reservation-sooner").text
    assert "11 月 26 日" in words
    assert "11 月 28 日" in words
    assert days(row) == (5, 5)


def test_nobody_is_told_of_what_is_charged_refused_over_or_not_published():
    moved = opening(20)
    rows = [
        reserved(moved, charging_at=NOW),
        reserved(moved, refused=True),
        reserved(opening(None, live=False)),
        reserved(opening(0, live=False)),
    ]
    over = reserved(moved, ended_at=NOW, ending=Ending.GIVEN_UP)
    Order.objects.filter(pk=over.order_id).update(status=Status.EXPIRED)
    reserving.follow_all(now=NOW)
    assert mails() == []
    assert [days(row) for row in [*rows, over]] == [(10, None)] * 5


def test_what_is_told_already_costs_nothing_each_round():
    here, there = (sold_in_advance(opening(each)) for each in (10, 12))
    ended = sold_in_advance(opening(10))
    called_off(ended.offer)
    asked = []
    for _ in range(2):
        for _ in range(2):
            opening(None)
            called_off(sold_in_advance(opening(10)).offer)
            reserved(price=here, day=10)
            reserved(price=there, day=12)
            reserved(price=ended, day=10, charging_at=NOW)
        with CaptureQueriesContext(connection) as found:
            reserving.follow_all(now=NOW)
        asked.append(len(found))
    assert asked[0] == asked[1]
    assert mails() == []


# --- how it ends ---------------------------------------------------------------------------------


@pytest.mark.parametrize("refused", [False, True])
def test_its_buyer_gives_it_up_before_it_is_charged_or_after_it_was_refused(refused):
    row, another = reserved(opening(10), refused=refused), reserved(opening(10))
    reserving.give_up(order=row.order, now=NOW + HOUR)
    assert standing(row) == (Status.EXPIRED, NOW + HOUR, Ending.GIVEN_UP)
    assert standing(another) == STANDS
    assert let_go() == [row.order_id]
    assert mails() == []
    with pytest.raises(reserving.TooLate):
        reserving.give_up(order=row.order, now=NOW)


def test_what_is_being_charged_or_was_paid_is_not_given_up():
    charging = reserved(opening(10), charging_at=NOW)
    paid = reserved(opening(10))
    Order.objects.filter(pk=paid.order_id).update(
        status=Status.FULFILLED, paid_at=NOW, fulfilled_at=NOW
    )
    for row in (charging, paid):
        with pytest.raises(reserving.TooLate):
            reserving.give_up(order=row.order, now=NOW)
        assert standing(row)[1:] == (None, "")
    assert let_go() == []


def test_called_off_all_that_is_not_begun_ends_with_the_reason():
    page = opening(10)
    price, other = sold_in_advance(page), sold_in_advance(page)
    ended = [reserved(page, price=price) for _ in range(2)]
    stand = [
        reserved(page, price=other),
        reserved(page, price=price, charging_at=NOW),
        reserved(page, price=price, refused=True),
    ]
    called_off(price.offer)
    for _ in range(2):
        reserving.follow_all(now=NOW)
        over = (Status.EXPIRED, NOW, Ending.CALLED_OFF)
        assert [standing(row) for row in ended] == [over, over]
        assert [standing(row) for row in stand] == [STANDS] * 3
        assert mails() == sorted(f"reservation-called-off-{row.order_id}" for row in ended)
        assert let_go() == sorted(row.order_id for row in ended)
    assert all("讲师病了" in mail.text for mail in OutboxMessage.objects.all())


def test_refused_and_not_paid_in_time_it_lapses_to_the_second():
    row, fresh = reserved(opening(0), refused=True), reserved(opening(0), day=0, noticed=0)
    later = reserved(opening(0), refused=True, pay_until=NOW + 8 * DAY)
    paid = reserved(opening(0), refused=True)
    Order.objects.filter(pk=paid.order_id).update(
        status=Status.FULFILLED, paid_at=NOW, fulfilled_at=NOW
    )
    reserving.follow_all(now=NOW + 7 * DAY - SECOND)
    assert standing(row) == STANDS
    for _ in range(2):
        reserving.follow_all(now=NOW + 7 * DAY)
        assert standing(row) == (Status.EXPIRED, NOW + 7 * DAY, Ending.LAPSED)
        assert mails() == [f"reservation-lapsed-{row.order_id}"]
        assert let_go() == [row.order_id]
        assert [standing(each) for each in (fresh, later)] == [STANDS, STANDS]
        assert standing(paid) == (Status.FULFILLED, None, "")


# --- the charge ----------------------------------------------------------------------------------


def begin(row, *, at_once=False, now=NOW):
    found = reserving.begin_charge(order_id=row.order_id, at_once=at_once, now=now)
    row.refresh_from_db()
    return found


@pytest.mark.parametrize(("day", "at_once"), [(0, False), (-1, False), (1, True)])
def test_on_the_day_of_which_its_buyer_was_told_it_is_claimed_once(day, at_once):
    page = opening(0)
    row = reserved(page, day=day)
    gives(UserFactory(), page)
    called_off(sold_in_advance(page).offer)
    assert begin(row, at_once=at_once) == (row.order, False)
    assert row.charging_at == NOW
    assert begin(row, now=NOW + HOUR) == (row.order, True)
    assert row.charging_at == NOW


def test_what_was_begun_goes_on_though_its_day_moved():
    row = reserved(opening(20), charging_at=NOW - DAY)
    assert begin(row) == (row.order, True)
    assert row.charging_at == NOW - DAY


@pytest.mark.parametrize("at_once", [False, True])
def test_nothing_is_charged_before_it_opens_after_it_ended_or_once_it_was_refused(at_once):
    absent, planned = opening(0, live=False), opening(1)
    ended = sold_in_advance(opening(0))
    called_off(ended.offer)
    over = reserved(opening(0), day=0)
    Order.objects.filter(pk=over.order_id).update(status=Status.EXPIRED)
    rows = [
        over,
        reserved(absent, day=0),
        reserved(planned, day=0),
        reserved(price=ended, day=0),
        ReservationFactory(day=TODAY),  # of a membership
    ]
    refused = reserved(opening(0), day=0, refused=True)
    if not at_once:
        rows.append(reserved(opening(0), day=1))
    assert [begin(row, at_once=at_once) for row in [*rows, refused]] == [None] * (len(rows) + 1)
    assert [row.charging_at for row in rows] == [None] * len(rows)
    assert [row.ended_at for row in rows] == [None] * len(rows)


def test_whoever_has_it_meanwhile_is_not_charged():
    page = opening(0)
    row = reserved(page, day=0)
    gives(row.order.buyer, page)
    assert begin(row) is None
    assert standing(row) == (Status.EXPIRED, NOW, Ending.NOT_NEEDED)
    assert row.charging_at is None
    assert let_go() == [row.order_id]


@pytest.mark.parametrize("needs_action", [False, True])
def test_refused_its_buyer_may_pay_for_a_week_and_is_told_once(needs_action):
    row = reserved(opening(0), day=0, charging_at=NOW)
    for hours in range(2):
        reserving.refused(
            order_id=row.order_id, needs_action=needs_action ^ bool(hours), now=NOW + hours * HOUR
        )
        row.refresh_from_db()
        found = (row.refused_at, row.needs_action, row.pay_until)
        assert found == (NOW, needs_action, NOW + 7 * DAY)
    assert mails() == [f"reservation-refused-{row.order_id}"]


def test_news_of_a_refusal_after_its_end_changes_nothing():
    row = reserved(opening(0), charging_at=NOW)
    Order.objects.filter(pk=row.order_id).update(status=Status.EXPIRED)
    reserving.refused(order_id=row.order_id, needs_action=True, now=NOW)
    row.refresh_from_db()
    assert (row.refused_at, row.needs_action, row.pay_until) == (None, False, None)
    assert mails() == []


def test_the_card_of_what_ended_is_let_go_and_no_other(shop, run_jobs):
    price = kept_until_release(planned_course(days=10))
    orders = []
    for _ in range(2):
        orders.append(shop.begin(UserFactory(), price))
        shop.pay(orders[-1])
    shop.deliver()
    row, other = (Reservation.objects.get(order=order) for order in orders)
    reserving.give_up(order=row.order, now=site_clock.now())
    run_jobs()
    reserving.let_card_go.enqueue(order=row.order_id)  # again
    run_jobs()
    kept = [
        StripeObject.objects.get(stripe_id=each.payment_method_id).data["customer"]
        for each in (row, other)
    ]
    assert kept == [None, other.customer_id]
    assert not ParkedJob.objects.exists()
    assert DBTaskResult.objects.exclude(status="SUCCESSFUL").count() == 0
