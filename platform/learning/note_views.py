"""Marking, thinking, finding again and sharing. Notes stay their learner's when a lesson closes:
only marking anew and going there ask whether it is open."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.limits import limited
from accounts.models import User
from learning import cards, days, note_places, note_queries, notes
from learning.models import Highlight
from learning.note_forms import HighlightForm, WantedForm, WordsForm
from learning.note_places import Place
from learning.note_queries import Wanted
from learning.views import back_from, learner_of
from operations import clock

PER_PAGE = 20
MOST_ON_PAGE = 500  # marks drawn on one page; a list shows the rest

type OfNote = Callable[[HttpRequest, Highlight], HttpResponse]


def _asks_for_data(request: HttpRequest) -> bool:
    return request.headers.get("accept") == "application/json"


def _data(note: Highlight, *, has_card: bool) -> dict[str, Any]:
    names = ("key", "quote", "prefix", "suffix", "start", "colour", "thought")
    shared = reverse("shared_note", args=[note.share_token]) if note.is_shared else ""
    told = {name: getattr(note, name) for name in names}
    return told | {"tags": " ".join(note.tag_list), "shared": shared, "card": has_card}


# --- on the page of a lesson or an article ------------------------------------------------------


@never_cache
@login_required
@require_safe
@limited("notes")
def page_notes(request: HttpRequest, page_id: int) -> HttpResponse:
    """What the learner marked there, for the page's script with what it shows; as a page of its
    own a form to write on the whole of it, where no script marks sentences."""
    learner = learner_of(request)
    place = note_places.open_to(learner, page_id)
    if not _asks_for_data(request):
        return _page_of(request, place)
    mine = Highlight.objects.filter(learner_id=learner.pk, page_id=page_id)
    tools = render_to_string("learning/note_tools.html", {"colours": Highlight.COLOURS}, request)
    carded = cards.notes_with(learner.pk, page_id=page_id)
    told = [
        _data(note, has_card=str(note.key) in carded)
        for note in mine.order_by("created_at")[:MOST_ON_PAGE]
    ]
    whose = {"csrf": get_token(request), "who": learner.pk}
    return JsonResponse({**whose, "tools": tools, "notes": told})


@never_cache
@login_required
@require_POST
@limited("note")
def add(request: HttpRequest, page_id: int) -> HttpResponse:
    """A new one; sent again with its key it is the same."""
    learner = learner_of(request)
    place = note_places.open_to(learner, page_id)
    form = HighlightForm(request.POST)
    if not form.is_valid():
        return _refused(request, form, lambda: _page_of(request, place, form))
    try:
        note = notes.keep(
            learner=learner,
            key=form.cleaned_data["key"],
            place=place,
            passage=form.passage,
            words=form.words,
            now=clock.now(),
        )
    except notes.TooMany:
        form.add_error(None, _("There are too many notes. Remove some first."))
        return _refused(request, form, lambda: _page_of(request, place, form))
    return _done(request, note, reverse("page_notes", args=[page_id]))


def _page_of(request: HttpRequest, place: Place, form: HighlightForm | None = None) -> HttpResponse:
    learner = learner_of(request)
    found = note_queries.of(learner, Wanted(page=place.page.pk), days.zone_of(learner))
    context = {
        "place": place,
        "form": form or HighlightForm(initial={"key": uuid4(), "colour": 1}, has_quote=False),
        "notes": _with_forms(learner, found[:MOST_ON_PAGE]),
    }
    return render(request, "learning/page_notes.html", context, status=422 if form else 200)


# --- one note -----------------------------------------------------------------------------------


def of_note(act: OfNote) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """A learner's own note, by its key; 404 for anybody else's."""

    @never_cache
    @login_required
    @limited("note")
    @wraps(act)
    def view(request: HttpRequest, key: UUID) -> HttpResponse:
        mine = Highlight.objects.filter(learner_id=learner_of(request).pk)
        return act(request, get_object_or_404(mine, key=key))

    return view


@require_http_methods(["GET", "HEAD", "POST"])
@of_note
def note(request: HttpRequest, found: Highlight) -> HttpResponse:
    """Shows it with a form; POST changes thought, tags and colour."""
    if request.method != "POST":
        return _note_page(request, found)
    form = WordsForm(request.POST, has_quote=bool(found.quote))
    if not form.is_valid():
        return _refused(request, form, lambda: _note_page(request, found, form))
    notes.change(found, form.words, now=clock.now())
    return _done(request, found, reverse("study_notes"))


def _note_page(
    request: HttpRequest, found: Highlight, form: WordsForm | None = None
) -> HttpResponse:
    [shown] = note_queries.shown(learner_of(request), [found])
    context = {"row": shown, "form": form or words_form(found)}
    return render(request, "learning/note_page.html", context, status=422 if form else 200)


@require_POST
@of_note
def remove(request: HttpRequest, found: Highlight) -> HttpResponse:
    notes.remove(found)
    if _asks_for_data(request):
        return HttpResponse(status=204)
    messages.success(request, _("The note is removed."))
    return redirect(back_from(request, default=reverse("study_notes")))


@require_POST
@of_note
def share(request: HttpRequest, found: Highlight) -> HttpResponse:
    """POST `shared`: 1 gives it an address for everybody, 0 takes that away."""
    if request.POST.get("shared") != "1":
        notes.share_no_more(found)
        return _done(request, found, reverse("study_notes"))
    place = note_places.of_pages(learner_of(request), [found.page_id]).get(found.page_id)
    try:
        notes.share(found, place, now=clock.now())
    except notes.NotToBeShared:
        said = _("Only what stands in a published lesson can be shared.")
        if _asks_for_data(request):
            return JsonResponse({"error": said}, status=422)
        messages.error(request, said)
        return redirect(back_from(request, default=reverse("study_notes")))
    return _done(request, found, reverse("study_notes"))


@require_POST
@of_note
def collect(request: HttpRequest, found: Highlight) -> HttpResponse:
    """POST `card`: 1 makes a review card of it, 0 takes that away."""
    if request.POST.get("card") != "1":
        cards.drop_note(found)
        return _done(request, found, reverse("study_notes"))
    try:
        cards.collect_note(found, learner=learner_of(request), now=clock.now())
    except cards.NotCollected as refused:
        said = str(refused)
        if _asks_for_data(request):
            return JsonResponse({"error": said}, status=422)
        messages.error(request, said)
        return redirect(back_from(request, default=reverse("study_notes")))
    return _done(request, found, reverse("study_notes"))


@never_cache
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """For everybody who has the address: the passage, the thought, whose it is."""
    found = get_object_or_404(Highlight, share_token=token)
    writer = User.objects.filter(pk=found.learner_id, is_active=True).first()
    place = note_places.of_pages(request.user, [found.page_id]).get(found.page_id)
    if writer is None or place is None or not place.is_out:
        raise Http404
    context = {"note": found, "writer": writer.name, "place": place}
    answer = render(request, "learning/shared_note.html", context)
    answer["X-Robots-Tag"] = "noindex"
    return answer


def words_form(found: Highlight) -> WordsForm:
    words = {"thought": found.thought, "tags": found.tags, "colour": found.colour}
    return WordsForm(initial=words, has_quote=bool(found.quote), auto_id=f"id_{found.key}_%s")


def _refused(
    request: HttpRequest, form: WordsForm, page: Callable[[], HttpResponse]
) -> HttpResponse:
    if not _asks_for_data(request):
        return page()
    said = [str(each) for errors in form.errors.values() for each in errors]
    return JsonResponse({"error": " ".join(said)}, status=422)


def _done(request: HttpRequest, found: Highlight, default: str) -> HttpResponse:
    if _asks_for_data(request):
        has_card = cards.of_notes(found.learner_id, [found.key]).exists()
        return JsonResponse(_data(found, has_card=has_card))
    return redirect(back_from(request, default=default))


# --- all of them --------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def study_notes(request: HttpRequest) -> HttpResponse:
    """All one's notes, newest first, narrowed down by words, course, tag, colour and days."""
    learner = learner_of(request)
    form = WantedForm(
        request.GET,
        courses=note_queries.courses_of(learner),
        tags=note_queries.tags_of(learner),
    )
    found = note_queries.of(learner, form.wanted, days.zone_of(learner))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "notes": _with_forms(learner, page.object_list),
        "query": form.query,
        "narrowing": form.narrowing,
    }
    return render(request, "learning/notes.html", context)


def _with_forms(learner: User, found: Iterable[Highlight]) -> list[dict[str, Any]]:
    """Each with the form that changes it, and whether it has a review card."""
    rows = note_queries.shown(learner, found)
    made = cards.of_notes(learner.pk, [row.note.key for row in rows])
    carded = set(made.values_list("source", flat=True))
    return [
        {
            "row": row,
            "form": words_form(row.note),
            "has_card": str(row.note.key) in carded,
        }
        for row in rows
    ]
