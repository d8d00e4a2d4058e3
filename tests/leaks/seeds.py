"""Leaks that others had, planted one at a time, to see that the crawl hears them."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.urls import URLPattern, get_resolver
from django.utils.http import content_disposition_header

from accounts import privacy
from courses import (
    access,
    admin_api,
    depicted,
    file_responses,
    lesson_views,
    media,
    queries,
    tracks,
)
from courses import views as course_views
from courses.models import LessonPage
from courses.models.grants import GrantQuerySet
from learning import quiz_forms
from learning.models import TrackEnrolment
from operations.prepared import Prepared
from operations.url_classes import routes
from pages import phone_preview, walls
from tests.leaks.world import World

type Patch = pytest.MonkeyPatch
type Plant = Callable[[Patch, World], None]


@dataclass(frozen=True)
class Seed:
    """`canary` is heard by `persona` at `only`, asked in these manners, once it is planted."""

    plant: Plant
    canary: str
    persona: str
    only: str
    manners: tuple[str, ...] = ("GET",)
    after_the_buyer: bool = False

    def __str__(self) -> str:
        return self.plant.__name__


SEEDS: list[Seed] = []


def seed(
    canary: str, persona: str, only: str, *manners: str, **more: Any
) -> Callable[[Plant], Plant]:
    def keep(plant: Plant) -> Plant:
        SEEDS.append(Seed(plant, canary, persona, only, manners or ("GET",), **more))
        return plant

    return keep


LESSON = r"^courses/<str:course_slug>"


def pattern_of(route: str) -> URLPattern:
    return next(pattern for each, pattern in routes(get_resolver()) if each == route)


def around(patch: Patch, route: str, change: Callable[..., Any]) -> None:
    """Puts `change(view, request, …)` in the place of a route's view."""
    pattern = pattern_of(route)
    view = pattern.callback

    @wraps(view)
    def changed(request, *args, **kwargs):
        return change(view, request, *args, **kwargs)

    patch.setattr(pattern, "callback", changed)


# --- who may open it -----------------------------------------------------------------------------


def grants_that(patch: Patch, **methods: Callable[..., Any]) -> None:
    """Grants are looked for otherwise, by those who keep the SQL, too."""
    for name, method in methods.items():
        patch.setattr(GrantQuerySet, name, method)
    patch.setattr(access, "GRANTS_TO_ONE", Prepared(access.GRANTS_TO_ONE._make))


@seed("text", "lapsed", LESSON)
def a_grant_that_ran_out_still_opens(patch: Patch, world: World) -> None:
    grants_that(patch, lasting=lambda rows, now: rows.filter(withdrawn_at=None))


@seed("callout", "refunded", LESSON)
def a_grant_that_was_withdrawn_still_opens(patch: Patch, world: World) -> None:
    lasting = Q(ends_at=None) | Q(ends_at__isnull=False)
    grants_that(patch, lasting=lambda rows, now: rows.filter(lasting))


@seed("caption", "planned", LESSON)
def a_grant_opens_before_it_begins(patch: Patch, world: World) -> None:
    grants_that(patch, active=GrantQuerySet.lasting)


@seed("quote", "other_buyer", LESSON)
def a_grant_of_one_course_opens_another(patch: Patch, world: World) -> None:
    grants_that(patch, covering=lambda rows, course_id: rows)


@seed("gone", "free", LESSON)
def an_unpublished_course_is_open_to_all(patch: Patch, world: World) -> None:
    opens = access.Access.opens
    patch.setattr(
        access.Access, "opens", lambda self, lesson: not self.course.live or opens(self, lesson)
    )


@seed("quizwhy", "buyer", "^study/quiz/")
def what_is_right_stands_beside_its_question(patch: Patch, world: World) -> None:
    patch.setattr(quiz_forms, "words_of", lambda question, option: f"{option.text}: {option.why}")


@seed("quizkey", "lapsed", "^study/review/$")
def a_question_is_asked_though_its_lesson_is_closed(patch: Patch, world: World) -> None:
    patch.setattr(access, "open_lessons", lambda user, now=None: LessonPage.objects.all())


# --- files ---------------------------------------------------------------------------------------

MEDIA = "media/<int:page_id>/<str:name>/"


@seed("audiobytes", "anonymous", "^media/")
def media_are_handed_to_anybody(patch: Patch, world: World) -> None:
    patch.setattr(access, "may_open", lambda *args, **kwargs: True)


def _unless_asked_by(unchecked: Callable[[Any], bool]) -> Callable[..., Any]:
    def change(view, request, page_id, name):
        lesson = LessonPage.objects.filter(pk=page_id).first()
        if lesson and unchecked(request) and name in media.used_files(lesson):
            return media.hand_out(request, lesson, name)
        return view(request, page_id=page_id, name=name)

    return change


@seed("documentname", "free", "^media/", "HEAD")
def head_is_not_checked(patch: Patch, world: World) -> None:
    around(patch, MEDIA, _unless_asked_by(lambda request: request.method == "HEAD"))


@seed("videobytes", "lapsed", "^media/", "Range")
def a_range_is_not_checked(patch: Patch, world: World) -> None:
    around(patch, MEDIA, _unless_asked_by(lambda request: "Range" in request.headers))


@seed("picture", "former", "^media/", "AVIF")
def a_picture_is_not_checked_for_new_browsers(patch: Patch, world: World) -> None:
    avif = _unless_asked_by(lambda request: "image/avif" in request.headers.get("Accept", ""))
    around(patch, MEDIA, avif)


