"""What the admin gets from payments: the menu of finance, its day, and words for its log."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.components import Component

from accounts import audit
from operations import clock
from payments import refund_requests
from payments.admin import dashboard
from payments.admin.menu import MoneyGroup, SellingGroup


@hooks.register("register_admin_viewset")
def money() -> MoneyGroup:
    return MoneyGroup()


@hooks.register("register_admin_viewset")
def selling() -> SellingGroup:
    return SellingGroup()


class HistoryMenuItem(MenuItem):
    """For whom Wagtail's own menu of reports is not: that is for editors."""

    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(refund_requests.PERMISSION))


@hooks.register("register_money_menu_item")
def history() -> HistoryMenuItem:
    address = reverse("wagtailadmin_reports:site_history")
    return HistoryMenuItem(_("Site history"), address, icon_name="history", order=900)


@hooks.register("construct_homepage_panels")
def show_the_day_of_finance(request: HttpRequest, panels: list[Component]) -> None:
    """To who decides about money; others who may look have the menu."""
    if request.user.has_perm(refund_requests.PERMISSION):
        panels += [dashboard.waiting(), dashboard.today(clock.now())]


@hooks.register("register_log_actions")
def log_actions(actions: Any) -> None:
    audit.register(actions, "payments.price", _("Set the price"), _("The price was set"))
    audit.register(
        actions,
        "payments.price_change",
        _("Change the price for who subscribes already"),
        _("A price change for who subscribes already was decided"),
    )
    audit.register(
        actions, "payments.promotion", _("Set the promotion code"), _("A promotion code was set")
    )
    audit.register(actions, "payments.refund", _("Refund"), _("A refund was begun"))
    audit.register(actions, "payments.end_order", _("End the order"), _("A free order was ended"))
    audit.register(actions, "payments.propose", _("Propose a refund"), _("A refund was proposed"))
    audit.register(
        actions, "payments.confirm_refund", _("Confirm the refund"), _("A refund was confirmed")
    )
    audit.register(actions, "payments.decline", _("Decline the refund"), _("A refund was declined"))
    actions.register_action("payments.replay", _("Process it again"), _("Processed again"))
    audit.register(
        actions, "payments.make_codes", _("Make redeem codes"), _("Redeem codes were made")
    )
    audit.register(
        actions,
        "payments.revoke_codes",
        _("Take the codes back"),
        _("Redeem codes were taken back"),
    )
    audit.register(
        actions, "payments.send_gift", _("Send the gift again"), _("A gift was sent again")
    )
    audit.register(
        actions, "payments.take_gift_back", _("Take the gift back"), _("A gift was taken back")
    )
    audit.register(actions, "payments.share", _("Set the share"), _("A share was set"))
    audit.register(
        actions, "payments.give_up", _("Give up the presale"), _("The presale was given up")
    )
    audit.register(actions, "payments.issue_fapiao", _("Issue a fapiao"), _("A fapiao was issued"))
    audit.register(
        actions, "payments.reverse_fapiao", _("Reverse a fapiao"), _("A fapiao was reversed")
    )
    audit.register(
        actions,
        "payments.correct_fapiao",
        _("Correct a fapiao's number"),
        _("A fapiao's number was corrected"),
    )
    audit.register(
        actions, "payments.send_mail", _("Send the mail again"), _("A mail was sent again")
    )
    audit.register(actions, "payments.settle", _("Settle"), _("Settled by a person"))
