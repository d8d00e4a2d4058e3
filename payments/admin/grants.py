"""Grants: why learners may open what they may, and giving or withdrawing by hand."""

import re
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.admin.widgets import AdminDateInput
from wagtail.admin.widgets.button import HeaderButton

from accounts import reauthentication
from accounts.models import User
from courses import grants
from courses.models import CoursePage, Grant, Membership
from operations import clock
from pages import dates
from pages.forms import DayField
from payments import entitlement
from payments.admin.confirmation import Confirmation, NotPossible, ReasonForm, actor_of
from payments.admin.listing import (
    Action,
    DetailColumn,
    Fact,
    MomentColumn,
    MoneyDetail,
    MoneyIndex,
    MoneyViewSet,
    Section,
    detail_url,
    moment,
    person,
)
from payments.admin.listing_filters import period_widget
from payments.admin.subscriptions import SUBSCRIPTION_STATES

# What staff give, and what they may take back. All others follow from money and would come back.
BY_HAND = (Grant.Source.SCHOLARSHIP, Grant.Source.STAFF)
TAKEN_BACK_BY_HAND = (*BY_HAND, Grant.Source.ENROLMENT)

SOURCE_VIEWSETS = {
    "order": "money-orders",
    "subscription": "money-subscriptions",
    "code": "money-codes",
    "gift": "money-gifts",
}


def state(grant: Grant, now: datetime | None = None) -> Any:
    """Whether it opens anything now, and if not, why."""
    now = now or clock.now()
    if grant.withdrawn_at is not None:
        return _("Taken back")
    if grant.starts_at > now:
        return _("Not begun")
    if grant.ends_at is not None and grant.ends_at <= now:
        return _("Run out")
    return _("In force")


def target(grant: Grant) -> str:
    return str(grant.course or grant.membership)


def called(grant: Grant) -> str:
    return f"{target(grant)} · {grant.learner.email}"


def source_url(grant: Grant) -> str:
    """The order, subscription, code or gift behind it."""
    kind, _separator, pk = grant.source_id.rpartition("-")
    if not pk.isdigit():
        return ""
    viewset = SOURCE_VIEWSETS.get(kind)
    return reverse(f"{viewset}:inspect", args=[int(pk)]) if viewset else ""


class GrantFilters(WagtailFilterSet):
    in_force = django_filters.BooleanFilter(label=_("In force"), method="filter_in_force")
    course = django_filters.ModelChoiceFilter(
        label=_("Course"), queryset=CoursePage.objects.order_by("title")
    )
    membership = django_filters.ModelChoiceFilter(
        label=_("Membership"), queryset=Membership.objects.all()
    )
    starts_at = django_filters.DateFromToRangeFilter(label=_("From"), widget=period_widget())

    class Meta:
        model = Grant
        fields = ["source_kind", "in_force", "course", "membership", "starts_at"]

    def filter_in_force(self, rows: QuerySet[Grant], name: str, value: bool) -> QuerySet[Grant]:
        now = clock.now()
        active = Q(pk__in=Grant.objects.active(now).values("pk"))
        return rows.filter(active if value else ~active)


class GrantIndex(MoneyIndex):
    default_ordering = "-starts_at"

    def to_row_dict(self, item: Grant) -> dict[str, Any]:
        return {
            "learner": item.learner.email,
            "opens": target(item),
            "source_kind": item.get_source_kind_display(),
            "source_id": item.source_id,
            "state": state(item),
            "starts_at": item.starts_at,
            "ends_at": item.ends_at,
            "withdrawn_at": item.withdrawn_at,
        }

    @property
    def header_buttons(self) -> list[Any]:
        if not self.request.user.has_perm("courses.add_grant"):
            return []
        return [HeaderButton(_("Give access"), url=reverse("money-grants:give"), icon_name="plus")]


class GrantDetail(MoneyDetail):
    def get_page_subtitle(self) -> str:
        return called(self.object)

    def facts(self) -> Iterable[Fact]:
        row: Grant = self.object
        yield Fact(_("Learner"), person(row.learner))
        yield Fact(_("Opens"), target(row))
        yield Fact(_("State"), state(row))
        yield Fact(_("Source"), row.get_source_kind_display(), source_url(row))
        yield Fact(_("Number of the source"), row.source_id)
        yield Fact(_("From"), moment(row.starts_at))
        yield Fact(_("Until"), moment(row.ends_at) or _("For good"))
        yield Fact(_("Withdrawn"), moment(row.withdrawn_at))

    def actions(self) -> Iterable[Action]:
        row: Grant = self.object
        if self.request.user.has_perm(ExtendView.permission):
            for name, view in (("extend", ExtendView), ("withdraw", WithdrawView)):
                if view().is_possible(row):
                    yield Action(view.label, reverse(f"money-grants:{name}", args=[self.pk]))
        if row.source_kind not in TAKEN_BACK_BY_HAND and self.request.user.has_perm(
            "courses.add_grant"
        ):
            covered = {"course": row.course_id, "membership": row.membership_id}
            asked = {"email": row.learner.email, **{key: pk for key, pk in covered.items() if pk}}
            yield Action(
                _("Give access"),
                f"{reverse('money-grants:give')}?{urlencode(asked)}",
                explanation=_("This one follows from money. More time is given beside it."),
            )

    def sections(self) -> Iterable[Section]:
        yield Section(_("Changes"), CHANGE_COLUMNS, change_rows([self.object]))


