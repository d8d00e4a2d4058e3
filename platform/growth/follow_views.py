"""Following, and what is new of those one follows."""

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from growth import follows, letters, news, sources
from learning.views import back_from, learner_of
from operations import clock

LATELY = timedelta(days=30)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest, slug: str = "") -> HttpResponse:
    """POST `wanted`: 1 follows, 0 no longer. GET is where signing in leads back to."""
    source = sources.read(slug)
    there = sources.url_of(source)
    if request.method != "POST":
        return redirect(there)
    learner = learner_of(request)
    if request.POST.get("wanted") == "1":
        follows.follow(user=learner, source=source, now=clock.now())
        said = _("You follow %(name)s. What is new stands under Following.")
        messages.success(request, said % {"name": sources.name_of(source)})
    else:
        follows.unfollow(user=learner, source=source)
    return redirect(back_from(request, default=there))


@never_cache
@login_required
@require_safe
def following(request: HttpRequest) -> HttpResponse:
    learner, now = learner_of(request), clock.now()
    mine = follows.of(learner)
    context = {
        "follows": mine,
        "news": news.since([each.instructor for each in mine], now - LATELY, now),
        "letters": letters.of_address(learner.email),
    }
    return render(request, "growth/following.html", context)
