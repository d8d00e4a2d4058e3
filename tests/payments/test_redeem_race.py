"""Many at once with one code, on PostgreSQL with real threads; each claim with the race shown."""

from datetime import timedelta

import pytest

from accounts.models import User
from courses.models import Grant
from operations import clock as site_clock
from payments import batches, codes, redeeming
from payments.models import RedeemCode
from tests.factories import UserFactory
from tests.payments.factories import batch_of
from tests.payments.test_concurrency import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
TRIES = 50


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
    monkeypatch.setattr(redeeming, "lock", lambda voucher: voucher)


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
    people = UserFactory.create_batch(8)
    at_once(lambda number: redeem(code, people[number]), 8)
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
        row, person = redeeming.find(code), UserFactory()

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
