"""What a moderator does with one comment, each on a page that says what comes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_http_methods
from wagtail.admin import messages

from accounts.models import User
from community import moderation
from community.models import Comment
from community.models.comments import LONGEST_REASON
from learning.forms import LinesField
from operations import clock

MAY_MODERATE = "community.moderate_comment"


class ReasonForm(forms.Form):
    reason = LinesField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Its author reads it, word for word. It stays in the log."),
    )


@dataclass(frozen=True)
class Act:
    """`do` gives what is said afterwards."""

    label: Any
    consequences: tuple[Any, ...]
    do: Callable[[Comment, User, datetime, dict[str, Any]], str]
    form: type[forms.Form] = forms.Form
    is_serious: bool = False


def _feature(row: Comment, by: User, now: datetime, given: dict[str, Any]) -> str:
    try:
        done = moderation.feature(row, by=by, now=now)
    except moderation.NotToBeFeatured:
        return _("It is hidden or an answer: it cannot be featured.")
    if done.is_public_safe:
        return _("It is featured, and stands on the course's page.")
    return _("It is featured in its lesson alone: it repeats words that are paid for.")


def _unfeature(row: Comment, by: User, now: datetime, given: dict[str, Any]) -> str:
    moderation.feature_no_more(row, by=by)
    return _("It is featured no more.")


def _hide(row: Comment, by: User, now: datetime, given: dict[str, Any]) -> str:
    moderation.hide(row, by=by, reason=given["reason"], now=now)
    return _("It is hidden; its author reads why.")


def _show(row: Comment, by: User, now: datetime, given: dict[str, Any]) -> str:
    moderation.show_again(row, by=by)
    return _("It is there again for all who may open the lesson.")


def _keep(row: Comment, by: User, now: datetime, given: dict[str, Any]) -> str:
    moderation.keep(row, by=by, now=now)
    return _("It stays, and its reports are settled.")


ACTS = {
    "feature": Act(
        pgettext_lazy("comment", "Feature"),
        (
            gettext_lazy("It stands first in its lesson."),
            gettext_lazy(
                "It stands on the course's page for everybody, with its author's name and without "
                "what it quotes, unless it repeats words of a paid lesson."
            ),
            gettext_lazy("Its author cannot change it any more, only remove it."),
        ),
        _feature,
    ),
    "unfeature": Act(
        pgettext_lazy("comment", "Feature no more"),
        (gettext_lazy("It stands among the others again, and on no other page."),),
        _unfeature,
    ),
    "hide": Act(
        pgettext_lazy("comment", "Hide"),
        (
            gettext_lazy("Nobody but its author sees it, nor its answers."),
            gettext_lazy("What was reported of it is settled."),
        ),
        _hide,
        ReasonForm,
        is_serious=True,
    ),
    "show": Act(
        pgettext_lazy("comment", "Show again"),
        (gettext_lazy("Everybody who may open the lesson sees it."),),
        _show,
    ),
    "keep": Act(
        pgettext_lazy("comment", "Let it stay"),
        (gettext_lazy("It stays as it is, and what was reported of it is settled."),),
        _keep,
    ),
}


def offered(row: Comment, *, is_reported: bool) -> list[dict[str, Any]]:
    """What may be done with it now, as buttons."""
    names = ["show"] if row.is_hidden else ["hide"]
    if is_reported:
        names.insert(0, "keep")
    if not row.is_hidden and not row.parent_id:
        names.insert(0, "unfeature" if row.is_featured else "feature")
    return [
        {
            "label": ACTS[name].label,
            "url": reverse(f"talk:{name}", args=[row.pk]),
            "is_serious": ACTS[name].is_serious,
        }
        for name in names
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, pk: int, *, name: str) -> HttpResponse:
    """Asks, and does it on POST."""
    if not isinstance(request.user, User) or not request.user.has_perm(MAY_MODERATE):
        raise PermissionDenied
    chosen = ACTS[name]
    row = get_object_or_404(Comment, pk=pk, removed_at=None)
    back = reverse("talk:inspect", args=[row.pk])
    form = chosen.form(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _asked(request, row, chosen, form, back)
    messages.success(request, chosen.do(row, request.user, clock.now(), form.cleaned_data))
    return redirect(back)


def _asked(
    request: HttpRequest, row: Comment, chosen: Act, form: forms.Form, back: str
) -> HttpResponse:
    context = {
        "page_title": chosen.label,
        "header_title": chosen.label,
        "header_icon": "comment",
        "breadcrumbs_items": [
            {"url": reverse("talk:index"), "label": pgettext("community", "Comments")},
            {"url": back, "label": str(row)},
            {"url": "", "label": chosen.label},
        ],
        "row": row,
        "consequences": chosen.consequences,
        "form": form,
        "label": chosen.label,
        "serious": chosen.is_serious,
        "back_url": back,
    }
    return TemplateResponse(request, "community/comment_admin/act.html", context)


urlpatterns = [
    path(f"{name}/<int:pk>/", partial(act, name=name), name=name)  # as ACTS names it
    for name in ACTS
]
