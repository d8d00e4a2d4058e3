"""What Wagtail tells us, passed on to whom it concerns."""

from typing import Any

from django.dispatch import receiver
from wagtail.signals import page_published

from courses.models import LessonPage
from learning import progress, recordings
from operations import clock


@receiver(page_published, sender=LessonPage)
def lesson_published(instance: LessonPage, **kwargs: Any) -> None:
    if recordings.note(instance, now=clock.now()):
        progress.carry_over.enqueue(lesson=instance.pk)
