"""讲师分成: the percentage a course's instructor gets, and what it makes in a month."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe
from wagtail.admin import messages

from accounts import reauthentication
from courses.models import CoursePage, Instructor
from insights import share_statement
from insights.rights import finance_only
from insights.share_statement import Line
from insights.sheets import Sheet
from insights.spans import month_of, zone
from insights.statement_pages import around, read_month, this_month
from operations import clock
from pages import dates
from pages.forms import DayField
from payments import shares
from payments.admin.amounts import AmountField
from payments.admin.listing import Fact, in_words, moment
from payments.models import RevenueShare
from payments.money import decimal

PERMISSION = "payments.add_revenueshare"


class ShareForm(forms.Form):
    course = forms.ModelChoiceField(
        label=gettext_lazy("Course"),
        queryset=CoursePage.objects.filter(instructor__isnull=False).order_by("title", "pk"),
    )
    percent = AmountField(
        label=gettext_lazy("Share in percent"),
        min_value=Decimal(0),
        max_value=Decimal(100),
        decimal_places=2,
        help_text=gettext_lazy("Of the course's own sales, net of refunds. 0 ends the share."),
    )
    starts_on = DayField(
        label=gettext_lazy("From"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy(
            "Sales made from this day on. A course's first share may begin on any day, a later one "
            "tomorrow at the earliest: what was told does not change."
        ),
    )


@require_safe
@finance_only
def index(request: HttpRequest) -> HttpResponse:
    rows = RevenueShare.objects.select_related("course", "instructor", "set_by")
    teachers = Instructor.objects.filter(pk__in=rows.values("instructor")).order_by("name", "pk")
    latest = f"{month_of(this_month(), later=-1):%Y-%m}"
    context = {
        "page_title": _("Instructors' shares"),
        "header_title": _("Instructors' shares"),
        "header_icon": "group",
        "breadcrumbs_items": [{"url": "", "label": _("Instructors' shares")}],
        "columns": [
            _("Course"),
            _("Instructor"),
            _("Share in percent"),
            _("From"),
            _("Set by"),
            _("Made"),
        ],
        "rows": [
            [
                row.course.title,
                row.instructor.name,
                f"{row.percent}%",
                dates.day(row.starts_at.astimezone(zone()).date()),
                row.set_by.email if row.set_by else "",
                moment(row.created_at),
            ]
            for row in rows.order_by("course__title", "course", "-starts_at", "-pk")
        ],
        "teachers": [
            Fact(teacher.name, teacher.name, _address(teacher.pk, latest)) for teacher in teachers
        ],
        "may_set": request.user.has_perm(PERMISSION),
    }
    return TemplateResponse(request, "insights/shares.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@finance_only
def add(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    reauthentication.ask(request)
    tomorrow = clock.now().astimezone(zone()).date() + timedelta(days=1)
    form = ShareForm(request.POST or None, initial={"starts_on": tomorrow})
    if request.method == "POST" and form.is_valid() and _set(request, form):
        return redirect("insights-shares:index")
    title = _("Set a share")
    context = {
        "page_title": title,
        "header_title": title,
        "header_icon": "group",
        "breadcrumbs_items": [
            {"url": reverse("insights-shares:index"), "label": _("Instructors' shares")},
            {"url": "", "label": title},
        ],
        "form": form,
        "label": _("Set the share"),
        "back_url": reverse("insights-shares:index"),
        "consequences": [
            _("What a membership brings is no course's revenue: nothing of it is shared."),
            _("A share cannot be changed or removed; a later one takes its place."),
        ],
    }
    return TemplateResponse(request, "staff/confirm.html", context)


def _set(request: HttpRequest, form: ShareForm) -> bool:
    """Whether it was done; else the form says why not."""
    try:
        share = shares.set_share(
            **form.cleaned_data,
            actor=request.user,  # type: ignore[arg-type]
            now=clock.now(),
        )
    except shares.NotInThePast:
        form.add_error("starts_on", _("This course has a share: choose a day from tomorrow on."))
        return False
    except shares.NobodyTeaches:
        form.add_error("course", _("This course names no instructor."))
        return False
    words = {"course": share.course.title, "percent": share.percent}
    messages.success(request, _("%(course)s: %(percent)s %% from that day on.") % words)
    return True


@require_safe
@finance_only
def statement_of_instructor(request: HttpRequest, pk: int, month: str) -> HttpResponseBase:
    teacher = get_object_or_404(Instructor, pk=pk)
    span = read_month(month)
    lines = share_statement.of_month(span, teacher)
    sheet = Sheet(request, name=f"shares-{month}-{pk}", headings=headings(), rows=list(rows(lines)))
    if (file := sheet.answer()) is not None:
        return file

    def address(first: date) -> str:
        return _address(pk, f"{first:%Y-%m}")

    context = {
        "page_title": _("Instructor's statement"),
        "month": f"{span.first:%Y-%m}",
        "teacher": teacher.name,
        "lines": [_in_words(line) for line in lines],
        "sums": [
            in_words(amount, currency) for currency, amount in share_statement.due(lines).items()
        ],
        "is_running": span.first == this_month(),
        "made_at": moment(clock.now()),
        "shares_url": reverse("insights-shares:index"),
        **around(span, address),
    }
    return TemplateResponse(request, "insights/share_statement.html", context)


def _address(pk: int, month: str) -> str:
    return reverse("insights-shares:statement", args=[pk, month])


def headings() -> dict[str, Any]:
    return {
        "course": _("Course"),
        "revenue": _("Payments"),
        "refunds": _("Refunds and disputes"),
        "net": _("Net of refunds"),
        "percent": _("Share in percent"),
        "due": _("Due"),
        "currency": _("Currency"),
    }


def rows(lines: list[Line]) -> Iterator[dict[str, Any]]:
    for line in lines:
        yield {
            "course": line.share.course.title,
            "revenue": decimal(line.revenue, line.currency),
            "refunds": decimal(line.refunds, line.currency),
            "net": decimal(line.net, line.currency),
            "percent": Decimal(line.share.basis_points) / 100,
            "due": decimal(line.due, line.currency),
            "currency": line.currency,
        }


def _in_words(line: Line) -> dict[str, Any]:
    amounts = (line.revenue, line.refunds, line.net)
    return {
        "name": line.share.course.title,
        "amounts": [
            *(in_words(each, line.currency) for each in amounts),
            f"{line.share.percent}%",
            in_words(line.due, line.currency),
        ],
    }
