"""A learner's plan for a track, and the calendar of all their plans."""

from urllib.parse import urljoin

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.limits import limited
from accounts.models import User
from courses import tracks as paths
from courses.models import TrackPage
from learning import calendar_file, days, plans, track_progress
from learning.models import StudyCalendar, TrackPlan
from learning.plan_forms import PlanForm
from learning.views import learner_of
from operations import clock


@never_cache
@login_required
def plan(request: HttpRequest, track_id: int) -> HttpResponse:
    """The plan with its days; POST makes or changes it."""
    learner = learner_of(request)
    track = get_object_or_404(TrackPage.objects.live(), id=track_id)
    own = TrackPlan.objects.filter(learner_id=learner.pk, track_id=track.pk).first()
    now = clock.now()
    today = days.day_of(now, days.zone_of(learner))
    if request.method != "POST":
        return _show(request, learner, track, PlanForm(plan=own, today=today), own)
    form = PlanForm(request.POST, plan=own, today=today)
    if not form.is_valid():
        return _show(request, learner, track, form, own, status=422)
    plans.keep(learner=learner, track=track, now=now, **form.fields_of_plan())
    return redirect("track_plan", track.pk)


def _show(
    request: HttpRequest,
    learner: User,
    track: TrackPage,
    form: PlanForm,
    own: TrackPlan | None,
    *,
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    path = paths.paths([track], learner, now=now)[0]
    progress = track_progress.of(learner, [path])[0]
    context = {
        "track": track,
        "form": form,
        "plan": own if progress.is_enrolled else None,
        "progress": progress,
    }
    if own and progress.is_enrolled:  # who left may take it up as it was
        today = plans.today_for(learner, now=now)
        layout = plans.lay_out(progress, own, today=today)
        calendar = StudyCalendar.objects.filter(learner_id=learner.pk).first()
        own_path = reverse("study_calendar", args=[calendar.token]) if calendar else ""
        context |= {
            "layout": layout,
            "months": plans.months(layout, today=today.day),
            "today": today.day,
            "address": urljoin(settings.BASE_URL, own_path) if own_path else "",
        }
    return render(request, "learning/track_plan.html", context, status=status)


@never_cache
@require_POST
def drop(request: HttpRequest, track_id: int) -> HttpResponse:
    learner = learner_of(request)
    track = get_object_or_404(TrackPage.objects.live(), id=track_id)
    plans.drop(learner=learner, track=track)
    messages.success(request, _("The plan is gone; what you did is kept."))
    return redirect(track)


@never_cache
@require_POST
def make_address(request: HttpRequest) -> HttpResponse:
    """An address for the learner's calendar; with `anew` another one: the old one is unknown."""
    learner = learner_of(request)
    plans.calendar_of(learner, now=clock.now(), anew="anew" in request.POST)
    return redirect(f"{reverse('track_plan', args=[_track_id(request)])}#calendar")


def _track_id(request: HttpRequest) -> int:
    text = request.POST.get("track", "")
    if not text.isdecimal() or len(text) > 18:
        raise Http404
    return int(text)


@never_cache
@require_safe
@limited("calendar")
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """For calendar programs: who has the address reads titles and times, nothing else."""
    own = get_object_or_404(StudyCalendar, token=token)
    learner = get_object_or_404(User, pk=own.learner_id, is_active=True)
    file = calendar_file.of(learner, now=clock.now())
    headers = {"Content-Disposition": 'inline; filename="study.ics"'}
    return HttpResponse(file, content_type="text/calendar; charset=utf-8", headers=headers)