@seed("documentname", "refunded", "^media/")
def a_refusal_names_the_file(patch: Patch, world: World) -> None:
    def change(view, request, page_id, name):
        try:
            return view(request, page_id=page_id, name=name)
        except Http404:
            named = content_disposition_header(True, world.documents["paid"].filename)
            return HttpResponse(status=404, headers={"Content-Disposition": named})

    around(patch, MEDIA, change)


@seed("audiobytes", "buyer", "^media/")
def an_etag_is_the_digest_of_the_content(patch: Patch, world: World) -> None:
    respond = file_responses.respond

    def with_digest(request, name, **more):
        answer: Any = respond(request, name, **more)
        content = b"".join(answer.streaming_content)
        answer.streaming_content = [content]
        answer["ETag"] = f'"{file_responses.hashlib.sha256(content).hexdigest()}"'
        return answer

    patch.setattr(media, "respond", with_digest)


@seed("audiobytes", "moderator", "^admin/files/")
def staff_files_are_for_all_staff(patch: Patch, world: World) -> None:
    around(
        patch,
        "admin/files/<path:path>",
        lambda view, request, path: media._serve_stored(request, path, media.PRIVATE_CACHE),
    )


# --- what pages, lists and searches say ----------------------------------------------------------


@seed("alt", "anonymous", LESSON)
def alt_text_is_told_to_chats(patch: Patch, world: World) -> None:
    of_lesson = depicted.of_lesson

    def telling(lesson, course, site):
        found = of_lesson(lesson, course, site)
        alts = [row["value"]["alt"] for row in _body(lesson) if row["type"] == "picture"]
        words = depicted.Words(**{**vars(found.words), "line": " ".join(alts) or found.words.line})
        return depicted.Subject(**{**vars(found), "words": words})

    patch.setattr(depicted, "of_lesson", telling)


def _body(lesson: LessonPage) -> list[Any]:
    return list(LessonPage.objects.get(pk=lesson.pk).body.raw_data)


@seed("code", "free", LESSON)
def the_body_is_told_to_machines(patch: Patch, world: World) -> None:
    paywall = lesson_views.show_paywall

    def with_json(request, lesson, course):
        rows = json.dumps(_body(lesson))  # as JSON-LD escapes it
        answer = paywall(request, lesson, course)
        answer.add_post_render_callback(
            lambda shown: setattr(
                shown,
                "content",
                shown.content + f'<script type="application/ld+json">{rows}</script>'.encode(),
            )
        )
        return answer

    patch.setattr(lesson_views, "show_paywall", with_json)


@seed("text", "anonymous", "^courses/$")
def cards_begin_as_the_lesson_does(patch: Patch, world: World) -> None:
    cards = queries.cards

    def with_excerpt(found):
        shown = cards(found)
        for course in shown:
            for lesson in LessonPage.objects.child_of(course):
                course.promise += " ".join(map(str, lesson.body))[:200]
        return shown

    patch.setattr(queries, "cards", with_excerpt)


@seed("cue", "anonymous", "^tracks/<str:slug>")
def a_track_quotes_its_lessons(patch: Patch, world: World) -> None:
    number_rows = tracks.number_rows

    def quoting(course, lessons, *, has_grant):
        rows = number_rows(course, lessons, has_grant=has_grant)
        for row in rows:
            row.lesson.title += row.lesson.transcript
        return rows

    patch.setattr(tracks, "number_rows", quoting)


@seed("heading", "anonymous", LESSON, after_the_buyer=True)
def one_page_is_cached_for_all(patch: Patch, world: World) -> None:
    serve = course_views.serve_lesson

    def shared(request, lesson, course=None):
        key = f"page:{lesson.pk}"
        if kept := cache.get(key):
            return HttpResponse(kept)
        answer = serve(request, lesson, course)
        cache.set(key, answer.render().content)
        return answer

    patch.setattr(course_views, "serve_lesson", shared)


@seed("cell", "buyer", LESSON)
def a_lesson_may_be_kept(patch: Patch, world: World) -> None:
    def change(view, request, **kwargs):
        answer = view(request, **kwargs)
        answer["Cache-Control"] = "max-age=600"
        return answer

    around(patch, "courses/<str:course_slug>/<str:slug>/", change)


# --- drafts, staff, other people -----------------------------------------------------------------


@seed("lessonbody", "anonymous", "^preview/<str:token>/$")
def a_draft_needs_no_signature(patch: Patch, world: World) -> None:
    def unsigned(token, **kwargs):
        data = token.split(":")[0]
        try:
            return json.loads(urlsafe_b64decode(data + "=" * (-len(data) % 4)))
        except ValueError as error:
            raise phone_preview.signing.BadSignature from error

    patch.setattr(phone_preview.signing, "loads", unsigned)


@seed("picturetitle", "moderator", r"^admin/api/main/\^images")
def the_admins_api_lists_files_to_all_staff(patch: Patch, world: World) -> None:
    def everything(view):
        return super(admin_api._OfTheirs, view).get_queryset()

    patch.setattr(admin_api._OfTheirs, "get_queryset", everything)


@seed("lessontitle", "narrow", "^admin/choose-page/<int")
def choosers_offer_drafts(patch: Patch, world: World) -> None:
    patch.setattr(walls, "known_to", lambda user, pages: pages)


@seed("videotitle", "narrow", "^admin/media/usage/")
def a_page_of_usage_asks_for_no_right(patch: Patch, world: World) -> None:
    patch.delitem(walls.CHECKS, "admin/media/usage/<int:media_id>/")


@seed("task", "refunded", "^account/privacy/export/$", "POST")
def an_export_has_everybodys_rows(patch: Patch, world: World) -> None:
    more = privacy.MoreHolding(
        "answers", lambda user: [*map(dict, TrackEnrolment.objects.values("task_text"))], None
    )
    patch.setattr(privacy, "_more", [*privacy._more, more])
