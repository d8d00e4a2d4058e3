"""Keeping the index true where Wagtail's own signals, which hear each page saved, do not reach."""

from django.core.management import call_command
from modelsearch.index import insert_or_update_object
from wagtail.models import Page

from courses.models import Discipline, Instructor
from operations.jobs import job


@job
def rebuild() -> None:
    """Makes the index anew, as is due when words are kept in another way."""
    call_command("update_index", verbosity=0)


@job
def index_pages(keys: list[int]) -> None:
    for page in Page.objects.filter(pk__in=keys).specific().iterator(chunk_size=100):
        insert_or_update_object(page)


def note_published(page: Page) -> None:
    """Disciplines are saved after the page itself, too late for the signal of its saving."""
    insert_or_update_object(page)


def note_changed(subject: Instructor | Discipline) -> None:
    """It may have another name, or is about to be deleted: whichever pages name it now are indexed
    once that is done."""
    related = [subject.courses]
    if isinstance(subject, Discipline):
        related.append(subject.articles)
    keys = [key for pages in related for key in pages.values_list("pk", flat=True)]
    if keys:
        index_pages.enqueue(keys=keys)
