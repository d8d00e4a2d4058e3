"""Noting what became of a fapiao: issued, reversed, corrected."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.admin.widgets import AdminDateInput

from operations import clock
from pages import dates
from pages.forms import DayField
from payments import fapiao
from payments.admin.confirmation import Confirmation, NotPossible, ReasonForm
from payments.admin.listing import (
    in_words,
)
from payments.models import Fapiao

PERMISSION = "payments.issue_fapiao"
LARGEST_FILE = 5 * 1024 * 1024


def is_pdf(file: UploadedFile) -> None:
    if len(file) > LARGEST_FILE:
        raise ValidationError(_("At most 5 MB."))
    begins = file.read(5)
    file.seek(0)
    if begins != b"%PDF-":
        raise ValidationError(_("This is no PDF."))


def is_number(text: str) -> None:
    if not fapiao.is_number(text):
        raise ValidationError(_("A fapiao's number has 8 digits, or 20 if it is fully digital."))


class IssueForm(forms.Form):
    number = forms.CharField(label=_("Number of the fapiao"), validators=[is_number])
    issued_on = DayField(label=_("Issued on"), widget=AdminDateInput)
    file = forms.FileField(
        label=_("PDF"),
        required=False,
        validators=[is_pdf],
        help_text=_("The buyer downloads it from the order. At most 5 MB."),
    )

    def __init__(self, *args: Any, paid_at: datetime | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.paid_at = paid_at

    def clean_issued_on(self) -> date:
        day = not_to_come(self.cleaned_data["issued_on"])
        if self.paid_at and day < timezone.localdate(self.paid_at):
            raise ValidationError(
                _("It was paid only on %(day)s.") % {"day": dates.day(self.paid_at)}
            )
        return day


class ReverseForm(forms.Form):
    number = forms.CharField(label=_("Number of the reversal"), validators=[is_number])
    reversed_on = DayField(label=_("Reversed on"), widget=AdminDateInput)

    def __init__(self, *args: Any, issued_on: date, original: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.issued_on, self.original = issued_on, original

    def clean_number(self) -> str:
        if self.cleaned_data["number"] == self.original:
            raise ValidationError(
                _("This is the number of the fapiao itself; its reversal has one of its own.")
            )
        return str(self.cleaned_data["number"])

    def clean_reversed_on(self) -> date:
        day = not_to_come(self.cleaned_data["reversed_on"])
        if day < self.issued_on:
            raise ValidationError(
                _("It was issued only on %(day)s.") % {"day": dates.day(self.issued_on)}
            )
        return day


class CorrectForm(ReasonForm):
    number = forms.CharField(label=_("Number of the fapiao"), validators=[is_number])
    reversal_number = forms.CharField(label=_("Number of the reversal"), validators=[is_number])
    field_order = ("number", "reversal_number", "reason")

    def __init__(self, data: Any = None, *, row: Fapiao) -> None:
        noted = {"number": row.number, "reversal_number": row.reversal_number}
        super().__init__(data, initial=noted)
        if not row.reversal_number:
            del self.fields["reversal_number"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned.setdefault("reversal_number", "")
        if cleaned.get("number") == cleaned["reversal_number"]:
            self.add_error(
                "reversal_number",
                _("This is the number of the fapiao itself; its reversal has one of its own."),
            )
        return cleaned


def taken(problem: fapiao.NumberTaken) -> NotPossible:
    words = _("This number is noted already, at the fapiao of order %(order)s.")
    return NotPossible(words % {"order": problem.args[0]})


def not_to_come(day: date) -> date:
    if day > timezone.localdate(clock.now()):
        raise ValidationError(_("This day has not come yet."))
    return day


class OfFapiao(Confirmation):
    model = Fapiao
    permission = PERMISSION
    back = "money-fapiao"
    related = (
        "invoice",
        "order__buyer",
        "order__price__offer__course",
        "order__price__offer__bundle",
        "order__price__offer__membership",
    )

    def found(self) -> QuerySet[Fapiao]:
        return fapiao.with_state().select_related(*self.related)


class IssueView(OfFapiao):
    title = _("Note that it is issued")
    label = _("It is issued")
    form_class = IssueForm

    def form(self, data: Any = None) -> forms.Form:
        row: Any = self.row
        paid_at = (row.invoice or row.order).paid_at
        return IssueForm(data, self.request.FILES or None, paid_at=paid_at)

    def is_possible(self, row: Any) -> bool:
        return bool(row.state == "asked")

    def consequences(self, row: Any) -> Iterable[Any]:
        words = {"title": row.title, "number": row.tax_number or "–", "email": row.email}
        if fapiao.is_going_back(row.order, row.invoice):
            yield _(
                "The payment is disputed or asked back. Better wait until that is settled: what "
                "goes back afterwards has to be reversed."
            )
        yield _("Made out to %(title)s, tax number %(number)s, sent to %(email)s.") % words
        yield _("Net of refunds: %(amount)s.") % {"amount": in_words(net(row), row.order.currency)}
        yield _("The buyer cannot change it any more.")

    def carry_out(self, row: Fapiao, form: Any) -> Any:
        actor: Any = self.request.user
        try:
            fapiao.issue(fapiao=row, **form.cleaned_data, actor=actor, now=clock.now())
        except fapiao.CannotIssue as problem:
            raise NotPossible(_("It has been issued already.")) from problem
        except fapiao.NumberTaken as problem:
            raise taken(problem) from problem
        return _("The fapiao is noted as issued.")


class ReverseView(OfFapiao):
    title = _("Note that it is reversed")
    label = _("It is reversed")

    def form(self, data: Any = None) -> forms.Form:
        return ReverseForm(data, issued_on=self.row.issued_on, original=self.row.number)

    def is_possible(self, row: Any) -> bool:
        return bool(row.state == "to_reverse")

    def consequences(self, row: Fapiao) -> Iterable[Any]:
        yield _("Money went back after this fapiao was issued. Reverse it at the tax office first.")

    def carry_out(self, row: Fapiao, form: Any) -> Any:
        actor: Any = self.request.user
        try:
            fapiao.reverse(fapiao=row, **form.cleaned_data, actor=actor, now=clock.now())
        except fapiao.CannotReverse as problem:
            raise NotPossible(_("It has been reversed already.")) from problem
        except fapiao.NumberTaken as problem:
            raise taken(problem) from problem
        return _("The fapiao is noted as reversed.")


class CorrectView(OfFapiao):
    title = _("Correct the number")
    label = _("Correct it")

    def form(self, data: Any = None) -> forms.Form:
        return CorrectForm(data, row=self.row)

    def is_possible(self, row: Fapiao) -> bool:
        return row.is_issued

    def consequences(self, row: Fapiao) -> Iterable[Any]:
        yield _("Here the note is mended; at the tax office nothing changes.")
        yield _("The buyer gets a mail with the right number.")

    def carry_out(self, row: Fapiao, form: Any) -> Any:
        try:
            fapiao.correct(fapiao=row, **form.cleaned_data, actor=self.actor, now=clock.now())
        except fapiao.NothingToCorrect as problem:
            raise NotPossible(_("Nothing was changed.")) from problem
        except fapiao.NumberTaken as problem:
            raise taken(problem) from problem
        return _("The number is corrected.")


def net(row: Any) -> int:
    """Of one with state."""
    return int(max(row.amount - row.refunded, 0))
