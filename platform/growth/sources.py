"""Whom one follows and gets letters from: an instructor, or the publisher (None)."""

from django.http import Http404
from django.urls import reverse

from courses.models import Instructor
from pages import site_shown

type Source = Instructor | None


def read(slug: str) -> Source:
    """By what `slug_of` gives. Raises Http404."""
    if not slug:
        return None
    found = Instructor.objects.filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


def slug_of(source: Source) -> str:
    return source.slug if source else ""


def name_of(source: Source) -> str:
    """At most one query, for the publisher's."""
    return source.name if source else site_shown.shown_to(None).name


def url_of(source: Source) -> str:
    """Where one reads of it."""
    return source.get_absolute_url() if source else reverse("letters")
