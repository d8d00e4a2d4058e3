"""Joining and leaving a track, and its last task."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.models import User
from courses.models import TrackPage
from courses.track_views import show_track
from learning import tracks
from learning.forms import LastTaskForm
from operations import clock

type Change = Callable[[HttpRequest, User, TrackPage], HttpResponse]


def of_track(change: Change) -> Callable[[HttpRequest, int], HttpResponse]:
    """A change to a published track by whoever is signed in; a visitor signs in and is led back to
    the track, where the button stands."""

    @never_cache
    @require_POST
    @wraps(change)
    def view(request: HttpRequest, track_id: int) -> HttpResponse:
        # By pk, numbers too large would raise.
        track = get_object_or_404(TrackPage.objects.live(), id=track_id)
        if not request.user.is_authenticated:
            return redirect_to_login(track.get_absolute_url())
        return change(request, request.user, track)

    return view


@of_track
def join(request: HttpRequest, learner: User, track: TrackPage) -> HttpResponse:
    tracks.enrol(learner=learner, track=track, now=clock.now())
    return redirect(track)


@of_track
def leave(request: HttpRequest, learner: User, track: TrackPage) -> HttpResponse:
    tracks.leave(learner=learner, track=track, now=clock.now())
    messages.success(request, _("You have left this track. What you did and wrote is kept."))
    return redirect(track)


@of_track
def task(request: HttpRequest, learner: User, track: TrackPage) -> HttpResponse:
    """POST `text`: what the learner wrote, for themselves; with `undone` it is not done yet."""
    form = LastTaskForm(request.POST)
    if not form.is_valid():
        return show_track(request, track, task_form=form, status=422)
    tracks.write_task(
        learner=learner,
        track=track,
        text=form.cleaned_data["text"],
        is_done="undone" not in request.POST,
        now=clock.now(),
    )
    return redirect(track)
