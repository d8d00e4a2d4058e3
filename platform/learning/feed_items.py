"""What a feed holds at this moment: only sound that `courses.access` opens to its learner now."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import BooleanField, ExpressionWrapper, Q
from wagtail.query import PageQuerySet

from accounts.models import User
from courses import access, outline
from courses import queries as catalogue
from courses.depicted import Subject, of_course, of_site
from courses.models import CoursePage, LessonPage, Membership, PrivateMedia
from learning.models import PodcastFeed
from pages.site_shown import SiteShown, shown_to

MOST = 500  # episodes; of a membership the newest
KEEP_SIZES = 7 * 24 * 3600


@dataclass(frozen=True)
class Episode:
    lesson: LessonPage
    course: CoursePage
    audio: PrivateMedia
    published_at: datetime
    number: int = 0  # in the course; 0: not a lesson proper
    season: int = 0  # the chapter's number
    chapter: str = ""
    size: int = 0  # bytes

    @property
    def has_transcript(self) -> bool:
        return bool(getattr(self.lesson, "is_transcribed", False))

    @property
    def has_chapters(self) -> bool:
        return self.has_transcript or bool(getattr(self.lesson, "is_marked", False))


@dataclass(frozen=True)
class Contents:
    title: str
    words: str
    path: str  # of its page at the site
    authors: list[str]
    picture: Subject
    site: SiteShown
    is_serial: bool
    is_open: bool  # by a grant; otherwise only what is free is left
    episodes: list[Episode] = field(default_factory=list)


def of(feed: PodcastFeed, learner: User, *, now: datetime) -> Contents | None:
    """None where what it was made of is gone."""
    if feed.course_id is not None:
        return _of_course(feed.course_id, learner, now)
    return _of_membership(feed.target_id, learner, now)


def _of_course(course_id: int, learner: User, now: datetime) -> Contents | None:
    course = catalogue.bare_courses().filter(pk=course_id).prefetch_related("chapters").first()
    if course is None:
        return None
    allowed = access.to_course(learner, course, now=now)
    site = shown_to(None)
    episodes = list(_in_order(course, allowed)) if allowed.sees_course else []
    return Contents(
        title=course.title,
        words=course.promise or course.subtitle,
        path=course.get_absolute_url(),
        authors=[course.instructor.name] if course.instructor else [],
        # What only its buyers still see has no picture that an app could fetch.
        picture=of_course(course, site) if course.live else of_site(site),
        site=site,
        is_serial=True,
        is_open=allowed.has_grant,
        episodes=_measured(episodes[:MOST]),
    )


def _in_order(course: CoursePage, allowed: access.Access) -> Iterator[Episode]:
    """Published one after the other: apps order by that alone."""
    chapters = {row.key: (place, row.title) for place, row in enumerate(course.chapters.all(), 1)}
    lessons = _told(outline.lessons_of(course))
    last: datetime | None = None
    for row in outline.number_rows(course, lessons, has_grant=allowed.has_grant):
        lesson = row.lesson
        at = lesson.first_published_at or course.first_published_at
        if at is None:
            continue
        last = at = max(at, last + timedelta(minutes=1)) if last else at
        if lesson.audio and allowed.opens(lesson):
            season, chapter = chapters.get(lesson.chapter_key, (0, ""))
            number = int(row.label) if lesson.kind == LessonPage.Kind.REGULAR else 0
            yield Episode(lesson, course, lesson.audio, at, number, season, chapter)


def _of_membership(membership_id: int, learner: User, now: datetime) -> Contents | None:
    membership = Membership.objects.filter(pk=membership_id).first()
    if membership is None:
        return None
    inside = catalogue.bare_courses().filter(including_memberships__membership=membership)
    found = {course.path: course for course in inside}
    granted = access.granted_courses(learner, [each.pk for each in found.values()], now=now)
    allowed = {path: access.Access(each, each.pk in granted) for path, each in found.items()}
    heard = LessonPage.objects.filter(audio__isnull=False, first_published_at__isnull=False)
    lessons = _told(heard.annotate(course_path=catalogue.COURSE_PATH))
    is_open = Q(course_path__in=[path for path, each in allowed.items() if each.has_grant])
    is_free = Q(course_path__in=list(found), free_preview=True)
    newest = lessons.filter(is_open | is_free).order_by("-first_published_at", "-pk")[:MOST]
    episodes = [
        Episode(lesson, found[lesson.course_path], lesson.audio, lesson.first_published_at)
        for lesson in newest
        if lesson.audio and allowed[lesson.course_path].opens(lesson)
    ]
    site = shown_to(None)
    return Contents(
        title=f"{membership.name} · {site.name}",
        words=membership.promise,
        path="/membership/",
        authors=[],
        picture=of_site(site),
        site=site,
        is_serial=False,
        is_open=bool(granted),
        episodes=_measured(episodes),
    )


def _told(lessons: PageQuerySet) -> PageQuerySet:
    """With their sound; of what is heavy only whether it is there."""
    yes = {"output_field": BooleanField()}
    return (
        lessons.select_related("audio")
        .defer(*outline.HEAVY)
        .annotate(
            is_transcribed=ExpressionWrapper(~Q(transcript=""), **yes),
            is_marked=ExpressionWrapper(~Q(markers=""), **yes),
        )
    )


def _measured(episodes: list[Episode]) -> list[Episode]:
    """With how many bytes each has; kept, for a store is asked file by file."""
    files = {f"bytes:{each.audio.file.name}": each.audio for each in episodes}
    kept = cache.get_many([*files])
    fresh = {key: _size(audio) for key, audio in files.items() if key not in kept}
    if fresh:
        cache.set_many(fresh, KEEP_SIZES)
    sizes = kept | fresh
    return [replace(each, size=sizes[f"bytes:{each.audio.file.name}"]) for each in episodes]


def _size(audio: PrivateMedia) -> int:
    try:
        return int(audio.file.size)
    except OSError:  # the file is gone; the rest of the feed is not
        return 0
