"""What learners want, for those who plan: the wished courses, the most wanted first.

An editor sees those of courses they may edit.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from wagtail.admin.menu import MenuItem
from wagtail.permission_policies.pages import PagePermissionPolicy

from growth import wishes
from operations import clock

PER_PAGE = 50


def may_see(user: Any) -> bool:
    return bool(PagePermissionPolicy().user_has_permission(user, "change"))


class ForEditors(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return may_see(request.user)


@require_safe
def wish_report(request: HttpRequest) -> HttpResponse:
    if not may_see(request.user):
        raise PermissionDenied
    now = clock.now()
    mine = PagePermissionPolicy().instances_user_has_permission_for(request.user, "change")
    found = wishes.counted(mine, now=now)
    most = found.values_list("wished", flat=True).first() or 1
    shown = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    today = timezone.localdate(now)
    context: dict[str, Any] = {
        "page_title": _("Wished for"),
        "shown": shown,
        "rows": [
            {
                "course": course,
                "is_planned": course.is_planned(today),
                "share": round(100 * course.wished / most),
            }
            for course in shown
        ],
    }
    return TemplateResponse(request, "growth/wish_report.html", context)
