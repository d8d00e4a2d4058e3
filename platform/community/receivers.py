"""What Wagtail tells us, passed on to whom it concerns."""

from typing import Any

from django.dispatch import receiver
from wagtail.signals import page_published

from community import moderation
from courses import access
from courses.models import LessonPage


@receiver(page_published, sender=LessonPage)
def lesson_published(instance: LessonPage, **kwargs: Any) -> None:
    moderation.look_again(access.course_of(instance))