ORDER_NUMBER = re.compile(r"[0-9A-F]{10}")
CHANGE_COLUMNS = [_("When"), _("Who"), _("Why"), _("From"), _("Until"), _("Withdrawn")]


WITHDRAWALS = {
    entitlement.GIVEN_BACK: _("The payment was given back"),
    entitlement.DISPUTED: _("The bank disputes the payment"),
    entitlement.ENDED: _("Staff ended what was free"),
}


def why(reason: str) -> Any:
    """In words, where the site wrote down a state or the number of an order."""
    if reason in WITHDRAWALS:
        return WITHDRAWALS[reason]
    if ORDER_NUMBER.fullmatch(reason):
        return _("Order %(number)s") % {"number": reason}
    return SUBSCRIPTION_STATES.get(reason, reason)


def change_rows(rows: Iterable[Grant]) -> list[list[Any]]:
    """What those grants were changed to, newest first."""
    return [
        [
            moment(change.at),
            person(change.actor) or _("The site"),
            why(change.reason),
            moment(change.starts_at),
            moment(change.ends_at) or _("For good"),
            moment(change.withdrawn_at),
        ]
        for grant in rows
        for change in grant.changes.select_related("actor")
    ]


class UntilForm(ReasonForm):
    until = DayField(
        label=_("Until"),
        required=False,
        widget=AdminDateInput,
        help_text=_("The last day. Empty: for good."),
    )
    field_order = ["until", "reason"]

    def clean_until(self) -> datetime | None:
        """The first instant after the last day."""
        day = self.cleaned_data["until"]
        if day is None:
            return None
        if day < timezone.localdate(clock.now()):
            raise forms.ValidationError(_("This day is over."))
        return dates.end_of_day(day)


class GiveForm(UntilForm):
    # What is given once is not given twice by sending the form twice.
    key = forms.UUIDField(widget=forms.HiddenInput)
    email = forms.EmailField(label=_("E-mail of the learner"))
    course = forms.ModelChoiceField(
        CoursePage.objects.order_by("title"), label=_("Course"), required=False
    )
    membership = forms.ModelChoiceField(
        Membership.objects.all(), label=_("Membership"), required=False
    )
    source = forms.ChoiceField(
        label=_("As what"), choices=[(kind.value, kind.label) for kind in BY_HAND]
    )
    field_order = ["key", "email", "course", "membership", "source", "until", "reason"]

    def clean_email(self) -> str:
        self.learner = User.objects.filter(
            email__iexact=self.cleaned_data["email"], is_active=True
        ).first()
        if self.learner is None:
            raise forms.ValidationError(_("Nobody with this e-mail has an account."))
        return str(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("course")) == bool(cleaned.get("membership")):
            self.add_error("course", _("Choose a course or a membership, not both."))
        return cleaned


