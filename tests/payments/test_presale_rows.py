"""What was paid in advance, as rows: which orders and codes follow their course, which money goes
back, whom it concerns and whom it does not."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_tasks_db.models import DBTaskResult
from wagtail.models import ModelLogEntry

from accounts.models import OutboxMessage
from courses.models import Grant
from payments import gateway, presale
from payments.models import Offer, Order, PresaleEnd, RedeemCode, RefundRequest, Reservation
from payments.sandbox import faults
from tests.factories import UserFactory, course
from tests.payments.factories import (
    NOW,
    OrderFactory,
    RedeemBatchFactory,
    RedeemCodeFactory,
    RefundFactory,
    ReservationFactory,
    course_price,
    sold_in_advance,
)

pytestmark = pytest.mark.django_db
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
TODAY = date(2026, 11, 23)
WAITING, OPENED = Order.Advance.WAITING, Order.Advance.OPENED
State = RefundRequest.Status


def midnight(days):
    """Of the day so many after today, in Shanghai."""
    return datetime(2026, 11, 22, 16, tzinfo=UTC) + days * DAY


def opening(days, **fields):
    """A course that opens so many days after today."""
    return course(opens_on=None if days is None else TODAY + days * DAY, **fields)


def waiting(price, **fields):
    """Paid, and waiting for its course's day."""
    fields = {"advance": WAITING, "starts_at": midnight(10)} | fields
    return OrderFactory(price=price, fulfilled=True, **fields)


def waiting_code(page, **fields):
    fields = {"is_waiting": True, "starts_at": midnight(10)} | fields
    batch = RedeemBatchFactory(course=page)
    return RedeemCodeFactory(batch=batch, redeemed_by=UserFactory(), redeemed_at=NOW, **fields)


def ended(price, *, at=NOW, reason="讲师病了"):
    Offer.objects.filter(pk=price.offer_id).update(presale="", is_active=False)
    return PresaleEnd.objects.create(
        offer=price.offer, reason=reason, decided_by=UserFactory(), decided_at=at
    )


def mails():
    return sorted(OutboxMessage.objects.values_list("key", flat=True))


def states(orders):
    for order in orders:
        order.refresh_from_db()
    return [(order.advance, order.starts_at) for order in orders]


def follow(now=NOW):
    presale.follow_all(now=now)


def queries_of(act):
    with CaptureQueriesContext(
        connection,
    ) as asked:
        act()
    return len(asked)


# --- what waits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "found"), [(None, ("", None)), (0, ("", None)), (1, (WAITING, midnight(1)))]
)
def test_what_is_paid_before_its_day_waits_for_that_day(days, found):
    order = OrderFactory(price=course_price(opening(days)))
    presale.begin_waiting(order, now=NOW)
    assert (order.advance, order.starts_at) == found


def test_a_membership_waits_for_nothing():
    order = OrderFactory()
    presale.begin_waiting(order, now=NOW)
    assert (order.advance, order.starts_at) == ("", None)


def test_an_order_was_given_up_if_that_was_decided_since_it_was_made():
    price = sold_in_advance(opening(10))
    ended(sold_in_advance(opening(10)), at=NOW + HOUR)
    before, meanwhile, after = (
        OrderFactory(price=price, buyer=UserFactory(), created_at=NOW + at)
        for at in (-SECOND, timedelta(), SECOND)
    )
    assert presale.end_of(before) is None
    end = ended(price)
    found = [presale.end_of(order) for order in (before, meanwhile, after)]
    assert found == [end, end, None]


# --- following the course ------------------------------------------------------------------------


