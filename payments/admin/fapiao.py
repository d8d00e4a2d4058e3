"""Fapiaos (发票): who asked for one, what was issued, and what must be reversed."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.admin.widgets import AdminDateInput
from wagtail.models import ModelLogEntry

from operations import clock
from pages import dates
from pages.forms import DayField
from payments import fapiao
from payments.admin.confirmation import Confirmation, NotPossible, ReasonForm
from payments.admin.listing import (
    Action,
    DetailColumn,
    Fact,
    MomentColumn,
    MoneyDetail,
    MoneyIndex,
    MoneyViewSet,
    Section,
    detail_url,
    in_words,
    moment,
    period_widget,
    person,
)
from payments.models import Fapiao
from payments.models.orders import ORDER_LABEL
from payments.money import decimal
from payments.views.fapiao import file_of

PERMISSION = "payments.issue_fapiao"
LARGEST_FILE = 5 * 1024 * 1024
STATES = {
    "asked": _("Asked for"),
    "issued": _("Issued"),
    "to_reverse": _("Refunded since: reverse it"),
    "reversed": _("Reversed"),
    "void": _("Refunded before it was issued"),
}


def state(row: Any) -> Any:
    return STATES[row.state]


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
    issued_on = DayField(label=_("Issued"), widget=AdminDateInput)
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
    reversed_on = DayField(label=_("Reversed"), widget=AdminDateInput)

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


class FileView(View):
    """The PDF, for finance."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
        row = get_object_or_404(Fapiao, pk=pk)
        if not request.user.has_perm("payments.view_fapiao") or not row.file:
            raise Http404
        return file_of(request, row)


def net(row: Any) -> int:
    """Of one with state."""
    return int(max(row.amount - row.refunded, 0))


class FapiaoFilters(WagtailFilterSet):
    state = django_filters.ChoiceFilter(label=_("State"), choices=list(STATES.items()))
    asked_at = django_filters.DateFromToRangeFilter(label=_("Asked for"), widget=period_widget())

    class Meta:
        model = Fapiao
        fields = ["state", "kind", "asked_at"]


class FapiaoIndex(MoneyIndex):
    def get_base_queryset(self) -> QuerySet[Fapiao]:
        return fapiao.with_state().select_related(*self.related)

    def to_row_dict(self, item: Fapiao) -> dict[str, Any]:
        order, stands = item.order, item.state not in ("reversed", "void")  # type: ignore[attr-defined]
        since = item.refunded - item.refunded_before  # type: ignore[attr-defined]
        return {
            "order": order.number,
            "paid_at": item.paid_at,
            "buyer": order.buyer.email,
            "what": str(order.price.offer.sellable),
            "amount": decimal(fapiao.made_out_for(item), order.currency),
            "refunded": decimal(since, order.currency),
            "kept": decimal(fapiao.made_out_for(item) - since if stands else 0, order.currency),
            "currency": order.currency,
            "kind": item.get_kind_display(),
            "title": item.title,
            "tax_number": item.tax_number,
            "email": item.email,
            "asked_at": item.asked_at,
            "state": state(item),
            "number": item.number,
            "issued_on": item.issued_on,
            "reversal_number": item.reversal_number,
            "reversed_on": item.reversed_on,
        }


