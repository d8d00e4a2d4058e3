"""The pages of the catalogue."""

from django.core.paginator import Page as ShownPage
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from wagtail.query import PageQuerySet

from courses import access, filters, queries, set_lessons
from courses.lesson_views import serve_lesson, show_withdrawn
from courses.models import (
    ArticleIndexPage,
    ArticlePage,
    CataloguePage,
    CoursePage,
    Discipline,
    Instructor,
)
from courses.outline import outline
from operations import clock

ARTICLES_PER_PAGE = 20
OTHER_ARTICLES = 3


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    page = get_object_or_404(CataloguePage.objects.live())
    return show_catalogue(request, page)


def show_catalogue(request: HttpRequest, page: CataloguePage) -> TemplateResponse:
    now = clock.now()
    choices = filters.choices(signed_in=request.user.is_authenticated)
    chosen = filters.read(request.GET, choices)
    shown = _page_of(request, filters.find(chosen, request.user, now=now), filters.PER_PAGE)
    courses = queries.cards(shown.object_list)
    return TemplateResponse(
        request,
        "courses/catalogue.html",
        {
            "page": page,
            "courses": courses,
            "shown": shown,
            "filters": chosen,
            "filter_rows": filters.rows(chosen, choices),
        },
    )


@require_safe
def course(request: HttpRequest, slug: str) -> HttpResponse:
    page = get_object_or_404(queries.courses(), slug=slug)
    allowed = access.to_course(request.user, page)
    if not allowed.sees_course:
        if page.first_published_at is None:
            raise Http404
        return show_withdrawn(request)
    return show_course(request, page, has_grant=allowed.has_grant)


def show_course(request: HttpRequest, page: CoursePage, *, has_grant: bool) -> TemplateResponse:
    rows = outline(page, has_grant=has_grant)
    return TemplateResponse(
        request,
        "courses/course.html",
        {
            "page": page,
            "course": page,
            "rows": rows,
            "has_grant": has_grant,
            "free_row": next((row for row in rows if row.lesson.free_preview), None),
            "lessons": [row.lesson for row in rows],
            "planned": page.is_planned(timezone.localdate(clock.now())),
            "has_sound": any(row.lesson.audio_id for row in rows),
            "lesson_count": len(rows),
            "free_count": sum(row.lesson.free_preview for row in rows),
            "total_seconds": sum(row.lesson.seconds for row in rows),
        },
    )


@require_safe
def lesson(request: HttpRequest, course_slug: str, slug: str) -> HttpResponse:
    page, parent = set_lessons.find(course_slug, slug)
    return serve_lesson(request, page, parent)


@require_safe
def articles(request: HttpRequest) -> HttpResponse:
    page = get_object_or_404(ArticleIndexPage.objects.live())
    return show_articles(request, page)


def show_articles(request: HttpRequest, page: ArticleIndexPage) -> TemplateResponse:
    found = _page_of(request, queries.live_articles(), ARTICLES_PER_PAGE)
    return TemplateResponse(request, "courses/articles.html", {"page": page, "articles": found})


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    page = get_object_or_404(ArticlePage.objects.live().select_related("cover"), slug=slug)
    return show_article(request, page)


def show_article(request: HttpRequest, page: ArticlePage) -> TemplateResponse:
    others = queries.live_articles().exclude(pk=page.pk)[:OTHER_ARTICLES]
    context = {"page": page, "article": page, "others": others}
    return TemplateResponse(request, "courses/article.html", context)


@require_safe
def instructor(request: HttpRequest, slug: str) -> HttpResponse:
    person = get_object_or_404(Instructor.objects.select_related("portrait"), slug=slug)
    shown = _page_of(request, queries.live_courses().filter(instructor=person), filters.PER_PAGE)
    courses = queries.cards(shown.object_list)
    context = {
        "instructor": person,
        "crumbs": [(_("Courses"), reverse("catalogue")), (person.name, "")],
        "courses": courses,
        "shown": shown,
    }
    return TemplateResponse(request, "courses/instructor.html", context)


@require_safe
def discipline(request: HttpRequest, slug: str) -> HttpResponse:
    subject = get_object_or_404(Discipline.objects.select_related("parent"), slug=slug)
    above = [(subject.parent.name, subject.parent.get_absolute_url())] if subject.parent else []
    below = [subject, *subject.children.all()]
    courses = queries.live_courses().filter(disciplines__in=below).distinct()
    articles = queries.live_articles().filter(disciplines__in=below).distinct()
    shown = _page_of(request, courses, filters.PER_PAGE)
    return TemplateResponse(
        request,
        "courses/discipline.html",
        {
            "discipline": subject,
            "crumbs": [(_("Courses"), reverse("catalogue")), *above, (subject.name, "")],
            "children": below[1:],
            "courses": queries.cards(shown.object_list),
            "shown": shown,
            "articles": _page_of(request, articles, ARTICLES_PER_PAGE, name="articles"),
        },
    )


def _page_of(
    request: HttpRequest, found: PageQuerySet, per_page: int, *, name: str = "page"
) -> ShownPage:
    """The page of a list that the address asks for under this name; the nearest there is."""
    return Paginator(found, per_page).get_page(request.GET.get(name))
