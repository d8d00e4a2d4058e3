"""What Wagtail tells us, passed on to whom it concerns."""

from typing import Any

from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver
from wagtail.signals import page_published, page_unpublished

from courses import lessons, memberships, quizzes
from courses.models import ArticlePage, CoursePage, Discipline, Instructor, LessonPage
from courses.search import indexing
from operations import clock


@receiver(page_published, sender=CoursePage)
def course_published(instance: CoursePage, **kwargs: Any) -> None:
    memberships.sync_included(instance, now=clock.now())
    quizzes.note_published(instance)
    indexing.note_published(instance)


@receiver(page_published, sender=ArticlePage)
def article_published(instance: ArticlePage, **kwargs: Any) -> None:
    indexing.note_published(instance)


@receiver(post_save, sender=Instructor)
@receiver(post_save, sender=Discipline)
@receiver(pre_delete, sender=Discipline)
def subject_changed(
    instance: Instructor | Discipline, *, raw: bool = False, created: bool = False, **kwargs: Any
) -> None:
    if not raw and not created:
        indexing.note_changed(instance)


@receiver(page_published, sender=LessonPage)
def lesson_published(instance: LessonPage, **kwargs: Any) -> None:
    lessons.note_published(instance)


@receiver(page_unpublished, sender=LessonPage)
def lesson_unpublished(instance: LessonPage, **kwargs: Any) -> None:
    lessons.note_unpublished(instance)
