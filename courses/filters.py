"""The catalogue's filters: what its address asks for, and the courses that answer."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, F, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.query import PageQuerySet

from accounts.models import User
from courses import access, queries
from courses.models import CoursePage, Discipline, LessonPage
from pages.languages import as_content

# What may be asked for, by name: each value with its words.
type Choices = dict[str, dict[str, Any]]

PER_PAGE = 24
# Minutes of all its lessons together, from … to.
LENGTHS = {"short": (0, 60), "medium": (60, 180), "long": (180, None)}
ORDERS = {
    "new": ("-first_published_at", "-pk"),
    "short": ("total_seconds", "-first_published_at"),
    "long": ("-total_seconds", "-first_published_at"),
}
# Of what there is; a row with one choice alone is not shown.
FOUND = {"discipline", "form"}
LABELS = {
    "discipline": _("Discipline"),
    "form": _("Form"),
    "length": _("Length"),
    "show": pgettext_lazy("filter", "Show"),
    "order": pgettext_lazy("filter", "Order"),
}


@dataclass(frozen=True)
class Filters:
    """What is chosen; an empty word chooses nothing. `show` is free (with lessons to hear at once)
    or mine (what one may study)."""

    discipline: str = ""
    form: str = ""
    length: str = ""
    show: str = ""
    order: str = ""

    @property
    def count(self) -> int:
        """How many narrow the list down."""
        return sum(bool(value) for value in (self.discipline, self.form, self.length, self.show))

    @property
    def query(self) -> str:
        """ "form=audio&order=short&" or nothing: what another page of the list keeps."""
        chosen = urlencode({name: value for name, value in vars(self).items() if value})
        return f"{chosen}&" if chosen else ""

    def address(self, **changed: str) -> str:
        """The same with something chosen otherwise."""
        return f"{reverse('catalogue')}?{replace(self, **changed).query}".rstrip("?&")


@dataclass(frozen=True)
class Option:
    label: Any
    url: str
    current: bool


@dataclass(frozen=True)
class Row:
    """One thing to choose, as components/filters.html takes it."""

    label: Any
    options: list[Option]
    narrows: bool  # the list down; else it orders it

    @property
    def taken_off(self) -> Option | None:
        """What is chosen of it, with the address that no longer asks for it."""
        chosen = next((each for each in self.options[1:] if each.current), None)
        return replace(chosen, url=self.options[0].url) if chosen and self.narrows else None


def read(query: QueryDict, allowed: Choices) -> Filters:
    """What the address asks for; what it cannot ask for is left out."""
    asked = {name: query.get(name, "") for name in allowed}
    return Filters(**{name: value for name, value in asked.items() if value in allowed[name]})


def rows(filters: Filters, allowed: Choices) -> list[Row]:
    """Every choice there is, each with the address that makes it."""
    return [
        Row(
            LABELS[name],
            [
                Option(label, filters.address(**{name: value}), getattr(filters, name) == value)
                for value, label in values.items()
            ],
            narrows=name != "order",
        )
        for name, values in allowed.items()
        if len(values) > 2 or name not in FOUND
    ]


def choices(*, signed_in: bool) -> Choices:
    """What can be asked for now: disciplines and forms of which there are courses (two queries)."""
    tops = Discipline.objects.filter(courses__live=True).values(top=Coalesce("parent_id", "pk"))
    disciplines = Discipline.objects.filter(pk__in=tops.order_by())
    forms = set(CoursePage.objects.live().order_by().values_list("form", flat=True).distinct())
    every = {"": pgettext_lazy("filter", "All")}
    return {
        "discipline": every | {each.slug: as_content(each.name) for each in disciplines},
        "form": every | {form: label for form, label in CoursePage.Form.choices if form in forms},
        "length": every
        | {
            "short": _("Under 1 hour"),
            "medium": _("1 to 3 hours"),
            "long": _("Over 3 hours"),
        },
        "show": every
        | {"free": _("With free lessons")}
        | ({"mine": _("Mine to study")} if signed_in else {}),
        "order": {"": _("Newest"), "short": _("Shortest"), "long": _("Longest")},
    }


def find(filters: Filters, user: User | AnonymousUser, *, now: datetime) -> PageQuerySet:
    """The live courses that answer, in the order asked for."""
    found = queries.courses().live()
    if filters.discipline:
        here = Discipline.objects.filter(
            Q(slug=filters.discipline) | Q(parent__slug=filters.discipline)
        )
        found = found.filter(disciplines__in=here).distinct()
    if filters.form:
        found = found.filter(form=filters.form)
    if filters.length or filters.order in {"short", "long"}:
        # What is planned has no length yet.
        found = found.annotate(total_seconds=_total_seconds()).filter(total_seconds__gt=0)
    if filters.length:
        least, most = LENGTHS[filters.length]
        found = found.filter(total_seconds__gte=least * 60)
        found = found.filter(total_seconds__lt=most * 60) if most else found
    if filters.show == "free":
        found = found.filter(Exists(_lessons().filter(free_preview=True)))
    if filters.show == "mine":
        found = found.filter(access.opened_to(user, now=now))
    return found.order_by(*ORDERS[filters.order or "new"])


def _lessons() -> PageQuerySet:
    """The live lessons of the course that is looked at."""
    return queries.in_course(LessonPage.objects.live())


def _total_seconds() -> Coalesce:
    total = _lessons().annotate(one=Value(1)).values("one").annotate(all=Sum(F("seconds")))
    return Coalesce(Subquery(total.values("all")), 0)
