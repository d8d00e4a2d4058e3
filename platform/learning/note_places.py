"""Where notes stand: lessons and articles, and whether they are open to who wrote them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import BigIntegerField
from django.http import Http404
from django.urls import reverse

from accounts.models import User
from courses import access
from courses.models import ArticlePage, CoursePage, LessonPage


@dataclass(frozen=True)
class Place:
    page: LessonPage | ArticlePage
    course: CoursePage | None  # None: an article
    is_open: bool

    @property
    def is_out(self) -> bool:
        """Whether everybody may know of it."""
        return self.page.live and (self.course is None or self.course.live)

    @property
    def url(self) -> str:
        if self.course is None:
            return self.page.get_absolute_url()
        return reverse("lesson", args=[self.course.slug, self.page.slug])


def of_pages(user: User | AnonymousUser, page_ids: Iterable[int]) -> dict[int, Place]:
    """Those of the pages that still are, by id. At most four queries."""
    ids = set(page_ids)
    lessons = list(LessonPage.objects.filter(pk__in=ids).select_related("audio", "video"))
    articles = ArticlePage.objects.filter(pk__in=ids)
    above = {lesson.pk: lesson.path[: -LessonPage.steplen] for lesson in lessons}
    courses = {
        course.path: course
        for course in CoursePage.objects.filter(path__in=above.values()).select_related(
            "instructor", "cover"
        )
    }
    granted = access.granted_courses(user, [course.pk for course in courses.values()])
    found = {article.pk: Place(article, None, article.live) for article in articles}
    for lesson in lessons:
        course = courses[above[lesson.pk]]
        to_user = access.Access(course, course.pk in granted)
        found[lesson.pk] = Place(lesson, course, to_user.opens(lesson))
    return found


def open_to(user: User, page_id: int) -> Place:
    """For who marks something there. Raises Http404 where it is not open to them."""
    found = of_pages(user, [page_id]) if page_id <= BigIntegerField.MAX_BIGINT else {}
    place = found.get(page_id)
    if place is None or not place.is_open:
        raise Http404
    return place
