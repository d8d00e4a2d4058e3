from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.ui.components import Component

from accounts import audit, dashboard, saved_filters
from accounts.models import User


@hooks.register("register_account_menu_item")
def own_account(request: object) -> dict[str, object]:
    return {
        "url": reverse("account_home"),
        "label": _("My account on the site"),
        "help_text": _("Name, e-mail, language, time zone, passkeys and sessions are kept there."),
    }


@hooks.register("register_admin_urls")
def saved_filters_of_listings() -> list[Any]:
    return [
        path("saved-filters/save/", saved_filters.save, name="saved_filter_save"),
        path("saved-filters/<int:pk>/forget/", saved_filters.forget, name="saved_filter_forget"),
    ]


@hooks.register("before_bulk_action")
def change_people_one_by_one(
    request: HttpRequest, action_type: str, objects: list[Any], action: Any
) -> None:
    """Wagtail's bulk actions know nothing of what nobody may do to themselves."""
    if action.models == [User]:
        raise PermissionDenied


@hooks.register("register_log_actions")
def log_actions(actions: Any) -> None:
    audit.register(actions, "accounts.give_role", _("Give a role"), _("Was given roles"))
    audit.register(actions, "accounts.take_role", _("Take a role away"), _("Lost roles"))
    audit.register(actions, "accounts.close", _("Shut an account"), _("May sign in no more"))
    audit.register(actions, "accounts.reopen", _("Open an account again"), _("May sign in again"))
    audit.register(
        actions, "accounts.second_factor", _("Change the second step"), _("Changed the second step")
    )
    audit.register(
        actions,
        "accounts.second_factor_off",
        _("Take the second step off"),
        _("Lost the second step"),
    )
    audit.register(actions, "accounts.look", _("See the site as somebody"), _("Was looked as"))
    audit.register(
        actions, "accounts.look_end", _("See it as oneself again"), _("Was looked as no longer")
    )
    audit.register(actions, "accounts.export", _("Download a table"), _("Downloaded a table"))


@hooks.register("construct_homepage_panels")
def show_people(request: HttpRequest, panels: list[Component]) -> None:
    if request.user.has_perm("accounts.change_user"):
        panels.append(dashboard.people())
