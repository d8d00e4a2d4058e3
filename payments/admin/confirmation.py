"""Before something is done about money or access: what will happen, and why it is done."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views import View
from wagtail.admin import messages

from accounts import reauthentication
from accounts.models import User

LONGEST = 300  # characters of a reason


class NotPossible(Exception):
    """It cannot be done now; the text says why, for staff."""


def actor_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 — whoever has a permission has an account
    return request.user


class AfterProof:
    """Before a view of Wagtail's: whoever comes has just proved who they are."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        reauthentication.ask(request)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


def reason_field(help_text: Any) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(label=_("Reason"), max_length=LONGEST, widget=area, help_text=help_text)


class ReasonForm(forms.Form):
    reason = reason_field(_("For your colleagues; it is kept."))


class ToldReasonForm(ReasonForm):
    reason = reason_field(_("The learner reads it, word for word."))


class Confirmation(View):
    """GET says what will happen, POST does it, once."""

    model: type[Model]
    permission: str
    back: str  # the viewset whose detail page one came from
    title: Any
    label: Any
    form_class: type[forms.Form] = ReasonForm
    serious = False
    related: tuple[str, ...] = ()

    def found(self) -> QuerySet[Any]:
        """The rows it may be about."""
        return self.model._default_manager.select_related(*self.related)

    def called(self, row: Any) -> str:
        """What staff call it."""
        return str(row)

    @property
    def actor(self) -> User:
        return actor_of(self.request)

    def consequences(self, row: Any) -> Iterable[Any]:
        """Sentences: what will happen."""
        raise NotImplementedError

    def form(self, data: Any = None) -> forms.Form:
        return self.form_class(data)

    def is_possible(self, row: Any) -> bool:
        return True

    def why_not(self, row: Any) -> Any:
        """Said where it is not possible."""
        return _("This has been done already, or is not possible any more.")

    def carry_out(self, row: Any, form: Any) -> Any:
        """Does it and gives the message that says so. Raises NotPossible."""
        raise NotImplementedError

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(self.permission):
            raise PermissionDenied
        reauthentication.ask(request)
        self.row = get_object_or_404(self.found(), pk=kwargs["pk"])
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.is_possible(self.row):
            return self.over(request)
        return self.page(request, self.form())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.is_possible(self.row):
            return self.over(request)
        form = self.form(request.POST)
        if not form.is_valid():
            return self.page(request, form)
        try:
            messages.success(request, self.carry_out(self.row, form))
        except NotPossible as problem:
            form.add_error(None, str(problem))
            return self.page(request, form)
        return redirect(self.back_url())

    def over(self, request: HttpRequest) -> HttpResponse:
        messages.warning(request, self.why_not(self.row))
        return redirect(self.back_url())

    def back_url(self) -> str:
        return reverse(f"{self.back}:inspect", args=[self.row.pk])

    def page(self, request: HttpRequest, form: forms.Form) -> TemplateResponse:
        crumbs = [
            {"url": reverse(f"{self.back}:index"), "label": self.model._meta.verbose_name_plural},
            {"url": self.back_url(), "label": self.called(self.row)},
            {"url": "", "label": self.title},
        ]
        context = {
            "page_title": self.title,
            "header_title": self.title,
            "breadcrumbs_items": crumbs,
            "header_icon": "warning",
            "consequences": list(self.consequences(self.row)),
            "form": form,
            "label": self.label,
            "serious": self.serious,
            "back_url": self.back_url(),
        }
        return TemplateResponse(request, "staff/confirm.html", context)
