"""What the admin gets from growth."""

from typing import Any

from django.urls import URLPattern, path, reverse_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.viewsets.base import ViewSet

from accounts import audit
from growth import letter_admin
from growth.wish_report import ForEditors, wish_report


@hooks.register("register_admin_viewset")
def letters() -> ViewSet:
    return letter_admin.viewset


@hooks.register("register_admin_urls")
def wish_urls() -> list[URLPattern]:
    return [path("reports/wishes/", wish_report, name="wish_report")]


@hooks.register("register_reports_menu_item")
def lead_to_what_is_wanted() -> MenuItem:
    return ForEditors(
        _("Wished for"),
        reverse_lazy("wish_report"),
        name="wishes",
        icon_name="pick",
        order=100,
    )


@hooks.register("register_log_actions")
def log_actions(actions: Any) -> None:
    audit.register(
        actions, "growth.stop_letter", _("Stop a letter"), _("A letter was stopped while it went")
    )
