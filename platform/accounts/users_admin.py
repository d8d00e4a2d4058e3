"""People, in Wagtail's administration: their roles are given here; everything else is their own."""

from typing import Any, ClassVar

import django_filters
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.forms import CheckboxSelectMultiple, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import BooleanColumn, Column, DateColumn
from wagtail.admin.widgets.button import Button
from wagtail.log_actions import log
from wagtail.users import forms
from wagtail.users.views import users

from accounts import looking, lost_second_step, reauthentication, roles
from accounts.exports import Spreadsheets
from accounts.models import User

ROLES = _(
    "None: a learner. Editors write and publish; finance sees and refunds payments; operators "
    "set up the site and give roles."
)


class RolesField(ModelMultipleChoiceField):
    widget = CheckboxSelectMultiple

    def label_from_instance(self, group: Group) -> str:
        return str(roles.LABELS.get(group.name, group.name))


class PersonForm(forms.UserForm):
    """No first and last name, no password (people log in by a code and set their own)."""

    first_name = last_name = is_superuser = None
    error_messages: ClassVar[dict[str, Any]] = {
        **forms.UserForm.error_messages,
        "duplicate_username": _("This e-mail has an account."),
    }
    groups = RolesField(
        queryset=Group.objects.all(), required=False, label=_("Roles"), help_text=ROLES
    )

    class Meta:
        model = User
        fields = ["email", "name", "language", "time_zone", "groups"]
        help_texts: ClassVar[dict[str, Any]] = {
            "name": _("As colleagues and learners read it."),
            "time_zone": _("Their days begin at its midnight. For example Asia/Shanghai."),
            "is_active": _("Off: signed out at once, and nothing of theirs is lost."),
        }

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()

    def save(self, commit: bool = True) -> User:
        if self.instance.pk is None:
            self.instance.set_unusable_password()
        return super().save(commit=commit)


class PersonEditForm(PersonForm):
    class Meta(PersonForm.Meta):
        fields = [*PersonForm.Meta.fields, "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        editing_self = kwargs.pop("editing_self", False)
        super().__init__(*args, **kwargs)
        # An address changes hands only when its new owner confirms it, under /account/.
        self.fields["email"].disabled = True
        if editing_self:  # nobody raises themselves, and nobody shuts themselves out
            del self.fields["groups"], self.fields["is_active"]


class RolesFilterField(django_filters.fields.ModelMultipleChoiceField):
    label_from_instance = RolesField.label_from_instance


class RoleFilter(users.GroupFilter):
    field_class = RolesFilterField


class Filters(users.UserFilterSet):
    """Roles by their names; superusers are nobody's business here."""

    def __init__(self, *args: Any, is_searching: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, is_searching=is_searching, **kwargs)
        del self.filters["is_superuser"]
        self.filters["group"] = RoleFilter(
            field_name="groups",
            queryset=Group.objects.all(),
            label=_("Roles"),
            use_subquery=is_searching,
            widget=CheckboxSelectMultiple,
        )


class ListView(Spreadsheets, users.IndexView):
    search_fields = ["name", "email"]
    list_export = ("name", "email", "is_active", "last_login", "date_joined")

    @property
    def columns(self) -> list[Column]:
        title = self._get_title_column_class(users.UserColumn)
        return [
            title(
                "name",
                accessor="get_full_name",
                label=_("Name"),
                sort_key="name",
                get_url=self.get_edit_url,
                classname="name",
            ),
            Column("email", label=_("E-mail"), sort_key="email", width="25%"),
            Column("roles", accessor=_roles, label=_("Roles"), width="15%"),
            BooleanColumn("is_active", label=_("May sign in"), sort_key="is_active", width="10%"),
            DateColumn("last_login", label=_("Last login"), sort_key="last_login", width="15%"),
        ]

    def get_base_queryset(self) -> Any:
        return super().get_base_queryset().prefetch_related("groups")

    def order_queryset(self, queryset: Any) -> Any:
        if self.ordering in ("name", "-name"):
            return queryset.order_by(self.ordering)
        return super().order_queryset(queryset)


class EditView(users.EditView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.object.is_superuser and not request.user.is_superuser:
            raise PermissionDenied
        reauthentication.ask(request)
        return super().dispatch(request, *args, **kwargs)

    @property
    def header_more_buttons(self) -> list[Button]:
        buttons: list[Button] = list(super().header_more_buttons)
        me = self.request.user
        if me.has_perm(looking.PERMISSION) and looking.may_be_seen(self.object):
            url = reverse("look_as", args=[self.object.pk])
            buttons.append(Button(_("See the site as they do"), url, icon_name="view"))
        if lost_second_step.may_be_taken_off(self.object, by=me):
            url = reverse("take_off_second_step", args=[self.object.pk])
            buttons.append(Button(_("Take the second step off"), url, icon_name="lock-open"))
        return buttons

    def save_instance(self) -> User:
        was_open = User.objects.values_list("is_active", flat=True).get(pk=self.object.pk)
        person: User = super().save_instance()
        if person.is_active != was_open:
            log(instance=person, action="accounts.reopen" if person.is_active else "accounts.close")
        return person


class CreateView(users.CreateView):
    """Who adds a person gives roles: not from a desk that somebody left."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        reauthentication.ask(request)
        return super().dispatch(request, *args, **kwargs)


class PeopleViewSet(users.UserViewSet):
    index_view_class = ListView
    filterset_class = Filters
    index_template_name = "wagtailadmin/generic/index.html"  # Wagtail's has bulk actions
    add_view_class = CreateView
    edit_view_class = EditView
    create_template_name = "wagtailadmin/generic/form.html"
    edit_template_name = "wagtailadmin/generic/edit.html"

    def get_form_class(self, for_update: bool = False) -> type[PersonForm]:
        return PersonEditForm if for_update else PersonForm


def _roles(user: User) -> str:
    return ", ".join(str(roles.LABELS.get(group.name, group.name)) for group in user.groups.all())


def below_person(person: User, *, title: Any, icon: str) -> dict[str, Any]:
    """What staff/confirm.html takes of a page that is reached from a person's."""
    back = reverse("wagtailusers_users:edit", args=[person.pk])
    people = {
        "url": reverse("wagtailusers_users:index"),
        "label": User._meta.verbose_name_plural,
    }
    return {
        "page_title": title,
        "header_title": title,
        "header_icon": icon,
        "breadcrumbs_items": [
            people,
            {"url": back, "label": str(person)},
            {"url": "", "label": title},
        ],
        "label": title,
        "back_url": back,
    }
