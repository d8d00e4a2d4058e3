"""Many at once with one code, on PostgreSQL with real threads; each claim with the race shown."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError

from accounts.models import User
from courses.models import Grant
from operations import clock as site_clock
from payments import (
    batches,
    checkout,
    codes,
    for_others,
    fulfilment,
    gateway,
    gifts,
    redeeming,
    refund_requests,
)
from payments.models import Gift, Order, RedeemCode, RefundRequest
from payments.sandbox.models import StripeObject
from tests.factories import UserFactory, course
from tests.payments.factories import batch_of, course_price
from tests.payments.test_concurrency import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
TRIES = 50
UNLOCKED = 8


def one_code(size: int = 1) -> list[str]:
    until = site_clock.now() + timedelta(days=9)
    return [codes.read(code) for code in batch_of(size, redeemable_until=until)[1]]


def redeem(code: str, person: User) -> None:
    redeeming.redeem(code=code, learner=person, now=site_clock.now())


@pytest.fixture
def written(monkeypatch):
    """Who came as far as having it opened."""
    people: list[int] = []
    real = redeeming.declare

    def note(voucher, **more):
        people.append(voucher.redeemed_by_id)
        real(voucher, **more)

    monkeypatch.setattr(redeeming, "declare", note)
    return people


@pytest.fixture
def unlocked(monkeypatch):
    """What redeeming would be if it looked without locking, and all looked at once."""
    all_of_them = threading.Barrier(UNLOCKED)

    def look(voucher):
        all_of_them.wait(timeout=20)
        return voucher

    monkeypatch.setattr(redeeming, "lock", look)


def test_fifty_people_at_once_one_gets_it(written):
    (code,) = one_code()
    people = UserFactory.create_batch(TRIES)
    results = at_once(lambda number: redeem(code, people[number]), TRIES)
    assert results.count(None) == 1
    assert {type(each) for each in results if each} == {redeeming.Used}
    grant = Grant.objects.get()
    assert grant.learner == RedeemCode.objects.get().redeemed_by
    assert written == [grant.learner_id]


def test_without_the_lock_several_would_and_the_database_refuses_them(written, unlocked):
    (code,) = one_code()
    people = UserFactory.create_batch(UNLOCKED)
    at_once(lambda number: redeem(code, people[number]), UNLOCKED)
    assert len(set(written)) > 1
    assert Grant.objects.count() == 1  # grant_of_a_gift_or_code_is_one_persons


def test_one_person_with_two_codes_of_a_course_uses_one():
    codes_of_it = one_code(2)
    person = UserFactory()
    results = at_once(lambda number: redeem(codes_of_it[number], person), 2)
    assert sorted(type(each).__name__ for each in results) == ["AlreadyOwned", "NoneType"]
    assert RedeemCode.objects.filter(redeemed_at=None).count() == 1


def test_of_redeeming_and_taking_back_at_once_one_wins():
    staff, now = UserFactory(), site_clock.now()
    for _round in range(8):
        (code,) = one_code()
        row, person = RedeemCode.objects.latest("pk"), UserFactory()

        def act(number, code=code, row=row, person=person):
            if number:
                batches.revoke_code(row, reason="x", actor=staff, now=now)
            else:
                redeem(code, person)

        results = at_once(act, 2)
        row.refresh_from_db()
        assert results.count(None) == 1
        assert (row.redeemed_at is None) != (row.revoked_at is None)
        assert Grant.objects.filter(learner=person).exists() == (results[0] is None)


# --- gifts ---------------------------------------------------------------------------------------


@pytest.fixture
def paid_gift(shop, buyer):
    """A gift that was paid through the sandbox, so that its money can go back."""
    price = course_price(course(lessons=1))

    def make() -> Gift:
        wish = for_others.Wish(key=uuid.uuid4(), gift=for_others.GiftWords())
        order = checkout.start(buyer=buyer, price=price, wish=wish, now=site_clock.now()).order
        shop.pay(order)
        fulfilment.confirm(order, now=site_clock.now())
        return Gift.objects.select_related("order").get(order=order)

    return make


def test_of_fifty_friends_at_once_one_gets_the_gift(paid_gift, written):
    code = gifts.code_of(paid_gift())
    people = UserFactory.create_batch(TRIES)
    results = at_once(lambda number: redeem(code, people[number]), TRIES)
    assert results.count(None) == 1
    assert {type(each) for each in results if each} == {redeeming.Used}
    assert written == [Grant.objects.get().learner_id]


def test_of_claiming_and_taking_back_at_once_one_wins(paid_gift, buyer):
    for _round in range(8):
        gift, friend = paid_gift(), UserFactory()
        code = gifts.code_of(gift)

        def act(number, gift=gift, code=code, friend=friend):
            if number:
                gifts.take_back(gift, actor=buyer, reason="x", now=site_clock.now())
            else:
                redeem(code, friend)

        claimed, taken = at_once(act, 2)
        gift.refresh_from_db()
        assert (claimed is None) != (taken is None), (claimed, taken)
        assert (gift.redeemed_at is None) != (gift.taken_back_at is None)
        assert Grant.objects.filter(learner=friend).exists() == (claimed is None)
        requested = RefundRequest.objects.filter(order=gift.order).exists()
        assert requested == (taken is None)


def test_without_the_lock_both_would_go_on_and_the_database_refuses_one(
    paid_gift, buyer, written, monkeypatch
):
    both = threading.Barrier(2)

    def unlocked(gift: Gift) -> Gift:
        found = Gift.objects.select_related("order__price__offer").get(pk=gift.pk)
        both.wait(timeout=10)
        return found

    monkeypatch.setattr(redeeming, "lock_gift", unlocked)
    gift, friend = paid_gift(), UserFactory()
    code = gifts.code_of(gift)

    def act(number):
        if number:
            gifts.take_back(gift, actor=buyer, reason="x", now=site_clock.now())
        else:
            redeem(code, friend)

    results = at_once(act, 2)
    gift.refresh_from_db()
    # Both looked and found it open: gift_redeemed_or_taken_back lets one write alone be.
    assert [type(each) for each in results if each is not None] == [IntegrityError]
    assert (gift.redeemed_at is None) != (gift.taken_back_at is None)


def test_a_gift_sent_again_while_it_is_claimed_is_claimed_or_has_a_new_code(paid_gift):
    for _round in range(6):
        gift, friend = paid_gift(), UserFactory()
        code = gifts.code_of(gift)

        def act(number, gift=gift, code=code, friend=friend):
            if number:
                gifts.send_again(gift, to_email="", now=site_clock.now())
            else:
                redeem(code, friend)

        claimed, sent = at_once(act, 2)
        assert (claimed is None) != (sent is None), (claimed, sent)


@pytest.fixture
def expired_form(buyer):
    """A gift form whose order can no longer be paid, and how it is sent again."""
    price = course_price(course(lessons=1))
    wish = for_others.Wish(key=uuid.uuid4(), gift=for_others.GiftWords())

    def send(_number: int = 0) -> str:
        started = checkout.start(buyer=buyer, price=price, wish=wish, now=site_clock.now())
        return started.url

    send()
    order = Order.objects.get()
    gateway.expire_session(str(order.session_id))
    return send


def payable() -> int:
    pages = StripeObject.objects.filter(kind="checkout.session")
    return sum(page.data["status"] == "open" for page in pages)


def test_an_expired_form_sent_from_many_windows_at_once_is_one_order(expired_form):
    pages = at_once(expired_form, 8)
    assert len(set(pages)) == 1, pages
    assert Order.objects.filter(status=Order.Status.OPEN).count() == 1
    assert payable() == 1


def test_without_a_key_that_follows_from_the_form_there_would_be_several(expired_form, monkeypatch):
    """What sending again was before: an order of a new number each time."""
    real = for_others._keys

    def by_chance(buyer, wish):
        yield next(real(buyer, wish))
        yield uuid.uuid4()

    monkeypatch.setattr(for_others, "_keys", by_chance)
    at_once(expired_form, 4)
    assert payable() > 1


def test_redeeming_a_seat_while_its_order_is_refunded_opens_nothing_that_stays(shop, buyer):
    price = course_price(course(lessons=1))
    wish = for_others.Wish(key=uuid.uuid4(), seats=2)
    order = checkout.start(buyer=buyer, price=price, wish=wish, now=site_clock.now()).order
    shop.pay(order)
    order = fulfilment.confirm(order, now=site_clock.now())
    friend = UserFactory()
    row = RedeemCode.objects.select_related("batch").earliest("serial")
    code = batches.code_of(row)
    refund_requests.approve(order=order, reason="x", actor=UserFactory(), now=site_clock.now())

    def act(number):
        if number:
            shop.run_jobs()
        else:
            redeem(code, friend)

    at_once(act, 2)
    shop.deliver()
    assert not Grant.objects.filter(learner=friend, withdrawn_at=None).exists()
