"""Asking for a fapiao (发票), issuing it, and reversing it (红冲) when the money went back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from wagtail.log_actions import log

from accounts.models import User
from payments import letters
from payments.models import Dispute, Fapiao, Invoice, Order, Refund, RefundRequest
from payments.models.fapiao import DIGITAL

CURRENCY = "CNY"  # the only one that a fapiao is in
# Of paper and former electronic ones, and of those that are digital throughout (数电票).
NUMBER = re.compile(r"[0-9]{8}|[0-9]{20}")
WELL_FORMED = re.compile(r"[0-9A-Z]{15}|[0-9A-Z]{17,18}|[0-9A-Z]{20}")
# GB 32100-2015: the unified social credit identifier, 17 characters and a check character.
CREDIT_LENGTH = 18
CREDIT_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


class CannotAsk(Exception):
    """Nothing was paid that a fapiao is made out for, money goes back, or it is issued already."""


class CannotIssue(Exception):
    """It is issued already."""


class CannotReverse(Exception):
    """It is not issued, nothing went back, or it is reversed already."""


class NumberTaken(Exception):
    """The number stands at another one; the text says which order it is of."""


class NothingToCorrect(Exception):
    """It is not issued, or the numbers are as they were."""


def is_number(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None


def is_tax_number(text: str) -> bool:
    """15, 17, 18 or 20 capitals and digits; of 18, the check character must fit."""
    if not WELL_FORMED.fullmatch(text):
        return False
    return len(text) != CREDIT_LENGTH or _has_good_check(text)


def _has_good_check(text: str) -> bool:
    values = [CREDIT_CHARACTERS.find(character) for character in text]
    if -1 in values:
        return False
    total = sum(value * pow(3, place, 31) for place, value in enumerate(values[:-1]))
    return values[-1] == -total % 31


@dataclass(frozen=True)
class OfPayment:
    """A payment of an order, or a bill of its subscription; its fapiaos, the newest first."""

    order: Order
    invoice: Invoice | None
    kept: int  # what of it did not go back, in the smallest unit
    rows: list[Fapiao]
    is_going_back: bool  # some of it, or all: how much is left is not known yet

    @property
    def standing(self) -> Fapiao | None:
        """The one that was not reversed."""
        return next((row for row in self.rows if row.reversed_on is None), None)

    @property
    def may_ask(self) -> bool:
        """Whether something was paid, in yuan, that neither went back nor is going to, and none
        stands issued."""
        if (self.invoice or self.order).currency != CURRENCY or self.kept <= 0:
            return False
        if self.is_going_back:
            return False
        return self.standing is None or not self.standing.is_issued

    @property
    def amount(self) -> int:
        return (self.invoice.amount_paid or 0) if self.invoice else self.order.amount


def of_order(order: Order) -> list[OfPayment]:
    """Its payments that have a fapiao or may have one, the newest first; three queries at most."""
    rows: dict[int | None, list[Fapiao]] = {}
    for row in order.fapiaos.all():
        rows.setdefault(row.invoice_id, []).append(row)
    payments = _bills(order, rows) if order.subscription_id else [_payment(order, rows)]
    return [each for each in payments if each.rows or each.may_ask]


def of_payment(order: Order, invoice: Invoice | None) -> OfPayment | None:
    found = (each for each in of_order(order) if each.invoice == invoice)
    return next(found, None)


def is_going_back(order: Order, invoice: Invoice | None) -> bool:
    """Whether a refund of this payment is wished for or under way, or its bank has yet to decide.
    One query."""
    wished = _going_back().filter(order=order, invoice=invoice).order_by().values("pk")
    disputed = Dispute.objects.undecided().filter(order=order, invoice=invoice)
    return wished.union(disputed.order_by().values("pk")).exists()


def _going_back() -> QuerySet[RefundRequest]:
    return RefundRequest.objects.filter(status__in=RefundRequest.UNSETTLED)


def _standing() -> QuerySet[Refund]:
    return Refund.objects.filter(status__in=Refund.STANDING)


def _sum(rows: QuerySet[Any]) -> Coalesce:
    """Of their amounts, as a subquery; 0 where there are none."""
    together = rows.order_by().annotate(all=Value(1)).values("all").annotate(sum=Sum("amount"))
    return Coalesce(Subquery(together.values("sum"), output_field=BigIntegerField()), 0)


def _payment(order: Order, rows: dict[int | None, list[Fapiao]]) -> OfPayment:
    is_paid = order.status == Order.Status.FULFILLED
    of_it = Q(order=order, invoice=None)
    back = _sum(_standing().filter(of_it)) + _sum(Dispute.objects.lost().filter(of_it))
    kept = order.amount - Order.objects.values_list(back).get(pk=order.pk)[0] if is_paid else 0
    return OfPayment(order, None, kept, rows.get(None, []), is_going_back(order, None))


def _bills(order: Order, rows: dict[int | None, list[Fapiao]]) -> Iterator[OfPayment]:
    of_it = Q(invoice=OuterRef("pk"))
    paid = Invoice.objects.filter(subscription=order.subscription_id, status="paid")
    bills = paid.annotate(
        back=_sum(_standing().filter(of_it)) + _sum(Dispute.objects.lost().filter(of_it)),
        asked_back=Exists(_going_back().filter(of_it))
        | Exists(Dispute.objects.undecided().filter(of_it)),
    )
    for bill in bills.order_by("-created_at", "-pk"):
        kept = (bill.amount_paid or 0) - bill.back
        yield OfPayment(order, bill, kept, rows.get(bill.pk, []), bill.asked_back)


@transaction.atomic
def ask(
    *,
    order: Order,
    invoice: Invoice | None,
    kind: str,
    title: str,
    tax_number: str,
    email: str,
    now: datetime,
) -> Fapiao:
    """Ask for it, or change what was asked while it is not issued. Raises CannotAsk."""
    order = Order.objects.select_for_update().get(pk=order.pk)
    payment = of_payment(order, invoice)
    if payment is None or not payment.may_ask:
        raise CannotAsk
    row = payment.standing or Fapiao(order=order, invoice=invoice, asked_at=now)
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
    """Note that it was issued; what was asked is fixed from now on. Raises CannotIssue,
    NumberTaken."""
    row = Fapiao.objects.select_for_update().get(pk=fapiao.pk)
    if row.is_issued:
        raise CannotIssue
    _refuse_taken(row, number)
    row.number, row.issued_on, row.issued_at, row.issued_by = number, issued_on, now, actor
    if file is not None:
        row.file.save(f"{row.order.number}.pdf", file, save=False)
    _save(row)
    log(instance=row, action="payments.issue_fapiao", user=actor, data={"number": number})
    letters.fapiao_issued(row, now=now)
    return row


@transaction.atomic
def reverse(
    *, fapiao: Fapiao, number: str, reversed_on: date, actor: User, now: datetime
) -> Fapiao:
    """Note that it was reversed after a refund. Raises CannotReverse, NumberTaken."""
    row = Fapiao.objects.select_for_update().get(pk=fapiao.pk)
    if state_of(row) != "to_reverse":
        raise CannotReverse
    _refuse_taken(row, number)
    row.reversal_number, row.reversed_on = number, reversed_on
    _save(row)
    told = {"number": number}
    log(instance=row, action="payments.reverse_fapiao", user=actor, data=told, timestamp=now)
    letters.fapiao_reversed(row, now=now)
    return row


@transaction.atomic
def correct(
    *, fapiao: Fapiao, number: str, reversal_number: str, reason: str, actor: User, now: datetime
) -> Fapiao:
    """Mend what was noted wrongly, and tell the buyer; `reversal_number` is "" of one that stands.
    Raises NothingToCorrect, NumberTaken."""
    row = Fapiao.objects.select_for_update().get(pk=fapiao.pk)
    before = (row.number, row.reversal_number)
    if not row.is_issued or before == (number, reversal_number):
        raise NothingToCorrect
    _refuse_taken(row, number, reversal_number)
    row.number, row.reversal_number = number, reversal_number
    _save(row)
    told = {"before": " ".join(filter(None, before)), "reason": reason}
    told["number"] = " ".join(filter(None, (number, reversal_number)))
    log(instance=row, action="payments.correct_fapiao", user=actor, data=told, timestamp=now)
    letters.fapiao_corrected(row, now=now)
    return row


def _refuse_taken(row: Fapiao, *numbers: str) -> None:
    """A reversal's number is of the same kind: it stands nowhere else either."""
    typed = [number for number in numbers if len(number) == DIGITAL]
    others = Fapiao.objects.filter(Q(number__in=typed) | Q(reversal_number__in=typed))
    if other := others.exclude(pk=row.pk).select_related("order").first():
        raise NumberTaken(other.order.number)


