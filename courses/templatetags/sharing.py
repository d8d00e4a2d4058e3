"""Sharing a page: what its head tells a chat, and the sheet with its poster."""

from dataclasses import replace
from typing import Any

from django import template
from django.template import Context

from courses import depicted, pictures
from courses.models import ArticlePage, CoursePage, LessonPage, TrackPage
from pages.site_shown import SiteShown, shown_to
from pages.templatetags.site_tags import request_of

register = template.Library()
Told = dict[str, pictures.Shared | None]


@register.inclusion_tag("courses/share.html", takes_context=True)
def share_head(context: Context, *shown: Any) -> Told:
    """For <head>. `shown`: a course; a lesson and its course; an article; another page; nothing,
    which is the site itself."""
    return _told(context, shown)


@register.inclusion_tag("components/share.html", takes_context=True)
def share_sheet(context: Context, *shown: Any) -> Told:
    """The button and what it opens, for the same."""
    return _told(context, shown)


def _told(context: Context, shown: tuple[Any, ...]) -> Told:
    """Nothing of a draft, nor of what was taken back."""
    request = request_of(context)
    site = shown_to(request)
    subject = _subject(shown, site)
    if request is None or not subject.is_public or getattr(request, "is_preview", False):
        return {"shared": None}
    told = pictures.shared(subject, site=site.name)
    if shown and subject.kind == "site":
        page = request.GET.get("page", "")
        further = f"?page={page}" if page.isdecimal() and page != "1" else ""
        address = depicted.absolute(request.path + further)
        told = replace(told, title=str(shown[0]), address=address)
    return {"shared": told}


def _subject(shown: tuple[Any, ...], site: SiteShown) -> depicted.Subject:
    match shown:
        case (CoursePage() as course,):
            return depicted.of_course(course, site)
        case (LessonPage() as lesson, CoursePage() as course):
            return depicted.of_lesson(lesson, course, site)
        case (ArticlePage() as article,):
            return depicted.of_article(article, site)
        case (TrackPage() as track,):
            return depicted.of_track(track, site)
        case _:
            return depicted.of_site(site)
