"""What every listing of finance has: rows to read, search, filter, look into and export."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet, Sum
from django.forms import NullBooleanField
from django.http import QueryDict
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views import View
from wagtail.admin.admin_url_finder import ModelAdminURLFinder
from wagtail.admin.paginator import WagtailPaginator
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.models import ModelLogEntry

from accounts import saved_filters
from accounts.exports import Spreadsheets
from pages import dates
from payments import at_stripe, money
from payments.admin import chosen, searching
from payments.admin.chosen import ChosenColumn
from payments.admin.confirmation import Confirmation


@dataclass(frozen=True)
class Fact:
    """One line of a detail page."""

    label: Any
    value: Any
    url: str = ""

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Action:
    """What may be done on a detail page: a link, or with `post` a button."""

    label: Any
    url: str
    post: bool = False
    explanation: Any = ""


@dataclass(frozen=True)
class Section:
    """A table on a detail page."""

    heading: Any
    columns: list[Any]
    rows: list[list[Any]]


class MoneyColumn(Column):
    """An amount in its row's currency."""

    def __init__(self, name: str, *, currency: str = "currency", **kwargs: Any) -> None:
        super().__init__(name, sort_key=kwargs.pop("sort_key", name), **kwargs)
        self.currency = currency

    def get_value(self, instance: Any) -> str:
        return in_words(getattr(instance, self.name), getattr(instance, self.currency))


