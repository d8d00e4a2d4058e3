"""Where one talks: a lesson, if it is open to who asks."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import BigIntegerField
from django.http import Http404
from django.urls import reverse

from accounts.models import User
from community.models import Comment
from courses import access, plain_text
from courses.models import CoursePage, LessonPage
from courses.outline import HEAVY


@dataclass(frozen=True)
class Place:
    lesson: LessonPage
    course: CoursePage
    is_open: bool  # as courses.access says
    is_taught: bool  # by who asks

    @property
    def url(self) -> str:
        return reverse("lesson", args=[self.course.slug, self.lesson.slug])

    @property
    def talk_url(self) -> str:
        return reverse("lesson_talk", args=[self.lesson.pk])

    @property
    def is_out(self) -> bool:
        """Whether everybody may know of the lesson."""
        return bool(self.lesson.live and self.course.live)

    def text(self) -> str:
        """All that stands in the lesson. One query."""
        return plain_text.of(LessonPage.objects.get(pk=self.lesson.pk))


def of_lesson(user: User | AnonymousUser, lesson_id: int) -> Place:
    """At most three queries. Raises Http404 where there is no such lesson."""
    is_number = lesson_id <= BigIntegerField.MAX_BIGINT
    lessons = LessonPage.objects.defer(*HEAVY).select_related("audio", "video")
    lesson = lessons.filter(pk=lesson_id).first() if is_number else None
    if lesson is None:
        raise Http404
    path = lesson.path[: -LessonPage.steplen]
    course = CoursePage.objects.select_related("instructor").get(path=path)
    return Place(
        lesson,
        course,
        access.may_open(user, lesson, course=course),
        access.teaches(user, course),
    )


def of_comment(user: User | AnonymousUser, comment_id: int) -> tuple[Comment, Place]:
    """A comment that `user` sees where it stands, or in a course of theirs. Raises Http404."""
    is_number = comment_id <= BigIntegerField.MAX_BIGINT
    comment = Comment.objects.filter(pk=comment_id).first() if is_number else None
    if comment is None or comment.is_removed:
        raise Http404
    place = of_lesson(user, comment.lesson_id)
    is_own = user.is_authenticated and comment.author_id == user.pk
    if not (place.is_open or place.is_taught) or (comment.is_hidden and not is_own):
        raise Http404
    return comment, place
