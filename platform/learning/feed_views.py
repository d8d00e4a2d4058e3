"""What podcast apps fetch. No session counts here, only the address: whoever has it hears what its
learner may hear at this moment, and nothing once it has ended."""

import hashlib
import json
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import limits
from accounts.models import User
from courses import access, markers, media, rendering
from courses.markers import Marker
from courses.models import LessonPage
from learning import feed_items, feed_links, feed_watch, feed_xml
from learning.models import PodcastFeed
from operations import clock, errors

SEALED = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex, nofollow"}
VTT, CHAPTERS = "text/vtt; charset=utf-8", "application/json+chapters; charset=utf-8"


class Gone(Exception):
    """The address opens nothing any more; says why, to be read by people."""


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """One feed. Where access has ended it stays a feed, which says so: an app that is told 410
    forgets it, and would not find what is bought again."""
    found = get_object_or_404(PodcastFeed, secret=token)
    if not limits.consume(request, "feed", key=f"feed-{found.pk}"):
        return errors.too_many(request, after=limits.longest_wait("feed"))
    now = clock.now()
    try:
        learner = _learner(found)
        with translation.override(learner.language):
            _watch(found, learner, request, now)
            contents = feed_items.of(found, learner, now=now)
            if contents is None:
                raise Gone(_("What this feed was made of is no longer here."))
            body = feed_xml.write(contents, found)
    except Gone as gone:
        return _gone(str(gone))
    if request.method == "GET":
        PodcastFeed.objects.filter(pk=found.pk).update(last_fetched_at=now)
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    answer = HttpResponse(
        body, content_type=feed_xml.PodcastXml.content_type, headers=SEALED | {"ETag": etag}
    )
    return get_conditional_response(request, etag=etag, response=answer) or answer


@require_safe
def file(request: HttpRequest, token: str, name: str) -> HttpResponse | StreamingHttpResponse:
    """A lesson's sound, transcript or chapters, by a link of a feed that still lives, while the
    lesson is open to its learner."""
    try:
        link = feed_links.read(token)
        found = get_object_or_404(PodcastFeed, pk=link.feed_id)
        if not limits.consume(request, "feed_file", key=f"feed-{found.pk}"):
            return errors.too_many(request, after=limits.longest_wait("feed_file"))
        learner = _learner(found)
        lesson = get_object_or_404(LessonPage.objects.select_related("audio"), pk=link.lesson_id)
        if not access.may_open(learner, lesson):
            return _plain(_("This lesson is not open to you any more."), 403)
        if _is_from_the_start(request):
            _watch(found, learner, request, clock.now())
    except feed_links.Forged as forged:
        raise Http404 from forged
    except feed_links.Expired:
        return _gone(_("This link is over. Refresh the feed: it has a new one."))
    except Gone as gone:
        return _gone(str(gone))
    return _hand_out(request, lesson, name)


def _hand_out(
    request: HttpRequest, lesson: LessonPage, name: str
) -> HttpResponse | StreamingHttpResponse:
    if lesson.audio_id and name == feed_links.audio_name(lesson):
        answer = media.hand_out(request, lesson, f"audio-{lesson.audio_id}")
        answer["X-Robots-Tag"] = SEALED["X-Robots-Tag"]
        return answer
    if name == "transcript.vtt" and lesson.transcript:
        return HttpResponse(lesson.transcript, content_type=VTT, headers=SEALED)
    if name == "chapters.json":
        return HttpResponse(chapters(lesson), content_type=CHAPTERS, headers=SEALED)
    raise Http404


def chapters(lesson: LessonPage) -> str:
    """Of version 1.2.0 (https://podcasting2.org/docs/podcast-namespace/tags/chapters); what begins
    later than the recording has a chapter before it."""
    found = markers.parse(lesson.markers) or rendering.lesson_text(lesson).markers
    if not found or found[0].start > 0:
        found = [Marker(0.0, lesson.title), *found]
    told = [{"startTime": each.start, "title": each.title} for each in found]
    return json.dumps({"version": "1.2.0", "chapters": told}, ensure_ascii=False)


def _learner(found: PodcastFeed) -> User:
    """Raises Gone where the feed has ended, or its learner's account has."""
    learner = User.objects.filter(pk=found.learner_id, is_active=True).first()
    if learner is None:
        raise Gone(_("This feed has ended."))
    if found.ended_because == PodcastFeed.Ended.SHARED:
        raise Gone(_("This address was in use in too many places. Its owner has a new one."))
    if found.ended_at is not None:
        raise Gone(_("This address was ended by its owner."))
    return learner


def _watch(found: PodcastFeed, learner: User, request: HttpRequest, now: datetime) -> None:
    if request.method == "GET" and feed_watch.is_shared(found, request, now=now):
        feed_watch.change_address(found, learner, now=now)
        raise Gone(_("This address was in use in too many places. Its owner has a new one."))


def _is_from_the_start(request: HttpRequest) -> bool:
    """Of all that a player asks for, the first."""
    return request.headers.get("Range", "bytes=0-").startswith("bytes=0-")


def _gone(words: str) -> HttpResponse:
    return _plain(words, 410)


def _plain(words: str, status: int) -> HttpResponse:
    kind = "text/plain; charset=utf-8"
    return HttpResponse(f"{words}\n", content_type=kind, status=status, headers=SEALED)
