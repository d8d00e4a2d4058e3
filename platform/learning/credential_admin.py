"""Certificates in the admin: found by number, name or course, and withdrawn with a reason.

An editor sees those of pages they may edit.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods
from wagtail.admin import messages
from wagtail.admin.ui.tables import Column, DateColumn, TitleColumn
from wagtail.admin.views import generic
from wagtail.permission_policies import ModelPermissionPolicy
from wagtail.permission_policies.pages import PagePermissionPolicy

from accounts import reauthentication
from accounts.models import User
from learning import credentials
from learning.credential_forms import WithdrawalForm
from learning.models import Credential
from operations import clock
from pages.admin_moments import InspectionWithMoments
from pages.admin_reading import ReadingViewSet

MAY_WITHDRAW = "learning.withdraw_credential"


class CredentialPolicy(ModelPermissionPolicy):
    """Nobody writes one by hand, superusers included."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action == "view" and bool(super().user_has_permission(user, action))


def seen_by(user: Any) -> QuerySet[Credential]:
    """Those of pages that somebody may edit."""
    pages = PagePermissionPolicy().instances_user_has_permission_for(user, "change")
    return Credential.objects.filter(Q(target_id__in=pages.order_by().values("pk")))


class CredentialIndex(generic.IndexView):
    default_ordering = "-issued_at"

    def get_base_queryset(self) -> QuerySet[Credential]:
        return seen_by(self.request.user)

    def search_queryset(self, queryset: QuerySet[Credential]) -> QuerySet[Credential]:
        """By its number as it is printed, too."""
        if not self.is_searching:
            return queryset
        words = Q(name__icontains=self.search_query) | Q(title__icontains=self.search_query)
        return queryset.filter(words | Q(number__icontains=self.search_query.replace("-", "")))


class CredentialInspection(InspectionWithMoments):
    page_title = gettext_lazy("Certificate")

    def get_queryset(self) -> QuerySet[Credential]:
        return seen_by(self.request.user)

    def get_field_display_value(self, field_name: str, field: Any) -> Any:
        """Nothing, where upstream's says None."""
        is_empty = getattr(self.object, field_name, "") is None
        return "" if is_empty else super().get_field_display_value(field_name, field)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["public_url"] = self.object.get_absolute_url()
        if self.request.user.has_perm(MAY_WITHDRAW) and not self.object.is_withdrawn:
            context["withdraw_url"] = reverse("certificates:withdraw", args=[self.object.pk])
        return context


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    if not isinstance(request.user, User) or not request.user.has_perm(MAY_WITHDRAW):
        raise PermissionDenied
    reauthentication.ask(request)
    row = get_object_or_404(seen_by(request.user), pk=pk)
    back = reverse("certificates:inspect", args=[row.pk])
    form = WithdrawalForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _asked(request, row, form, back)
    done = credentials.withdraw(row, by=request.user, now=clock.now(), **form.cleaned_data)
    if done:
        messages.success(request, _("The certificate is withdrawn, and the learner is told."))
    else:
        messages.warning(request, _("It was withdrawn before."))
    return redirect(back)


def _asked(request: HttpRequest, row: Credential, form: WithdrawalForm, back: str) -> HttpResponse:
    title = _("Withdraw the certificate")
    context = {
        "page_title": title,
        "header_title": title,
        "header_icon": "warning",
        "breadcrumbs_items": [
            {"url": reverse("certificates:index"), "label": Credential._meta.verbose_name_plural},
            {"url": back, "label": str(row)},
            {"url": "", "label": title},
        ],
        "consequences": [
            _("Its page says that it was withdrawn, when, and on which ground. It is for good."),
            _("%(name)s gets a mail with the reason.") % {"name": row.name},
            _("What was studied stays."),
        ],
        "form": form,
        "label": title,
        "serious": True,
        "back_url": back,
    }
    return TemplateResponse(request, "staff/confirm.html", context)


class CredentialViewSet(ReadingViewSet):
    model: Any = Credential
    name = "certificates"
    icon = "tick-inverse"
    menu_label = gettext_lazy("Certificates")
    menu_order = 215
    index_view_class = CredentialIndex
    inspect_view_class = CredentialInspection
    template_prefix = "learning/credential_admin/"
    inspect_view_fields = [
        "name",
        "title",
        "kind",
        "instructor",
        "publisher",
        "earned_on",
        "issued_at",
        "withdrawn_at",
        "withdrawn_for",
        "withdrawn_reason",
    ]
    search_fields = ["number", "name", "title"]  # as CredentialIndex searches them
    list_per_page = 50
    list_display = [
        TitleColumn(
            "shown_number",
            label=gettext_lazy("Number"),
            get_url=lambda row: reverse("certificates:inspect", args=[row.pk]),
        ),
        Column("name", label=gettext_lazy("Name"), sort_key="name"),
        Column("title", label=gettext_lazy("Title"), sort_key="title"),
        DateColumn("issued_at", label=pgettext_lazy("certificate", "Issued"), sort_key="issued_at"),
        DateColumn(
            "withdrawn_at", label=pgettext_lazy("certificate", "Withdrawn"), sort_key="withdrawn_at"
        ),
    ]

    def get_urlpatterns(self) -> list[Any]:
        return [*super().get_urlpatterns(), path("withdraw/<int:pk>/", withdraw, name="withdraw")]


viewset = CredentialViewSet()
