"""The ledger's pages: by day, by discipline, by year, and as a file."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dates import MONTHS
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.exports import as_asked
from accounts.limits import consume, limited, longest_wait
from accounts.models import User
from courses.depicted import absolute
from learning import (
    book,
    days,
    gaps,
    goals,
    heat_map,
    ledger_days,
    ledger_files,
    progress,
    study_time,
    year_poster,
)
from learning.forms import LedgerFileForm
from learning.models import LedgerEntry
from operations import clock, errors
from pages.site_shown import shown_to
from pages.templatetags.charts import Bar

A_PAGE = 50


@never_cache
@login_required
@require_safe
def by_day(request: HttpRequest) -> HttpResponse:
    """A year as a heat map, and its days."""
    learner = _reader(request)
    known = book.years(learner.pk)
    number = _year(request.GET.get("year", "")) or _today(learner).year
    year = book.year(learner.pk, number)
    goal = goals.of(learner).minutes
    minutes = {day: told.minutes for day, told in year.days.items()}
    months: dict[int, list[tuple[date, book.Day]]] = {}
    for day, told in reversed(year.days.items()):
        months.setdefault(day.month, []).append((day, told))
    context = {
        "year": year,
        "tabs": _tabs("ledger"),
        "years": [
            {"label": each, "url": f"{reverse('ledger')}?year={each}", "current": each == number}
            for each in sorted({*known, number}, reverse=True)
        ],
        "halves": heat_map.draw(number, minutes, goal=goal),
        "goal": goal,
        "months": [
            (MONTHS[month], sum(told.seconds for _day, told in found) // 60, found)
            for month, found in months.items()
        ],
        "is_new": not known,
        "run": study_time.of(learner, now=clock.now()).run,
    }
    return render(request, "learning/ledger/days.html", context)


@never_cache
@login_required
@require_safe
def one_day(request: HttpRequest, day: str) -> HttpResponse:
    """What stands in the ledger of one day."""
    learner = _reader(request)
    try:
        on = date.fromisoformat(day)
    except ValueError as error:
        raise Http404 from error
    entries = LedgerEntry.objects.filter(learner_id=learner.pk, day=on)
    study = (
        entries.filter(kind=LedgerEntry.Kind.STUDY)
        .order_by()
        .values("course", "site_address", "site_name", "is_afterwards")
        .annotate(seconds=Sum("seconds"))
        .order_by("-seconds", "course", "site_address")
    )
    things = entries.exclude(kind=LedgerEntry.Kind.STUDY).order_by("at", "key", "site_address")
    context = {
        "day": on,
        "study": Paginator(study, A_PAGE).get_page(request.GET.get("courses")),
        "seconds": entries.aggregate(whole=Sum("seconds"))["whole"] or 0,
        "page": Paginator(things, A_PAGE).get_page(request.GET.get("page")),
        "back": f"{reverse('ledger')}?year={on.year}",
        "zone": days.zone_of(learner),
    }
    return render(request, "learning/ledger/day.html", context)


@never_cache
@login_required
@require_safe
def by_discipline(request: HttpRequest) -> HttpResponse:
    """The map of knowledge, as far as one has walked it."""
    learner = _reader(request)
    fields = book.fields(learner.pk)
    context = {
        "tabs": _tabs("ledger_disciplines"),
        "fields": fields,
        "touched": sum(each.is_touched and each.is_here for each in fields),
        "here": sum(each.is_here for each in fields),
        "most": max((each.minutes for each in fields), default=0),
        "suggestion": gaps.suggest(fields),
    }
    return render(request, "learning/ledger/disciplines.html", context)


@never_cache
@login_required
@require_safe
def by_year(request: HttpRequest, number: int) -> HttpResponse:
    """年度学习报告."""
    learner = _reader(request)
    known = book.years(learner.pk)
    if number != _today(learner).year and number not in known:
        raise Http404
    year = book.year(learner.pk, number)
    fields = [each for each in book.fields(learner.pk, year=number) if each.is_touched]
    context = {
        "tabs": _tabs("ledger_year"),
        "year": year,
        "is_over": number < _today(learner).year,
        "years": [
            {
                "label": each,
                "url": reverse("ledger_year", args=[each]),
                "current": each == number,
            }
            for each in sorted({*known, number}, reverse=True)
        ],
        "fields": sorted(fields, key=lambda each: -each.seconds),
        "bars": [
            Bar(words=MONTHS[month], value=minutes, label=month if month % 3 == 1 else "")
            for month, minutes in enumerate(year.months, 1)
        ],
        "imported": LedgerEntry.objects.filter(learner_id=learner.pk, day__year=number)
        .exclude(site_address="")
        .exists(),
    }
    return render(request, "learning/ledger/year.html", context)


@never_cache
@login_required
@require_safe
@limited("poster")
def poster(request: HttpRequest, number: int) -> HttpResponse:
    """One's own year as a picture, for oneself to download."""
    learner = _reader(request)
    if number not in book.years(learner.pk):
        raise Http404
    drawn = year_poster.png(
        book.year(learner.pk, number),
        book.fields(learner.pk, year=number),
        shown_to(request),
        address=absolute("/"),
    )
    return _file(HttpResponse(drawn, content_type="image/png"), f"{number}.png")


