from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CoursesConfig(AppConfig):
    name = "courses"
    verbose_name = _("Courses")

    def ready(self) -> None:
        from courses import holdings, receivers, sitemaps  # noqa: F401 (they register themselves)
        from courses.models import (
            Bundle,
            BundleCourse,
            Discipline,
            Instructor,
            Membership,
            MembershipCourse,
            PrivateImage,
            PrivateMedia,
        )
        from pages import edition

        post_migrate.connect(set_up, sender=self)
        post_migrate.connect(keep_changes_of_grants, sender=self)
        edition.shown(Bundle, BundleCourse, Membership, MembershipCourse)
        edition.shown(Discipline, Instructor)
        edition.shown(PrivateImage, PrivateMedia)


def keep_changes_of_grants(using: str, **kwargs: Any) -> None:
    from courses.models import GrantChange
    from operations.fixed_rows import fix, keep

    if using == "default":
        fix(using, GrantChange)
        keep(using, GrantChange)


def set_up(using: str, **kwargs: Any) -> None:
    from django.db import connections

    from courses import setup as courses_setup
    from pages import setup as pages_setup

    tables = connections[using].introspection.table_names()
    if using == "default" and {"pages_homepage", "courses_trackindexpage"} <= set(tables):
        pages_setup.setup_site()
        courses_setup.setup_site()
