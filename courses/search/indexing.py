"""Keeping the index true where Wagtail's own signals, which hear each page saved, do not reach."""

from django.core.management import call_command
from modelsearch.index import insert_or_update_object
from wagtail.models import Page

from courses.models import ArticlePage, CoursePage, Discipline, Instructor
from operations.jobs import job


@job
def rebuild() -> None:
    """Makes the index anew, as is due when words are kept in another way."""
    call_command("update_index", verbosity=0)


@job
def index_pages_of(subject: str, key: int) -> None:
    """The pages that have this instructor's or discipline's name among their words."""
    field = {"instructor": "instructor", "discipline": "disciplines"}[subject]
    models: list[type[Page]] = (
        [CoursePage] if subject == "instructor" else [CoursePage, ArticlePage]
    )
    for model in models:
        for page in model.objects.filter(**{field: key}).iterator(chunk_size=100):
            insert_or_update_object(page)


def note_published(page: Page) -> None:
    """Disciplines are saved after the page itself, too late for the signal of its saving."""
    insert_or_update_object(page)


def note_changed(subject: Instructor | Discipline) -> None:
    """It may have another name."""
    index_pages_of.enqueue(subject=subject._meta.model_name, key=subject.pk)
