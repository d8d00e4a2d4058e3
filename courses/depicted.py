"""What is depicted: the subject of a cover, a card for chats, a poster.

Everything about it is public: titles, promise, question, summary. A picture's address bears a
digest of all that shapes it, so what is behind an address never changes.
"""

import hashlib
from dataclasses import astuple, dataclass

from django.conf import settings
from django.urls import reverse

from courses.drawing.design import Design
from courses.drawing.share import Words
from courses.models import ArticlePage, CoursePage, LessonPage, PrivateImage, TrackPage
from pages.site_shown import SiteShown

VERSION = 3  # of the drawings: raised when courses/drawing draws anything otherwise
# Covers by their width in pixels; those of the first row are shown below 120, and have no title.
SMALL = (96, 192, 288)
LARGE = (132, 264, 396, 528)
CARD, POSTER, SQUARE = "card", "poster", "square"
FORMATS = {
    **{str(width): ("avif", "webp") for width in SMALL + LARGE},
    CARD: ("jpg",),  # some chats show no WebP
    POSTER: ("png",),
    SQUARE: ("jpg",),  # for podcast apps, which want 1400 pixels at least
}


@dataclass(frozen=True)
class Subject:
    """What the pictures of one thing are made from."""

    kind: str  # the first part of the address, as courses.picture_views knows it
    pk: int
    design: Design
    words: Words
    image: PrivateImage | None = None  # stands in for the drawn art
    is_public: bool = True

    def digest(self, shape: str) -> str:
        words = astuple(self.words) if shape in (CARD, POSTER, SQUARE) else ()
        image = self.image
        uploaded = (image.file.name, image.get_focal_point()) if image else ()
        whole = repr((VERSION, astuple(self.design), words, uploaded))
        return hashlib.sha256(whole.encode()).hexdigest()[:12]

    def address(self, shape: str, suffix: str) -> str:
        return reverse("picture", args=[self.kind, self.pk, self.digest(shape), shape, suffix])


def of_course(course: CoursePage, site: SiteShown) -> Subject:
    return Subject(
        kind="course",
        pk=course.pk,
        design=Design(course.title, ground_of(course), site.seal),
        words=Words(
            title=course.title,
            line=course.promise or course.subtitle,
            site=site.name,
            address=absolute(course.get_absolute_url()),
        ),
        image=course.cover,
        is_public=course.live,
    )


def of_lesson(lesson: LessonPage, course: CoursePage, site: SiteShown) -> Subject:
    """Under the art of its course."""
    return Subject(
        kind="lesson",
        pk=lesson.pk,
        design=Design(course.title, ground_of(course), site.seal),
        words=Words(
            title=lesson.title,
            over=course.title,
            line=lesson.question or lesson.summary,
            site=site.name,
            address=absolute(reverse("lesson", args=[course.slug, lesson.slug])),
        ),
        image=course.cover,
        is_public=course.live and lesson.live,
    )


def of_article(article: ArticlePage, site: SiteShown) -> Subject:
    return Subject(
        kind="article",
        pk=article.pk,
        design=Design(article.title, ground_of(article), site.seal),
        words=Words(
            title=article.title,
            line=article.summary,
            site=site.name,
            address=absolute(article.get_absolute_url()),
        ),
        image=article.cover,
        is_public=article.live,
    )


def of_track(track: TrackPage, site: SiteShown) -> Subject:
    return Subject(
        kind="track",
        pk=track.pk,
        design=Design(track.title, seal=site.seal, is_track=True),
        words=Words(
            title=track.title,
            line=track.aim,
            site=site.name,
            address=absolute(track.get_absolute_url()),
        ),
        image=track.cover,
        is_public=track.live,
    )


def of_site(site: SiteShown) -> Subject:
    return Subject(
        kind="site",
        pk=1,
        design=Design(site.name, seal=site.seal),
        words=Words(title=site.name, line=site.tagline, address=absolute("/")),
    )


def ground_of(page: CoursePage | ArticlePage) -> str:
    """The colour of its first discipline."""
    if isinstance(page, CoursePage) and page.cover_ground:
        return page.cover_ground
    found = sorted(page.disciplines.all(), key=lambda each: (each.sort_order, each.name))
    return found[0].ground if found else "other"


def absolute(path: str) -> str:
    return f"{settings.BASE_URL}{path}"
