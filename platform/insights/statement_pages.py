"""月结单: the accountant's page of one month, to print, and its rows as CSV or XLSX."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from insights import statement
from insights.period_form import choose_currency
from insights.rights import finance_only
from insights.sheets import Sheet
from insights.spans import Span, month_of, zone
from insights.statement import Line, Statement
from operations import clock
from pages.forms import FIRST_YEAR
from payments import gateway
from payments.admin.listing import in_words, moment
from payments.money import decimal


def this_month() -> date:
    return month_of(clock.now().astimezone(zone()).date())


def read_month(written: str) -> Span:
    """2026-11, not one to come. Raises Http404."""
    try:
        first = datetime.strptime(written, "%Y-%m").date()  # noqa: DTZ007 — a day has no zone
    except ValueError:
        raise Http404 from None
    if len(written) != 7 or first.year < FIRST_YEAR or first > this_month():
        raise Http404
    return Span.of_month(first)


def around(month: Span, address: Any) -> dict[str, str]:
    """The months before and after, as far as they have begun."""
    later = month_of(month.first, later=1)
    return {
        "earlier_url": address(month_of(month.first, later=-1)),
        "later_url": address(later) if later <= this_month() else "",
    }


@require_safe
@finance_only
def latest(request: HttpRequest) -> HttpResponse:
    """The last month that is over."""
    month = month_of(this_month(), later=-1)
    return redirect("insights-statements:month", f"{month:%Y-%m}")


@require_safe
@finance_only
def statement_of_month(request: HttpRequest, month: str) -> HttpResponseBase:
    span = read_month(month)
    currencies = statement.currencies()
    currency = choose_currency(request.GET.get("currency", ""), currencies)
    found = statement.of_month(span, currency)
    sheet = Sheet(
        request,
        name=f"statement-{month}-{currency}",
        headings=headings(),
        rows=list(rows(found)),
    )
    if (file := sheet.answer()) is not None:
        return file

    def address(first: date) -> str:
        path = reverse("insights-statements:month", args=[f"{first:%Y-%m}"])
        return f"{path}?{urlencode({'currency': currency})}"

    context = {
        "page_title": _("Monthly statement"),
        "month": f"{span.first:%Y-%m}",
        "currency": currency,
        "currencies": currencies if len(currencies) > 1 else [],
        "opening": in_words(found.opening, currency),
        "closing": in_words(found.closing, currency),
        "lines": [in_words_of(line, currency) for line in found.lines],
        "total": in_words_of(found.total, currency),
        "is_running": span.first == this_month(),
        "made_at": moment(clock.now()),
        "overview_url": reverse("insights-overview:index"),
        "entries_url": _entries(span, currency),
        "csv_url": f"?{urlencode({'currency': currency, 'export': 'csv'})}",
        "xlsx_url": f"?{urlencode({'currency': currency, 'export': 'xlsx'})}",
        **around(span, address),
    }
    return TemplateResponse(request, "insights/statement.html", context)


def headings() -> dict[str, Any]:
    return {
        "offer": _("Offer"),
        "charges": _("Payments"),
        "refunds": _("Refunds"),
        "disputes": _("Disputes"),
        "fees": _("Fees"),
        "other": _("Other"),
        "net": _("Net"),
        "currency": _("Currency"),
    }


def name_of(line: Line) -> str:
    return str(line.offer) if line.offer else _("Of no order of ours")


def rows(found: Statement) -> Iterator[dict[str, Any]]:
    for line in found.lines:
        amounts = {name: decimal(getattr(line, name), found.currency) for name in statement.COLUMNS}
        yield {"offer": name_of(line), **amounts, "currency": found.currency}


def in_words_of(line: Line, currency: str) -> dict[str, Any]:
    amounts = [in_words(getattr(line, name), currency) for name in statement.COLUMNS]
    return {"name": name_of(line), "amounts": amounts}


def _entries(span: Span, currency: str) -> str:
    mode = "true" if gateway.is_live() else "false"
    days = {"booked_at_from": span.first, "booked_at_to": span.last}
    query = {"settled_currency": currency, "livemode": mode, **days}
    return f"{reverse('money-entries:index')}?{urlencode(query)}"
