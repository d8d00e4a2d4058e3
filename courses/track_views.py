"""The pages of the tracks."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from courses import queries
from courses import tracks as paths
from courses.models import TrackIndexPage, TrackPage

PER_PAGE = 20


@require_safe
def tracks(request: HttpRequest) -> HttpResponse:
    return show_tracks(request, get_object_or_404(TrackIndexPage.objects.live()))


def show_tracks(request: HttpRequest, page: TrackIndexPage) -> TemplateResponse:
    shown = Paginator(queries.live_tracks(), PER_PAGE).get_page(request.GET.get("page"))
    found = paths.paths(list(shown.object_list), request.user)
    context = {"page": page, "paths": found, "shown": shown}
    return TemplateResponse(request, "courses/tracks.html", context)


@require_safe
def track(request: HttpRequest, slug: str) -> HttpResponse:
    return show_track(request, get_object_or_404(queries.live_tracks(), slug=slug))


def show_track(
    request: HttpRequest,
    page: TrackPage,
    *,
    opens: bool | None = None,
    task_form: object = None,
    status: int = 200,
) -> TemplateResponse:
    """The track as whoever asks sees it; in a preview as whoever has all of it, or nothing.

    `task_form` is learning's form of the last task, to be shown again with what is wrong.
    """
    path = paths.path(page, request.user) if opens is None else paths.previewed(page, opens=opens)
    return TemplateResponse(
        request,
        "courses/track.html",
        {"page": page, "track": page, "path": path, "task_form": task_form},
        status=status,
    )
