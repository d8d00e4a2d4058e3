"""Wishing for a planned course, and taking it back."""

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from courses.models import CoursePage
from growth import wishes
from learning.views import back_from
from operations import clock


@never_cache
@require_POST
def wish(request: HttpRequest, course_id: int) -> HttpResponse:
    """POST `wanted`: 1, or 0 for no longer; `next`. A visitor signs in, and is led back to the
    course, where the button stands."""
    # By pk, numbers too large would raise.
    course = get_object_or_404(CoursePage.objects.live(), id=course_id)
    if not request.user.is_authenticated:
        return redirect_to_login(course.get_absolute_url())
    back = redirect(back_from(request, default=course.get_absolute_url()))
    if request.POST.get("wanted") != "1":
        wishes.take_back(learner=request.user, course=course)
        return back
    try:
        wishes.make(learner=request.user, course=course, now=clock.now())
    except wishes.NotPlanned:
        messages.info(request, _("This course is out already."))
    return back
