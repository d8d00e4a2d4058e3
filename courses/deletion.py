"""Refusing to delete what somebody has a right to, with a reason instead of a crash."""

from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import ngettext
from wagtail.models import Page

from courses.models import Grant


def count_grants_below(pages: Iterable[Page]) -> int:
    """How many grants stand on these pages or on any page below them."""
    courses = Page.objects.none()
    for page in pages:
        courses = courses | page.get_descendants(inclusive=True)
    return Grant.objects.filter(course__in=courses.values("pk")).count()


def refuse(request: HttpRequest, pages: Iterable[Page]) -> HttpResponse | None:
    """A message and the way back, when learners have access to something below; else None."""
    pages = list(pages)
    number = count_grants_below(pages)
    if not number:
        return None
    messages.error(
        request,
        ngettext(
            "Not deleted: %(number)d learner has access to it. Unpublish it instead.",
            "Not deleted: %(number)d learners have access to it. Unpublish it instead.",
            number,
        )
        % {"number": number},
    )
    parent = pages[0].get_parent()
    return redirect("wagtailadmin_explore", parent.pk if parent else pages[0].pk)
