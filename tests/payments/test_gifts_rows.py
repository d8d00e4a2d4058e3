"""A gift from its payment to its end, as rows: when it is sent, to whom, until when it is claimed,
what is said and what is forgotten."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from wagtail.models import ModelLogEntry

from accounts.models import OutboxMessage
from operations import clock as site_clock
from pages import dates
from payments import codes, gifts, redeeming, refund_requests
from payments.models import Gift, Order, RefundRequest
from tests.factories import UserFactory, course
from tests.payments.factories import (
    NOW,
    GiftFactory,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    course_price,
)
from tests.payments.test_gifts import order_form
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
TODAY = date(2026, 11, 23)
FRIEND = "friend@example.com"
UNPAID = {"digest": None, "claimable_until": None, "minted": 0}


def midnight(days):
    """When the day before the one so many after today is over, in Shanghai."""
    return datetime(2026, 11, 22, 16, tzinfo=UTC) + days * DAY


def gift_row(**fields):
    fields = {"order__price": course_price(course()), "claimable_until": NOW + 90 * DAY} | fields
    return GiftFactory(**fields)


def redeemed(**fields):
    return gift_row(redeemed_by=UserFactory(), redeemed_at=NOW, **fields)


def mails():
    return sorted(OutboxMessage.objects.values_list("key", "to"))


# --- paid ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "send_at", "sent", "until"),
    [
        ({}, None, False, 366),
        ({"send_on": TODAY + 20 * DAY}, None, False, 366),
        ({"to_email": FRIEND}, NOW, True, 366),
        ({"to_email": FRIEND, "send_on": TODAY}, NOW, True, 366),
        ({"to_email": FRIEND, "send_on": TODAY - DAY}, NOW, True, 366),
        (
            {"to_email": FRIEND, "send_on": TODAY + 20 * DAY},
            datetime(2026, 12, 13, 1, tzinfo=UTC),
            False,
            386,
        ),
    ],
)
def test_paid_it_has_a_code_for_a_year_and_is_sent_on_its_day(fields, send_at, sent, until):
    gift, other = gift_row(**UNPAID, **fields), gift_row(**UNPAID)
    gifts.bought(gift.order, now=NOW)
    gift.refresh_from_db()
    other.refresh_from_db()
    assert (gift.minted, gift.digest) == (1, codes.digest(codes.derive(gift.key, 1)))
    assert (gift.send_at, gift.sent_at) == (send_at, NOW if sent else None)
    assert gift.claimable_until == midnight(until)
    told = [(f"gift-bought-{gift.pk}", gift.order.buyer.email)]
    assert mails() == sorted(told + [(f"gift-{gift.pk}-1", FRIEND)] * sent)
    assert (other.minted, other.digest) == (0, None)


def test_paid_but_lost_it_is_made_again():
    order = OrderFactory(price=course_price(course()), fulfilled=True, purpose="gift")
    gift_row()
    gifts.bought(order, now=NOW)
    assert order.gift.minted == 1
    assert codes.shown(gifts.code_of(order.gift)) in OutboxMessage.objects.get().text


def test_the_code_that_holds_is_the_last_one_made_if_there_is_one():
    gift = gift_row(minted=3)
    assert gifts.code_of(gift) == codes.derive(gift.key, 3)
    assert gifts.code_of(gift_row(**UNPAID)) == ""


@pytest.mark.parametrize(("days", "refused"), [(-1, True), (0, False), (365, False), (366, True)])
def test_a_day_to_send_it_lies_within_a_year(db, days, refused):
    price, client = course_price(course(lessons=1)), signed_in(UserFactory())
    today = dates.last_day(site_clock.now() + SECOND)
    form = order_form(client, price, send_on=f"{today + days * DAY:%Y-%m-%d}")
    client.post(reverse("give", args=[price.offer.key]), form)
    assert Order.objects.exists() is not refused


# --- still open ----------------------------------------------------------------------------------


def not_open():
    """Redeemed, taken back, given up, not paid, over."""
    return [
        redeemed(),
        gift_row(taken_back_at=NOW),
        gift_row(withdrawn_at=NOW),
        gift_row(**UNPAID),
        gift_row(claimable_until=NOW),
    ]


def test_what_is_over_is_neither_sent_again_nor_taken_back():
    for gift in not_open():
        with pytest.raises(gifts.NotOpen):
            gifts.send_again(gift, to_email=FRIEND, now=NOW)
        with pytest.raises(gifts.NotOpen):
            gifts.take_back(gift, actor=gift.order.buyer, reason="x", now=NOW)
    assert mails() == []
    assert not RefundRequest.objects.exists()
    assert not ModelLogEntry.objects.exists()


def test_it_may_be_claimed_to_the_last_second():
    gift = gift_row(claimable_until=NOW)
    assert [gift.may_be_claimed(NOW - SECOND), gift.may_be_claimed(NOW)] == [True, False]
    assert not any(each.may_be_claimed(NOW) for each in not_open())
    voids = [each.is_void for each in not_open()]
    assert voids == [False, True, True, False, False]


def test_a_term_is_told_unless_another_course_was_taken():
    term = PriceFactory(offer=OfferFactory(kind="term", term_months=12))
    gift = gift_row(order__price=term)
    assert (gift.sellable, gift.months) == (term.offer.membership, 12)
    gift.course_instead = course()
    assert (gift.sellable, gift.months) == (gift.course_instead, None)


@pytest.mark.parametrize("to_email", [FRIEND, ""])
def test_sent_again_it_has_another_code(to_email):
    gift = gift_row(to_email="before@example.com", send_at=NOW - DAY, sent_at=NOW - DAY)
    former = gifts.code_of(gift)
    gifts.send_again(gift, to_email=to_email, now=NOW)
    gift.refresh_from_db()
    at = NOW if to_email else None
    assert (gift.to_email, gift.send_at, gift.sent_at, gift.minted) == (to_email, at, at, 2)
    assert redeeming.find(gifts.code_of(gift)) == gift
    with pytest.raises(redeeming.Unknown):
        redeeming.find(former)
    assert mails() == ([(f"gift-{gift.pk}-2", FRIEND)] if to_email else [])
    assert not ModelLogEntry.objects.exists()


def test_sent_again_by_finance_it_is_written_down_why():
    gift, staff = gift_row(), UserFactory()
    gifts.send_again(gift, to_email=FRIEND, reason="写错了", actor=staff, now=NOW)
    entry = ModelLogEntry.objects.get()
    assert (entry.action, entry.user) == ("payments.send_gift", staff)
    assert entry.data == {"reason": "写错了"}


@pytest.mark.parametrize("by_giver", [True, False])
def test_taken_back_its_money_goes_back(by_giver):
    gift, other = gift_row(), gift_row()
    actor = gift.order.buyer if by_giver else UserFactory()
    gifts.take_back(gift, actor=actor, reason="不送了", now=NOW)
    gift.refresh_from_db()
    other.refresh_from_db()
    assert (gift.taken_back_at, other.taken_back_at) == (NOW, None)
    request = RefundRequest.objects.get()
    assert (request.order, request.status) == (gift.order, RefundRequest.Status.APPROVED)
    assert (request.amount, request.reason) == (9900, "不送了")
    assert (request.asked_by, request.decided_by) == (actor, None if by_giver else actor)
    entry = ModelLogEntry.objects.get(action="payments.take_gift_back")
    assert (entry.user, entry.data) == (actor, {"reason": "不送了"})


def test_whose_money_cannot_go_back_is_not_taken_back():
    gift = gift_row()
    Order.objects.filter(pk=gift.order_id).update(payment_intent_id=None)
    with pytest.raises(refund_requests.CannotRefund):
        gifts.take_back(gift, actor=gift.order.buyer, reason="x", now=NOW)
    gift.refresh_from_db()
    assert gift.taken_back_at is None


# --- what comes with time ------------------------------------------------------------------------


def test_on_its_day_each_that_is_open_is_sent_once():
    to = {"to_email": FRIEND, "send_at": NOW}
    due, earlier = gift_row(**to), gift_row(to_email=FRIEND, send_at=NOW - DAY)
    others = [
        gift_row(to_email=FRIEND, send_at=NOW + SECOND),
        gift_row(),
        redeemed(**to),
        gift_row(**to, taken_back_at=NOW),
        gift_row(**to, withdrawn_at=NOW),
        gift_row(**to, **UNPAID),
        gift_row(**to | {"claimable_until": NOW}),
    ]
    gift_row(**to, sent_at=NOW - DAY)
    for _ in range(2):
        gifts.send_due(NOW)
        assert mails() == sorted((f"gift-{gift.pk}-1", FRIEND) for gift in (due, earlier))
        for gift in (due, earlier, *others):
            gift.refresh_from_db()
        assert [gift.sent_at for gift in (due, earlier)] == [NOW, NOW]
        assert [gift.sent_at for gift in others] == [None] * len(others)


def test_a_month_before_it_runs_out_its_giver_is_told():
    month = NOW + 30 * DAY
    told = [gift_row(claimable_until=until) for until in (month, NOW + SECOND)]
    gift_row(claimable_until=month + SECOND)
    gift_row(claimable_until=NOW)
    last = {"claimable_until": NOW + DAY}
    redeemed(**last)
    gift_row(**last, taken_back_at=NOW)
    gift_row(**last, withdrawn_at=NOW)
    for _ in range(2):
        gifts.remind(NOW)
        keys = [(f"gift-runs-out-{gift.pk}", gift.order.buyer.email) for gift in told]
        assert mails() == sorted(keys)


def test_words_that_were_never_paid_are_forgotten_after_a_month():
    old = NOW - 30 * DAY
    words = {"giver_name": "", "to_email": "", "message": ""}

    def written(status="expired", at=old - SECOND, paid=False, **fields):
        order = OrderFactory(
            price=course_price(course()), purpose="gift", status=status, created_at=at
        )
        return GiftFactory(order=order, **(words | fields), **({} if paid else UNPAID))

    whole = {"giver_name": "林岚", "to_email": FRIEND, "message": "慢慢看"}
    forgotten = [
        written(**whole),
        written(status="failed", **whole),
        written(giver_name="林岚"),
        written(to_email=FRIEND),
        written(message="慢慢看"),
        written(),
    ]
    kept = [
        written(at=old, **whole),
        written(status="open", **whole),
        written(paid=True, **whole),
    ]
    gifts.forget_unpaid(NOW)
    found = [Gift.objects.filter(pk=gift.pk).values(*words).get() for gift in [*forgotten, *kept]]
    assert found == [words] * 6 + [whole] * 3