def test_each_order_comes_to_where_its_course_is_and_those_that_open_are_told():
    early, due, moved, unmoved = opening(None), opening(0), opening(20), opening(10)
    absent = opening(0, live=False)
    opens_early = waiting(sold_in_advance(early))
    opens_late = waiting(sold_in_advance(due), starts_at=midnight(-2))
    both = [opens_early, opens_late]
    follows, stays = waiting(sold_in_advance(moved)), waiting(sold_in_advance(unmoved))
    shut = waiting(sold_in_advance(absent), starts_at=midnight(0))
    given_up = sold_in_advance(opening(None))
    end = ended(given_up)
    called_off = waiting(given_up)
    back = waiting(course_price(due), status=Order.Status.REFUNDED)
    open_before = waiting(course_price(due), advance=OPENED, starts_at=midnight(-5))
    bought_open = waiting(course_price(due), advance="", starts_at=None)
    for _ in range(2):
        follow()
        assert states(
            [*both, follows, stays, shut, called_off, back, open_before, bought_open]
        ) == [
            (OPENED, NOW),
            (OPENED, midnight(-2)),
            (WAITING, midnight(20)),
            (WAITING, midnight(10)),
            (WAITING, midnight(0)),
            (WAITING, midnight(10)),
            (WAITING, midnight(10)),
            (OPENED, midnight(-5)),
            ("", None),
        ]
        told = [f"presale-opened-{order.pk}" for order in both]
        assert mails() == sorted([*told, f"presale-given-up-{called_off.pk}"])
        granted = Grant.objects.order_by("starts_at").values_list("learner", "course", "starts_at")
        assert list(granted) == [
            (opens_late.buyer_id, due.pk, midnight(-2)),
            (opens_early.buyer_id, early.pk, NOW),
            (follows.buyer_id, moved.pk, midnight(20)),
        ]
        assert RefundRequest.objects.get().order == called_off
    assert end.offer.presale_end == end


def test_it_opens_at_the_first_second_of_its_day():
    order = waiting(sold_in_advance(opening(10)))
    follow(midnight(10) - SECOND)
    assert states([order]) == [(WAITING, midnight(10))]
    follow(midnight(10))
    assert states([order]) == [(OPENED, midnight(10))]


def test_what_goes_back_just_now_is_not_told_that_it_is_open():
    price = sold_in_advance(opening(None))
    back, stays = waiting(price), waiting(price)
    RefundFactory(order=back)
    follow()
    assert states([back, stays]) == [(OPENED, NOW), (OPENED, NOW)]
    assert back.status == Order.Status.REFUNDED
    assert mails() == [f"presale-opened-{stays.pk}"]


@pytest.mark.parametrize("advance", ["", OPENED])
def test_what_does_not_wait_does_not_follow(advance):
    order = waiting(course_price(opening(20)), advance=advance, starts_at=NOW)
    presale.follow(order_id=order.pk, now=NOW)
    assert states([order]) == [(advance, NOW)]
    assert not Grant.objects.exists()
    assert mails() == []


def test_what_stands_where_it_belongs_costs_nothing_each_round():
    unmoved, absent = sold_in_advance(opening(10)), sold_in_advance(opening(0, live=False))
    given_up = sold_in_advance(opening(10))
    asked: list[int] = []
    end = ended(given_up)
    for _ in range(2):
        for _ in range(2):
            waiting(unmoved)
            waiting_code(unmoved.offer.course)
            waiting_code(unmoved.offer.course, is_waiting=False)
            waiting_code(opening(10), is_waiting=False)
            ended(sold_in_advance(opening(10)))
            back = waiting(given_up)
            RefundRequest.objects.create(order=back, created_at=NOW, status=State.APPROVED)
        if not asked:
            waiting(absent)
            waiting_code(absent.offer.course)
        asked.append(queries_of(follow))
    assert asked[0] == asked[1]
    assert end.decided_at == NOW


