from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.components import Component
from wagtail.admin.views import home
from wagtail.admin.views.pages.bulk_actions.page_bulk_action import DefaultPageForm
from wagtail.admin.widgets import Button
from wagtail.models import Page
from wagtail.permissions import policy_registry
from wagtail.query import PageQuerySet

from accounts import roles
from operations import clock
from pages import checklist, dashboard, phone_preview, walls

# Reports that nobody here acts on, and what leads out of the house, in English.
LEFT_OUT = {"workflow-tasks", "page-types-usage", "editor-guide"}
WAGTAILS_PANELS = (
    home.WorkflowObjectsToModeratePanel,
    home.UserObjectsInWorkflowModerationPanel,
    home.RecentEditsPanel,
)


# Upstream names it by the field's name alone, in English.
DefaultPageForm.base_fields["include_descendants"].label = gettext_lazy("The pages below, too")


class ChecklistPanel(Component):
    """开站清单 on the dashboard, until all of it is done."""

    name = "opening_checklist"
    order = 5
    template_name = "pages/checklist_panel.html"

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self.items = items

    def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
        left = [item for item in self.items if not item["done"]]
        return {"left": left, "done": [item for item in self.items if item["done"]]}


@hooks.register("construct_homepage_panels")
def show_checklist(request: HttpRequest, panels: list[Component]) -> None:
    """To those who can act on it."""
    if not roles.operators().filter(pk=request.user.pk).exists():
        return
    items = checklist.items()
    if not all(item["done"] for item in items):
        panels.append(ChecklistPanel(items))


@hooks.register("construct_homepage_panels")
def show_pages(request: HttpRequest, panels: list[Component]) -> None:
    """Of Wagtail's own panels, those about work with pages stay, for who works with pages."""
    edits = policy_registry.get_by_type(Page).user_has_permission(request.user, "change")
    kept = WAGTAILS_PANELS if edits else ()
    panels[:] = [
        panel
        for panel in panels
        if isinstance(panel, kept) or not type(panel).__module__.startswith("wagtail.")
    ]
    if edits:
        found = (
            dashboard.dates(request.user, clock.now()),
            dashboard.drafts(request.user),
            dashboard.withdrawn(request.user),
        )
        panels += [panel for panel in found if panel]


@hooks.register("construct_reports_menu")
@hooks.register("construct_help_menu")
def leave_out(request: HttpRequest, items: list[MenuItem]) -> None:
    items[:] = [
        item
        for item in items
        if item.name not in LEFT_OUT and not item.name.startswith("whats-new-")
    ]


@hooks.register("register_icons")
def icons(names: list[str]) -> list[str]:
    return [*names, "pages/qr-code.svg"]


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern]:
    return [path("phone/<int:page_id>/", phone_preview.code, name="phone_preview_code")]


@hooks.register("construct_page_chooser_queryset")
def offer_pages_that_are_known(pages: PageQuerySet, request: HttpRequest) -> PageQuerySet:
    return walls.known_to(request.user, pages)


@hooks.register("register_page_header_buttons")
def offer_the_phone(page: Page, user: Any, view_name: str, next_url: str = "") -> Iterator[Button]:
    if page.permissions_for_user(user).can_edit():
        yield Button(
            _("Preview on a phone"),
            reverse("phone_preview_code", args=[page.pk]),
            icon_name="qr-code",
            priority=15,
        )
