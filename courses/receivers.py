"""What Wagtail tells us, passed on to whom it concerns."""

from typing import Any

from django.dispatch import receiver
from wagtail.signals import page_published, page_unpublished

from courses import lessons, memberships
from courses.models import CoursePage, LessonPage
from operations import clock


@receiver(page_published, sender=CoursePage)
def course_published(instance: CoursePage, **kwargs: Any) -> None:
    memberships.sync_included(instance, now=clock.now())


@receiver(page_published, sender=LessonPage)
def lesson_published(instance: LessonPage, **kwargs: Any) -> None:
    lessons.note_published(instance)


@receiver(page_unpublished, sender=LessonPage)
def lesson_unpublished(instance: LessonPage, **kwargs: Any) -> None:
    lessons.note_unpublished(instance)
