"""Asking for a fapiao (发票), issuing it, and reversing it (红冲) when the money went back."""

import re
from datetime import date, datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Exists,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from wagtail.log_actions import log

from accounts.models import User
from payments.models import Fapiao, Order, Refund

CURRENCY = "CNY"  # the only one that a fapiao is in
WELL_FORMED = re.compile(r"[0-9A-Z]{15,20}")
# GB 32100-2015: the unified social credit identifier, 17 characters and a check character.
CREDIT_LENGTH = 18
CREDIT_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


class CannotAsk(Exception):
    """Nothing was paid that a fapiao is made out for, or it is issued already."""


class CannotIssue(Exception):
    """It is issued already."""


class CannotReverse(Exception):
    """It is not issued, nothing went back, or it is reversed already."""


def is_tax_number(text: str) -> bool:
    """15 to 20 capitals and digits; of 18, the check character must fit."""
    if not WELL_FORMED.fullmatch(text):
        return False
    return len(text) != CREDIT_LENGTH or _has_good_check(text)


def _has_good_check(text: str) -> bool:
    values = [CREDIT_CHARACTERS.find(character) for character in text]
    if -1 in values:
        return False
    total = sum(value * pow(3, place, 31) for place, value in enumerate(values[:-1]))
    return values[-1] == -total % 31


def may_ask(order: Order) -> bool:
    """An order that was paid once, in yuan, and not given back. Subscriptions have none."""
    return (
        order.status == Order.Status.FULFILLED
        and order.paid_at is not None
        and order.subscription_id is None
        and order.currency == CURRENCY
        and order.amount > 0
    )


@transaction.atomic
def ask(
    *, order: Order, kind: str, title: str, tax_number: str, email: str, now: datetime
) -> Fapiao:
    """Ask for it, or change what was asked while it is not issued. Raises CannotAsk."""
    order = Order.objects.select_for_update().get(pk=order.pk)
    standing = Fapiao.objects.filter(order=order).first()
    if not may_ask(order) or (standing and standing.is_issued):
        raise CannotAsk
    row = standing or Fapiao(order=order, asked_at=now)
    row.kind, row.title, row.email, row.changed_at = kind, title, email, now
    row.tax_number = tax_number if kind == Fapiao.Kind.COMPANY else ""
    row.save()
    return row


@transaction.atomic
def issue(
    *,
    fapiao: Fapiao,
    number: str,
    issued_on: date,
    file: UploadedFile | None,
    actor: User,
    now: datetime,
) -> Fapiao:
    """Note that it was issued; what was asked is fixed from now on. Raises CannotIssue."""
    row = Fapiao.objects.select_for_update().get(pk=fapiao.pk)
    if row.is_issued:
        raise CannotIssue
    row.number, row.issued_on, row.issued_at, row.issued_by = number, issued_on, now, actor
    if file is not None:
        row.file.save(f"{row.order.number}.pdf", file, save=False)
    row.save()
    log(instance=row, action="payments.issue_fapiao", user=actor, data={"number": number})
    return row


@transaction.atomic
def reverse(*, fapiao: Fapiao, number: str, reversed_on: date, actor: User) -> Fapiao:
    """Note that it was reversed after a refund. Raises CannotReverse."""
    row = Fapiao.objects.select_for_update().get(pk=fapiao.pk)
    if state_of(row) != "to_reverse":
        raise CannotReverse
    row.reversal_number, row.reversed_on = number, reversed_on
    row.save(update_fields=["reversal_number", "reversed_on"])
    log(instance=row, action="payments.reverse_fapiao", user=actor, data={"number": number})
    return row


def state_of(row: Fapiao) -> str:
    return str(with_state().get(pk=row.pk).state)  # type: ignore[attr-defined]


def with_state() -> QuerySet[Fapiao]:
    """Each with `state` (asked, issued, to_reverse, reversed, void) and `refunded`, what went back
    in the smallest unit. `to_reverse`: money went back after it was issued; `void`: all of it went
    back before."""
    standing = Refund.objects.filter(order=OuterRef("order"), status__in=Refund.STANDING)
    summed = standing.order_by().values("order").annotate(sum=Sum("amount")).values("sum")
    since = standing.filter(created_at__gte=OuterRef("issued_at"))
    return Fapiao.objects.annotate(
        refunded=Coalesce(Subquery(summed, output_field=BigIntegerField()), 0),
        state=Case(
            When(reversed_on__isnull=False, then=Value("reversed")),
            When(Exists(since), issued_at__isnull=False, then=Value("to_reverse")),
            When(issued_at__isnull=False, then=Value("issued")),
            When(order__status=Order.Status.REFUNDED, then=Value("void")),
            default=Value("asked"),
            output_field=CharField(),
        ),
    )
