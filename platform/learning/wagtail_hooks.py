"""What the admin gets from learning."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.viewsets.base import ViewSet
from wagtail.permissions import register_permission_policy

from accounts import audit
from learning.credential_admin import CredentialPolicy, viewset
from learning.models import Credential

register_permission_policy(Credential, CredentialPolicy(Credential))


@hooks.register("register_admin_viewset")
def certificates() -> ViewSet:
    return viewset


@hooks.register("register_log_actions")
def log_actions(actions: Any) -> None:
    audit.register(
        actions,
        "learning.withdraw_credential",
        _("Withdraw a certificate"),
        _("A certificate was withdrawn"),
    )
