"""Taking one's notes along: all of them, or those of one course or page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.limits import limited
from accounts.models import User
from learning import days, note_files, note_queries
from learning.note_files import Collection
from learning.note_queries import Wanted
from learning.views import learner_of
from operations import clock


@never_cache
@login_required
@require_safe
@limited("notes_file")
def markdown(request: HttpRequest) -> HttpResponse:
    collection = _collection(request, learner_of(request))
    text = note_files.markdown(collection)
    return _file(text.encode(), "text/markdown; charset=utf-8", f"{collection.title}.md")


@never_cache
@login_required
@require_safe
@limited("notes_file")
def book(request: HttpRequest) -> HttpResponse:
    collection = _collection(request, learner_of(request))
    return _file(note_files.book(collection), "application/epub+zip", f"{collection.title}.epub")


def _collection(request: HttpRequest, learner: User) -> Collection:
    """GET `course` (0: articles) or `page`: only those; what is no number is not asked."""
    course, page = (_number(request.GET.get(name, "")) for name in ("course", "page"))
    zone = days.zone_of(learner)
    found = note_queries.of(learner, Wanted(course=course, page=page), zone)
    parts = note_files.arranged(note_queries.placed(learner, found), zone)
    title = _("My notes")
    if course is not None and len(parts) == 1:
        title = _("My notes: %(title)s") % {"title": parts[0].title}
    if page is not None and parts:
        title = _("My notes: %(title)s") % {"title": parts[0].sections[0].title}
    return Collection(title, learner.name, parts, clock.now(), learner.pk)


def _number(given: str) -> int | None:
    return int(given) if given.isdecimal() and len(given) < 19 else None


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer
