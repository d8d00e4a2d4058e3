"""What stands before allauth's and Wagtail's own addresses: /account/, and every other door."""

from collections.abc import Callable
from typing import Any

from allauth.account.views import confirm_login_code, email_verification_sent, password_set
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.urls import path
from django.views.decorators.csp import csp_override
from wagtail.admin.auth import require_admin_access

from accounts import (
    looking_views,
    lost_second_step_views,
    pending_log_ins,
    reauthentication,
    views,
)
from accounts.site_history import SiteHistoryView
from accounts.staff_account import StaffAccountView


def in_admin(view: Callable[..., Any]) -> Callable[..., Any]:
    """As Wagtail wraps its own."""
    guarded: Callable[..., Any] = csp_override(settings.ADMIN_CSP)(require_admin_access(view))
    return guarded


urlpatterns = [
    path("account/", views.home, name="account_home"),
    path("account/language/", views.language, name="set_language"),
    path("account/currency/", views.currency, name="set_currency"),
    path("account/second-step/", views.second_factor_wanted, name="second_factor"),
    path(
        "account/reauthenticate/code/",
        login_required(views.ReauthenticateByCodeView.as_view()),
        name="reauthenticate_by_code",
    ),
    # allauth lets any session, however old, set the first password.
    path(
        "account/password/set/",
        login_required(reauthentication.required(password_set)),
    ),
    path("account/confirm-email/", pending_log_ins.of_those_still_there(email_verification_sent)),
    path("account/login/code/confirm/", pending_log_ins.of_those_still_there(confirm_login_code)),
    path("account/privacy/", views.my_data, name="my_data"),
    path("account/privacy/export/", views.export, name="export_my_data"),
    path("account/privacy/delete/", views.delete, name="delete_account"),
    path("account/deleted/", views.deleted, name="account_deleted"),
    path("account/first-operator/<str:token>/", views.become_first_operator, name="first_operator"),
    path("admin/login/", views.admin_door),
    path("_util/login/", views.admin_door),
    path("account/looking/end/", looking_views.end, name="look_no_longer"),
    path("admin/users/<int:pk>/look/", in_admin(looking_views.begin), name="look_as"),
    path(
        "admin/users/<int:pk>/second-step/",
        in_admin(lost_second_step_views.take_off),
        name="take_off_second_step",
    ),
    path("admin/account/", in_admin(StaffAccountView.as_view())),
    path("admin/reports/site-history/", in_admin(SiteHistoryView.as_view())),
    path(
        "admin/reports/site-history/results/", in_admin(SiteHistoryView.as_view(results_only=True))
    ),
]
