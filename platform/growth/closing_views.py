"""The end of a lesson, and when one goes on."""

from datetime import time
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.middleware import HtmxDetails

from courses import access
from courses.models import LessonPage
from courses.outline import HEAVY
from growth import closing as closings
from growth import continuing, continuing_file
from growth.models import ContinueAt
from learning import note_places
from learning.views import back_from, learner_of
from operations import clock


class ContinueForm(forms.Form):
    """A time of day: one of the usual ones, or any."""

    at = forms.TimeField(required=False)
    other = forms.TimeField(
        label=gettext_lazy("Another time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    by = forms.ChoiceField(choices=ContinueAt.By.choices)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and not (given.get("other") or given.get("at")):
            raise forms.ValidationError(_("Choose a time."))
        return given

    @property
    def time(self) -> time:
        chosen: time = self.cleaned_data["other"] or self.cleaned_data["at"]
        return chosen.replace(second=0, microsecond=0)


@never_cache
@login_required
@require_safe
def closing(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """For the page of the lesson only what stands at its end; a page of its own otherwise."""
    learner = learner_of(request)
    place = note_places.open_to(learner, lesson_id)
    if place.course is None:
        raise Http404
    now = clock.now()
    asked = HtmxDetails(request)
    is_part = bool(asked) and not asked.boosted
    context = {
        "is_part": is_part,  # of a page that shows the question and its neighbours
        "closing": closings.of(learner, place, now=now),
        "reminder": continuing.of(learner, now=now),
        "times": continuing.TIMES,
        "usual": continuing.usual(learner, now=now),
        "key": uuid4(),
        "here": request.path,
    }
    name = "growth/closing.html" if is_part else "growth/closing_page.html"
    return render(request, name, context)


@never_cache
@login_required
@require_POST
def continue_at(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """POST `at` or `other` (a time of tomorrow), `by` (mail or calendar), `next`: for a lesson that
    is open to the learner."""
    learner = learner_of(request)
    place = note_places.open_to(learner, lesson_id)
    if not isinstance(place.page, LessonPage):
        raise Http404
    back = back_from(request, default=reverse("study"))
    form = ContinueForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Choose a time."))
        return redirect(back)
    by = ContinueAt.By(form.cleaned_data["by"])
    continuing.choose(learner=learner, lesson=place.page, at=form.time, by=by, now=clock.now())
    return redirect("continue_file" if by == ContinueAt.By.CALENDAR else back)


@never_cache
@login_required
@require_safe
def continue_file(request: HttpRequest) -> HttpResponse:
    """What was chosen, for a calendar."""
    reminder = continuing.of(learner_of(request), now=clock.now())
    if reminder is None:
        raise Http404
    return HttpResponse(
        continuing_file.of(reminder),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="study.ics"'},
    )


@never_cache
@login_required
@require_POST
def cancel(request: HttpRequest) -> HttpResponse:
    continuing.cancel(learner=learner_of(request))
    return redirect(back_from(request, default=reverse("study")))


@never_cache
@login_required
@require_safe
def resume(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """From a mail to the lesson, by way of signing in: its page goes on where one stopped, or says
    why it is closed."""
    lesson = get_object_or_404(LessonPage.objects.defer(*HEAVY), id=lesson_id)
    return redirect("lesson", access.course_of(lesson).slug, lesson.slug)
