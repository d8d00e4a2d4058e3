"""What the admin gets from payments: the menu of finance, and words for its log."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import hooks

from payments.admin.menu import MoneyGroup


@hooks.register("register_admin_viewset")
def money() -> MoneyGroup:
    return MoneyGroup()


@hooks.register("register_log_actions")
def log_actions(actions: Any) -> None:
    actions.register_action("payments.price", _("Set the price"), _("The price was set"))
    actions.register_action("payments.replay", _("Process it again"), _("Processed again"))
    actions.register_action("payments.settle", _("Settle"), _("Settled by a person"))
