"""Batches of redeem codes: making them, taking them back."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from accounts.models import User
from payments import codes, letters, redeeming
from payments.models import RedeemBatch, RedeemCode

CHUNK = 1000


class CannotTakeBack(Exception):
    """It was redeemed, or taken back, before."""


@transaction.atomic
def make(batch: RedeemBatch) -> RedeemBatch:
    """Save a new batch with all its codes."""
    batch.save()
    rows = (
        RedeemCode(batch=batch, serial=serial, digest=codes.digest(codes.derive(batch.key, serial)))
        for serial in range(1, batch.size + 1)
    )
    RedeemCode.objects.bulk_create(rows, batch_size=CHUNK)
    return batch


@transaction.atomic
def revoke(batch: RedeemBatch, *, reason: str, actor: User, now: datetime) -> RedeemBatch:
    """What nobody has redeemed yet can no longer be. Raises CannotTakeBack if it was done."""
    batch = _locked(batch)
    if batch.revoked_at is not None:
        raise CannotTakeBack
    batch.revoked_at = now
    batch.save(update_fields=["revoked_at"])
    log(instance=batch, action="payments.revoke_codes", user=actor, data={"reason": reason})
    return batch


@transaction.atomic
def revoke_code(code: RedeemCode, *, reason: str, actor: User, now: datetime) -> None:
    """Raises CannotTakeBack if it was redeemed or revoked meanwhile."""
    code = redeeming.lock_code(code)
    if code.redeemed_at is not None or code.is_void:
        raise CannotTakeBack
    code.revoked_at = now
    code.save(update_fields=["revoked_at"])
    log(instance=code, action="payments.revoke_codes", user=actor, data={"reason": reason})


@transaction.atomic
def withdraw(code: RedeemCode, *, reason: str, actor: User, now: datetime) -> None:
    """Shut what a code opened. Raises CannotTakeBack if it opens nothing."""
    code = redeeming.lock_code(code)
    if code.redeemed_at is None or code.shut_at is not None:
        raise CannotTakeBack
    code.withdrawn_at = now
    code.save(update_fields=["withdrawn_at"])
    redeeming.declare(code, now=now, actor=actor, reason=reason)
    letters.code_shut(code, now=now)


def settle(
    batch: RedeemBatch, *, withdrawn_at: datetime | None, reason: str, now: datetime
) -> None:
    """Declare what a refund or dispute of its order does to a batch. In a transaction."""
    batch = _locked(batch)
    if batch.withdrawn_at == withdrawn_at:
        return
    batch.withdrawn_at = withdrawn_at
    batch.save(update_fields=["withdrawn_at"])
    redeemed = batch.codes.filter(redeemed_at__isnull=False).select_related(
        "batch__course", "batch__membership", "redeemed_by"
    )
    for code in redeemed:
        redeeming.declare(code, now=now, reason=reason)
        letters.code_shut(code, now=now)


def code_of(row: RedeemCode) -> str:
    """As it was handed out; empty if it was made with a secret that is gone."""
    return codes.again(row.batch.key, row.serial, row.digest)


def state(code: RedeemCode, *, now: datetime) -> str:
    if code.redeemed_at is not None:
        return _("Access withdrawn") if code.shut_at else _("Redeemed")
    if code.is_void:
        return _("Revoked")
    return _("Time is over") if code.claimable_until <= now else _("Not redeemed")


def redeemer(row: RedeemCode) -> str:
    """Whoever redeemed it, as they show themselves to others: never their address."""
    if row.redeemed_by is None:
        return ""
    return row.redeemed_by.name or _("A learner")


def _locked(batch: RedeemBatch) -> RedeemBatch:
    """With every code that somebody may be about to redeem."""
    list(batch.codes.select_for_update().order_by("pk").values_list("pk", flat=True))
    return RedeemBatch.objects.select_for_update(of=["self"]).get(pk=batch.pk)
