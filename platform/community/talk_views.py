"""What is said under a lesson, for those to whom it is open."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.middleware import HtmxDetails

from accounts.limits import limited
from community import comments, places, talk_queries
from community.models import Comment
from community.places import Place
from community.talk_forms import TalkForm
from learning.views import learner_of
from operations import clock

PER_PAGE = 20
QUESTIONS = "question"  # ?shown=question


@never_cache
@require_safe
def talk(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """As a part of the lesson's page, which asks for it, or as a page of its own."""
    place = places.of_lesson(request.user, lesson_id)
    if place.is_open:
        return _page(request, place)
    if _is_for_a_part(request) or not place.is_out:
        raise Http404
    return redirect(place.url)  # which says what it is and how to get it


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def say(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """POST says it. Opened as an address, or after the session has ended, it leads to the talk."""
    talk_url = reverse("lesson_talk", args=[lesson_id])
    if request.method != "POST":
        return redirect(talk_url)
    if not request.user.is_authenticated:
        return redirect_to_login(talk_url)
    return _say(request, lesson_id)


@limited("comment")
def _say(request: HttpRequest, lesson_id: int) -> HttpResponse:
    place = places.of_lesson(request.user, lesson_id)
    if not place.is_open:
        raise Http404
    form = TalkForm(request.POST, lesson=place.lesson)
    if not form.is_valid():
        return _page(request, place, form)
    try:
        comments.say(
            author=learner_of(request),
            place=place,
            key=form.cleaned_data["key"],
            kind=form.cleaned_data["kind"],
            text=form.cleaned_data["text"],
            anchor=form.anchor,
            now=clock.now(),
        )
    except comments.QuoteLost:
        form.add_error(
            None, _("This sentence is not in the text any more. Take it off or quote anew.")
        )
        return _page(request, place, form)
    messages.success(request, pgettext("community", "It stands below now."))
    return redirect(place.talk_url)


def _is_for_a_part(request: HttpRequest) -> bool:
    asked = HtmxDetails(request)
    return bool(asked) and not asked.boosted


def _page(request: HttpRequest, place: Place, form: TalkForm | None = None) -> HttpResponse:
    part = _is_for_a_part(request) and form is None
    template = "community/talk_part.html" if part else "community/talk.html"
    context = _context(request, place, form)
    return render(request, template, context, status=422 if form else 200)


def _page_with(comment_id: str, found: QuerySet[Comment]) -> int:
    """Which page a comment stands on, as Comment.talk_url asks; the first, if it does on none."""
    keys = [str(pk) for pk in found.values_list("pk", flat=True)] if comment_id else []
    return keys.index(comment_id) // PER_PAGE + 1 if comment_id in keys else 1


def _context(request: HttpRequest, place: Place, form: TalkForm | None) -> dict[str, Any]:
    only_questions = request.GET.get("shown") == QUESTIONS
    found = talk_queries.under(place, request.user, only_questions=only_questions)
    number = request.GET.get("page") or _page_with(request.GET.get("to", ""), found)
    page = Paginator(found, PER_PAGE).get_page(number)
    return {
        "place": place,
        "page": page,
        "rows": talk_queries.shown(place, request.user, page.object_list),
        "form": form or TalkForm(lesson=place.lesson),
        "here": place.talk_url if request.method == "POST" else request.get_full_path(),
        "query": f"shown={QUESTIONS}&" if only_questions else "",
        "tabs": [
            {"label": _("All"), "url": place.talk_url, "current": not only_questions},
            {
                "label": pgettext("community", "Questions"),
                "url": f"{place.talk_url}?shown={QUESTIONS}",
                "current": only_questions,
            },
        ],
    }