def test_codes_follow_their_course_too():
    early, due, moved, unmoved = opening(None), opening(0), opening(20), opening(10)
    absent = opening(0, live=False)
    opens_early = waiting_code(early)
    opens_late = waiting_code(due, starts_at=midnight(-2))
    follows, stays = waiting_code(moved), waiting_code(unmoved)
    shut, withdrawn = waiting_code(absent), waiting_code(early, withdrawn_at=NOW)
    open_before = waiting_code(due, is_waiting=False, starts_at=midnight(-5))
    codes = [opens_early, opens_late, follows, stays, shut, withdrawn, open_before]
    for _ in range(2):
        follow()
        for code in codes:
            code.refresh_from_db()
        assert [(code.is_waiting, code.starts_at) for code in codes] == [
            (False, NOW),
            (False, midnight(-2)),
            (True, midnight(20)),
            (True, midnight(10)),
            (True, midnight(10)),
            (False, NOW),
            (False, midnight(-5)),
        ]
        assert mails() == sorted(f"redeemed-opened-{code.pk}" for code in codes[:2])
        granted = Grant.objects.order_by("starts_at", "pk")
        assert list(granted.values_list("learner", "course", "starts_at", "withdrawn_at")) == [
            (opens_late.redeemed_by_id, due.pk, midnight(-2), None),
            (opens_early.redeemed_by_id, early.pk, NOW, None),
            (withdrawn.redeemed_by_id, early.pk, NOW, NOW),
            (follows.redeemed_by_id, moved.pk, midnight(20), None),
        ]


def test_a_code_opens_at_the_first_second_of_its_day():
    code = waiting_code(opening(10))
    follow(midnight(10) - SECOND)
    assert RedeemCode.objects.get(is_waiting=True) == code
    follow(midnight(10))
    assert RedeemCode.objects.get(is_waiting=False).starts_at == midnight(10)


# --- giving up -----------------------------------------------------------------------------------


def give_up(price, reason="讲师病了", now=NOW):
    actor = UserFactory()
    return presale.give_up(offer=price.offer, reason=reason, actor=actor, now=now)


def test_giving_up_ends_this_offer_alone_and_is_written_down():
    price, other = sold_in_advance(opening(10)), sold_in_advance(opening(10))
    end = give_up(price, reason="病" * 301)
    offers = Offer.objects.order_by("pk").values_list("pk", "is_active", "presale")
    assert list(offers) == [(price.offer_id, False, ""), (other.offer_id, True, "at_once")]
    found = PresaleEnd.objects.get()
    assert (found, found.offer, found.reason) == (end, price.offer, "病" * 300)
    assert found.decided_at == NOW
    entry = ModelLogEntry.objects.get(action="payments.give_up")
    assert (entry.user, entry.object_id) == (found.decided_by, str(price.offer_id))
    assert [each.task_path for each in DBTaskResult.objects.all()] == ["payments.presale.carry_on"]
    with pytest.raises(presale.NotInAdvance):
        give_up(price)
    assert PresaleEnd.objects.count() == 1


def test_what_was_paid_or_reserved_ends_by_a_job(run_jobs):
    price = sold_in_advance(opening(10))
    order, kept = waiting(price), ReservationFactory(order__price=price)
    give_up(price)
    run_jobs()
    kept.refresh_from_db()
    assert kept.ending == Reservation.Ending.CALLED_OFF
    assert RefundRequest.objects.get().order == order


def test_there_is_something_to_give_up_while_it_is_sold_or_somebody_waits():
    page = opening(10)
    sold, paid, kept, nothing = (
        sold_in_advance(page),
        course_price(page),
        course_price(page),
        course_price(page),
    )
    waiting(paid)
    waiting(nothing, advance=OPENED)
    waiting(nothing, status=Order.Status.REFUNDED)
    ReservationFactory(order__price=kept)
    ReservationFactory(order__price=nothing, charging_at=NOW)
    ended(sold_in_advance(page))
    offers = [price.offer for price in (sold, paid, kept, nothing)]
    assert [presale.is_under_way(offer) for offer in offers] == [True, True, True, False]
    for offer in offers:
        PresaleEnd.objects.create(offer=offer, reason="x", decided_by=UserFactory(), decided_at=NOW)
    assert not any(presale.is_under_way(offer) for offer in offers)


