"""What search engines are told of besides the pages: who teaches, and the map of knowledge."""

from django.db.models import Q, QuerySet

from courses.models import ArticlePage, CoursePage, Discipline, Instructor
from pages.sitemaps import OwnSitemap, register


class InstructorsSitemap(OwnSitemap):
    """Those with a course that is out."""

    def items(self) -> QuerySet[Instructor]:
        teaching = CoursePage.objects.live().values("instructor_id")
        return Instructor.objects.filter(pk__in=teaching).order_by("pk")


class DisciplinesSitemap(OwnSitemap):
    """Those under which something is out."""

    def items(self) -> QuerySet[Discipline]:
        courses, articles = (
            model.objects.live().values("disciplines") for model in (CoursePage, ArticlePage)
        )
        return Discipline.objects.filter(Q(pk__in=courses) | Q(pk__in=articles)).order_by("pk")


register("instructors", InstructorsSitemap)
register("disciplines", DisciplinesSitemap)
