"""Roles: a table, written to the database after migrations; what each may and may not open."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.test.utils import CaptureQueriesContext
from wagtail.models import Collection, GroupPagePermission, Locale, Page, Site

from accounts import roles
from accounts.models import User
from tests.accounts.browser import browser, log_in, second_step, text_of
from tests.accounts.factories import PASSWORD, UserFactory, give_app, operator

pytestmark = pytest.mark.django_db
ALL = [roles.EDITOR, roles.MODERATOR, roles.FINANCE, roles.OPERATOR]
# (permission, roles that have it), of the apps that are there.
EXPECTED = {
    "wagtailadmin.access_admin": set(ALL),
    "accounts.add_user": {roles.OPERATOR},
    "accounts.change_user": {roles.OPERATOR},
    "accounts.delete_user": set(),
    "auth.change_group": set(),
    "auth.add_group": set(),
    "pages.change_sitesettings": {roles.OPERATOR},
    # Those about money alone are shown (payments.admin.mails).
    "accounts.view_outboxmessage": {roles.FINANCE, roles.OPERATOR},
    "accounts.change_outboxmessage": {roles.FINANCE},
    "accounts.delete_outboxmessage": set(),
    "wagtailcore.add_site": set(),
    "wagtailredirects.add_redirect": {roles.OPERATOR},
}


def person(role: str, **kwargs: object) -> User:
    return UserFactory(roles=[role], password=PASSWORD, **kwargs)


def inside(user: User) -> Any:
    client = browser()
    give_app(user)
    log_in(client, user.email)
    second_step(client)
    return client


@pytest.mark.parametrize("role", ALL)
@pytest.mark.parametrize("permission", EXPECTED)
def test_each_role_has_what_the_table_says(role: str, permission: str) -> None:
    app, _, codename = permission.partition(".")
    assert Permission.objects.filter(content_type__app_label=app, codename=codename).exists()
    assert person(role).has_perm(permission) == (role in EXPECTED[permission])


@pytest.mark.parametrize("role", ALL)
def test_no_role_is_a_superuser(role: str) -> None:
    user = person(role)
    assert not user.is_superuser
    assert not user.is_staff


@pytest.mark.parametrize("role", ALL)
def test_only_those_who_edit_may_change_pages(role: str) -> None:
    home = Site.objects.get(is_default_site=True).root_page
    may = home.permissions_for_user(person(role))
    edits = role in (roles.EDITOR, roles.OPERATOR)
    assert (may.can_edit(), may.can_publish(), may.can_add_subpage()) == (edits, edits, edits)


def test_an_editor_has_no_power_over_the_root_above_the_site() -> None:
    assert not Page.get_first_root_node().permissions_for_user(person(roles.EDITOR)).can_edit()


PAGES = {
    "/admin/": set(ALL),
    "/admin/users/": {roles.OPERATOR},
    "/admin/users/new/": {roles.OPERATOR},
    "/admin/groups/": set(),
    "/admin/sites/": set(),
    "/admin/settings/pages/sitesettings/": {roles.OPERATOR},
    "/admin/images/": {roles.EDITOR, roles.OPERATOR},
    "/admin/redirects/": {roles.OPERATOR},
}


@pytest.mark.parametrize("role", ALL)
def test_each_role_opens_its_pages_and_no_other(role: str) -> None:
    client = inside(person(role))
    for page, may in PAGES.items():
        answer = client.get(page, follow=True)
        reached = answer.request["PATH_INFO"] != "/admin/" or page == "/admin/"
        assert (answer.status_code == 200 and reached) == (role in may), page


def page_permissions_of(role: str) -> set[Any]:
    rows = GroupPagePermission.objects.filter(group__name=role)
    return set(rows.values_list("page_id", "permission_id"))


def test_synchronising_again_changes_nothing_and_repairs_what_was_changed() -> None:
    group = Group.objects.get(name=roles.FINANCE)
    before = set(group.permissions.all())
    group.permissions.add(Permission.objects.get(codename="change_user"))
    group.permissions.remove(*before)
    roles.sync()
    assert set(group.permissions.all()) == before
    pages = page_permissions_of(roles.EDITOR)
    roles.sync()
    assert page_permissions_of(roles.EDITOR) == pages


def test_unknown_permissions_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(roles.PERMISSIONS, roles.MODERATOR, ("nowhere.do_it", *roles.ADMIN))
    roles.sync()
    assert Group.objects.get(name=roles.MODERATOR).permissions.count() == 1


def test_an_emptied_database_has_roles_and_site_again_after_migrations() -> None:
    for model in (Site, Page, Collection, Locale, Group):
        model._base_manager.all().delete()
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
    assert set(Group.objects.values_list("name", flat=True)) == set(ALL)
    home = Site.objects.get(is_default_site=True).root_page
    assert home.get_children().filter(slug="terms", live=True).exists()
    assert home.permissions_for_user(person(roles.EDITOR)).can_publish()


# --- the administration of people --------------------------------------------------------------


def test_an_operator_makes_a_person_who_logs_in_by_a_code() -> None:
    client = inside(operator())
    editor = Group.objects.get(name=roles.EDITOR)
    form: dict[str, Any] = {
        "email": "Ed@Example.com",
        "name": "编辑",
        "language": "zh-hans",
    }
    form |= {"time_zone": "Asia/Shanghai", "groups": [editor.pk]}
    answer = client.post("/admin/users/new/", form)
    assert answer.status_code == 302, text_of(answer)
    made = User.objects.get(email="ed@example.com")
    assert not made.has_usable_password()
    assert list(made.groups.all()) == [editor]
    assert "编辑" in text_of(client.get("/admin/users/"))


def test_an_address_in_use_is_refused_by_the_field() -> None:
    client = inside(operator())
    UserFactory(email="taken@example.com")
    form: dict[str, Any] = {
        "email": "TAKEN@example.com",
        "language": "en",
        "time_zone": "Asia/Shanghai",
    }
    answer = client.post("/admin/users/new/", form)
    assert answer.status_code == 200
    assert answer.context["form"].errors["email"] == ["这个邮箱已有账号。"]


def test_an_operator_gives_a_role_but_moves_no_address() -> None:
    client = inside(operator())
    user = UserFactory(email="ed@example.com")
    editor = Group.objects.get(name=roles.EDITOR)
    form: dict[str, Any] = {
        "email": "thief@example.com",
        "name": "编辑",
        "language": "en",
        "is_active": "on",
    }
    form |= {"time_zone": "Asia/Shanghai", "groups": [editor.pk], "is_superuser": "on"}
    assert client.post(f"/admin/users/edit/{user.pk}/", form).status_code == 302
    user.refresh_from_db()
    assert user.email == "ed@example.com"
    assert user.language == "en"
    assert not user.is_superuser
    assert list(user.groups.all()) == [editor]


def test_an_operator_cannot_touch_a_superuser_nor_raise_themselves() -> None:
    me = operator()
    client = inside(me)
    root = UserFactory(is_superuser=True, name="root")
    form: dict[str, Any] = {
        "name": "mine",
        "language": "en",
        "time_zone": "Asia/Shanghai",
        "is_active": "on",
    }
    client.post(f"/admin/users/edit/{root.pk}/", form)
    root.refresh_from_db()
    assert root.name == "root"
    finance = Group.objects.get(name=roles.FINANCE)
    client.post(f"/admin/users/edit/{me.pk}/", form | {"groups": [finance.pk]})
    assert [group.name for group in me.groups.all()] == [roles.OPERATOR]


@pytest.mark.parametrize("action", ["assign_role", "set_active_state", "delete"])
def test_people_are_not_changed_in_bulk(action: str) -> None:
    """Wagtail's bulk actions would let an operator raise themselves."""
    me = operator()
    client = inside(me)
    finance = Group.objects.get(name=roles.FINANCE)
    form = {"role": finance.pk, "mark_as_active": "False"}
    answer = client.post(f"/admin/bulk/accounts/user/{action}/?id={me.pk}", form)
    assert answer.status_code in (302, 403)
    me.refresh_from_db()
    assert [group.name for group in me.groups.all()] == [roles.OPERATOR]
    assert me.is_active
    assert "bulk-action-select-all" not in client.get("/admin/users/").content.decode()


def test_roles_are_named_in_the_language_of_the_page() -> None:
    client = inside(operator())
    assert "财务" in client.get("/admin/users/new/").content.decode()
    assert "运营者" in client.get("/admin/users/").content.decode()


def test_nobody_deletes_people_in_the_administration() -> None:
    client = inside(operator())
    user = UserFactory()
    client.post(f"/admin/users/delete/{user.pk}/")
    client.post(f"/admin/bulk/accounts/user/delete/?id={user.pk}")
    assert User.objects.filter(pk=user.pk).exists()


def test_more_people_need_no_more_queries() -> None:
    client = inside(operator())
    counts = []
    for _ in range(3):
        UserFactory.create_batch(4, roles=[roles.EDITOR])
        with CaptureQueriesContext(connection) as queries:
            client.get("/admin/users/")
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_people_are_found_by_the_name_of_their_role() -> None:
    client = inside(operator())
    UserFactory(name="沈编辑", roles=[roles.EDITOR])
    editor = Group.objects.get(name=roles.EDITOR)
    found = text_of(client.get("/admin/users/", {"group": editor.pk}))
    assert "沈编辑" in found
    assert "编辑" in found
    assert "operator" not in found
