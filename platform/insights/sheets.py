"""A table of ours as CSV or XLSX, like every other that staff download."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from accounts.exports import Spreadsheets


class Sheet(Spreadsheets):
    """Rows that are no model's: `headings` names their columns, in order."""

    def __init__(
        self,
        request: HttpRequest,
        *,
        name: str,
        headings: dict[str, Any],
        rows: Iterable[dict[str, Any]],
    ) -> None:
        self.request = request
        self.export_filename = name
        self.list_export = list(headings)
        self.export_headings = headings
        self.rows = rows

    def get_base_queryset(self) -> Iterable[dict[str, Any]]:
        return self.rows

    def to_row_dict(self, item: dict[str, Any]) -> dict[str, Any]:
        return item

    def answer(self) -> HttpResponseBase | None:
        """The file, if one was asked for (?export=csv, xlsx)."""
        asked = self.request.GET.get("export")
        if asked not in self.FORMATS:
            return None
        response: HttpResponseBase = self.as_spreadsheet(self.rows, asked)
        return response
