from typing import Any

from django.http import HttpRequest
from wagtail import hooks
from wagtail.admin.ui.components import Component

from accounts import roles
from pages import checklist


class ChecklistPanel(Component):
    """开站清单 on the dashboard, until all of it is done."""

    name = "opening_checklist"
    order = 50
    template_name = "pages/checklist_panel.html"

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self.items = items

    def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
        return {"items": self.items, "left": sum(not item["done"] for item in self.items)}


@hooks.register("construct_homepage_panels")
def show_checklist(request: HttpRequest, panels: list[Component]) -> None:
    """To those who can act on it."""
    if not roles.operators().filter(pk=request.user.pk).exists():
        return
    items = checklist.items()
    if not all(item["done"] for item in items):
        panels.append(ChecklistPanel(items))
