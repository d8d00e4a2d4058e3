"""Tables that staff download, ours and Wagtail's: no cell computes, and each is in the log."""

from collections.abc import Iterator
from datetime import tzinfo
from functools import wraps
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils import timezone, translation
from django.utils.translation import get_language
from wagtail.admin.views.mixins import SpreadsheetExportMixin

from accounts import audit

# Without it Excel takes a CSV of Chinese words for another encoding.
BYTE_ORDER_MARK = "\ufeff".encode()
CHUNK = 1000
RUNS = ("=", "+", "-", "@", "\t", "\r")


def neutralised(text: str) -> str:
    """The same words, but for a spreadsheet nothing to compute."""
    return f"'{text}" if text.startswith(RUNS) else text


def guard() -> None:
    """Puts both into Wagtail's own export, which every listing and report goes through."""
    preprocess = SpreadsheetExportMixin.preprocess_field_value
    as_spreadsheet = SpreadsheetExportMixin.as_spreadsheet

    @wraps(preprocess)
    def harmless(view: Any, field: str, value: Any, export_format: str) -> Any:
        shown = preprocess(view, field, value, export_format)
        return neutralised(shown) if isinstance(shown, str) else shown

    @wraps(as_spreadsheet)
    def logged(view: Any, queryset: Any, spreadsheet_format: str) -> Any:
        audit.exported(view.request.user, what=view.get_filename(), file_format=spreadsheet_format)
        return as_spreadsheet(view, queryset, spreadsheet_format)

    SpreadsheetExportMixin.preprocess_field_value = harmless
    SpreadsheetExportMixin.as_spreadsheet = logged


def as_asked(rows: Iterator[bytes], language: str | None, zone: tzinfo) -> Iterator[bytes]:
    """Rows are sent after the request is over: in the language and time zone it was made in."""
    yield BYTE_ORDER_MARK
    while True:
        with translation.override(language), timezone.override(zone):
            row = next(rows, None)
        if row is None:
            return
        yield row


class Spreadsheets(SpreadsheetExportMixin):
    """Wagtail's export row by row, in local time and in the reader's language."""

    def preprocess_field_value(self, field: str, value: Any, export_format: str) -> Any:
        if hasattr(value, "tzinfo") and value.tzinfo:
            value = timezone.localtime(value).replace(tzinfo=None, microsecond=0)
        shown = super().preprocess_field_value(field, value, export_format)
        return "" if shown is None else shown

    def stream_csv(self, queryset: Any) -> Iterator[bytes]:
        rows = super().stream_csv(_one_by_one(queryset))
        return as_asked(rows, get_language(), timezone.get_current_timezone())

    def get_heading(self, queryset: Any, field: str) -> str:
        return str(super().get_heading(self.get_base_queryset(), field))

    def write_xlsx(self, queryset: Any, output: Any) -> None:
        super().write_xlsx(_one_by_one(queryset), output)

    def generate_xlsx_row(self, worksheet: Any, row_dict: Any, date_format: Any = None) -> Any:
        """In the order of the headings, as in a CSV."""
        in_order = {field: row_dict[field] for field in self.list_export}
        return super().generate_xlsx_row(worksheet, in_order, date_format)

    def write_csv_response(self, queryset: Any) -> HttpResponseBase:
        response = super().write_csv_response(queryset)
        response["Content-Type"] = "text/csv; charset=utf-8"
        return response


def _one_by_one(rows: Any) -> Any:
    """Never all of them in memory, where they come from the database."""
    return rows.iterator(chunk_size=CHUNK) if isinstance(rows, QuerySet) else rows
