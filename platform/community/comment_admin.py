"""Comments in the admin: what is reported first, then the newest; featured, hidden, left to stay.

Whoever moderates reads what people say, not what is paid for: a quoted sentence is shown to those
who may open the lesson or edit it.
"""

from typing import Any

import django_filters
from django.db.models import OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn, StatusTagColumn, TitleColumn
from wagtail.admin.views import generic
from wagtail.permission_policies import ModelPermissionPolicy

from community import comment_acts, talk_queries
from community.models import Comment, Report
from courses import access
from courses.queries import number_of
from pages.admin_moments import InspectionWithMoments
from pages.admin_reading import ReadingViewSet


class CommentPolicy(ModelPermissionPolicy):
    """Nobody rewrites what others say, superusers included."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action == "view" and bool(super().user_has_permission(user, action))


class CommentFilters(WagtailFilterSet):
    state = django_filters.ChoiceFilter(
        label=pgettext_lazy("comment", "State"),
        method="in_state",
        choices=[
            ("reported", pgettext_lazy("comment", "reported")),
            ("unanswered", pgettext_lazy("comment", "unanswered")),
            ("featured", pgettext_lazy("comment", "featured")),
            ("hidden", pgettext_lazy("comment", "hidden")),
        ],
    )

    class Meta:
        model = Comment
        fields = ["kind"]

    def in_state(self, rows: QuerySet[Comment], name: str, value: str) -> QuerySet[Comment]:
        return rows.filter(
            {
                "reported": Q(report_count__gt=0),
                "unanswered": Q(kind=Comment.Kind.QUESTION, is_settled=False, hidden_at=None),
                "featured": Q(featured_at__isnull=False),
                "hidden": Q(hidden_at__isnull=False),
            }[value]
        )


class CommentIndex(generic.IndexView):
    default_ordering = ("-report_count", "-created_at")

    def get_base_queryset(self) -> QuerySet[Comment]:
        """Without those that only keep a place."""
        reports = Report.objects.filter(comment=OuterRef("pk"), settled_at=None)
        rows = Comment.objects.filter(removed_at=None).select_related("author", "lesson")
        return rows.defer("lesson__body", "lesson__transcript", "lesson__quiz").annotate(
            report_count=number_of(reports), is_settled=talk_queries.by_instructor()
        )

    def search_queryset(self, queryset: QuerySet[Comment]) -> QuerySet[Comment]:
        if not self.is_searching:
            return queryset
        words = Q(text__icontains=self.search_query) | Q(author__name__icontains=self.search_query)
        return queryset.filter(words | Q(lesson__title__icontains=self.search_query))


class CommentInspection(InspectionWithMoments):
    page_title = pgettext_lazy("community", "Comment")

    def get_queryset(self) -> QuerySet[Comment]:
        return Comment.objects.filter(removed_at=None).select_related("author", "lesson", "course")

    def get_field_display_value(self, field_name: str, field: Any) -> Any:
        """Nothing, where upstream's says None; yes or no, where it says True or False."""
        value = getattr(self.object, field_name, "")
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        return "" if value is None else super().get_field_display_value(field_name, field)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        user, row = self.request.user, self.object
        context["row"] = talk_queries.Shown(row)
        context["reads_quote"] = row.quote and (
            access.may_open(user, row.lesson, course=row.course)
            or row.lesson.permissions_for_user(user).can_edit()
        )
        reports = row.reports.order_by("settled_at", "at")
        context["reports"] = reports
        if user.has_perm(comment_acts.MAY_MODERATE):
            is_reported = reports.filter(settled_at=None).exists()
            context["acts"] = comment_acts.offered(row, is_reported=is_reported)
        return context


def _state(row: Comment) -> Any:
    if row.is_hidden:
        return pgettext_lazy("comment", "hidden")
    return pgettext_lazy("comment", "Featured") if row.is_featured else ""


class StateColumn(StatusTagColumn):
    """No tag around nothing."""

    def render_cell_html(self, instance: Comment, parent_context: Any) -> str:
        if not self.get_value(instance):
            return SafeString("<td></td>")
        return str(super().render_cell_html(instance, parent_context))


class CommentViewSet(ReadingViewSet):
    model: Any = Comment
    name = "talk"
    icon = "comment"
    menu_label = pgettext_lazy("community", "Comments")
    menu_order = 222
    index_view_class = CommentIndex
    inspect_view_class = CommentInspection
    filterset_class = CommentFilters
    template_prefix = "community/comment_admin/"
    inspect_view_fields = [
        "kind",
        "course",
        "lesson",
        "by_instructor",
        "created_at",
        "edited_at",
        "featured_at",
        "featured_by",
        "is_public_safe",
        "hidden_at",
        "hidden_by",
        "hidden_reason",
    ]
    search_fields = ["text"]  # and more: CommentIndex
    list_per_page = 50
    list_display = [
        TitleColumn(
            "text",
            label=_("Text"),
            accessor=lambda row: Truncator(row.text).chars(60),
            get_url=lambda row: reverse("talk:inspect", args=[row.pk]),
        ),
        Column(
            "author",
            label=_("Author"),
            accessor=lambda row: talk_queries.Shown(row).name,
            width="11%",
        ),
        Column("kind", label=_("Kind"), accessor="get_kind_display", width="8%"),
        StateColumn(
            "state",
            label=pgettext_lazy("comment", "State"),
            accessor=_state,
            primary=lambda row: row.is_featured,
            width="9%",
        ),
        Column("lesson", label=_("Lesson"), accessor="lesson.title", width="16%"),
        Column(
            "report_count",
            label=pgettext_lazy("comment", "Reports"),
            accessor=lambda row: row.report_count or "",
            sort_key="report_count",
            width="8%",
        ),
        DateColumn(
            "created_at",
            label=pgettext_lazy("comment", "Written"),
            sort_key="created_at",
            width="12%",
        ),
    ]

    def get_urlpatterns(self) -> list[Any]:
        return [*super().get_urlpatterns(), *comment_acts.urlpatterns]


viewset = CommentViewSet()
