"""Batches of codes: made whole, taken back, withdrawn, and how each code stands: rows alone."""

from datetime import timedelta

import pytest
from wagtail.models import ModelLogEntry

from accounts.models import OutboxMessage
from courses.models import Grant, GrantChange
from payments import batches, codes, redeeming
from payments.models import RedeemBatch, RedeemCode
from tests.factories import UserFactory, course
from tests.payments.factories import NOW, RedeemBatchFactory, RedeemCodeFactory

pytestmark = pytest.mark.django_db
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def made(**fields):
    fields = {"course": course(), "made_by": UserFactory(), "size": 2} | fields
    return batches.make(RedeemBatchFactory.build(**fields))


def redeemed(batch, serial=1, **fields):
    """A code of it that somebody redeemed, and that opens."""
    code = batch.codes.get(serial=serial)
    for name, value in ({"redeemed_by": UserFactory(), "redeemed_at": NOW} | fields).items():
        setattr(code, name, value)
    code.save()
    redeeming.declare(code, now=NOW)
    return code


def told():
    return sorted(OutboxMessage.objects.values_list("key", "to"))


def written():
    entries = ModelLogEntry.objects.order_by("pk")
    return [(entry.action, entry.object_id, entry.user, entry.data) for entry in entries]


# --- made ----------------------------------------------------------------------------------------


def test_a_batch_has_a_code_for_each_number():
    batch = made(size=3)
    rows = batch.codes.order_by("serial")
    assert [row.serial for row in rows] == [1, 2, 3]
    expected = [codes.derive(batch.key, serial) for serial in (1, 2, 3)]
    assert [batches.code_of(row) for row in rows] == expected
    assert RedeemBatch.objects.get() == batch


# --- taken back ----------------------------------------------------------------------------------


def test_a_batch_is_taken_back_once_and_no_other():
    batch, other, staff = made(), made(), UserFactory()
    assert batches.revoke(batch, reason="活动取消", actor=staff, now=NOW) == batch
    found = RedeemBatch.objects.order_by("pk").values_list("revoked_at", flat=True)
    assert list(found) == [NOW, None]
    with pytest.raises(batches.CannotTakeBack):
        batches.revoke(batch, reason="再一次", actor=staff, now=NOW + DAY)
    assert list(found.all()) == [NOW, None]
    reason = {"reason": "活动取消"}
    assert written() == [("payments.revoke_codes", str(batch.pk), staff, reason)]
    assert other.revoked_at is None


def test_a_single_code_is_taken_back_once():
    batch, staff = made(), UserFactory()
    code, other = batch.codes.order_by("serial")
    batches.revoke_code(code, reason="发错人", actor=staff, now=NOW)
    assert list(batch.codes.order_by("serial").values_list("revoked_at", flat=True)) == [NOW, None]
    with pytest.raises(batches.CannotTakeBack):
        batches.revoke_code(code, reason="x", actor=staff, now=NOW)
    assert written() == [("payments.revoke_codes", str(code.pk), staff, {"reason": "发错人"})]
    assert not other.is_void


@pytest.mark.parametrize("field", ["revoked_at", "withdrawn_at"])
def test_what_is_void_with_its_batch_or_was_redeemed_is_not_taken_back(field):
    used, void = redeemed(made()), made(**{field: NOW}).codes.get(serial=1)
    for code in (used, void):
        with pytest.raises(batches.CannotTakeBack):
            batches.revoke_code(code, reason="x", actor=UserFactory(), now=NOW)
    assert not RedeemCode.objects.filter(revoked_at__isnull=False).exists()
    assert written() == []


def test_what_a_code_opened_is_shut_once_and_its_learner_is_told():
    batch, staff = made(), UserFactory()
    code, other = redeemed(batch), redeemed(batch, 2)
    batches.withdraw(code, reason="误发", actor=staff, now=NOW + DAY)
    for each in (code, other):
        each.refresh_from_db()
    assert (code.withdrawn_at, other.withdrawn_at) == (NOW + DAY, None)
    grants = Grant.objects.order_by("pk").values_list("source_id", "withdrawn_at")
    assert list(grants) == [(code.source_id, NOW + DAY), (other.source_id, None)]
    change = GrantChange.objects.latest("pk")
    assert (change.actor, change.reason, change.withdrawn_at) == (staff, "误发", NOW + DAY)
    assert told() == [(f"code-shut-{code.pk}-202611240400", code.redeemed_by.email)]
    with pytest.raises(batches.CannotTakeBack):
        batches.withdraw(code, reason="x", actor=staff, now=NOW + DAY)
    assert GrantChange.objects.count() == 3


def test_what_nobody_redeemed_or_is_shut_with_its_batch_is_not_withdrawn():
    batch = made()
    shut = redeemed(batch)
    RedeemBatch.objects.update(withdrawn_at=NOW)
    for code in (shut, batch.codes.get(serial=2), made().codes.get(serial=1)):
        with pytest.raises(batches.CannotTakeBack):
            batches.withdraw(code, reason="x", actor=UserFactory(), now=NOW)
    assert not RedeemCode.objects.filter(withdrawn_at__isnull=False).exists()
    assert told() == []


def test_a_refund_of_its_order_shuts_what_was_redeemed_and_a_won_dispute_opens_it():
    batch, other = made(size=3), made()
    inside, outside = [redeemed(batch), redeemed(batch, 2)], redeemed(other)
    for _ in range(2):
        batches.settle(batch, withdrawn_at=NOW + DAY, reason="given back", now=NOW + DAY)
        found = RedeemBatch.objects.order_by("pk").values_list("withdrawn_at", flat=True)
        assert list(found) == [NOW + DAY, None]
        shut = Grant.objects.order_by("pk").values_list("withdrawn_at", flat=True)
        assert list(shut) == [NOW + DAY, NOW + DAY, None]
        keys = [(f"code-shut-{code.pk}-202611240400", code.redeemed_by.email) for code in inside]
        assert told() == sorted(keys)
        reasons = GrantChange.objects.filter(at=NOW + DAY).values_list("reason", flat=True)
        assert list(reasons) == ["given back"] * 2
    batches.settle(batch, withdrawn_at=None, reason="", now=NOW + 2 * DAY)
    assert list(shut.all()) == [None] * 3
    assert list(found.all()) == [None, None]
    assert told() == sorted(keys)
    assert outside.shut_at is None


# --- how each stands -----------------------------------------------------------------------------


def test_how_a_code_stands_is_told_in_a_word():
    used = {"redeemed_by": UserFactory(), "redeemed_at": NOW}
    rows = [
        RedeemCodeFactory(),
        RedeemCodeFactory(**used),
        RedeemCodeFactory(**used, withdrawn_at=NOW),
        RedeemCodeFactory(revoked_at=NOW),
        RedeemCodeFactory(batch__revoked_at=NOW),
    ]

    def words(now):
        return [batches.state(row, now=now) for row in rows]

    until = rows[0].batch.redeemable_until
    assert words(until - SECOND) == ["未兑换", "已兑换", "权限已收回", "已收回", "已收回"]
    assert words(until) == ["已过期", "已兑换", "权限已收回", "已收回", "已收回"]


def test_who_redeemed_is_shown_by_name_and_never_by_address():
    used = {"redeemed_at": NOW}
    rows = [
        RedeemCodeFactory(),
        RedeemCodeFactory(redeemed_by=UserFactory(name="林岚"), **used),
        RedeemCodeFactory(redeemed_by=UserFactory(name=""), **used),
    ]
    assert [batches.redeemer(row) for row in rows] == ["", "林岚", "一位学员"]
