"""What the admin gets from the community."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.ui.components import Component
from wagtail.admin.viewsets.base import ViewSet
from wagtail.permissions import register_permission_policy

from accounts import audit
from community import dashboard
from community.comment_acts import MAY_MODERATE
from community.comment_admin import CommentPolicy, viewset
from community.models import Comment

register_permission_policy(Comment, CommentPolicy(Comment))


@hooks.register("register_admin_viewset")
def comments() -> ViewSet:
    return viewset


@hooks.register("construct_homepage_panels")
def show_what_was_reported(request: HttpRequest, panels: list[Component]) -> None:
    if request.user.has_perm(MAY_MODERATE):
        panels.append(dashboard.waiting())


@hooks.register("register_log_actions")
def log_actions(actions: Any) -> None:
    for name, label, message in (
        ("feature", _("Feature a comment"), _("A comment was featured")),
        ("unfeature", _("Feature a comment no more"), _("A comment is featured no more")),
        ("hide", _("Hide a comment"), _("A comment was hidden")),
        ("show", _("Show a comment again"), _("A comment is shown again")),
        ("keep", _("Let a reported comment stay"), _("A reported comment stays")),
    ):
        audit.register(actions, f"community.{name}_comment", label, message)