def test_all_that_waits_goes_back_but_not_what_was_decided_otherwise():
    price, other = sold_in_advance(opening(10)), sold_in_advance(opening(10))
    elsewhere = waiting(other)
    plain, asked = waiting(price), waiting(price)
    orders = {"plain": plain, "asked": asked}
    RefundRequest.objects.create(order=asked, created_at=NOW - DAY, note="不想等")
    for name, status, decided_at in (
        ("approved", State.APPROVED, NOW - DAY),
        ("proposed", State.PROPOSED, NOW - DAY),
        ("declined before", State.DECLINED, NOW - SECOND),
        ("declined with it", State.DECLINED, NOW),
        ("declined since", State.DECLINED, NOW + SECOND),
    ):
        orders[name] = waiting(price)
        RefundRequest.objects.create(
            order=orders[name],
            created_at=NOW - DAY,
            status=status,
            decided_by=UserFactory(),
            needs_second=status == State.PROPOSED,
            **{"declined_at" if status == State.DECLINED else "decided_at": decided_at},
        )
    empty = waiting(price)
    RefundFactory(order=empty, payment_intent_id=empty.payment_intent_id)
    in_part = waiting(price)
    RefundFactory(order=in_part, payment_intent_id=in_part.payment_intent_id, amount=1900)
    end = ended(price)
    for _ in range(2):
        follow(NOW + HOUR)
        decided = RefundRequest.objects.filter(decided_at=NOW + HOUR).order_by("order")
        found = decided.values_list("order", "amount", "reason", "decided_by", "status")
        whole = (9900, "讲师病了", end.decided_by_id, State.APPROVED)
        assert list(found) == [
            (plain.pk, *whole),
            (asked.pk, *whole),
            (orders["declined before"].pk, *whole),
            (in_part.pk, 8000, *whole[1:]),
        ]
        told = [plain, asked, orders["declined before"], in_part]
        assert mails() == sorted(f"presale-given-up-{order.pk}" for order in told)
    assert RefundRequest.objects.count() == 9
    assert not elsewhere.refund_requests.exists()
    assert not empty.refund_requests.exists()
    words = OutboxMessage.objects.get(key=f"presale-given-up-{in_part.pk}").text
    assert "¥80" in words
    assert "讲师病了" in words


# --- pages at Stripe -----------------------------------------------------------------------------


def is_open_at_stripe(order):
    return gateway.retrieve_session(str(order.session_id))["status"] == "open"


def test_only_pages_begun_before_it_was_given_up_are_closed(shop):
    now = presale.clock.now()
    price, other = (sold_in_advance(days=10) for _ in range(2))
    first, last, elsewhere, failed, strange = (
        shop.begin(UserFactory(), each) for each in (price, price, other, price, price)
    )
    never = OrderFactory(price=price, session_id=None, created_at=now + HOUR)
    Order.objects.filter(pk=failed.pk).update(status=Order.Status.FAILED)
    Order.objects.filter(pk=strange.pk).update(account="acct_other")
    gateway.expire_session(str(last.session_id))
    end = ended(price, at=first.created_at - SECOND)
    follow(now)
    assert is_open_at_stripe(first)  # begun after it was decided
    PresaleEnd.objects.filter(pk=end.pk).update(decided_at=never.created_at)
    faults.plan("server_error", times=9, match="POST /v1/checkout/sessions/None")
    follow(now)
    pages = [is_open_at_stripe(each) for each in (first, elsewhere, failed, strange)]
    assert pages == [False, True, True, True]


def test_a_page_begun_at_the_second_of_the_decision_is_closed_and_a_round_without_stripe_waits(
    shop,
):
    price = sold_in_advance(days=10)
    order = shop.begin(UserFactory(), price)
    ended(price, at=order.created_at)
    faults.plan("server_error", times=9, match="POST /v1/checkout/sessions/")
    follow(presale.clock.now())
    faults.clear()
    assert is_open_at_stripe(order)
    follow(presale.clock.now())
    assert not is_open_at_stripe(order)


def test_without_stripe_nothing_is_asked_of_it(settings):
    settings.STRIPE_SANDBOX, settings.STRIPE_SECRET_KEY = False, ""
    price = sold_in_advance(opening(None))
    order = waiting(price)
    follow()
    assert states([order]) == [(OPENED, NOW)]
