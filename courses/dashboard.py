"""An editor's day: what is begun most, and which lessons lack something."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.models import PageLogEntry

from courses.models import ArticleIndexPage, ArticlePage, CataloguePage, CoursePage, LessonPage
from courses.outline import HEAVY
from courses.queries import COURSE_PATH
from operations.dashboard import Button, Panel, Row
from pages.dashboard import pages_for

SHOWN = 8
HEARD = (CoursePage.Form.AUDIO, CoursePage.Form.VIDEO)


def begin(user: Any) -> Panel:
    """A lesson in the course one worked on last, an article, all courses."""
    buttons = []
    if course := last_course(user):
        address = _add(LessonPage, course.pk)
        note = _("in %(course)s") % {"course": course.draft_title}
        buttons.append(Button(_("New lesson"), address, "plus", note, first=True))
    mine = pages_for(user, "add")
    if index := ArticleIndexPage.objects.filter(pk__in=mine).first():
        buttons.append(Button(_("Write an article"), _add(ArticlePage, index.pk), "edit"))
    if catalogue := CataloguePage.objects.first():
        address = reverse("wagtailadmin_explore", args=[catalogue.pk])
        buttons.append(Button(_("Courses"), address, "folder-open-inverse"))
    return Panel("begin", order=10, buttons=buttons)


def last_course(user: Any) -> CoursePage | None:
    """Where `user` last did something, else the course that was changed last."""
    kinds = ContentType.objects.get_for_models(CoursePage, LessonPage).values()
    logged = PageLogEntry.objects.filter(user=user, content_type__in=kinds)
    page = logged.order_by("-timestamp", "-pk").values_list("page_id", flat=True).first()
    lesson = LessonPage.objects.filter(pk=page).values_list("path", flat=True).first() or ""
    found = Q(pk=page) | Q(path=lesson[: -LessonPage.steplen])
    newest = F("latest_revision_created_at").desc(nulls_last=True)
    mine = pages_for(user, "add")
    courses = CoursePage.objects.filter(pk__in=mine).order_by(newest, "-pk")
    return courses.filter(found).first() or courses.first()


def lacking(user: Any) -> Panel | None:
    """Lessons that are out in a course to be heard or watched, without sound or transcript (two
    queries)."""
    heard = CoursePage.objects.filter(path=OuterRef("stem"), form__in=HEARD)
    lessons = (
        LessonPage.objects.live()
        .filter(pk__in=pages_for(user, "change"))
        .annotate(stem=COURSE_PATH)
        .filter(Exists(heard))
        .filter(Q(audio=None, video=None) | Q(transcript=""))
        .annotate(spoken=~Q(transcript=""))
        .defer(*HEAVY)
        .order_by("-first_published_at", "-pk")[:SHOWN]
    )
    found = list(lessons)
    titles = dict(
        CoursePage.objects.filter(path__in={lesson.stem for lesson in found}).values_list(
            "path", "title"
        )
    )
    rows = [
        Row(
            lesson.title,
            reverse("wagtailadmin_pages:edit", args=[lesson.pk]),
            about=titles[lesson.stem],
            aside=_missing(lesson),
        )
        for lesson in found
    ]
    if not rows:
        return None
    return Panel("lacking", order=240, heading=_("Lessons that lack something"), rows=rows)


def _missing(lesson: Any) -> str:
    if lesson.audio_id or lesson.video_id:
        return _("no transcript")
    return _("no sound") if lesson.spoken else _("no sound, no transcript")


def _add(model: Any, parent: int) -> str:
    names = (model._meta.app_label, model._meta.model_name)
    return reverse("wagtailadmin_pages:add", args=[*names, parent])
