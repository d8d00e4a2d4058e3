"""Roles: what each group of staff may do, as data, written to the database after migrations."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page, Site

from accounts.models import User

EDITOR, MODERATOR, FINANCE, OPERATOR = "editor", "moderator", "finance", "operator"

LABELS = {
    EDITOR: _("Editor"),
    MODERATOR: _("Moderator"),
    FINANCE: _("Finance"),
    OPERATOR: _("Operator"),
}

ADMIN = ("wagtailadmin.access_admin",)
# What is in it and its words; its price is finance's alone.
BUNDLES = ("courses.view_bundle", "courses.add_bundle", "courses.change_bundle")
MEMBERSHIPS = ("courses.view_membership", "courses.add_membership", "courses.change_membership")
TALK = ("community.view_comment", "community.moderate_comment")
CONTENT = (
    "courses.add_instructor",
    "courses.change_instructor",
    "courses.delete_instructor",
    "courses.view_instructor",
    "courses.add_discipline",
    "courses.change_discipline",
    "courses.delete_discipline",
    "courses.view_discipline",
    "courses.view_membership",
    "learning.view_credential",
    "learning.withdraw_credential",
    "growth.*_letter",
    *BUNDLES,
)
MONEY = (
    "payments.view_*",
    "payments.add_offer",
    "payments.change_offer",
    "payments.add_price",
    "payments.add_promotioncode",
    "payments.change_promotioncode",
    "payments.change_gift",
    "payments.add_redeembatch",
    "payments.change_redeembatch",
    "payments.change_redeemcode",
    "payments.add_revenueshare",
    "payments.read_business",
    "payments.refund_order",
    "payments.issue_fapiao",
    "payments.replay_webhookevent",
    "payments.change_difference",
    "accounts.view_outboxmessage",
    "accounts.change_outboxmessage",
    "courses.view_grant",
    "courses.add_grant",
    "courses.change_grant",
    *MEMBERSHIPS,
    *BUNDLES,
)
SITE = (
    "accounts.view_user",
    "accounts.add_user",
    "accounts.change_user",
    "accounts.look_as_user",
    "accounts.view_outboxmessage",
    "pages.change_sitesettings",
    *MEMBERSHIPS,
    "courses.view_grant",
    "payments.view_*",
    "operations.view_*",
    "operations.change_parkedjob",
    "operations.delete_parkedjob",
    "wagtailredirects.*",
)
# Role → permissions, "app.codename" or a pattern. What no installed app has is left out.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    EDITOR: ADMIN + CONTENT + TALK,
    MODERATOR: ADMIN + TALK,
    FINANCE: ADMIN + MONEY,
    OPERATOR: ADMIN + CONTENT + TALK + SITE,
}
# Role → what it may do with the pages of the site and with files.
PAGE = ("add_page", "change_page", "publish_page", "bulk_delete_page", "lock_page", "unlock_page")
PAGES = {EDITOR: PAGE, OPERATOR: PAGE}
# Wagtail asks for those of its own models, whatever models of ours keep the files.
FILE = tuple(
    f"{app}.{action}_{model}"
    for app, model in (
        ("wagtailimages", "image"),
        ("wagtaildocs", "document"),
        ("wagtailmedia", "media"),
    )
    for action in ("add", "change", "choose")
)
FILES = {EDITOR: FILE, OPERATOR: FILE}
WAGTAILS_OWN = ("Editors", "Moderators")


@transaction.atomic
def holders(permission: str) -> QuerySet[User]:
    """Who may do it ("app.codename") now: by a role, or as a superuser."""
    return ModelBackend().with_perm(permission)


def sync() -> None:
    """Makes the groups and gives each exactly what the tables above say."""
    every = {f"{app}.{permission.codename}": permission for app, permission in _permissions()}
    for role, patterns in PERMISSIONS.items():
        group, _created = Group.objects.get_or_create(name=role)
        group.permissions.set(_matching(every, patterns))
        _sync_pages(group, PAGES.get(role, ()), every)
        _sync_files(group, FILES.get(role, ()), every)
    Group.objects.filter(name__in=WAGTAILS_OWN, user=None).delete()


def sync_after_migrations(using: str, **kwargs: Any) -> None:
    if using == "default":
        sync()


def is_staff(user: Any) -> bool:
    """Whether somebody has any of the site's powers, however they came by them."""
    if not (user.is_authenticated and user.is_active):
        return False
    return (
        user.is_staff
        or user.is_superuser
        or user.has_perm("wagtailadmin.access_admin")
        or user.groups.filter(name__in=PERMISSIONS).exists()
    )


def is_last_operator(user: User) -> bool:
    others = operators().exclude(pk=user.pk)
    return operators().filter(pk=user.pk).exists() and not others.exists()


def operators() -> Any:
    """Those who can run the site: operators and superusers, if active."""
    active = User.objects.filter(is_active=True)
    return (active.filter(groups__name=OPERATOR) | active.filter(is_superuser=True)).distinct()


def _permissions() -> Iterable[tuple[str, Permission]]:
    for permission in Permission.objects.select_related("content_type"):
        yield permission.content_type.app_label, permission


def _matching(every: dict[str, Permission], patterns: Iterable[str]) -> list[Permission]:
    patterns = tuple(patterns)
    return [p for name, p in every.items() if any(fnmatchcase(name, one) for one in patterns)]


def _sync_pages(group: Group, codenames: Iterable[str], every: dict[str, Permission]) -> None:
    site = Site.objects.filter(is_default_site=True).select_related("root_page").first()
    root: Page | None = site.root_page if site else Page.get_first_root_node()
    wanted = {
        (root.pk, every[f"wagtailcore.{codename}"].pk)
        for codename in codenames
        if root and f"wagtailcore.{codename}" in every
    }
    kept = set()
    for row in GroupPagePermission.objects.filter(group=group):
        pair = (row.page_id, row.permission_id)
        if pair in wanted:
            kept.add(pair)
        else:
            row.delete()
    for page, permission in wanted - kept:
        GroupPagePermission.objects.create(group=group, page_id=page, permission_id=permission)


def _sync_files(group: Group, names: Iterable[str], every: dict[str, Permission]) -> None:
    root = Collection.get_first_root_node()
    rows = GroupCollectionPermission.objects.filter(group=group)
    wanted = [every[name] for name in names if root and name in every]
    rows.exclude(collection=root, permission__in=wanted).delete()
    for permission in wanted:
        GroupCollectionPermission.objects.get_or_create(
            group=group, collection=root, permission=permission
        )