class GiveView(View):
    """Access given by hand: a scholarship (助学名额), or by staff."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm("courses.add_grant"):
            raise PermissionDenied
        reauthentication.ask(request)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = {name: request.GET.get(name, "") for name in ("email", "course", "membership")}
        initial = {"key": uuid.uuid4(), **asked}
        return self.page(request, GiveForm(initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = GiveForm(request.POST)
        if not form.is_valid():
            return self.page(request, form)
        given = give(form, actor=actor_of(request), now=clock.now())
        messages.success(request, _("Access is given."))
        return redirect(detail_url("money-grants", given))

    def page(self, request: HttpRequest, form: GiveForm) -> TemplateResponse:
        context = {
            "page_title": _("Give access"),
            "header_title": _("Give access"),
            "header_icon": "key",
            "breadcrumbs_items": [
                {"url": reverse("money-grants:index"), "label": Grant._meta.verbose_name_plural},
                {"url": "", "label": _("Give access")},
            ],
            "form": form,
            "label": _("Give access"),
            "back_url": reverse("money-grants:index"),
        }
        return TemplateResponse(request, "staff/confirm.html", context)


@transaction.atomic
def give(form: GiveForm, *, actor: User, now: datetime) -> Grant:
    """What the form says; the same form again changes nothing."""
    data, learner = form.cleaned_data, form.learner
    assert learner is not None  # noqa: S101 — clean_email holds it
    source = {"source_kind": data["source"], "source_id": f"hand-{data['key']}"}
    given = Grant.objects.filter(learner=learner, **source).first()
    if given is None:
        [given] = grants.sync(
            learner=learner,
            **source,
            covers=[data["course"] or data["membership"]],
            starts_at=now,
            ends_at=data["until"],
            now=now,
            actor=actor,
            reason=data["reason"],
        )
    return given


class WithdrawView(Confirmation):
    model = Grant
    permission = "courses.change_grant"
    back = "money-grants"
    title = _("Withdraw access")
    label = _("Withdraw")
    serious = True
    related = ("learner", "course", "membership")

    def called(self, row: Grant) -> str:
        return called(row)

    def is_possible(self, row: Grant) -> bool:
        return is_by_hand(row)

    def consequences(self, row: Grant) -> Iterable[Any]:
        words = {"learner": person(row.learner), "what": target(row)}
        yield _("%(learner)s can no longer open “%(what)s” by this grant.") % words
        yield _("Progress stays. Other grants of theirs stay, too.")

    def carry_out(self, row: Grant, form: ReasonForm) -> Any:
        now = clock.now()
        declare(row, actor=self.actor, form=form, ends_at=row.ends_at, withdrawn_at=now, now=now)
        return _("The access is withdrawn.")


class ExtendView(Confirmation):
    """A later last day for what was given by hand until a day."""

    model = Grant
    permission = "courses.change_grant"
    back = "money-grants"
    title = _("Extend access")
    label = _("Extend")
    form_class = UntilForm
    related = ("learner", "course", "membership")

    def called(self, row: Grant) -> str:
        return called(row)

    def is_possible(self, row: Grant) -> bool:
        return is_by_hand(row) and row.ends_at is not None

    def consequences(self, row: Grant) -> Iterable[Any]:
        words = {"learner": person(row.learner), "what": target(row), "day": moment(row.ends_at)}
        yield _("%(learner)s may open “%(what)s” until %(day)s, by now.") % words

    def carry_out(self, row: Grant, form: UntilForm) -> Any:
        until = form.cleaned_data["until"]
        if until is not None and row.ends_at is not None and until <= row.ends_at:
            raise NotPossible(_("It lasts as long already. Choose a later day."))
        declare(row, actor=self.actor, form=form, ends_at=until, now=clock.now())
        return _("The access is extended.")


def is_by_hand(row: Grant) -> bool:
    """Whether people decide on it, and it was not taken back."""
    return row.source_kind in TAKEN_BACK_BY_HAND and row.withdrawn_at is None


def declare(
    row: Grant,
    *,
    actor: User,
    form: ReasonForm,
    ends_at: datetime | None,
    withdrawn_at: datetime | None = None,
    now: datetime,
) -> None:
    """What was given by hand, with another end."""
    grants.sync(
        learner=row.learner,
        source_kind=row.source_kind,
        source_id=row.source_id,
        covers=[row.course or row.membership],  # type: ignore[list-item]
        starts_at=row.starts_at,
        ends_at=ends_at,
        withdrawn_at=withdrawn_at,
        now=now,
        actor=actor,
        reason=form.cleaned_data["reason"],
    )


class GrantViewSet(MoneyViewSet):
    model = Grant
    name = "money-grants"
    url_prefix = "money/grants"
    icon = "key"
    menu_label = _("Grants")
    index_view_class = GrantIndex
    inspect_view_class = GrantDetail
    related = ("learner", "course", "membership")
    filterset_class = GrantFilters
    row_views = {"extend": ExtendView, "withdraw": WithdrawView}
    for_several = ("extend", "withdraw")
    ordering = "-starts_at"
    search_fields = [
        "learner__email",
        "learner__name",
        "source_id",
        "course__title",
        "membership__name",
    ]
    list_display = [
        DetailColumn(
            "learner",
            "money-grants",
            label=_("Learner"),
            accessor="learner.email",
            sort_key="learner__email",
        ),
        Column("opens", label=_("Opens"), accessor=target),
        "source_kind",
        Column("state", label=_("State"), accessor=state),
        MomentColumn("starts_at", label=_("From")),
        MomentColumn("ends_at", label=_("Until")),
    ]
    list_export = [
        "learner",
        "opens",
        "source_kind",
        "source_id",
        "state",
        "starts_at",
        "ends_at",
        "withdrawn_at",
    ]
    export_headings = {"learner": _("Learner"), "opens": _("Opens"), "state": _("State")}

    def get_urlpatterns(self) -> list[Any]:
        return [*super().get_urlpatterns(), path("give/", GiveView.as_view(), name="give")]