def _save(row: Fapiao) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        _refuse_taken(row, row.number, row.reversal_number)  # another was noted with it just now
        raise


def state_of(row: Fapiao) -> str:
    return str(with_state().get(pk=row.pk).state)  # type: ignore[attr-defined]


def made_out_for(row: Fapiao) -> int:
    """Of one with state: what had not gone back when it was issued, or has not until now."""
    return max(row.amount - row.refunded_before, 0)  # type: ignore[attr-defined]


def number_in(state: str) -> int:
    return with_state().filter(state=state).count()  # type: ignore[misc]


def with_state() -> QuerySet[Fapiao]:
    """Each with `state` (asked, issued, to_reverse, reversed, void), `refunded`, what went back in
    the smallest unit, and `refunded_before`, what of it did before it was issued. `to_reverse`:
    money went back after it was issued; `void`: all of it went back before. By refunds, or by
    disputes that were lost."""
    of_it = Q(invoice=OuterRef("invoice")) | Q(invoice=None, order=OuterRef("order"))
    refunds, lost = _standing().filter(of_it), Dispute.objects.lost().filter(of_it)
    refunds_since = refunds.filter(created_at__gte=OuterRef("issued_at"))
    lost_since = lost.filter(ended_at__gte=OuterRef("issued_at"))
    went_since = Exists(refunds_since) | Exists(lost_since)
    return Fapiao.objects.annotate(
        refunded=_sum(refunds) + _sum(lost),
        refunded_before=F("refunded") - _sum(refunds_since) - _sum(lost_since),
        state=Case(
            When(reversed_on__isnull=False, then=Value("reversed")),
            When(went_since, issued_at__isnull=False, then=Value("to_reverse")),
            When(issued_at__isnull=False, then=Value("issued")),
            When(order__status=Order.Status.REFUNDED, invoice=None, then=Value("void")),
            When(invoice=None, refunded__gte=F("order__amount"), then=Value("void")),
            When(refunded__gte=F("invoice__amount_paid"), then=Value("void")),
            default=Value("asked"),
            output_field=CharField(),
        ),
    )
