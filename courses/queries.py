"""What several pages read."""

from django.db.models import (
    Count,
    F,
    Func,
    IntegerField,
    OuterRef,
    Prefetch,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce, Concat, Length, Substr
from wagtail.query import PageQuerySet

from courses.models import ArticlePage, Bundle, CoursePage, Discipline, LessonPage, TrackPage

# The first one colours the cover; of equals the one first by name.
GROUND_ORDER = ("sort_order", "name")


# Of a lesson: the path of its course.
COURSE_PATH = Substr("path", 1, Length("path") - LessonPage.steplen)


def courses() -> PageQuerySet:
    """Courses with what their page or card shows, whether live or not."""
    in_order = Discipline.objects.order_by(*GROUND_ORDER)
    return (
        CoursePage.objects.select_related("instructor", "cover")
        .prefetch_related(Prefetch("disciplines", queryset=in_order))
        .annotate(withdrawn_lessons=withdrawn_here())
    )


def bare_courses() -> PageQuerySet:
    """Courses with what one of their lessons shows of them."""
    grounds = Discipline.objects.filter(courses=OuterRef("pk")).order_by(*GROUND_ORDER)
    return CoursePage.objects.select_related("instructor", "cover").annotate(
        cover_ground=Coalesce(Subquery(grounds.values("ground")[:1]), Value("other")),
        withdrawn_lessons=withdrawn_here(),
    )


def withdrawn_lessons() -> PageQuerySet:
    """Lessons taken out of a course that went on without them."""
    return LessonPage.objects.filter(live=False, unpublished_alone=True)


def withdrawn_here() -> Coalesce:
    """How many of the course that is looked at."""
    return number_of(in_course(withdrawn_lessons()))


def number_of(rows: QuerySet) -> Coalesce:
    """Of rows that an outer query narrows down."""
    number = rows.order_by().values(number=Func(F("pk"), function="COUNT"))
    return Coalesce(Subquery(number, output_field=IntegerField()), 0)


def in_course(lessons: PageQuerySet) -> PageQuerySet:
    """Those of the course that is looked at: a stretch of the index of paths."""
    return lessons.filter(
        depth=OuterRef("depth") + 1,
        path__gt=OuterRef("path"),
        path__lt=Concat(OuterRef("path"), Value("Z" * (LessonPage.steplen + 1))),
    ).order_by()


def live_courses() -> PageQuerySet:
    """Published courses, newest first."""
    return courses().live().order_by("-first_published_at", "-pk")


def cards(found: PageQuerySet) -> list[CoursePage]:
    """Courses for a list; each has `live_lessons`, how many of its lessons are out (one query)."""
    pages = list(found)
    counts = dict(
        LessonPage.objects.live()
        .annotate(stem=COURSE_PATH)
        .filter(stem__in=[page.path for page in pages])
        .order_by()
        .values_list("stem")
        .annotate(number=Count("pk"))
    )
    for page in pages:
        page.live_lessons = counts.get(page.path, 0)
    return pages


def courses_in(bundle: Bundle) -> list[CoursePage]:
    """Its courses in order, for a list (three queries)."""
    inside = courses().filter(including_bundles__bundle=bundle)
    return cards(inside.order_by("including_bundles__sort_order", "including_bundles__pk"))


def live_articles() -> PageQuerySet:
    return (
        ArticlePage.objects.live()
        .select_related("cover")
        .defer("body")
        .order_by("-published_on", "-first_published_at", "-pk")
    )


def lessons_of(found: PageQuerySet) -> PageQuerySet:
    """The live lessons of these courses."""
    return (
        LessonPage.objects.live()
        .annotate(course_path=COURSE_PATH)
        .filter(course_path__in=found.values("path"))
    )


def disciplines_taught() -> list[Discipline]:
    """The disciplines of the first rank under which something is out, in themselves or in a part
    of them; each with `number`, how many live courses (three queries)."""
    top = Coalesce("parent_id", "pk")
    courses = Discipline.objects.filter(courses__live=True).annotate(top=top).order_by()
    numbers = dict(courses.values_list("top").annotate(Count("courses", distinct=True)))
    articles = Discipline.objects.filter(articles__live=True).annotate(top=top).order_by()
    tops = {*numbers, *articles.values_list("top", flat=True)}
    found = list(Discipline.objects.filter(pk__in=tops))
    for each in found:
        each.number = numbers.get(each.pk, 0)
    return found


def live_tracks() -> PageQuerySet:
    """Published tracks, newest first, with what their page or card shows."""
    return TrackPage.objects.live().select_related("cover").order_by("-first_published_at", "-pk")
