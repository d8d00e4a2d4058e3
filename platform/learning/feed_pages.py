"""The pages on which a learner makes a podcast feed, sees its address, and ends it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.limits import limited
from accounts.models import User
from courses import access
from courses.models import CoursePage, Grant
from learning import feed_xml, feeds
from learning.feeds import Target
from learning.models import PodcastFeed
from learning.views import learner_of
from operations import clock
from pages.phone_preview import drawn

PER_PAGE = 20


@never_cache
@login_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What the learner can hear in a podcast app, and of which there is a feed."""
    learner, now = learner_of(request), clock.now()
    living = {(each.kind, each.target_id): each for each in feeds.living(learner)}
    found = feeds.courses(learner, now=now).order_by("title", "pk")
    shown = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": [(each, living.get(("course", each.pk))) for each in shown],
        "shown": shown,
        "memberships": [
            (each, living.get(("membership", each.pk)))
            for each in feeds.memberships(learner, now=now)
        ],
    }
    return render(request, "learning/feeds/index.html", context)


@never_cache
@login_required
@require_safe
def page(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    """The feed of one course or membership, or a button that makes it."""
    learner = learner_of(request)
    target = _target(learner, kind, number)
    found = feeds.of(learner, target)
    address = feed_xml.address(found) if found else ""
    context = {
        "target": target,
        "title": target.title if isinstance(target, CoursePage) else target.name,
        "kind": kind,
        "feed": found,
        "address": address,
        "in_app": f"podcast://{address.partition('://')[2]}",
        "code": drawn(address) if found else "",
        "is_open": _is_open(learner, target),
    }
    return render(request, "learning/feeds/page.html", context)


@never_cache
@login_required
@require_POST
@limited("feed_made")
def make(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    learner = learner_of(request)
    target = _target(learner, kind, number)
    if not _is_open(learner, target):
        raise Http404
    feeds.make_of(learner, target, now=clock.now())
    return redirect("podcast_page", kind, number)


@never_cache
@login_required
@require_POST
@limited("feed_made")
def end(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    """Ends the address; `anew=1` makes another."""
    learner, now = learner_of(request), clock.now()
    target = _target(learner, kind, number)
    found = feeds.of(learner, target)
    if found:
        feeds.end(found, because=PodcastFeed.Ended.ASKED, now=now)
    if request.POST.get("anew") == "1" and _is_open(learner, target):
        feeds.make_of(learner, target, now=now)
        messages.success(request, _("Here is the new address. The old one has ended."))
        return redirect("podcast_page", kind, number)
    messages.success(request, _("The address has ended. Apps fetch nothing by it any more."))
    return redirect("podcast_feeds")


def _target(learner: User, kind: str, number: int) -> Target:
    found = feeds.target(learner, kind, number, now=clock.now())
    if found is None:
        raise Http404
    return found


def _is_open(learner: User, target: Target) -> bool:
    if isinstance(target, CoursePage):
        return access.to_course(learner, target).has_grant
    held = Grant.objects.filter(learner_id=learner.pk, membership=target)
    return held.active(clock.now()).exists()
