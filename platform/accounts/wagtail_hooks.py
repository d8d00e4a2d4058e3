from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.ui.components import Component

from accounts import dashboard
from accounts.models import User


@hooks.register("register_account_menu_item")
def own_account(request: object) -> dict[str, object]:
    return {
        "url": reverse("account_home"),
        "label": _("My account on the site"),
        "help_text": _("Name, e-mail, language, time zone, passkeys and sessions are kept there."),
    }


@hooks.register("before_bulk_action")
def change_people_one_by_one(
    request: HttpRequest, action_type: str, objects: list[Any], action: Any
) -> None:
    """Wagtail's bulk actions know nothing of what nobody may do to themselves."""
    if action.models == [User]:
        raise PermissionDenied


@hooks.register("construct_homepage_panels")
def show_people(request: HttpRequest, panels: list[Component]) -> None:
    if request.user.has_perm("accounts.change_user"):
        panels.append(dashboard.people())
