"""What a person finds. The order is of our own making, the same on every database: words in the
title come first, then words beside it, then all others; of titles the shorter, then the newer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    Model,
    OuterRef,
    Q,
    QuerySet,
    StringAgg,
    Subquery,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, Concat, Length, RowNumber, Substr
from django.utils.safestring import SafeString
from wagtail.models import Page

from courses.models import CoursePage, Discipline, LessonPage
from courses.queries import in_course, number_of, withdrawn_here
from courses.search import marking
from courses.search.kinds import KINDS, OTHERS, PAGES, Kind
from courses.search.matching import ALL, NEAR, TITLE, Query, Words, matching

FEW = 4  # of each kind, where all kinds are shown
MANY = 20  # on a page of one kind
# How far off a result is: what has all words in its title stands at the title's length; then come
# those with all words near the title, with all words anywhere, with some of them.
NEARBY, ANYWHERE, PARTLY = 1000, 2000, 3000
NO_NAMES = Value("", output_field=TextField())


@dataclass(frozen=True)
class Result:
    kind: Kind
    title: SafeString
    snippet: SafeString
    url: str
    names: list[SafeString]  # in editors' words, as the title is
    facts: list[str]
    planned: CoursePage | None  # how it stands is told beside the facts
    is_free: bool
    is_named: bool  # the title says why it is found


@dataclass
class Group:
    """A kind with what was found of it: the first few, pages by their keys."""

    kind: Kind
    number: int  # of all
    found: list[Any]
    results: list[Result] = field(default_factory=list)


@dataclass(frozen=True)
class Findings:
    groups: list[Group]
    partly: bool  # nothing has all the words; these have some

    @property
    def number(self) -> int:
        return sum(group.number for group in self.groups)

    def number_of(self, kind: Kind) -> int:
        return sum(group.number for group in self.groups if group.kind == kind)

    def results_of(self, kind: Kind) -> list[Result]:
        return [each for group in self.groups if group.kind == kind for each in group.results]


@dataclass(frozen=True)
class _Hit:
    kind: Kind
    row: int
    found: Any
    distance: int
    whole: int  # how many of its kind have all the words
    some: int  # … or at least one


# --- finding -----------------------------------------------------------------------------------


def survey(
    query: Query,
    *,
    columns: tuple[str, ...] = ALL,
    few: int = FEW,
    only: Kind | None = None,
    page: int = 1,
) -> Findings:
    """How many of each kind are found, and the first few, or the results on a page of one kind.

    One query for all pages, one for each other kind.
    """

    def wanted(kind: Kind) -> tuple[int, int]:
        """Rows from, to; of a kind that is only counted the first alone."""
        if only is None:
            return 1, few
        return ((page - 1) * MANY + 1, page * MANY) if kind == only else (1, 1)

    hits: list[_Hit] = []
    if query.runs:
        hits += _hits_of_pages(query, columns, wanted)
        for kind in OTHERS:
            hits += _hits_of(kind, query, columns, wanted(kind))
    partly = all(hit.distance == PARTLY for hit in hits)
    kept = [hit for hit in hits if partly or hit.distance < PARTLY]
    groups = []
    for kind in KINDS:
        if own := sorted((hit for hit in kept if hit.kind == kind), key=attrgetter("row")):
            first, last = wanted(kind)
            found = [hit.found for hit in own if first <= hit.row <= last]
            groups.append(Group(kind, own[0].some if partly else own[0].whole, found))
    return Findings(groups, partly=partly and bool(groups))


def _hits_of_pages(
    query: Query, columns: tuple[str, ...], wanted: Callable[[Kind], tuple[int, int]]
) -> list[_Hit]:
    models = [kind.model for kind in PAGES]
    found = _numbered(_ranked(findable(), query, columns, models), by="content_type_id")
    kinds = _kinds_by_type()
    rows = Q(row=1)
    for content_type, kind in kinds.items():
        rows |= Q(content_type=content_type, row__range=wanted(kind))
    values = (
        found.filter(rows)
        .order_by()
        .values_list("content_type_id", "row", "pk", "distance", "whole", "some")
    )
    return [_Hit(kinds[content_type], *rest) for content_type, *rest in values]


def _hits_of(
    kind: Kind, query: Query, columns: tuple[str, ...], wanted: tuple[int, int]
) -> list[_Hit]:
    """Of a kind that is no page."""
    objects = kind.model._default_manager.all()
    found = _numbered(_ranked(objects, query, columns, [kind.model]))
    rows = found.filter(Q(row=1) | Q(row__range=wanted)).order_by()
    return [_Hit(kind, row.row, row, row.distance, row.whole, row.some) for row in rows]


def findable() -> QuerySet:
    """Pages that may be found: published, and lessons only in a published course."""
    lesson = ContentType.objects.get_for_model(LessonPage).pk
    return Page.objects.live().filter(
        ~Q(content_type=lesson) | Exists(_above().filter(live=True)),
        content_type__in=[_type_of(kind) for kind in PAGES],
    )


def _ranked(
    found: QuerySet, query: Query, columns: tuple[str, ...], models: list[type[Model]]
) -> QuerySet:
    """Those that match, with `distance` and what else orders them."""

    def within(columns: tuple[str, ...], *, every: bool = True) -> Q:
        return Q(pk__in=matching(Words(query.runs, every=every), columns, models))

    several = len(query.runs) > 1
    is_page = issubclass(found.model, Page)
    cases = [When(within(TITLE), then=Length("title" if is_page else "name"))]
    cases.append(When(within(NEAR), then=NEARBY))
    if columns == ALL and several:
        cases.append(When(within(ALL), then=ANYWHERE))
    return found.filter(within(columns, every=not several)).annotate(
        distance=Case(*cases, default=PARTLY if several else ANYWHERE),
        newness=F("first_published_at" if is_page else "pk"),
    )


ORDER = ("distance", F("newness").desc(nulls_last=True), "-pk")


def _numbered(ranked: QuerySet, *, by: str = "") -> QuerySet:
    """With its `row` among its kind, and how many there are."""
    parts: dict[str, Any] = {"partition_by": F(by)} if by else {}
    return ranked.annotate(
        row=Window(RowNumber(), order_by=ORDER, **parts),
        whole=Window(Count("pk", filter=Q(distance__lt=PARTLY)), **parts),
        some=Window(Count("pk"), **parts),
    )


# --- reading -----------------------------------------------------------------------------------


def read(findings: Findings, query: Query) -> Findings:
    """Gives each group its results (one query)."""
    keys = [key for group in findings.groups if group.kind.is_page for key in group.found]
    pages = Page.objects.filter(pk__in=keys)
    found = {page.pk: _result_of_page(page, query) for page in _with_facts(pages)} if keys else {}
    for group in findings.groups:
        if group.kind.is_page:
            group.results = [found[key] for key in group.found if key in found]
        else:
            group.results = [_result(group.kind, each, each, query) for each in group.found]
    return findings


def newest(kind: Kind, number: int, **only: Any) -> list[Result]:
    """The newest pages of a kind, for those who look for nothing yet (one query)."""
    pages = findable().filter(content_type=_type_of(kind), **only)
    newest_first = (F("first_published_at").desc(nulls_last=True), "-pk")
    keys = pages.order_by(*newest_first).values("pk")[:number]
    # Facts are counted for the few alone: SQLite would count them for all, then sort.
    shown = _with_facts(Page.objects.filter(pk__in=keys)).order_by(*newest_first)
    return [_result_of_page(page, Query("")) for page in shown]


def _with_facts(pages: QuerySet) -> QuerySet:
    """Pages with all that the table of kinds reads of them, and no word besides."""
    fields = [f"{kind.name}__{name}" for kind in PAGES for name in kind.fields]
    related = {name.rpartition("__")[0] for name in fields}
    below = in_course(LessonPage.objects.live())
    up_to_it = LessonPage.objects.live().filter(
        kind=LessonPage.Kind.REGULAR,
        depth=OuterRef("depth"),
        path__gte=Concat(_stem(), Value("0" * Page.steplen)),
        path__lte=OuterRef("path"),
    )
    return (
        pages.select_related(*related)
        .only("title", "slug", "path", "depth", "content_type_id", *fields)
        .annotate(
            above_title=Subquery(_above().values("title")),
            above_slug=Subquery(_above().values("slug")),
            live_lessons=number_of(below),
            withdrawn_lessons=withdrawn_here(),
            subjects=Coalesce(_names_of("courses"), _names_of("articles"), NO_NAMES),
            place=number_of(up_to_it),
        )
    )


def _result_of_page(page: Any, query: Query) -> Result:
    kind = _kinds_by_type()[page.content_type_id]
    return _result(kind, getattr(page, kind.name), page, query)


def _result(kind: Kind, of: Any, row: Any, query: Query) -> Result:
    shown = kind.show(of, row)
    subjects = [each for each in shown.subjects if marking.has(each, query)]
    names = [marking.marked(name, query) for name in [*shown.names, *subjects]]
    return Result(
        kind=kind,
        title=marking.marked(of.title, query),
        snippet=marking.snippet(shown.texts, query),
        url=shown.url,
        names=names,
        facts=shown.facts,
        planned=shown.planned,
        is_named=marking.has(of.title, query),
        is_free=shown.is_free,
    )


# --- small parts -------------------------------------------------------------------------------


def _type_of(kind: Kind) -> int:
    return int(ContentType.objects.get_for_model(kind.model).pk)


def _kinds_by_type() -> dict[int, Kind]:
    return {_type_of(kind): kind for kind in PAGES}


def _stem() -> Substr:
    """The path of the page above."""
    return Substr(OuterRef("path"), 1, Length(OuterRef("path")) - Page.steplen)


def _above() -> QuerySet:
    return Page.objects.filter(path=_stem())


def _names_of(pages: str) -> Subquery:
    """The disciplines of the page above, one a line."""
    names = Discipline.objects.filter(**{pages: OuterRef("pk")}).order_by().annotate(one=Value(1))
    joined = StringAgg("name", delimiter=Value("\n"))
    return Subquery(names.values("one").annotate(names=joined).values("names"))
