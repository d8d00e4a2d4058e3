"""Why can this person open this lesson? One page with every grant and what became of it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from wagtail.admin.menu import MenuItem
from wagtail.admin.viewsets.base import ViewSet

from accounts.models import User
from courses import access
from courses.models import CoursePage, Grant, LessonPage
from operations import clock
from payments.admin.grants import CHANGE_COLUMNS, change_rows, source_url, state, target
from payments.admin.listing import Fact, detail_url, moment
from payments.models import Dispute, Order, RedeemBatch

PERMISSION = "courses.view_grant"


def lesson_choices() -> Iterator[tuple[str, Any]]:
    """Every lesson that was ever out, under its course (two queries): drafts open to nobody."""
    courses = {page.path: page for page in CoursePage.objects.only("path", "title", "depth")}
    groups: dict[str, list[tuple[int, str]]] = {key: [] for key in courses}
    once_out = LessonPage.objects.filter(first_published_at__isnull=False)
    lessons = once_out.only("pk", "path", "title").order_by("path")
    for lesson in lessons:
        groups.get(lesson.path[: -LessonPage.steplen], []).append((lesson.pk, lesson.title))
    yield "", _("Choose a lesson")
    for key, rows in sorted(groups.items(), key=lambda group: courses[group[0]].title):
        if rows:
            yield courses[key].title, rows


class WhyForm(forms.Form):
    email = forms.EmailField(label=_("E-mail of the learner"))
    lesson = forms.TypedChoiceField(label=_("Which lesson"), choices=lesson_choices, coerce=int)

    def clean_email(self) -> str:
        self.learner = User.objects.filter(email__iexact=self.cleaned_data["email"]).first()
        if self.learner is None:
            raise forms.ValidationError(_("Nobody with this e-mail has an account."))
        return str(self.cleaned_data["email"])


@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """Answers GET ?email=&lesson=; without them it asks."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    form = WhyForm(request.GET if request.GET else None)
    context: dict[str, Any] = {
        "page_title": _("Why can this person open this lesson?"),
        "header_title": _("Why can this person open this lesson?"),
        "header_icon": "help",
        "breadcrumbs_items": [
            {"url": reverse("money-grants:index"), "label": Grant._meta.verbose_name_plural},
            {"url": "", "label": _("Why can this person open this lesson?")},
        ],
        "form": form,
    }
    if form.is_valid() and form.learner is not None:
        context |= answer(form.learner, form.cleaned_data["lesson"], now=clock.now())
        context["may_give"] = request.user.has_perm("courses.add_grant")
    return TemplateResponse(request, "payments/admin/why.html", context)


def answer(learner: User, lesson_id: int, *, now: datetime) -> dict[str, Any]:
    """The verdict, the reasons for it, and every grant with its changes."""
    lesson = LessonPage.objects.get(pk=lesson_id)
    course = access.course_of(lesson)
    rows = list(
        Grant.objects.filter(learner=learner)
        .select_related("course", "membership")
        .prefetch_related("changes__actor")
        .order_by("-starts_at", "-pk")
    )
    covering = set(
        Grant.objects.filter(learner=learner).covering(course.pk).values_list("pk", flat=True)
    )
    active = [row for row in rows if row.pk in covering and row.is_active(now)]
    return {
        "learner": learner,
        "lesson": lesson,
        "course": course,
        "opens": access.may_open(learner, lesson, course=course, now=now),
        "reasons": [
            *reasons(learner, lesson, course, active),
            *withheld(learner, [row for row in rows if row.pk in covering and row.withdrawn_at]),
        ],
        "columns": [_("Opens"), _("Source"), _("State"), _("From"), _("Until"), _("This course")],
        "rows": [grant_row(row, row.pk in covering, now) for row in rows],
        "change_columns": [_("Opens"), *CHANGE_COLUMNS],
        "changes": [
            [target(row), *line]
            for row in rows
            if row.pk in covering
            for line in change_rows([row])
        ],
    }


def reasons(
    learner: User, lesson: LessonPage, course: CoursePage, active: list[Grant]
) -> Iterator[Any]:
    if not course.live:
        yield _("The course is not published: only who has it already reads it.")
    if not lesson.live:
        if course.live:
            yield _("The lesson is not published: it is gone for all.")
        elif lesson.unpublished_alone or lesson.first_published_at is None:
            yield _("The lesson was taken back on its own, or was never published.")
    if course.live and lesson.live and lesson.free_preview:
        yield _("The lesson is a free preview: everybody can open it.")
    if access.teaches(learner, course):
        yield _("It is their own course: the instructor's account reads it.")
    for row in active:
        words = {"what": target(row), "source": row.get_source_kind_display()}
        yield _("A grant of “%(what)s” is in force: %(source)s.") % words
    if not active:
        yield _("No grant of theirs that covers this course is in force.")


def withheld(learner: User, withdrawn: list[Grant]) -> Iterator[Any]:
    """Of grants that were withdrawn: whose payment a bank disputes or took back, or went back."""
    seats = RedeemBatch.objects.filter(codes__redeemed_by=learner)
    theirs = Q(buyer=learner) | Q(gift__redeemed_by=learner) | Q(batch__in=seats)
    orders = Order.objects.filter(theirs).select_related("subscription", "gift")
    for order in orders.filter(status=Order.Status.REFUNDED, ended_at=None):
        told = _("What was paid for “%(what)s” was given back (order %(number)s).")
        yield from _told(told, order, learner, withdrawn)
    disputes = Dispute.objects.withdrawing().filter(order__in=orders)
    for dispute in disputes.select_related("order__subscription", "order__gift"):
        assert dispute.order is not None  # noqa: S101 — it is one of theirs
        told = _("The bank disputes what was paid for “%(what)s” (order %(number)s).")
        if dispute.status == "lost":
            told = _("The bank took back what was paid for “%(what)s” (order %(number)s).")
        yield from _told(told, dispute.order, learner, withdrawn)


def _told(sentence: Any, order: Order, learner: User, withdrawn: list[Grant]) -> Iterator[Any]:
    sources = {order.source_id, order.subscription and order.subscription.source_id}
    if hasattr(order, "gift"):
        sources.add(order.gift.source_id)
    if order.purpose == Order.Purpose.SEATS:
        sources |= {seat.source_id for seat in learner.redeemed_codes.filter(batch__order=order)}
    for row in withdrawn:
        if row.source_id in sources:
            yield sentence % {"what": target(row), "number": order.number}


def grant_row(row: Grant, covers: bool, now: datetime) -> list[Any]:
    return [
        Fact("", target(row), detail_url("money-grants", row)),
        Fact("-", row.get_source_kind_display(), source_url(row)),
        state(row, now),
        moment(row.starts_at),
        moment(row.ends_at) or _("For good"),
        _("Covered") if covers else _("Not covered"),
    ]


class WhyMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(PERMISSION))


class WhyViewSet(ViewSet):
    name = "money-why"
    url_prefix = "money/why"
    icon = "help"
    menu_label = _("Who may open what?")
    menu_item_class = WhyMenuItem

    def get_urlpatterns(self) -> list[Any]:
        return [path("", why, name="index")]
