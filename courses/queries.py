"""What several pages read."""

from django.db.models import Count, Prefetch
from django.db.models.functions import Length, Substr
from wagtail.query import PageQuerySet

from courses.models import ArticlePage, CoursePage, Discipline, LessonPage, PrivateImage

COVERS = ("fill-264x352|format-webp|public", "fill-528x704|format-webp|public")


def courses() -> PageQuerySet:
    """Courses with what their page or card shows, whether live or not."""
    return CoursePage.objects.select_related("instructor").prefetch_related(
        Prefetch("disciplines", queryset=Discipline.objects.order_by("sort_order")),
        Prefetch("cover", queryset=PrivateImage.objects.prefetch_renditions(*COVERS)),
    )


def bare_courses() -> PageQuerySet:
    """Courses with what one of their lessons shows of them."""
    return CoursePage.objects.select_related("instructor", "cover")


def live_courses() -> PageQuerySet:
    """Published courses, newest first."""
    return courses().live().order_by("-first_published_at", "-pk")


def cards(found: PageQuerySet) -> list[CoursePage]:
    """Courses for a list; each has `live_lessons`, how many of its lessons are out (one query)."""
    pages = list(found)
    stem = Substr("path", 1, Length("path") - LessonPage.steplen)
    counts = dict(
        LessonPage.objects.live()
        .annotate(stem=stem)
        .filter(stem__in=[page.path for page in pages])
        .order_by()
        .values_list("stem")
        .annotate(number=Count("pk"))
    )
    for page in pages:
        page.live_lessons = counts.get(page.path, 0)
    return pages


def live_articles() -> PageQuerySet:
    return (
        ArticlePage.objects.live()
        .select_related("cover")
        .defer("body")
        .order_by("-published_on", "-first_published_at")
    )
