"""What may be done to one row, done to several chosen in the listing, one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views import View
from wagtail.admin import messages
from wagtail.admin.ui.tables import BaseColumn
from wagtail.admin.utils import get_valid_next_url_from_request

from accounts import reauthentication
from payments.admin.confirmation import Confirmation, NotPossible

AT_ONCE = 200  # rows
Views = Mapping[str, type[Confirmation]]


class ChosenColumn(BaseColumn):
    """Boxes to choose rows with, and one in the head for all of the page."""

    header_template_name = "payments/admin/choose_all.html"
    cell_template_name = "payments/admin/choose.html"

    def __init__(self, name: str, *, views: Views) -> None:
        super().__init__(name)
        self.called = next(iter(views.values()))().called

    def get_cell_context_data(self, instance: Any, parent_context: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_cell_context_data(instance, parent_context)
        return context | {"called": self.called(instance)}


@dataclass(frozen=True)
class Button:
    label: Any
    url: str


def buttons(request: HttpRequest, viewset: str, views: Views) -> list[Button]:
    """What this person may do to chosen rows."""
    return [
        Button(view.label, reverse(f"{viewset}:chosen_{name}"))
        for name, view in views.items()
        if request.user.has_perm(view.permission)
    ]


def addresses(views: Views) -> list[Any]:
    return [
        path(f"chosen/{name}/", ChosenView.as_view(one=view), name=f"chosen_{name}")
        for name, view in views.items()
    ]


class ChosenView(View):
    """GET ?id=…&id=… names the rows and says to which it can be done; POST does it to those.

    Each row is its own transaction: where one is not possible any more, the others are done.
    """

    one: type[Confirmation] = Confirmation

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(self.one.permission):
            raise PermissionDenied
        reauthentication.ask(request)
        self.act = self.one()
        self.act.setup(request)
        index = reverse(f"{self.one.back}:index")
        self.back_url = get_valid_next_url_from_request(request) or index
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = self.rows()
        if not any(self.act.is_possible(row) for row in rows):
            messages.warning(request, _("It can be done to none of the chosen rows."))
            return redirect(self.back_url)
        return self.page(rows, self.one.form_class())

    def post(self, request: HttpRequest) -> HttpResponse:
        rows = self.rows()
        form = self.one.form_class(request.POST)
        if not form.is_valid():
            return self.page(rows, form)
        done = 0
        for row in rows:
            if not self.act.is_possible(row):
                continue
            try:
                self.act.carry_out(row, form)
            except NotPossible as problem:
                messages.warning(request, f"{self.act.called(row)}: {problem}")
            else:
                done += 1
        if done:
            words = ngettext("%(count)d done: %(what)s.", "%(count)d done: %(what)s.", done)
            messages.success(request, words % {"count": done, "what": self.one.label})
        if left := len(rows) - done:
            words = ngettext("%(count)d left as it was.", "%(count)d left as they were.", left)
            messages.warning(request, words % {"count": left})
        return redirect(self.back_url)

    def rows(self) -> list[Any]:
        asked = [each for each in self.request.GET.getlist("id") if each.isascii()]
        keys = [int(each) for each in asked[:AT_ONCE] if each.isdigit() and len(each) < 19]
        return list(self.act.found().filter(pk__in=keys))

    def page(self, rows: list[Any], form: forms.Form) -> TemplateResponse:
        model = self.one.model._meta
        possible = [row for row in rows if self.act.is_possible(row)]
        sentences = [[str(each) for each in self.act.consequences(row)] for row in possible]
        same = len(possible) > 1 and all(each == sentences[0] for each in sentences)
        context = {
            "page_title": self.one.title,
            "header_title": self.one.title,
            "breadcrumbs_items": [
                {"url": self.back_url, "label": model.verbose_name_plural},
                {"url": "", "label": self.one.title},
            ],
            "header_icon": "warning",
            "consequences": sentences[0] if same else [],
            "possible": [
                (self.act.called(row), [] if same else said)
                for row, said in zip(possible, sentences, strict=True)
            ],
            "impossible": [self.act.called(row) for row in rows if row not in possible],
            "form": form,
            "label": self.one.label,
            "serious": self.one.serious,
            "back_url": self.back_url,
        }
        return TemplateResponse(self.request, "payments/admin/chosen.html", context)