class FapiaoDetail(MoneyDetail):
    def get_object(self, queryset: Any = None) -> Fapiao:
        return get_object_or_404(fapiao.with_state().select_related(*self.related), pk=self.pk)

    def facts(self) -> Iterable[Fact]:
        row: Fapiao = self.object
        order = row.order
        yield Fact(ORDER_LABEL, order, detail_url("money-orders", order))
        yield Fact(_("Buyer"), person(order.buyer))
        yield Fact(_("What"), str(order.price.offer))
        yield Fact(_("Invoice"), row.invoice or "", detail_url("money-invoices", row.invoice))
        yield Fact(_("Paid"), moment(row.paid_at))
        yield Fact(_("Amount"), in_words(row.amount, order.currency))
        yield Fact(_("Net of refunds"), in_words(net(row), order.currency))
        yield Fact(_("Made out for"), in_words(fapiao.made_out_for(row), order.currency))
        yield Fact(_("State"), state(row))
        yield Fact(_("Made out to"), row.get_kind_display())
        yield Fact(_("Name on the fapiao"), row.title)
        yield Fact(_("Tax number"), row.tax_number)
        yield Fact(_("E-mail"), row.email)
        yield Fact(_("Asked for"), moment(row.asked_at))
        yield Fact(_("Number of the fapiao"), row.number)
        yield Fact(_("Issued"), dates.day(row.issued_on) if row.issued_on else "")
        yield Fact(_("Issued by"), person(row.issued_by))
        if row.file:
            yield Fact(_("PDF"), row.number, reverse("money-fapiao:file", args=[row.pk]))
        yield Fact(_("Number of the reversal"), row.reversal_number)
        yield Fact(_("Reversed"), dates.day(row.reversed_on) if row.reversed_on else "")

    def sections(self) -> Iterable[Section]:
        told = ModelLogEntry.objects.for_instance(self.object)
        yield Section(
            _("Corrections"),
            [_("When"), _("Who"), _("Before"), _("Corrected to"), _("Reason")],
            [
                [moment(each.timestamp), person(each.user)]
                + [each.data.get(name, "") for name in ("before", "number", "reason")]
                for each in told.filter(action="payments.correct_fapiao").select_related("user")
            ],
        )

    def actions(self) -> Iterable[Action]:
        if not self.request.user.has_perm(PERMISSION):
            return
        if self.object.state == "asked":
            yield Action(IssueView.title, reverse("money-fapiao:issue", args=[self.pk]))
        elif self.object.state == "to_reverse":
            yield Action(ReverseView.title, reverse("money-fapiao:reverse", args=[self.pk]))
        if self.object.is_issued:
            yield Action(CorrectView.title, reverse("money-fapiao:correct", args=[self.pk]))


class FapiaoViewSet(MoneyViewSet):
    model = Fapiao
    name = "money-fapiao"
    url_prefix = "money/fapiao"
    icon = "doc-full"
    menu_label = _("Fapiaos")
    index_view_class = FapiaoIndex
    inspect_view_class = FapiaoDetail
    related = (*OfFapiao.related, "issued_by")
    row_views = {
        "issue": IssueView,
        "reverse": ReverseView,
        "correct": CorrectView,
        "file": FileView,
    }
    filterset_class = FapiaoFilters
    order_key = "order__key"
    search_fields = ["title", "tax_number", "email", "number", "order__buyer__email"]
    list_display = [
        DetailColumn("order", "money-fapiao", label=ORDER_LABEL, accessor="order.number"),
        Column("title", label=_("Name on the fapiao")),
        Column("tax_number", label=_("Tax number")),
        Column(
            "amount",
            label=_("Made out for"),
            accessor=lambda row: in_words(fapiao.made_out_for(row), row.order.currency),
        ),
        Column("state", label=_("State"), accessor=state),
        MomentColumn("paid_at", label=_("Paid"), sort_key=None),
        MomentColumn("asked_at", label=_("Asked for")),
    ]
    list_export = [
        "order",
        "paid_at",
        "buyer",
        "what",
        "amount",
        "refunded",
        "kept",
        "currency",
        "kind",
        "title",
        "tax_number",
        "email",
        "asked_at",
        "state",
        "number",
        "issued_on",
        "reversal_number",
        "reversed_on",
    ]
    export_headings = {
        "order": ORDER_LABEL,
        "paid_at": _("Paid"),
        "buyer": _("Buyer"),
        "what": _("What"),
        "amount": _("Made out for"),
        "refunded": _("Given back since it was issued"),
        "kept": _("Net of refunds"),
        "currency": _("Currency"),
        "title": _("Name on the fapiao"),
        "tax_number": _("Tax number"),
        "state": _("State"),
        "number": _("Number of the fapiao"),
    }