@never_cache
@login_required
@require_safe
@limited("ledger")
def export(request: HttpRequest, suffix: str) -> Any:
    """The whole ledger as a file."""
    learner = _reader(request)
    name = shown_to(request).name
    answer: StreamingHttpResponse
    if suffix == "json":
        rows = ledger_files.as_json(learner, site_name=name)
        answer = StreamingHttpResponse(rows, content_type="application/json")
    elif suffix == "csv":
        cells = as_asked(
            ledger_files.as_csv(learner, site_name=name), get_language(), days.zone_of(learner)
        )
        answer = StreamingHttpResponse(cells, content_type="text/csv; charset=utf-8")
    else:
        raise Http404
    return _file(answer, f"{_today(learner)}.{suffix}")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest) -> HttpResponse:
    """Takes the ledger away, and brings one in."""
    learner = _learner(request)
    is_post = request.method == "POST"
    if is_post and not consume(request, "ledger"):
        return errors.too_many(request, after=longest_wait("ledger"))
    form = LedgerFileForm(request.POST, request.FILES) if is_post else LedgerFileForm()
    if is_post and form.is_valid():
        try:
            content = form.cleaned_data["file"].read()
            brought = ledger_files.bring(learner, content, now=clock.now())
        except ledger_files.UnreadableLedger as error:
            form.add_error("file", str(error))
        else:
            messages.success(request, _brought(brought))
            return redirect("ledger_take")
    context = {
        "tabs": _tabs("ledger_take"),
        "form": form,
        "entries": LedgerEntry.objects.filter(learner_id=learner.pk).count(),
    }
    status = 422 if form.errors else 200
    return render(request, "learning/ledger/take.html", context, status=status)


def _brought(brought: ledger_files.Brought) -> str:
    if not brought.new:
        return _("Everything in the file stands in your ledger already.")
    words = ngettext("%(new)d entry brought in.", "%(new)d entries brought in.", brought.new)
    return words % {"new": brought.new}


def _learner(request: HttpRequest) -> User:
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def _reader(request: HttpRequest) -> User:
    """Whoever reads their ledger finds all in it that was reported until now."""
    learner = _learner(request)
    progress.fold_learner(learner.pk)
    ledger_days.catch_up(learner, now=clock.now())
    return learner


def _today(learner: User) -> date:
    return days.day_of(clock.now(), days.zone_of(learner))


def _year(text: str) -> int | None:
    return (
        int(text)
        if text.isascii() and text.isdigit() and len(text) == 4 and 1970 <= int(text) <= 9000
        else None
    )


def _tabs(current: str) -> list[dict[str, Any]]:
    year = clock.now().year  # by the site's calendar; any year leads to the others
    several = [
        ("ledger", _("Day by day"), reverse("ledger")),
        ("ledger_disciplines", _("Disciplines"), reverse("ledger_disciplines")),
        ("ledger_year", _("Report of the year"), reverse("ledger_year", args=[year])),
        ("ledger_take", _("Take it along"), reverse("ledger_take")),
    ]
    return [
        {"label": words, "url": url, "current": name == current} for name, words, url in several
    ]


def _file[Answer: HttpResponse | StreamingHttpResponse](answer: Answer, name: str) -> Answer:
    answer["Content-Disposition"] = f'attachment; filename="rizhi-{name}"'
    return answer
