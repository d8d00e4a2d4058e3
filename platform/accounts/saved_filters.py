"""What somebody searched and filtered a listing of the administration for, kept under a name."""

from copy import copy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from wagtail.admin import messages

from accounts.models import SavedFilter, User

MOST = 20  # of one listing
TYPED = "save_as"  # a name that was refused, to be typed on
NOT_OF_IT = {"p", "export", "next", "ids", "_w_filter_fragment", TYPED}


@dataclass(frozen=True)
class Kept:
    """One link over a listing."""

    row: SavedFilter
    url: str
    is_shown: bool


def query_of(asked: QueryDict) -> str:
    """What of an address chooses rows and their order, always in one order."""
    pairs = [
        (name, value)
        for name, values in sorted(asked.lists())
        if name not in NOT_OF_IT
        for value in values
        if value
    ]
    return urlencode(pairs)


def of(request: HttpRequest, listing: str) -> list[Kept]:
    """Those of this person for this listing ("money-orders:index"), by name."""
    now = query_of(request.GET)
    rows = SavedFilter.objects.filter(owner=_person(request), listing=listing)
    address = reverse(listing)
    return [Kept(row, f"{address}?{row.query}", row.query == now) for row in rows]


class SaveForm(forms.ModelForm[SavedFilter]):
    class Meta:
        model = SavedFilter
        fields = ["listing", "name", "query"]

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.POST)
        self.request = request

    def clean_listing(self) -> str:
        listing = str(self.cleaned_data["listing"])
        try:
            reverse(listing)
        except NoReverseMatch:
            raise forms.ValidationError(_("This listing is not there.")) from None
        return listing

    def clean_query(self) -> str:
        return query_of(QueryDict(self.cleaned_data["query"]))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "listing" in cleaned and "query" in cleaned:
            for value in self._unknown_values(cleaned["listing"], cleaned["query"]):
                words = {"filter": value.label, "value": value.typed}
                told = _("There is no filter “%(value)s” here: it was not saved.")
                if value.label:
                    told = _("The filter “%(filter)s” knows no “%(value)s”: it was not saved.")
                raise forms.ValidationError(told % words)
        return cleaned

    def _unknown_values(self, listing: str, query: str) -> Any:
        """As the listing itself would say, were it asked."""
        found: Any = resolve(reverse(listing)).func
        if not hasattr(getattr(found, "view_class", None), "unknown_values"):
            return []
        view = found.view_class(**found.view_initkwargs)
        asked = copy(self.request)
        asked.method, asked.GET = "GET", QueryDict(query)
        view.setup(asked)
        return view.unknown_values


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """POST listing, name, query. The same name again is given the new query."""
    form = SaveForm(request)
    if not form.is_valid():
        messages.error(request, " ".join(str(e) for each in form.errors.values() for e in each))
        return redirect(_back(form, typed=str(form.data.get("name", ""))))
    data = form.cleaned_data
    try:
        replaces = keep(_person(request), data["listing"], name=data["name"], query=data["query"])
    except TooMany:
        messages.error(request, _("There are %(most)d already. Forget one first.") % {"most": MOST})
        return redirect(_back(form, typed=data["name"]))
    told = _("The filter “%(name)s” is saved.")
    if replaces:
        told = _("The filter “%(name)s” is saved; the former one of that name is gone.")
    messages.success(request, told % {"name": data["name"]})
    return redirect(_back(form))


@require_POST
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(SavedFilter, pk=pk, owner=_person(request))
    row.delete()
    messages.success(request, _("The filter “%(name)s” is forgotten.") % {"name": row.name})
    return redirect(f"{reverse(row.listing)}?{row.query}")


class TooMany(Exception):
    """Nobody finds anything among so many."""


def keep(owner: User, listing: str, *, name: str, query: str) -> bool:
    """Under this name from now on; whether that was another filter's. Raises TooMany."""
    theirs = SavedFilter.objects.filter(owner=owner, listing=listing)
    if theirs.exclude(name=name).count() >= MOST:
        raise TooMany
    replaces = theirs.filter(name=name).exclude(query=query).exists()
    SavedFilter.objects.update_or_create(
        owner=owner, listing=listing, name=name, defaults={"query": query}
    )
    return replaces


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 — the administration asks for an account
    return request.user


def _back(form: SaveForm, *, typed: str = "") -> str:
    """To what was filtered; with the name that was typed, where it is to be saved again."""
    listing = form.cleaned_data.get("listing")
    address = reverse(listing) if listing else reverse("wagtailadmin_home")
    query = query_of(QueryDict(str(form.data.get("query", ""))))
    return f"{address}?{query}" + (f"&{urlencode({TYPED: typed})}" if typed else "")
