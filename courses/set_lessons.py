"""The page of an open lesson as a printer sets it: once for all who may read it, with gaps where
it speaks of one of them.

It is set for nobody: the request it is made for has no session, no cookie but the reader's choices
and a learner who does not exist. Who may read it is decided before it is looked for
(`lesson_views.serve_lesson`), and what fills the gaps is found for each reader.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from django.contrib.messages import get_messages
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csp import get_nonce
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.translation import get_language

from accounts import currencies
from accounts.models import User
from courses import queries
from courses.models import CoursePage, LessonPage
from courses.outline import HEAVY
from pages import edition
from pages.shared_pages import choices_of

FRESH_SECONDS = 600  # nothing on the page goes by the clock
type ContextOf = Callable[[HttpRequest], dict[str, Any]]


@dataclass(frozen=True)
class Gaps:
    """The words that stand where a reader's own will; nobody can have written them."""

    person: str
    quiz: str
    done: str
    csrf_token: str
    csp_nonce: str


@dataclass(frozen=True)
class SetPage:
    html: str
    marks: dict[str, str]  # of a lesson that is done, of one that awaits its quiz, of another
    gaps: Gaps


def find(course_slug: str, slug: str) -> tuple[LessonPage, CoursePage]:
    """A lesson and its course; where they are kept, without what is paid for. Raises Http404."""

    def read() -> tuple[LessonPage, CoursePage] | None:
        course = queries.bare_courses().filter(slug=course_slug).first()
        lessons = LessonPage.objects.child_of(course) if course else LessonPage.objects.none()
        lessons = lessons.select_related("audio", "video")
        if edition.is_kept():
            lessons = lessons.defer(*HEAVY)
        lesson = lessons.filter(slug=slug).first()
        return (lesson, course) if lesson else None

    found: tuple[LessonPage, CoursePage] | None
    found = edition.get_or_make(f"lesson:{course_slug}/{slug}", read)
    if found is None:
        raise Http404
    return found


def fill(
    request: HttpRequest, lesson: LessonPage, has_grant: bool, context_of: ContextOf
) -> HttpResponse | None:
    """The page for a learner to whom the lesson is open; None where it is not set.

    `context_of` gives what the page's template takes, for the request it is set for.
    """
    if not edition.is_kept() or not request.user.is_authenticated:
        return None
    if len(get_messages(request)) or hasattr(request, "looking"):  # what no gap is left for
        return None
    seen_in = currencies.of(request)
    looks = "|".join([get_language() or "", seen_in, request.path, *choices_of(request).values()])
    name = f"set-lesson:{lesson.pk}:{has_grant:d}:{looks}"
    page: SetPage | None = edition.get_or_make(
        name, lambda: _set(_for_nobody(request), context_of), fresh=FRESH_SECONDS
    )
    return _filled(page, request, lesson) if page else None


def _for_nobody(request: HttpRequest) -> HttpRequest:
    bare = HttpRequest()
    bare.method, bare.path, bare.path_info = "GET", request.path, request.path_info
    bare.META = {
        name: request.META[name]
        for name in ("HTTP_HOST", "SERVER_NAME", "SERVER_PORT")
        if name in request.META
    }
    bare.COOKIES = choices_of(request)
    bare.user = User(currency=currencies.of(request))
    return bare


def _set(request: HttpRequest, context_of: ContextOf) -> SetPage | None:
    """None for a lesson with a product in it: its price is the reader's."""
    context = context_of(request)
    if any(piece.card for piece in context["pieces"]):
        return None
    gaps = Gaps(*(secrets.token_hex(16) for _ in fields(Gaps)))
    context |= {"gaps": gaps, "csrf_token": gaps.csrf_token, "csp_nonce": gaps.csp_nonce}
    html = render_to_string("courses/lesson.html", context, request)
    return SetPage(html, {mark: _mark(context, mark) for mark in ("done", "quiz", "")}, gaps)


def _mark(context: dict[str, Any], mark: str) -> str:
    told = {"study": {"done": mark == "done"}, "quiz": {"is_awaited": mark == "quiz"}}
    return render_to_string("learning/done.html", context | told)


def _filled(page: SetPage, request: HttpRequest, lesson: LessonPage) -> HttpResponse:
    # Without what pages else take from the request: nothing of it is asked here.
    told = render_to_string("courses/lesson_gaps.html", {"request": request, "lesson": lesson})
    person, mark, quiz = told.split("~~~")
    html = page.html.replace(page.gaps.person, person)
    html = html.replace(page.gaps.quiz, quiz)
    html = html.replace(page.gaps.done, page.marks[mark])
    html = html.replace(page.gaps.csrf_token, get_token(request))
    return HttpResponse(html.replace(page.gaps.csp_nonce, str(get_nonce(request))))
