"""The study page, heartbeats and marks."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.limits import limited
from accounts.models import User
from courses import access, outline
from courses.models import CoursePage, LessonPage
from learning import (
    beats,
    plans,
    progress,
    queries,
    review_queries,
    study_time,
    tokens,
    track_progress,
)
from learning import goals as learner_goals
from learning import speed as listening
from learning.forms import GoalsForm
from operations import clock, counts


@never_cache
@login_required
@require_safe
def study(request: HttpRequest) -> HttpResponse:
    """What to go on with, the time studied, one's courses."""
    return _study_page(request, learner_of(request))


@never_cache
@login_required
@require_POST
def goals(request: HttpRequest) -> HttpResponse:
    """Changes how much one means to study."""
    learner = learner_of(request)
    form = GoalsForm(request.POST, instance=learner_goals.of(learner))
    if not form.is_valid():
        return _study_page(request, learner, form=form, status=422)
    learner_goals.change(learner=learner, **form.cleaned_data)
    return redirect("study")


BEATS = counts.Count("rizhi_heartbeats", "Heartbeats, and what came of them.", ("outcome",))


@require_POST
@csrf_exempt
def beat(request: HttpRequest) -> HttpResponse:
    """A player's report. The token says who and what: nobody is looked up, nothing opens."""
    try:
        body = request.read(beats.LARGEST + 1)
        if len(body) > beats.LARGEST:
            BEATS.add("refused")
            return JsonResponse({"error": "too large"}, status=413)
        text, message = beats.read(body)
        progress.record(message, tokens.read(text), now=clock.now())
    except tokens.ExpiredToken as expired:
        BEATS.add("expired")
        return JsonResponse({"renew": reverse("study_token", args=[expired.lesson_id])}, status=401)
    except tokens.ForgedToken:
        BEATS.add("refused")
        return JsonResponse({}, status=401)
    except (beats.Nonsense, UnreadablePostError) as error:
        BEATS.add("refused")
        return JsonResponse({"error": str(error)}, status=400)
    BEATS.add("accepted")
    return HttpResponse(status=204, headers={"Beat-Every": str(settings.BEAT_SECONDS)})


@require_POST
@csrf_exempt
def speed(request: HttpRequest) -> HttpResponse:
    """How fast somebody listens in a lesson's course, and what they choose anew. As with a beat the
    token says who and where."""
    try:
        text, choice = listening.read(request.read(listening.LARGEST))
        told = tokens.read(text)
    except (tokens.ExpiredToken, tokens.ForgedToken):
        return JsonResponse({}, status=401)
    except (beats.Nonsense, UnreadablePostError) as error:
        return JsonResponse({"error": str(error)}, status=400)
    lesson = get_object_or_404(LessonPage.objects.defer(*outline.HEAVY), id=told.lesson_id)
    place = {"learner_id": told.learner_id, "course_id": access.course_of(lesson).pk}
    listening.choose(choice, **place)
    return JsonResponse(asdict(listening.of(**place)))


@never_cache
@require_GET
@limited("token")
def token(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """A new token for a page that has stood open for long."""
    if not request.user.is_authenticated:
        return JsonResponse({}, status=401)
    lesson, _course = open_lesson(request, lesson_id)
    issued = tokens.issue(learner=request.user, lesson=lesson, now=clock.now())
    whose = {"learner": str(request.user.pk)}
    return JsonResponse({**whose, "token": issued.token, "day_ends": issued.day_ends})


@never_cache
@require_POST
def done(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """Marks a lesson as done (done=1) or not (done=0); without a word it turns the mark."""
    lesson, course = open_lesson(request, lesson_id)
    back = back_from(request, default=reverse("lesson", args=[course.slug, lesson.slug]))
    if not request.user.is_authenticated:
        return redirect_to_login(back)
    wanted = {"1": True, "0": False}.get(request.POST.get("done", ""))
    try:
        progress.mark(learner=request.user, lesson=lesson, done=wanted, now=clock.now())
    except progress.QuizNotPassed:
        messages.warning(request, _("Pass the quiz first: in this course it counts."))
    return redirect(back)


def learner_of(request: HttpRequest) -> User:
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def open_lesson(request: HttpRequest, lesson_id: int) -> tuple[LessonPage, CoursePage]:
    """A lesson that is open to whoever asks, and its course; 404 for any other."""
    lessons = LessonPage.objects.select_related("audio", "video").defer(*outline.HEAVY)
    lesson = get_object_or_404(lessons, id=lesson_id)  # by pk, numbers too large would raise
    course = access.course_of(lesson)
    if not access.may_open(request.user, lesson, course=course):
        raise Http404
    return lesson, course


def back_from(request: HttpRequest, *, default: str) -> str:
    """Where the form asked to go back to, if that is on this site."""
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else default


def _study_page(
    request: HttpRequest, learner: User, *, form: GoalsForm | None = None, status: int = 200
) -> HttpResponse:
    now = clock.now()
    progress.fold_learner(learner.pk)
    time = study_time.of(learner, now=now)
    rows = queries.courses_of(learner, now=now)
    lists = {
        "study": [row for row in rows if row.has_begun and not row.is_done],
        "done": [row for row in rows if row.has_begun and row.is_done],
        "bought": [row for row in rows if row.is_mine],
    }
    tab = request.GET.get("tab", "")
    tab = tab if tab in lists else "study"
    titles = {"study": _("In study"), "done": _("Done"), "bought": _("Bought")}
    going_on = queries.going_on(learner, rows)
    going = track_progress.tracks_of(learner, now=now)
    context: dict[str, Any] = {
        "time": time,
        "recent": study_time.recent(learner, now=now),
        "tracks": [each for each in going if not each.is_finished],
        "plans": plans.today_of(learner, going, now=now),
        "finished_tracks": [each for each in going if each.is_finished],
        "review": review_queries.today(learner, daily=time.goals.sentences, now=now),
        "going_on": going_on,
        "preface": None if going_on or going else queries.first_preface(),
        "tab": tab,
        "tabs": [
            {
                "label": titles[name],
                "url": reverse("study") if name == "study" else f"{reverse('study')}?tab={name}",
                "current": name == tab,
                "count": len(found) or None,
            }
            for name, found in lists.items()
        ],
        "rows": lists[tab],
        "form": form or GoalsForm(instance=time.goals),
    }
    return render(request, "learning/study.html", context, status=status)
