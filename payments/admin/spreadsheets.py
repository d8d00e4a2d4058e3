"""Cells of a spreadsheet: amounts that add up, words that run nothing."""

from collections.abc import Iterator
from datetime import tzinfo
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django.db.models import Model, QuerySet
from django.http import HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import get_language
from wagtail.admin.views.mixins import SpreadsheetExportMixin

# Without it Excel takes a CSV of Chinese words for another encoding.
BYTE_ORDER_MARK = "\ufeff".encode()
CHUNK = 1000


def decimal(amount: int | None, currency: str) -> Decimal | None:
    """9900 CNY → 99.00: a number to sum, with the digits that the currency has."""
    if amount is None or not currency:
        return None
    return Decimal(amount).scaleb(-get_currency_precision(currency))


def _as_asked(rows: Iterator[bytes], language: str | None, zone: tzinfo) -> Iterator[bytes]:
    """Rows are sent after the request is over: in the language and time zone it was made in."""
    yield BYTE_ORDER_MARK
    while True:
        with translation.override(language), timezone.override(zone):
            row = next(rows, None)
        if row is None:
            return
        yield row


class Spreadsheets(SpreadsheetExportMixin):
    """Wagtail's export (see accounts.exports), row by row, in local time."""

    def preprocess_field_value(self, field: str, value: Any, export_format: str) -> Any:
        if hasattr(value, "tzinfo") and value.tzinfo:
            value = timezone.localtime(value).replace(tzinfo=None, microsecond=0)
        shown = super().preprocess_field_value(field, value, export_format)
        return "" if shown is None else shown

    def stream_csv(self, queryset: QuerySet[Model]) -> Iterator[bytes]:
        rows = super().stream_csv(queryset.iterator(chunk_size=CHUNK))
        return _as_asked(rows, get_language(), timezone.get_current_timezone())

    def get_heading(self, queryset: Any, field: str) -> str:
        return str(super().get_heading(self.get_base_queryset(), field))

    def write_xlsx(self, queryset: QuerySet[Model], output: Any) -> None:
        super().write_xlsx(queryset.iterator(chunk_size=CHUNK), output)

    def write_csv_response(self, queryset: QuerySet[Model]) -> HttpResponseBase:
        response = super().write_csv_response(queryset)
        response["Content-Type"] = "text/csv; charset=utf-8"
        return response
