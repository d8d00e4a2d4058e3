"""What the admin gets from insights: three entries in the menu of money, and a way in; for editors
how a lesson's quiz is answered."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.ui.components import Component
from wagtail.admin.viewsets.base import ViewSet
from wagtail.admin.widgets import Button as WagtailButton
from wagtail.models import Page

from accounts.models import User
from courses.models import LessonPage
from insights import overview, quiz_answers, share_pages, statement_pages
from insights.rights import PERMISSION, FinanceMenuItem
from operations.dashboard import Button, Panel


class FinanceViewSet(ViewSet):
    menu_hook = "register_money_menu_item"
    menu_item_class = FinanceMenuItem
    add_to_admin_menu = False


class OverviewViewSet(FinanceViewSet):
    name = "insights-overview"
    url_prefix = "money/overview"
    icon = "view"
    menu_label = _("Overview")
    menu_order = 0

    def get_urlpatterns(self) -> list[Any]:
        return [path("", overview.overview, name="index")]


class StatementViewSet(FinanceViewSet):
    name = "insights-statements"
    url_prefix = "money/statements"
    icon = "table"
    menu_label = _("Monthly statement")
    menu_order = 100

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", statement_pages.latest, name="index"),
            path("<str:month>/", statement_pages.statement_of_month, name="month"),
        ]


class ShareViewSet(FinanceViewSet):
    name = "insights-shares"
    url_prefix = "money/shares"
    icon = "group"
    menu_label = _("Instructors' shares")
    menu_order = 101

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", share_pages.index, name="index"),
            path("add/", share_pages.add, name="add"),
            path("<int:pk>/<str:month>/", share_pages.statement_of_instructor, name="statement"),
        ]


@hooks.register("register_admin_viewset")
def boards() -> list[ViewSet]:
    return [OverviewViewSet(), StatementViewSet(), ShareViewSet()]


@hooks.register("register_admin_urls")
def quiz_urls() -> list[URLPattern]:
    view = quiz_answers.quiz_answers
    return [path("quizzes/<int:page_id>/", view, name="quiz_answers")]


@hooks.register("register_page_header_buttons")
def lead_to_how_the_quiz_is_answered(
    page: Page, user: User, view_name: str, next_url: str | None = None
) -> Iterator[WagtailButton]:
    if not isinstance(page, LessonPage) or not page.quiz_questions:
        return
    if page.permissions_for_user(user).can_edit():
        address = reverse("quiz_answers", args=[page.pk])
        label = _("How the quiz is answered")
        yield WagtailButton(label, address, icon_name="view", priority=61)


@hooks.register("construct_homepage_panels")
def show_the_way_in(request: HttpRequest, panels: list[Component]) -> None:
    if request.user.has_perm(PERMISSION):
        panels.append(
            Panel(
                "insights",
                order=25,
                heading=_("How the business goes"),
                buttons=[
                    Button(_("Overview"), reverse("insights-overview:index"), "view"),
                    Button(_("Monthly statement"), reverse("insights-statements:index"), "table"),
                ],
            )
        )
