"""What one does with a comment: answering, liking, reporting; changing and removing one's own."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.limits import limited
from community import comments, moderation, places
from community.models import Comment
from community.places import Place
from community.talk_forms import AnswerForm, ChangeForm, ReportForm
from community.talk_queries import Shown
from learning.views import back_from, learner_of
from operations import clock

type OfComment = Callable[[HttpRequest, Comment, Place], HttpResponse]
type View = Callable[[HttpRequest, int], HttpResponse]


def of_comment(
    *, limit: str, own: bool | None = None, by_teacher: bool = False
) -> Callable[[OfComment], View]:
    """A comment under a lesson that is open, somebody's own or another's where that is asked;
    `by_teacher`: also where one teaches. 404 for any other, and for one that goes meanwhile."""

    def decorate(act: OfComment) -> View:
        @never_cache
        @login_required
        @limited(limit)
        @wraps(act)
        def view(request: HttpRequest, pk: int) -> HttpResponse:
            comment, place = places.of_comment(request.user, pk)
            is_own = comment.author_id == learner_of(request).pk
            if own is not None and own != is_own:
                raise Http404
            if not place.is_open and not by_teacher:
                raise Http404
            try:
                return act(request, comment, place)
            except Comment.DoesNotExist:
                raise Http404 from None

        return view

    return decorate


@require_http_methods(["GET", "HEAD", "POST"])
@of_comment(limit="comment", by_teacher=True)
def answer(request: HttpRequest, comment: Comment, place: Place) -> HttpResponse:
    if comment.parent_id or comment.is_hidden:
        raise Http404
    form = AnswerForm(request.POST if request.method == "POST" else None)
    title = _("Answer as the instructor") if place.is_taught else pgettext("community", "Reply")
    if not form.is_valid():
        return _asked(request, comment, place, form, title=title)
    try:
        comments.answer(
            author=learner_of(request),
            to=comment,
            place=place,
            key=form.cleaned_data["key"],
            text=form.cleaned_data["text"],
            now=clock.now(),
        )
    except comments.NotToBeAnswered:
        raise Http404 from None
    messages.success(request, _("Your answer stands below it."))
    return redirect(_back(request, place))


@require_http_methods(["GET", "HEAD", "POST"])
@of_comment(limit="comment", own=True)
def change(request: HttpRequest, comment: Comment, place: Place) -> HttpResponse:
    if not comments.may_change(comment):
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = ChangeForm(data, initial={"text": comment.text})
    if not form.is_valid():
        title = pgettext("community", "Change")
        return _asked(request, comment, place, form, title=title, button=_("Save"))
    try:
        comments.change(comment, text=form.cleaned_data["text"], now=clock.now())
    except comments.NotToBeChanged:
        form.add_error(None, _("Somebody answered meanwhile: it can only be removed now."))
        return _asked(request, comment, place, form, title=pgettext("community", "Change"))
    return redirect(_back(request, place))


@require_http_methods(["GET", "HEAD", "POST"])
@of_comment(limit="comment", own=True)
def remove(request: HttpRequest, comment: Comment, place: Place) -> HttpResponse:
    if request.method != "POST":
        title = pgettext("community", "Remove it for good?")
        button = pgettext("community", "Remove")
        return _asked(request, comment, place, forms.Form(), title=title, button=button)
    comments.remove(comment, now=clock.now())
    messages.success(request, pgettext("community", "It is removed."))
    return redirect(_back(request, place))


@require_http_methods(["GET", "HEAD", "POST"])
@of_comment(limit="like", own=False)
def like(request: HttpRequest, comment: Comment, place: Place) -> HttpResponse:
    """POST `liked`: 1 likes it, 0 takes that back. Opened as an address, as after a log-in, it
    leads to the comment."""
    if request.method != "POST":
        return redirect(comment.talk_url)
    learner = learner_of(request)
    if request.POST.get("liked") == "1":
        comments.like(comment, user=learner, now=clock.now())
    else:
        comments.like_no_more(comment, user=learner)
    return redirect(_back(request, place))


@require_http_methods(["GET", "HEAD", "POST"])
@of_comment(limit="report", own=False)
def report(request: HttpRequest, comment: Comment, place: Place) -> HttpResponse:
    form = ReportForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _asked(request, comment, place, form, title=pgettext("community", "Report"))
    moderation.report(comment, reporter=learner_of(request), now=clock.now(), **form.cleaned_data)
    messages.success(request, _("A moderator will look at it. Nobody else learns of it."))
    return redirect(_back(request, place))


def _back(request: HttpRequest, place: Place) -> str:
    return back_from(request, default=place.talk_url if place.is_open else "/")


def _asked(
    request: HttpRequest,
    comment: Comment,
    place: Place,
    form: forms.Form,
    *,
    title: str,
    button: str = "",
) -> HttpResponse:
    back = request.POST.get("next") or request.GET.get("next", "")
    context: dict[str, Any] = {
        "row": Shown(comment),
        "place": place,
        "form": form,
        "title": title,
        "button": button or title,
        "next": back,
        "back": place.talk_url if place.is_open else reverse("instructor_questions"),
        "leaves": not place.is_open or (bool(back) and not back.startswith(place.talk_url)),
    }
    return render(request, "community/act.html", context, status=422 if form.errors else 200)
