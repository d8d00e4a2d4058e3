"""The page of search, and what is suggested while one types. Public words only, for everyone."""

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.limits import limited
from courses.queries import disciplines_taught
from courses.search import nearest, queries
from courses.search.kinds import COURSES, LESSONS, Kind, kind_of
from courses.search.matching import LONGEST, NEAR, Query, read
from pages import edition

SUGGESTED = 8
SUGGESTED_OF_A_KIND = 3


@require_safe
@limited("search")
def search(request: HttpRequest) -> HttpResponse:
    query = read(request.GET.get("q", ""))
    kind = kind_of(request.GET.get("kind", ""))
    page = _number(request.GET.get("page", ""))
    found = edition.get_or_make(
        f"search:{get_language()}:{kind.key if kind else ''}:{page}:{query.text}",
        lambda: render_to_string("courses/search_found.html", _context(query, kind, page)),
        stale=0,
    )
    return TemplateResponse(request, "courses/search.html", {"query": query, "found": found})


def _context(query: Query, kind: Kind | None, page: int) -> dict[str, Any]:
    context: dict[str, Any] = {"query": query, "longest": LONGEST}
    if kind:
        findings, context["page"] = _page_of(kind, query, page)
    else:
        findings = queries.survey(query)
    if findings.groups:
        context |= _found(query, queries.read(findings, query), kind)
    elif query.text:
        context |= _nothing(query)
    else:
        context["newest"] = queries.newest(COURSES, queries.FEW)
    if not findings.groups:
        context["disciplines"] = disciplines_taught()
    return context


@require_safe
@limited("suggest")
def suggest(request: HttpRequest) -> HttpResponse:
    query = read(request.GET.get("q", ""))
    findings = queries.survey(query, few=SUGGESTED_OF_A_KIND, columns=NEAR)
    queries.read(findings, query)
    results = [result for group in findings.groups for result in group.results]
    return TemplateResponse(
        request, "courses/search_suggestions.html", {"results": results[:SUGGESTED]}
    )


def _number(asked: str) -> int:
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 5 else 1


def _page_of(kind: Kind, query: Query, number: int) -> tuple[queries.Findings, Page]:
    """The findings of one kind on the page asked for, or on the last one there is."""
    while True:
        findings = queries.survey(query, only=kind, page=number)
        page = Paginator(range(findings.number_of(kind)), queries.MANY).get_page(number)
        if page.number == number:
            return findings, page
        number = page.number


def _found(query: Query, findings: queries.Findings, kind: Kind | None) -> dict[str, Any]:
    tabs = [_tab(query, None, current=kind, label=_("All"), count=findings.number)]
    tabs += [
        _tab(query, group.kind, current=kind, label=group.kind.label, count=group.number)
        for group in findings.groups
    ]
    found: dict[str, Any] = {"findings": findings, "tabs": tabs, "kind": kind}
    if kind:
        found |= {"results": findings.results_of(kind)}
        found |= {"parameters": _parameters(query, kind) + "&"}
    else:
        found |= {"groups": list(zip(findings.groups, tabs[1:], strict=True))}
    return found


def _nothing(query: Query) -> dict[str, Any]:
    """What one may have meant, and a lesson to begin with."""
    suggestion = nearest.suggestion(query)
    return {
        "suggestion": suggestion,
        "suggestion_url": "?" + _parameters(Query(suggestion), None),
        "free": queries.newest(LESSONS, 1, lessonpage__free_preview=True),
    }


def _tab(query: Query, kind: Kind | None, *, current: Kind | None, **shown: Any) -> dict[str, Any]:
    """What components/tabs.html takes."""
    return {"url": "?" + _parameters(query, kind), "current": kind == current, **shown}


def _parameters(query: Query, kind: Kind | None) -> str:
    return urlencode({"q": query.text, **({"kind": kind.key} if kind else {})})
