"""Wagtail's administration of users, with our view set in place of its own."""

from wagtail.users.apps import WagtailUsersAppConfig


class UsersConfig(WagtailUsersAppConfig):
    user_viewset = "accounts.users_admin.PeopleViewSet"