class MomentColumn(Column):
    """An instant, written out."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, sort_key=kwargs.pop("sort_key", name), **kwargs)

    def get_value(self, instance: Any) -> str:
        return moment(super().get_value(instance))


class DetailColumn(TitleColumn):
    """The first column: it leads to the detail page of `viewset`."""

    def __init__(self, name: str, viewset: str, **kwargs: Any) -> None:
        super().__init__(name, get_url=lambda row: detail_url(viewset, row), **kwargs)


@dataclass(frozen=True)
class UnknownValue:
    """What was asked of a filter that knows no such value; or, without a label, the name of a
    filter that is not there, as in an old link."""

    label: Any
    typed: str
    url_without: str


class Counted(WagtailPaginator):
    @property
    def items_count_label(self) -> str:
        rows = self.verbose_name if self.count == 1 else self.verbose_name_plural
        return str(_("%(number)d %(rows)s") % {"number": self.count, "rows": rows})


class MoneyIndex(Spreadsheets, generic.IndexView):
    """A listing that fetches related rows along with its own, and says what it adds up to."""

    results_template_name = "payments/admin/index_results.html"
    paginator_class = Counted
    related: tuple[str, ...] = ()
    order_key = ""  # the lookup of the key of the order that a row belongs to
    # What may be done to chosen rows: the URL's name → the view for one row.
    chosen_views: dict[str, type[Confirmation]] = {}
    # Fields to sum over everything found, per currency: (name, label, the currency's field).
    totals: tuple[tuple[str, Any, str], ...] = ()

    def get_base_queryset(self) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_base_queryset()
        return found.select_related(*self.related) if self.related else found

    def search_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.is_searching:
            return queryset
        return searching.search(
            queryset, self.search_query, fields=self.search_fields, order_key=self.order_key
        )

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Nothing at all where a filter or its value is unknown: all rows would pass for those
        asked."""
        if self.unknown_values:
            return queryset.none()
        found: QuerySet[Any] = super().filter_queryset(queryset)
        return found

    @cached_property
    def unknown_values(self) -> list[UnknownValue]:
        filters = self.filters.filters if self.filters else {}
        known = {self.search_kwarg, "ordering"}.union(*map(self.keys_of, filters))
        asked = QueryDict(saved_filters.query_of(self.request.GET))
        strange = [
            UnknownValue("", key, self.url_without([key])) for key in asked if key not in known
        ]
        return strange + [found for name in filters if (found := self.unknown_value(name))]

    def keys_of(self, name: str) -> list[str]:
        """What a filter is called in an address: two names, where it is from one day to another."""
        widget = self.filters.form.fields[name].widget
        suffixes = getattr(widget, "suffixes", [])
        return [widget.suffixed(name, each) for each in suffixes] or [name]

    def url_without(self, keys: list[str]) -> str:
        rest = self.request.GET.copy()
        for key in [*keys, self.page_kwarg]:
            rest.pop(key, None)
        return f"{self.get_index_url()}?{rest.urlencode()}"

    def unknown_value(self, name: str) -> UnknownValue | None:
        form = self.filters.form
        field, keys = form.fields[name], self.keys_of(name)
        is_known = getattr(field, "valid_value", lambda each: False)
        asked = [each for key in keys for each in self.request.GET.getlist(key) if each]
        # A yes or no that is neither is no error to Django, but "unknown".
        refused = name in form.errors or (
            isinstance(field, NullBooleanField) and form.cleaned_data[name] is None
        )
        if not (asked and refused):
            return None
        typed = ", ".join(each for each in asked if not is_known(each))
        return UnknownValue(self.filters.filters[name].label, typed, self.url_without(keys))

    def counted(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those whose amounts count in the sums."""
        return rows

    def sums(self) -> list[tuple[Any, str]]:
        """The same rows as an export would have, added up: (label, ¥99)."""
        found = self.counted(self.get_queryset().order_by())
        lines = []
        for name, label, currency in self.totals:
            sums = found.values(currency).annotate(total=Sum(name)).order_by(currency)
            lines += [
                (label, in_words(row["total"], row[currency]))
                for row in sums
                if row["total"] is not None and row[currency]
            ]
        return lines

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(*args, **kwargs)
        query = self.request.GET.urlencode()
        return context | {
            "sums": [] if self.is_export else self.sums(),
            "chosen": self.chosen,
            "unknown_values": self.unknown_values,
            "here": f"{self.get_index_url()}?{query}",
            "saved": saved_filters.of(self.request, self.index_url_name),
            "listing": self.index_url_name,
            "query": saved_filters.query_of(self.request.GET),
            "typed": self.request.GET.get(saved_filters.TYPED, ""),
        }

    @cached_property
    def chosen(self) -> list[chosen.Button]:
        viewset = self.index_url_name.partition(":")[0]
        return chosen.buttons(self.request, viewset, self.chosen_views)

    @cached_property
    def columns(self) -> list[Any]:
        columns: list[Any] = super().columns
        return (
            [ChosenColumn("chosen", views=self.chosen_views), *columns] if self.chosen else columns
        )


class MoneyDetail(generic.InspectView):
    """One row, written out: facts, what may be done, what belongs to it."""

    template_name = "payments/admin/detail.html"
    page_title = _("Details")
    related: tuple[str, ...] = ()

    def get_object(self, queryset: Any = None) -> Any:
        found = self.model._default_manager.all()
        if self.related:
            found = found.select_related(*self.related)
        return get_object_or_404(found, pk=self.pk)

    def facts(self) -> Iterable[Fact]:
        return []

    def actions(self) -> Iterable[Action]:
        return []

    def sections(self) -> Iterable[Section]:
        return []

    def get_fields(self) -> list[str]:
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        facts = [fact for fact in self.facts() if fact.value not in ("", None)]
        return context | {
            "paper_title": f"{self.model._meta.verbose_name} {self.get_page_subtitle()}",
            "facts": facts,
            "actions": list(self.actions()),
            "sections": [section for section in self.sections() if section.rows],
        }


class RowFinder(ModelAdminURLFinder):
    """From the log and the search to the page of a row, for who may read it."""

    def get_edit_url(self, instance: Any) -> str | None:
        meta = instance._meta
        may = self.user is None or self.user.has_perm(f"{meta.app_label}.view_{meta.model_name}")
        return self.construct_edit_url(instance) if may else None


class MoneyViewSet(ModelViewSet):
    """Read-only: no form writes these rows, and no page of theirs deletes them."""

    icon = "list-ul"
    add_to_reference_index = False
    copy_view_enabled = False
    inspect_view_enabled = True
    list_per_page = 50
    form_fields: list[str] = []
    index_view_class = MoneyIndex
    inspect_view_class = MoneyDetail
    related: tuple[str, ...] = ()
    offered = frozenset({"index", "index_results", "inspect"})
    # What may be done to one row: the URL's name → its view class.
    row_views: dict[str, type[View]] = {}
    # Of these, what may be done to several chosen rows, too.
    for_several: tuple[str, ...] = ()
    search_backend_name = None
    order_key = ""

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        common: dict[str, Any] = super().get_common_view_kwargs(related=self.related, **kwargs)
        common |= {"history_url_name": None, "usage_url_name": None, "delete_url_name": None}
        for name in ("add", "edit"):
            if name not in self.offered:
                common[f"{name}_url_name"] = None
        return common

    @property
    def url_finder_class(self) -> type[RowFinder]:
        return type("_RowFinder", (RowFinder,), {"edit_url_name": self.get_url_name("inspect")})

    @property
    def chosen_views(self) -> dict[str, Any]:
        return {name: self.row_views[name] for name in self.for_several}

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_index_view_kwargs(**kwargs)
        return found | {"chosen_views": self.chosen_views, "order_key": self.order_key}

    def get_urlpatterns(self) -> list[Any]:
        patterns = [each for each in super().get_urlpatterns() if each.name in self.offered]
        patterns += chosen.addresses(self.chosen_views)
        return patterns + [
            path(f"{name}/<int:pk>/", view.as_view(), name=name)
            for name, view in self.row_views.items()
        ]

    @property
    def export_filename(self) -> str:
        return str(self.name)


def in_words(amount: int | None, currency: str) -> str:
    return money.in_words(amount, currency) if amount is not None and currency else ""


def moment(at: Any) -> str:
    """2026年11月23日 12:00, in the reader's time zone."""
    return dates.moment(at) if at else ""


def stripe_fact(label: Any, stripe_id: str | None, *, livemode: bool) -> Fact:
    """An id of Stripe's, which leads to its page there."""
    return Fact(label, stripe_id or "", at_stripe.address(stripe_id, livemode=livemode))


def logged(row: Model, action: str, *, who: Any, why: Any) -> Iterable[Fact]:
    """Who did it, and why, from the log."""
    told = ModelLogEntry.objects.for_instance(row).filter(action=action)
    for entry in told.select_related("user"):
        yield Fact(who, person(entry.user))
        yield Fact(why, entry.data.get("reason", ""))


def person(user: Any) -> str:
    return f"{user.get_full_name()} <{user.email}>" if user else ""


def detail_url(viewset: str, row: Model | None) -> str:
    return reverse(f"{viewset}:inspect", args=[row.pk]) if row else ""
