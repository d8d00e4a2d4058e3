"""Tables that staff download, ours and Wagtail's: no cell computes, and each is in the log."""

from functools import wraps
from typing import Any

from wagtail.admin.views.mixins import SpreadsheetExportMixin

from accounts import audit

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
